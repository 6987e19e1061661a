package change_test

import (
	"testing"
	"time"

	"opsdesk/internal/change"
	"opsdesk/internal/platform/fault"
)

// A hard freeze stops what was approved before, until somebody else makes an
// exception by name; a soft one, one that ends when the window begins, and one
// of another service stop nothing.
func TestFreezes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	id := d.proposed(p).ID
	for _, who := range []string{"changemanager", "reviewer"} {
		if c := d.get(id); c.State == change.Reviewing {
			if err := d.vote(who, c, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	set := func(hard bool, from, to time.Time) change.Freeze {
		t.Helper()
		f, err := d.Changes.Freeze(d.As("changemanager"), change.FreezeInput{NameZh: "月末", NameEn: "Month end", Hard: hard, From: from, To: to})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	set(false, *p.WindowFrom, *p.WindowTo)
	set(true, p.WindowFrom.Add(-5*time.Hour), *p.WindowFrom)
	set(true, *p.WindowTo, p.WindowTo.Add(5*time.Hour))
	c := d.must(d.Changes.Schedule(d.As("engineer2"), id, change.StepInput{}))
	hard := set(true, p.WindowTo.Add(-time.Minute), p.WindowTo.Add(time.Hour))
	d.Advance(90 * time.Minute)
	start := func() error {
		_, err := d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{})
		return err
	}
	if got := code(start()); got != "freeze" {
		t.Errorf("began in a freeze: %s", got)
	}
	for _, who := range []string{"engineer2", "lead", "reviewer", "implementer"} {
		if _, err := d.Changes.Except(d.As(who), c.ID, change.ReasonInput{Reason: "x"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s made an exception: %v", who, err)
		}
	}
	d.must(d.Changes.Except(d.As("changemanager"), c.ID, change.ReasonInput{Reason: "漏洞不能等"}))
	if _, err := d.Changes.Except(d.As("changemanager"), c.ID, change.ReasonInput{Reason: "again"}); code(err) != "change.error.no_freeze" {
		t.Error(code(err))
	}
	if got := code(start()); got != "ok" {
		t.Errorf("stopped although it is excepted: %s", got)
	}
	if _, err := d.Changes.Freeze(d.As("lead"), change.FreezeInput{NameZh: "x", NameEn: "x", From: *p.WindowFrom, To: *p.WindowTo}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lead set a freeze: %v", err)
	}
	if _, err := d.Changes.Lift(d.As("changemanager"), hard.ID, change.StepInput{}); err != nil {
		t.Error(err)
	}
}

// The calendar shows what overlaps the span, to those who may see it.
func TestCalendar(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	for name, s := range map[string]struct {
		from, to time.Time
		want     int
	}{
		"around": {p.WindowFrom.Add(-time.Hour), p.WindowTo.Add(time.Hour), 1},
		"inside": {p.WindowFrom.Add(time.Hour), p.WindowFrom.Add(2 * time.Hour), 1},
		"before": {p.WindowFrom.Add(-time.Hour), *p.WindowFrom, 0},
		"after":  {*p.WindowTo, p.WindowTo.Add(time.Hour), 0},
	} {
		got, err := d.Changes.Calendar(d.As("lead"), change.Span{From: s.from, To: s.to, Item: &c.Items[0]})
		if err != nil || len(got.Slots) != s.want {
			t.Errorf("%s: %d, %v", name, len(got.Slots), err)
		}
	}
	if _, err := d.Changes.Calendar(d.As("staff"), change.Span{From: *p.WindowFrom, To: *p.WindowTo}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff see the calendar: %v", err)
	}
	if _, err := d.Changes.Calendar(d.As("lead"), change.Span{From: *p.WindowFrom, To: p.WindowFrom.AddDate(1, 0, 0)}); code(err) != "to" {
		t.Error(code(err))
	}
}

package change_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/change"
	"opsdesk/internal/platform/fault"
)

// TestMoveWindow: a window goes elsewhere and stays as long as it is; where it
// could not be booked it stays where it is, and a review is void only for those
// who said that they know.
func TestMoveWindow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	owner := d.As("engineer2")
	c := d.must(d.Changes.Create(owner, change.CreateInput{Type: change.Normal, Plan: p}))
	to := func(days int) change.MoveInput {
		from := p.WindowFrom.AddDate(0, 0, days)
		return change.MoveInput{From: &from}
	}
	c = d.must(d.Changes.MoveWindow(owner, c.ID, to(3)))
	if !c.WindowFrom.Equal(p.WindowFrom.AddDate(0, 0, 3)) || c.WindowTo.Sub(*c.WindowFrom) != 4*time.Hour {
		t.Errorf("%s – %s", c.WindowFrom, c.WindowTo)
	}
	if _, err := d.Changes.MoveWindow(owner, c.ID, to(-2)); code(err) != "future" {
		t.Errorf("into the past: %s", code(err))
	}
	from, until := p.WindowFrom.AddDate(0, 0, 5), p.WindowTo.AddDate(0, 0, 5)
	if _, err := d.Changes.Freeze(d.As("changemanager"), change.FreezeInput{NameZh: "月末", NameEn: "Month end", Hard: true, From: from, To: until}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Changes.MoveWindow(owner, c.ID, to(5)); code(err) != "freeze" {
		t.Errorf("under a freeze: %s", code(err))
	}
	booked := p
	at, end := p.WindowFrom.AddDate(0, 0, 7), p.WindowTo.AddDate(0, 0, 7)
	booked.WindowFrom, booked.WindowTo = &at, &end
	d.must(d.Changes.Schedule(owner, d.approvedQuickly(booked), change.StepInput{}))
	if _, err := d.Changes.MoveWindow(owner, c.ID, to(7)); code(err) != "conflict" {
		t.Errorf("onto another one's window: %s", code(err))
	}
	if now := d.get(c.ID); !now.WindowFrom.Equal(*c.WindowFrom) || now.Version != c.Version {
		t.Errorf("a refused move left a trace: %+v", now.WindowFrom)
	}
	if _, err := d.Changes.MoveWindow(d.As("auditor"), c.ID, to(4)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an auditor moved it: %v", err)
	}
	in := to(4)
	in.Version = c.Version
	d.must(d.Changes.MoveWindow(owner, c.ID, in))
	if _, err := d.Changes.MoveWindow(owner, c.ID, change.MoveInput{Version: in.Version, From: to(9).From}); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Stale) {
		t.Errorf("moved from a version that was moved before: %v", err)
	}

	id := d.approvedQuickly(plan(t, d.Desk))
	if _, err := d.Changes.MoveWindow(owner, id, to(2)); code(err) != "change.error.would_void" {
		t.Errorf("an approved one without a word: %s", code(err))
	}
	known := to(2)
	known.Void = true
	if c := d.must(d.Changes.MoveWindow(owner, id, known)); c.State == change.Approved || c.IsApproved() {
		t.Errorf("moved, and still approved: %s", c.State)
	}
}

// TestMoveWindowPage: the calendar takes a drag, and says why one is refused.
func TestMoveWindowPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	eng := d.Client("engineer2")
	day := p.WindowFrom.Format(time.DateOnly)
	where := "/changes/calendar?range=week&day=" + day
	page := eng.Get(where).Text()
	if !strings.Contains(page, `data-move="/changes/`+c.Label()+`/move-window"`) {
		t.Fatal("the change cannot be dragged")
	}
	if strings.Contains(d.Client("auditor").Get(where).Text(), "data-move=") {
		t.Error("an auditor is offered to drag")
	}
	move := func(days, version int, key string) (int, string, string) {
		a := eng.Post("/changes/"+c.Label()+"/move-window?range=week&day="+day, url.Values{"days": {fmt.Sprint(days)}, "version": {fmt.Sprint(version)}, "void": {""}, "_key": {key}})
		return a.Status, a.Header.Get("Location"), a.Text()
	}
	if status, to, _ := move(1, 1, "a"); status != http.StatusSeeOther || !strings.Contains(to, "range=week") || !strings.Contains(to, day) {
		t.Errorf("%d %s", status, to)
	}
	if now := d.get(c.ID); !now.WindowFrom.Equal(p.WindowFrom.AddDate(0, 0, 1)) {
		t.Errorf("%s", now.WindowFrom)
	}
	if status, _, text := move(-3, 2, "b"); status != http.StatusConflict || !strings.Contains(text, "The window of "+c.Label()+" was not moved") || !strings.Contains(text, "The window is over") {
		t.Errorf("into the past: %d", status)
	}
	for _, bad := range []url.Values{{"days": {"x"}, "version": {"2"}}, {"days": {"9999"}, "version": {"2"}}, {"days": {"1"}}} {
		if a := eng.Post("/changes/"+c.Label()+"/move-window", bad); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, a.Status)
		}
	}
	if a := d.Client("staff").Post("/changes/"+c.Label()+"/move-window", url.Values{"days": {"1"}, "version": {"2"}}); a.Status != http.StatusNotFound && a.Status != http.StatusForbidden {
		t.Errorf("staff: %d", a.Status)
	}
}

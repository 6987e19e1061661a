package presence_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/presence"
)

func person(t *testing.T, d *apptest.Desk, name string) uuid.UUID {
	t.Helper()
	ids, err := identity.ByUsername(t.Context(), d.Pool, name)
	if err != nil || ids[name] == uuid.Nil {
		t.Fatal(name, err)
	}
	return ids[name]
}

// day is a date some days from now, as the form sends it.
func day(d *apptest.Desk, n int) string {
	return d.Desk.Now().In(time.FixedZone("CST", 8*3600)).AddDate(0, 0, n).Format(time.DateOnly)
}

func code(err error) string {
	f := fault.Of(err)
	switch {
	case f == nil:
		return "ok"
	case len(f.Fields) > 0:
		return f.Fields[0].Code
	}
	return f.Code
}

func TestRules(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	fei, eng, staff := person(t, d, "qian.fei"), person(t, d, "engineer"), person(t, d, "staff")
	enter := func(who string, in presence.EnterInput) string {
		_, err := d.Presence.Enter(d.As(who), in)
		return code(err)
	}
	for n, c := range []struct {
		who  string
		in   presence.EnterInput
		want string
	}{
		{"engineer", presence.EnterInput{From: day(d, 3), To: day(d, 1)}, "presence.error.order"},
		{"engineer", presence.EnterInput{From: day(d, 1), To: day(d, 31)}, "presence.error.too_long"},
		{"engineer", presence.EnterInput{From: day(d, -5), To: day(d, -1)}, "presence.error.past"},
		{"engineer", presence.EnterInput{From: day(d, 500), To: day(d, 501)}, "presence.error.too_far"},
		{"engineer", presence.EnterInput{From: "tomorrow", To: day(d, 1)}, "validation.datetime"},
		{"engineer", presence.EnterInput{From: day(d, 1), To: day(d, 3), SubstituteID: &eng}, "presence.error.self"},
		{"engineer", presence.EnterInput{From: day(d, 1), To: day(d, 3), SubstituteID: &staff}, "presence.error.unable"},
		{"engineer", presence.EnterInput{From: day(d, 1), To: day(d, 30), SubstituteID: &fei}, "ok"},
		{"engineer", presence.EnterInput{From: day(d, 30), To: day(d, 33)}, "presence.error.overlap"},
		{"engineer", presence.EnterInput{From: day(d, 31), To: day(d, 60)}, "ok"}, // renewed
		{"qian.fei", presence.EnterInput{From: day(d, 5), To: day(d, 6), SubstituteID: &eng}, "presence.error.loop"},
		{"engineer2", presence.EnterInput{From: day(d, 40), To: day(d, 41), SubstituteID: &eng}, "presence.error.away_too"},
		{"engineer2", presence.EnterInput{PersonID: &fei, From: day(d, 40), To: day(d, 41)}, "authz.denied.scope"}, // a colleague
		{"lead", presence.EnterInput{PersonID: &fei, From: day(d, 40), To: day(d, 41)}, "ok"},
		{"lead", presence.EnterInput{PersonID: &staff, From: day(d, 40), To: day(d, 41)}, "authz.denied.scope"}, // not of the lead's teams
		{"staff", presence.EnterInput{From: day(d, 1), To: day(d, 2)}, "ok"},
	} {
		if got := enter(c.who, c.in); got != c.want {
			t.Errorf("%d %s: %s, want %s", n, c.who, got, c.want)
		}
	}
	own, _, err := d.Presence.Mine(d.As("engineer"))
	if err != nil || len(own) != 2 {
		t.Fatal(err, own)
	}
	if _, err := d.Presence.End(d.As("engineer2"), own[0].ID, presence.EndInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a colleague ended it: %v", err)
	}
	if a, err := d.Presence.End(d.As("lead"), own[0].ID, presence.EndInput{Version: own[0].Version}); err != nil || !a.Ended {
		t.Error(err, a)
	}
	if _, err := d.Presence.End(d.As("lead"), own[0].ID, presence.EndInput{}); code(err) != "presence.error.over" {
		t.Error(err)
	}
}

// Two people who make each other their substitute at the same moment: one of
// them is refused.
func TestRingAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	a, b := person(t, d, "engineer"), person(t, d, "engineer2")
	ca, cb := d.As("engineer"), d.As("engineer2")
	from, to := day(d, 1), day(d, 5)
	var wg sync.WaitGroup
	got := make([]string, 2)
	wg.Go(func() {
		_, err := d.Presence.Enter(ca, presence.EnterInput{From: from, To: to, SubstituteID: &b})
		got[0] = code(err)
	})
	wg.Go(func() {
		_, err := d.Presence.Enter(cb, presence.EnterInput{From: from, To: to, SubstituteID: &a})
		got[1] = code(err)
	})
	wg.Wait()
	if s := fmt.Sprint(got); s != "[ok presence.error.loop]" && s != "[presence.error.loop ok]" {
		t.Error(s)
	}
}

// What is assigned to somebody who is away goes to who stands in, and says so;
// without a substitute it is refused. Pickers show it.
func TestAssignGoesToTheSubstitute(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	fei, eng, two := person(t, d, "qian.fei"), person(t, d, "engineer"), person(t, d, "engineer2")
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "The screen is black.", Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	for who, sub := range map[string]*uuid.UUID{"engineer": &fei, "engineer2": nil} {
		if _, err := d.Presence.Enter(d.As(who), presence.EnterInput{From: day(d, 0), To: day(d, 2), SubstituteID: sub, Note: "Training"}); err != nil {
			t.Fatal(err)
		}
	}
	lead := d.As("lead")
	if _, err := d.Incidents.Assign(lead, i.ID, incident.AssignInput{AssigneeID: &two}); code(err) != "incident.error.absent" {
		t.Errorf("assigned to somebody who is away: %v", err)
	}
	if i, err = d.Incidents.Assign(lead, i.ID, incident.AssignInput{AssigneeID: &eng}); err != nil || *i.AssigneeID != fei {
		t.Fatalf("%v, got %v", err, i.AssigneeID)
	}
	if page := d.Client("lead").Get("/incidents/" + i.Label()).Text(); !strings.Contains(page, "Stands in for") || !strings.Contains(page, "Wang Lei") {
		t.Error("the ticket does not say who stands in for whom")
	}
	if page := d.Client("lead").Get("/people/pick?agents=1&q=eng").Text(); !strings.Contains(page, "away until") || !strings.Contains(page, "钱飞") {
		t.Errorf("the picker does not say who is away: %s", page)
	}
	d.Drain()
	found := false
	list, err := d.Notify.Lines(d.As("qian.fei"), notify.All, nil, 20)
	for _, n := range list {
		found = found || n.Event == "presence.substitute"
	}
	if err != nil || !found {
		t.Errorf("the substitute was not told: %v", err)
	}
	d.Advance(72 * time.Hour)
	if i, err = d.Incidents.Assign(d.As("lead"), i.ID, incident.AssignInput{AssigneeID: &eng}); err != nil || *i.AssigneeID != eng {
		t.Errorf("after the absence: %v %v", err, i.AssigneeID)
	}
}

// The page, without script.
func TestPage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("engineer")
	a := c.Post("/absences", url.Values{"from": {day(d, 1)}, "to": {day(d, 0)}, "note": {"Training"}, "substitute_id_username": {"qian.fei"}})
	if a.Status != 422 || !strings.Contains(a.Text(), "Training") || !strings.Contains(a.Text(), "before the first") {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a = c.Post("/absences", url.Values{"from": {day(d, 0)}, "to": {day(d, 2)}, "note": {"Training"}, "substitute_id_username": {"qian.fei"}}); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	page := c.Get("/absences").Text()
	if !strings.Contains(page, "Away now") || !strings.Contains(page, "Qian Fei") || !strings.Contains(page, "Back now") {
		t.Error(page)
	}
	if page = d.Client("engineer2").Get("/absences").Text(); !strings.Contains(page, "Wang Lei") || strings.Contains(page, "Back now") {
		t.Error("a colleague's page")
	}
	if a = c.Post("/absences/hours", url.Values{"work_from": {"18:00"}, "work_to": {"09:00"}}); a.Status != 422 || !strings.Contains(a.Text(), `value="18:00"`) {
		t.Error(a.Status)
	}
	if a = c.Post("/absences/hours", url.Values{"work_from": {"09:00"}, "work_to": {"18:00"}}); a.Status != 303 {
		t.Error(a.Status)
	}
	if h, err := d.Presence.Hours(d.As("engineer")); err != nil || h == nil || h.From != 540 || h.To != 1080 {
		t.Error(h, err)
	}
}

package incident_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/view"
)

// TestSavedViews: a view is its owner's or its team's, and shows each reader
// only what they may see.
func TestSavedViews(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	teams, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	var network identity.Team
	for _, x := range teams {
		if x.NameEn == "Network" {
			network = x
		}
	}
	save := func(who string, in view.SaveInput) (view.View, error) {
		return d.Views.Save(d.As(who), incident.Kind, in)
	}
	own, err := save("engineer", view.SaveInput{Name: " P1 today ", Query: "view=open&f=priority.is.1"})
	if err != nil || own.Name != "P1 today" {
		t.Fatalf("%q %v", own.Name, err)
	}
	team, err := save("engineer", view.SaveInput{Name: "Radio", Query: "view=all&q=Wi-Fi", TeamID: &network.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := save("engineer", view.SaveInput{Name: "x", Query: "f=nothing.is.1"}); code(err) != "queue.error.filter" {
		t.Errorf("a filter nobody understands: %v", err)
	}
	if _, err := save("qian.fei", view.SaveInput{Name: "x", Query: "", TeamID: &network.ID}); code(err) != "authz.denied.scope" {
		t.Errorf("a view for somebody else's team: %v", err)
	}
	if _, err := save("engineer", view.SaveInput{Name: "p1 TODAY"}); err == nil {
		t.Error("two views of one name")
	}
	names := func(who string) string {
		l, _, err := d.Incidents.Saved(d.As(who))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, v := range l {
			out = append(out, v.Name)
		}
		return strings.Join(out, ", ")
	}
	for who, want := range map[string]string{"engineer": "P1 today, Radio", "engineer2": "Radio", "qian.fei": "", "staff": ""} {
		if got := names(who); got != want {
			t.Errorf("%s has %q, want %q", who, got, want)
		}
	}
	if _, err := d.Views.Get(d.As("engineer2"), own.ID); code(err) != "error.not_found" {
		t.Errorf("somebody else's view: %v", err)
	}
	if _, err := d.Views.Delete(d.As("engineer2"), own.ID, view.DeleteInput{}); err == nil {
		t.Error("somebody else deleted a view")
	}

	// The page shows it by name; a changed condition leaves the saved one alone.
	c := d.Client("engineer")
	if a := c.Get("/incidents?v=" + own.ID.String()); a.Status != 200 || !strings.Contains(a.Text(), "<h1 class=\"cut\">P1 today</h1>") || !strings.Contains(a.Text(), "f=priority.is.1") {
		t.Errorf("the view's page: %d", a.Status)
	}
	if a := d.Client("auditor").Get("/incidents?v=" + team.ID.String()); a.Status != 404 {
		t.Errorf("a stranger opens a team's view: %d", a.Status)
	}
	bad := c.Post("/incidents/views", url.Values{"name": {strings.Repeat("长", 61)}, "query": {"view=mine"}, "alert_above": {"7"}, "version": {"0"}})
	if bad.Status != 422 || !strings.Contains(bad.Text(), strings.Repeat("长", 61)) || !strings.Contains(bad.Text(), `value="7"`) {
		t.Errorf("a name too long: %d", bad.Status)
	}
	// Layout and columns are kept per list.
	c.Post("/incidents/display", url.Values{"list": {own.ID.String()}, "layout": {"table"}, "columns": {"team", "updated", "nonsense"}, "return": {"/incidents"}})
	at := "/incidents?v=" + own.ID.String()
	if a := c.Get(at); !strings.Contains(a.Text(), "q-table") {
		t.Error("the list is no table")
	}
	// A column that the list can be in the order of says whether it is.
	for address, want := range map[string]string{at + "&sort=updated": "descending", at + "&sort=priority": "", at + "&sort=updated&group=team": ""} {
		a := c.Get(address)
		got := regexp.MustCompile(`aria-sort="(\w+)"`).FindStringSubmatch(a.Text())
		if (got == nil) != (want == "") || want != "" && got[1] != want || !strings.Contains(a.Text(), `class="th-sort" href="/incidents?`) {
			t.Errorf("%s: sorted %v, not %q", address, got, want)
		}
	}
	if a := c.Get("/incidents"); strings.Contains(a.Text(), "q-table") {
		t.Error("another list became a table")
	}
	if _, err := d.Views.Delete(d.As("engineer"), team.ID, view.DeleteInput{Version: team.Version}); err != nil {
		t.Error(err)
	}
	if got := names("engineer2"); got != "" {
		t.Errorf("after it was deleted: %q", got)
	}
}

// TestAWatchedViewTellsOnce: once when it holds too much, and again only after
// it had not.
func TestAWatchedViewTellsOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	limit := 1
	v, err := d.Views.Save(d.As("engineer"), incident.Kind, view.SaveInput{Name: "Oboes", Query: "view=open&q=oboe", AlertAbove: &limit})
	if err != nil {
		t.Fatal(err)
	}
	told := func() (n int) {
		d.Drain()
		list, err := d.Notify.Lines(d.As("engineer"), notify.All, nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Event == "incident.view_over" && x.RecordID == v.ID {
				n++
			}
		}
		return n
	}
	look := func() {
		d.Advance(time.Minute)
		if err := d.Jobs.Tick(t.Context(), incident.JobViews); err != nil {
			t.Fatal(err)
		}
	}
	var all []incident.Incident
	add := func() {
		all = append(all, report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "oboe" }))
	}
	add()
	look()
	if told() != 0 {
		t.Error("told of a view that holds no more than wanted")
	}
	add()
	look()
	look()
	if n := told(); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
	if _, err := d.Incidents.Cancel(d.As("staff"), all[0].ID, incident.CancelInput{Reason: "withdrawn"}); err != nil {
		t.Fatal(err)
	}
	look()
	add()
	look()
	if n := told(); n != 2 {
		t.Errorf("told %d times after it was over and came again, want twice", n)
	}
}

// TestCountsOfTheNavigationForgetOwnActs: a count may be a few seconds old, but
// never older than what its reader did.
func TestCountsOfTheNavigationForgetOwnActs(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("engineer")
	_, before := d.Incidents.Navigation(d.As("engineer"))
	i := report(t, d, "staff")
	c.Post("/incidents/"+i.Label()+"/claim", url.Values{"version": {"1"}})
	_, after := d.Incidents.Navigation(d.As("engineer"))
	if after["mine"] != before["mine"]+1 {
		t.Errorf("mine: %d, then %d", before["mine"], after["mine"])
	}
}

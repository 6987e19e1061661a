package incident_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

var undoForm = regexp.MustCompile(`<form method="post" action="([^"]+)"><input type="hidden" name="_key" value="[^"]+"> ?<input type="hidden" name="undo" value="([^"]*)"`)

// offered is the undo that a page offers.
func offered(page string) (path, value string) {
	m := undoForm.FindStringSubmatch(page)
	if m == nil {
		return "", ""
	}
	return html.UnescapeString(m[1]), html.UnescapeString(m[2])
}

// TestUndoOfOneAct: the next page offers it once, it is an act like any other,
// and it is refused once somebody else has changed the ticket.
func TestUndoOfOneAct(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.Client("lead")
	for _, c := range []struct {
		act  string
		form url.Values
		same func(before, after incident.Incident) bool
	}{
		{"priority", url.Values{"priority": {"1"}, "reason": {"board"}}, func(b, a incident.Incident) bool {
			return a.Priority == b.Priority && a.PriorityReason == b.PriorityReason
		}},
		{"assign", url.Values{"assignee_id": {personID(t, d, "he.ming").String()}}, func(b, a incident.Incident) bool { return a.AssigneeID != nil && *a.AssigneeID == *b.AssigneeID }},
		{"pend", url.Values{"reason": {"vendor"}}, func(b, a incident.Incident) bool { return a.State == b.State }},
	} {
		i := report(t, d, "staff")
		bring(t, d, i, incident.InProgress)
		before, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := "/incidents/" + i.Label()
		do := func(key string) (string, string) {
			c.form.Set("_key", key+i.Label()+c.act)
			if a := lead.Post(at+"/"+c.act, c.form); a.Status != 303 {
				t.Fatalf("%s: %d", c.act, a.Status)
			}
			return offered(lead.Get(at).Text())
		}
		path, value := do("1")
		if path != at+"/undo" {
			t.Fatalf("%s offers no undo: %q", c.act, path)
		}
		if p, _ := offered(lead.Get(at).Text()); p != "" {
			t.Errorf("%s: the undo is offered for ever", c.act)
		}
		if a := d.Client("staff").Post(path, url.Values{"undo": {value}}); a.Status != 403 {
			t.Errorf("%s undone by staff: %d", c.act, a.Status)
		}
		if a := lead.Post(path, url.Values{"undo": {value}, "_key": {"u" + c.act}}); a.Status != 303 {
			t.Fatalf("%s undone: %d", c.act, a.Status)
		}
		after, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil || !c.same(before, after) {
			t.Errorf("%s is not undone: %+v %v", c.act, after, err)
		}
		if a := lead.Post(path, url.Values{"undo": {value}, "_key": {"v" + c.act}}); a.Status != 409 || !strings.Contains(a.Text(), i.Label()) {
			t.Errorf("%s undone twice: %d", c.act, a.Status)
		}
	}
	i := report(t, d, "staff")
	for _, bad := range []string{"", "{}", "x", `{"version":1,"in":{"act":"note","body":"x"}}`, `{"version":1,"in":{"act":"resolve"}}`} {
		if a := lead.Post("/incidents/"+i.Label()+"/undo", url.Values{"undo": {bad}}); a.Status != 400 {
			t.Errorf("%q: %d", bad, a.Status)
		}
	}
}

// TestUndoOfAMerge: the page after it offers to take it back.
func TestUndoOfAMerge(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	a, b := report(t, d, "staff"), report(t, d, "staff")
	lead := d.Client("lead")
	if r := lead.Post("/incidents/"+a.Label()+"/merge", url.Values{"number": {b.Label()}, "_key": {"m"}}); r.Status != 303 {
		t.Fatal(r.Status)
	}
	path, _ := offered(lead.Get("/incidents/" + b.Label()).Text())
	if r := lead.Post(path, url.Values{"_key": {"u"}}); path == "" || r.Status != 303 {
		t.Fatalf("%q: %d", path, r.Status)
	}
	if i, _, err := d.Incidents.Get(d.As("lead"), a.ID); err != nil || i.State != incident.New {
		t.Errorf("%s %v", i.State, err)
	}
}

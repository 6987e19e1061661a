package incident_test

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/view"
)

// besides are the tickets before and after one, as its page gets them for a
// list; with the status of the answer.
func besides(t *testing.T, d *apptest.Desk, who, number, back string) (prev, next string, status int) {
	t.Helper()
	a := d.Client(who).Get("/incidents/"+number+"/beside?back="+url.QueryEscape(back), "HX-Request", "true")
	for _, m := range regexp.MustCompile(`href="/incidents/([^"]+)"[^>]*data-hotkey="([jk])"`).FindAllStringSubmatch(a.Text(), -1) {
		if m[2] == "j" {
			next = m[1]
		} else {
			prev = m[1]
		}
	}
	return prev, next, a.Status
}

// TestBeside: from ticket to ticket one comes through a list as it stands, in
// each order, down and up again, and past nothing that the reader may not see.
func TestBeside(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	var made []incident.Incident
	for n := range 7 {
		made = append(made, report(t, d, "staff", func(in *incident.CreateInput) {
			in.Title, in.Impact, in.Urgency = "racket "+strconv.Itoa(n), 1+n%3, 1+n%2
		}))
	}
	if _, err := d.Incidents.Hide(d.As("lead"), made[3].ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	saved, err := d.Views.Save(d.As("engineer"), incident.Kind, view.SaveInput{Name: "Rackets", Query: "view=open&q=racket&sort=created"})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"view=open&q=racket", "view=open&q=racket&sort=priority", "view=open&q=racket&sort=updated", "view=open&q=racket&sort=created", "view=open&q=racket&group=team", "view=open&q=racket&group=state",
		"view=open&q=racket&group=priority", "view=all&q=racket", "view=all&q=racket&sort=created", "v=" + saved.ID.String(),
	} {
		filter := query
		if query[0] == 'v' && query[1] == '=' {
			filter = saved.Query
		}
		f, err := incident.ParseFilter(values(t, filter))
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Incidents.List(d.As("engineer"), f, "")
		if err != nil || len(p.Rows) != 6 {
			t.Fatalf("%s: %d rows, %v", query, len(p.Rows), err)
		}
		want := []string{""}
		for _, r := range p.Rows {
			want = append(want, r.Number)
		}
		want = append(want, "")
		for n := 1; n < len(want)-1; n++ {
			if prev, next, _ := besides(t, d, "engineer", want[n], "/incidents?"+query); prev != want[n-1] || next != want[n+1] {
				t.Errorf("%s: beside %s are %q and %q, want %q and %q", query, want[n], prev, next, want[n-1], want[n+1])
			}
		}
		if slices.Contains(want, made[3].Label()) {
			t.Errorf("%s shows what is confidential", query)
		}
	}
	// What has left the list still has its place in it.
	const byAge = "/incidents?view=open&q=racket&sort=created"
	if _, err := d.Incidents.Cancel(d.As("staff"), made[2].ID, incident.CancelInput{Reason: "false_alarm"}); err != nil {
		t.Fatal(err)
	}
	if prev, next, _ := besides(t, d, "engineer", made[2].Label(), byAge); prev != made[4].Label() || next != made[1].Label() {
		t.Errorf("beside one that left: %q and %q", prev, next)
	}
	for name, c := range map[string]struct {
		who, number, back string
		status            int
	}{
		"what is hidden":         {"engineer", made[3].Label(), byAge, 404},
		"one who may not":        {"manager", made[0].Label(), byAge, 404},
		"another list":           {"engineer", made[0].Label(), "/changes?view=open", 404},
		"another desk":           {"engineer", made[0].Label(), "//elsewhere/incidents?view=open", 404},
		"no list":                {"engineer", made[0].Label(), "", 404},
		"a list that is no list": {"engineer", made[0].Label(), "/incidents?view=nonsense", 422},
		"no ticket":              {"engineer", "INC-x", byAge, 404},
	} {
		if prev, next, status := besides(t, d, c.who, c.number, c.back); status != c.status || prev+next != "" {
			t.Errorf("%s: %d, %q, %q", name, status, prev, next)
		}
	}
}

func values(t *testing.T, query string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

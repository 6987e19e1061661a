package app_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/golden"
	"opsdesk/internal/ui"
)

// Two people edit one ticket by form: what only one of them touched merges,
// what both touched is asked about, and nothing typed is lost.
func TestEditFormsMergeOrAsk(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i, _, err := d.Incidents.Get(d.As("lead"), incidentID(t, d))
	if err != nil {
		t.Fatal(err)
	}
	form := func(title, location, device string) url.Values {
		return url.Values{
			"version": {fmt.Sprint(i.Version)}, "was_title": {i.Title}, "was_location": {i.Location}, "was_device": {i.Device}, "was_description": {i.Description},
			"title": {title}, "location": {location}, "device": {device}, "description": {i.Description},
		}
	}
	lead, eng := d.Client("lead"), d.Client("engineer")
	if a := lead.Post("/incidents/INC-000041/edit", form("Title of the lead", "Lead's place", i.Device)); a.Status != 303 {
		t.Fatal(a.Status)
	}
	a := eng.Post("/incidents/INC-000041/edit", form("Title of the engineer", i.Location, "AP-4"))
	if a.Status != 409 || !strings.Contains(a.Text(), "Title of the lead") || !strings.Contains(a.Text(), "Title of the engineer") || !strings.Contains(a.Text(), "AP-4") ||
		strings.Contains(a.Text(), `name="keep_location"`) || !strings.Contains(a.Text(), `value="Lead&#39;s place"`) {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	now, _, err := d.Incidents.Get(d.As("lead"), i.ID)
	if err != nil {
		t.Fatal(err)
	}
	answer := form("Title of the engineer", "Lead's place", "AP-4")
	for k, v := range map[string]string{"version": fmt.Sprint(now.Version), "was_title": now.Title, "was_location": now.Location, "was_device": now.Device, "keep_title": "theirs"} {
		answer.Set(k, v)
	}
	if a := eng.Post("/incidents/INC-000041/edit", answer); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	now, _, err = d.Incidents.Get(d.As("lead"), i.ID)
	if err != nil || now.Title != "Title of the lead" || now.Location != "Lead's place" || now.Device != "AP-4" {
		t.Errorf("%v %q %q %q", err, now.Title, now.Location, now.Device)
	}
}

func incidentID(t *testing.T, d *apptest.Desk) (id [16]byte) {
	t.Helper()
	p, err := d.Incidents.List(d.As("lead"), incident.Filter{View: "all", Text: "INC-000041"}, "")
	if err != nil || len(p.Rows) != 1 {
		t.Fatal(err)
	}
	return p.Rows[0].ID
}

// A draft is kept on the server until its text is sent, per person.
func TestDrafts(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("staff")
	if a := c.JSON("PUT", "/drafts/incident%3Anew", map[string]string{"description": "half a sen", "impact": "1", "urgency": "2"}, nil); a.Status != 200 {
		t.Fatal(a.Status)
	}
	if a := c.Get("/incidents/new"); !strings.Contains(a.Text(), "half a sen") {
		t.Error("the draft does not come back")
	}
	if a := d.Client("engineer").Get("/incidents/new"); strings.Contains(a.Text(), "half a sen") {
		t.Error("somebody else sees the draft")
	}
	if a := c.Post("/incidents", url.Values{"description": {"half a sentence"}, "impact": {"1"}, "urgency": {"2"}, "location": {"x"}}); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if a := c.Get("/incidents/new"); strings.Contains(a.Text(), "half a sen") {
		t.Error("the draft outlives what was sent")
	}
}

// The shared pieces, as they are drawn, in both languages.
func TestComponents(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Empty: true})
	for _, lang := range []string{"zh-CN", "en"} {
		ctx := ui.With(d.Desk.Messages.With(t.Context(), lang), &ui.Shell{Theme: "light", SignedIn: true, Actor: identity.Actor{Name: "李雯", NameEn: "Li Wen", Username: "staff"}})
		golden.HTML(t, ctx, "components."+lang, d.Components())
	}
}

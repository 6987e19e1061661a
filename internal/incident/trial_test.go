package incident_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/routing"
)

func teamID(t *testing.T, d *apptest.Desk, name string) uuid.UUID {
	t.Helper()
	list, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.NameEn == name {
			return x.ID
		}
	}
	t.Fatalf("no team %s", name)
	return uuid.Nil
}

// A dry run says where the tickets of the last month would have gone, changes
// nothing, and belongs to whoever asked for it.
func TestDryRun(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	if _, err := d.Incidents.TryRules(lead, incident.TrialInput{}); fault.Of(err) == nil || fault.Of(err).Code != "routing.error.nothing_to_try" {
		t.Fatal(err)
	}
	network, apps := teamID(t, d, "Network"), teamID(t, d, "Applications")
	if _, err := d.Routing.SaveDraft(lead, routing.DraftInput{Rules: []routing.Rule{
		{Name: "printers", Active: true, Match: "all", Conditions: []routing.Condition{{Field: "text", Op: "any", Values: []string{"printer"}}}, Team: &apps},
		{Name: "wi-fi", Active: true, Match: "all", Floor: 1, Conditions: []routing.Condition{{Field: "text", Op: "any", Values: []string{"wi-fi", "wifi"}}}, Team: &network},
	}}); err != nil {
		t.Fatal(err)
	}
	moved := report(t, d, "staff") // a printer in the category of the network
	kept := report(t, d, "staff", func(in *incident.CreateInput) { in.Description = "Wi-Fi is slow." })
	secret := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential, in.Description = true, "printer secret" })
	b, err := d.Incidents.TryRules(lead, incident.TrialInput{})
	if err != nil || b.Total == 0 {
		t.Fatal(err, b.Total)
	}
	if page := d.Client("lead").Get("/settings/routing/trials/" + b.ID.String()); page.Status != 200 || !strings.Contains(page.Text(), "hx-get") {
		t.Error(page.Status)
	}
	d.Drain()
	b, trial, err := d.Incidents.TrialOf(lead, b.ID)
	if err != nil || b.State != batch.Done || trial == nil {
		t.Fatal(err, b)
	}
	if trial.Seen != b.Total || trial.Number != 0 || trial.Routed != trial.Same+trial.Differ || trial.Raised == 0 {
		t.Errorf("%+v", trial)
	}
	rows := map[uuid.UUID]incident.TrialRow{}
	for _, r := range trial.Rows {
		rows[r.ID] = r
	}
	if r, ok := rows[moved.ID]; !ok || *r.Is != network || *r.Would != apps || r.Rule != "printers" {
		t.Errorf("%+v", r)
	}
	for name, i := range map[string]incident.Incident{"one that is where it should be": kept, "a confidential one": secret} {
		if _, ok := rows[i.ID]; ok {
			t.Errorf("%s is listed", name)
		}
	}
	if i, _, err := d.Incidents.Get(lead, moved.ID); err != nil || i.Version != moved.Version || *i.TeamID != network {
		t.Errorf("the dry run changed a ticket: %v", err)
	}
	page := d.Client("lead").Get("/settings/routing/trials/" + b.ID.String())
	if page.Status != 200 || !strings.Contains(page.Text(), moved.Label()) || !strings.Contains(page.Text(), "printers") {
		t.Errorf("%d %s", page.Status, page.Text())
	}
	file := d.Client("lead").Get("/jobs/" + b.ID.String() + "/file")
	if file.Status != 200 || !strings.Contains(file.Text(), moved.Label()) || strings.Contains(file.Text(), secret.Label()) {
		t.Errorf("%d %s", file.Status, file.Text())
	}
	for _, who := range []string{"engineer", "staff", "admin"} {
		if a := d.Client(who).Get("/settings/routing/trials/" + b.ID.String()); a.Status != 404 {
			t.Errorf("%s reads it: %d", who, a.Status)
		}
		if _, err := d.Incidents.TryRules(d.As(who), incident.TrialInput{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", who, err)
		}
	}
	// A second run after a crash replaces the first result.
	if err := d.Routing.KeepTrial(lead, b.ID, trial.SetID, trial); err != nil {
		t.Error(err)
	}
}

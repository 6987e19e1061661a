package people_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/fault"
)

// A role that is over counts nowhere: its holder is not offered for work and
// gets none, is no other administrator, and hears no escalation.
func TestRolesThatAreOver(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	p, err := identity.ByUsername(t.Context(), d.Pool, "qian.fei", "lead", "engineer2", "admin", "staff")
	if err != nil {
		t.Fatal(err)
	}
	sql := func(s string, args ...any) {
		t.Helper()
		if _, err := d.Pool.PGX().Exec(t.Context(), s, args...); err != nil {
			t.Fatal(err)
		}
	}
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "Nothing prints", Impact: 1, Urgency: 1, Location: "A", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	d.Drain()
	now := d.Desk.Now()
	sql(`UPDATE role_grants SET until = $2 WHERE person_id = $1`, p["qian.fei"], now.Add(-time.Minute))

	for _, agents := range []bool{false, true} {
		found, err := identity.SearchPeople(t.Context(), d.Pool, "qian.fei", agents, now, 5)
		if err != nil || (len(found) == 1) == agents {
			t.Errorf("searched for agents %t: %d found, %v", agents, len(found), err)
		}
	}
	fei := p["qian.fei"]
	_, err = d.Incidents.Assign(lead, i.ID, incident.AssignInput{AssigneeID: &fei})
	if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Code != "incident.error.not_engineer" {
		t.Errorf("assigned to who is no engineer any more: %v", err)
	}

	// Another administrator whose role is over is none.
	sql(`INSERT INTO role_grants (person_id, role, granted_by, granted_at, until) VALUES ($1, 'SYS', $2, $3, $3)`, p["staff"], p["lead"], now.Add(-time.Hour))
	system := identity.With(t.Context(), identity.NewSystem("importer"))
	if _, err := d.People.Activate(system, p["admin"], people.ActivateInput{}); fault.Of(err) == nil || fault.Of(err).Code != "people.error.last_admin" {
		t.Errorf("the last effective administrator was disabled: %v", err)
	}
	list, err := d.People.List(d.As("admin"), people.Filter{Role: "SYS", Limit: 50})
	if err != nil || slices.ContainsFunc(list, func(x people.Person) bool { return x.ID == p["staff"] }) {
		t.Errorf("listed as an administrator: %v", err)
	}

	// The desk's lead is another one now.
	sql(`UPDATE teams SET lead_id = NULL`)
	sql(`UPDATE role_grants SET until = $1 WHERE role = 'LEAD'`, now)
	sql(`INSERT INTO role_grants (person_id, role, granted_by, granted_at, until) VALUES ($1, 'LEAD', $2, $3, $4)`, p["engineer2"], p["staff"], now, now.Add(48*time.Hour))
	d.Advance(3 * time.Hour)
	if err := d.SLA.Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Nudge(d.As("staff"), i.ID, incident.NudgeInput{}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	for who, want := range map[string]bool{"lead": false, "engineer2": true} {
		for _, event := range []string{"sla.response_breached", "incident.nudged"} {
			if got := heard(t, d, who, i.ID, event); got != want {
				t.Errorf("%s heard %s: %t", who, event, got)
			}
		}
	}
}

// heard reports whether somebody was told of an event of a record.
func heard(t *testing.T, d *apptest.Desk, who string, id uuid.UUID, event string) bool {
	t.Helper()
	lines, err := d.Notify.Lines(d.As(who), notify.All, nil, 500)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(lines, func(n notify.Line) bool { return n.RecordID == id && n.Event == event })
}

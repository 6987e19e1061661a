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

// While somebody is given work their account is not disabled: of the two acts
// the later one sees what the other did, and no open work is left on a disabled
// account.
func TestNobodyIsDisabledWhileGivenWork(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, err := identity.ByUsername(t.Context(), d.Pool, "qian.fei")
	if err != nil {
		t.Fatal(err)
	}
	fei, lead := p["qian.fei"], d.As("lead")
	system := identity.With(t.Context(), identity.NewSystem("importer"))
	give := map[string]func(id uuid.UUID) error{
		"responsible": func(id uuid.UUID) error {
			_, err := d.Incidents.Assign(lead, id, incident.AssignInput{AssigneeID: &fei})
			return err
		},
		"task": func(id uuid.UUID) error {
			_, err := d.Incidents.AddTask(lead, id, incident.TaskInput{Title: "look", AssigneeID: &fei})
			return err
		},
	}
	for name, act := range give {
		t.Run(name, func(t *testing.T) {
			i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: name, Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
			if err != nil {
				t.Fatal(err)
			}
			// The account is disabled by a transaction that has counted and not yet
			// ended.
			begun, err := d.Pool.PGX().Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = begun.Rollback(t.Context()) }()
			if _, err := begun.Exec(t.Context(), `SELECT 1 FROM people WHERE id = $1 FOR UPDATE`, fei); err != nil {
				t.Fatal(err)
			}
			if _, err := begun.Exec(t.Context(), `UPDATE people SET active = false WHERE id = $1`, fei); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- act(i.ID) }()
			select {
			case err := <-done:
				t.Fatalf("work was given while the account is being disabled: %v", err)
			case <-time.After(300 * time.Millisecond):
			}
			if err := begun.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-done; !fault.Is(err, fault.Invalid) {
				t.Errorf("work was given to a disabled account: %v", err)
			}
			if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE people SET active = true WHERE id = $1`, fei); err != nil {
				t.Fatal(err)
			}
		})
	}
	// Both at once, as people do it: whoever comes second is refused.
	for range 6 {
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "Both", Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 2)
		go func() { errs <- give["responsible"](i.ID) }()
		go func() {
			_, err := d.People.Activate(system, fei, people.ActivateInput{})
			errs <- err
		}()
		var refused int
		for range 2 {
			if err := <-errs; err != nil {
				if k := fault.Of(err); k == nil || k.Kind == fault.Internal {
					t.Fatal(err)
				}
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d of the two were refused", refused)
		}
		if _, err := d.People.Activate(system, fei, people.ActivateInput{Active: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Incidents.Cancel(lead, i.ID, incident.CancelInput{Reason: "withdrawn"}); err != nil {
			t.Fatal(err)
		}
	}
}

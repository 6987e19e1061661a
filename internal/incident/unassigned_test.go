package incident_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/presence"
)

// alarms counts how often the lead was told about a ticket.
func alarms(t *testing.T, d *apptest.Desk, id uuid.UUID) (n int) {
	t.Helper()
	if err := d.Jobs.Tick(t.Context(), incident.JobUnassigned); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	list, err := d.Notify.Lines(d.As("lead"), notify.All, nil, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Event == "incident.unassigned" && x.RecordID == id {
			n++
		}
	}
	return n
}

// The lead hears of what nobody takes, after the working minutes of its
// priority: a night does not count, and a worker that was down makes no
// difference. Somebody who hands it back begins another spell.
func TestUnassignedTooLong(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	zone := time.FixedZone("CST", 8*3600)
	d.SetClock(time.Date(2026, 11, 25, 17, 50, 0, 0, zone)) // a Wednesday
	i := report(t, d, "staff")
	taken := report(t, d, "staff")
	if _, err := d.Incidents.Claim(d.As("engineer"), taken.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	v, err := d.Routing.Settings(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	v.Alarm3 = 30 // impact and urgency 2 make a P3
	if err := d.Routing.SetSettings(d.As("lead"), v); err != nil {
		t.Fatal(err)
	}
	b, err := d.SLA.Book(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	due, ok := b.Calendar(nil).Add(i.CreatedAt, 30*time.Minute)
	if !ok || due.Sub(i.CreatedAt) < 12*time.Hour {
		t.Fatalf("the night counts: %s", due)
	}
	d.SetClock(due.Add(-time.Minute))
	if n := alarms(t, d, i.ID); n != 0 {
		t.Errorf("told %d times before its time", n)
	}
	d.SetClock(due.Add(3 * time.Hour)) // the worker was down
	for range 2 {
		if n := alarms(t, d, i.ID); n != 1 {
			t.Errorf("told %d times", n)
		}
	}
	if n := alarms(t, d, taken.ID); n != 0 {
		t.Error("told of a ticket that somebody has")
	}
	lead := d.As("lead")
	if _, err := d.Incidents.Claim(d.As("engineer"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.Advance(time.Minute)
	if _, err := d.Incidents.Assign(lead, i.ID, incident.AssignInput{}); err != nil { // back into the queue
		t.Fatal(err)
	}
	if n := alarms(t, d, i.ID); n != 1 {
		t.Errorf("told again at once: %d", n)
	}
	again, _ := b.Calendar(nil).Add(d.Desk.Now(), 30*time.Minute)
	d.SetClock(again)
	if n := alarms(t, d, i.ID); n != 2 {
		t.Errorf("another spell: told %d times", n)
	}
	v.Alarm3 = 0
	if err := d.Routing.SetSettings(d.As("lead"), v); err != nil {
		t.Fatal(err)
	}
	never := report(t, d, "staff")
	d.Advance(30 * 24 * time.Hour)
	if n := alarms(t, d, never.ID); n != 0 {
		t.Error("told although the priority is never told")
	}
}

// away enters an absence of the coming days; "" for no substitute.
func away(t *testing.T, d *apptest.Desk, who, substitute string) {
	t.Helper()
	in := presence.EnterInput{From: d.Desk.Now().Format(time.DateOnly), To: d.Desk.Now().AddDate(0, 0, 5).Format(time.DateOnly)}
	if substitute != "" {
		id := personID(t, d, substitute)
		in.SubstituteID = &id
	}
	if _, err := d.Presence.Enter(d.As(who), in); err != nil {
		t.Fatal(err)
	}
}

// toldUnassigned counts, by person, how often they were told about a ticket.
func toldUnassigned(t *testing.T, d *apptest.Desk, id uuid.UUID, who ...string) string {
	t.Helper()
	alarms(t, d, id)
	var out []string
	for _, name := range who {
		list, err := d.Notify.Lines(d.As(name), notify.All, nil, 500)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, x := range list {
			if x.Event == "incident.unassigned" && x.RecordID == id {
				n++
			}
		}
		out = append(out, fmt.Sprint(name, " ", n))
	}
	return strings.Join(out, ", ")
}

// lonelyDesk is a Wednesday morning with one lead, no manager and no other
// leads of teams, where P3 is told after 30 minutes. sql changes the company.
func lonelyDesk(t *testing.T) (d *apptest.Desk, sql func(string, ...any)) {
	t.Helper()
	d = apptest.New(t, apptest.Options{})
	d.Drain()
	sql = func(s string, args ...any) {
		t.Helper()
		if _, err := d.Pool.PGX().Exec(t.Context(), s, args...); err != nil {
			t.Fatal(err)
		}
	}
	d.SetClock(time.Date(2026, 11, 25, 9, 0, 0, 0, time.FixedZone("CST", 8*3600)))
	v, err := d.Routing.Settings(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	v.Alarm3 = 30
	if err := d.Routing.SetSettings(d.As("lead"), v); err != nil {
		t.Fatal(err)
	}
	sql(`UPDATE teams SET lead_id = NULL`)
	sql(`DELETE FROM role_grants WHERE role = 'MGR' OR role = 'LEAD' AND person_id <> $1`, personID(t, d, "lead"))
	return d, sql
}

// grant gives a person of the desk one role and no other but that of everybody.
func grant(t *testing.T, d *apptest.Desk, sql func(string, ...any), who, role string) {
	t.Helper()
	sql(`DELETE FROM role_grants WHERE person_id = $1 AND role <> 'REQ'`, personID(t, d, who))
	sql(`INSERT INTO role_grants (person_id, role, granted_by, granted_at) VALUES ($1, $2, $3, now())`, personID(t, d, who), role, personID(t, d, "lead"))
}

// While the lead is away the substitute hears, of whichever team, and where
// neither is there who stands above; where nobody is, nobody was told, and the
// next look tries again. It is repeated until somebody takes the ticket, and
// whoever is told can open it.
func TestUnassignedReachesSomebodyWhoIsThere(t *testing.T) {
	t.Parallel()
	d, sql := lonelyDesk(t)
	sql(`DELETE FROM team_members WHERE person_id = $1`, personID(t, d, "engineer2"))
	i := report(t, d, "staff")
	people := []string{"lead", "engineer2", "manager"}
	hear := func(what, want string) {
		t.Helper()
		if got := toldUnassigned(t, d, i.ID, people...); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	d.Advance(31 * time.Minute)
	hear("the lead is there", "lead 1, engineer2 0, manager 0")
	away(t, d, "lead", "engineer2")
	d.Advance(28 * time.Minute)
	hear("repeated too soon", "lead 1, engineer2 0, manager 0")
	d.Advance(2 * time.Minute)
	hear("repeated while the lead is away", "lead 1, engineer2 1, manager 0")
	away(t, d, "engineer2", "")
	d.Advance(58 * time.Minute)
	hear("the third time waits twice as long", "lead 1, engineer2 1, manager 0")
	d.Advance(2 * time.Minute)
	hear("nobody is there", "lead 1, engineer2 1, manager 0")
	grant(t, d, sql, "manager", "MGR")
	if a := d.Client("manager").Get("/incidents/" + i.Label()); a.Status != 404 {
		t.Fatalf("the manager sees it before they are told: %d", a.Status)
	}
	d.Advance(time.Minute) // what nobody heard stays due
	hear("a manager is there", "lead 1, engineer2 1, manager 1")
	for _, who := range people {
		if a := d.Client(who).Get("/incidents/" + i.Label()); a.Status != 200 {
			t.Errorf("%s was told of it and cannot open it: %d", who, a.Status)
		}
	}
	if _, err := d.Incidents.Claim(d.As("engineer"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.Advance(9 * time.Hour)
	hear("somebody took it", "lead 1, engineer2 1, manager 1")
}

// Two desks that look at the same instant tell once, the first time and again.
func TestUnassignedIsToldOnceByTwoDesks(t *testing.T) {
	t.Parallel()
	d, _ := lonelyDesk(t)
	i := report(t, d, "staff")
	for n := 1; n <= 2; n++ {
		d.Advance(31 * time.Minute)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := d.Jobs.Tick(t.Context(), incident.JobUnassigned); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := toldUnassigned(t, d, i.ID, "lead"); got != fmt.Sprint("lead ", n) {
			t.Errorf("look %d: %s", n, got)
		}
	}
}

// Of what is confidential nobody hears but those who may see it: no substitute,
// no manager, and where none of them is there, they are told all the same.
func TestUnassignedConfidentialStaysWhereItIs(t *testing.T) {
	t.Parallel()
	d, sql := lonelyDesk(t)
	sql(`UPDATE teams SET lead_id = $1`, personID(t, d, "lead"))
	sql(`DELETE FROM role_grants WHERE role = 'SEC'`)
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	grant(t, d, sql, "manager", "MGR")
	grant(t, d, sql, "implementer", "SEC") // after it was reported: not named on it
	away(t, d, "lead", "engineer2")
	people := []string{"lead", "engineer2", "manager", "implementer"}
	d.Advance(31 * time.Minute)
	if got := toldUnassigned(t, d, i.ID, people...); got != "lead 1, engineer2 0, manager 0, implementer 0" {
		t.Errorf("nobody whom it concerns is there: %s", got)
	}
	if _, err := d.Incidents.NamePerson(d.As("lead"), i.ID, incident.NameInput{PersonID: personID(t, d, "implementer"), Reason: "security"}); err != nil {
		t.Fatal(err)
	}
	d.Advance(31 * time.Minute)
	if got := toldUnassigned(t, d, i.ID, people...); got != "lead 1, engineer2 0, manager 0, implementer 1" {
		t.Errorf("a security administrator named on it is there: %s", got)
	}
	for _, who := range people {
		a := d.Client(who).Get("/incidents/" + i.Label())
		if told := who == "lead" || who == "implementer"; (a.Status == 200) != told {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
}

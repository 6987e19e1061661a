package incident_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
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

// The lead hears once of what nobody takes, after the working minutes of its
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

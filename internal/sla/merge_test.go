package sla_test

import (
	"strings"
	"testing"
	"time"

	"opsdesk/internal/incident"
	"opsdesk/internal/sla"
)

// TestMergeKeepsTheEarlierStartAndUnmergeGivesTheOwnBack, on the clocks, in the
// register and for what went.
func TestMergeKeepsTheEarlierStartAndUnmergeGivesTheOwnBack(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead := d.As("lead")
	from := report(t, d, 2, 2) // P3, at 09:00
	d.Advance(2 * time.Hour)
	into := report(t, d, 2, 2)
	own := clock(t, d, into, sla.Resolution)
	if _, err := d.Incidents.Merge(lead, from.ID, incident.MergeInput{Number: into.Label()}); err != nil {
		t.Fatal(err)
	}
	joined := clock(t, d, into, sla.Resolution)
	if !joined.Started.Equal(on(t, "2026-03-02 09:00")) || !joined.Due.Before(*own.Due) || !registered(t, d, into.ID).Before(*own.Due) {
		t.Errorf("merged: started %s, due %s; before %s", joined.Started, joined.Due, own.Due)
	}
	if c := clock(t, d, from, sla.Resolution); c.State != sla.Void || registered(t, d, from.ID) != nil {
		t.Errorf("the tombstone's clock: %s", c.State)
	}
	d.Advance(time.Hour)
	if _, err := d.Incidents.Unmerge(lead, from.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if c := clock(t, d, into, sla.Resolution); !c.Started.Equal(own.Started) || !c.Due.Equal(*own.Due) {
		t.Errorf("given back: started %s, due %s; its own were %s, %s", c.Started, c.Due, own.Started, own.Due)
	}
	if c := clock(t, d, from, sla.Resolution); c.State != sla.Running || !c.Started.Equal(on(t, "2026-03-02 09:00")) {
		t.Errorf("what went runs again: %s since %s", c.State, c.Started)
	}
}

// TestMarksAreToldAnewForAnotherTarget and only for that: a pause moves the due
// instant, and nobody is told twice.
func TestMarksAreToldAnewForAnotherTarget(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead := d.As("lead")
	i := report(t, d, 2, 2) // P3: solve in 3 days
	id := person(t, d, "engineer")
	if _, err := d.Incidents.Assign(lead, i.ID, incident.AssignInput{AssigneeID: &id}); err != nil {
		t.Fatal(err)
	}
	c, err := d.Incidents.Config(lead)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Accept(d.As("engineer"), i.ID, incident.AcceptInput{CategoryID: &c.Categories[0].ID}); err != nil {
		t.Fatal(err)
	}
	warned := func() int {
		scan(t, d)
		return strings.Count(strings.Join(told(t, d, "engineer", i), " "), "sla.resolution_warned")
	}
	d.SetClock(on(t, "2026-03-04 11:30").UTC()) // past 75 %, not yet 90 %
	if n := warned(); n != 1 {
		t.Fatalf("told %d times at 75 %%", n)
	}
	if _, err := d.Incidents.Pend(d.As("engineer"), i.ID, incident.PendInput{Reason: incident.OnUser}); err != nil {
		t.Fatal(err)
	}
	d.Advance(24 * time.Hour)
	if _, err := d.Incidents.Resume(d.As("engineer"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if n := warned(); n != 1 {
		t.Errorf("told %d times after a pause", n)
	}
	prioritise := func(p int) {
		t.Helper()
		if _, err := d.Incidents.Prioritise(lead, i.ID, incident.PriorityInput{Priority: p, Reason: "It is others now."}); err != nil {
			t.Fatal(err)
		}
	}
	prioritise(4) // five days: below its 75 %
	if n := warned(); n != 1 {
		t.Errorf("told %d times with more time", n)
	}
	d.SetClock(on(t, "2026-03-09 11:00").UTC())
	if n := warned(); n < 2 {
		t.Errorf("the marks of the other target were told %d times", n)
	}
	before := warned()
	prioritise(3)
	if n := warned(); n > before+1 { // its 90 % was not told before
		t.Errorf("the first target's marks were told again: %d after %d", n, before)
	}
}

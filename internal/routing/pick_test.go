package routing_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/presence"
	"opsdesk/internal/routing"
)

// crew is a rule that gives everything to people of a team.
func crew(team uuid.UUID, how string) routing.Rule {
	return routing.Rule{Name: "crew", Active: true, Match: "all", Team: &team, Person: how, Conditions: []routing.Condition{{Field: "text", Op: "any", Values: []string{"vpn"}}}}
}

func settings(t *testing.T, d *apptest.Desk, hours int) {
	t.Helper()
	v, err := d.Routing.Settings(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	v.PresentHours = hours
	if err := d.Routing.SetSettings(d.As("lead"), v); err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, d *apptest.Desk, names ...string) map[string]uuid.UUID {
	t.Helper()
	out, err := identity.ByUsername(t.Context(), d.Pool, names...)
	if err != nil || len(out) != len(names) {
		t.Fatal(err, out)
	}
	return out
}

// Fifty reports at once are spread evenly, by turn and by load, whoever comes
// first: the network team has four engineers.
func TestFiftyAtOnceAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	for _, how := range routing.Strategies {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			d := apptest.New(t, apptest.Options{})
			settings(t, d, 0)
			team := teams(t, d)["Network"]
			// What they have already counts for the load, so they begin equal.
			if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE records SET assignee_id = NULL`)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			publish(t, d, crew(team, how))
			ctx := d.As("staff")
			got := make([]*uuid.UUID, 50)
			errs := make([]error, 50)
			var wg sync.WaitGroup
			for n := range got {
				wg.Go(func() {
					i, err := d.Incidents.Create(ctx, incident.CreateInput{Description: "vpn", Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
					got[n], errs[n] = i.AssigneeID, err
				})
			}
			wg.Wait()
			count := map[uuid.UUID]int{}
			for n, id := range got {
				if errs[n] != nil || id == nil {
					t.Fatalf("%d: %v %v", n, errs[n], id)
				}
				count[*id]++
			}
			if len(count) != 4 {
				t.Errorf("%d people got something", len(count))
			}
			for id, n := range count {
				if n < 12 || n > 13 {
					t.Errorf("%s got %d of 50", id, n)
				}
			}
		})
	}
}

// The one with the least to do comes first; by turn, the one who waited
// longest.
func TestStrategies(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	settings(t, d, 0)
	team := teams(t, d)["Applications"] // engineer2, tang.yi, lead
	p := ids(t, d, "engineer2", "tang.yi", "lead")
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE records SET assignee_id = NULL WHERE category IN ('new', 'active', 'pending')`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"engineer2", "engineer2", "lead"} {
		i := report(t, d, "staff", func(in *incident.CreateInput) { in.Description = "something else" })
		id := p[who]
		if _, err := d.Incidents.Assign(d.As("lead"), i.ID, incident.AssignInput{AssigneeID: &id}); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, d, crew(team, routing.LeastLoad))
	if i := report(t, d, "staff"); *i.AssigneeID != p["tang.yi"] {
		t.Errorf("not the one with nothing to do: %v", i.AssigneeID)
	}
	d.Drain()
	list, err := d.Notify.Lines(d.As("tang.yi"), notify.Unread, nil, 5)
	if err != nil || len(list) == 0 || list[0].Event != "incident.assigned" {
		t.Errorf("the person was not told: %v %+v", err, list)
	}
	publish(t, d, crew(team, routing.RoundRobin))
	seen := map[uuid.UUID]int{}
	for range 6 {
		seen[*report(t, d, "staff").AssigneeID]++
	}
	for who, id := range p {
		if seen[id] != 2 {
			t.Errorf("%s had %d turns of 6", who, seen[id])
		}
	}
}

// Who is not there gets nothing: signed out, away, outside their hours,
// disabled. With nobody there the ticket waits in the queue.
func TestOnlyThosePresent(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)["Applications"]
	p := ids(t, d, "engineer2", "tang.yi", "lead", "qian.fei")
	publish(t, d, crew(team, routing.RoundRobin))
	if i := report(t, d, "staff"); i.AssigneeID != nil || *i.TeamID != team {
		t.Errorf("nobody is signed in, and %v got it", i.AssigneeID)
	}
	d.Client("engineer2")
	for range 3 {
		if i := report(t, d, "staff"); i.AssigneeID == nil || *i.AssigneeID != p["engineer2"] {
			t.Errorf("only engineer2 is signed in: %v", i.AssigneeID)
		}
	}
	d.Advance(13 * time.Hour)
	if i := report(t, d, "staff"); i.AssigneeID != nil {
		t.Error("somebody who went home long ago got it")
	}
	settings(t, d, 0)
	zone := time.FixedZone("CST", 8*3600)
	d.SetClock(time.Date(2026, 12, 2, 10, 0, 0, 0, zone)) // a Wednesday
	day := func(n int) string { return d.Desk.Now().In(zone).AddDate(0, 0, n).Format(time.DateOnly) }
	if _, err := d.Presence.Enter(d.As("engineer2"), presence.EnterInput{From: day(0), To: day(0)}); err != nil {
		t.Fatal(err)
	}
	if err := d.Presence.SetHours(d.As("lead"), presence.HoursInput{From: 20 * 60, To: 23 * 60}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if i := report(t, d, "staff"); i.AssigneeID == nil || *i.AssigneeID != p["tang.yi"] {
			t.Errorf("only tang.yi is there: %v", i.AssigneeID)
		}
	}
	if _, err := d.Presence.Enter(d.As("lead"), presence.EnterInput{PersonID: new(p["tang.yi"]), From: day(0), To: day(0), SubstituteID: new(p["qian.fei"])}); err != nil {
		t.Fatal(err)
	}
	if i := report(t, d, "staff"); i.AssigneeID == nil || *i.AssigneeID != p["qian.fei"] {
		t.Errorf("the substitute of the last one did not get it: %v", i.AssigneeID)
	}
	d.SetClock(time.Date(2026, 12, 2, 21, 0, 0, 0, zone))
	if i := report(t, d, "staff"); i.AssigneeID == nil || *i.AssigneeID != p["lead"] {
		t.Errorf("in the evening the lead is there: %v", i.AssigneeID)
	}
	d.SetClock(time.Date(2026, 12, 5, 21, 0, 0, 0, zone)) // a Saturday: working hours are those of working days
	for range 4 {
		if i := report(t, d, "staff"); i.AssigneeID != nil && *i.AssigneeID == p["lead"] {
			t.Error("the lead got work on a Saturday")
		}
	}
}

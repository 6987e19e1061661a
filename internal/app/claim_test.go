package app_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// Fifty engineers claim the same ticket at once, on two processes: one gets it,
// and forty-nine are told that it is taken and by whom.
func TestFiftyClaims(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, apptest.Options{})
	b := a.Twin(apptest.Options{})
	i, err := a.Incidents.Create(a.As("staff"), incident.CreateInput{Description: "Nobody can print.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	crowd := engineers(t, a, 50)
	errs := make([]error, len(crowd))
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for n, ctx := range crowd {
		ready.Add(1)
		done.Go(func() {
			desk := []*apptest.Desk{a, b}[n%2]
			ready.Done()
			<-start
			_, errs[n] = desk.Incidents.Claim(ctx, i.ID, incident.StepInput{Version: i.Version})
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	won := 0
	for n, err := range errs {
		f := fault.Of(err)
		switch {
		case f == nil:
			won++
		case f.Kind != fault.Conflict || f.Code == "error.busy":
			t.Errorf("engineer %d was told %v", n, err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 50 got the ticket", won)
	}
	now, _, err := a.Incidents.Get(a.As("lead"), i.ID)
	if err != nil || now.AssigneeID == nil || now.Version != i.Version+1 {
		t.Errorf("%+v %v", now, err)
	}
}

// engineers makes people who may take any team's work.
func engineers(t *testing.T, d *apptest.Desk, n int) []context.Context {
	t.Helper()
	ids := make([]uuid.UUID, n)
	err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		for k := range ids {
			ids[k] = uuid.New()
			name := fmt.Sprintf("crowd%02d", k)
			if _, err := tx.Exec(t.Context(), `INSERT INTO people (id, username, name, created_at, updated_at) VALUES (@id, @name, @name, @now, @now)`, db.Args{"id": ids[k], "name": name, "now": time.Now()}); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO role_grants (person_id, role, granted_by, granted_at) SELECT @id, 'LEAD', p.id, @now FROM people p WHERE p.username = 'admin'`, db.Args{"id": ids[k], "now": time.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []context.Context
	for _, id := range ids {
		who, err := identity.LoadActor(t.Context(), d.Pool, id, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, identity.With(t.Context(), who))
	}
	return out
}

package servicerequest_test

import (
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/work"
)

// All open tasks of somebody who leaves go on, and only theirs.
func TestTasksAreHandedOver(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, err := identity.ByUsername(t.Context(), d.Pool, "qian.fei", "engineer", "he.ming")
	if err != nil {
		t.Fatal(err)
	}
	leaver, eng, other := p["qian.fei"], p["engineer"], p["he.ming"]
	r := order(t, d, "staff", move(t, d))
	lead := d.As("lead")
	for key, id := range map[string]uuid.UUID{"move": leaver, "test": leaver, "port": other} {
		if _, err := d.Requests.AssignTask(lead, r.ID, tasks(t, d, r)[key].ID, servicerequest.AssignTaskInput{AssigneeID: &id}); err != nil {
			t.Fatal(key, err)
		}
	}
	ctx := work.WithKey(identity.With(t.Context(), identity.NewSystem("handover")), "batch:x:1")
	for range 2 { // the job may run again after a crash
		if err := d.Requests.HandOver(ctx, r.ID, leaver, &eng, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := tasks(t, d, r)
	if *got["move"].AssigneeID != eng || *got["test"].AssigneeID != eng || *got["port"].AssigneeID != other {
		t.Errorf("%v %v %v", got["move"].AssigneeID, got["test"].AssigneeID, got["port"].AssigneeID)
	}
}

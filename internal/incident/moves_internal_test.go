package incident

import (
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
)

// TestOneMoveIsNext: of whatever a reader may do in whatever state, one step at
// most is the next one, which is the one a phone has room for; and who may do
// something has it offered.
func TestOneMoveIsNext(t *testing.T) {
	t.Parallel()
	acts := []authz.Action{ActionClaim, ActionAccept, ActionStart, ActionResume, ActionResolve, ActionConfirm}
	someone := uuid.New()
	for _, state := range States {
		for may := range 1 << len(acts) {
			for _, who := range []*uuid.UUID{nil, &someone} {
				d := &Detail{can: map[authz.Action]bool{}}
				d.State, d.AssigneeID = state, who
				n := 0
				for bit, a := range acts {
					if d.can[a] = new(Service).legal(d.Incident, a) && may&(1<<bit) != 0; d.can[a] {
						n++
					}
				}
				list := d.moves()
				next := 0
				for _, m := range list {
					if m.next {
						next++
					}
				}
				if next > 1 {
					t.Errorf("%s, held %v: %d moves are next: %v", state, who != nil, next, list)
				}
				if who != nil && d.can[ActionClaim] {
					n-- // it is taken
				}
				if who == nil && state == New && d.can[ActionResolve] {
					n-- // somebody takes it first
				}
				if len(list) != n {
					t.Errorf("%s, held %v: %d moves of %d: %v", state, who != nil, len(list), n, list)
				}
			}
		}
	}
}

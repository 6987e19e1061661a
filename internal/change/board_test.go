package change

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
)

// A member counts for themselves and a deputy for one absent member, so that as
// many as can be are stood in for; deputies bring the roles of whom they stand
// in for.
func TestAttendance(t *testing.T) {
	t.Parallel()
	m1, m2, m3, d1, d2, guest := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	members := []uuid.UUID{m1, m2, m3}
	deputies := map[uuid.UUID][]uuid.UUID{d1: {m1, m2}, d2: {m1}, m3: {m2}, guest: {uuid.New()}}
	roles := map[uuid.UUID][]identity.Role{m2: {identity.Reviewer, identity.SecurityAdmin}, guest: {identity.ChangeManager}}
	for name, x := range map[string]struct {
		board   Board
		present []uuid.UUID
		n       int
		missing int
		quorate bool
	}{
		"nobody":                     {Board{Quorum: 1}, nil, 0, 0, false},
		"a member":                   {Board{Quorum: 1}, []uuid.UUID{m1}, 1, 0, true},
		"the same twice":             {Board{Quorum: 2}, []uuid.UUID{m1, m1}, 1, 0, false},
		"a guest":                    {Board{Quorum: 1}, []uuid.UUID{guest}, 0, 0, false},
		"a deputy for one":           {Board{Quorum: 2}, []uuid.UUID{d1}, 1, 0, false},
		"two deputies for two":       {Board{Quorum: 2}, []uuid.UUID{d1, d2}, 2, 0, true},
		"deputy of who is there":     {Board{Quorum: 2}, []uuid.UUID{m1, d2}, 1, 0, false},
		"a member counts once":       {Board{Quorum: 2}, []uuid.UUID{m3}, 1, 0, false},
		"a mandatory role is away":   {Board{Quorum: 1, Must: []identity.Role{identity.ChangeManager}}, []uuid.UUID{m1, m3}, 2, 1, false},
		"a guest has it":             {Board{Quorum: 1, Must: []identity.Role{identity.ChangeManager}}, []uuid.UUID{m1, guest}, 1, 0, true},
		"who is stood in for has it": {Board{Quorum: 2, Must: []identity.Role{identity.SecurityAdmin}}, []uuid.UUID{m1, d1}, 2, 0, true},
	} {
		a := x.board.attendance(members, x.present, deputies, roles)
		if a.Members != x.n || len(a.Missing) != x.missing || a.Quorate() != x.quorate {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// Votes wait for the mandatory roles that sit on the board and may vote, and for
// no others: nobody could ever give them.
func TestHeardByVote(t *testing.T) {
	t.Parallel()
	b := Board{Must: []identity.Role{identity.Auditor, identity.ChangeManager, identity.Manager, identity.Reviewer}}
	voting := []identity.Role{identity.Reviewer, identity.Manager, identity.Auditor}
	got := b.heard([][]identity.Role{{identity.Reviewer}, {identity.ChangeManager, identity.Reviewer, identity.Manager}}, voting)
	if want := []identity.Role{identity.Reviewer, identity.Manager}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

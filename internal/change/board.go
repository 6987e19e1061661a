package change

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/record"
)

// kindBoard names the board's rules in the trail. They are in no register.
const kindBoard record.Kind = "change.board"

// boardID is the one row of the board's rules.
var boardID = uuid.MustParse("b0a4d000-0000-7000-8000-000000000001")

// Board is how the change advisory board decides. Its members are those with the
// role of reviewers.
type Board struct {
	ID        uuid.UUID       `db:"id" json:"-"`
	Version   int             `db:"version" json:"version"`
	Quorum    int             `db:"quorum" json:"quorum" audit:"quorum"` // members who must be there or be stood in for, and who must have voted
	Must      []identity.Role `db:"must" json:"must" audit:"must"`       // each of which must be there, and must have voted where that can be (heard)
	UpdatedAt time.Time       `db:"updated_at" json:"updated_at"`
}

// Ref points at the rules.
func (b Board) Ref() record.Ref { return record.Ref{Kind: kindBoard, ID: b.ID} }

// CurrentVersion counts the changes to them, from 1.
func (b Board) CurrentVersion() int { return b.Version }

// Touch notes an edit.
func (b *Board) Touch(now time.Time) { b.Version++; b.UpdatedAt = now }

// heard are the roles whose votes the board's step waits for: that of its
// members, and those mandatory ones that a member has and that may vote. The
// others have to be at the meeting, which is all that can be asked of them.
func (b Board) heard(members [][]identity.Role, voting []identity.Role) []identity.Role {
	out := []identity.Role{identity.Reviewer}
	for _, r := range b.Must {
		if slices.Contains(voting, r) && !slices.Contains(out, r) && slices.ContainsFunc(members, func(has []identity.Role) bool { return slices.Contains(has, r) }) {
			out = append(out, r)
		}
	}
	return out
}

// Attendance is who of the board was at a meeting, or is noted as present yet.
type Attendance struct {
	Board   []uuid.UUID             `json:"board"`   // all of its members
	Members int                     `json:"members"` // there, or stood in for
	Quorum  int                     `json:"quorum"`
	For     map[uuid.UUID]uuid.UUID `json:"for"`     // deputies, and the member that each stands in for
	Missing []identity.Role         `json:"missing"` // mandatory roles that nobody there has
}

// Quorate reports whether the meeting may record an approval.
func (a Attendance) Quorate() bool { return a.Members >= a.Quorum && len(a.Missing) == 0 }

// attendance counts who is there. A member counts for themselves; who is none
// counts for one absent member whose deputy they are, and brings that member's
// roles. As many members as can be are stood in for.
func (b Board) attendance(members, present []uuid.UUID, deputies map[uuid.UUID][]uuid.UUID, roles map[uuid.UUID][]identity.Role) Attendance {
	out := Attendance{Board: members, Quorum: b.Quorum, For: map[uuid.UUID]uuid.UUID{}, Missing: []identity.Role{}}
	stood := map[uuid.UUID]uuid.UUID{} // absent members, and who stands in for them
	var place func(uuid.UUID, map[uuid.UUID]bool) bool
	place = func(deputy uuid.UUID, tried map[uuid.UUID]bool) bool {
		for _, m := range deputies[deputy] {
			if tried[m] || !slices.Contains(members, m) || slices.Contains(present, m) {
				continue
			}
			tried[m] = true
			if other, taken := stood[m]; !taken || place(other, tried) { // who is there stands in for another, if they can
				stood[m] = deputy
				return true
			}
		}
		return false
	}
	var here []identity.Role
	for _, p := range unique(present) {
		here = append(here, roles[p]...)
		if slices.Contains(members, p) {
			out.Members++
		} else {
			place(p, map[uuid.UUID]bool{})
		}
	}
	for m, d := range stood {
		out.Members++
		out.For[d] = m
		here = append(here, roles[m]...)
	}
	for _, r := range b.Must {
		if !slices.Contains(here, r) {
			out.Missing = append(out.Missing, r)
		}
	}
	return out
}

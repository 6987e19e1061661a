// Package presence knows who is there: absences with a substitute, personal
// working hours, and who of a team can be given work now (capability 5,
// controls S11). Being away never gives anybody a right; a substitute gets the
// work, not the rights, of whom they stand in for.
package presence

import (
	"embed"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/record"
)

//go:embed messages/*.json
var messages embed.FS

// KindAbsence is what the trail calls an absence.
const KindAbsence record.Kind = "absence"

// The use cases.
const (
	ActionEnter authz.Action = "absence.enter"
	ActionEnd   authz.Action = "absence.end"
	ActionHours authz.Action = "absence.working_hours"
)

// Policies says which line of the matrix decides each use case: people enter
// their own absence, leads also those of their teams.
func Policies() authz.Policies {
	return authz.Policies{ActionEnter: "absence.enter", ActionEnd: "absence.enter", ActionHours: "session.own"}
}

// The limits of an absence. A longer one is entered anew (controls S11).
const (
	MaxDays  = 30
	maxAhead = 400 // days
	maxChain = 5   // substitutes of substitutes
)

// Absence is a time in which a person is given no work.
type Absence struct {
	ID           uuid.UUID  `db:"id" json:"id"`
	Version      int        `db:"version" json:"version"`
	PersonID     uuid.UUID  `db:"person_id" json:"person_id" audit:"person"`
	FromAt       time.Time  `db:"from_at" json:"from_at" audit:"from"`
	UntilAt      time.Time  `db:"until_at" json:"until_at" audit:"until"` // no longer away from then on
	SubstituteID *uuid.UUID `db:"substitute_id" json:"substitute_id" audit:"substitute"`
	Note         string     `db:"note" json:"note" audit:"note"`
	Ended        bool       `db:"ended" json:"ended" audit:"ended"` // taken back before it began
	CreatedBy    uuid.UUID  `db:"created_by" json:"created_by"`
	CreatedAt    time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt    time.Time  `db:"updated_at" json:"updated_at"`

	team uuid.UUID // that the person shares with the actor
}

// Ref points at the absence.
func (a Absence) Ref() record.Ref { return record.Ref{Kind: KindAbsence, ID: a.ID} }

// CurrentVersion counts the changes, from 1.
func (a Absence) CurrentVersion() int { return a.Version }

// Touch notes a change.
func (a *Absence) Touch(now time.Time) { a.Version++; a.UpdatedAt = now }

// Facts: an absence is the person's own, and concerns their team's lead.
func (a Absence) Facts() authz.Facts {
	return authz.Facts{RequesterID: a.PersonID, TeamID: a.team}
}

// Last is the last day of the absence in a zone.
func (a Absence) Last(zone *time.Location) time.Time { return a.UntilAt.In(zone).Add(-time.Second) }

// overlaps reports whether two times share an instant.
func (a Absence) overlaps(b Absence) bool {
	return a.FromAt.Before(b.UntilAt) && b.FromAt.Before(a.UntilAt)
}

// loops reports whether a new absence would close a ring of substitutes with
// those of the same time.
func loops(a Absence, others []Absence) bool {
	if a.SubstituteID == nil {
		return false
	}
	seen := map[uuid.UUID]bool{}
	next := []uuid.UUID{*a.SubstituteID}
	for len(next) > 0 {
		id := next[0]
		next = next[1:]
		if id == a.PersonID {
			return true
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		for _, o := range others {
			if o.PersonID == id && o.SubstituteID != nil && o.overlaps(a) {
				next = append(next, *o.SubstituteID)
			}
		}
	}
	return false
}

// Away says until when a person is away, and who stands in.
type Away struct {
	PersonID   uuid.UUID  `db:"person_id"`
	Until      time.Time  `db:"until_at"`
	Substitute *uuid.UUID `db:"substitute_id"`
	// SubstituteName is as the substitute writes it; "" for none.
	SubstituteName string `db:"substitute_name"`
}

// Hours are a person's working hours on working days, as minutes after midnight
// in their own zone.
type Hours struct {
	From int `db:"work_from" json:"work_from"`
	To   int `db:"work_to" json:"work_to"`
}

package inspection

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
)

// kindPlan names plans in the trail. They are in no register.
const kindPlan record.Kind = "inspection.plan"

// PlanState is whether a plan makes inspections.
type PlanState string

// The states of a plan.
const (
	Active  PlanState = "active"
	Paused  PlanState = "paused"
	Retired PlanState = "retired"
)

// Selection names items by what they are: those of a class and below it.
type Selection struct {
	ClassID     uuid.UUID  `json:"class_id"`
	Lifecycle   string     `json:"lifecycle" validate:"omitempty,oneof=living planned ordered stock staging production maintenance retired disposed"`
	Criticality int        `json:"criticality" validate:"min=0,max=4"`
	ServiceID   *uuid.UUID `json:"service_id"`
	Location    string     `json:"location" validate:"omitempty,line,max=200"`
}

// Plan says what is inspected, how, when and by whom.
type Plan struct {
	ID           uuid.UUID   `db:"id" json:"id"`
	Version      int         `db:"version" json:"version"`
	State        PlanState   `db:"state" json:"state" audit:"state"`
	NameZh       string      `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn       string      `db:"name_en" json:"name_en" audit:"name_en"`
	Items        []uuid.UUID `db:"items" json:"items" audit:"items"`
	Selection    *Selection  `db:"selection" json:"selection" audit:"selection"`
	Points       []Point     `db:"points" json:"points" audit:"points"`
	Recurrence   Recurrence  `db:"recurrence" json:"recurrence" audit:"recurrence"`
	CalendarID   *uuid.UUID  `db:"calendar_id" json:"calendar_id" audit:"calendar"`
	AllowMinutes int         `db:"allow_minutes" json:"allow_minutes" audit:"allow_minutes"`
	TeamID       uuid.UUID   `db:"team_id" json:"team_id" audit:"team"`
	PersonID     *uuid.UUID  `db:"person_id" json:"person_id" audit:"assignee"`
	ServiceID    *uuid.UUID  `db:"service_id" json:"service_id" audit:"service"`
	Reason       string      `db:"reason" json:"reason" audit:"reason"` // why it was paused or retired
	MadeUntil    time.Time   `db:"made_until" json:"-"`
	LookAt       time.Time   `db:"look_at" json:"-"`
	CreatedBy    uuid.UUID   `db:"created_by" json:"created_by"`
	CreatedAt    time.Time   `db:"created_at" json:"created_at"`
	UpdatedAt    time.Time   `db:"updated_at" json:"updated_at"`
}

// Ref points at the plan.
func (p Plan) Ref() record.Ref { return record.Ref{Kind: kindPlan, ID: p.ID} }

// CurrentVersion counts the changes to it, from 1.
func (p Plan) CurrentVersion() int { return p.Version }

// Touch notes an edit.
func (p *Plan) Touch(now time.Time) { p.Version++; p.UpdatedAt = now }

// Facts are what decides who may change it.
func (p Plan) Facts() authz.Facts {
	f := authz.Facts{CreatedBy: p.CreatedBy, TeamID: p.TeamID}
	if p.ServiceID != nil {
		f.ServiceID = *p.ServiceID
	}
	return f
}

// Allow is the time allowed to do it.
func (p Plan) Allow() time.Duration { return time.Duration(p.AllowMinutes) * time.Minute }

// ahead is how long before it begins the next inspection is made.
const ahead = 7 * 24 * time.Hour

// maxMissed bounds what is made of the past: of the inspections that came and
// went while nothing ran, that many are kept as missed, the last ones.
const maxMissed = 20

// Making is what is to be made of a plan at an instant.
type Making struct {
	Missed []time.Time // came and went
	Due    []time.Time // wait to be done; the last may lie ahead
	Left   int         // that lie too far back and are not made
	Until  time.Time   // up to where everything is made then
	LookAt time.Time   // when there is more to make
}

// due says what is to be made: every occurrence up to now, and the next one if
// it is near. Of those whose time is over only the last can still be done.
func (p Plan) due(s Schedule, now time.Time) Making {
	out := Making{Until: p.MadeUntil}
	past := s.Between(p.MadeUntil, now)
	for n, at := range past {
		if at.Add(p.Allow()).After(now) || n == len(past)-1 {
			out.Due = append(out.Due, at)
		} else {
			out.Missed = append(out.Missed, at)
		}
		out.Until = at
	}
	if over := len(out.Missed) - maxMissed; over > 0 {
		out.Missed, out.Left = out.Missed[over:], over
	}
	if p.MadeUntil.After(now) { // the next one is made already
		out.LookAt = p.MadeUntil
		return out
	}
	next := s.Next(now, 1)
	switch {
	case len(next) == 0:
		out.LookAt = now.AddDate(1, 0, 0) // there will never be more
	case next[0].After(now.Add(ahead)):
		out.LookAt = next[0].Add(-ahead)
	default:
		out.Due = append(out.Due, next[0])
		out.Until, out.LookAt = next[0], next[0]
	}
	return out
}

// workingDays tells by a calendar whether a day is worked.
func workingDays(c *sla.Calendar) func(time.Time) bool {
	return func(day time.Time) bool {
		h, _ := c.At(day.Add(12*time.Hour)).On(day.Format(time.DateOnly), day.Weekday())
		return len(h) > 0
	}
}

// follow gives a planned inspection what the plan says now.
func (p Plan) follow(i *Inspection, items []uuid.UUID) {
	i.renamed = i.NameZh != p.NameZh || i.NameEn != p.NameEn
	i.PlanVersion, i.NameZh, i.NameEn, i.Points = p.Version, p.NameZh, p.NameEn, slices.Clone(p.Points)
	i.TeamID, i.PersonID, i.ServiceID = p.TeamID, p.PersonID, p.ServiceID
	if !slices.Equal(i.Items, items) {
		i.Items, i.moved = slices.Clone(items), true
	}
}

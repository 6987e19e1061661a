package sla

import (
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/record"
)

// KindCalendar is what the trail calls a business calendar.
const KindCalendar record.Kind = "calendar"

// CalendarRecord is a calendar as it is kept and edited.
type CalendarRecord struct {
	ID        uuid.UUID `db:"id"`
	Version   int       `db:"version"`
	NameZh    string    `db:"name_zh" audit:"name_zh"`
	NameEn    string    `db:"name_en" audit:"name_en"`
	Timeline  []Rules   `db:"timeline"`
	Default   bool      `db:"is_default" audit:"default"`
	Active    bool      `db:"active" audit:"active"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

// Ref points at the calendar.
func (c CalendarRecord) Ref() record.Ref { return record.Ref{Kind: KindCalendar, ID: c.ID} }

// CurrentVersion counts the changes, from 1.
func (c CalendarRecord) CurrentVersion() int { return c.Version }

// Touch notes a change.
func (c *CalendarRecord) Touch(now time.Time) { c.Version++; c.UpdatedAt = now }

// Facts: a calendar belongs to nobody in particular.
func (c CalendarRecord) Facts() authz.Facts { return authz.Facts{} }

// Last is the rules that hold from now on.
func (c CalendarRecord) Last() Rules { return c.Timeline[len(c.Timeline)-1] }

// maxTimeline bounds how many dated changes a calendar keeps.
const maxTimeline = 60

// put changes the rules from an instant on, or, with the zero time, for the
// past as well: back to the last dated change.
func (c *CalendarRecord) put(r Rules, from time.Time) {
	last := c.Last()
	if from.IsZero() || !from.After(last.From) || len(c.Timeline) >= maxTimeline {
		r.From = last.From
		c.Timeline = append(c.Timeline[:len(c.Timeline)-1:len(c.Timeline)-1], r)
		return
	}
	r.From = from
	c.Timeline = append(c.Timeline[:len(c.Timeline):len(c.Timeline)], r)
}

// Missing lists the years, of this and the coming one, whose holidays the
// calendar ought to know and does not. The notice for a year comes out in
// November of the one before.
func (c CalendarRecord) Missing(now time.Time) []int {
	r := c.Last()
	if !c.Active || r.Always() || len(r.Days) == 0 {
		return nil
	}
	now = now.In(r.Location())
	var out []int
	for _, y := range []int{now.Year(), now.Year() + 1} {
		if !r.Known(y) && (y == now.Year() || now.Month() >= time.October) {
			out = append(out, y)
		}
	}
	return out
}

package inspection

import (
	"math"
	"time"

	"github.com/google/uuid"
)

// PointKind is what is noted at a point.
type PointKind string

// The kinds of points.
const (
	Check  PointKind = "check"  // in order, not in order, not applicable
	Number PointKind = "number" // a reading with a unit, and bounds where there are any
	Text   PointKind = "text"
)

// Point is one line of a checklist.
type Point struct {
	// Key names the point through the versions of a plan, so that readings of it
	// are one course.
	Key      string    `json:"key" validate:"omitempty,line,max=40"`
	Zh       string    `json:"text_zh" validate:"required,notblank,line,max=200"`
	En       string    `json:"text_en" validate:"omitempty,line,max=200"`
	Kind     PointKind `json:"kind" validate:"required,oneof=check number text"`
	Unit     string    `json:"unit" validate:"omitempty,line,max=20"`
	Lower    *float64  `json:"lower"`
	Upper    *float64  `json:"upper"`
	Required bool      `json:"required"`
}

// bounded reports whether the bounds make sense.
func (p Point) bounded() bool {
	return sound(p.Lower) && sound(p.Upper) && (p.Lower == nil || p.Upper == nil || *p.Lower <= *p.Upper)
}

func sound(n *float64) bool { return n == nil || !math.IsNaN(*n) && !math.IsInf(*n, 0) }

// Verdict is how something was found.
type Verdict string

// The verdicts. Not applicable may be said of every kind of point.
const (
	OK    Verdict = "ok"
	NotOK Verdict = "not_ok"
	NA    Verdict = "na"
)

// Reading is what was noted at one point of one item.
type Reading struct {
	Verdict Verdict    `json:"verdict,omitempty"`
	Number  *float64   `json:"number,omitempty"`
	Text    string     `json:"text,omitempty"`
	Note    string     `json:"note,omitempty"`
	Finding bool       `json:"finding"` // not in order, or out of bounds
	By      *uuid.UUID `json:"by,omitempty"`
	At      time.Time  `json:"at"`
}

// empty reports whether nothing was noted.
func (r Reading) empty() bool { return r.Verdict == "" && r.Number == nil && r.Text == "" }

// same reports whether the same was noted, whoever did it and when.
func (r Reading) same(o Reading) bool {
	n := r.Number == nil && o.Number == nil || r.Number != nil && o.Number != nil && *r.Number == *o.Number
	return n && r.Verdict == o.Verdict && r.Text == o.Text && r.Note == o.Note
}

// Finds reports whether a reading of the point is a finding.
func (p Point) Finds(r Reading) bool {
	switch {
	case r.Verdict == NotOK:
		return true
	case r.Number == nil || p.Kind != Number:
		return false
	}
	return p.Lower != nil && *r.Number < *p.Lower || p.Upper != nil && *r.Number > *p.Upper
}

// refuses says why a reading cannot be one of the point; "" if it can.
func (p Point) refuses(r Reading) string {
	switch {
	case r.Verdict == NA && r.Number == nil && r.Text == "":
		return ""
	case p.Kind == Check && (r.Verdict == OK || r.Verdict == NotOK) && r.Number == nil && r.Text == "":
		return ""
	case p.Kind == Number && r.Verdict == "" && r.Text == "" && r.Number != nil && sound(r.Number):
		return ""
	case p.Kind == Text && r.Verdict == "" && r.Number == nil:
		return ""
	}
	return "inspection.error.reading." + string(p.Kind)
}

// explained reports whether a reading needs no more words: a finding says what
// it is, or has an incident, and so does a reading that was left out.
func (p Point) explained(r Reading, incident bool) bool {
	left := r.Verdict == NA && p.Kind != Check
	return r.Note != "" || incident && r.Finding || !r.Finding && !left
}

// ReadingKey names the reading of a point of an item.
func ReadingKey(item uuid.UUID, point string) string { return item.String() + "." + point }

package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
)

// ActionControl reads controls and runs them.
const ActionControl authz.Action = "control.run"

// Severity is how bad an exception is: critical, high, medium or low.
type Severity string

// The severities.
const (
	Critical Severity = "C"
	High     Severity = "H"
	Medium   Severity = "M"
	Low      Severity = "L"
)

// Control is a rule that the desk's own records must keep: two queries, of how
// many it was about and of those that break it. Names and texts are messages.
type Control struct {
	ID       string
	Clause   string
	Severity Severity
	// Population counts what the rule is about; Exceptions lists what breaks it,
	// as kind, id, label and detail; a detail is a word for the message, a colon
	// and what it is about. Both may name @now and @since, the beginning
	// of the period that is looked at.
	Population, Exceptions string
}

// Hash names the queries, so that an auditor knows what was performed.
func (c Control) Hash() string {
	h := sha256.Sum256([]byte(c.Population + "\n" + c.Exceptions))
	return hex.EncodeToString(h[:])
}

// Bounds of a run: how far back it looks, and how many exceptions it keeps.
const (
	controlPeriod = 90 * 24 * time.Hour
	controlKept   = 500
)

// Run is one performance of a control.
type Run struct {
	ID         uuid.UUID `db:"id" json:"id"`
	Control    string    `db:"control" json:"control"`
	RanAt      time.Time `db:"ran_at" json:"ran_at"`
	RanBy      uuid.UUID `db:"ran_by" json:"ran_by"`
	RanName    string    `db:"ran_name" json:"ran_name"`
	Population int       `db:"population" json:"population"`
	Exceptions int       `db:"exceptions" json:"exceptions"`
	Bounded    bool      `db:"bounded" json:"bounded"` // there are more exceptions than were kept
	TookMS     int       `db:"took_ms" json:"took_ms"`
	SQLHash    string    `db:"sql_hash" json:"sql_hash"`
	App        string    `db:"app" json:"app"`
}

// Passed reports whether nothing breaks the rule.
func (r Run) Passed() bool { return r.Exceptions == 0 }

// Exception is one thing that breaks a rule.
type Exception struct {
	Kind   string    `db:"kind" json:"kind"`
	ID     uuid.UUID `db:"object_id" json:"id"`
	Label  string    `db:"label" json:"label"`
	Detail string    `db:"detail" json:"detail"`
}

// ControlState is a control with its last run; nil if it never ran.
type ControlState struct {
	Control
	Last *Run
}

// Find is the control of an id.
func Find(id string) (Control, bool) {
	for _, c := range Controls {
		if c.ID == id {
			return c, true
		}
	}
	return Control{}, false
}

// Package record names the things people work on. Every incident, change,
// request or configuration item is a record; links, trail, comments,
// attachments and notifications refer to records and never to a module. The
// package keeps the register, the one line that every record has, and the one
// access predicate that every read of records embeds.
package record

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
)

// Kind is the kind of a record, such as "incident".
type Kind string

// Ref points at one record.
type Ref struct {
	Kind Kind      `json:"kind"`
	ID   uuid.UUID `json:"id"`
}

// Category is what a state means, whatever a practice calls it. State names
// are data; categories are code.
type Category string

// The state categories.
const (
	New       Category = "new"
	Active    Category = "active"
	Pending   Category = "pending"
	Resolved  Category = "resolved"
	Closed    Category = "closed"
	Cancelled Category = "cancelled"
)

// Open reports whether somebody still owes work.
func (c Category) Open() bool { return c == New || c == Active || c == Pending }

// Entry is the register's line about one record: what any list, count or
// search may need without knowing the practice.
type Entry struct {
	ID           uuid.UUID  `db:"id"`
	Kind         Kind       `db:"kind"`
	Number       string     `db:"number"`
	Title        string     `db:"title"`
	State        string     `db:"state"`
	Category     Category   `db:"category"`
	Priority     int        `db:"priority"`
	RequesterID  *uuid.UUID `db:"requester_id"`
	CreatedBy    uuid.UUID  `db:"created_by"`
	AssigneeID   *uuid.UUID `db:"assignee_id"`
	TeamID       *uuid.UUID `db:"team_id"`
	DepartmentID *uuid.UUID `db:"department_id"`
	ServiceID    *uuid.UUID `db:"service_id"`
	DueAt        *time.Time `db:"due_at"`
	Confidential bool       `db:"confidential"`
	CreatedAt    time.Time  `db:"created_at"`
	UpdatedAt    time.Time  `db:"updated_at"`
	ClosedAt     *time.Time `db:"closed_at"`
}

// Ref is the reference of the entry's record.
func (e Entry) Ref() Ref { return Ref{e.Kind, e.ID} }

// Facts is what a decision about the record needs to know, given how the
// actor stands to it.
func (e Entry) Facts(s Standing) authz.Facts {
	return authz.Facts{
		RequesterID: deref(e.RequesterID), CreatedBy: e.CreatedBy, AssigneeID: deref(e.AssigneeID),
		TeamID: deref(e.TeamID), DepartmentID: deref(e.DepartmentID), ServiceID: deref(e.ServiceID),
		Confidential: e.Confidential, IsWatcher: s.Watcher, Named: s.Named, Participant: s.Participant,
	}
}

func deref(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// Summary is what any page may show about a record of another module.
type Summary struct {
	Ref      Ref
	Number   string
	Title    string
	State    string
	Category Category
	URL      string
	Relation string // of a link, seen from the page's own record
}

// Spec is what a module says about its kind of record.
type Spec struct {
	Kind Kind
	// Path is the page of a record: Path + "/" + number.
	Path string
	// Read is the row of the matrix that decides who may see records of the
	// kind.
	Read authz.Row
	// Relations that a record of this kind may point at others with.
	Relations []string
}

// Kinds knows every kind of record in the desk. It is filled while wiring.
type Kinds struct{ specs map[Kind]Spec }

// NewKinds returns an empty set.
func NewKinds() *Kinds { return &Kinds{specs: map[Kind]Spec{}} }

// Register is called once per kind while wiring.
func (k *Kinds) Register(s Spec) error {
	if _, dup := k.specs[s.Kind]; dup {
		return fmt.Errorf("record kind %q is registered twice", s.Kind)
	}
	k.specs[s.Kind] = s
	return nil
}

// Spec returns what is known about a kind.
func (k *Kinds) Spec(kind Kind) (Spec, bool) { s, ok := k.specs[kind]; return s, ok }

// URL is the page of a record.
func (k *Kinds) URL(kind Kind, number string) string { return k.specs[kind].Path + "/" + number }

// All lists the kinds, sorted.
func (k *Kinds) All() []Kind { return slices.Sorted(maps.Keys(k.specs)) }

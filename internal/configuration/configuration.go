// Package configuration knows what the company runs on: configuration items of
// classes that people define, how they hang together, who answers for them and
// what they were at any past instant (regulation 2, 3.1).
package configuration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// Kind is the record kind of configuration items.
const Kind record.Kind = "ci"

// Item is one configuration item.
type Item struct {
	ID           uuid.UUID   `db:"id"`
	Version      int         `db:"version"`
	Number       int64       `db:"number"`
	Name         string      `db:"name" audit:"name"`
	Description  string      `db:"description" audit:"description"`
	ClassID      uuid.UUID   `db:"class_id" audit:"class"`
	Lifecycle    Lifecycle   `db:"lifecycle" audit:"lifecycle"`
	Operational  Operational `db:"operational" audit:"operational"`
	Install      Install     `db:"install" audit:"install"`
	Criticality  int         `db:"criticality" audit:"criticality"` // 1 critical … 4 low
	OwnerID      *uuid.UUID  `db:"owner_id" audit:"owner"`
	CustodianID  *uuid.UUID  `db:"custodian_id" audit:"custodian"`
	DepartmentID *uuid.UUID  `db:"department_id" audit:"department"`
	ServiceID    *uuid.UUID  `db:"service_id" audit:"service"`
	TeamID       *uuid.UUID  `db:"team_id" audit:"team"`
	Location     string      `db:"location" audit:"location"`
	Supplier     string      `db:"supplier" audit:"supplier"`
	Contract     string      `db:"contract" audit:"contract"`

	ContractUntil *time.Time `db:"contract_until" audit:"contract_until"` // dates: midnight UTC
	WarrantyUntil *time.Time `db:"warranty_until" audit:"warranty_until"`
	RemindedUntil *time.Time `db:"reminded_until"`
	// Redundancy is how many of the members must be healthy for the whole to
	// work; 0 means all.
	Redundancy int      `db:"redundancy" audit:"redundancy"`
	Attributes Values   `db:"attributes" audit:"attributes"`
	Locks      []string `db:"locks" audit:"locks"`
	// Origins say which source last said a field.
	Origins    map[string]string `db:"origins"`
	Source     string            `db:"source" audit:"source"`
	SourceKey  string            `db:"source_key" audit:"source_key"`
	StaleAt    *time.Time        `db:"stale_at" audit:"stale_at"`
	VerifiedAt *time.Time        `db:"verified_at" audit:"verified_at"`
	VerifiedBy *uuid.UUID        `db:"verified_by" audit:"verified_by"`
	CreatedBy  uuid.UUID         `db:"created_by"`
	CreatedAt  time.Time         `db:"created_at"`
	UpdatedAt  time.Time         `db:"updated_at"`

	// Cause says where the change being made comes from; the repository keeps it
	// with the version it makes.
	Cause Cause `db:"-"`
	// exact are the values the item is found by; uniques those that no other
	// item may have. The service sets them with the attributes.
	exact   []identifier
	uniques map[uuid.UUID]string
	// parts are the exact values of its parts, such as network cards, where they
	// were read.
	parts []string
}

// The sources of a change.
const (
	FromPerson = "person"
	FromImport = "import"
	FromAgent  = "agent"
	FromChange = "change"
)

// Cause is where a change of an item comes from: a person, an import, an agent,
// or a change record by its number.
type Cause struct {
	Source, Ref string
	ActorID     uuid.UUID
	ActorName   string
}

// Ref points at the item.
func (i Item) Ref() record.Ref { return record.Ref{Kind: Kind, ID: i.ID} }

// CurrentVersion counts the changes to the item, from 1.
func (i Item) CurrentVersion() int { return i.Version }

// Touch notes a change.
func (i *Item) Touch(now time.Time) { i.Version++; i.UpdatedAt = now }

// Label is the number people use, such as CI000123.
func (i Item) Label() string { return Label(i.Number) }

// Label writes a number the way people use it.
func Label(n int64) string { return fmt.Sprintf("CI%06d", n) }

// ParseLabel reads a number as people type it: CI000123, ci-123. A bare number
// is not one: serial numbers are bare.
func ParseLabel(s string) (int64, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "#"), "CI")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimLeft(rest, "- "), 10, 64)
	return n, err == nil && n > 0 && n < 1e15
}

// Entry is the item's line in the register. Nobody is its requester: owning a
// thing is no reason to see every ticket about it.
func (i Item) Entry() record.Entry {
	e := record.Entry{
		ID: i.ID, Kind: Kind, Number: i.Label(), Title: i.Name, State: string(i.Lifecycle), Category: i.Lifecycle.Category(), Priority: i.Criticality,
		CreatedBy: i.CreatedBy, TeamID: i.TeamID, DepartmentID: i.DepartmentID, ServiceID: i.ServiceID, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	if i.Lifecycle.Ended() {
		at := i.UpdatedAt
		e.ClosedAt = &at
	}
	return e
}

// doc is what the item is found by in words.
func (i Item) doc() search.Doc {
	texts := []string{i.Label(), i.Description, i.Location, i.Supplier, i.Contract}
	for _, k := range i.Attributes.Keys() {
		if s, ok := i.Attributes[k].(string); ok {
			texts = append(texts, s)
		}
	}
	return search.Doc{ID: i.ID, Week: search.Week(Kind, i.UpdatedAt), Title: i.Name, Texts: texts}
}

// owned: what is in use has somebody who answers for it (regulation 3.1).
func (i Item) owned() error {
	if i.Lifecycle.InUse() && i.OwnerID == nil && i.Cause.Source == FromPerson {
		return fault.OnField("owner_id", "configuration.error.no_owner")
	}
	return nil
}

// move takes the item to another place of its life, with its operational and
// install states, which must agree with it.
func (i *Item) move(to Lifecycle, op Operational, in Install) error {
	if to != i.Lifecycle && !slices.Contains(lifecycleNext[i.Lifecycle], to) {
		return fault.OnField("lifecycle", "configuration.error.lifecycle_step")
	}
	if in != i.Install && !slices.Contains(installNext[i.Install], in) {
		return fault.OnField("install", "configuration.error.install_step")
	}
	if err := agree(to, op, in); err != nil {
		return err
	}
	i.Lifecycle, i.Operational, i.Install = to, op, in
	return i.owned()
}

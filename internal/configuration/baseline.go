package configuration

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// KindBaseline names baselines in the trail.
const KindBaseline record.Kind = "ci_baseline"

// MaxBaseline is how many items one baseline may hold.
const MaxBaseline = 50_000

// limits are name, value pairs for the placeholders of why a baseline failed: of
// a baseline only the key of the text is kept.
var limits = []any{"items", MaxBaseline, "nodes", MaxNodes}

// The states of a baseline. One that was taken never changes.
const (
	Taking = "taking"
	Taken  = "taken"
	Failed = "failed"
)

// Which items a scope asks for.
const (
	ScopeAll     = "all"
	ScopeClass   = "class"
	ScopeService = "service"
	ScopeItems   = "items"
	ScopeReach   = "reach" // an item and what hangs together with it
)

// Scopes are the ways to choose items, in the order offered.
var Scopes = []string{ScopeAll, ScopeClass, ScopeService, ScopeItems, ScopeReach}

// Scope says which items something is about. Unless they are chosen one by one
// or reached from one, those that are retired or disposed of are left out.
type Scope struct {
	By      string      `json:"by"`
	Class   *uuid.UUID  `json:"class,omitempty"` // and those below it
	Service *uuid.UUID  `json:"service,omitempty"`
	Items   []uuid.UUID `json:"items,omitempty"` // for reach: the one it begins from
	Up      bool        `json:"up,omitempty"`    // reach: what it depends on, instead of what depends on it
	Depth   int         `json:"depth,omitempty"`
}

// ScopeInput is how a scope is asked for. Items are numbers or ids.
type ScopeInput struct {
	By      string     `json:"by" validate:"required,oneof=all class service items reach"`
	Class   *uuid.UUID `json:"class"`
	Service *uuid.UUID `json:"service"`
	Items   []string   `json:"items" validate:"max=1000,dive,max=80"`
	Item    string     `json:"item" validate:"max=80"`
	Up      bool       `json:"up"`
	Depth   int        `json:"depth" validate:"min=0,max=10"`
}

// Baseline is a named state of many items at one instant.
type Baseline struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"-"`
	NameZh    string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn    string     `db:"name_en" json:"name_en" audit:"name_en"`
	Reason    string     `db:"reason" json:"reason" audit:"reason"`
	Scope     Scope      `db:"scope" json:"scope" audit:"scope"`
	At        time.Time  `db:"at" json:"at" audit:"at"`
	State     string     `db:"state" json:"state" audit:"state"`
	Problem   string     `db:"problem" json:"problem" audit:"problem"`
	BatchID   *uuid.UUID `db:"batch_id" json:"job_id"`
	Items     int        `db:"items" json:"items" audit:"items"`
	Hash      string     `db:"hash" json:"hash" audit:"hash"`
	MadeBy    uuid.UUID  `db:"made_by" json:"made_by"`
	MadeName  string     `db:"made_name" json:"made_name"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"-"`
}

// Ref names the baseline in the trail.
func (b Baseline) Ref() record.Ref { return record.Ref{Kind: KindBaseline, ID: b.ID} }

// CurrentVersion counts the changes, from 1.
func (b Baseline) CurrentVersion() int { return b.Version }

// Touch notes a change.
func (b *Baseline) Touch(now time.Time) { b.Version++; b.UpdatedAt = now }

// Ready reports whether the baseline holds what it is to hold: only then can it
// be compared, checked or taken out.
func (b Baseline) Ready() bool { return b.State == Taken }

// ready refuses to do with a baseline what needs its content.
func (b Baseline) ready() error {
	if !b.Ready() {
		return fault.New(fault.Conflict, "configuration.error.not_taken")
	}
	return nil
}

// Name is what the baseline is called.
func (b Baseline) Name(ctx context.Context) string { return i18n.Pick(ctx, b.NameZh, b.NameEn) }

// incidental are the fields of a state that say something about the record and
// nothing about the thing: a baseline does not compare them.
var incidental = []string{"verified_at", "verified_by", "stale_at"}

// What became of an item between two states of many.
const (
	IsNew     = "added"
	IsGone    = "removed"
	IsChanged = "changed"
)

// Fates are what a comparison lists, in the order offered.
var Fates = []string{IsChanged, IsNew, IsGone}

// Deviation is an item that differs between a baseline and what it is compared
// with.
type Deviation struct {
	ID        uuid.UUID `db:"id"`
	Number    int64     `db:"number"`
	Name      string    `db:"name"`
	ClassID   uuid.UUID `db:"class_id"`
	Lifecycle Lifecycle `db:"lifecycle"`
	Fate      string    `db:"fate"`
	Before    *int      `db:"before"` // versions
	After     *int      `db:"after"`
	Was       State     `db:"was"`
	Is        State     `db:"now_is"`
	Changes   []Change  `db:"-"` // of a changed item
}

// TieDeviation is a relation of an item of a comparison that there was at one of
// the two instants only: added or removed.
type TieDeviation struct {
	ID         uuid.UUID    `db:"id"`
	TypeID     uuid.UUID    `db:"type_id"`
	Fate       string       `db:"fate"`
	At         time.Time    `db:"at"` // when it began, or ended
	FromID     uuid.UUID    `db:"from_id"`
	FromNumber int64        `db:"from_number"`
	FromName   string       `db:"from_name"`
	FromClass  uuid.UUID    `db:"from_class"`
	ToID       uuid.UUID    `db:"to_id"`
	ToNumber   int64        `db:"to_number"`
	ToName     string       `db:"to_name"`
	Type       RelationType `db:"-"`
}

// Label is the number people use.
func (d Deviation) Label() string { return Label(d.Number) }

// differing lists the fields of a changed item that count.
func (d Deviation) differing() []Change {
	return slices.DeleteFunc(Compare(d.Was, d.Is), func(c Change) bool { return slices.Contains(incidental, c.Field) })
}

// scope checks and completes what was asked for; find reads an item of an
// address.
func (in ScopeInput) scope(m Model, find func(string) (uuid.UUID, error)) (Scope, error) {
	out := Scope{By: in.By}
	switch in.By {
	case ScopeClass:
		if _, ok := m.Classes[deref(in.Class)]; !ok {
			return out, fault.OnField("class", "validation.required")
		}
		out.Class = in.Class
	case ScopeService:
		if in.Service == nil {
			return out, fault.OnField("service", "validation.required")
		}
		out.Service = in.Service
	case ScopeItems:
		for _, s := range in.Items {
			id, err := find(s)
			if err != nil {
				return out, fault.OnField("items", "configuration.error.no_such_number", s)
			}
			if !slices.Contains(out.Items, id) {
				out.Items = append(out.Items, id)
			}
		}
		if len(out.Items) == 0 {
			return out, fault.OnField("items", "validation.required")
		}
	case ScopeReach:
		id, err := find(in.Item)
		if err != nil {
			return out, fault.OnField("item", "configuration.error.no_such_item")
		}
		out.Items, out.Up, out.Depth = []uuid.UUID{id}, in.Up, in.Depth
		if out.Depth == 0 {
			out.Depth = DepthOnce
		}
	}
	return out, nil
}

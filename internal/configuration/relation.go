package configuration

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// KindRelationType names relation types in the trail.
const KindRelationType record.Kind = "ci_relation_type"

// The ways a fault goes along a relation.
const (
	ImpactNone     = "none"
	ImpactForward  = "forward"
	ImpactBackward = "backward"
	ImpactBoth     = "both"
)

// Impacts are the ways in the order offered.
var Impacts = [...]string{ImpactForward, ImpactBackward, ImpactBoth, ImpactNone}

// RelationType is a way in which two items hang together.
type RelationType struct {
	ID          uuid.UUID  `db:"id" json:"id"`
	Version     int        `db:"version" json:"version"`
	Key         string     `db:"key" json:"key" audit:"key"`
	NameZh      string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn      string     `db:"name_en" json:"name_en" audit:"name_en"`
	InverseZh   string     `db:"inverse_zh" json:"inverse_zh" audit:"inverse_zh"`
	InverseEn   string     `db:"inverse_en" json:"inverse_en" audit:"inverse_en"`
	Impact      string     `db:"impact" json:"impact" audit:"impact"`
	Redundant   bool       `db:"redundant" json:"redundant" audit:"redundant"`
	FromClassID *uuid.UUID `db:"from_class_id" json:"from_class_id" audit:"from_class"`
	ToClassID   *uuid.UUID `db:"to_class_id" json:"to_class_id" audit:"to_class"`
	MaxTo       int        `db:"max_to" json:"max_to" audit:"max_to"`
	MaxFrom     int        `db:"max_from" json:"max_from" audit:"max_from"`
	Active      bool       `db:"active" json:"active" audit:"active"`
	Position    int        `db:"position" json:"position"`
	CreatedAt   time.Time  `db:"created_at" json:"-"`
	UpdatedAt   time.Time  `db:"updated_at" json:"-"`
}

// Ref names the type in the trail.
func (t RelationType) Ref() record.Ref { return record.Ref{Kind: KindRelationType, ID: t.ID} }

// CurrentVersion counts the changes, from 1.
func (t RelationType) CurrentVersion() int { return t.Version }

// Touch notes a change.
func (t *RelationType) Touch(now time.Time) { t.Version++; t.UpdatedAt = now }

// Name is the relation as it reads from the first item, or from the second.
func (t RelationType) Name(ctx context.Context, forward bool) string {
	if forward {
		return i18n.Pick(ctx, t.NameZh, t.NameEn)
	}
	return i18n.Pick(ctx, t.InverseZh, t.InverseEn)
}

// Symmetric reports whether the relation reads the same from both ends.
func (t RelationType) Symmetric() bool { return t.NameEn == t.InverseEn && t.NameZh == t.InverseZh }

// Relation is two items that hang together, or did.
type Relation struct {
	ID          uuid.UUID  `db:"id"`
	TypeID      uuid.UUID  `db:"type_id"`
	FromID      uuid.UUID  `db:"from_id"`
	ToID        uuid.UUID  `db:"to_id"`
	Source      string     `db:"source"`
	SourceRef   string     `db:"source_ref"`
	CreatedName string     `db:"created_name"`
	CreatedAt   time.Time  `db:"created_at"`
	EndedAt     *time.Time `db:"ended_at"`
	EndedName   string     `db:"ended_name"`
	EndedSource string     `db:"ended_source"`
	EndedRef    string     `db:"ended_ref"`
}

// At reports whether the relation was there at an instant.
func (r Relation) At(t time.Time) bool {
	return !r.CreatedAt.After(t) && (r.EndedAt == nil || r.EndedAt.After(t))
}

// Other is the item at the other end.
func (r Relation) Other(id uuid.UUID) (other uuid.UUID, forward bool) {
	if r.FromID == id {
		return r.ToID, true
	}
	return r.FromID, false
}

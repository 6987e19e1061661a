package change

import (
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/record"
)

// kindFreeze names freezes in the trail. They are in no register.
const kindFreeze record.Kind = "change.freeze"

// Freeze is a time in which nothing is changed: [From, To). A hard one shuts the
// gates for all without an exception, a soft one warns (CHG-07).
type Freeze struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	NameZh    string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn    string     `db:"name_en" json:"name_en" audit:"name_en"`
	Hard      bool       `db:"hard" json:"hard" audit:"hard"`
	ServiceID *uuid.UUID `db:"service_id" json:"service_id" audit:"service"` // nil: everything
	From      time.Time  `db:"from_at" json:"from" audit:"from"`
	To        time.Time  `db:"to_at" json:"to" audit:"to"`
	Reason    string     `db:"reason" json:"reason" audit:"reason"`
	Lifted    bool       `db:"lifted" json:"lifted" audit:"lifted"`
	CreatedBy uuid.UUID  `db:"created_by" json:"created_by"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref points at the freeze.
func (f Freeze) Ref() record.Ref { return record.Ref{Kind: kindFreeze, ID: f.ID} }

// CurrentVersion counts the changes to it, from 1.
func (f Freeze) CurrentVersion() int { return f.Version }

// Touch notes an edit.
func (f *Freeze) Touch(now time.Time) { f.Version++; f.UpdatedAt = now }

// Facts are what decides who may set and lift it: owners of a service those of
// their service.
func (f Freeze) Facts() authz.Facts {
	out := authz.Facts{CreatedBy: f.CreatedBy}
	if f.ServiceID != nil {
		out.ServiceID = *f.ServiceID
	}
	return out
}

// Covering is a freeze that covers the window of a change, and whether the
// change is excepted from it.
type Covering struct {
	Freeze
	Excepted string     `db:"excepted" json:"excepted"` // why; "" if it is not
	By       *uuid.UUID `db:"by_id" json:"excepted_by"`
}

// Shut reports whether it keeps the change from being made.
func (c Covering) Shut() bool { return c.Hard && c.Excepted == "" }

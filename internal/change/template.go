package change

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/record"
)

// kindTemplate names templates in the trail. They are in no register.
const kindTemplate record.Kind = "change.template"

// TemplateState is where a version of a template stands.
type TemplateState string

// The states of a template.
const (
	TemplateDraft     TemplateState = "draft"
	TemplateSubmitted TemplateState = "submitted"
	TemplateApproved  TemplateState = "approved"
	TemplateRetired   TemplateState = "retired"
)

// templateLasts is for how long a template is in force at most before it is
// looked at again (CHG-11).
const templateLasts = 366 * 24 * time.Hour

// Template is one version of a template for standard changes (ITIL 4: change
// models; ISO/IEC 20000-1 8.5.1.1). What is done, how it is tested and the way
// back are fixed; who does it, to what and when is said by each change.
type Template struct {
	ID       uuid.UUID     `db:"id" json:"id"`
	Version  int           `db:"version" json:"version"`
	FamilyID uuid.UUID     `db:"family_id" json:"family_id" audit:"template"`
	Number   int           `db:"number" json:"number" audit:"number"`
	State    TemplateState `db:"state" json:"state" audit:"state"`
	NameZh   string        `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn   string        `db:"name_en" json:"name_en" audit:"name_en"`

	Content         string `db:"content" json:"content" audit:"content"`
	Reason          string `db:"reason" json:"reason" audit:"reason"`
	Effect          string `db:"effect" json:"effect" audit:"effect"`
	Communication   string `db:"communication" json:"communication" audit:"communication"`
	Steps           []Step `db:"steps" json:"steps" audit:"steps"`
	TestPlan        string `db:"test_plan" json:"test_plan" audit:"test_plan"`
	RollbackTrigger string `db:"rollback_trigger" json:"rollback_trigger" audit:"rollback_trigger"`
	Back            []Step `db:"back" json:"back" audit:"back"`
	RollbackMinutes int    `db:"rollback_minutes" json:"rollback_minutes" audit:"rollback_minutes"`
	Rehearsal       string `db:"rehearsal" json:"rehearsal" audit:"rehearsal"`
	// CriticalFrom is the most critical class of items that it may be used on: 1
	// is any, 4 only the least critical.
	CriticalFrom int `db:"critical_from" json:"critical_from" audit:"critical_from"`

	ReviewBy   time.Time   `db:"review_by" json:"review_by" audit:"review_by"` // the last day it is in force
	Authors    []uuid.UUID `db:"authors" json:"authors" audit:"authors"`
	ApprovedBy *uuid.UUID  `db:"approved_by" json:"approved_by" audit:"approved_by"`
	ApprovedAt *time.Time  `db:"approved_at" json:"approved_at" audit:"approved_at"`
	Remark     string      `db:"remark" json:"remark" audit:"remark"` // why it was sent back, or retired
	CreatedAt  time.Time   `db:"created_at" json:"created_at"`
	UpdatedAt  time.Time   `db:"updated_at" json:"updated_at"`

	reader identity.Actor // whose act it is, for Facts
}

// Ref points at the version.
func (t Template) Ref() record.Ref { return record.Ref{Kind: kindTemplate, ID: t.ID} }

// CurrentVersion counts the changes to it, from 1.
func (t Template) CurrentVersion() int { return t.Version }

// Touch notes an edit.
func (t *Template) Touch(now time.Time) { t.Version++; t.UpdatedAt = now }

// Facts are what decides who may approve it: none of those who wrote it (S4).
// One that was handed in waits for every member of the board.
func (t Template) Facts() authz.Facts {
	f := authz.Facts{CreatedBy: t.Authors[0], Participant: t.State == TemplateSubmitted}
	if slices.Contains(t.Authors, t.reader.ID) {
		f.CreatedBy = t.reader.ID
	}
	return f
}

// InForce reports whether changes may be made from it at an instant: it was
// approved, is not retired, and its last day is not over (in UTC).
func (t Template) InForce(at time.Time) bool {
	return t.State == TemplateApproved && at.Before(t.ReviewBy.AddDate(0, 0, 1))
}

// Complete reports whether nothing is missing that a change would need.
func (t Template) Complete() bool {
	titled := func(l []Step) bool {
		return len(l) > 0 && !slices.ContainsFunc(l, func(s Step) bool { return s.Title == "" || s.Minutes < 1 })
	}
	return t.Content != "" && t.Reason != "" && t.Effect != "" && t.TestPlan != "" && t.RollbackTrigger != "" && t.RollbackMinutes > 0 && titled(t.Steps) && titled(t.Back)
}

// fix puts what the template fixes into a change. The owners of the steps are
// the change's own: those given in owners by their places, or the template's.
func (t Template) fix(c *Change, steps, back []Step) {
	c.Content, c.Reason, c.Effect, c.TestPlan = t.Content, t.Reason, t.Effect, t.TestPlan
	c.RollbackTrigger, c.RollbackMinutes, c.Rehearsal = t.RollbackTrigger, t.RollbackMinutes, t.Rehearsal
	c.Steps, c.Back = owned(t.Steps, steps), owned(t.Back, back)
}

func owned(fixed, by []Step) []Step {
	out := planned(fixed)
	for i := range out {
		if i < len(by) {
			out[i].OwnerID = by[i].OwnerID
		}
	}
	return out
}

// Fixes reports whether a change is still what the template fixes.
func (t Template) Fixes(c Change) bool {
	same := c
	t.fix(&same, c.Steps, c.Back)
	return len(c.Steps) == len(t.Steps) && len(c.Back) == len(t.Back) && same.Hash() == c.Hash()
}

// governs reports whether a change may be made by the template now: it is in
// force, nothing that it fixes was touched, and none of the items is more
// critical than it was approved for (0: there are none).
func (t Template) governs(c Change, criticality int, now time.Time) bool {
	return t.InForce(now) && t.Fixes(c) && (criticality == 0 || criticality >= t.CriticalFrom)
}

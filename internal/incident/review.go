package incident

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
)

// The use cases of reviews.
const (
	ActionReview authz.Action = "incident.write_review"
	ActionSubmit authz.Action = "incident.submit_review"
	ActionSign   authz.Action = "incident.sign_review"
	ActionReturn authz.Action = "incident.return_review"
	ActionTake   authz.Action = "incident.change_review_actions"
)

// The states of a review.
const (
	ReviewDraft     = "draft"
	ReviewSubmitted = "submitted"
	ReviewSigned    = "signed"
)

// Review is the report on a major incident.
type Review struct {
	IncidentID   uuid.UUID   `db:"incident_id" json:"-"`
	Version      int         `db:"version" json:"version"`
	State        string      `db:"state" json:"state"`
	Summary      string      `db:"summary" json:"summary"`
	Impact       string      `db:"impact" json:"impact"`
	Cause        string      `db:"cause" json:"cause"`
	WentWell     string      `db:"went_well" json:"went_well"`
	WentBadly    string      `db:"went_badly" json:"went_badly"`
	StartedAt    *time.Time  `db:"started_at" json:"started_at"`
	RestoredAt   *time.Time  `db:"restored_at" json:"restored_at"`
	Authors      []uuid.UUID `db:"authors" json:"authors"`
	SubmittedBy  *uuid.UUID  `db:"submitted_by" json:"submitted_by"`
	SubmittedAt  *time.Time  `db:"submitted_at" json:"submitted_at"`
	SignedBy     *uuid.UUID  `db:"signed_by" json:"signed_by"`
	SignedAt     *time.Time  `db:"signed_at" json:"signed_at"`
	ReturnedBy   *uuid.UUID  `db:"returned_by" json:"returned_by"`
	ReturnedAt   *time.Time  `db:"returned_at" json:"returned_at"`
	ReturnReason string      `db:"return_reason" json:"return_reason"`
	CreatedAt    time.Time   `db:"created_at" json:"-"`
	UpdatedAt    time.Time   `db:"updated_at" json:"updated_at"`
	Actions      []Measure   `db:"-" json:"actions"`
}

// Measure is what is done so that it does not happen again.
type Measure struct {
	ID      uuid.UUID  `db:"id" json:"id"`
	Title   string     `db:"title" json:"title"`
	OwnerID uuid.UUID  `db:"owner_id" json:"owner_id"`
	DueOn   time.Time  `db:"due_on" json:"due_on"`
	DoneAt  *time.Time `db:"done_at" json:"done_at"`
	DoneBy  *uuid.UUID `db:"done_by" json:"done_by"`
}

// people are whose names the review shows.
func (r Review) people() []uuid.UUID {
	ids := append(slices.Clone(r.Authors), people(r.SubmittedBy, r.SignedBy, r.ReturnedBy)...)
	for _, a := range r.Actions {
		ids = append(ids, a.OwnerID)
	}
	return ids
}

// ReviewInput is what the review says. Version is that of the review the writer
// saw, 0 for a new one.
type ReviewInput struct {
	Version    int        `json:"version"`
	Summary    string     `json:"summary" validate:"omitempty,text,max=10000"`
	Impact     string     `json:"impact" validate:"omitempty,text,max=10000"`
	Cause      string     `json:"cause" validate:"omitempty,text,max=10000"`
	WentWell   string     `json:"went_well" validate:"omitempty,text,max=10000"`
	WentBadly  string     `json:"went_badly" validate:"omitempty,text,max=10000"`
	StartedAt  *time.Time `json:"started_at"`
	RestoredAt *time.Time `json:"restored_at"`
}

// open refuses what only a draft takes.
func (r *Review) open() error {
	switch r.State {
	case ReviewSigned:
		return fault.New(fault.Conflict, "incident.error.review_signed")
	case ReviewSubmitted:
		return fault.New(fault.Conflict, "incident.error.review_submitted")
	}
	return nil
}

// write changes a draft. Who wrote in it is one of its authors for ever.
func (r *Review) write(in ReviewInput, by uuid.UUID) error {
	if err := r.open(); err != nil {
		return err
	}
	if in.StartedAt != nil && in.RestoredAt != nil && in.RestoredAt.Before(*in.StartedAt) {
		return fault.OnField("restored_at", "incident.error.review_order")
	}
	r.State, r.Summary, r.Impact, r.Cause, r.WentWell, r.WentBadly = ReviewDraft, in.Summary, in.Impact, in.Cause, in.WentWell, in.WentBadly
	r.StartedAt, r.RestoredAt = in.StartedAt, in.RestoredAt
	if !slices.Contains(r.Authors, by) {
		r.Authors = append(r.Authors, by)
	}
	return nil
}

// submit hands a complete draft to somebody else to sign.
func (r *Review) submit(by uuid.UUID, now time.Time) error {
	if err := r.open(); err != nil {
		return err
	}
	out := fault.New(fault.Invalid, "incident.error.review_incomplete")
	for _, f := range []struct{ name, value string }{{"summary", r.Summary}, {"impact", r.Impact}, {"cause", r.Cause}, {"went_well", r.WentWell}} {
		if strings.TrimSpace(f.value) == "" {
			out.Fields = append(out.Fields, fault.Field{Name: f.name, Code: "validation.required"})
		}
	}
	if r.StartedAt == nil {
		out.Fields = append(out.Fields, fault.Field{Name: "started_at", Code: "validation.required"})
	}
	if len(r.Actions) == 0 {
		out.Fields = append(out.Fields, fault.Field{Name: "title", Code: "incident.error.review_no_action"})
	}
	if len(out.Fields) > 0 {
		return out
	}
	if !slices.Contains(r.Authors, by) {
		r.Authors = append(r.Authors, by)
	}
	r.State, r.SubmittedBy, r.SubmittedAt = ReviewSubmitted, &by, &now
	return nil
}

// sign is the other person's word that the review holds (controls §5: author
// and signer are two).
func (r *Review) sign(by uuid.UUID, now time.Time) error {
	if err := r.answer(by); err != nil {
		return err
	}
	r.State, r.SignedBy, r.SignedAt = ReviewSigned, &by, &now
	return nil
}

// giveBack sends a submitted review back to its authors.
func (r *Review) giveBack(by uuid.UUID, why string, now time.Time) error {
	if err := r.answer(by); err != nil {
		return err
	}
	r.State, r.ReturnedBy, r.ReturnedAt, r.ReturnReason = ReviewDraft, &by, &now, why
	return nil
}

func (r *Review) answer(by uuid.UUID) error {
	if r.State != ReviewSubmitted {
		return fault.New(fault.Conflict, "incident.error.review_not_submitted")
	}
	if slices.Contains(r.Authors, by) {
		return fault.New(fault.Forbidden, "incident.error.review_own")
	}
	return nil
}

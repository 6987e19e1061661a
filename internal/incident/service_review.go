package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// reviewing is the shape of every act on a review: the incident's row is
// locked, and the review of the version that the writer saw.
func (s *Service) reviewing(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, change func(*work.Unit, *Incident, *Review) error) (Incident, error) {
	return s.update(ctx, act, id, 0, in, func(u *work.Unit, i *Incident) error {
		if i.Major != Declared && i.Major != Ended {
			return i.majorOpen()
		}
		r, err := s.repo.review(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		if r == nil {
			r = &Review{IncidentID: id, State: ReviewDraft}
		}
		if version != 0 && version != r.Version {
			return fault.New(fault.Conflict, "incident.error.review_changed")
		}
		return change(u, i, r)
	})
}

// WriteReview changes the draft of the review.
func (s *Service) WriteReview(ctx context.Context, id uuid.UUID, in ReviewInput) (Incident, error) {
	return s.reviewing(ctx, ActionReview, id, in.Version, in, func(u *work.Unit, _ *Incident, r *Review) error {
		if err := r.write(in, u.By()); err != nil {
			return err
		}
		u.Note("review", nil, r.State)
		s.repo.saveReview(&u.Batch, *r, u.Now)
		return nil
	})
}

// SubmitReview hands the review to somebody else to sign.
func (s *Service) SubmitReview(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.reviewing(ctx, ActionSubmit, id, in.Version, in, func(u *work.Unit, i *Incident, r *Review) error {
		if err := r.submit(u.By(), u.Now); err != nil {
			return err
		}
		s.repo.saveReview(&u.Batch, *r, u.Now)
		u.Note("review", ReviewDraft, r.State)
		leads, err := s.repo.leads(ctx, u.Tx, i.TeamID, u.Now)
		if err != nil {
			return err
		}
		u.Tell("incident.major_review_submitted", uuid.Nil, leads...)
		return s.say(u, *i, Line{Kind: "submitted"}, "")
	})
}

// SignReview is the word of somebody who did not write it that the review
// holds. A signed review does not change any more.
func (s *Service) SignReview(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.reviewing(ctx, ActionSign, id, in.Version, in, func(u *work.Unit, i *Incident, r *Review) error {
		if err := r.sign(u.Actor.ID, u.Now); err != nil {
			return err
		}
		m, err := s.repo.major(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		if m != nil {
			m.ReviewSignedAt = &u.Now
			s.repo.saveMajor(&u.Batch, *m, u.Now)
		}
		s.repo.saveReview(&u.Batch, *r, u.Now)
		u.Note("review", ReviewSubmitted, r.State)
		u.Tell("incident.major_review_signed", uuid.Nil, r.people()...)
		return s.say(u, *i, Line{Kind: "signed"}, "")
	})
}

// ReturnReview sends a submitted review back to its authors.
func (s *Service) ReturnReview(ctx context.Context, id uuid.UUID, in ReasonInput) (Incident, error) {
	return s.reviewing(ctx, ActionReturn, id, in.Version, in, func(u *work.Unit, i *Incident, r *Review) error {
		if err := r.giveBack(u.Actor.ID, in.Reason, u.Now); err != nil {
			return err
		}
		s.repo.saveReview(&u.Batch, *r, u.Now)
		u.Note("review", ReviewSubmitted, r.State)
		u.Tell("incident.major_review_returned", uuid.Nil, r.Authors...)
		return s.say(u, *i, Line{Kind: "returned", TextZh: in.Reason}, "")
	})
}

// MeasureInput is what is to be done, by whom and by when.
type MeasureInput struct {
	Title   string    `json:"title" validate:"required,notblank,line,max=300"`
	OwnerID uuid.UUID `json:"owner_id" validate:"required"`
	DueOn   time.Time `json:"due_on" validate:"required"`
}

// maxMeasures bounds the actions of one review.
const maxMeasures = 50

// AddMeasure adds an action to a review that is not signed.
func (s *Service) AddMeasure(ctx context.Context, id uuid.UUID, in MeasureInput) (Incident, error) {
	return s.reviewing(ctx, ActionTake, id, 0, in, func(u *work.Unit, _ *Incident, r *Review) error {
		if err := r.write(ReviewInput{Summary: r.Summary, Impact: r.Impact, Cause: r.Cause, WentWell: r.WentWell, WentBadly: r.WentBadly, StartedAt: r.StartedAt, RestoredAt: r.RestoredAt}, u.By()); err != nil {
			return err
		}
		list, err := s.repo.measures(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		if len(list) >= maxMeasures {
			return fault.New(fault.Conflict, "incident.error.too_many_tasks", "count", maxMeasures)
		}
		if err := identity.Engage(ctx, u.Tx, in.OwnerID, "owner_id"); err != nil {
			return err
		}
		s.repo.saveReview(&u.Batch, *r, u.Now)
		m := Measure{ID: work.NewID(), Title: in.Title, OwnerID: in.OwnerID, DueOn: in.DueOn}
		s.repo.addMeasure(&u.Batch, id, m, u.By(), u.Now)
		record.Participate(&u.Batch, id, in.OwnerID, "major_action", m.ID) // who owes it may say that it is done
		u.Note("action", nil, in.Title)
		u.Tell("incident.major_action", uuid.Nil, in.OwnerID)
		return nil
	})
}

// DropMeasure removes an action from a review that is not submitted yet.
func (s *Service) DropMeasure(ctx context.Context, id, action uuid.UUID) (Incident, error) {
	return s.reviewing(ctx, ActionTake, id, 0, struct{ Action uuid.UUID }{action}, func(u *work.Unit, _ *Incident, r *Review) error {
		if err := r.open(); err != nil {
			return err
		}
		title, err := s.repo.dropMeasure(ctx, u.Tx, id, action)
		if err != nil {
			return err
		}
		record.Withdraw(&u.Batch, id, "major_action", action)
		u.Note("action", title, nil)
		return nil
	})
}

// TickMeasure says that an action is done, or that it is not after all; also
// once the review is signed.
func (s *Service) TickMeasure(ctx context.Context, id, action uuid.UUID, in TaskDoneInput) (Incident, error) {
	return s.reviewing(ctx, ActionTake, id, 0, in, func(u *work.Unit, _ *Incident, _ *Review) error {
		title, err := s.repo.tickMeasure(ctx, u.Tx, id, action, in.Done, u.By(), u.Now)
		if err != nil {
			return err
		}
		u.Note("action_done", !in.Done, title)
		return nil
	})
}

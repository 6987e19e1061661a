package servicerequest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobReview looks for items of the catalogue that nobody has reviewed for a
// year (REQ-05) and reminds their keepers, once per review.
const JobReview = "servicerequest.review"

// JobAutoClose looks for delivered requests whose requester stayed silent.
const JobAutoClose = "servicerequest.auto_close"

func (s *Service) register() error {
	return errors.Join(
		s.desk.Registry.Every(JobReview, time.Hour, 10*time.Minute, s.remindReviews),
		s.desk.Registry.Every(JobAutoClose, time.Minute, 5*time.Minute, s.autoClose),
		s.desk.Registry.Every(JobNeedToKnow, time.Minute, 5*time.Minute, s.needToKnow),
		s.desk.Bus.On("servicerequest.made", s.madeEnded, "incident.resolved", "incident.confirmed", "incident.closed", "incident.cancelled", "change.closed", "change.cancelled"),
	)
}

// autoClose closes what is due, each through the same guarded use case as a
// click. One that changed meanwhile is left alone.
func (s *Service) autoClose(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("auto-close"))
	var failed []error
	for {
		ids, err := s.repo.dueToClose(ctx, s.desk.DB, s.desk.Now(), 200)
		if err != nil {
			return err
		}
		done := 0
		for _, id := range ids {
			_, err := s.update(ctx, ActionAutoClose, id, 0, struct{}{}, func(u *work.Unit, r *Request) error {
				if r.State != Fulfilled || r.AutoCloseAt == nil || r.AutoCloseAt.After(u.Now) {
					return nil
				}
				u.Emit("servicerequest.closed", r.RequesterID)
				return r.close(MoveClose, u.Actor.ID, u.Now)
			})
			if err != nil && !fault.Is(err, fault.Conflict) {
				failed = append(failed, err)
				continue
			}
			done++
		}
		if len(ids) < 200 || done == 0 {
			return errors.Join(failed...)
		}
	}
}

// madeEnded ends the task of a request that an incident or a change stood for.
func (s *Service) madeEnded(ctx context.Context, e event.Event) error {
	if e.Version > 0 {
		if undone, err := trail.Undone(ctx, s.desk.DB, e.Ref.ID, e.Version); err != nil || undone {
			return err // it goes on: whoever ended it took that back
		}
	}
	request, task, err := s.repo.madeBy(ctx, s.desk.DB, e.Ref.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx = identity.With(ctx, identity.NewSystem("catalogue"))
	_, err = s.CompleteTask(ctx, request, task, TaskInput{})
	if fault.Is(err, fault.Conflict) {
		return nil // it ended before, or the request did
	}
	return err
}

func (s *Service) remindReviews(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("catalogue"))
	ids, err := s.items.dueForReview(ctx, s.desk.DB, s.desk.Now(), 200)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		_, err := work.Update(ctx, s.desk, s.items, ActionRemind, id, 0, struct{}{}, func(u *work.Unit, i *Item) error {
			if i.State != ItemApproved || i.RemindedAt != nil || i.ReviewAt.After(u.Now) {
				return nil
			}
			i.RemindedAt = &u.Now
			return s.announce(ctx, u, *i, "catalogue.review_due")
		})
		if err != nil && !fault.Is(err, fault.Conflict) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

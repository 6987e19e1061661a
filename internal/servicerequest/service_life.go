package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// update is an act on a request that touches none of its tasks.
func (s *Service) update(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, change func(*work.Unit, *Request) error) (Request, error) {
	return work.Update(ctx, s.desk, repository{}, act, id, version, in, s.timed(ctx, change))
}

// PendInput stops the work, for a reason and until somebody else has acted.
type PendInput struct {
	Version int           `json:"version"`
	Reason  PendingReason `json:"reason" validate:"required,oneof=user vendor parts change"`
	Remark  string        `json:"remark" validate:"omitempty,text,max=2000"`
}

// Pend puts the request on hold. A remark becomes a public reply when the user
// is waited for, and an internal note otherwise.
func (s *Service) Pend(ctx context.Context, id uuid.UUID, in PendInput) (Request, error) {
	return s.update(ctx, ActionPend, id, in.Version, in, func(u *work.Unit, r *Request) error {
		if err := r.pend(in.Reason); err != nil {
			return err
		}
		if in.Remark != "" {
			if in.Reason == OnUser {
				comment.Reply(u, r.Ref(), in.Remark, u.Now)
			} else {
				comment.AddNote(u, r.Ref(), in.Remark, u.Now)
			}
		}
		u.Emit("servicerequest.pended", r.RequesterID)
		return nil
	})
}

// Resume takes the work up again.
func (s *Service) Resume(ctx context.Context, id uuid.UUID, in StepInput) (Request, error) {
	return s.update(ctx, ActionResume, id, in.Version, in, func(u *work.Unit, r *Request) error {
		u.Emit("servicerequest.resumed", people(r.AssigneeID)...)
		return r.move(MoveResume)
	})
}

// Confirm closes the request: the requester has what they asked for. Whoever
// delivered it never confirms it.
func (s *Service) Confirm(ctx context.Context, id uuid.UUID, in StepInput) (Request, error) {
	return s.update(ctx, ActionConfirm, id, in.Version, in, func(u *work.Unit, r *Request) error {
		if err := r.only(u.Actor); err != nil {
			return err
		}
		if r.FulfilledBy != nil && *r.FulfilledBy == u.Actor.ID && r.RequesterID != u.Actor.ID {
			return fault.New(fault.Forbidden, "servicerequest.error.own_delivery")
		}
		u.Emit("servicerequest.confirmed", people(r.FulfilledBy)...)
		return r.close(MoveConfirm, u.Actor.ID, u.Now)
	})
}

// ReasonInput says why.
type ReasonInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=5000"`
}

// Return sends back what was delivered: it is not what was asked for. The task
// that ended last is open again.
func (s *Service) Return(ctx context.Context, id uuid.UUID, in ReasonInput) (Request, error) {
	return s.again(ctx, ActionReturn, MoveReturn, "servicerequest.returned", id, in)
}

// Reopen takes a closed request back to work, up to the set number of days.
func (s *Service) Reopen(ctx context.Context, id uuid.UUID, in ReasonInput) (Request, error) {
	return s.again(ctx, ActionReopen, MoveReopen, "servicerequest.reopened", id, in)
}

func (s *Service) again(ctx context.Context, act authz.Action, m Move, event string, id uuid.UUID, in ReasonInput) (Request, error) {
	var out Request
	err := s.do(ctx, func(u *work.Unit, later *aftermath) (err error) {
		out, err = work.Apply(ctx, u, repository{}, act, id, in.Version, in, s.timed(ctx, func(u *work.Unit, r *Request) error {
			if err := r.only(u.Actor); err != nil {
				return err
			}
			set, err := s.settings(ctx, u.Tx)
			if err != nil {
				return err
			}
			if r.tooLate(set.ReopenDays, u.Now) {
				return fault.New(fault.Conflict, "servicerequest.error.reopen_too_late", "days", set.ReopenDays)
			}
			if err := r.reopen(m); err != nil {
				return err
			}
			if later.tasks, err = s.repo.tasks(ctx, u.Tx, id); err != nil {
				return err
			}
			later.about(*r)
			if t := reopenLast(later.tasks); t != nil {
				await(u, *r, *t)
			}
			r.TeamID, r.AssigneeID = front(later.tasks)
			c := comment.Reply(u, r.Ref(), in.Reason, u.Now)
			to, err := s.repo.teamPeople(ctx, u.Tx, r.TeamID)
			if err != nil {
				return err
			}
			u.EmitAbout(event, c.ID, append(to, people(r.AssigneeID)...)...)
			return nil
		}))
		return err
	})
	return out, s.desk.Noted(ctx, act, record.Ref{Kind: Kind, ID: id}, err)
}

// Refuse ends a request that cannot be fulfilled, with the reason for its
// requester.
func (s *Service) Refuse(ctx context.Context, id uuid.UUID, in ReasonInput) (Request, error) {
	return s.stop(ctx, ActionRefuse, "servicerequest.rejected", id, in, func(u *work.Unit, r *Request) error {
		if r.State == Approving {
			// Deciding about that is for those who were asked.
			return fault.New(fault.Conflict, "servicerequest.error.in_approval")
		}
		return r.reject(in.Reason, u.Actor.ID, u.Now)
	})
}

// WithdrawInput takes a request back; a reason is welcome.
type WithdrawInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"omitempty,text,max=2000"`
}

// Withdraw takes a request back before work on it began.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, in WithdrawInput) (Request, error) {
	return s.stop(ctx, ActionWithdraw, "servicerequest.cancelled", id, ReasonInput(in), func(u *work.Unit, r *Request) error {
		if err := r.only(u.Actor); err != nil {
			return err
		}
		if r.State == Approving {
			if err := s.withdrawApproval(ctx, u, r.Ref()); err != nil {
				return err
			}
		}
		return r.cancel(in.Reason, u.Actor.ID, u.Now)
	})
}

// stop ends a request before its time; its open tasks are void.
func (s *Service) stop(ctx context.Context, act authz.Action, event string, id uuid.UUID, in ReasonInput, end func(*work.Unit, *Request) error) (Request, error) {
	var out Request
	var check any = in
	if act == ActionWithdraw {
		check = WithdrawInput(in)
	}
	err := s.do(ctx, func(u *work.Unit, later *aftermath) (err error) {
		out, err = work.Apply(ctx, u, repository{}, act, id, in.Version, check, s.timed(ctx, func(u *work.Unit, r *Request) error {
			to := append(people(r.AssigneeID), r.RequesterID)
			if err := end(u, r); err != nil {
				return err
			}
			u.Emit(event, to...)
			if later.tasks, err = s.repo.tasks(ctx, u.Tx, id); err != nil {
				return err
			}
			later.about(*r)
			for i := range later.tasks {
				if !later.tasks[i].State.ended() {
					later.tasks[i].State = TaskVoid
					record.Settle(&u.Batch, later.tasks[i].ID)
				}
			}
			return nil
		}))
		return err
	})
	return out, s.desk.Noted(ctx, act, record.Ref{Kind: Kind, ID: id}, err)
}

package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// AcceptInput takes an incident on and classifies it where the report did not.
type AcceptInput struct {
	Version    int        `json:"version"`
	CategoryID *uuid.UUID `json:"category_id"`
	ServiceID  *uuid.UUID `json:"service_id"`
}

// Accept is the first response (regulation 4.1).
func (s *Service) Accept(ctx context.Context, id uuid.UUID, in AcceptInput) (Incident, error) {
	return s.update(ctx, ActionAccept, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if in.CategoryID != nil || in.ServiceID != nil {
			if err := s.repo.known(ctx, u.Tx, in.CategoryID, in.ServiceID); err != nil {
				return err
			}
			i.CategoryID, i.ServiceID = first(in.CategoryID, i.CategoryID), first(in.ServiceID, i.ServiceID)
		}
		if err := i.accept(u.Actor.ID, u.Now); err != nil {
			return err
		}
		u.Emit("incident.accepted", i.RequesterID)
		return nil
	})
}

// StepInput is a move that needs nothing but the version it saw.
type StepInput struct {
	Version int `json:"version"`
}

// Start begins the repair.
func (s *Service) Start(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionStart, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		u.Emit("incident.started", i.RequesterID)
		return i.move(MoveStart)
	})
}

// PendInput stops the work, for a reason and until somebody else has acted.
type PendInput struct {
	Version int           `json:"version"`
	Reason  PendingReason `json:"reason" validate:"required,oneof=user vendor parts change problem"`
	Remark  string        `json:"remark" validate:"omitempty,text,max=2000"`
}

// Pend puts the incident on hold. A remark becomes a public reply when the
// user is waited for, and an internal note otherwise.
func (s *Service) Pend(ctx context.Context, id uuid.UUID, in PendInput) (Incident, error) {
	return s.update(ctx, ActionPend, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if err := i.pend(in.Reason); err != nil {
			return err
		}
		if in.Remark != "" {
			if in.Reason == OnUser {
				comment.Reply(u, i.Ref(), in.Remark, u.Now)
			} else {
				comment.AddNote(u, i.Ref(), in.Remark, u.Now)
			}
		}
		u.Emit("incident.pended", i.RequesterID)
		return nil
	})
}

// Resume takes the work up again.
func (s *Service) Resume(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionResume, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		u.Emit("incident.resumed", people(i.AssigneeID)...)
		return i.move(MoveResume)
	})
}

// ResolveInput records how it ended, the cause and the handling; regulation
// 4.1 asks for all three. Message, if any, is sent to the requester.
type ResolveInput struct {
	Version     int         `json:"version"`
	Code        string      `json:"resolution_code" validate:"required,oneof=fixed workaround guidance replaced external not_reproducible no_fault other"`
	Cause       string      `json:"cause" validate:"required,notblank,text,max=10000"`
	Process     string      `json:"process" validate:"required,notblank,text,max=20000"`
	Message     string      `json:"message" validate:"omitempty,text,max=20000"`
	CategoryID  *uuid.UUID  `json:"category_id"`
	Attachments []uuid.UUID `json:"attachment_ids" validate:"max=20"`
	// ForceReason says why it is resolved although work that belongs to it is
	// still open.
	ForceReason string `json:"force_reason" validate:"omitempty,text,max=500"`
}

// Resolve ends the work and asks the requester to confirm.
func (s *Service) Resolve(ctx context.Context, id uuid.UUID, in ResolveInput) (Incident, error) {
	return s.update(ctx, ActionResolve, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if err := s.partsDone(ctx, u, *i, in.ForceReason); err != nil {
			return err
		}
		return s.resolveNow(ctx, u, i, in)
	})
}

// resolveNow is Resolve within a unit.
func (s *Service) resolveNow(ctx context.Context, u *work.Unit, i *Incident, in ResolveInput) error {
	set, err := s.settings(ctx, u.Tx)
	if err != nil {
		return err
	}
	if in.CategoryID != nil {
		if err := s.repo.known(ctx, u.Tx, in.CategoryID, nil); err != nil {
			return err
		}
		i.CategoryID = in.CategoryID
	}
	open, err := s.repo.openTasks(ctx, u.Tx, i.ID)
	if err != nil {
		return err
	}
	if open > 0 {
		return fault.New(fault.Conflict, "incident.error.open_tasks", "count", open)
	}
	closes, err := s.sla.AddDays(ctx, u, u.Now, set.AutoCloseDays)
	if err != nil {
		return err
	}
	if err := i.resolve(Resolution{in.Code, in.Cause, in.Process}, u.By(), u.Now, closes); err != nil {
		return err
	}
	if in.Message != "" {
		c := comment.Reply(u, i.Ref(), in.Message, u.Now)
		if err := attachment.Bind(ctx, u, i.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID}); err != nil {
			return err
		}
	}
	draft.Clear(u, "incident:"+i.ID.String()+":resolve")
	u.Emit("incident.resolved", i.RequesterID)
	return nil
}

// Confirm closes the incident: the person who reported it says that it works.
// Whoever resolved it never confirms it (control INC-07).
func (s *Service) Confirm(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionConfirm, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if i.ResolvedBy != nil && *i.ResolvedBy == u.Actor.ID {
			return fault.New(fault.Forbidden, "incident.error.own_resolution")
		}
		u.Emit("incident.confirmed", people(i.AssigneeID)...)
		return i.close(MoveConfirm, u.Actor.ID, u.Now)
	})
}

// RejectInput says why a resolution does not hold.
type RejectInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=5000"`
}

// Reject sends a resolved incident back to work.
func (s *Service) Reject(ctx context.Context, id uuid.UUID, in RejectInput) (Incident, error) {
	return s.update(ctx, ActionReject, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if err := i.reopen(MoveReject, u.Actor.ID, u.Now); err != nil {
			return err
		}
		comment.Reply(u, i.Ref(), in.Reason, u.Now)
		u.Emit("incident.rejected", people(i.AssigneeID)...)
		return nil
	})
}

// Reopen takes a resolved or closed incident back to work, up to the set
// number of days after it ended. Later a new report is the honest thing.
func (s *Service) Reopen(ctx context.Context, id uuid.UUID, in RejectInput) (Incident, error) {
	return s.update(ctx, ActionReopen, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		set, err := s.settings(ctx, u.Tx)
		if err != nil {
			return err
		}
		if tooLate(*i, set.ReopenDays, u.Now) {
			return fault.New(fault.Conflict, "incident.error.reopen_too_late", "days", set.ReopenDays)
		}
		if err := i.reopen(MoveReopen, u.Actor.ID, u.Now); err != nil {
			return err
		}
		comment.Reply(u, i.Ref(), in.Reason, u.Now)
		u.Emit("incident.reopened", people(i.AssigneeID, &i.RequesterID)...)
		return nil
	})
}

// tooLate reports whether the time to reopen is over: more than days after the
// incident was closed, or resolved where it is not closed.
func tooLate(i Incident, days int, now time.Time) bool {
	ended := i.ResolvedAt
	if i.ClosedAt != nil {
		ended = i.ClosedAt
	}
	return ended != nil && now.After(ended.Add(time.Duration(days)*24*time.Hour))
}

// CancelInput ends an incident that should not have been opened.
type CancelInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,oneof=duplicate false_alarm withdrawn"`
	Remark  string `json:"remark" validate:"omitempty,text,max=2000"`
}

// Cancel ends an incident before work began.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID, in CancelInput) (Incident, error) {
	return s.update(ctx, ActionCancel, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if err := i.cancel(in.Reason); err != nil {
			return err
		}
		if in.Remark != "" {
			comment.Reply(u, i.Ref(), in.Remark, u.Now)
		}
		u.Emit("incident.cancelled", people(&i.RequesterID, i.AssigneeID)...)
		return nil
	})
}

package change

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Schedule books the window: from now on nobody else can book one of the items
// in it. Of two at once the database lets one through.
func (s *Service) Schedule(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionSchedule, id, in.Version, in, func(u *work.Unit, c *Change) error {
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		u.Emit("change.scheduled", append(c.people(), c.RequesterID)...)
		return c.move(MoveSchedule, at)
	})
}

// Hold stops a change where it is; votes that are waited for wait as well.
func (s *Service) Hold(ctx context.Context, id uuid.UUID, in ReasonInput) (Change, error) {
	return s.update(ctx, ActionHold, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if c.OnHold || !c.State.Planned() {
			return fault.New(fault.Conflict, "change.error.not_now")
		}
		c.OnHold, c.HoldReason = true, in.Reason
		u.Emit("change.held", append(c.people(), c.RequesterID)...)
		return s.Approvals.Hold(ctx, u, c.Ref(), in.Reason)
	})
}

// Release lets a change go on from where it was held.
func (s *Service) Release(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionRelease, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if !c.OnHold {
			return fault.New(fault.Conflict, "change.error.not_now")
		}
		c.OnHold, c.HoldReason = false, ""
		what, err := s.content(ctx, u.Tx, *c)
		if err != nil {
			return err
		}
		u.Emit("change.released", append(c.people(), c.RequesterID)...)
		return s.Approvals.Release(ctx, u, what)
	})
}

// Start begins the implementation if every gate is open: approved as it stands,
// within the window, not held, and not by somebody who approved it.
func (s *Service) Start(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionStart, id, in.Version, in, func(u *work.Unit, c *Change) error {
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		if err := c.start(at, u.Actor.ID); err != nil {
			return err
		}
		if c.Type == Emergency {
			due := u.Now.Add(reviewWithin)
			c.ReviewDueAt = &due
		}
		u.Emit("change.started", c.RequesterID)
		return nil
	})
}

// BreakGlass begins a change without what the gates ask for. It is for four
// hours, managers are told at once, and it is reviewed afterwards.
func (s *Service) BreakGlass(ctx context.Context, id uuid.UUID, in ReasonInput) (Change, error) {
	return s.update(ctx, ActionBreakGlass, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if err := c.breakGlass(in.Reason, u.Actor.ID, u.Now, u.Now.Add(reviewWithin)); err != nil {
			return err
		}
		if err := s.Approvals.Void(ctx, u, c.Ref(), "change.reason.glass"); err != nil {
			return err
		}
		managers, err := s.repo.withRole(ctx, u.Tx, string(identity.ChangeManager), u.Now)
		if err != nil {
			return err
		}
		to := []uuid.UUID{c.RequesterID}
		for _, m := range managers {
			to = append(to, m.ID)
		}
		u.Emit("change.glass_broken", to...)
		return nil
	})
}

// RunInput starts or ends a step.
type RunInput struct {
	Version int     `json:"version"`
	List    string  `json:"list" validate:"required,oneof=steps back"` // the plan's, or those of the way back
	Step    int     `json:"step" validate:"min=1,max=60"`              // its place, from 1
	Do      string  `json:"do" validate:"required,oneof=start end"`
	Outcome Outcome `json:"outcome" validate:"omitempty,oneof=done failed skipped"` // of a step that ends
	Remark  string  `json:"remark" validate:"omitempty,text,max=5000"`
}

// Run starts or ends one step, with the time and who did it.
func (s *Service) Run(ctx context.Context, id uuid.UUID, in RunInput) (Change, error) {
	return s.update(ctx, ActionStep, id, in.Version, in, func(u *work.Unit, c *Change) error {
		steps := &c.Steps
		want := Implementing
		if in.List == "back" {
			steps, want = &c.Back, RollingBack
		}
		if c.State != want {
			return fault.New(fault.Conflict, "change.error.not_now")
		}
		if in.List == "steps" && in.Do == "start" && c.glassOver(u.Now) {
			return fault.New(fault.Conflict, "change.error.glass_over")
		}
		var err error
		if in.Do == "start" {
			*steps, err = begin(*steps, in.Step-1, u.Actor.ID, u.Now)
		} else {
			o := in.Outcome
			if o == "" {
				o = Done
			}
			*steps, err = end(*steps, in.Step-1, o, in.Remark, u.Actor.ID, u.Now)
		}
		return err
	})
}

// glassOver reports whether the time is over for which the glass was broken.
func (c Change) glassOver(now time.Time) bool { return c.GlassUntil != nil && now.After(*c.GlassUntil) }

// RollBack takes the way back: one act that leaves out what was not done and
// opens the steps of the way back.
func (s *Service) RollBack(ctx context.Context, id uuid.UUID, in ReasonInput) (Change, error) {
	return s.update(ctx, ActionRollBack, id, in.Version, in, func(u *work.Unit, c *Change) error {
		u.Emit("change.rolling_back", append(c.people(), c.RequesterID)...)
		return c.rollBack(in.Reason, u.Actor.ID, u.Now)
	})
}

// Finish ends the work at the systems; every step must be closed.
func (s *Service) Finish(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionFinish, id, in.Version, in, func(u *work.Unit, c *Change) error {
		u.Emit("change.finished", c.RequesterID)
		return c.finish(u.Now)
	})
}

// VerifyInput is how it ended, as somebody else sees it.
type VerifyInput struct {
	Version int    `json:"version"`
	Result  Result `json:"result" validate:"required,oneof=success issues rolled_back failed"`
	Note    string `json:"note" validate:"required,notblank,text,max=10000"`
}

// Verify notes the result, by somebody who did not implement it.
func (s *Service) Verify(ctx context.Context, id uuid.UUID, in VerifyInput) (Change, error) {
	return s.update(ctx, ActionVerify, id, in.Version, in, func(u *work.Unit, c *Change) error {
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		if err := c.verify(in.Result, in.Note, at, u.Actor.ID); err != nil {
			return err
		}
		if c.NeedsReview() && c.ReviewDueAt == nil {
			due := u.Now.Add(reviewWithin)
			c.ReviewDueAt = &due
		}
		u.Emit("change.verified", append(c.people(), c.RequesterID)...)
		return nil
	})
}

// ReviewInput is the post-implementation review.
type ReviewInput struct {
	Version        int    `json:"version"`
	Lessons        string `json:"lessons" validate:"omitempty,text,max=20000"`
	Actions        string `json:"actions" validate:"omitempty,text,max=20000"`
	ItemsConfirmed bool   `json:"items_confirmed"` // the records of the items say what is there now (CHG-09)
}

// Close ends the change after its review: what was learnt, what follows, and
// that the items' records are right.
func (s *Service) Close(ctx context.Context, id uuid.UUID, in ReviewInput) (Change, error) {
	return s.update(ctx, ActionClose, id, in.Version, in, func(u *work.Unit, c *Change) error {
		c.Lessons, c.Actions, c.ItemsConfirmed = in.Lessons, in.Actions, in.ItemsConfirmed
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		u.Emit("change.closed", append(c.people(), c.RequesterID)...)
		return c.close(at, u.Actor.ID)
	})
}

// Cancel ends a change before anything was done.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID, in ReasonInput) (Change, error) {
	return s.update(ctx, ActionCancel, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if err := s.Approvals.Withdraw(ctx, u, c.Ref(), in.Reason); err != nil {
			return err
		}
		u.Emit("change.cancelled", append(c.people(), c.RequesterID)...)
		return c.cancel(in.Reason, u.Now)
	})
}

// NoteInput is a note.
type NoteInput struct {
	Body string `json:"body" validate:"required,notblank,text,max=20000"`
}

// Note adds a note to the change.
func (s *Service) Note(ctx context.Context, id uuid.UUID, in NoteInput) (Change, error) {
	return s.update(ctx, ActionNote, id, 0, in, func(u *work.Unit, c *Change) error {
		comment.AddNote(u, c.Ref(), in.Body, u.Now)
		u.Emit("change.noted", people(&c.RequesterID, c.ImplementerID)...)
		return nil
	})
}

// WatchInput follows, or stops following.
type WatchInput struct {
	Watch bool `json:"watch"`
}

// Watch follows the change, or stops.
func (s *Service) Watch(ctx context.Context, id uuid.UUID, in WatchInput) (Change, error) {
	return s.update(ctx, ActionWatch, id, 0, in, func(u *work.Unit, c *Change) error {
		if in.Watch {
			record.Watch(&u.Batch, c.ID, u.Actor.ID, u.Actor.ID, u.Now)
			u.Note("watcher", nil, u.Actor.ID.String())
		} else {
			record.Unwatch(&u.Batch, c.ID, u.Actor.ID)
			u.Note("watcher", u.Actor.ID.String(), nil)
		}
		return nil
	})
}

// RaiseIn makes, within a running unit, the draft of an emergency change for
// what somebody changed without one: it is marked, and goes the way of any
// other. It answers with the number.
func (s *Service) RaiseIn(ctx context.Context, u *work.Unit, item uuid.UUID, title, content string) (string, error) {
	in := CreateInput{Type: Emergency, Plan: Plan{Title: title, Content: content, Items: []uuid.UUID{item}}}
	c, err := work.Insert(ctx, u, s.repo, ActionCreate, nil, in, func(u *work.Unit) (Change, error) {
		c, err := s.make(ctx, u, Emergency, nil, in.Plan)
		c.Unauthorised = true
		return c, err
	})
	return c.Label(), err
}

package servicerequest

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Settings are what an administrator may change about requests at run time.
type Settings struct {
	// AutoCloseDays is after how many working days of silence a delivered
	// request closes.
	AutoCloseDays int `json:"auto_close_days" validate:"min=1,max=60"`
	// ReopenDays is for how many days after it was closed a request may be
	// reopened.
	ReopenDays int `json:"reopen_days" validate:"min=1,max=365"`
}

// SetSettings changes the settings.
func (s *Service) SetSettings(ctx context.Context, in Settings) error {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := s.settings(ctx, u.Tx)
		if err != nil {
			return err
		}
		id := work.NewID()
		s.repo.saveSettings(&u.Batch, id, in, u.Actor.ID, u.Now)
		return u.Record(ctx, ActionConfigure, record.Ref{Kind: "setting", ID: id}, trail.Diff{"settings": {before, in}})
	})
}

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
			later.request = id
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

// reopenLast makes the task of a team that ended last ready again; where only
// other records were made, the last of those is a task now.
func reopenLast(tasks []Task) *Task {
	last := -1
	for i, t := range tasks {
		if t.State != TaskDone {
			continue
		}
		if last < 0 || t.Output == OutputTask && (tasks[last].Output != OutputTask || !t.DoneAt.Before(*tasks[last].DoneAt)) {
			last = i
		}
	}
	if last < 0 {
		return nil
	}
	t := &tasks[last]
	t.State, t.DoneAt, t.DoneBy, t.Output = TaskReady, nil, nil, OutputTask
	return t
}

// await puts a task that is ready into the inbox of whoever holds it, and of
// nobody else.
func await(u *work.Unit, r Request, t Task) {
	record.Settle(&u.Batch, t.ID)
	if t.State != TaskReady || t.AssigneeID == nil {
		return
	}
	record.Await(&u.Batch, record.Wait{
		RecordID: r.ID, PersonID: *t.AssigneeID, What: "servicerequest.task", Source: t.ID, Path: "/requests/" + r.Label() + "/tasks/" + t.ID.String() + "/done", Detail: t.Title("zh-CN"), Since: u.Now,
	})
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
			later.request = id
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

// TaskInput works on a task; Remark says what was done.
type TaskInput struct {
	Remark string `json:"remark" validate:"omitempty,text,max=5000"`
}

// throughTask is an act on one task of a request, decided by how the actor
// stands to that task: its team and holder, and whether they approved (S5).
func (s *Service) throughTask(ctx context.Context, act authz.Action, id, task uuid.UUID, in any, change func(*work.Unit, *Request, *Task, *aftermath) error) (Request, error) {
	var out Request
	err := s.do(ctx, func(u *work.Unit, later *aftermath) (err error) {
		st := taskStore{task: task, approvers: func(ctx context.Context, tx db.Tx, id uuid.UUID) ([]uuid.UUID, error) {
			return s.approvers(ctx, tx, id)
		}}
		out, err = work.Apply(ctx, u, st, act, id, 0, in, s.timed(ctx, func(u *work.Unit, r *Request) error {
			if later.tasks, err = s.repo.tasks(ctx, u.Tx, id); err != nil {
				return err
			}
			later.request = id
			i := slices.IndexFunc(later.tasks, func(t Task) bool { return t.ID == task })
			t := &later.tasks[i]
			if t.Output != OutputTask && !u.Actor.System {
				return fault.New(fault.Conflict, "servicerequest.error.task_elsewhere")
			}
			return change(u, r, t, later)
		}))
		return err
	})
	return out, s.desk.Noted(ctx, act, record.Ref{Kind: Kind, ID: id}, err)
}

// start begins fulfilment with the first hand that is laid on a task.
func (r *Request) start() error {
	if r.State == Approved {
		return r.move(MoveStart)
	}
	if r.State != Fulfilling && r.State != Pending {
		return fault.New(fault.Conflict, "servicerequest.error.illegal.start", "state", string(r.State))
	}
	return nil
}

// ClaimTask takes a task that is ready.
func (s *Service) ClaimTask(ctx context.Context, id, task uuid.UUID, in StepInput) (Request, error) {
	return s.throughTask(ctx, ActionClaimTask, id, task, in, func(u *work.Unit, r *Request, t *Task, later *aftermath) error {
		if t.State != TaskReady {
			return fault.New(fault.Conflict, "servicerequest.error.task."+string(t.State))
		}
		if err := r.start(); err != nil {
			return err
		}
		t.AssigneeID = &u.Actor.ID
		await(u, *r, *t)
		u.Note("task", nil, t.Title("zh-CN"))
		u.Emit("servicerequest.started", r.RequesterID)
		r.TeamID, r.AssigneeID = front(later.tasks)
		return nil
	})
}

// AssignTaskInput hands a task to a person, a team, or both.
type AssignTaskInput struct {
	AssigneeID *uuid.UUID `json:"assignee_id"`
	TeamID     *uuid.UUID `json:"team_id"`
}

// AssignTask hands a task on. Without a team it stays with its own.
func (s *Service) AssignTask(ctx context.Context, id, task uuid.UUID, in AssignTaskInput) (Request, error) {
	return s.throughTask(ctx, ActionAssignTask, id, task, in, func(u *work.Unit, r *Request, t *Task, later *aftermath) error {
		if t.State.ended() {
			return fault.New(fault.Conflict, "servicerequest.error.task."+string(t.State))
		}
		t.AssigneeID = in.AssigneeID
		if in.TeamID != nil {
			t.TeamID = in.TeamID
		}
		u.Note("task", nil, t.Title("zh-CN"))
		await(u, *r, *t)
		if t.State == TaskReady {
			u.EmitAbout("servicerequest.task_assigned", t.ID, people(in.AssigneeID)...)
		}
		r.TeamID, r.AssigneeID = front(later.tasks)
		return nil
	})
}

// CompleteTask ends a task and hands over to those that follow it.
func (s *Service) CompleteTask(ctx context.Context, id, task uuid.UUID, in TaskInput) (Request, error) {
	return s.throughTask(ctx, ActionFulfil, id, task, in, func(u *work.Unit, r *Request, t *Task, later *aftermath) error {
		if err := r.start(); err != nil {
			return err
		}
		if t.AssigneeID == nil && !u.Actor.System {
			t.AssigneeID = &u.Actor.ID
		}
		if err := t.complete(u.Actor.ID, in.Remark, u.Now); err != nil {
			return err
		}
		record.Settle(&u.Batch, t.ID)
		u.Note("task_done", nil, t.Title("zh-CN"))
		return s.handOver(ctx, u, r, later)
	})
}

// ReplyInput is a public reply or an internal note.
type ReplyInput struct {
	Body        string      `json:"body" validate:"required,notblank,text,max=20000"`
	Attachments []uuid.UUID `json:"attachment_ids" validate:"max=20"`
}

// Reply adds a public reply. The requester's answer takes a request up again
// that waits for them.
func (s *Service) Reply(ctx context.Context, id uuid.UUID, in ReplyInput) (Request, error) {
	return s.update(ctx, ActionReply, id, 0, in, func(u *work.Unit, r *Request) error {
		c := comment.Reply(u, r.Ref(), in.Body, u.Now)
		if err := attachment.Bind(ctx, u, r.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID}); err != nil {
			return err
		}
		draft.Clear(u, "request:"+id.String()+":reply")
		to := people(&r.RequesterID, r.AssigneeID)
		if u.Actor.ID == r.RequesterID && r.State == Pending && r.PendingReason == OnUser {
			u.EmitAbout("servicerequest.resumed", c.ID, to...)
			return r.move(MoveResume)
		}
		u.EmitAbout("servicerequest.replied", c.ID, to...)
		return nil
	})
}

// Note adds an internal note, which requesters never see.
func (s *Service) Note(ctx context.Context, id uuid.UUID, in ReplyInput) (Request, error) {
	return s.update(ctx, ActionNote, id, 0, in, func(u *work.Unit, r *Request) error {
		c := comment.AddNote(u, r.Ref(), in.Body, u.Now)
		draft.Clear(u, "request:"+id.String()+":note")
		u.EmitAbout("servicerequest.noted", c.ID, people(r.AssigneeID)...)
		return attachment.Bind(ctx, u, r.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID, Internal: true})
	})
}

// WatchInput follows or stops following.
type WatchInput struct {
	Watch bool `json:"watch"`
}

// Watch makes the actor a follower, or ends it.
func (s *Service) Watch(ctx context.Context, id uuid.UUID, in WatchInput) (Request, error) {
	return s.update(ctx, ActionWatch, id, 0, in, func(u *work.Unit, r *Request) error {
		if in.Watch {
			record.Watch(&u.Batch, r.ID, u.Actor.ID, u.Actor.ID, u.Now)
			u.Note("watcher", nil, u.Actor.ID)
			return nil
		}
		record.Unwatch(&u.Batch, r.ID, u.Actor.ID)
		u.Note("watcher", u.Actor.ID, nil)
		return nil
	})
}

package servicerequest

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

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
	if t.State != TaskReady || t.AssigneeID == nil || t.elsewhere() {
		return
	}
	record.Await(&u.Batch, record.Wait{
		RecordID: r.ID, PersonID: *t.AssigneeID, What: "servicerequest.task", Source: t.ID, Path: "/requests/" + r.Label() + "/tasks/" + t.ID.String() + "/" + t.act(), Detail: t.Title("zh-CN"), Since: u.Now,
	})
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
			later.about(*r)
			i := slices.IndexFunc(later.tasks, func(t Task) bool { return t.ID == task })
			t := &later.tasks[i]
			if t.elsewhere() && !u.Actor.System {
				return fault.New(fault.Conflict, "servicerequest.error.task_elsewhere")
			}
			was := t.AssigneeID
			if err := change(u, r, t, later); err != nil || t.AssigneeID == nil || was != nil && *was == *t.AssigneeID {
				return err
			}
			return identity.Engage(ctx, u.Tx, *t.AssigneeID, "assignee_id")
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
		if t.Output == OutputChange && !u.Actor.System {
			return fault.New(fault.Conflict, "servicerequest.error.task_change")
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

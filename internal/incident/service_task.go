package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Task is a piece of an incident's work that one person does.
type Task struct {
	ID         uuid.UUID  `db:"id" json:"id"`
	Title      string     `db:"title" json:"title"`
	AssigneeID *uuid.UUID `db:"assignee_id" json:"assignee_id"`
	Position   int        `db:"position" json:"position"`
	DoneAt     *time.Time `db:"done_at" json:"done_at"`
	DoneBy     *uuid.UUID `db:"done_by" json:"done_by"`
	CreatedAt  time.Time  `db:"created_at" json:"created_at"`
}

// maxTasks bounds the tasks of one incident.
const maxTasks = 100

// TaskInput adds a task.
type TaskInput struct {
	Title      string     `json:"title" validate:"required,notblank,line,max=200"`
	AssigneeID *uuid.UUID `json:"assignee_id"`
}

// AddTask adds a task to an open incident. Whoever it is given to may see the
// incident for it.
func (s *Service) AddTask(ctx context.Context, id uuid.UUID, in TaskInput) (Incident, error) {
	return s.update(ctx, ActionTasks, id, 0, in, func(u *work.Unit, i *Incident) error {
		if !i.State.Open() {
			return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
		}
		list, err := s.repo.tasks(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		if len(list) >= maxTasks {
			return fault.New(fault.Conflict, "incident.error.too_many_tasks", "count", maxTasks)
		}
		task := work.NewID()
		if in.AssigneeID != nil {
			if err := identity.Engage(ctx, u.Tx, *in.AssigneeID, "assignee_id"); err != nil {
				return err
			}
			hand(u, id, task, *in.AssigneeID, in.Title)
			u.EmitAbout("incident.task_assigned", task, *in.AssigneeID)
		}
		s.repo.addTask(&u.Batch, id, Task{ID: task, Title: in.Title, AssigneeID: in.AssigneeID, Position: len(list) + 1, CreatedAt: u.Now}, u.Actor.ID)
		u.Note("task", nil, in.Title)
		return nil
	})
}

// TaskDoneInput ticks a task or takes the tick back.
type TaskDoneInput struct {
	Done bool `json:"done"`
}

// TickTask says that a task is done, or that it is not after all.
func (s *Service) TickTask(ctx context.Context, id, task uuid.UUID, in TaskDoneInput) (Incident, error) {
	return s.update(ctx, ActionTasks, id, 0, in, func(u *work.Unit, i *Incident) error {
		if !i.State.Open() {
			return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
		}
		title, holder, err := s.repo.tick(ctx, u.Tx, id, task, in.Done, u.Actor.ID, u.Now)
		if err != nil {
			return db.Map(err)
		}
		switch {
		case in.Done:
			record.Withdraw(&u.Batch, id, "task", task)
			record.Settle(&u.Batch, task)
		case holder != nil:
			hand(u, id, task, *holder, title)
		}
		u.Note("task_done", !in.Done, title)
		return nil
	})
}

// hand lets a person see the incident for a task, which waits in their inbox
// until it is done.
func hand(u *work.Unit, id, task, person uuid.UUID, title string) {
	record.Participate(&u.Batch, id, person, "task", task)
	record.Await(&u.Batch, record.Wait{RecordID: id, PersonID: person, What: "incident.task", Source: task, Detail: title, Since: u.Now})
}

package servicerequest

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// act is what the holder of a task does to it: also the address of its page.
func (t Task) act() string {
	if t.Output == OutputChange {
		return "change"
	}
	return "done"
}

// ChangeInput opens the change that a task is about.
type ChangeInput struct {
	Title string `json:"title" validate:"required,notblank,text,max=200"`
}

// OpenChange opens the change that a task is about, as a draft in the actor's
// name: they fill in the plan and hand it in, and it goes the way of any change.
// By the item's setting the task ends with the opening, or with the change.
//
// The change is made by its own practice, in a transaction of its own. So the
// task is taken first, under its lock, and only its holder goes on; the draft is
// made under a key of the task, and whoever presses again after a failure
// between the two gets the same one.
func (s *Service) OpenChange(ctx context.Context, id, task uuid.UUID, in ChangeInput) (Request, error) {
	r, err := s.holdChange(ctx, id, task, in)
	if err != nil {
		return r, err
	}
	order, err := s.changeOrder(ctx, r, in)
	if err != nil {
		return r, err
	}
	ref, err := s.Changes.Begin(work.WithKey(work.WithMatch(ctx, 0), "request-task:"+task.String()), order)
	if err != nil {
		return r, err
	}
	return s.throughTask(ctx, ActionFulfil, id, task, in, func(u *work.Unit, r *Request, t *Task, later *aftermath) error {
		if t.State != TaskReady {
			return fault.New(fault.Conflict, "servicerequest.error.task."+string(t.State))
		}
		t.MadeKind, t.MadeID = ref.Kind, &ref.ID
		record.Link(&u.Batch, r.ID, ref.ID, "related", u.Actor.ID, u.Now)
		record.Settle(&u.Batch, t.ID)
		u.Note("task_change", nil, t.Title("zh-CN"))
		if t.Waits {
			r.TeamID, r.AssigneeID = front(later.tasks)
			return nil
		}
		if err := t.complete(u.Actor.ID, "", u.Now); err != nil {
			return err
		}
		return s.handOver(ctx, u, r, later)
	})
}

// holdChange takes the task for the actor, unless they have it already.
func (s *Service) holdChange(ctx context.Context, id, task uuid.UUID, in ChangeInput) (Request, error) {
	if s.Changes == nil || !s.Changes.MayBegin(ctx) {
		return Request{}, s.desk.Noted(ctx, ActionFulfil, record.Ref{Kind: Kind, ID: id}, fault.New(fault.Forbidden, "servicerequest.error.change_right"))
	}
	if key := work.Key(ctx); key != "" {
		ctx = work.WithKey(ctx, key+":hold")
	}
	return s.throughTask(ctx, ActionFulfil, id, task, in, func(u *work.Unit, r *Request, t *Task, later *aftermath) error {
		switch {
		case t.Output != OutputChange:
			return fault.New(fault.Conflict, "servicerequest.error.no_change")
		case r.Confidential:
			return fault.New(fault.Conflict, "servicerequest.error.change_confidential")
		case t.State != TaskReady:
			return fault.New(fault.Conflict, "servicerequest.error.task."+string(t.State))
		case t.AssigneeID != nil && *t.AssigneeID != u.Actor.ID:
			return fault.New(fault.Conflict, "servicerequest.error.change_held")
		}
		if err := r.start(); err != nil {
			return err
		}
		t.AssigneeID = &u.Actor.ID
		await(u, *r, *t)
		r.TeamID, r.AssigneeID = front(later.tasks)
		return nil
	})
}

// changeOrder is what the draft of a change says first: what was asked for, as
// it was answered.
func (s *Service) changeOrder(ctx context.Context, r Request, in ChangeInput) (ChangeOrder, error) {
	v, err := s.items.version(ctx, s.desk.DB, r.VersionID)
	if err != nil {
		return ChangeOrder{}, err
	}
	c, err := s.contentToApprove(ctx, s.desk.DB, r, v.Content)
	if err != nil {
		return ChangeOrder{}, err
	}
	lines := []string{c.Card.Title}
	for _, f := range c.Card.Facts {
		lines = append(lines, f.Label+": "+f.Value)
	}
	reason := i18n.T(ctx, "servicerequest.change.reason", "number", r.Label())
	return ChangeOrder{Title: in.Title, Content: strings.Join(lines, "\n"), Reason: strings.Join(append([]string{reason}, c.Card.Lines...), "\n"), ServiceID: r.ServiceID}, nil
}

// changeTitle is what the change of a task is called first.
func (d Detail) changeTitle(ctx context.Context, t Task) string {
	out := []rune(t.Title(i18n.Lang(ctx)) + " (" + d.Label() + ")")
	return string(out[:min(len(out), 200)])
}

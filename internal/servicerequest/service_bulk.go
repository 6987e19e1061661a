package servicerequest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/queue"
	"opsdesk/internal/work"
)

// The batches of requests.
const (
	BatchBulk = "servicerequest.bulk"
	BatchUndo = "servicerequest.bulk_undo"
)

// BulkInput is one change for many requests: those of IDs, or all that the list
// at Query shows.
type BulkInput struct {
	Act   string      `json:"act" validate:"required,oneof=assign priority pend resume note"`
	IDs   []uuid.UUID `json:"ids" validate:"max=1000"`
	All   bool        `json:"all"`
	Query string      `json:"query" validate:"max=4000"`

	TeamID     *uuid.UUID    `json:"team_id,omitempty"`
	AssigneeID *uuid.UUID    `json:"assignee_id,omitempty"`
	Impact     int           `json:"impact,omitempty" validate:"min=0,max=3"`
	Urgency    int           `json:"urgency,omitempty" validate:"min=0,max=3"`
	Reason     string        `json:"reason,omitempty" validate:"omitempty,text,max=500"`
	PendReason PendingReason `json:"pend_reason,omitempty" validate:"omitempty,oneof=user vendor parts change"`
	Remark     string        `json:"remark,omitempty" validate:"omitempty,text,max=2000"`
	Body       string        `json:"body,omitempty"`
}

// Chosen are the requests that the change is about.
func (in BulkInput) Chosen() queue.Chosen {
	return queue.Chosen{Act: in.Act, IDs: in.IDs, All: in.All, Query: in.Query}
}

var bulkActions = map[string]authz.Action{"assign": ActionAssignTask, "priority": ActionPriority, "pend": ActionPend, "resume": ActionResume, "note": ActionNote}

// lacks refuses input that no row could take.
func (in BulkInput) lacks() error {
	switch {
	case in.Act == "assign" && in.TeamID == nil && in.AssigneeID == nil:
		return fault.OnField("team_id", "servicerequest.error.bulk_assign")
	case in.Act == "pend" && in.PendReason == "":
		return fault.OnField("pend_reason", "validation.required")
	case in.Act == "priority":
		return validate.Struct(PriorityInput{Impact: in.Impact, Urgency: in.Urgency, Reason: in.Reason})
	case in.Act == "note":
		return validate.Struct(ReplyInput{Body: in.Body})
	}
	return nil
}

// Bulk previews a change of many requests: for each it looks whether the actor
// may make it and whether its state allows it. Nothing is changed until the
// batch is started; then every request is decided anew.
func (s *Service) Bulk(ctx context.Context, in BulkInput) (batch.Batch, error) {
	if err := validate.Struct(in); err != nil {
		return batch.Batch{}, err
	}
	if err := in.lacks(); err != nil {
		return batch.Batch{}, err
	}
	chosen := in.Chosen()
	in.IDs = nil // they are the batch's rows
	return s.queue.Draft(ctx, BatchBulk, chosen, in, func(ctx context.Context, ids []uuid.UUID) ([]batch.Row, error) {
		set, err := s.settings(ctx, s.desk.DB)
		if err != nil {
			return nil, err
		}
		var out []batch.Row
		for _, id := range ids {
			r, facts, err := s.Get(ctx, id)
			if fault.Is(err, fault.NotFound) {
				continue // hidden, or never was: it does not exist for this person
			}
			if err != nil {
				return nil, err
			}
			code, err := s.refusal(ctx, r, &facts, bulkActions[in.Act], set)
			if err != nil {
				return nil, err
			}
			out = append(out, batch.Row{RecordID: id, Number: r.Label(), Code: code})
		}
		return out, nil
	})
}

// refusal is why the actor could not do this to the request now; "" if they
// could. Handing tasks on is decided task by task.
func (s *Service) refusal(ctx context.Context, r Request, facts *authz.Facts, act authz.Action, set Settings) (string, error) {
	if m, ok := moves[act]; ok && !s.legal(r, act, set) {
		_, err := r.State.Next(m)
		return fault.Of(err).Code, nil
	}
	if !s.legal(r, act, set) {
		return "servicerequest.error.not_now", nil
	}
	if act != ActionAssignTask {
		return queue.Denied(ctx, s.desk, facts, act)
	}
	d := Detail{Request: r, Facts: *facts}
	var err error
	if d.who, err = identity.From(ctx); err != nil {
		return "", err
	}
	if err := s.fillTasks(ctx, &d); err != nil {
		return "", err
	}
	if len(d.handable()) > 0 {
		return "", nil
	}
	return "servicerequest.error.no_task", nil
}

// handable are the tasks that wait to be done and that the actor may hand on.
func (d Detail) handable() []Task {
	var out []Task
	for _, t := range d.Tasks {
		if t.MayAssign && t.State == TaskReady {
			out = append(out, t.Task)
		}
	}
	return out
}

// bulkRow makes the change to one request, and returns what would take it back.
func (s *Service) bulkRow(ctx context.Context, b batch.Batch, row batch.Row) (any, error) {
	var in BulkInput
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return nil, fmt.Errorf("bulk change: %w", err)
	}
	before, err := s.Detail(ctx, row.RecordID)
	if err != nil {
		return nil, err
	}
	acts := 1
	var after Request
	if in.Act == "assign" {
		acts = len(before.handable())
		after, err = s.handOn(ctx, before, AssignTaskInput{AssigneeID: in.AssigneeID, TeamID: in.TeamID})
	} else {
		after, err = s.actOn(ctx, row.RecordID, in)
	}
	if err != nil || after.Version != before.Version+acts {
		return nil, err // nothing changed, or somebody else changed it in between
	}
	if back := reversal(before, in); back != nil {
		back.Version = after.Version
		return back, nil
	}
	return nil, nil
}

// actOn makes a change to the request itself.
func (s *Service) actOn(ctx context.Context, id uuid.UUID, in BulkInput) (Request, error) {
	switch in.Act {
	case "priority":
		return s.Prioritise(ctx, id, PriorityInput{Impact: in.Impact, Urgency: in.Urgency, Reason: in.Reason})
	case "pend":
		return s.Pend(ctx, id, PendInput{Reason: in.PendReason, Remark: in.Remark})
	case "resume":
		return s.Resume(ctx, id, StepInput{})
	}
	return s.Note(ctx, id, ReplyInput{Body: in.Body})
}

// handOn hands the tasks that can be done now to a person, a team, or both.
func (s *Service) handOn(ctx context.Context, d Detail, in AssignTaskInput) (out Request, err error) {
	tasks := d.handable()
	if len(tasks) == 0 {
		return out, fault.New(fault.Conflict, "servicerequest.error.no_task")
	}
	for _, t := range tasks {
		if out, err = s.AssignTask(work.WithKey(ctx, keyOf(ctx, t.ID)), d.ID, t.ID, in); err != nil {
			return out, err
		}
	}
	return out, nil
}

// undo is what takes one change back.
type undo struct {
	// Version is the request's after the change: undone is only what nobody has
	// changed since.
	Version int       `json:"version"`
	In      BulkInput `json:"in"`
	// Tasks are whose the tasks were that were handed on.
	Tasks []held `json:"tasks,omitempty"`
}

// held is a task and whose it was.
type held struct {
	ID uuid.UUID       `json:"id"`
	To AssignTaskInput `json:"to"`
}

// maxReason is how long the reason of a priority may be, in runes.
const maxReason = 500

// reversal is what would take a change of a request as it was before back; nil
// where nothing can.
func reversal(before Detail, in BulkInput) *undo {
	out := &undo{In: BulkInput{Act: in.Act}}
	switch in.Act {
	case "assign":
		for _, t := range before.handable() {
			if t.TeamID == nil && in.TeamID != nil {
				return nil // a team cannot be taken away
			}
			out.Tasks = append(out.Tasks, held{t.ID, AssignTaskInput{AssigneeID: t.AssigneeID, TeamID: t.TeamID}})
		}
	case "priority":
		// The trail names the reason that is taken back.
		why := []rune("↶ " + in.Reason)
		out.In.Impact, out.In.Urgency, out.In.Reason = before.Impact, before.Urgency, string(why[:min(len(why), maxReason)])
	case "pend":
		if before.State == Pending {
			out.In.PendReason = before.PendingReason // it waited for something else
			break
		}
		out.In.Act = "resume"
	case "resume":
		out.In.Act, out.In.PendReason = "pend", before.PendingReason
	default:
		return nil
	}
	return out
}

// undoRow takes the change of one request back, if nobody has changed it since.
func (s *Service) undoRow(ctx context.Context, _ batch.Batch, row batch.Row) (any, error) {
	var u undo
	if err := json.Unmarshal(row.Undo, &u); err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	r, _, err := s.Get(ctx, row.RecordID)
	if err != nil {
		return nil, err
	}
	if r.Version != u.Version {
		return nil, fault.New(fault.Conflict, "servicerequest.error.changed_since")
	}
	// The version is looked at again under the lock; each task is an act.
	if u.In.Act == "assign" {
		for n, t := range u.Tasks {
			if _, err = s.AssignTask(work.WithMatch(work.WithKey(ctx, keyOf(ctx, t.ID)), u.Version+n), r.ID, t.ID, t.To); err != nil {
				break
			}
		}
	} else {
		_, err = s.actOn(work.WithMatch(ctx, u.Version), r.ID, u.In)
	}
	if fault.Is(err, fault.Stale) {
		err = fault.New(fault.Conflict, "servicerequest.error.changed_since")
	}
	return nil, err
}

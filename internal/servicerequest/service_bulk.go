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

// BatchBulk is a change of many requests.
const BatchBulk = "servicerequest.bulk"

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
	return s.queue.Draft(ctx, BatchBulk, chosen, in, func(ctx context.Context, id uuid.UUID) (string, string, error) {
		r, facts, err := s.Get(ctx, id)
		if err != nil {
			return "", "", err
		}
		code, err := s.refusal(ctx, r, &facts, bulkActions[in.Act])
		return r.Label(), code, err
	})
}

// refusal is why the actor could not do this to the request now; "" if they
// could. Handing tasks on is decided task by task.
func (s *Service) refusal(ctx context.Context, r Request, facts *authz.Facts, act authz.Action) (string, error) {
	set, err := s.settings(ctx, s.desk.DB)
	if err != nil {
		return "", err
	}
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

// bulkRow makes the change to one request.
func (s *Service) bulkRow(ctx context.Context, b batch.Batch, row batch.Row) (any, error) {
	var in BulkInput
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return nil, fmt.Errorf("bulk change: %w", err)
	}
	var err error
	switch in.Act {
	case "assign":
		err = s.handOn(ctx, row.RecordID, AssignTaskInput{AssigneeID: in.AssigneeID, TeamID: in.TeamID})
	case "priority":
		_, err = s.Prioritise(ctx, row.RecordID, PriorityInput{Impact: in.Impact, Urgency: in.Urgency, Reason: in.Reason})
	case "pend":
		_, err = s.Pend(ctx, row.RecordID, PendInput{Reason: in.PendReason, Remark: in.Remark})
	case "resume":
		_, err = s.Resume(ctx, row.RecordID, StepInput{})
	default:
		_, err = s.Note(ctx, row.RecordID, ReplyInput{Body: in.Body})
	}
	return nil, err
}

// handOn hands the tasks that can be done now to a person, a team, or both.
func (s *Service) handOn(ctx context.Context, id uuid.UUID, in AssignTaskInput) error {
	d, err := s.Detail(ctx, id)
	if err != nil {
		return err
	}
	tasks := d.handable()
	if len(tasks) == 0 {
		return fault.New(fault.Conflict, "servicerequest.error.no_task")
	}
	for _, t := range tasks {
		if _, err := s.AssignTask(work.WithKey(ctx, keyOf(ctx, t.ID)), id, t.ID, in); err != nil {
			return err
		}
	}
	return nil
}

package incident

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/queue"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// The batches of incidents.
const (
	BatchBulk = "incident.bulk"
	BatchUndo = "incident.bulk_undo"
)

// bulkAct is a change that may be made to many incidents at once.
type bulkAct struct {
	action authz.Action
	// check refuses input that no row could take.
	check func(BulkInput) *fault.Error
	run   func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error)
}

var bulkActs = map[string]bulkAct{
	"assign": {
		ActionAssign,
		func(in BulkInput) *fault.Error {
			if in.TeamID == nil && in.AssigneeID == nil {
				return fault.OnField("team_id", "incident.error.bulk_assign")
			}
			return nil
		},
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Assign(ctx, id, AssignInput{AssigneeID: in.AssigneeID, TeamID: in.TeamID})
		},
	},
	"priority": {
		ActionPriority, need("priority", func(in BulkInput) bool { return in.Priority > 0 }),
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Prioritise(ctx, id, PriorityInput{Priority: in.Priority, Reason: in.Reason})
		},
	},
	"category": {
		ActionEdit, need("category_id", func(in BulkInput) bool { return in.CategoryID != nil }),
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Edit(ctx, id, EditInput{CategoryID: in.CategoryID})
		},
	},
	"service": {
		ActionEdit, need("service_id", func(in BulkInput) bool { return in.ServiceID != nil }),
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Edit(ctx, id, EditInput{ServiceID: in.ServiceID})
		},
	},
	"start": {ActionStart, nil, func(s *Service, ctx context.Context, id uuid.UUID, _ BulkInput) (Incident, error) {
		return s.Start(ctx, id, StepInput{})
	}},
	"pend": {
		ActionPend, need("pend_reason", func(in BulkInput) bool { return in.PendReason != "" }),
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Pend(ctx, id, PendInput{Reason: in.PendReason, Remark: in.Remark})
		},
	},
	"resume": {ActionResume, nil, func(s *Service, ctx context.Context, id uuid.UUID, _ BulkInput) (Incident, error) {
		return s.Resume(ctx, id, StepInput{})
	}},
	"resolve": {
		ActionResolve,
		func(in BulkInput) *fault.Error {
			return fault.Of(validate.Struct(ResolveInput{Code: in.Code, Cause: in.Cause, Process: in.Process}))
		},
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Resolve(ctx, id, ResolveInput{Code: in.Code, Cause: in.Cause, Process: in.Process})
		},
	},
	"cancel": {
		ActionCancel, need("cancel_reason", func(in BulkInput) bool { return in.CancelReason != "" }),
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Cancel(ctx, id, CancelInput{Reason: in.CancelReason, Remark: in.Remark})
		},
	},
	"parent": {
		ActionParent, need("parent_number", func(in BulkInput) bool { return in.ParentNumber != "" }),
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Attach(ctx, id, AttachInput{Number: in.ParentNumber, As: in.ChildAs})
		},
	},
	"detach": {ActionParent, nil, func(s *Service, ctx context.Context, id uuid.UUID, _ BulkInput) (Incident, error) {
		return s.Detach(ctx, id, StepInput{})
	}},
	"note": {
		ActionNote, func(in BulkInput) *fault.Error { return fault.Of(validate.Struct(ReplyInput{Body: in.Body})) },
		func(s *Service, ctx context.Context, id uuid.UUID, in BulkInput) (Incident, error) {
			return s.Note(ctx, id, ReplyInput{Body: in.Body})
		},
	},
}

func need(field string, has func(BulkInput) bool) func(BulkInput) *fault.Error {
	return func(in BulkInput) *fault.Error {
		if !has(in) {
			return fault.OnField(field, "validation.required")
		}
		return nil
	}
}

// BulkInput is one change for many incidents: those of IDs, or all that the
// list at Query shows.
type BulkInput struct {
	Act   string      `json:"act" validate:"required,oneof=assign priority category service start pend resume resolve cancel note parent detach"`
	IDs   []uuid.UUID `json:"ids" validate:"max=1000"`
	All   bool        `json:"all"`
	Query string      `json:"query" validate:"max=4000"`

	TeamID       *uuid.UUID    `json:"team_id,omitempty"`
	AssigneeID   *uuid.UUID    `json:"assignee_id,omitempty"`
	Priority     int           `json:"priority,omitempty" validate:"min=0,max=4"`
	Reason       string        `json:"reason,omitempty" validate:"omitempty,text,max=500"`
	CategoryID   *uuid.UUID    `json:"category_id,omitempty"`
	ServiceID    *uuid.UUID    `json:"service_id,omitempty"`
	PendReason   PendingReason `json:"pend_reason,omitempty" validate:"omitempty,oneof=user vendor parts change problem"`
	CancelReason string        `json:"cancel_reason,omitempty" validate:"omitempty,oneof=duplicate false_alarm withdrawn"`
	Remark       string        `json:"remark,omitempty" validate:"omitempty,text,max=2000"`
	Code         string        `json:"resolution_code,omitempty"`
	Cause        string        `json:"cause,omitempty"`
	Process      string        `json:"process,omitempty"`
	Body         string        `json:"body,omitempty"`
	// ParentNumber is the incident whose children they become, ChildAs as what.
	ParentNumber string `json:"parent_number,omitempty" validate:"omitempty,line,max=40"`
	ChildAs      string `json:"child_as,omitempty" validate:"omitempty,oneof=same part"`
}

// Bulk previews a change of many incidents: it refuses one whose aim is not
// there, and looks for each incident whether the actor may make the change and
// whether what it is, and what belongs to it, allow it. Nothing is changed until
// the batch is started; then every incident is decided anew.
func (s *Service) Bulk(ctx context.Context, in BulkInput) (batch.Batch, error) {
	if err := validate.Struct(in); err != nil {
		return batch.Batch{}, err
	}
	act := bulkActs[in.Act]
	if act.check != nil {
		if f := act.check(in); f != nil {
			return batch.Batch{}, f
		}
	}
	if err := s.aim(ctx, &in); err != nil {
		return batch.Batch{}, err
	}
	chosen := in.Chosen()
	in.IDs = nil // they are the batch's rows
	return s.queue.Draft(ctx, BatchBulk, chosen, in, func(ctx context.Context, ids []uuid.UUID) ([]batch.Row, error) { return s.preview(ctx, in, ids) })
}

// Chosen are the incidents that the change is about.
func (in BulkInput) Chosen() queue.Chosen {
	return queue.Chosen{Act: in.Act, IDs: in.IDs, All: in.All, Query: in.Query}
}

// undo is what takes one change back.
type undo struct {
	// Version is the incident's after the change: undone is only what nobody has
	// changed since.
	Version int       `json:"version"`
	In      BulkInput `json:"in"`
	// Empty: the field had nothing before, and has nothing again.
	Empty bool `json:"empty,omitempty"`
}

// empties are the changes whose field may have had nothing, which no change of
// many can give it back.
func empties(before Incident, act string) bool {
	switch act {
	case "assign":
		return before.TeamID == nil
	case "category":
		return before.CategoryID == nil
	case "service":
		return before.ServiceID == nil
	}
	return false
}

// emptied takes a change back by which a field got its first value. Who held
// the incident holds it again.
func (s *Service) emptied(ctx context.Context, id uuid.UUID, back undo) (Incident, error) {
	return s.update(work.WithMatch(ctx, back.Version), undos[bulkActs[back.In.Act].action], id, 0, struct{}{}, func(u *work.Unit, i *Incident) error {
		u.Note(trail.Undoes, nil, back.Version)
		switch back.In.Act {
		case "category":
			i.CategoryID = nil
		case "service":
			i.ServiceID = nil
		case "assign":
			if err := s.repo.assignable(ctx, u.Tx, back.In.AssigneeID, nil, u.Now); err != nil {
				return err
			}
			u.Emit("incident.assigned", people(back.In.AssigneeID)...)
			return i.assign(back.In.AssigneeID, nil)
		}
		return nil
	})
}

// backToFamily is what takes a change of an incident's parent back.
func (s *Service) backToFamily(ctx context.Context, before Incident) (*BulkInput, error) {
	if before.ParentID == nil {
		return &BulkInput{Act: "detach"}, nil
	}
	p, err := s.repo.get(ctx, s.desk.DB, *before.ParentID)
	return &BulkInput{Act: "parent", ParentNumber: p.Label(), ChildAs: before.ChildAs}, err
}

// reversal is what would take an act on an incident as it was before back; nil
// where nothing can.
func reversal(before Incident, act string) *BulkInput {
	in := BulkInput{Act: act}
	switch act {
	case "assign":
		in.AssigneeID, in.TeamID = before.AssigneeID, before.TeamID
	case "priority":
		in.Priority, in.Reason = before.Priority, before.PriorityReason
	case "category":
		in.CategoryID = before.CategoryID
	case "service":
		in.ServiceID = before.ServiceID
	case "pend":
		if before.State != InProgress {
			return nil // work would have begun by it
		}
		in.Act = "resume"
	case "resume":
		in.Act, in.PendReason = "pend", before.PendingReason
	default:
		return nil
	}
	return &in
}

// bulkRow makes the change to one incident.
func (s *Service) bulkRow(ctx context.Context, b batch.Batch, r batch.Row) (any, error) {
	var in BulkInput
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return nil, fmt.Errorf("bulk change: %w", err)
	}
	before, _, err := s.Get(ctx, r.RecordID)
	if err != nil {
		return nil, err
	}
	after, err := bulkActs[in.Act].run(s, ctx, r.RecordID, in)
	if err != nil || after.Version == before.Version {
		return nil, err
	}
	back := reversal(before, in.Act)
	if in.Act == "parent" || in.Act == "detach" {
		if back, err = s.backToFamily(ctx, before); err != nil {
			return nil, err
		}
	}
	if back != nil {
		return undo{Version: after.Version, In: *back, Empty: empties(before, in.Act)}, nil
	}
	return nil, nil
}

// undoRow takes the change of one incident back, if nobody has changed it
// since.
func (s *Service) undoRow(ctx context.Context, _ batch.Batch, r batch.Row) (any, error) {
	var u undo
	if err := json.Unmarshal(r.Undo, &u); err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	_, err := s.takeBack(ctx, r.RecordID, u)
	return nil, err
}

func (s *Service) takeBack(ctx context.Context, id uuid.UUID, u undo) (Incident, error) {
	i, _, err := s.Get(ctx, id)
	if err != nil {
		return i, err
	}
	if i.Version != u.Version {
		return i, fault.New(fault.Conflict, "incident.error.changed_since")
	}
	// The version is looked at again under the lock.
	if u.Empty {
		i, err = s.emptied(ctx, id, u)
	} else {
		i, err = bulkActs[u.In.Act].run(s, work.WithMatch(ctx, u.Version), id, u.In)
	}
	if fault.Is(err, fault.Stale) {
		err = fault.New(fault.Conflict, "incident.error.changed_since")
	}
	return i, err
}

package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// The acts of taking back. Each needs the permission of what it takes back.
const (
	ActionUndo         authz.Action = "incident.undo"
	ActionUndoHand     authz.Action = "incident.undo_hand"
	ActionUndoPriority authz.Action = "incident.undo_priority"
	ActionUndoPause    authz.Action = "incident.undo_pause"
	ActionUndoReply    authz.Action = "incident.undo_reply"
	ActionUndoResolve  authz.Action = "incident.undo_resolve"
	ActionUndoConfirm  authz.Action = "incident.undo_confirm"
	ActionUndoReopen   authz.Action = "incident.undo_reopen"
	ActionUndoCancel   authz.Action = "incident.undo_cancel"
)

// undos says by which act each reversible one is taken back.
var undos = map[authz.Action]authz.Action{
	ActionAccept: ActionUndo, ActionStart: ActionUndo, ActionEdit: ActionUndo,
	ActionAssign: ActionUndoHand, ActionClaim: ActionUndoHand, ActionTransfer: ActionUndoHand,
	ActionPriority: ActionUndoPriority, ActionPend: ActionUndoPause, ActionResume: ActionUndoPause, ActionReply: ActionUndoReply,
	ActionResolve: ActionUndoResolve, ActionConfirm: ActionUndoConfirm, ActionReject: ActionUndoReopen, ActionReopen: ActionUndoReopen, ActionCancel: ActionUndoCancel,
}

// undoFor is how long an act may be taken back by whoever did it. What was said
// to somebody may be only while the messages wait, and so may that the incident
// is over, or is not after all: its requester acts on it.
const undoFor = 2 * time.Minute

// UndoInput takes back the act that made a version.
type UndoInput struct {
	Version int `json:"version" validate:"required,min=1"`
}

// Undo takes the actor's own last act on an incident back, as long as nobody
// has changed it since: every field is what it was, and a reply is gone as if
// it had not been said, but for the trail. Who would have been told of the act
// is not, if the messages still wait.
func (s *Service) Undo(ctx context.Context, id uuid.UUID, in UndoInput) (Incident, error) {
	e, err := trail.OfVersion(ctx, s.desk.DB, id, in.Version)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Incident{}, err
	}
	act, known := undos[e.Action]
	if !known {
		act = ActionUndo // which refuses
	}
	return s.update(ctx, act, id, 0, in, func(u *work.Unit, i *Incident) error {
		if i.Version != in.Version {
			return fault.New(fault.Conflict, "incident.error.changed_since")
		}
		if !known || e.ActorID != u.Actor.ID || e.BehalfID != nil {
			return fault.New(fault.Conflict, "incident.error.undo_none")
		}
		if u.Now.Sub(e.At) > undoFor {
			return fault.New(fault.Conflict, "incident.error.undo_late")
		}
		return s.takeAllBack(ctx, u, i, e)
	})
}

func (s *Service) takeAllBack(ctx context.Context, u *work.Unit, i *Incident, e trail.Entry) error {
	diff, err := e.Changes()
	if err != nil {
		return err
	}
	if err := s.alone(ctx, u, *i, e, diff); err != nil {
		return err
	}
	was := *i
	for field, v := range diff {
		if err := i.restore(field, v[0]); err != nil {
			return err
		}
	}
	if err := s.silence(ctx, u, i); err != nil {
		return err
	}
	if _, ok := diff["assignee"]; ok {
		if err := s.repo.assignable(ctx, u.Tx, i.AssigneeID, i.TeamID, u.Now); err != nil {
			return err
		}
		if u.Now.Sub(e.At) > s.desk.Undo {
			u.Emit("incident.assigned", people(i.AssigneeID)...) // who has it now was told that they have not
		}
	}
	said, err := s.unsay(ctx, u, i, e, diff)
	if err != nil {
		return err
	}
	switch key := "incident:" + i.ID.String(); e.Action {
	case ActionReply:
		draft.Restore(u, key+":reply", draft.Fields{"body": said})
	case ActionResolve:
		draft.Restore(u, key+":resolve", draft.Fields{"resolution_code": was.ResolutionCode, "cause": was.Cause, "process": was.Process, "message": said})
	}
	record.Retract(&u.Batch, i.ID, u.Actor.ID, e.At)
	u.Note(trail.Undoes, nil, e.Version)
	return nil
}

// alone refuses to take back what others have acted on, or been told of,
// already: children that go with the incident, whoever reads its announcement,
// and its requester once the messages have left.
func (s *Service) alone(ctx context.Context, u *work.Unit, i Incident, e trail.Entry, diff trail.Diff) error {
	state, moved := diff["state"]
	was, is := stateOf(state[0]), stateOf(state[1])
	crossed := moved && was.Open() != is.Open()
	if crossed || is == Closed {
		if u.Now.Sub(e.At) >= s.desk.Undo {
			return fault.New(fault.Conflict, "incident.error.undo_told")
		}
	}
	if e.Action == ActionStart || crossed && is != Cancelled {
		family, err := s.repo.hasChildren(ctx, u.Tx, i.ID)
		if err != nil {
			return err
		}
		if family {
			return fault.New(fault.Conflict, "incident.error.undo_family")
		}
	}
	if !crossed {
		return nil
	}
	a, err := s.repo.announcement(ctx, u.Tx, i.ID)
	if err != nil {
		return err
	}
	if i.Major == Declared || a != nil && (a.Open() || !a.WithdrawnAt.Before(e.At)) {
		return fault.New(fault.Conflict, "incident.error.undo_announced")
	}
	return nil
}

func stateOf(v any) State {
	s, _ := v.(string)
	return State(s)
}

// silence sets when a resolved incident closes by itself: from when it was
// resolved, as before the act that is taken back.
func (s *Service) silence(ctx context.Context, u *work.Unit, i *Incident) error {
	i.AutoCloseAt = nil
	if i.State != Resolved || i.ResolvedAt == nil {
		return nil
	}
	set, err := s.settings(ctx, u.Tx)
	if err != nil {
		return err
	}
	closes, err := s.sla.AddDays(ctx, u, *i.ResolvedAt, set.AutoCloseDays)
	i.AutoCloseAt = &closes
	return err
}

// unsay takes back the reply that the act said, if it did, and returns it: it
// is gone from the page, the search and whoever it called.
func (s *Service) unsay(ctx context.Context, u *work.Unit, i *Incident, e trail.Entry, diff trail.Diff) (string, error) {
	said, ok := diff["reply"]
	if !ok {
		return "", nil
	}
	if u.Now.Sub(e.At) >= s.desk.Undo {
		return "", fault.New(fault.Conflict, "incident.error.undo_sent")
	}
	id, err := uuid.Parse(fmt.Sprint(said[1]))
	if err != nil {
		return "", fmt.Errorf("reply of version %d: %w", e.Version, err)
	}
	c, err := comment.Unsay(ctx, u, i.ID, id)
	if err != nil {
		return "", err
	}
	if _, err := attachment.Release(ctx, u, id); err != nil {
		return "", err
	}
	return c.Body, s.repo.reindex(ctx, u.Tx, i.ID)
}

// beside are facts of a reversible act that are no fields of the incident: what
// was said stays said, but for a reply.
var beside = []string{"reply", "note", "remark", "attachments", "mention", "stands_in_for", "promise", trail.Undoes}

// restore gives a field the value that the trail says it had. A field that is
// not known here makes the act one that cannot be taken back.
func (i *Incident) restore(field string, v any) error {
	text, _ := v.(string)
	number, _ := v.(float64)
	var id *uuid.UUID
	if x, err := uuid.Parse(text); err == nil {
		id = &x
	}
	var at *time.Time
	if x, err := time.Parse(time.RFC3339Nano, text); err == nil {
		at = &x
	}
	switch field {
	case "state":
		i.State = State(text)
	case "pending_reason":
		i.PendingReason = PendingReason(text)
	case "responded_at":
		i.RespondedAt = nil // only what was not answered can have been
	case "resolution_code":
		i.ResolutionCode = text
	case "cause":
		i.Cause = text
	case "process":
		i.Process = text
	case "cancel_reason":
		i.CancelReason = text
	case "reopen_count":
		i.ReopenCount = int(number)
	case "resolved_at":
		i.ResolvedAt = at
	case "resolved_by":
		i.ResolvedBy = id
	case "closed_at":
		i.ClosedAt = at
	case "closed_by":
		i.ClosedBy = id
	case "reopened_at":
		i.ReopenedAt = at
	case "reopened_by":
		i.ReopenedBy = id
	case "category":
		i.CategoryID = id
	case "service":
		i.ServiceID = id
	case "team":
		i.TeamID = id
	case "assignee":
		i.AssigneeID = id
	case "priority":
		i.Priority = int(number)
	case "impact":
		i.Impact = int(number)
	case "urgency":
		i.Urgency = int(number)
	case "priority_reason":
		i.PriorityReason = text
	case "title":
		i.Title = text
	case "description":
		i.Description = text
	case "location":
		i.Location = text
	case "device":
		i.Device = text
	default:
		if !slices.Contains(beside, field) {
			return fault.New(fault.Conflict, "incident.error.undo_none")
		}
	}
	return nil
}

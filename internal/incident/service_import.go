package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// History is an incident of another system with all that happened to it there.
type History struct {
	Source, Key           string // Key is its number there
	Title, Description    string
	Channel, Location     string
	RequesterID, OpenedBy uuid.UUID
	OpenedAt              time.Time
	Events                []HistoryEvent // in their order; the first is the report itself
}

// HistoryEvent is how the incident stood after one change.
type HistoryEvent struct {
	Row        int // of the file, for messages
	Seq        string
	At         time.Time
	By         *uuid.UUID
	State      State // "" is a state that has no counterpart
	SourceName string
	Reason     PendingReason
	Impact     int
	Urgency    int
	Priority   int
	CategoryID *uuid.UUID
	TeamID     *uuid.UUID
	AssigneeID *uuid.UUID
	Resolution Resolution
}

// Refusal is one event that the state guard did not let pass.
type Refusal struct {
	Row  int
	Key  string
	Code string // message key
	Args []any
}

// Matrix is the priority of each impact and urgency.
type Matrix map[[2]int]int

// Matrix reads the priority matrix, for Replay.
func (s *Service) Matrix(ctx context.Context) (Matrix, error) {
	cells, err := s.repo.matrix(ctx, s.desk.DB)
	m := Matrix{}
	for _, c := range cells {
		m[[2]int{c.Impact, c.Urgency}] = c.Priority
	}
	return m, err
}

// begin is the incident as its first event reports it.
func (h History) begin(m Matrix) (Incident, error) {
	i := Incident{
		Version: 1, Title: title(h.Title, h.Description), Description: h.Description, State: New, Channel: h.Channel, Location: h.Location,
		RequesterID: h.RequesterID, CreatedBy: h.OpenedBy, ReportedAt: h.OpenedAt, CreatedAt: h.OpenedAt, UpdatedAt: h.OpenedAt, Source: h.Source, SourceKey: h.Key,
	}
	e := h.Events[0]
	i.Impact, i.Urgency, i.Priority = 2, 2, m[[2]int{2, 2}]
	first := e
	first.State = New
	if err := first.apply(&i, m); err != nil {
		return i, err
	}
	return i, e.apply(&i, m)
}

// apply brings an incident to how it stood after the event, through the same
// state machine as any click: steps that the old system took at once are taken
// one after the other, and what the machine refuses is refused.
func (e HistoryEvent) apply(i *Incident, m Matrix) error {
	after := *i
	if e.State == "" {
		return fault.New(fault.Conflict, "incident.error.unknown_state", "state", e.SourceName)
	}
	if after.State != Closed || e.State != Closed {
		e.fields(&after, m)
	}
	by := after.CreatedBy
	if e.By != nil {
		by = *e.By
	}
	if err := e.walk(&after, by); err != nil {
		return err
	}
	*i = after
	return nil
}

func (e HistoryEvent) fields(i *Incident, m Matrix) {
	i.CategoryID = first(e.CategoryID, i.CategoryID)
	i.TeamID, i.AssigneeID = first(e.TeamID, i.TeamID), e.AssigneeID
	if e.Impact > 0 && e.Urgency > 0 {
		i.Impact, i.Urgency = e.Impact, e.Urgency
	}
	i.Priority, i.PriorityReason = m[[2]int{i.Impact, i.Urgency}], ""
	if e.Priority > 0 && e.Priority != i.Priority {
		i.Priority, i.PriorityReason = e.Priority, "imported"
	}
}

// walk takes the steps to the event's state.
func (e HistoryEvent) walk(i *Incident, by uuid.UUID) error {
	keep := i.AssigneeID // accepting names somebody; the old system knows whom
	defer func() { i.AssigneeID = keep }()
	if e.State == i.State && (e.State != Pending || e.Reason == i.PendingReason) {
		return nil
	}
	if i.State == New && (e.State == InProgress || e.State == Pending) {
		if err := i.accept(by, e.At); err != nil {
			return err
		}
	}
	switch e.State {
	case InProgress:
		switch i.State {
		case Accepted:
			return i.move(MoveStart)
		case Pending:
			return i.move(MoveResume)
		default:
			return i.reopen(MoveReopen, by, e.At)
		}
	case Pending:
		return i.pend(e.Reason)
	case Resolved:
		return i.resolve(e.Resolution, by, e.At, e.At)
	case Closed:
		return i.close(MoveClose, by, e.At)
	case Cancelled:
		return i.cancel("withdrawn")
	case Accepted:
		return i.accept(by, e.At)
	}
	return fault.New(fault.Conflict, "incident.error.unknown_state", "state", e.SourceName)
}

// Replay takes a history through the state guard without storing anything:
// what an import would refuse.
func (h History) Replay(m Matrix) []Refusal {
	var out []Refusal
	i, err := h.begin(m)
	if err != nil {
		out = append(out, h.refusal(h.Events[0], err))
	}
	for _, e := range h.Events[1:] {
		if err := e.apply(&i, m); err != nil {
			out = append(out, h.refusal(e, err))
		}
	}
	return out
}

func (h History) refusal(e HistoryEvent, err error) Refusal {
	f := fault.Of(err)
	r := Refusal{Row: e.Row, Key: h.Key, Code: f.Code, Args: f.Args}
	if len(f.Fields) > 0 {
		r.Code = f.Fields[0].Code
	}
	return r
}

// Import stores a history: one transaction, one trail entry for each event at
// its own time. Nobody is told. Events that the guard refuses are returned, not
// forced.
func (s *Service) Import(ctx context.Context, h History, m Matrix) ([]Refusal, error) {
	var refused []Refusal
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		refused = nil
		u.Quiet = true
		first := h.Events[0]
		u.Occurred, u.Behalf = h.OpenedAt, first.By
		made, err := work.Insert(ctx, u, s.repo, ActionImport, nil, nil, func(u *work.Unit) (Incident, error) {
			i, err := h.begin(m)
			if err != nil {
				refused = append(refused, h.refusal(first, err))
			}
			i.ID = u.ID()
			u.Note("source_event", nil, first.Seq)
			i.Number, err = s.repo.nextNumber(ctx, u.Tx)
			return i, err
		})
		if err != nil {
			return err
		}
		now := made
		history := []sla.Moment{{At: h.OpenedAt, Standing: made.standing()}}
		for _, e := range h.Events[1:] {
			if err := e.apply(&now, m); err != nil {
				refused = append(refused, h.refusal(e, err))
				continue
			}
			if err := u.Flush(ctx); err != nil {
				return err
			}
			u.Occurred, u.Behalf = e.At, e.By
			if now, err = work.Apply(ctx, u, s.repo, ActionImport, made.ID, 0, nil, func(u *work.Unit, i *Incident) error {
				u.Note("source_event", nil, e.Seq)
				return e.apply(i, m)
			}); err != nil {
				return err
			}
			history = append(history, sla.Moment{At: e.At, Standing: now.standing()})
		}
		return s.sla.Replay(ctx, u, made.Ref(), history)
	})
	return refused, err
}

// Imported tells which keys of a source are there already.
func (s *Service) Imported(ctx context.Context, source string, keys []string) (map[string]bool, error) {
	m, err := s.repo.imported(ctx, s.desk.DB, source, keys)
	return m, db.Map(err)
}

// EnsureCategory makes a category of an import unless it is there, and returns
// its id.
func (s *Service) EnsureCategory(ctx context.Context, u *work.Unit, in ChoiceInput) (uuid.UUID, error) {
	id, err := s.repo.categoryBySource(ctx, u.Tx, in.Source, in.SourceKey)
	if err != nil || id != uuid.Nil {
		return id, err
	}
	id = s.repo.saveCategory(&u.Batch, in, u.Now)
	return id, u.Flush(ctx)
}

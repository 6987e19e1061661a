package approval

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// mayOpen is the one predicate of processes: who may see the record may see its
// approvals, and so may whoever has, had or may fill a seat in them. A
// confidential record shows its approvals to those named on it and to nobody
// else.
func (s *Service) mayOpen(ctx context.Context, q db.Querier, p *process, e record.Entry) (bool, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return false, err
	}
	v, _, err := s.desk.Visibility(ctx, e.Kind)
	if err != nil {
		return false, err
	}
	_, err = record.Find(ctx, q, v, e.ID)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return err == nil, err
	}
	if e.Confidential {
		return false, nil
	}
	var holders []uuid.UUID
	for _, st := range p.Seats {
		if st.Person == who.ID || slices.Contains(p.delegate(st.ID), who.ID) {
			return true, nil
		}
		holders = append(holders, st.Person)
	}
	deputies, err := s.repo.deputiesOf(ctx, q, holders, s.desk.Now())
	for _, d := range deputies {
		if slices.Contains(d, who.ID) {
			return true, err
		}
	}
	return false, err
}

// Approvers lists everybody who ever approved something about a record, for the
// suffix 2 of the matrix.
func (s *Service) Approvers(ctx context.Context, q db.Querier, ref record.Ref) ([]uuid.UUID, error) {
	return s.repo.approvers(ctx, q, ref.ID)
}

// View is a process as pages and the API show it.
type View struct {
	ID         uuid.UUID   `json:"id"`
	Kind       record.Kind `json:"kind"`
	RecordID   uuid.UUID   `json:"record_id"`
	Number     string      `json:"number"`
	Status     Status      `json:"status"`
	Step       int         `json:"step"`  // from 1
	Round      int         `json:"round"` // how many times a step was opened
	Hash       string      `json:"hash"`
	Stuck      bool        `json:"stuck"`
	OpenedBy   uuid.UUID   `json:"opened_by"`
	OpenedAt   time.Time   `json:"opened_at"`
	ClosedAt   *time.Time  `json:"closed_at"`
	PreviousID *uuid.UUID  `json:"previous_id"`
	// CurrentID is the process that was opened after this one, if any.
	CurrentID *uuid.UUID `json:"current_id"`
	Steps     []StepView `json:"steps"`
	Log       []LogView  `json:"log"`

	Names map[uuid.UUID]identity.Person `json:"-"` // of everybody who appears
}

// StepView is one step, in its last round.
type StepView struct {
	Number     int        `json:"number"`
	Key        string     `json:"-"`
	NameZh     string     `json:"name_zh"`
	NameEn     string     `json:"name_en"`
	State      string     `json:"state"` // waiting, current, approved, rejected
	Mode       Mode       `json:"mode"`
	N          int        `json:"n"`
	BackTo     int        `json:"back_to"` // where a rejection leads unless it says otherwise; 0 ends it
	Need       int        `json:"need"`
	Approvals  int        `json:"approvals"`
	Rejections int        `json:"rejections"`
	Seats      []SeatView `json:"seats"`
	LeftOut    []leftOut  `json:"left_out"`
}

// SeatView is one seat and what became of it.
type SeatView struct {
	ID       uuid.UUID  `json:"id"`
	PersonID uuid.UUID  `json:"person_id"`
	Veto     bool       `json:"veto"`
	Chair    bool       `json:"chair"`
	StandIn  bool       `json:"stand_in"` // S12: from another department
	Vote     Kind       `json:"vote"`     // "" while waiting
	Asked    bool       `json:"asked"`
	ByID     *uuid.UUID `json:"by_id"` // who voted, if a deputy did
	Reason   string     `json:"reason"`
	At       *time.Time `json:"at"`
}

// LogView is one line of the history.
type LogView struct {
	Seq     int        `json:"seq"`
	Round   int        `json:"round"`
	Kind    Kind       `json:"kind"`
	ActorID uuid.UUID  `json:"actor_id"`
	Member  *uuid.UUID `json:"member_id"` // on whose behalf, or the actor
	ToID    *uuid.UUID `json:"to_id"`
	Reason  string     `json:"reason"`
	At      time.Time  `json:"at"`
}

// Of returns the process of a record that was opened last, for a page that has
// decided already that the reader may see the record; nil if there is none.
func (s *Service) Of(ctx context.Context, q db.Querier, ref record.Ref) (*View, error) {
	p, err := s.repo.latest(ctx, q, ref.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.view(ctx, q, p)
}

// Awaited lists whose votes the open process of a record waits for now; whoever
// has a question open waits themselves.
func (s *Service) Awaited(ctx context.Context, q db.Querier, ref record.Ref) ([]uuid.UUID, error) {
	v, err := s.Of(ctx, q, ref)
	if err != nil || v == nil {
		return nil, err
	}
	var out []uuid.UUID
	for _, st := range v.Steps {
		for _, x := range st.Seats {
			if st.State == "current" && !x.Asked && x.Vote == "" {
				out = append(out, x.PersonID)
			}
		}
	}
	return out, nil
}

// Get returns a process to whoever may open it.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (*View, error) {
	p, err := s.read(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.view(ctx, s.desk.DB, p)
}

// read reads a process for the actor; one that is hidden does not exist.
func (s *Service) read(ctx context.Context, id uuid.UUID) (*process, error) {
	p, err := s.repo.get(ctx, s.desk.DB, id)
	if err != nil {
		return nil, err
	}
	e, err := record.Get(ctx, s.desk.DB, p.RecordID)
	if err != nil {
		return nil, err
	}
	may, err := s.mayOpen(ctx, s.desk.DB, p, e)
	if err == nil && !may {
		err = s.desk.Noted(ctx, ActionRead, p.ref(), fault.New(fault.NotFound, "error.not_found"))
	}
	return p, err
}

func (s *Service) view(ctx context.Context, q db.Querier, p *process) (*View, error) {
	v := &View{
		ID: p.ID, Kind: p.Kind, RecordID: p.RecordID, Number: p.Number, Status: p.state.Status, Step: p.state.Step, Round: p.state.Round, Hash: p.Hash, Stuck: p.Stuck,
		OpenedBy: p.OpenedBy, OpenedAt: p.OpenedAt, ClosedAt: p.ClosedAt, PreviousID: p.PreviousID,
	}
	ids := []uuid.UUID{p.OpenedBy}
	for i, x := range p.Spec.Steps {
		sv := p.stepView(i+1, x)
		for _, seat := range sv.Seats {
			ids = append(ids, seat.PersonID)
		}
		for _, o := range sv.LeftOut {
			ids = append(ids, o.Person)
		}
		v.Steps = append(v.Steps, sv)
	}
	for _, l := range p.Log {
		v.Log = append(v.Log, LogView{l.Seq, l.Round, l.Kind, l.ActorID, l.Member, l.ToID, l.Reason, l.At})
		ids = append(ids, l.ActorID)
		if l.ToID != nil {
			ids = append(ids, *l.ToID)
		}
		if l.Member != nil {
			ids = append(ids, *l.Member)
		}
	}
	var err error
	if v.Names, err = identity.People(ctx, q, ids...); err != nil {
		return nil, err
	}
	v.CurrentID, err = s.repo.following(ctx, q, p.ID)
	return v, err
}

// stepView describes the last round of a step.
func (p *process) stepView(n int, x Step) StepView {
	v := StepView{Number: n, Key: x.Key, NameZh: x.NameZh, NameEn: x.NameEn, State: "waiting", Mode: x.Mode, N: x.N, BackTo: x.BackTo, Seats: []SeatView{}, LeftOut: []leftOut{}}
	round := p.lastRound(n)
	if round == 0 {
		return v
	}
	var places []Place
	for _, st := range p.Seats {
		if st.Round != round {
			continue
		}
		sv := SeatView{ID: st.ID, PersonID: st.Person, Veto: len(st.Vetoes) > 0, Chair: st.Chair, StandIn: st.Source == standIn}
		for _, l := range p.Log {
			if l.SeatID == nil || *l.SeatID != st.ID {
				continue
			}
			switch l.Kind {
			case Approve, Reject, Recuse:
				sv.Vote, sv.Reason, sv.At = l.Kind, l.Reason, &l.At
				if l.ActorID != st.Person {
					sv.ByID = &l.ActorID
				}
			}
		}
		places = append(places, Place{Seat: st.Seat, Vote: sv.Vote})
		v.Seats = append(v.Seats, sv)
	}
	t := count(p.rules[n-1], places)
	v.Need, v.Approvals, v.Rejections = t.Need, t.Approvals, t.Rejections
	switch {
	case t.refused():
		v.State = "rejected"
	case t.granted():
		v.State = "approved"
	case round == p.state.Round && !p.state.Status.Ended():
		v.State = "current"
		for i, pl := range p.state.Places {
			v.Seats[i].Asked = pl.Asked
		}
	}
	for _, l := range p.Log {
		if l.Round == round && l.Kind == Opened {
			var d struct {
				LeftOut []leftOut `json:"left_out"`
			}
			if json.Unmarshal(l.Detail, &d) == nil && d.LeftOut != nil {
				v.LeftOut = d.LeftOut
			}
		}
	}
	return v
}

// lastRound is the round in which a step was opened last; 0 if it was not, or
// if a rejection led back behind it.
func (p *process) lastRound(n int) int {
	s, last := State{Status: Open, Step: 1, Opening: true}, 0
	for _, l := range p.Log {
		if l.Kind == Opened {
			switch {
			case s.Step == n:
				last = l.Round
			case s.Step < n:
				last = 0
			}
		}
		next, err := s.Next(p.rules, p.entry(l))
		if err != nil {
			return last // the log was replayed before: it has no errors
		}
		s = next
	}
	return last
}

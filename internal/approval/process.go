package approval

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/record"
)

// process is a row of approvals with its log.
type process struct {
	ID         uuid.UUID   `db:"id"`
	Version    int         `db:"version"`
	Kind       record.Kind `db:"kind"`
	RecordID   uuid.UUID   `db:"record_id"`
	PreviousID *uuid.UUID  `db:"previous_id"`
	Spec       Spec        `db:"spec"`
	Content    string      `db:"content"`
	Hash       string      `db:"hash"`
	Status     Status      `db:"status"`
	Step       int         `db:"step"`
	Round      int         `db:"round"`
	Stuck      bool        `db:"stuck"`
	OpenedBy   uuid.UUID   `db:"opened_by"`
	OpenedAt   time.Time   `db:"opened_at"`
	UpdatedAt  time.Time   `db:"updated_at"`
	ClosedAt   *time.Time  `db:"closed_at"`
	LookAt     time.Time   `db:"look_at"`

	Number       string `db:"number"`
	Title        string `db:"title"`
	Confidential bool   `db:"confidential"`

	Log   []line `db:"-"`
	Seats []seat `db:"-"`

	rules []Rule
	state State
	fresh int // lines of the log before this unit: those after are to be saved
}

func (p *process) ref() record.Ref { return record.Ref{Kind: p.Kind, ID: p.RecordID} }

// label is what a message may say of the record.
func (p *process) label() string {
	if p.Confidential {
		return p.Number
	}
	return p.Number + " " + p.Title
}

// line is a row of approval_entries.
type line struct {
	Seq     int             `db:"seq"`
	Round   int             `db:"round"`
	Kind    Kind            `db:"kind"`
	SeatID  *uuid.UUID      `db:"seat_id"`
	Member  *uuid.UUID      `db:"member_id"`
	ActorID uuid.UUID       `db:"actor_id"`
	ToID    *uuid.UUID      `db:"to_id"`
	Reason  string          `db:"reason"`
	Detail  json.RawMessage `db:"detail"`
	Hash    string          `db:"hash"`
	At      time.Time       `db:"at"`
}

// to is where a rejection wants to lead.
func (l line) to() int {
	var d struct {
		BackTo int `json:"back_to"`
	}
	_ = json.Unmarshal(l.Detail, &d) // the desk wrote it
	return d.BackTo
}

// seat is a row of approval_seats.
type seat struct {
	Seat
	Seq         int        `db:"seq"`
	Round       int        `db:"round"`
	Position    int        `db:"position"`
	Source      SourceKind `db:"source"`
	WaiverUntil *time.Time `db:"waiver_until"`
}

// leftOut is somebody whom a step would have asked and did not.
type leftOut struct {
	Person uuid.UUID `json:"person"`
	Reason string    `json:"reason"` // message key
}

// replay works the state out from the log.
func (p *process) replay() (err error) {
	p.rules, p.fresh = p.Spec.rules(), len(p.Log)
	log := make([]Entry, len(p.Log))
	for i, l := range p.Log {
		log[i] = p.entry(l)
	}
	p.state, err = Evaluate(p.rules, log)
	return err
}

func (p *process) entry(l line) Entry {
	e := Entry{Kind: l.Kind}
	if l.SeatID != nil {
		e.Seat = *l.SeatID
	}
	if l.Kind == Reject {
		e.To = l.to()
	}
	if l.Kind == Opened || l.Kind == Joined {
		for _, s := range p.Seats {
			if s.Seq == l.Seq {
				e.Seats = append(e.Seats, s.Seat)
			}
		}
	}
	return e
}

// add appends an entry to the log if the engine allows it.
func (p *process) add(l line, seats ...seat) error {
	l.Seq = len(p.Log) + 1
	next := p.state.Round
	if l.Kind == Opened {
		next++
	}
	l.Round, l.Hash = next, p.Hash
	if l.Detail == nil {
		l.Detail = json.RawMessage("{}")
	}
	n := len(p.Seats)
	for i, s := range seats {
		s.Seq, s.Round, s.Position = l.Seq, next, n+i+1
		p.Seats = append(p.Seats, s)
	}
	st, err := p.state.Next(p.rules, p.entry(l))
	if err != nil {
		p.Seats = p.Seats[:n]
		return err
	}
	p.Log, p.state = append(p.Log, l), st
	return nil
}

// place is a seat of the running round.
func (p *process) place(id uuid.UUID) (seat, bool) {
	for _, s := range p.Seats {
		if s.ID == id && s.Round == p.state.Round {
			return s, true
		}
	}
	return seat{}, false
}

func (p *process) step() Step { return p.Spec.Steps[p.state.Step-1] }

// delegate is to whom the holder of a seat handed it over, if they did.
func (p *process) delegate(id uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	for _, l := range p.Log {
		if l.Kind == Delegate && l.SeatID != nil && *l.SeatID == id && l.ToID != nil {
			out = append(out, *l.ToID)
		}
	}
	return out
}

// approvers are all who ever approved in the process, in rounds that were
// opened anew too. Members and those who voted for them are both in it.
func (p *process) approvers() []uuid.UUID {
	var out []uuid.UUID
	for _, l := range p.Log {
		if l.Kind != Approve {
			continue
		}
		out = append(out, l.ActorID)
		if l.Member != nil && *l.Member != l.ActorID {
			out = append(out, *l.Member)
		}
	}
	return out
}

// stand are the approvers of the steps before the running one, as far as their
// votes stand: a rejection that led back behind a step undid those.
func (p *process) stand() []uuid.UUID {
	rounds := map[int]bool{}
	for n := 1; n < p.state.Step; n++ {
		rounds[p.lastRound(n)] = true
	}
	var out []uuid.UUID
	for _, l := range p.Log {
		if l.Kind != Approve || !rounds[l.Round] {
			continue
		}
		out = append(out, l.ActorID)
		if l.Member != nil && *l.Member != l.ActorID {
			out = append(out, *l.Member)
		}
	}
	return out
}

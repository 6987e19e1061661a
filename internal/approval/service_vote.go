package approval

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// VoteInput is a vote. SeatID and Hash are what the page showed: a vote for a
// step that is over, or about a content that has changed, is refused.
type VoteInput struct {
	SeatID uuid.UUID `json:"seat_id" validate:"required"`
	Hash   string    `json:"hash" validate:"required,line,max=64"`
	Choice Kind      `json:"choice" validate:"required,oneof=approve reject"`
	Reason string    `json:"reason" validate:"required_if=Choice reject,text,max=2000"`
	// BackTo is where a rejection leads if it decides the step: to a step up to
	// the running one, counted from 1, or with -1 back to the requester, to be
	// changed. 0: as the step says.
	BackTo int `json:"back_to" validate:"min=-1,max=50"`
}

// line is the vote as the log keeps it.
func (in VoteInput) line() line {
	l := line{Kind: in.Choice, Reason: in.Reason}
	if in.Choice == Reject && in.BackTo != 0 {
		l.Detail = detail("back_to", in.BackTo)
	}
	return l
}

// Vote casts the vote of a seat, for oneself or as the deputy of its holder.
// The same vote twice is one vote. It is final.
func (s *Service) Vote(ctx context.Context, id uuid.UUID, in VoteInput) error {
	in.Reason = strings.TrimSpace(in.Reason)
	return s.act(ctx, ActionVote, id, in.SeatID, in, func(h *sitting) error {
		if h.repeated(in.Choice) {
			return nil
		}
		if in.Hash != h.p.Hash {
			return fault.New(fault.Conflict, "approval.error.changed")
		}
		if err := h.entitled(ctx); err != nil {
			return err
		}
		if in.BackTo > h.p.state.Step {
			return fault.OnField("back_to", "approval.error.back_to")
		}
		return h.cast(ctx, ActionVote, in.line())
	})
}

// RecuseInput steps aside.
type RecuseInput struct {
	SeatID uuid.UUID `json:"seat_id" validate:"required"`
	Reason string    `json:"reason" validate:"required,notblank,text,max=2000"`
}

// Recuse gives a seat up: its holder will not be counted. Deputies cannot do it
// for them.
func (s *Service) Recuse(ctx context.Context, id uuid.UUID, in RecuseInput) error {
	return s.act(ctx, ActionRecuse, id, in.SeatID, in, func(h *sitting) error {
		if h.repeated(Recuse) {
			return nil
		}
		if h.behalf != nil {
			return fault.New(fault.Forbidden, "approval.error.own_seat")
		}
		return h.cast(ctx, ActionRecuse, line{Kind: Recuse, Reason: in.Reason})
	})
}

// AskInput asks for more information.
type AskInput struct {
	SeatID uuid.UUID `json:"seat_id" validate:"required"`
	Reason string    `json:"reason" validate:"required,notblank,text,max=2000"`
}

// AskMore puts a question to whoever asks for approval. The seat is not
// reminded until there is an answer; its holder may vote all the same, and so
// may the others.
func (s *Service) AskMore(ctx context.Context, id uuid.UUID, in AskInput) error {
	return s.act(ctx, ActionAsk, id, in.SeatID, in, func(h *sitting) error {
		if err := h.entitled(ctx); err != nil {
			return err
		}
		if err := h.add(line{Kind: Ask, Reason: in.Reason}); err != nil {
			return err
		}
		record.Settle(&h.u.Batch, h.seat.ID)
		for _, to := range h.askers() {
			record.Await(&h.u.Batch, record.Wait{RecordID: h.p.RecordID, PersonID: to, What: "approval.question", Source: h.p.ID, Path: path(h.p.ID), Since: h.u.Now})
		}
		s.announce(h.u, h.p, "approval.question", h.askers()...)
		return h.keep(ctx, ActionAsk, trail.Diff{"question": {nil, in.Reason}})
	})
}

// AnswerInput answers the questions of a process.
type AnswerInput struct {
	Reason string `json:"answer" validate:"required,notblank,text,max=4000"`
}

// Answer answers all open questions. The requester may, and who asked for the
// approval.
func (s *Service) Answer(ctx context.Context, id uuid.UUID, in AnswerInput) error {
	return s.act(ctx, ActionAnswer, id, uuid.Nil, in, func(h *sitting) error {
		if !slices.Contains(h.askers(), h.u.Actor.ID) {
			return fault.New(fault.Forbidden, "approval.error.not_yours")
		}
		if err := h.add(line{Kind: Answer, Reason: in.Reason}); err != nil {
			return err
		}
		record.Settle(&h.u.Batch, h.p.ID)
		var to []uuid.UUID
		for _, w := range h.p.state.Waiting() {
			to = append(to, w.Person)
		}
		s.announce(h.u, h.p, "approval.answered", to...)
		if err := s.ask(ctx, h.u, h.p, h.content); err != nil {
			return err
		}
		return h.keep(ctx, ActionAnswer, trail.Diff{"answer": {nil, in.Reason}})
	})
}

// DelegateInput hands one seat to a deputy.
type DelegateInput struct {
	SeatID   uuid.UUID `json:"seat_id" validate:"required"`
	PersonID uuid.UUID `json:"person_id" validate:"required"`
	Reason   string    `json:"reason" validate:"text,max=2000"`
}

// Delegate lets somebody else vote for the holder of a seat, this time. The
// holder may still vote; whoever is first has voted. A deputy cannot hand the
// seat on.
func (s *Service) Delegate(ctx context.Context, id uuid.UUID, in DelegateInput) error {
	return s.act(ctx, ActionDelegate, id, in.SeatID, in, func(h *sitting) error {
		if h.behalf != nil {
			return fault.New(fault.Forbidden, "approval.error.own_seat")
		}
		if _, err := h.p.state.place(h.seat.ID); err != nil {
			return refuse(err)
		}
		if in.PersonID == h.seat.Person {
			return fault.OnField("person_id", "approval.error.not_self")
		}
		why, err := h.court.againstDeputy(ctx, in.PersonID, h.seat, h.p.step())
		if err != nil {
			return err
		}
		if why != "" {
			return fault.OnField("person_id", why)
		}
		if err := h.add(line{Kind: Delegate, Reason: in.Reason, ToID: &in.PersonID}); err != nil {
			return err
		}
		s.seat(h.u, h.p, h.seat, in.PersonID)
		s.announce(h.u, h.p, "approval.asked", in.PersonID)
		return h.keep(ctx, ActionDelegate, trail.Diff{"delegate": {nil, in.PersonID}})
	})
}

// sitting is one act of one person on a locked process.
type sitting struct {
	s       *Service
	u       *work.Unit
	p       *process
	content Content
	court   *court
	seat    seat
	behalf  *uuid.UUID // whose seat it is, if not the actor's own
}

// errDrift: the record says something else than the process is about.
var errDrift = errors.New("what is to be approved has changed")

// act is the shape of these use cases. The record is locked before the process,
// as the record's own use cases do, and the content is compared with what the
// process is bound to.
func (s *Service) act(ctx context.Context, act authz.Action, id, seatID uuid.UUID, in any, fn func(*sitting) error) error {
	t, err := s.repo.target(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		h, err := s.sit(ctx, u, t, seatID)
		if err != nil {
			return err
		}
		if err := validate.Struct(in); err != nil {
			return err
		}
		return fn(h)
	})
	if errors.Is(err, errDrift) {
		if err = s.drift(ctx, t); err == nil {
			err = fault.New(fault.Conflict, "approval.error.changed")
		}
	}
	return s.desk.Noted(ctx, act, t.ref(), err)
}

// sit locks what the act is about and finds the actor's seat.
func (s *Service) sit(ctx context.Context, u *work.Unit, t process, seatID uuid.UUID) (*sitting, error) {
	sub, ok := s.subjects[t.Kind]
	if !ok {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	if err := sub.Lock(ctx, u.Tx, t.RecordID); err != nil {
		return nil, err
	}
	p, err := s.repo.lock(ctx, u.Tx, t.ID)
	if err != nil {
		return nil, err
	}
	c, err := sub.Content(ctx, u.Tx, t.RecordID)
	if err != nil {
		return nil, err
	}
	h := &sitting{s: s, u: u, p: p, content: c}
	if err := h.find(ctx, seatID); err != nil {
		return nil, err
	}
	if _, hash, err := canonical(c.Fields); err != nil {
		return nil, err
	} else if hash != p.Hash && !p.state.Status.Ended() {
		return nil, errDrift
	}
	h.court, err = s.court(ctx, u.Tx, u.Now, p, c)
	return h, err
}

// find decides whether the process exists for the actor and in whose seat they
// sit.
func (h *sitting) find(ctx context.Context, seatID uuid.UUID) error {
	may, err := h.s.mayOpen(ctx, h.u.Tx, h.p, h.content.Entry)
	if err != nil {
		return err
	}
	if !may {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if seatID == uuid.Nil {
		return nil
	}
	for _, st := range h.p.Seats {
		if st.ID == seatID {
			h.seat = st
		}
	}
	me, holder := h.u.Actor.ID, h.seat.Person
	if h.seat.ID != uuid.Nil && me != holder {
		deputies, err := h.s.repo.deputiesOf(ctx, h.u.Tx, []uuid.UUID{holder}, h.u.Now)
		if err != nil {
			return err
		}
		if slices.Contains(deputies[holder], me) || slices.Contains(h.p.delegate(seatID), me) {
			h.behalf = &holder
			return nil
		}
	}
	if h.seat.ID == uuid.Nil || me != holder {
		return fault.New(fault.Forbidden, "approval.error.not_asked")
	}
	return nil
}

// repeated reports whether the actor did the same in this seat before: a
// retried request changes nothing.
func (h *sitting) repeated(k Kind) bool {
	return slices.ContainsFunc(h.p.Log, func(l line) bool {
		return l.Kind == k && l.SeatID != nil && *l.SeatID == h.seat.ID && l.ActorID == h.u.Actor.ID
	})
}

// entitled proves, at the moment of the act, that both the holder of the seat
// and whoever acts for them may decide (S4, S5, S11).
func (h *sitting) entitled(ctx context.Context) error {
	if h.seat.WaiverUntil != nil && !h.seat.WaiverUntil.After(h.u.Now) {
		return fault.New(fault.Forbidden, reasonExpired)
	}
	why, err := h.court.against(ctx, h.seat.Person, h.p.step(), h.seat.Source)
	if h.behalf != nil {
		why, err = h.court.againstDeputy(ctx, h.u.Actor.ID, h.seat, h.p.step())
	}
	if err != nil {
		return err
	}
	if why != "" {
		return fault.New(fault.Forbidden, why)
	}
	for _, l := range h.p.Log {
		if l.Round == h.p.state.Round && l.ActorID == h.u.Actor.ID && (l.Kind == Approve || l.Kind == Reject) {
			return fault.New(fault.Conflict, "approval.error.voted")
		}
	}
	return nil
}

// add appends an entry of the actor about their seat.
func (h *sitting) add(l line) error {
	l.ActorID, l.At = h.u.Actor.ID, h.u.Now
	if h.seat.ID != uuid.Nil {
		l.SeatID, l.Member = &h.seat.ID, &h.seat.Person
	}
	if h.seat.ID != uuid.Nil && h.seat.Round != h.p.state.Round {
		return fault.New(fault.Conflict, "approval.error.moved_on")
	}
	return refuse(h.p.add(l))
}

// cast adds a vote and what follows from it.
func (h *sitting) cast(ctx context.Context, act authz.Action, l line) error {
	step := h.p.state.Step
	if err := h.add(l); err != nil {
		return err
	}
	record.Settle(&h.u.Batch, h.seat.ID)
	if l.Kind == Recuse {
		record.Withdraw(&h.u.Batch, h.p.RecordID, role, h.seat.ID)
	}
	if h.p.state.Opening || h.p.state.Status.Ended() {
		h.s.leave(h.u, h.p)
	}
	back := h.p.state.Opening && h.p.state.Step <= step
	if err := h.s.advance(ctx, h.u, h.p, h.content); err != nil {
		return err
	}
	if back {
		h.s.announce(h.u, h.p, "approval.returned", h.askers()...)
	}
	diff := trail.Diff{"vote": {nil, string(l.Kind)}, "step": {nil, step}, "approval_hash": {nil, h.p.Hash}}
	if to := l.to(); to != 0 {
		diff["back_to"] = [2]any{nil, to}
	}
	if err := h.keep(ctx, act, diff); err != nil {
		return err
	}
	return h.s.decided(ctx, h.u, h.p, l.Reason)
}

// keep saves the process and writes the act to the trail, on whose behalf it
// was included.
func (h *sitting) keep(ctx context.Context, act authz.Action, diff trail.Diff) error {
	if err := h.s.save(ctx, h.u, h.p); err != nil {
		return err
	}
	h.u.Behalf = h.behalf
	defer func() { h.u.Behalf = nil }()
	return h.u.Record(ctx, act, h.p.ref(), diff)
}

// decided tells the module how its process ended, if it has.
func (s *Service) decided(ctx context.Context, u *work.Unit, p *process, reason string) error {
	if !p.state.Status.Ended() {
		return nil
	}
	who, behalf := u.Actor, u.Behalf
	u.Actor, u.Behalf = identity.NewSystem(System), &who.ID
	defer func() { u.Actor, u.Behalf = who, behalf }()
	return s.subjects[p.Kind].Decided(identity.With(ctx, u.Actor), u, Outcome{
		ID: p.ID, Ref: p.ref(), Status: p.state.Status, Step: p.state.Step, Reason: reason, By: who.ID, Approvers: p.approvers(),
	})
}

// askers are who may answer questions: the requester, who entered the record,
// and who asked for the approval.
func (h *sitting) askers() []uuid.UUID {
	out := []uuid.UUID{h.p.OpenedBy}
	for _, id := range []*uuid.UUID{h.content.Entry.RequesterID, &h.content.Entry.CreatedBy} {
		if id != nil && !slices.Contains(out, *id) {
			out = append(out, *id)
		}
	}
	return out
}

// drift voids a process whose record was changed without Changed having been
// called: nobody may approve what they did not see.
func (s *Service) drift(ctx context.Context, t process) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		if err := s.subjects[t.Kind].Lock(ctx, u.Tx, t.RecordID); err != nil {
			return err
		}
		p, err := s.repo.lock(ctx, u.Tx, t.ID)
		if err != nil || p.state.Status.Ended() {
			return err
		}
		if err := s.end(ctx, u, p, Void, "approval.reason.changed"); err != nil {
			return err
		}
		if err := u.Record(ctx, ActionVoid, p.ref(), trail.Diff{"approval": {string(Open), string(Voided)}}); err != nil {
			return err
		}
		return s.decided(ctx, u, p, "approval.reason.changed")
	})
}

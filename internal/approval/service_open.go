package approval

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// waiver is how long a stand-in may stand in (S12).
const waiver = 30 * 24 * time.Hour

// System is the component that carries outcomes out and looks after silence.
const System = "approval"

// role is what the register calls whoever holds a seat.
const role = "approval"

// Open begins a process about a record, within the module's own use case and
// under its action. In the use case that makes the record, call it from
// u.AfterRegister. A record has at most one running process: a second is a
// Conflict fault with the code constraint.approvals_one_open. Returns the id of
// the process.
func (s *Service) Open(ctx context.Context, u *work.Unit, c Content, spec Spec) (uuid.UUID, error) {
	return s.open(ctx, u, c, spec, nil)
}

func (s *Service) open(ctx context.Context, u *work.Unit, c Content, spec Spec, previous *uuid.UUID) (uuid.UUID, error) {
	if err := spec.Check(s.desk.Matrix); err != nil {
		return uuid.Nil, err
	}
	text, hash, err := canonical(c.Fields)
	if err != nil {
		return uuid.Nil, err
	}
	p := &process{
		ID: work.NewID(), Version: 1, Kind: c.Entry.Kind, RecordID: c.Entry.ID, PreviousID: previous, Spec: spec, Content: text, Hash: hash,
		OpenedBy: u.Actor.ID, OpenedAt: u.Now, UpdatedAt: u.Now, LookAt: u.Now, Number: c.Entry.Number, Title: c.Entry.Title, Confidential: c.Entry.Confidential,
	}
	if err := p.replay(); err != nil {
		return uuid.Nil, err
	}
	if err := s.advance(ctx, u, p, c); err != nil {
		return uuid.Nil, err
	}
	p.Status, p.Step, p.Round = p.state.Status, p.state.Step, p.state.Round
	if err := s.schedule(ctx, u, p); err != nil {
		return uuid.Nil, err
	}
	s.repo.insert(&u.Batch, p)
	s.lines(u, p)
	u.Note("approval", nil, string(p.Status))
	u.Note("approval_hash", nil, p.Hash)
	return p.ID, nil
}

// Changed is for use cases that edit a record: it compares what there is to be
// approved with what the running process is about. Where they differ, that
// process is void with all its votes, and another one is opened with the same
// steps, or with those of spec if it is not nil. It reports whether that was so.
// Without a running process nothing happens.
func (s *Service) Changed(ctx context.Context, u *work.Unit, c Content, spec *Spec) (bool, error) {
	p, err := s.repo.running(ctx, u.Tx, c.Entry.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, hash, err := canonical(c.Fields)
	if err != nil || hash == p.Hash {
		return false, err
	}
	if err := s.end(ctx, u, p, Void, "approval.reason.changed"); err != nil {
		return false, err
	}
	if spec == nil {
		spec = &p.Spec
	}
	// The old row must have ended before the new one stands beside it.
	if err := u.Flush(ctx); err != nil {
		return false, err
	}
	_, err = s.open(ctx, u, c, *spec, &p.ID)
	return err == nil, err
}

// Void ends the running process of a record because what it was about is not
// there any more: votes do not count. Nothing happens without one.
func (s *Service) Void(ctx context.Context, u *work.Unit, ref record.Ref, reason string) error {
	return s.stop(ctx, u, ref, Void, reason)
}

// Withdraw ends the running process of a record because whoever asked for it
// takes it back. Nothing happens without one.
func (s *Service) Withdraw(ctx context.Context, u *work.Unit, ref record.Ref, reason string) error {
	return s.stop(ctx, u, ref, Withdraw, reason)
}

func (s *Service) stop(ctx context.Context, u *work.Unit, ref record.Ref, k Kind, reason string) error {
	p, err := s.repo.running(ctx, u.Tx, ref.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.end(ctx, u, p, k, reason)
}

// end stops a process without asking the module: it knows.
func (s *Service) end(ctx context.Context, u *work.Unit, p *process, k Kind, reason string) error {
	waiting := p.state.Waiting()
	if err := p.add(line{Kind: k, ActorID: u.Actor.ID, Reason: reason, At: u.Now}); err != nil {
		return refuse(err)
	}
	s.leave(u, p)
	u.Note("approval", string(Open), string(p.state.Status))
	if k == Void && len(waiting) > 0 {
		s.announce(u, p, "approval.voided", persons(waiting)...)
	}
	return s.save(ctx, u, p)
}

// Hold stops waiting for votes while the record is on hold; those cast stay.
// Nothing happens without a running process, or to one that is held already.
func (s *Service) Hold(ctx context.Context, u *work.Unit, ref record.Ref, reason string) error {
	p, err := s.repo.running(ctx, u.Tx, ref.ID)
	if fault.Is(err, fault.NotFound) || err == nil && p.state.Status == Held {
		return nil
	}
	if err != nil {
		return err
	}
	s.leave(u, p)
	if err := p.add(line{Kind: Hold, ActorID: u.Actor.ID, Reason: reason, At: u.Now}); err != nil {
		return refuse(err)
	}
	u.Note("approval", string(Open), string(Held))
	return s.save(ctx, u, p)
}

// Release waits again for those who had not voted when the process was held.
// c is what stands to be approved now: if it is not what the process is about,
// the process is void and another one is opened, as Changed does.
func (s *Service) Release(ctx context.Context, u *work.Unit, c Content) error {
	p, err := s.repo.running(ctx, u.Tx, c.Entry.ID)
	if fault.Is(err, fault.NotFound) || err == nil && p.state.Status != Held {
		return nil
	}
	if err != nil {
		return err
	}
	if changed, err := s.Changed(ctx, u, c, nil); err != nil || changed {
		return err
	}
	if err := p.add(line{Kind: Release, ActorID: u.Actor.ID, At: u.Now}); err != nil {
		return refuse(err)
	}
	if err := s.ask(ctx, u, p, c); err != nil {
		return err
	}
	u.Note("approval", string(Held), string(Open))
	return s.save(ctx, u, p)
}

// advance opens the steps that wait to be opened, and finds stand-ins where
// people are missing, until somebody can be waited for or the process ends.
func (s *Service) advance(ctx context.Context, u *work.Unit, p *process, c Content) error {
	was := p.Stuck
	p.Stuck = false
	for !p.state.Status.Ended() && (p.state.Opening || p.state.Missing.Any()) {
		k, err := s.court(ctx, u.Tx, u.Now, p, c)
		if err != nil {
			return err
		}
		if p.state.Opening {
			seats, out, err := k.resolve(ctx, p.step())
			if err != nil {
				return err
			}
			if err := p.add(line{Kind: Opened, ActorID: u.Actor.ID, At: u.Now, Detail: detail("left_out", out)}, seats...); err != nil {
				return refuse(err)
			}
			continue
		}
		missing := p.state.Missing
		seats, err := k.standIns(ctx, p)
		if err != nil {
			return err
		}
		if len(seats) < missing.Seats {
			p.Stuck = true
			if !was {
				s.announce(u, p, "approval.stuck", append(s.leads(ctx, u), p.OpenedBy)...)
			}
			break
		}
		if err := p.add(line{Kind: Joined, ActorID: identity.NewSystem(System).ID, At: u.Now, Reason: "approval.reason.waiver", Detail: detail("missing", missing)}, seats...); err != nil {
			return refuse(err)
		}
	}
	return s.ask(ctx, u, p, c)
}

// leads are told of what is stuck. A list that cannot be read is no reason to
// lose the act itself: the job that looks after processes tells them later.
func (s *Service) leads(ctx context.Context, u *work.Unit) []uuid.UUID {
	ids, err := s.repo.holders(ctx, u.Tx, []identity.Role{identity.Lead}, u.Now)
	if err != nil {
		return nil
	}
	return ids
}

func detail(name string, v any) json.RawMessage {
	b, err := json.Marshal(map[string]any{name: v})
	if err != nil {
		return nil // plain values of our own, which always encode
	}
	return b
}

// ask puts what is waited for into the inboxes of the members and of their
// deputies, and lets them see the record for it. Who has it there already is
// not told again.
func (s *Service) ask(ctx context.Context, u *work.Unit, p *process, c Content) error {
	waiting := p.state.Waiting()
	if len(waiting) == 0 {
		return nil
	}
	deputies, err := s.repo.deputiesOf(ctx, u.Tx, persons(waiting), u.Now)
	if err != nil {
		return err
	}
	k, err := s.court(ctx, u.Tx, u.Now, p, c)
	if err != nil {
		return err
	}
	var tell []uuid.UUID
	for _, w := range waiting {
		st, ok := p.place(w.ID)
		if !ok || w.Asked { // who asked a question waits themselves
			continue
		}
		to := []uuid.UUID{w.Person}
		for _, d := range append(deputies[w.Person], p.delegate(w.ID)...) {
			why, err := k.againstDeputy(ctx, d, st, p.step())
			if err != nil {
				return err
			}
			if why == "" {
				to = append(to, d)
			}
		}
		for _, id := range to {
			s.seat(u, p, st, id)
		}
		if st.Seq > p.fresh { // asked by this act
			tell = append(tell, to...)
		}
	}
	s.announce(u, p, "approval.asked", tell...)
	return nil
}

// seat gives a person what the holder of a seat has: a line in the inbox and
// sight of the record.
func (s *Service) seat(u *work.Unit, p *process, st seat, person uuid.UUID) {
	record.Await(&u.Batch, record.Wait{RecordID: p.RecordID, PersonID: person, What: "approval.asked", Source: st.ID, Path: path(p.ID), Since: u.Now})
	record.Participate(&u.Batch, p.RecordID, person, role, st.ID)
}

// leave takes everything back that seat gave, for all seats of the running
// round.
func (s *Service) leave(u *work.Unit, p *process) {
	for _, st := range p.Seats {
		if st.Round == p.state.Round {
			record.Settle(&u.Batch, st.ID)
			record.Withdraw(&u.Batch, p.RecordID, role, st.ID)
		}
	}
	record.Settle(&u.Batch, p.ID) // questions
}

// announce tells people about the process. The title of a confidential record
// stays on its own pages.
func (s *Service) announce(u *work.Unit, p *process, name string, to ...uuid.UUID) {
	if len(to) > 0 {
		u.Announce(name, event.Subject{Title: p.label(), Path: path(p.ID)}, to...)
	}
}

func path(id uuid.UUID) string { return "/approvals/" + id.String() }

func persons(list []Place) []uuid.UUID {
	out := make([]uuid.UUID, len(list))
	for i, p := range list {
		out[i] = p.Person
	}
	return out
}

// save writes what changed in a process.
func (s *Service) save(ctx context.Context, u *work.Unit, p *process) error {
	p.Version++
	p.UpdatedAt, p.Status, p.Step, p.Round = u.Now, p.state.Status, p.state.Step, p.state.Round
	if p.Status.Ended() {
		p.ClosedAt = &u.Now
	}
	if err := s.schedule(ctx, u, p); err != nil {
		return err
	}
	s.repo.update(&u.Batch, p)
	s.lines(u, p)
	return u.Flush(ctx)
}

// lines saves the entries and seats of this unit.
func (s *Service) lines(u *work.Unit, p *process) {
	for _, l := range p.Log[p.fresh:] {
		s.repo.entry(&u.Batch, p.ID, l)
	}
	for _, st := range p.Seats {
		if st.Seq > p.fresh {
			s.repo.seat(&u.Batch, p.ID, st)
		}
	}
	p.fresh = len(p.Log)
}

// refuse turns what the engine says into what a person can act on.
func refuse(err error) error {
	for e, code := range map[error]string{
		ErrEnded: "approval.error.ended", ErrHeld: "approval.error.held", ErrNotSeat: "approval.error.moved_on", ErrVoted: "approval.error.voted", ErrOrder: "approval.error.moved_on",
	} {
		if errors.Is(err, e) {
			return fault.New(fault.Conflict, code)
		}
	}
	return err
}

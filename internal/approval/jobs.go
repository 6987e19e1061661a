package approval

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobLook looks after processes: reminders, escalation, people who may not
// decide any more, and stand-ins that could not be found before.
const JobLook = "approval.look"

// JobDeputies begins and ends the time of deputies.
const JobDeputies = "approval.deputies"

func (s *Service) register() error {
	return errors.Join(
		s.desk.Registry.Every(JobLook, time.Minute, 5*time.Minute, s.lookAll),
		s.desk.Registry.Every(JobDeputies, time.Minute, time.Minute, s.turnDeputies),
	)
}

// schedule says when the desk looks after a process next: at least once a day.
func (s *Service) schedule(ctx context.Context, u *work.Unit, p *process) error {
	p.LookAt = u.Now.Add(24 * time.Hour)
	if p.state.Status != Open {
		return nil
	}
	cal, err := s.options.Days(ctx, u.Tx)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		kind Kind
		days int
	}{{Reminded, p.step().patience(Reminded)}, {Escalated, p.step().patience(Escalated)}} {
		if at := cal.AddDays(p.since(), d.days); !p.did(d.kind) && at.Before(p.LookAt) {
			p.LookAt = at
		}
	}
	return nil
}

// patience is after how many working days of silence something happens.
func (s Step) patience(k Kind) int {
	n, usual := s.RemindDays, usualRemind
	if k == Escalated {
		n, usual = s.EscalateDays, usualEscalate
	}
	if n == 0 {
		return usual
	}
	return n
}

// since is from when the running round waits: its opening, or its release.
func (p *process) since() time.Time {
	at := p.OpenedAt
	for _, l := range p.Log {
		if l.Round == p.state.Round && (l.Kind == Opened || l.Kind == Release) {
			at = l.At
		}
	}
	return at
}

// did reports whether something was done in the running round.
func (p *process) did(k Kind) bool {
	return slices.ContainsFunc(p.Log, func(l line) bool { return l.Kind == k && l.Round == p.state.Round })
}

func (s *Service) lookAll(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem(System))
	var failed []error
	for {
		ids, err := s.repo.due(ctx, s.desk.DB, s.desk.Now(), 200)
		if err != nil {
			return err
		}
		done := 0
		for _, id := range ids {
			if err := s.look(ctx, id); err != nil {
				failed = append(failed, err)
				continue
			}
			done++
		}
		if len(ids) < 200 || done == 0 {
			return errors.Join(failed...)
		}
	}
}

// look does for one process what is due.
func (s *Service) look(ctx context.Context, id uuid.UUID) error {
	t, err := s.repo.target(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	sub, ok := s.subjects[t.Kind]
	if !ok {
		return nil // a kind of a later program: it looks after its own
	}
	drifted := false
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		if err := sub.Lock(ctx, u.Tx, t.RecordID); err != nil {
			return err
		}
		p, err := s.repo.lock(ctx, u.Tx, id)
		if err != nil || p.state.Status != Open {
			return err
		}
		c, err := sub.Content(ctx, u.Tx, t.RecordID)
		if err != nil {
			return err
		}
		_, hash, err := canonical(c.Fields)
		if drifted = err == nil && hash != p.Hash; err != nil || drifted {
			return err
		}
		return s.tend(ctx, u, p, c)
	})
	if err == nil && drifted {
		return s.drift(ctx, t)
	}
	return err
}

func (s *Service) tend(ctx context.Context, u *work.Unit, p *process, c Content) error {
	diff := trail.Diff{}
	if err := s.excuse(ctx, u, p, c, diff); err != nil {
		return err
	}
	if p.state.Opening || p.state.Status.Ended() {
		s.leave(u, p)
	}
	if err := s.advance(ctx, u, p, c); err != nil {
		return err
	}
	if p.state.Status == Open {
		if err := s.remind(ctx, u, p, c, diff); err != nil {
			return err
		}
	}
	if err := s.save(ctx, u, p); err != nil {
		return err
	}
	if len(diff) > 0 {
		if err := u.Record(ctx, ActionLook, p.ref(), diff); err != nil {
			return err
		}
	}
	return s.decided(ctx, u, p, "")
}

// excuse takes the seats of those who may not decide any more: who left, lost
// the role, became involved, or whose waiver is over. A step that waited for
// them would wait for ever.
func (s *Service) excuse(ctx context.Context, u *work.Unit, p *process, c Content, diff trail.Diff) error {
	k, err := s.court(ctx, u.Tx, u.Now, p, c)
	if err != nil {
		return err
	}
	for _, w := range p.state.Waiting() {
		st, ok := p.place(w.ID)
		if !ok || p.state.Opening || p.state.Status != Open {
			return nil
		}
		why, err := k.against(ctx, st.Person, p.step(), st.Source)
		if err != nil {
			return err
		}
		if st.WaiverUntil != nil && !st.WaiverUntil.After(u.Now) {
			why = reasonExpired
		}
		if why == "" {
			continue
		}
		if err := p.add(line{Kind: Recuse, SeatID: &st.ID, Member: &st.Person, ActorID: u.Actor.ID, Reason: why, At: u.Now}); err != nil {
			return refuse(err)
		}
		record.Settle(&u.Batch, st.ID)
		record.Withdraw(&u.Batch, p.RecordID, role, st.ID)
		diff["excused:"+st.Person.String()] = [2]any{nil, why}
	}
	return nil
}

// remind tells the silent once, and lets their managers decide once, in each
// round. Who waits for an answer is not silent.
func (s *Service) remind(ctx context.Context, u *work.Unit, p *process, c Content, diff trail.Diff) error {
	var silent []Place
	for _, w := range p.state.Waiting() {
		if !w.Asked {
			silent = append(silent, w)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	cal, err := s.options.Days(ctx, u.Tx)
	if err != nil {
		return err
	}
	due := func(k Kind) bool {
		return !p.did(k) && !cal.AddDays(p.since(), p.step().patience(k)).After(u.Now)
	}
	if due(Reminded) {
		if err := p.add(line{Kind: Reminded, ActorID: u.Actor.ID, At: u.Now}); err != nil {
			return refuse(err)
		}
		s.announce(u, p, "approval.reminded", persons(silent)...)
		diff["reminded"] = [2]any{nil, len(silent)}
	}
	if due(Escalated) {
		if err := p.add(line{Kind: Escalated, ActorID: u.Actor.ID, At: u.Now}); err != nil {
			return refuse(err)
		}
		diff["escalated"] = [2]any{nil, len(silent)}
		return s.escalate(ctx, u, p, c, silent)
	}
	return nil
}

// escalate makes the nearest manager of each silent member their deputy for
// this seat, where separation of duties allows it, and tells who asked.
func (s *Service) escalate(ctx context.Context, u *work.Unit, p *process, c Content, silent []Place) error {
	k, err := s.court(ctx, u.Tx, u.Now, p, c)
	if err != nil {
		return err
	}
	if err := k.load(ctx, persons(silent)...); err != nil {
		return err
	}
	for _, w := range silent {
		st, _ := p.place(w.ID)
		managers, err := s.repo.managers(ctx, u.Tx, k.actors[w.Person].Department)
		if err != nil {
			return err
		}
		for _, m := range managers {
			if m == w.Person {
				continue
			}
			why, err := k.againstDeputy(ctx, m, st, p.step())
			if err != nil {
				return err
			}
			if why == "" {
				if err := p.add(line{Kind: Delegate, SeatID: &st.ID, Member: &st.Person, ToID: &m, ActorID: u.Actor.ID, Reason: "approval.reason.silence", At: u.Now}); err != nil {
					return refuse(err)
				}
				s.seat(u, p, st, m)
				s.announce(u, p, "approval.escalated", m)
				break
			}
		}
	}
	s.announce(u, p, "approval.slow", p.OpenedBy)
	return nil
}

// turnDeputies gives those whose time begins what waits for whom they stand
// for, and takes it from those whose time is over.
func (s *Service) turnDeputies(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.turn(ctx, tx, s.desk.Now()) })
}

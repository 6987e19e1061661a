package sla

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
	"opsdesk/internal/presence"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobScan looks for clocks that have reached a mark.
const JobScan = "sla.scan"

// scanBatch is how many records one look takes.
const scanBatch = 200

func (s *Service) scan(ctx context.Context, _ json.RawMessage, _ jobs.Run) error { return s.Scan(ctx) }

// Scan tells people at the marks that clocks have reached. It looks for all
// that is due, so what fell due while nothing ran is made up; and each mark is
// a row that can be written once, so nobody is told twice.
func (s *Service) Scan(ctx context.Context) error {
	ctx = identity.With(ctx, identity.NewSystem("sla"))
	if _, err := s.desk.Permit(ctx, ActionEscalate); err != nil {
		return err
	}
	var failed []error
	for {
		ids, err := s.repo.reached(ctx, s.desk.DB, s.desk.Now(), scanBatch)
		if err != nil {
			return err
		}
		done := 0
		for _, id := range ids {
			if err := s.desk.Do(ctx, func(u *work.Unit) error { return s.escalate(ctx, u, id) }); err != nil {
				failed = append(failed, err)
				continue
			}
			done++
		}
		if len(ids) < scanBatch || done == 0 {
			return errors.Join(failed...)
		}
	}
}

// escalate fires what the clocks of one record have reached.
func (s *Service) escalate(ctx context.Context, u *work.Unit, id uuid.UUID) error {
	var p past
	s.repo.queuePast(&u.Batch, id, Facts{}, &p)
	if err := u.Flush(ctx); err != nil {
		return db.Map(err)
	}
	b, err := s.bookAt(ctx, u.Tx, p.revision)
	if err != nil || len(p.events) == 0 {
		return err
	}
	e, err := record.Get(ctx, u.Tx, id)
	if err != nil {
		return err
	}
	w := writer{s: s, u: u, b: b, id: id, past: p}
	var said []string
	for _, m := range Metrics {
		c, ok := Compute(m, p.events, b.Rule, nil)
		if !ok || c.State != Running {
			continue
		}
		if c.Due != nil && c.Due.Before(u.Now) {
			s.repo.breach(&u.Batch, id, c, *c.Due, w.last(), u.Now)
		}
		list, err := w.fireAll(ctx, e, c)
		if err != nil {
			return err
		}
		said = append(said, list...)
	}
	if err := w.count(); err != nil {
		return err
	}
	if len(said) == 0 {
		return nil
	}
	return u.Record(ctx, ActionEscalate, e.Ref(), trail.Diff{"promise": {nil, said}})
}

// fireAll fires the marks of one clock that are reached and were not fired.
func (w *writer) fireAll(ctx context.Context, e record.Entry, c Clock) ([]string, error) {
	v, ok := w.b.Version(c.Rule.TermsID)
	if !ok {
		return nil, nil
	}
	var said []string
	var here, all map[string]uuid.UUID
	for _, step := range v.Marks {
		k := c.key(step.At)
		at, ok := c.mark(step.At)
		if !ok || at.After(w.u.Now) || w.past.fired[k] {
			continue
		}
		if here == nil {
			var err error
			if here, all, err = w.chain(ctx, e); err != nil {
				return nil, err
			}
		}
		who := here
		if len(recipients(who, step.To)) == 0 {
			who = all // nobody is there: they find it when they are back
		}
		to := recipients(who, step.To)
		w.past.fired[k] = true
		w.s.repo.fire(&w.u.Batch, w.id, k, c.Due, w.u.Now, to)
		for _, p := range to {
			if (p == who["manager"] || p == who["manager_any"]) && !e.Confidential {
				record.Watch(&w.u.Batch, e.ID, p, w.u.Actor.ID, w.u.Now) // so that they may see what they are called about
			}
		}
		w.u.Emit("sla."+string(c.Metric)+"_"+verb(c, step.At, at), to...)
		said = append(said, string(c.Metric)+" "+string(step.At))
	}
	return said, nil
}

// chain is who is told at each level above a record: who stands there, or, while
// they are away, who stands in for them. A level where neither is there is
// vacant. all are those who stand there, wherever they are: what is confidential
// is told to no substitute whom it does not concern.
func (w *writer) chain(ctx context.Context, e record.Entry) (here, all map[string]uuid.UUID, err error) {
	levels, err := w.s.repo.chain(ctx, w.u.Tx, e.ID, w.last().TeamID, w.u.Now)
	if err != nil {
		return nil, nil, err
	}
	here, all = map[string]uuid.UUID{}, map[string]uuid.UUID{}
	for level, list := range levels {
		all[level] = list[0]
		if e.Confidential {
			continue
		}
		reached, err := presence.Reachable(ctx, w.u.Tx, list, w.u.Now)
		if err != nil {
			return nil, nil, err
		}
		if len(reached) > 0 {
			here[level] = reached[0]
		}
	}
	return here, all, nil
}

// verb says whether a mark warns, tells of the breach, or escalates it.
func verb(c Clock, m Mark, at time.Time) string {
	spent, _ := m.Spent(c.Rule.Goal, c.Rule.Calendar.At(c.As)) // it was reached, so it can be read
	switch {
	case spent < c.Rule.Goal && (c.Due == nil || at.Before(*c.Due)):
		return "warned"
	case spent <= c.Rule.Goal:
		return "breached"
	}
	return "escalated"
}

// recipients are who is told at the levels of a step; where a level is vacant,
// the next one up answers for it, and in the end a lead or a manager of the desk.
func recipients(chain map[string]uuid.UUID, to []string) []uuid.UUID {
	var out []uuid.UUID
	for _, level := range to {
		n := slices.Index(Levels[:], level)
		if n < 0 {
			continue
		}
		for _, name := range slices.Concat(Levels[n:], []string{"lead_any", "manager_any"}) {
			if id, ok := chain[name]; ok {
				if !slices.Contains(out, id) {
					out = append(out, id)
				}
				break
			}
		}
	}
	return out
}

// Nudge notes that somebody chases a record: at most once in the time that the
// settings say, whoever asks. It returns who is to hear of it: whoever holds
// the record, or the lead of its team while nobody does.
func (s *Service) Nudge(ctx context.Context, u *work.Unit, ref record.Ref, holder, team *uuid.UUID) ([]uuid.UUID, error) {
	set, err := s.repo.settings(ctx, u.Tx)
	if err != nil {
		return nil, err
	}
	if err := s.repo.nudge(ctx, u, ref.ID, time.Duration(set.NudgeHours)*time.Hour); err != nil {
		return nil, err
	}
	if holder != nil {
		return []uuid.UUID{*holder}, nil
	}
	return s.repo.leadOf(ctx, u.Tx, team, u.Now)
}

package sla

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Facts is what picks the terms of a record.
type Facts struct {
	Priority     int // 1 to 4
	ServiceID    *uuid.UUID
	DepartmentID *uuid.UUID // of the requester
	RequesterID  *uuid.UUID
	TeamID       *uuid.UUID // that holds it
	// Since is when a record began that is told of later, such as a back-dated
	// report; the zero time: now.
	Since time.Time
}

// Start sets the clocks of a record going. It belongs into the unit that makes
// the record, or that first owes somebody an answer.
func (s *Service) Start(ctx context.Context, u *work.Unit, ref record.Ref, f Facts) error {
	at := occurred(u)
	if !f.Since.IsZero() {
		at = f.Since
	}
	return s.tell(ctx, u, ref, told{Event{At: at, Kind: Started}, f})
}

// Respond stops the clock of the response: somebody has taken it on.
func (s *Service) Respond(ctx context.Context, u *work.Unit, ref record.Ref) error {
	return s.tell(ctx, u, ref, told{Event: Event{At: occurred(u), Kind: Responded}})
}

// Pause says for what the record waits; the clocks stop if that reason is one
// that pauses.
func (s *Service) Pause(ctx context.Context, u *work.Unit, ref record.Ref, reason string) error {
	return s.tell(ctx, u, ref, told{Event: Event{At: occurred(u), Kind: Paused, Reason: reason}})
}

// Resume says that work goes on.
func (s *Service) Resume(ctx context.Context, u *work.Unit, ref record.Ref) error {
	return s.tell(ctx, u, ref, told{Event: Event{At: occurred(u), Kind: Resumed}})
}

// Stop ends the clocks: solved, delivered.
func (s *Service) Stop(ctx context.Context, u *work.Unit, ref record.Ref) error {
	return s.tell(ctx, u, ref, told{Event: Event{At: occurred(u), Kind: Stopped}})
}

// Void ends the clocks without a verdict: withdrawn, merged away.
func (s *Service) Void(ctx context.Context, u *work.Unit, ref record.Ref) error {
	return s.tell(ctx, u, ref, told{Event: Event{At: occurred(u), Kind: Voided}})
}

// Reopen lets the clock of the resolution go on with what was used; the time
// in between does not count, and the response stays answered.
func (s *Service) Reopen(ctx context.Context, u *work.Unit, ref record.Ref) error {
	return s.tell(ctx, u, ref, told{Event: Event{At: occurred(u), Kind: Reopened}})
}

// Reclassify picks the terms anew after a change of priority, service,
// requester or team. What was used is kept.
func (s *Service) Reclassify(ctx context.Context, u *work.Unit, ref record.Ref, f Facts) error {
	return s.tell(ctx, u, ref, told{Event{At: occurred(u), Kind: Reclassified}, f})
}

// Join keeps the earlier start when another record is merged into this one.
func (s *Service) Join(ctx context.Context, u *work.Unit, into, from record.Ref) error {
	return s.meet(ctx, u, Joined, into, from)
}

// Part undoes Join: the record counts from its own start again. A breach that
// was found meanwhile stays a fact.
func (s *Service) Part(ctx context.Context, u *work.Unit, into, from record.Ref) error {
	return s.meet(ctx, u, Parted, into, from)
}

func (s *Service) meet(ctx context.Context, u *work.Unit, kind EventKind, into, from record.Ref) error {
	other, err := s.repo.events(ctx, u.Tx, from.ID)
	if err != nil || len(other) == 0 {
		return err
	}
	since := earliest(other[0].At, other)
	return s.tell(ctx, u, into, told{Event: Event{At: occurred(u), Kind: kind, Since: &since}})
}

func occurred(u *work.Unit) time.Time {
	if u.Occurred.IsZero() {
		return u.Now
	}
	return u.Occurred
}

// told is an event with the facts that pick terms at it.
type told struct {
	Event
	f Facts
}

// tell adds events to a record's history and keeps how its clocks stand then.
// A record whose clocks were never started has none, and nothing is told.
func (s *Service) tell(ctx context.Context, u *work.Unit, ref record.Ref, list ...told) error {
	return s.tellEither(ctx, u, ref, list, nil)
}

// tellEither is tell; where list starts clocks that were started before,
// otherwise is told in its place.
func (s *Service) tellEither(ctx context.Context, u *work.Unit, ref record.Ref, list, otherwise []told) error {
	var p past
	starts := list[0].Kind == Started
	if starts {
		// A new record's rows wait for its line in the register; they stay queued.
		var b pgx.Batch
		s.repo.queuePast(&b, ref.ID, list[0].f, &p)
		if err := u.Tx.SendBatch(ctx, &b).Close(); err != nil {
			return db.Map(err)
		}
	} else {
		s.repo.queuePast(&u.Batch, ref.ID, list[0].f, &p)
		if err := u.Flush(ctx); err != nil {
			return db.Map(err)
		}
	}
	if starts == (len(p.events) > 0) {
		if list = otherwise; !starts || len(list) == 0 {
			return nil // never started, or started before
		}
	}
	b, err := s.bookAt(ctx, u.Tx, p.revision)
	if err != nil {
		return err
	}
	w := writer{s: s, u: u, b: b, id: ref.ID, past: p}
	for _, e := range list {
		w.add(e.Event, e.f, Subject{Kind: ref.Kind, Service: e.f.ServiceID, Departments: p.departments, VIP: p.vip})
	}
	if p.registered {
		return w.keep()
	}
	u.AfterRegister(w.keep)
	return nil
}

// writer turns events into rows.
type writer struct {
	s     *Service
	u     *work.Unit
	b     *Book
	id    uuid.UUID
	past  past
	fresh []Event
}

func (w *writer) add(e Event, f Facts, subject Subject) {
	e.N = len(w.past.events) + 1
	last := w.last()
	switch e.Kind {
	case Started, Reclassified, Handed:
		e.Priority, e.TeamID = f.Priority, f.TeamID
		if v, ok := w.b.Select(subject, e.At); ok {
			e.TermsID = &v.ID
		}
		if f.TeamID != nil {
			if v, ok := w.b.SelectTeam(*f.TeamID, e.At); ok {
				e.TeamTermsID = &v.ID
			}
		}
		if e.Kind == Reclassified && deref(last.TeamID) != deref(e.TeamID) {
			e.Kind = Handed
		}
	case Paused:
		e.Pauses = w.b.pauses(e.Reason)
		fallthrough
	default: // the terms that hold stay in sight
		e.TermsID, e.TeamTermsID, e.TeamID, e.Priority = last.TermsID, last.TeamTermsID, last.TeamID, last.Priority
	}
	if e.Kind == Handed {
		w.handover(e)
	}
	w.past.events = append(w.past.events, e)
	w.fresh = append(w.fresh, e)
}

func (w *writer) last() Event {
	if len(w.past.events) == 0 {
		return Event{}
	}
	return w.past.events[len(w.past.events)-1]
}

// handover notes whether the team that gives the record away was late.
func (w *writer) handover(e Event) {
	before := append(slices.Clone(w.past.events), Event{At: e.At, Kind: Stopped})
	if c, ok := Compute(Team, before, w.b.Rule, nil); ok && c.Breached != nil {
		w.s.repo.breach(&w.u.Batch, w.id, c, *c.Breached, w.last(), w.u.Now)
	}
}

// keep queues the events, the clocks and the due instant of the register.
func (w *writer) keep() error {
	for _, e := range w.fresh {
		w.s.repo.addEvent(&w.u.Batch, w.id, e, w.u.Actor.ID, w.u.Now)
	}
	return w.count()
}

// count tells every clock from the events and keeps how it stands.
func (w *writer) count() error {
	var due *time.Time
	for _, m := range Metrics {
		c, ok := Compute(m, w.past.events, w.b.Rule, nil)
		if !ok {
			w.s.repo.dropClock(&w.u.Batch, w.id, m)
			continue
		}
		if c.Breached != nil {
			w.s.repo.breach(&w.u.Batch, w.id, c, *c.Breached, w.last(), w.u.Now)
		}
		w.s.repo.setClock(&w.u.Batch, w.id, c, w.next(c))
		if m != Team && c.State == Running && c.Due != nil && (due == nil || c.Due.Before(*due)) {
			due = c.Due
		}
	}
	record.QueueDue(&w.u.Batch, w.id, due)
	return nil
}

// next is when the first mark of a running clock is reached at which nobody
// was told yet. What was past when history is taken in counts as told.
func (w *writer) next(c Clock) *time.Time {
	v, ok := w.b.Version(c.Rule.TermsID)
	if !ok || c.State != Running {
		return nil
	}
	var next *time.Time
	for _, m := range v.Marks {
		k := c.key(m.At)
		at, ok := c.mark(m.At)
		if !ok || w.past.fired[k] {
			continue
		}
		if w.u.Quiet && !at.After(w.u.Now) {
			w.s.repo.fire(&w.u.Batch, w.id, k, c.Due, w.u.Now, nil)
			continue
		}
		if next == nil || at.Before(*next) {
			next = &at
		}
	}
	return next
}

// key names a mark of the target that the clock has: with another priority or
// agreement it has another, and is told of anew; a pause moves the due instant
// and not the target.
func (c Clock) key(m Mark) firedKey {
	return firedKey{c.Metric, c.Stint, m, c.Rule.Goal.Microseconds()}
}

// mark is when a running clock reaches a mark.
func (c Clock) mark(m Mark) (time.Time, bool) {
	spent, err := m.Spent(c.Rule.Goal, c.Rule.Calendar.At(c.As))
	if err != nil {
		return time.Time{}, false
	}
	if spent == c.Rule.Goal && c.Due != nil {
		return *c.Due, true
	}
	return c.Reach(spent)
}

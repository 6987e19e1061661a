package work

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/record"
)

type wholeKey struct{}

// whole is a transaction that several use cases share.
type whole struct {
	unit *Unit
	told []told
	// refused is the use case that ended it, for the trail.
	refused    authz.Action
	refusedRef record.Ref
}

// told is what one of them would have announced.
type told struct {
	ref    record.Ref
	events []event.Event
}

// Whole runs the use cases that fn calls in one transaction: all of them, or
// none. Each is authorised, checked and written to the trail as ever; the
// idempotency key of ctx belongs to all of them together, as an act on ref.
// Repeated with the key they are not run again.
//
// What they announce is told once: each person hears of the event that stands
// first in rank among those that concern them, and followers of the first of
// all. Events that rank does not name come last.
func (d *Desk) Whole(ctx context.Context, act authz.Action, ref record.Ref, in any, rank []string, fn func(context.Context) error) error {
	w := &whole{}
	err := d.Do(ctx, func(u *Unit) error {
		if _, err := u.claim(ctx, act, ref.ID, in); err != nil || u.done {
			return err
		}
		w.unit, w.told, w.refused = u, nil, ""
		if err := fn(context.WithValue(context.WithValue(ctx, idemKey{}, ""), wholeKey{}, w)); err != nil {
			return err
		}
		return w.tell(rank)
	})
	if w.refused != "" {
		return d.Noted(ctx, w.refused, w.refusedRef, err)
	}
	return err
}

// shared runs fn on the transaction that ctx is within, if it is in one. Its
// rows are written before the next use case reads.
func shared(ctx context.Context, fn func(*Unit) error) (within bool, err error) {
	w, ok := ctx.Value(wholeKey{}).(*whole)
	if !ok {
		return false, nil
	}
	u := w.unit
	u.whole = w
	if err := fn(u); err != nil {
		return true, err
	}
	return true, u.Flush(ctx)
}

// tell announces what the use cases came to.
func (w *whole) tell(rank []string) error {
	u := w.unit
	for len(w.told) > 0 {
		ref, rest := w.told[0].ref, w.told[:0:0]
		var events []event.Event
		for _, t := range w.told {
			if t.ref == ref {
				events = append(events, t.events...)
			} else {
				rest = append(rest, t)
			}
		}
		w.told = rest
		if err := u.publish(ref, once(events, rank), 0); err != nil {
			return err
		}
	}
	return nil
}

// once leaves of the events what each person is to hear: the first in rank.
func once(events []event.Event, rank []string) []event.Event {
	place := func(e event.Event) int {
		if n := slices.Index(rank, e.Name); n >= 0 {
			return n
		}
		return len(rank)
	}
	slices.SortStableFunc(events, func(a, b event.Event) int { return place(a) - place(b) })
	var out []event.Event
	var heard []uuid.UUID
	followed := false
	for _, e := range events {
		e.To = slices.DeleteFunc(slices.Clone(e.To), func(p uuid.UUID) bool { return slices.Contains(heard, p) })
		e.Not = append(slices.Clone(e.Not), heard...)
		first := !e.Only && !followed
		if first {
			followed = true
		}
		if !first && len(e.To) == 0 {
			continue
		}
		e.Only = !first
		heard = append(heard, e.To...)
		out = append(out, e)
	}
	return out
}

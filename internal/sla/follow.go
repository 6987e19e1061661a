package sla

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Standing is how a record stands, as far as its clocks are concerned.
type Standing struct {
	Facts
	Category  record.Category
	Waits     string // for what, while pending
	Responded *time.Time
	Reopened  int // how often; one less: that was taken back
}

// Follow compares how a record stood before an act and after it, and tells the
// clocks what that means. It is for modules whose every change passes one
// place; what changed nothing costs nothing.
func (s *Service) Follow(ctx context.Context, u *work.Unit, ref record.Ref, before, after Standing) error {
	list := between(before, after, occurred(u))
	if len(list) == 0 {
		return nil
	}
	return s.tell(ctx, u, ref, list...)
}

// Begin is Follow for an act with which a record may first owe somebody
// something, such as sending a draft: its clocks are started as it stands now,
// unless they were started before.
func (s *Service) Begin(ctx context.Context, u *work.Unit, ref record.Ref, before, after Standing) error {
	if err := u.Flush(ctx); err != nil { // the record must be there
		return db.Map(err)
	}
	at := occurred(u)
	return s.tellEither(ctx, u, ref, begun(Moment{at, after}), between(before, after, at))
}

// begun is the start of a record that stands as it does from its first moment.
func begun(m Moment) []told {
	list := []told{{Event{At: m.At, Kind: Started}, m.Facts}}
	return append(list, between(Standing{Facts: m.Facts, Category: record.New}, m.Standing, m.At)...)
}

// Moment is how a record stood from an instant on.
type Moment struct {
	At time.Time
	Standing
}

// Replay sets the clocks of a record going from a history that is known whole,
// in one step: imported records get their true clocks.
func (s *Service) Replay(ctx context.Context, u *work.Unit, ref record.Ref, history []Moment) error {
	if err := u.Flush(ctx); err != nil { // the record must be there
		return db.Map(err)
	}
	list := begun(history[0])
	for i := 1; i < len(history); i++ {
		list = append(list, between(history[i-1].Standing, history[i].Standing, history[i].At)...)
	}
	return s.tell(ctx, u, ref, list...)
}

// between lists what happened from one standing to the other.
func between(a, b Standing, at time.Time) []told {
	var out []told
	add := func(k EventKind, mod ...func(*Event)) {
		e := Event{At: at, Kind: k}
		for _, m := range mod {
			m(&e)
		}
		out = append(out, told{e, b.Facts})
	}
	if a.ended() && !b.ended() {
		add(Reopened)
	}
	if a.Priority != b.Priority || !same(a.ServiceID, b.ServiceID) || !same(a.DepartmentID, b.DepartmentID) || !same(a.RequesterID, b.RequesterID) || !same(a.TeamID, b.TeamID) {
		add(Reclassified)
	}
	if a.Responded == nil && b.Responded != nil {
		add(Responded)
	}
	if a.Responded != nil && b.Responded == nil {
		add(Unanswered)
	}
	switch {
	case b.Category == record.Cancelled && a.Category != record.Cancelled:
		add(Voided)
	case b.ended() && !a.ended() && b.Reopened < a.Reopened:
		add(Stands)
	case b.ended() && !a.ended():
		add(Stopped)
	case b.Category == record.Pending && (a.Category != record.Pending || a.Waits != b.Waits):
		add(Paused, func(e *Event) { e.Reason = b.Waits })
	case a.Category == record.Pending && b.Category.Open() && b.Category != record.Pending:
		add(Resumed)
	}
	return out
}

func (s Standing) ended() bool { return !s.Category.Open() }

func same(a, b *uuid.UUID) bool { return deref(a) == deref(b) }

package servicerequest

import (
	"context"
	"time"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// standing is how the request stands, as far as its clocks are concerned: while
// approvals are asked for it waits for those, and one that came back to its
// requester waits for them. Whoever begins the first task has responded.
func (r Request) standing() sla.Standing {
	s := sla.Standing{
		Facts:    sla.Facts{Priority: r.Priority, ServiceID: r.ServiceID, DepartmentID: r.DepartmentID, RequesterID: &r.RequesterID, TeamID: r.TeamID},
		Category: r.State.Category(), Waits: string(r.PendingReason),
	}
	switch r.State {
	case Draft:
		s.Category, s.Waits = record.Pending, string(OnUser)
	case Approving:
		s.Category, s.Waits = record.Pending, "approval"
	case Fulfilling, Pending, Fulfilled, Closed:
		s.Responded = &r.UpdatedAt // when is in the events
	}
	return s
}

// sent reports whether somebody owes the requester something, or did.
func (r Request) sent() bool { return r.State != Draft && r.State != Cancelled }

// timed lets the clocks follow a change. Every change of a request passes
// through it; they start when it is sent.
func (s *Service) timed(ctx context.Context, change func(*work.Unit, *Request) error) func(*work.Unit, *Request) error {
	return func(u *work.Unit, r *Request) error {
		before := *r
		if err := change(u, r); err != nil {
			return err
		}
		if err := s.hold(ctx, u, r); err != nil {
			return err
		}
		if before.State == Draft && r.sent() {
			return s.Clocks.Begin(ctx, u, r.Ref(), before.standing(), r.standing())
		}
		return s.Clocks.Follow(ctx, u, r.Ref(), before.standing(), r.standing())
	}
}

// startClocks starts the clocks of a request that is made and sent in one act,
// once its line in the register is there.
func (s *Service) startClocks(ctx context.Context, u *work.Unit, r *Request) {
	u.AfterRegister(func() error { return s.Clocks.Begin(ctx, u, r.Ref(), r.standing(), r.standing()) })
}

// hold keeps since when the request waits for a reason that pauses, and moves
// the day that was told by the working time of the wait once that is over.
func (s *Service) hold(ctx context.Context, u *work.Unit, r *Request) error {
	waits := false
	if r.State == Pending {
		var err error
		if waits, err = s.Clocks.Pauses(ctx, u.Tx, string(r.PendingReason)); err != nil {
			return err
		}
	}
	switch {
	case waits && r.HeldSince == nil:
		r.HeldSince = &u.Now
	case !waits && r.HeldSince != nil:
		if err := s.moved(ctx, u.Tx, r, u.Now); err != nil {
			return err
		}
		r.HeldSince = nil
	}
	return nil
}

// moved sets the day that was told to what it would be if a wait ended at an
// instant.
func (s *Service) moved(ctx context.Context, q db.Querier, r *Request, at time.Time) error {
	if r.HeldSince == nil || r.ExpectedAt == nil {
		return nil
	}
	later, err := s.Clocks.Later(ctx, q, *r.ExpectedAt, *r.HeldSince, at)
	r.ExpectedAt = &later
	return err
}

// movedDays is moved for the rows of a list, as of now; row names the day and
// since when the request waits. The calendar is looked up once, and only where
// one waits.
func (s *Service) movedDays(ctx context.Context, rows int, row func(n int) (told **time.Time, since *time.Time)) error {
	var book *sla.Book
	for n := range rows {
		told, since := row(n)
		if since == nil || *told == nil {
			continue
		}
		if book == nil {
			var err error
			if book, err = s.Clocks.Book(ctx, s.desk.DB); err != nil {
				return err
			}
		}
		later := book.Later(**told, *since, s.desk.Now())
		*told = &later
	}
	return nil
}

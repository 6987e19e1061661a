package approval

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// KindDeputy is what the trail calls the appointment of a deputy.
const KindDeputy record.Kind = "deputy"

// maxDeputyDays bounds an appointment (S11).
const maxDeputyDays = 30

// Deputy lets one person decide for another for some days.
type Deputy struct {
	ID        uuid.UUID `db:"id" json:"id"`
	Version   int       `db:"version" json:"version"`
	PersonID  uuid.UUID `db:"person_id" json:"person_id" audit:"person"`
	DeputyID  uuid.UUID `db:"deputy_id" json:"deputy_id" audit:"deputy"`
	BeginsAt  time.Time `db:"begins_at" json:"begins_at" audit:"begins_at"`
	EndsAt    time.Time `db:"ends_at" json:"ends_at" audit:"ends_at"`
	Reason    string    `db:"reason" json:"reason" audit:"reason"`
	Begun     bool      `db:"begun" json:"-"`
	Ended     bool      `db:"ended" json:"ended" audit:"ended"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
}

// Ref points at the appointment.
func (d Deputy) Ref() record.Ref { return record.Ref{Kind: KindDeputy, ID: d.ID} }

// CurrentVersion counts the changes, from 1.
func (d Deputy) CurrentVersion() int { return d.Version }

// Touch notes a change.
func (d *Deputy) Touch(now time.Time) { d.Version++; d.UpdatedAt = now }

// Facts: an appointment belongs to whoever made it.
func (d Deputy) Facts() authz.Facts {
	return authz.Facts{CreatedBy: d.PersonID, RequesterID: d.PersonID}
}

// DeputyInput appoints a deputy for whole days of the company's calendar, both
// included.
type DeputyInput struct {
	DeputyID uuid.UUID `json:"deputy_id" validate:"required"`
	From     time.Time `json:"from" validate:"required"`
	Until    time.Time `json:"until" validate:"required"`
	Reason   string    `json:"reason" validate:"text,max=500"`
}

// Appoint makes somebody the actor's deputy. They may decide what the actor is
// asked, except where separation of duties forbids it: that is decided again at
// each vote.
func (s *Service) Appoint(ctx context.Context, in DeputyInput) (Deputy, error) {
	return work.Create(ctx, s.desk, s.repo, ActionDeputy, in, func(u *work.Unit) (Deputy, error) {
		d := Deputy{ID: u.ID(), Version: 1, PersonID: u.Actor.ID, DeputyID: in.DeputyID, Reason: in.Reason, CreatedAt: u.Now, UpdatedAt: u.Now}
		d.BeginsAt, d.EndsAt = s.day(in.From, 0), s.day(in.Until, 1)
		if err := s.appointable(ctx, u, d); err != nil {
			return d, err
		}
		d.Begun = !d.BeginsAt.After(u.Now)
		if d.Begun {
			u.AfterRegister(func() error { s.repo.lookNow(&u.Batch, d.PersonID, u.Now); return nil })
		}
		u.Announce("approval.appointed", event.Subject{Title: u.Actor.Name, Path: "/approvals/deputies"}, d.DeputyID)
		return d, nil
	})
}

// day is the beginning of a date in the company's zone, n days on.
func (s *Service) day(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+n, 0, 0, 0, 0, s.options.Zone).UTC()
}

func (s *Service) appointable(ctx context.Context, u *work.Unit, d Deputy) error {
	switch {
	case d.DeputyID == d.PersonID:
		return fault.OnField("deputy_id", "approval.error.not_self")
	case !d.EndsAt.After(d.BeginsAt):
		return fault.OnField("until", "approval.error.deputy_order")
	case d.EndsAt.After(s.day(d.BeginsAt.In(s.options.Zone), maxDeputyDays)):
		return fault.OnField("until", "approval.error.deputy_days")
	case !d.EndsAt.After(u.Now):
		return fault.OnField("until", "approval.error.deputy_past")
	}
	a, err := identity.LoadActors(ctx, u.Tx, []uuid.UUID{d.PersonID, d.DeputyID}, u.Now)
	if err != nil {
		return err
	}
	other, ok := a[d.DeputyID]
	if !ok {
		return fault.OnField("deputy_id", "validation.unknown")
	}
	if len(authz.Conflicts(union(other.Roles, a[d.PersonID].Roles))) > 0 {
		return fault.OnField("deputy_id", reasonConflict)
	}
	overlap, err := s.repo.overlaps(ctx, u.Tx, d)
	if err == nil && overlap {
		return fault.OnField("from", "approval.error.deputy_overlap")
	}
	return err
}

// Dismiss ends an appointment of the actor at once.
func (s *Service) Dismiss(ctx context.Context, id uuid.UUID) error {
	_, err := work.Update(ctx, s.desk, s.repo, ActionDeputy, id, 0, struct{}{}, func(u *work.Unit, d *Deputy) error {
		if d.Ended {
			return nil
		}
		d.Ended = true
		s.repo.dismiss(&u.Batch, d.PersonID, d.DeputyID)
		u.Announce("approval.dismissed", event.Subject{Title: u.Actor.Name, Path: "/approvals/deputies"}, d.DeputyID)
		return nil
	})
	return err
}

// Deputies lists the actor's appointments, latest first, at most 50, and those
// for whom the actor stands now.
func (s *Service) Deputies(ctx context.Context) (mine, forOthers []Deputy, err error) {
	who, err := s.desk.Permit(ctx, ActionDeputy)
	if err != nil {
		return nil, nil, err
	}
	if mine, err = s.repo.appointed(ctx, s.desk.DB, who.ID); err != nil {
		return nil, nil, err
	}
	forOthers, err = s.repo.standsFor(ctx, s.desk.DB, who.ID, s.desk.Now())
	return mine, forOthers, err
}

// DeputiesOf maps people to those who stand in for them at an instant.
func (s *Service) DeputiesOf(ctx context.Context, q db.Querier, people []uuid.UUID, at time.Time) (map[uuid.UUID][]uuid.UUID, error) {
	return s.repo.deputiesOf(ctx, q, people, at)
}

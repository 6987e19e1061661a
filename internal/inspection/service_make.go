package inspection

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobMake makes the inspections that plans call for, and marks those that are
// overdue or were missed.
const JobMake = "inspection.make"

// component is the name under which the desk itself acts on inspections.
const component = "inspections"

// round is how much one run takes on of each sort.
const round = 200

func (s *Service) register() error {
	return s.desk.Registry.Every(JobMake, time.Minute, 5*time.Minute, s.tick)
}

func (s *Service) tick(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	return s.Tick(ctx)
}

// Tick does what the job does: it makes what is due, ends what was replaced, and
// tells of what is overdue.
func (s *Service) Tick(ctx context.Context) error {
	ctx = identity.With(ctx, identity.NewSystem(component))
	return errors.Join(s.makeDue(ctx), s.missReplaced(ctx), s.tellOverdue(ctx))
}

// makeDue looks at every plan that has something to make. A plan that cannot be
// read hinders no other.
func (s *Service) makeDue(ctx context.Context) error {
	ids, err := plans{}.due(ctx, s.desk.DB, s.desk.Now(), round)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		if err := s.makeOf(ctx, id); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// makeOf makes what one plan calls for. The plan is locked meanwhile: of two
// workers at once one makes, and the other finds it made.
func (s *Service) makeOf(ctx context.Context, id uuid.UUID) error {
	seen, err := plans{}.get(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	items, err := s.itemsOf(ctx, seen) // looked up before anything is locked
	if err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		p, err := plans{}.ForUpdate(ctx, u.Tx, id)
		if err != nil {
			return db.Map(err)
		}
		if p.State != Active || p.Version != seen.Version || p.LookAt.After(u.Now) {
			return nil // another came first, or the plan changed: the next round looks again
		}
		keep, err := s.schedule(ctx, u.Tx, p)
		if err != nil {
			return err
		}
		m := p.due(keep, u.Now)
		if err := s.makeThese(ctx, u, p, m, items); err != nil {
			return err
		}
		plans{}.looked(&u.Batch, p.ID, m.Until, m.LookAt)
		if m.Left > 0 {
			return u.Record(ctx, ActionMake, p.Ref(), trail.Diff{"not_made": {nil, m.Left}})
		}
		return nil
	})
}

func (s *Service) makeThese(ctx context.Context, u *work.Unit, p Plan, m Making, items []uuid.UUID) error {
	all := slices.Concat(m.Missed, m.Due)
	if len(all) == 0 {
		return nil
	}
	there, err := s.repo.made(ctx, u.Tx, p.ID, all)
	if err != nil {
		return err
	}
	for n, at := range all {
		if slices.ContainsFunc(there, at.Equal) {
			continue
		}
		_, err := work.Insert(ctx, u, s.repo, ActionMake, nil, struct{}{}, func(u *work.Unit) (Inspection, error) {
			number, err := s.repo.next(ctx, u.Tx)
			if err != nil {
				return Inspection{}, err
			}
			i := Inspection{
				ID: u.ID(), Version: 1, Number: number, PlanID: p.ID, State: Planned, RequesterID: p.CreatedBy, ScheduledAt: at.UTC(), DueAt: at.Add(p.Allow()).UTC(),
				CreatedAt: u.Now, UpdatedAt: u.Now,
			}
			p.follow(&i, items)
			if n < len(m.Missed) {
				return i, i.miss(u.Now)
			}
			if to := people(p.PersonID); len(to) > 0 {
				u.Emit("inspection.planned", to...)
			}
			return i, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// missReplaced ends what nobody began before the next one came.
func (s *Service) missReplaced(ctx context.Context) error {
	ids, err := s.repo.replaced(ctx, s.desk.DB, s.desk.Now(), round)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		_, err := s.update(ctx, ActionMiss, id, 0, struct{}{}, func(u *work.Unit, i *Inspection) error { return i.miss(u.Now) })
		if err != nil && !fault.Is(err, fault.Conflict) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// tellOverdue tells the lead of the team and whoever does it, once.
func (s *Service) tellOverdue(ctx context.Context) error {
	ids, err := s.repo.untold(ctx, s.desk.DB, s.desk.Now(), round)
	if err != nil || len(ids) == 0 {
		return err
	}
	teams, err := identity.Teams(ctx, s.desk.DB)
	if err != nil {
		return db.Map(err)
	}
	lead := map[uuid.UUID]*uuid.UUID{}
	for _, t := range teams {
		lead[t.ID] = t.LeadID
	}
	var failed []error
	for _, id := range ids {
		_, err := s.update(ctx, ActionOverdue, id, 0, struct{}{}, func(u *work.Unit, i *Inspection) error {
			if i.OverdueAt != nil || !i.Overdue(u.Now) {
				return nil
			}
			i.OverdueAt = &u.Now
			u.Emit("inspection.overdue", people(lead[i.TeamID], i.PersonID)...)
			return nil
		})
		if err != nil && !fault.Is(err, fault.Conflict) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

package incident

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/presence"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobUnassigned looks for open incidents that nobody has been responsible for
// too long.
const JobUnassigned = "incident.unassigned"

// ActionLonely is telling the lead of one.
const ActionLonely authz.Action = "incident.alarm_unassigned"

// systemUnassigned is the component that does.
const systemUnassigned = "unassigned"

// lonely is an open incident without anybody responsible.
type lonely struct {
	ID        uuid.UUID  `db:"id"`
	Number    string     `db:"number"`
	Priority  int        `db:"priority"`
	TeamID    *uuid.UUID `db:"team_id"`
	CreatedAt time.Time  `db:"created_at"`
	Since     time.Time  `db:"since"`   // nobody is responsible
	Alarmed   *time.Time `db:"alarmed"` // somebody was told of that, the last time
}

// alarmUnassigned tells leads of incidents that nobody took within the working
// minutes of their priority. It looks at everything that waits, so that none is
// missed while the worker is down, and tells again, each time after twice as long,
// until somebody takes it (capabilities 5): to take it is to have heard.
func (s *Service) alarmUnassigned(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	if s.rules == nil {
		return nil
	}
	ctx = identity.With(ctx, identity.NewSystem(systemUnassigned))
	due, err := s.rules.Alarms(ctx)
	if err != nil {
		return err
	}
	var failed []error
	var after *pastCursor
	for {
		list, err := s.repo.lonely(ctx, s.desk.DB, after, 500)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, l := range list {
			at, ok := due(l.Since, l.Alarmed, l.Priority)
			if !ok || at.After(s.desk.Now()) {
				continue
			}
			if err := s.alarm(ctx, l); err != nil {
				failed = append(failed, err)
			}
		}
		if len(list) < 500 {
			return errors.Join(failed...)
		}
		after = &pastCursor{list[499].CreatedAt, list[499].ID}
	}
}

// alarm tells of one incident. Of two jobs at once one does. Where nobody is
// there to be told it stays due, and the next look tries again.
func (s *Service) alarm(ctx context.Context, l lonely) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		i, err := s.repo.ForUpdate(ctx, u.Tx, l.ID)
		if err != nil || i.AssigneeID != nil || !i.State.Open() {
			return err
		}
		to, blind, err := s.toAlarm(ctx, u, i)
		if err != nil || len(to) == 0 {
			return err
		}
		news, err := s.repo.alarmed(ctx, u.Tx, l, u.Now)
		if err != nil || !news {
			return err
		}
		for _, p := range blind {
			record.Watch(&u.Batch, i.ID, p, u.Actor.ID, u.Now)
		}
		record.Touch(&u.Batch, l.ID)
		return u.Component(systemUnassigned, ActionLonely, i.Ref(), i.Label(), i.Version, trail.Diff{"unassigned_since": {nil, l.Since}}, func(u *work.Unit) {
			u.Tell("incident.unassigned", uuid.Nil, to...)
		})
	})
}

// toAlarm is whom an alarm about an incident tells: the lead of its team, those
// of the desk, or its managers, the first of whom somebody is there; who is away
// is told through who stands in for them. blind are those of them who may not
// see it and have to follow it to open what they are told of. Of what is
// confidential only those hear who may see it, where none of them is there also
// those who are away.
func (s *Service) toAlarm(ctx context.Context, u *work.Unit, i Incident) (to, blind []uuid.UUID, err error) {
	chain, err := s.repo.alarmChain(ctx, u.Tx, i, u.Now)
	if err != nil {
		return nil, nil, err
	}
	for _, level := range chain {
		if to, err = presence.Reachable(ctx, u.Tx, level, u.Now); err != nil {
			return nil, nil, err
		}
		if to, blind, err = s.seers(ctx, u, i, to); err != nil || len(to) > 0 {
			return to, blind, err
		}
	}
	if !i.Confidential {
		return nil, nil, nil
	}
	return s.seers(ctx, u, i, union(nil, slices.Concat(chain...)))
}

// seers are those of some people who may see an incident, or may be let follow
// it (blind).
func (s *Service) seers(ctx context.Context, u *work.Unit, i Incident, ids []uuid.UUID) (all, blind []uuid.UUID, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	far, err := s.reaches(ctx, u.Tx, i, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range ids {
		switch r := far[p]; {
		case r.Sees:
			all = append(all, p)
		case r.Could && !i.Confidential:
			all, blind = append(all, p), append(blind, p)
		}
	}
	return all, blind, nil
}

package incident

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/jobs"
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
	Since     time.Time  `db:"since"` // nobody is responsible
	Alarmed   *time.Time `db:"alarmed"`
}

// alarmUnassigned tells leads of incidents that nobody took within the working
// minutes of their priority. It looks at everything that waits, so that none is
// missed while the worker is down; each spell without a person is told once.
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
			at, ok := due(l.Since, l.Priority)
			if !ok || at.After(s.desk.Now()) || l.Alarmed != nil && l.Alarmed.Equal(l.Since) {
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

// alarm tells the lead of one incident. Of two jobs at once one does.
func (s *Service) alarm(ctx context.Context, l lonely) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		i, err := s.repo.ForUpdate(ctx, u.Tx, l.ID)
		if err != nil || i.AssigneeID != nil {
			return err
		}
		news, err := s.repo.alarmed(ctx, u.Tx, l.ID, l.Since)
		if err != nil || !news {
			return err
		}
		to, err := s.repo.teamLeads(ctx, u.Tx, i.TeamID, u.Now)
		if err != nil {
			return err
		}
		record.Touch(&u.Batch, l.ID)
		return u.Component(systemUnassigned, ActionLonely, i.Ref(), i.Label(), i.Version, trail.Diff{"unassigned_since": {nil, l.Since}}, func(u *work.Unit) {
			u.Emit("incident.unassigned", to...)
		})
	})
}

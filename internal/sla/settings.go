package sla

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// KindSetting is what the trail calls the settings of this package.
const KindSetting record.Kind = "setting"

var settingsID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("opsdesk:setting:sla"))

// Settings are what an administrator may change at run time.
type Settings struct {
	// Pausing are the reasons to wait that stop the clocks.
	Pausing []string `json:"pausing" validate:"max=20,dive,line,max=40"`
	// NudgeHours is for how long a requester who has chased a record waits
	// before they can do so again.
	NudgeHours int `json:"nudge_hours" validate:"min=1,max=720"`
}

// Reasons are the reasons to wait that may pause, across practices.
var Reasons = [...]string{"user", "vendor", "parts", "change", "problem", "approval"}

func defaults() Settings {
	return Settings{Pausing: []string{"user", "vendor", "parts", "change", "approval"}, NudgeHours: 4}
}

func (r repository) settings(ctx context.Context, q db.Querier) (Settings, error) {
	v := defaults()
	var raw []byte
	if err := q.QueryRow(ctx, `SELECT (SELECT value FROM settings WHERE name = 'sla')`).Scan(&raw); err != nil || raw == nil {
		return v, db.Map(err)
	}
	v.Pausing = nil
	return v, json.Unmarshal(raw, &v)
}

// Settings reads the settings in force.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	return s.repo.settings(ctx, s.desk.DB)
}

// SetSettings changes the settings. A pause that has begun keeps what was
// decided when it began.
func (s *Service) SetSettings(ctx context.Context, in Settings) error {
	if _, err := s.desk.Permit(ctx, ActionCalendar); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := s.repo.settings(ctx, u.Tx)
		if err != nil {
			return err
		}
		u.Batch.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, 'sla', @value, @now, @by)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
			db.Args{"id": settingsID, "value": in, "now": u.Now, "by": u.Actor.ID})
		bump(&u.Batch)
		return u.Record(ctx, ActionCalendar, record.Ref{Kind: KindSetting, ID: settingsID}, trail.Diff{"settings": {before, in}})
	})
}

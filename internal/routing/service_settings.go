package routing

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

// Settings are what a lead may change about routing at run time.
type Settings struct {
	// PresentHours is how recently a person must have used the desk to be given
	// work by a rule; 0 does not ask.
	PresentHours int `json:"present_hours" validate:"min=0,max=168"`
	// Alarm1 to Alarm4 are after how many working minutes without anybody
	// responsible the lead is told, by priority; 0 is never.
	Alarm1 int `json:"alarm_p1" validate:"min=0,max=20000"`
	Alarm2 int `json:"alarm_p2" validate:"min=0,max=20000"`
	Alarm3 int `json:"alarm_p3" validate:"min=0,max=20000"`
	Alarm4 int `json:"alarm_p4" validate:"min=0,max=20000"`
}

func defaults() Settings {
	return Settings{PresentHours: 12, Alarm1: 15, Alarm2: 30, Alarm3: 120, Alarm4: 480}
}

// Alarm is the working minutes for a priority; 0 is never.
func (v Settings) Alarm(priority int) int {
	switch priority {
	case 1:
		return v.Alarm1
	case 2:
		return v.Alarm2
	case 3:
		return v.Alarm3
	case 4:
		return v.Alarm4
	}
	return 0
}

// settingsID names the settings in the trail.
var settingsID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("opsdesk:setting:routing"))

// kindSetting is what the trail calls settings.
const kindSetting record.Kind = "setting"

// settings reads the settings in force.
func (s *Service) settings(ctx context.Context, q db.Querier) (Settings, error) {
	v := defaults()
	raw, err := s.repo.settings(ctx, q)
	if err != nil || raw == nil {
		return v, err
	}
	return v, json.Unmarshal(raw, &v)
}

// Settings reads the settings in force.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Settings{}, err
	}
	return s.settings(ctx, s.desk.DB)
}

// SetSettings changes the settings.
func (s *Service) SetSettings(ctx context.Context, in Settings) error {
	if _, err := s.desk.Permit(ctx, ActionEdit); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := s.settings(ctx, u.Tx)
		if err != nil {
			return err
		}
		s.repo.saveSettings(&u.Batch, in, u.Actor.ID, u.Now)
		return u.Record(ctx, ActionEdit, record.Ref{Kind: kindSetting, ID: settingsID}, trail.Diff{"routing": {before, in}})
	})
}

package servicerequest

import (
	"context"
	"encoding/json"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Settings are what an administrator may change about requests at run time.
type Settings struct {
	// AutoCloseDays is after how many working days of silence a delivered
	// request closes.
	AutoCloseDays int `json:"auto_close_days" validate:"min=1,max=60"`
	// ReopenDays is for how many days after it was closed a request may be
	// reopened.
	ReopenDays int `json:"reopen_days" validate:"min=1,max=365"`
}

// SetSettings changes the settings.
func (s *Service) SetSettings(ctx context.Context, in Settings) error {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
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
		id := work.NewID()
		s.repo.saveSettings(&u.Batch, id, in, u.Actor.ID, u.Now)
		return u.Record(ctx, ActionConfigure, record.Ref{Kind: "setting", ID: id}, trail.Diff{"settings": {before, in}})
	})
}

// settings reads the settings in force.
func (s *Service) settings(ctx context.Context, q db.Querier) (Settings, error) {
	v := Settings{AutoCloseDays: 5, ReopenDays: 14}
	raw, err := s.repo.settings(ctx, q)
	if err != nil || raw == nil {
		return v, err
	}
	return v, json.Unmarshal(raw, &v)
}

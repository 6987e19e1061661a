package incident

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// KindConfig is what the trail calls the set-up of this module.
const KindConfig record.Kind = "setting"

// configID names the module's settings in the trail.
var configID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("opsdesk:setting:incident"))

// Config is the whole set-up: settings, matrix, categories, services.
type Config struct {
	Settings   Settings `json:"settings"`
	Matrix     []Cell   `json:"matrix"`
	Categories []Choice `json:"categories"`
	Services   []Choice `json:"services"`
}

// Config reads the set-up; every employee may, for the forms.
func (s *Service) Config(ctx context.Context) (Config, error) {
	var c Config
	var err error
	if c.Settings, err = s.settings(ctx, s.desk.DB); err != nil {
		return c, err
	}
	if c.Matrix, err = s.repo.matrix(ctx, s.desk.DB); err != nil {
		return c, err
	}
	if c.Categories, err = s.repo.categories(ctx, s.desk.DB); err != nil {
		return c, err
	}
	c.Services, err = s.repo.services(ctx, s.desk.DB)
	return c, err
}

// configure authorises a change of the set-up and runs it.
func (s *Service) configure(ctx context.Context, in any, fn func(*work.Unit) (trail.Diff, error)) error {
	if _, err := s.desk.Permit(ctx, ActionClassify); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		diff, err := fn(u)
		if err != nil || len(diff) == 0 {
			return err
		}
		return u.Record(ctx, ActionClassify, record.Ref{Kind: KindConfig, ID: configID}, diff)
	})
}

// SetSettings changes the settings.
func (s *Service) SetSettings(ctx context.Context, in Settings) error {
	return s.configure(ctx, in, func(u *work.Unit) (trail.Diff, error) {
		before, err := s.settings(ctx, u.Tx)
		if err != nil {
			return nil, err
		}
		s.repo.saveSettings(&u.Batch, in, u.Actor.ID, u.Now)
		return trail.Diff{"settings": {before, in}}, nil
	})
}

// Glossary is the list of words that mean the same to the search.
func (s *Service) Glossary(ctx context.Context) (search.Glossary, error) {
	return search.LoadGlossary(ctx, s.desk.DB)
}

// GlossaryInput is the glossary as people write it: a line for each group of
// words that mean the same, parted by "=".
type GlossaryInput struct {
	Glossary string `json:"glossary" validate:"max=20000"`
}

// SetGlossary changes the words that mean the same.
func (s *Service) SetGlossary(ctx context.Context, in GlossaryInput) error {
	return s.configure(ctx, in, func(u *work.Unit) (trail.Diff, error) {
		g, bad := search.ParseGlossary(in.Glossary)
		if bad > 0 {
			return nil, fault.OnField("glossary", "incident.error.glossary", strconv.Itoa(bad))
		}
		before, err := search.LoadGlossary(ctx, u.Tx)
		if err != nil {
			return nil, err
		}
		if before.Text() == g.Text() {
			return nil, nil
		}
		return trail.Diff{"glossary": {before.Text(), g.Text()}}, search.SaveGlossary(&u.Batch, u.ID(), g, u.Actor.ID, u.Now)
	})
}

// ChoiceInput is a category.
type ChoiceInput struct {
	ID           *uuid.UUID `json:"id"` // nil makes a new one
	ParentID     *uuid.UUID `json:"parent_id"`
	NameZh       string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn       string     `json:"name_en" validate:"required,notblank,line,max=100"`
	TeamID       *uuid.UUID `json:"team_id"`
	Confidential bool       `json:"confidential"`
	Active       bool       `json:"active"`
	Source       string     `json:"-"`
	SourceKey    string     `json:"-"`
}

// SaveCategory makes or changes a category. One in use is retired, not deleted.
func (s *Service) SaveCategory(ctx context.Context, in ChoiceInput) error {
	return s.configure(ctx, in, func(u *work.Unit) (trail.Diff, error) {
		if in.ID != nil && in.ParentID != nil {
			loop, err := s.repo.categoryBelow(ctx, u.Tx, *in.ID, *in.ParentID)
			if err != nil {
				return nil, err
			}
			if loop {
				return nil, fault.OnField("parent_id", "incident.error.category_loop")
			}
		}
		id := s.repo.saveCategory(&u.Batch, in, u.Now)
		return trail.Diff{"category": {in.ID, map[string]any{"id": id, "zh": in.NameZh, "en": in.NameEn, "parent": in.ParentID, "team": in.TeamID, "confidential": in.Confidential, "active": in.Active}}}, nil
	})
}

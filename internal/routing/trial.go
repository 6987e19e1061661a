package routing

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/sla"
)

// Engine is a set of rules that can be tried on records of the past.
type Engine struct {
	e *engine
	c *sla.Calendar
}

// Number is that of the version; 0 for a draft.
func (e *Engine) Number() int { return e.e.set.Number }

// Run asks the rules about a record made at an instant. Nothing is changed.
func (e *Engine) Run(ctx context.Context, made time.Time, f Facts) Outcome {
	f.At(made, e.c)
	return e.e.run(ctx, f)
}

// Find returns a set for those who edit rules: that of the id, or the one that
// their page shows.
func (s *Service) Find(ctx context.Context, id *uuid.UUID) (Set, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Set{}, err
	}
	if id != nil {
		return s.repo.get(ctx, s.desk.DB, *id)
	}
	r, err := s.rules(ctx, s.desk.DB)
	if err == nil && r.ID == uuid.Nil {
		return Set{}, fault.New(fault.Conflict, "routing.error.nothing_to_try")
	}
	return r.Set, err
}

// Engine makes a set ready to be tried.
func (s *Service) Engine(ctx context.Context, id uuid.UUID) (*Engine, error) {
	set, err := s.Find(ctx, &id)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(set)
	if err != nil {
		return nil, err
	}
	book, err := s.sla.Book(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	return &Engine{e, &book.Calendar(nil).Calendar}, nil
}

// KeepTrial stores what a dry run found, under the id of the work that did it.
// It is a reading, not an act, and so not in the trail.
func (s *Service) KeepTrial(ctx context.Context, id, set uuid.UUID, result any) error {
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.keepTrial(ctx, tx, id, set, result, s.desk.Now()) })
}

// Trial returns what a dry run found; nil while it has found nothing yet. The
// caller knows who may see it.
func (s *Service) Trial(ctx context.Context, id uuid.UUID) (json.RawMessage, error) {
	return s.repo.trial(ctx, s.desk.DB, id)
}

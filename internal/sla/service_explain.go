package sla

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/record"
)

// Explain counts the clocks of a record that the actor may see anew, with their
// working line by line until now.
func (s *Service) Explain(ctx context.Context, id uuid.UUID) ([]Clock, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	e, err := record.Get(ctx, s.desk.DB, id)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.desk.See(ctx, e.Ref()); err != nil {
		return nil, err
	}
	b, err := s.Book(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	events, err := s.repo.events(ctx, s.desk.DB, id)
	if err != nil {
		return nil, err
	}
	now := s.desk.Now()
	var out []Clock
	for _, m := range Metrics {
		if c, ok := Compute(m, events, b.Rule, &now); ok {
			out = append(out, c)
		}
	}
	return out, nil
}

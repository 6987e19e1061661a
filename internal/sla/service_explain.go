package sla

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// Explain counts the clocks of a record that the actor may see anew, with their
// working line by line until now.
func (s *Service) Explain(ctx context.Context, id uuid.UUID) ([]Clock, error) {
	_, out, err := s.explain(ctx, func() (record.Entry, error) { return record.Get(ctx, s.desk.DB, id) })
	return out, err
}

// ExplainNumber is Explain by the number that people use.
func (s *Service) ExplainNumber(ctx context.Context, number string) (record.Entry, []Clock, error) {
	return s.explain(ctx, func() (record.Entry, error) { return s.repo.entry(ctx, s.desk.DB, number) })
}

func (s *Service) explain(ctx context.Context, find func() (record.Entry, error)) (record.Entry, []Clock, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return record.Entry{}, nil, err
	}
	e, err := find()
	if err != nil {
		return e, nil, err
	}
	if e, _, err = s.desk.See(ctx, e.Ref()); err != nil {
		return record.Entry{}, nil, err
	}
	b, err := s.Book(ctx, s.desk.DB)
	if err != nil {
		return e, nil, err
	}
	events, err := s.repo.events(ctx, s.desk.DB, e.ID)
	if err != nil {
		return e, nil, err
	}
	now := s.desk.Now()
	var out []Clock
	for _, m := range Metrics {
		if c, ok := Compute(m, events, b.Rule, &now); ok {
			out = append(out, c)
		}
	}
	if len(out) == 0 && len(events) == 0 {
		return e, nil, fault.New(fault.NotFound, "error.not_found")
	}
	return e, out, nil
}

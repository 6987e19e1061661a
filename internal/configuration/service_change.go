package configuration

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
)

// Criticality is that of the most critical of the items, 1 (most) to 4; 0 where
// there are none.
func (s *Service) Criticality(ctx context.Context, q db.Querier, ids []uuid.UUID) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	return s.repo.criticality(ctx, q, ids)
}

// Relatives are the items that the ids depend on, or that depend on them: those
// at the other end of a relation that carries impact. At most 500.
func (s *Service) Relatives(ctx context.Context, q db.Querier, ids []uuid.UUID) ([]uuid.UUID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.repo.relatives(ctx, q, ids)
}

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

// Around are the items that the ids hang on, and those that hang on them, along
// the relations that carry impact: parents and children, what is depended on and
// what depends, by at most two of them in one direction. At most 1,000, those
// that are nearest first.
func (s *Service) Around(ctx context.Context, q db.Querier, ids []uuid.UUID) (above, below []uuid.UUID, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	return s.repo.around(ctx, q, ids)
}

package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// ByMatrix are the priorities that those of ids that are requests would have by
// a matrix.
func (s *Service) ByMatrix(ctx context.Context, q db.Querier, ids []uuid.UUID, priorities map[[2]int]int) (map[uuid.UUID]int, error) {
	return s.repo.byMatrix(ctx, q, ids, priorities)
}

// OpenAfter lists open requests by id.
func (s *Service) OpenAfter(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	return record.OpenAfter(ctx, s.desk.DB, Kind, after, limit)
}

// Measure gives a request the priority of the matrix in force.
func (s *Service) Measure(ctx context.Context, id uuid.UUID) error {
	r, err := s.repo.get(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	if n, err := s.Priorities.Priority(ctx, s.desk.DB, r.Impact, r.Urgency); err != nil || n == r.Priority {
		return err
	}
	_, err = s.update(ctx, ActionPriority, id, 0, struct{}{}, func(u *work.Unit, r *Request) (err error) {
		if r.State.Open() {
			r.Priority, err = s.Priorities.Priority(ctx, u.Tx, r.Impact, r.Urgency)
		}
		return err
	})
	return err
}

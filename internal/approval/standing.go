package approval

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Standing is how many seats of a record's last process have approved, and how
// many have rejected.
type Standing struct{ For, Against int }

// Standings counts the votes of the last process of each record, in one
// statement. Records without a process are absent. A vote that was cast again
// in a later round counts once, as it was cast last.
func (s *Service) Standings(ctx context.Context, q db.Querier, records []uuid.UUID) (map[uuid.UUID]Standing, error) {
	return s.repo.standings(ctx, q, records)
}

func (repository) standings(ctx context.Context, q db.Querier, records []uuid.UUID) (map[uuid.UUID]Standing, error) {
	rows, _ := q.Query(ctx, `SELECT a.record_id, count(*) FILTER (WHERE v.kind = 'approve'), count(*) FILTER (WHERE v.kind = 'reject')
		FROM unnest(@records::uuid[]) i
		CROSS JOIN LATERAL (SELECT a.id, a.record_id FROM approvals a WHERE a.record_id = i ORDER BY a.opened_at DESC, a.id DESC LIMIT 1) a
		LEFT JOIN LATERAL (SELECT DISTINCT ON (e.seat_id) e.kind FROM approval_entries e WHERE e.approval_id = a.id AND e.kind IN ('approve', 'reject') ORDER BY e.seat_id, e.seq DESC) v ON true
		GROUP BY a.record_id`, db.Args{"records": records})
	out := map[uuid.UUID]Standing{}
	var id uuid.UUID
	var t Standing
	_, err := pgx.ForEachRow(rows, []any{&id, &t.For, &t.Against}, func() error { out[id] = t; return nil })
	return out, db.Map(err)
}

package approval

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// deputiesOf maps people to their deputies at an instant.
func (repository) deputiesOf(ctx context.Context, q db.Querier, people []uuid.UUID, now time.Time) (map[uuid.UUID][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT person_id, deputy_id FROM deputies WHERE person_id = ANY(@people) AND begins_at <= @now AND ends_at > @now AND NOT ended ORDER BY begins_at, id`,
		db.Args{"people": people, "now": now})
	out := map[uuid.UUID][]uuid.UUID{}
	var p, d uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&p, &d}, func() error { out[p] = append(out[p], d); return nil })
	return out, db.Map(err)
}

package incident

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// categoriesBelow lists, for each category asked for, those under it.
func categoriesBelow(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `WITH RECURSIVE t AS (SELECT id AS top, id FROM incident_categories WHERE id = ANY(@ids)
			UNION SELECT t.top, c.id FROM incident_categories c JOIN t ON c.parent_id = t.id)
		SELECT top, id FROM t WHERE top <> id`, db.Args{"ids": ids})
	out := map[uuid.UUID][]uuid.UUID{}
	var top, id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&top, &id}, func() error { out[top] = append(out[top], id); return nil })
	return out, db.Map(err)
}

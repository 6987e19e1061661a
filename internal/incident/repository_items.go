package incident

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// affected lists the visible items that an incident names, at most 100.
func (repository) affected(ctx context.Context, q db.Querier, v record.Visibility, id uuid.UUID) ([]record.Entry, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.* FROM record_links l JOIN records r ON r.id = l.to_id AND r.kind = 'ci' WHERE l.from_id = @id AND l.relation = 'affects' AND `,
		` ORDER BY r.priority, r.title, r.id LIMIT 100`), v.With(db.Args{"id": id}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Entry])
	return out, db.Map(err)
}

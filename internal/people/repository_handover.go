package people

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// unfinished are the open records that a person is responsible for, and those
// of @held.
const unfinished = ` FROM records WHERE (assignee_id = @id OR id = ANY(@held)) AND category IN ('new', 'active', 'pending')`

// open lists the unfinished records of a person, without their titles.
func (persons) open(ctx context.Context, q db.Querier, id uuid.UUID, held []uuid.UUID, limit int) ([]OpenWork, error) {
	rows, _ := q.Query(ctx, `SELECT id, kind, number, state, category, priority, team_id, '' AS title, coalesce(assignee_id = @id, false) AS own`+unfinished+` ORDER BY priority, number LIMIT @limit`,
		db.Args{"id": id, "held": held, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[OpenWork])
	return out, db.Map(err)
}

func (persons) openCount(ctx context.Context, q db.Querier, id uuid.UUID, held []uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*)`+unfinished, db.Args{"id": id, "held": held}).Scan(&n)
	return n, db.Map(err)
}

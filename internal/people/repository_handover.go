package people

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// open lists the unfinished records of a person, without their titles.
func (persons) open(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]OpenWork, error) {
	rows, _ := q.Query(ctx, `SELECT id, kind, number, state, priority, team_id, '' AS title FROM records
		WHERE assignee_id = @id AND category IN ('new', 'active', 'pending') ORDER BY priority, number LIMIT @limit`, db.Args{"id": id, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[OpenWork])
	return out, db.Map(err)
}

func (persons) openCount(ctx context.Context, q db.Querier, id uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM records WHERE assignee_id = @id AND category IN ('new', 'active', 'pending')`, db.Args{"id": id}).Scan(&n)
	return n, db.Map(err)
}

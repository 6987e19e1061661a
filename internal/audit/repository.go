package audit

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/trail"
)

type repository struct{}

func (repository) ask(b *pgx.Batch, id, by uuid.UUID, name string, now time.Time) {
	b.Queue(`INSERT INTO trail_checks (id, asked_by, asked_name, asked_at) VALUES (@id, @by, @name, @now)`, db.Args{"id": id, "by": by, "name": name, "now": now})
}

func (repository) ended(ctx context.Context, tx db.Tx, id uuid.UUID, r trail.Report, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE trail_checks SET ended_at = @now, size = @size, waiting = @waiting, findings = @findings WHERE id = @id`,
		db.Args{"id": id, "now": now, "size": r.Size, "waiting": r.Waiting, "findings": r.Findings})
	return err
}

func (repository) checks(ctx context.Context, q db.Querier) ([]Check, error) {
	rows, _ := q.Query(ctx, `SELECT id, asked_name, asked_at, ended_at, size, waiting, findings FROM trail_checks ORDER BY asked_at DESC, id DESC LIMIT 10`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Check])
	return out, db.Map(err)
}

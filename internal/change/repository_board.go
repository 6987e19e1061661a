package change

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// boards is the store of the board's rules.
type boards struct{}

const boardColumns = `id, version, quorum, must, updated_at`

// Insert is never asked: the row is there from the beginning.
func (boards) Insert(*pgx.Batch, *Board) {}

// Update queues the changed rules.
func (boards) Update(b *pgx.Batch, x *Board) {
	b.Queue(`UPDATE change_board SET version = @version, quorum = @quorum, must = @must, updated_at = @updated_at WHERE id = @id AND version = @version - 1`,
		db.Args{"id": x.ID, "version": x.Version, "quorum": x.Quorum, "must": nonNil(x.Must), "updated_at": x.UpdatedAt})
}

// ForUpdate locks and reads the rules.
func (boards) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Board, error) {
	rows, _ := tx.Query(ctx, `SELECT `+boardColumns+` FROM change_board WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Board])
}

func (boards) get(ctx context.Context, q db.Querier) (Board, error) {
	return db.Kept(ctx, q, "change.board", func() (Board, error) {
		rows, _ := q.Query(ctx, `SELECT `+boardColumns+` FROM change_board`)
		b, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Board])
		return b, db.Map(err)
	})
}

// approvedWithin counts those of some changes that were approved in [from, to).
func (boards) approvedWithin(ctx context.Context, q db.Querier, ids []uuid.UUID, from, to time.Time) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM changes WHERE id = ANY(@ids) AND approved_at >= @from AND approved_at < @to`, db.Args{"ids": ids, "from": from, "to": to}).Scan(&n)
	return n, db.Map(err)
}

// soon are the meetings that begin before an instant, of which nobody was
// reminded yet; at most 50.
func (meetings) soon(ctx context.Context, q db.Querier, now, by time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM change_meetings WHERE state = 'planned' AND reminded_at IS NULL AND begins_at > @now AND begins_at <= @by ORDER BY begins_at LIMIT 50`, db.Args{"now": now, "by": by})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

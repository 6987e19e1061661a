package change

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Feed is a person's link to the calendar, without its secret.
type Feed struct {
	PersonID  uuid.UUID  `db:"person_id"`
	CreatedAt time.Time  `db:"created_at"`
	ReadAt    *time.Time `db:"read_at"` // the day it was last used, to the day
}

const feedColumns = `person_id, created_at, read_at`

// feeds is the store of links to the calendar.
type feeds struct{}

func (feeds) put(b *pgx.Batch, person uuid.UUID, hash []byte, now time.Time) {
	b.Queue(`INSERT INTO change_feeds (person_id, secret_hash, created_at) VALUES (@person, @hash, @now)
		ON CONFLICT (person_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_at = excluded.created_at, read_at = NULL`, db.Args{"person": person, "hash": hash, "now": now})
}

func (feeds) drop(b *pgx.Batch, person uuid.UUID) {
	b.Queue(`DELETE FROM change_feeds WHERE person_id = @person`, db.Args{"person": person})
}

// of is a person's link; NotFound where they have none.
func (feeds) of(ctx context.Context, q db.Querier, person uuid.UUID) (Feed, error) {
	rows, _ := q.Query(ctx, `SELECT `+feedColumns+` FROM change_feeds WHERE person_id = @person`, db.Args{"person": person})
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Feed])
	return f, db.Map(err)
}

// find is the link that a secret is.
func (feeds) find(ctx context.Context, q db.Querier, hash []byte) (Feed, error) {
	rows, _ := q.Query(ctx, `SELECT `+feedColumns+` FROM change_feeds WHERE secret_hash = @hash`, db.Args{"hash": hash})
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Feed])
	return f, db.Map(err)
}

// noteRead keeps the day of the last use; programs ask every few minutes, and
// that is not worth a write each.
func (feeds) noteRead(ctx context.Context, tx db.Tx, person uuid.UUID, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE change_feeds SET read_at = @now WHERE person_id = @person`, db.Args{"person": person, "now": now.Truncate(24 * time.Hour)})
	return db.Map(err)
}

package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

func (p *Place) args() (*time.Time, *uuid.UUID) {
	if p == nil {
		return nil, nil
	}
	return &p.At, &p.ID
}

// waits reads what waits for a person. The title of a confidential record is
// shown to those named on it.
func (repository) waits(ctx context.Context, q db.Querier, person uuid.UUID, snoozed bool, after *Place, limit int, now time.Time) ([]Line, error) {
	at, id := after.args()
	rows, _ := q.Query(ctx, `SELECT w.id, w.what AS event, 'agent' AS audience, r.kind, r.id AS record_id, r.number,
			CASE WHEN r.confidential AND NOT EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = r.id AND n.person_id = @person AND n.until > @now) THEN '' ELSE r.title END AS title,
			'' AS actor_name, w.since AS created_at, NULL::timestamptz AS read_at, true AS waiting, w.path, w.detail, w.due_at, w.shown_at, NULL::timestamptz AS done_at
		FROM record_waits w JOIN records r ON r.id = w.record_id
		WHERE w.person_id = @person AND (w.shown_at > @now) = @snoozed AND r.category NOT IN ('closed', 'cancelled')
			AND (@at::timestamptz IS NULL OR (w.shown_at, w.id) < (@at, @id::uuid))
		ORDER BY w.shown_at DESC, w.id DESC LIMIT @limit`, db.Args{"person": person, "snoozed": snoozed, "at": at, "id": id, "limit": limit, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Line])
	return out, db.Map(err)
}

const toldColumns = `id, event, audience, kind, record_id, number, title, actor_name, created_at, read_at, false AS waiting, '' AS path, '' AS detail, NULL::timestamptz AS due_at, shown_at, done_at`

// told reads what a person was told: one statement for each part, so that each
// has its index.
var told = map[string]string{
	All:     `done_at IS NULL AND shown_at <= @now AND (@at::timestamptz IS NULL OR (shown_at, id) < (@at, @id::uuid)) ORDER BY shown_at DESC, id DESC`,
	Unread:  `done_at IS NULL AND read_at IS NULL AND shown_at <= @now AND (@at::timestamptz IS NULL OR (shown_at, id) < (@at, @id::uuid)) ORDER BY shown_at DESC, id DESC`,
	Snoozed: `done_at IS NULL AND shown_at > @now AND (@at::timestamptz IS NULL OR (shown_at, id) < (@at, @id::uuid)) ORDER BY shown_at DESC, id DESC`,
	Done:    `done_at IS NOT NULL AND shown_at <= @now AND (@at::timestamptz IS NULL OR (done_at, id) < (@at, @id::uuid)) ORDER BY done_at DESC, id DESC`,
}

func (repository) told(ctx context.Context, q db.Querier, person uuid.UUID, part string, after *Place, limit int, now time.Time) ([]Line, error) {
	at, id := after.args()
	rows, _ := q.Query(ctx, `SELECT `+toldColumns+` FROM notifications WHERE person_id = @person AND `+told[part]+` LIMIT @limit`,
		db.Args{"person": person, "at": at, "id": id, "limit": limit, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Line])
	return out, db.Map(err)
}

func (repository) attention(person uuid.UUID, now time.Time, to *int) db.Part {
	return db.Part{
		SQL: `SELECT count(*) FROM (
			SELECT 1 FROM record_waits w JOIN records r ON r.id = w.record_id WHERE w.person_id = @person AND w.shown_at <= @by AND r.category NOT IN ('closed', 'cancelled')
			UNION ALL SELECT 1 FROM notifications WHERE person_id = @person AND read_at IS NULL AND done_at IS NULL AND shown_at <= @by LIMIT 100) x`,
		Args: db.Args{"person": person, "by": now}, To: to,
	}
}

func (repository) finish(ctx context.Context, tx db.Tx, person, id uuid.UUID, back bool, now time.Time) (int64, error) {
	tag, err := tx.Exec(ctx, `UPDATE notifications SET done_at = CASE WHEN @back THEN NULL ELSE coalesce(done_at, @now) END, read_at = coalesce(read_at, @now) WHERE id = @id AND person_id = @person`,
		db.Args{"back": back, "now": now, "id": id, "person": person})
	return tag.RowsAffected(), err
}

func (repository) isWait(ctx context.Context, q db.Querier, person, id uuid.UUID) (yes bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM record_waits WHERE id = @id AND person_id = @person)`, db.Args{"id": id, "person": person}).Scan(&yes)
	return yes, db.Map(err)
}

func (repository) snooze(ctx context.Context, tx db.Tx, person, id uuid.UUID, until time.Time) (int64, error) {
	tag, err := tx.Exec(ctx, `UPDATE notifications SET shown_at = @until, read_at = NULL, done_at = NULL WHERE id = @id AND person_id = @person`,
		db.Args{"until": until, "id": id, "person": person})
	return tag.RowsAffected(), err
}

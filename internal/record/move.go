package record

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Line is a link as one of its ends sees it.
type Line struct {
	Other    uuid.UUID `json:"other" db:"other"`
	Relation string    `json:"relation" db:"relation"`
	Forward  bool      `json:"forward" db:"forward"` // made from this end
}

// Lines lists the links of a record, whoever may see their other ends.
func Lines(ctx context.Context, q db.Querier, id uuid.UUID) ([]Line, error) {
	rows, _ := q.Query(ctx, `SELECT to_id AS other, relation, true AS forward FROM record_links WHERE from_id = @id
		UNION ALL SELECT from_id, relation, false FROM record_links WHERE to_id = @id ORDER BY 1, 2, 3`, db.Args{"id": id})
	return pgx.CollectRows(rows, pgx.RowToStructByName[Line])
}

// QueueLine adds a link to a record as this end sees it.
func QueueLine(b *pgx.Batch, id uuid.UUID, l Line, by uuid.UUID, now time.Time) {
	from, to := id, l.Other
	if !l.Forward {
		from, to = to, from
	}
	Link(b, from, to, l.Relation, by, now)
}

// QueueUnline removes a link as this end sees it.
func QueueUnline(b *pgx.Batch, id uuid.UUID, l Line) {
	from, to := id, l.Other
	if !l.Forward {
		from, to = to, from
	}
	b.Queue(`DELETE FROM record_links WHERE from_id = @from AND to_id = @to AND relation = @relation`, db.Args{"from": from, "to": to, "relation": l.Relation})
}

// MoveParts lets those who hold some parts of one record, such as tasks, hold
// them on another.
func MoveParts(b *pgx.Batch, from, to uuid.UUID, sources []uuid.UUID) {
	b.Queue(`UPDATE record_participants SET record_id = @to WHERE record_id = @from AND source_id = ANY(@sources)`, db.Args{"from": from, "to": to, "sources": sources})
}

// AddedAt is when somebody became a follower; the zero time if they are none.
func AddedAt(ctx context.Context, q db.Querier, id uuid.UUID) (map[uuid.UUID]time.Time, error) {
	rows, _ := q.Query(ctx, `SELECT person_id, added_at FROM record_watchers WHERE record_id = @id`, db.Args{"id": id})
	out := map[uuid.UUID]time.Time{}
	var p uuid.UUID
	var at time.Time
	_, err := pgx.ForEachRow(rows, []any{&p, &at}, func() error { out[p] = at; return nil })
	return out, err
}

package approval

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// shownTitle hides the title of a confidential record from whoever is not named
// on it.
const shownTitle = `CASE WHEN r.confidential AND NOT EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = r.id AND n.person_id = @me AND n.until > @now) THEN '' ELSE r.title END AS title`

var lists = map[string]string{
	ListWaiting: `SELECT a.id, a.kind, r.number, ` + shownTitle + `, a.status, CASE WHEN s.person_id <> @me THEN s.person_id END AS behalf_id, '' AS vote, w.since AS at, w.id AS cursor
		FROM record_waits w JOIN approval_seats s ON s.id = w.source_id JOIN approvals a ON a.id = s.approval_id JOIN records r ON r.id = a.record_id
		WHERE w.person_id = @me AND w.what = 'approval.asked' AND (@at::timestamptz IS NULL OR (w.since, w.id) > (@at, @id::uuid)) ORDER BY w.since, w.id LIMIT @limit`,
	ListDecided: `SELECT a.id, a.kind, r.number, ` + shownTitle + `, a.status, CASE WHEN e.member_id <> @me THEN e.member_id END AS behalf_id, e.kind AS vote, e.at, e.seat_id AS cursor
		FROM approval_entries e JOIN approvals a ON a.id = e.approval_id JOIN records r ON r.id = a.record_id
		WHERE e.actor_id = @me AND e.kind IN ('approve', 'reject', 'recuse') AND (@at::timestamptz IS NULL OR (e.at, e.seat_id) < (@at, @id::uuid)) ORDER BY e.at DESC, e.seat_id DESC LIMIT @limit`,
	ListAsked: `SELECT a.id, a.kind, r.number, ` + shownTitle + `, a.status, NULL::uuid AS behalf_id, '' AS vote, a.opened_at AS at, a.id AS cursor
		FROM approvals a JOIN records r ON r.id = a.record_id
		WHERE a.opened_by = @me AND (@at::timestamptz IS NULL OR (a.opened_at, a.id) < (@at, @id::uuid)) ORDER BY a.opened_at DESC, a.id DESC LIMIT @limit`,
}

// mine reads one of the lists; an unknown name is the first.
func (repository) mine(ctx context.Context, q db.Querier, which string, me uuid.UUID, after *Cursor, limit int, now time.Time) ([]Item, error) {
	sql, ok := lists[which]
	if !ok {
		sql = lists[ListWaiting]
	}
	var at *time.Time
	var id *uuid.UUID
	if after != nil {
		at, id = &after.At, &after.ID
	}
	rows, _ := q.Query(ctx, sql, db.Args{"me": me, "at": at, "id": id, "limit": limit, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Item])
	return out, db.Map(err)
}

func (repository) waiting(person uuid.UUID, to *int) db.Part {
	return db.Part{SQL: `SELECT count(*) FROM (SELECT 1 FROM record_waits WHERE person_id = @person AND what = 'approval.asked' LIMIT 100) x`, Args: db.Args{"person": person}, To: to}
}

package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// lonely reads one page of the incidents in work that nobody is responsible
// for, the oldest first. Since when is told by the trail: the last act that
// changed who is responsible, else the report.
func (repository) lonely(ctx context.Context, q db.Querier, after *pastCursor, limit int) ([]lonely, error) {
	if after == nil {
		after = &pastCursor{At: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	rows, _ := q.Query(ctx, lonelySQL, db.Args{"at": after.At, "id": after.ID, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[lonely])
	return out, db.Map(err)
}

const lonelySQL = `SELECT r.id, r.number, r.priority, r.team_id, r.created_at, a.since AS alarmed,
		coalesce((SELECT e.at FROM trail_entries e WHERE e.record_id = r.id AND e.outcome = 'success' AND e.diff LIKE '%"assignee":%' ORDER BY e.id DESC LIMIT 1), r.created_at) AS since
	FROM records r LEFT JOIN incident_unassigned_alarms a ON a.incident_id = r.id
	WHERE r.kind = 'incident' AND r.assignee_id IS NULL AND r.category IN ('new', 'active', 'pending') AND r.category <> 'pending'
		AND (r.created_at, r.id) > (@at::timestamptz, @id::uuid)
	ORDER BY r.created_at, r.id LIMIT @limit`

// alarmed notes that the lead is told of a spell without a person. It reports
// whether that is news.
func (repository) alarmed(ctx context.Context, tx db.Tx, id uuid.UUID, since time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO incident_unassigned_alarms (incident_id, since) VALUES (@id, @since)
		ON CONFLICT (incident_id) DO UPDATE SET since = excluded.since WHERE incident_unassigned_alarms.since <> excluded.since`, db.Args{"id": id, "since": since})
	return tag.RowsAffected() == 1, db.Map(err)
}

// teamLeads are whom an alarm about a team's work reaches: its lead, or, where it
// has none or there is no team, everybody with that role.
func (repository) teamLeads(ctx context.Context, q db.Querier, team *uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT t.lead_id FROM teams t JOIN people p ON p.id = t.lead_id AND p.active WHERE t.id = @team::uuid`, db.Args{"team": team})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) > 0 {
		return ids, db.Map(err)
	}
	rows, _ = q.Query(ctx, `SELECT p.id FROM people p JOIN role_grants g ON g.person_id = p.id AND g.role = 'LEAD' AND `+identity.Granted+` WHERE p.active ORDER BY p.id LIMIT 20`, db.Args{"now": now})
	ids, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return ids, db.Map(err)
}

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

const lonelySQL = `SELECT r.id, r.number, r.priority, r.team_id, r.created_at, a.told_at AS alarmed,
		coalesce((SELECT e.at FROM trail_entries e WHERE e.record_id = r.id AND e.outcome = 'success' AND e.diff LIKE '%"assignee":%' ORDER BY e.id DESC LIMIT 1), r.created_at) AS since
	FROM records r LEFT JOIN incident_unassigned_alarms a ON a.incident_id = r.id
	WHERE r.kind = 'incident' AND r.assignee_id IS NULL AND r.category IN ('new', 'active', 'pending') AND r.category <> 'pending'
		AND (r.created_at, r.id) > (@at::timestamptz, @id::uuid)
	ORDER BY r.created_at, r.id LIMIT @limit`

// alarmed notes when somebody was told last that nobody is responsible: the next
// alarm counts from there. Of two at once that know of the same one before, one
// does it.
func (repository) alarmed(ctx context.Context, tx db.Tx, l lonely, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO incident_unassigned_alarms (incident_id, since, told_at) VALUES (@id, @since, @now)
		ON CONFLICT (incident_id) DO UPDATE SET since = excluded.since, told_at = excluded.told_at WHERE incident_unassigned_alarms.told_at IS NOT DISTINCT FROM @was::timestamptz`,
		db.Args{"id": l.ID, "since": l.Since, "was": l.Alarmed, "now": now})
	return tag.RowsAffected() == 1, db.Map(err)
}

// alarmChain is whom an alarm about an incident can reach, the nearest first:
// the lead of its team, the leads of the desk, its managers, and, where it is
// confidential, those who keep such; at most 20 of each.
func (repository) alarmChain(ctx context.Context, q db.Querier, i Incident, now time.Time) ([][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT 0, t.lead_id FROM teams t JOIN people p ON p.id = t.lead_id AND p.active WHERE t.id = @team::uuid
		UNION ALL SELECT x.level, h.id FROM (VALUES (1, 'LEAD'), (2, 'MGR'), (3, 'SEC')) x (level, role), LATERAL (
			SELECT p.id FROM role_grants g JOIN people p ON p.id = g.person_id AND p.active WHERE g.role = x.role AND `+identity.Granted+` ORDER BY p.id LIMIT 20) h
		WHERE x.role <> 'SEC' OR @confidential`, db.Args{"team": i.TeamID, "confidential": i.Confidential, "now": now})
	out := make([][]uuid.UUID, 4)
	var level int
	var person uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&level, &person}, func() error { out[level] = append(out[level], person); return nil })
	return out, db.Map(err)
}

package sla

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

const reachedSQL = `SELECT record_id FROM sla_clocks WHERE next_at IS NOT NULL AND next_at <= @now ORDER BY next_at, record_id LIMIT @limit`

// reached lists records with a clock that has reached a mark, the longest
// overdue first. Only due rows are read: the index holds no others.
func (repository) reached(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, reachedSQL, db.Args{"now": now, "limit": limit})
	list, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, db.Map(err)
	}
	seen := map[uuid.UUID]bool{}
	var out []uuid.UUID
	for _, id := range list {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

// chain is who stands at each level above a record: active people only.
// lead_any are the leads of the desk and manager_any its managers, the last
// resorts; at most 20 of each.
func (repository) chain(ctx context.Context, q db.Querier, id uuid.UUID, team *uuid.UUID, now time.Time) (map[string][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `WITH RECURSIVE who AS (
			SELECT r.assignee_id AS assignee, t.lead_id AS lead, s.owner_id AS owner, coalesce(r.assignee_id, t.lead_id) AS worker
			FROM records r LEFT JOIN teams t ON t.id = coalesce(r.team_id, @team::uuid) LEFT JOIN services s ON s.id = r.service_id WHERE r.id = @id),
		up AS (
			SELECT d.id, d.parent_id, d.manager_id, 0 AS n FROM departments d JOIN people p ON p.department_id = d.id JOIN who ON p.id = who.worker
			UNION ALL SELECT d.id, d.parent_id, d.manager_id, up.n + 1 FROM departments d JOIN up ON d.id = up.parent_id WHERE up.n < 20)
		SELECT l.level, p.id FROM (
			SELECT 'assignee' AS level, assignee AS person FROM who UNION ALL SELECT 'lead', lead FROM who UNION ALL SELECT 'owner', owner FROM who
			UNION ALL (SELECT 'manager', up.manager_id FROM up, who WHERE up.manager_id IS NOT NULL AND up.manager_id IS DISTINCT FROM who.worker ORDER BY up.n LIMIT 1)
			UNION ALL (SELECT 'lead_any', g.person_id FROM role_grants g JOIN people x ON x.id = g.person_id AND x.active WHERE g.role = 'LEAD' AND `+identity.Granted+` ORDER BY g.person_id LIMIT 20)
			UNION ALL (SELECT 'manager_any', g.person_id FROM role_grants g JOIN people x ON x.id = g.person_id AND x.active WHERE g.role = 'MGR' AND `+identity.Granted+` ORDER BY g.person_id LIMIT 20)) l
		JOIN people p ON p.id = l.person AND p.active ORDER BY p.id`, db.Args{"id": id, "team": team, "now": now})
	out := map[string][]uuid.UUID{}
	var level string
	var person uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&level, &person}, func() error { out[level] = append(out[level], person); return nil })
	return out, db.Map(err)
}

// nudge notes a nudge unless there was one within the cool-down. The record is
// locked by its own use case, so two at once cannot both pass.
func (repository) nudge(ctx context.Context, u *work.Unit, id uuid.UUID, cool time.Duration) error {
	var last *time.Time
	if err := u.Tx.QueryRow(ctx, `SELECT max(at) FROM sla_nudges WHERE record_id = @id`, db.Args{"id": id}).Scan(&last); err != nil {
		return db.Map(err)
	}
	if last != nil && u.Now.Before(last.Add(cool)) {
		f := fault.New(fault.TooMany, "sla.error.nudged", "hours", int(cool.Hours()))
		f.RetryAfter = last.Add(cool).Sub(u.Now)
		return f
	}
	u.Batch.Queue(`INSERT INTO sla_nudges (record_id, at, person_id) VALUES (@id, @now, @by)`, db.Args{"id": id, "now": u.Now, "by": u.Actor.ID})
	return nil
}

// leadOf is the lead of a team, or, without one, every lead of the desk.
func (repository) leadOf(ctx context.Context, q db.Querier, team *uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT lead_id FROM teams WHERE id = @team::uuid AND lead_id IS NOT NULL
		UNION SELECT g.person_id FROM role_grants g JOIN people p ON p.id = g.person_id AND p.active WHERE g.role = 'LEAD' AND `+identity.Granted+`
			AND NOT EXISTS (SELECT 1 FROM teams WHERE id = @team::uuid AND lead_id IS NOT NULL)`, db.Args{"team": team, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

package servicerequest

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// worksOn finds who has to see a confidential request because of a task t.
const worksOn = `SELECT m.person_id FROM team_members m JOIN people p ON p.id = m.person_id AND p.active WHERE m.team_id = t.team_id
	UNION SELECT t.assignee_id WHERE t.assignee_id IS NOT NULL`

// workers lists who has to see a request because of its tasks: the active
// members of the teams, and the holders, of those that are ready or done.
func (repository) workers(ctx context.Context, q db.Querier, tasks []Task) ([]uuid.UUID, error) {
	teams, holders := []uuid.UUID{}, []uuid.UUID{}
	for _, t := range tasks {
		if t.State == TaskReady || t.State == TaskDone {
			teams, holders = append(teams, people(t.TeamID)...), append(holders, people(t.AssigneeID)...)
		}
	}
	rows, _ := q.Query(ctx, `SELECT m.person_id FROM team_members m JOIN people p ON p.id = m.person_id AND p.active WHERE m.team_id = ANY(@teams)
		UNION SELECT unnest(@holders::uuid[])`, db.Args{"teams": teams, "holders": holders})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

const outOfStepSQL = `SELECT x.id FROM service_requests x
	WHERE x.confidential AND x.state IN ('submitted', 'approving', 'approved', 'fulfilling', 'pending', 'fulfilled') AND (
		EXISTS (SELECT 1 FROM service_request_tasks t CROSS JOIN LATERAL (` + worksOn + `) w (person) WHERE t.request_id = x.id AND t.state IN ('ready', 'done')
			AND w.person NOT IN (x.requester_id, x.created_by) AND NOT EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = x.id AND n.person_id = w.person AND n.until > @soon))
		OR EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = x.id AND n.until > @now AND n.reason = 'task' AND NOT EXISTS (
			SELECT 1 FROM service_request_tasks t CROSS JOIN LATERAL (` + worksOn + `) w (person) WHERE t.request_id = x.id AND t.state IN ('ready', 'done') AND w.person = n.person_id))
		OR x.state = 'approving' AND EXISTS (SELECT 1 FROM record_named n WHERE n.record_id = x.id AND n.reason = 'asked' AND n.until > @now AND n.until <= @soon))
	ORDER BY x.id LIMIT @limit`

// outOfStep lists open confidential requests whose need-to-know list lacks
// somebody who works on them, has somebody who does not any more, or runs out
// soon.
func (repository) outOfStep(ctx context.Context, q db.Querier, now, soon time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, outOfStepSQL, db.Args{"now": now, "soon": soon, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

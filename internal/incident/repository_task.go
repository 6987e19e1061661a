package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

func (repository) tasks(ctx context.Context, q db.Querier, id uuid.UUID) ([]Task, error) {
	rows, _ := q.Query(ctx, `SELECT id, title, assignee_id, position, done_at, done_by, created_at FROM incident_tasks WHERE incident_id = @id ORDER BY position, id LIMIT @max`,
		db.Args{"id": id, "max": maxTasks})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Task])
	return out, db.Map(err)
}

func (repository) anyTask(id uuid.UUID, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM incident_tasks WHERE incident_id = @id)`, Args: db.Args{"id": id}, To: to}
}

func (repository) openTasks(ctx context.Context, q db.Querier, id uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM incident_tasks WHERE incident_id = @id AND done_at IS NULL`, db.Args{"id": id}).Scan(&n)
	return n, err
}

// openTasksOf is openTasks of some incidents; those without are not in it.
func (repository) openTasksOf(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]int, error) {
	return countBy(ctx, q, `SELECT incident_id, count(*) FROM incident_tasks WHERE incident_id = ANY(@ids) AND done_at IS NULL GROUP BY incident_id`, ids)
}

func (repository) addTask(b *pgx.Batch, incident uuid.UUID, t Task, by uuid.UUID) {
	b.Queue(`INSERT INTO incident_tasks (id, incident_id, title, assignee_id, position, created_by, created_at, updated_at)
		VALUES (@task, @id, @title, @assignee, @position, @by, @now, @now)`,
		db.Args{"task": t.ID, "id": incident, "title": t.Title, "assignee": t.AssigneeID, "position": t.Position, "by": by, "now": t.CreatedAt})
}

// tick marks a task of an incident done or not, and returns its title and who
// does it.
func (repository) tick(ctx context.Context, tx db.Tx, incident, task uuid.UUID, done bool, by uuid.UUID, now time.Time) (title string, holder *uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `UPDATE incident_tasks SET done_at = CASE WHEN @done THEN @now::timestamptz END, done_by = CASE WHEN @done THEN @by::uuid END, version = version + 1, updated_at = @now
		WHERE id = @task AND incident_id = @id RETURNING title, assignee_id`,
		db.Args{"done": done, "by": by, "now": now, "task": task, "id": incident}).Scan(&title, &holder)
	return title, holder, err
}

func (repository) heldBy(ctx context.Context, q db.Querier, person uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT t.incident_id FROM incident_tasks t JOIN incidents i ON i.id = t.incident_id
		WHERE t.assignee_id = @person AND t.done_at IS NULL AND i.state NOT IN ('resolved', 'closed', 'cancelled', 'merged')`, db.Args{"person": person})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// takeTasks gives the open tasks that one person holds on an incident to
// another, or to nobody, and returns them.
func (repository) takeTasks(ctx context.Context, tx db.Tx, id, from uuid.UUID, to *uuid.UUID, now time.Time) ([]Task, error) {
	rows, _ := tx.Query(ctx, `UPDATE incident_tasks SET assignee_id = @to, version = version + 1, updated_at = @now WHERE incident_id = @id AND assignee_id = @from AND done_at IS NULL
		RETURNING id, title, assignee_id, position, done_at, done_by, created_at`, db.Args{"to": to, "now": now, "id": id, "from": from})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Task])
	return out, db.Map(err)
}

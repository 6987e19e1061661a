package servicerequest

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Todo is a task to do, with its request.
type Todo struct {
	Task
	Number     string     `db:"number" json:"number"`
	Request    string     `db:"request" json:"request"` // its title
	RequestEn  string     `db:"request_en" json:"request_en"`
	Priority   int        `db:"priority" json:"priority"`
	State      string     `db:"request_state" json:"request_state"`
	ExpectedAt *time.Time `db:"expected_at" json:"expected_at"`
	HeldSince  *time.Time `db:"held_since" json:"-"`
	Requester  string     `db:"requester" json:"-"`
}

// TodoCursor is the place after the last task shown.
type TodoCursor struct {
	At time.Time
	ID uuid.UUID
}

const todoSQL = `SELECT t.*, r.number, r.title AS request, ci.name_en AS request_en, r.priority, r.state AS request_state, x.expected_at, x.held_since, p.name AS requester
	FROM service_request_tasks t JOIN records r ON r.id = t.request_id JOIN service_requests x ON x.id = r.id JOIN catalog_items ci ON ci.id = x.item_id JOIN people p ON p.id = r.requester_id
	WHERE t.state = 'ready' AND (t.output = 'task' OR t.output = 'change' AND t.made_id IS NULL) AND (@c_at::timestamptz IS NULL OR (t.ready_at, t.id) > (@c_at, @c_id::uuid)) AND `

// The tasks of one team or person come from an index in the order of the list;
// those of several teams are the first few of each, put in order. All at once,
// whoever is in many teams would have every ready task read for one page.
const (
	todoOrder = ` ORDER BY t.ready_at, t.id LIMIT @limit`
	todoTeams = `SELECT t.* FROM unnest(@teams::uuid[]) AS team (id) CROSS JOIN LATERAL (` + todoSQL + `t.team_id = team.id AND `
)

// todo lists the tasks that are ready for a person (mine) or for their teams,
// the oldest first.
func (repository) todo(ctx context.Context, q db.Querier, v record.Visibility, me uuid.UUID, teams []uuid.UUID, mine bool, after *TodoCursor, limit int) ([]Todo, error) {
	sql, args := todoList(v, me, teams, mine, after, limit)
	rows, _ := q.Query(ctx, sql, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[Todo])
	return out, db.Map(err)
}

func todoList(v record.Visibility, me uuid.UUID, teams []uuid.UUID, mine bool, after *TodoCursor, limit int) (string, db.Args) {
	args := db.Args{"limit": limit, "c_at": nil, "c_id": nil}
	if after != nil {
		args["c_at"], args["c_id"] = after.At, after.ID
	}
	if mine {
		args["me"] = me
		return v.SQL(todoSQL+"t.assignee_id = @me AND ", todoOrder), v.With(args)
	}
	args["teams"] = nonNil(teams)
	return v.SQL(todoTeams, todoOrder+`) t`+todoOrder), v.With(args)
}

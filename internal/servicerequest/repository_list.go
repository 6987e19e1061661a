package servicerequest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
)

const rowSQL = `SELECT r.*, x.pending_reason, x.expected_at, coalesce(a.name, '') AS assignee_name, coalesce(a.name_en, '') AS assignee_en, q.name AS requester_name, q.name_en AS requester_en, ci.name_en AS title_en, ` + sla.ChipColumns + `
	FROM (SELECT r.* FROM records r WHERE `

const rowJoins = `) r JOIN service_requests x ON x.id = r.id JOIN catalog_items ci ON ci.id = x.item_id JOIN people q ON q.id = r.requester_id LEFT JOIN people a ON a.id = r.assignee_id ` + sla.ChipJoin

// order is a sort of a list with its keyset; each has an index (migration
// 0002).
type order struct{ by, keyset string }

var orders = map[string]order{
	"priority": {"r.priority, r.created_at, r.id", "(r.priority, r.created_at, r.id) > (@c_priority, @c_at, @c_id)"},
	// What is due next; what has no due instant is last. Open requests only.
	"due":     {"coalesce(r.due_at, 'infinity'::timestamptz), r.id", "(coalesce(r.due_at, 'infinity'::timestamptz), r.id) > (@c_due::text::timestamptz, @c_id)"},
	"updated": {"r.updated_at DESC, r.id DESC", "(r.updated_at, r.id) < (@c_at, @c_id)"},
	"created": {"r.created_at DESC, r.id DESC", "(r.created_at, r.id) < (@c_at, @c_id)"},
}

func (f Filter) order() order {
	return orders[f.sorted()]
}

// openViews are the lists of what is open, which are in the order of time left.
var openViews = []string{"", "open", "mine", "team", "approving", "pending"}

// sorted is the order asked for, or that of the view.
func (f Filter) sorted() string {
	open := slices.Contains(openViews, f.View)
	switch {
	case f.Sort != "" && (f.Sort != "due" || open):
		return f.Sort
	case open:
		return "due"
	}
	return "updated"
}

// asked is who asks for a list and what of the question had to be looked up
// first.
type asked struct {
	me    uuid.UUID
	teams []uuid.UUID
	found string // condition of the words asked for; "" for none
	args  db.Args
}

// openOnly leaves out what is still being filled in.
const openOnly = "r.category IN ('new', 'active', 'pending') AND r.state <> 'draft'"

// through finds the requests in which a team or a person has a task to do now.
const through = "r.id IN (SELECT t.request_id FROM service_request_tasks t WHERE t.state = 'ready' AND "

// conditions turns a filter into fixed pieces of SQL and their arguments.
func (f Filter) conditions(a asked) (string, db.Args) {
	conds, args := []string{"r.kind = 'servicerequest'"}, db.Args{}
	and := func(cond, name string, value any) {
		conds = append(conds, cond)
		if name != "" {
			args[name] = value
		}
	}
	if f.requester != nil {
		and("r.requester_id = @requester", "requester", *f.requester)
	}
	switch f.View {
	case everything:
	case "mine":
		and(openOnly+" AND "+through+"t.assignee_id = @me)", "me", a.me)
	case "team":
		and(openOnly+" AND "+through+"t.team_id = ANY(@my_teams))", "my_teams", a.teams)
	case "approving", "pending":
		and(openOnly+" AND r.state = @state", "state", f.View)
	case "fulfilled":
		and("r.state = 'fulfilled'", "", nil)
	case "closed":
		and("r.state IN ('closed', 'rejected', 'cancelled')", "", nil)
	case "all":
		and("r.state <> 'draft'", "", nil)
	default:
		and(openOnly, "", nil)
	}
	if f.Priority > 0 {
		and("r.priority = @priority", "priority", f.Priority)
	}
	if f.Team != nil {
		and(through+"t.team_id = @team)", "team", *f.Team)
	}
	if f.Item != nil {
		and("EXISTS (SELECT 1 FROM service_requests i WHERE i.id = r.id AND i.item_id = @item)", "item", *f.Item)
	}
	if f.Text != "" {
		if n, ok := ParseLabel(f.Text); ok {
			and("r.number = @number", "number", Label(n))
		} else {
			conds = append(conds, a.found)
			maps.Copy(args, a.args)
		}
	}
	return strings.Join(conds, " AND "), args
}

func (f Filter) listSQL(v record.Visibility, a asked) (string, db.Args) {
	cond, args := f.conditions(a)
	o := f.order()
	if f.After != nil {
		cond += " AND " + o.keyset
		args["c_id"] = f.After.ID
		if strings.Contains(o.keyset, "@c_at") {
			args["c_at"] = f.After.At
		}
		if strings.Contains(o.keyset, "@c_due") {
			args["c_due"] = f.After.Due
		}
		if strings.Contains(o.keyset, "@c_priority") {
			args["c_priority"] = f.After.Priority
		}
	}
	args["limit"] = f.Limit
	return v.SQL(rowSQL+cond+` AND `, v.Few()+` ORDER BY `+o.by+` LIMIT @limit`+rowJoins+` ORDER BY `+o.by), v.With(args)
}

func (repository) list(ctx context.Context, q db.Querier, v record.Visibility, f Filter, a asked) ([]Row, error) {
	sql, args := f.listSQL(v, a)
	// A plan made for these very values: what a word or a team costs depends on
	// which it is.
	rows, _ := q.Query(ctx, sql, pgx.QueryExecModeCacheDescribe, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	return out, db.Map(err)
}

// Todo is a task to do, with its request.
type Todo struct {
	Task
	Number     string     `db:"number" json:"number"`
	Request    string     `db:"request" json:"request"` // its title
	RequestEn  string     `db:"request_en" json:"request_en"`
	Priority   int        `db:"priority" json:"priority"`
	State      string     `db:"request_state" json:"request_state"`
	ExpectedAt *time.Time `db:"expected_at" json:"expected_at"`
	Requester  string     `db:"requester" json:"-"`
}

// TodoCursor is the place after the last task shown.
type TodoCursor struct {
	At time.Time
	ID uuid.UUID
}

const todoSQL = `SELECT t.*, r.number, r.title AS request, ci.name_en AS request_en, r.priority, r.state AS request_state, x.expected_at, p.name AS requester
	FROM service_request_tasks t JOIN records r ON r.id = t.request_id JOIN service_requests x ON x.id = r.id JOIN catalog_items ci ON ci.id = x.item_id JOIN people p ON p.id = r.requester_id
	WHERE t.state = 'ready' AND t.output = 'task' AND (@c_at::timestamptz IS NULL OR (t.ready_at, t.id) > (@c_at, @c_id::uuid)) AND `

// todo lists the tasks that are ready for a person (mine) or for their teams,
// the oldest first.
func (repository) todo(ctx context.Context, q db.Querier, v record.Visibility, me uuid.UUID, teams []uuid.UUID, mine bool, after *TodoCursor, limit int) ([]Todo, error) {
	args := db.Args{"limit": limit, "c_at": nil, "c_id": nil}
	if after != nil {
		args["c_at"], args["c_id"] = after.At, after.ID
	}
	cond := "t.team_id = ANY(@teams)"
	if mine {
		cond, args["me"] = "t.assignee_id = @me", me
	} else {
		args["teams"] = nonNil(teams)
	}
	rows, _ := q.Query(ctx, v.SQL(todoSQL+cond+" AND ", ` ORDER BY t.ready_at, t.id LIMIT @limit`), v.With(args))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[Todo])
	return out, db.Map(err)
}

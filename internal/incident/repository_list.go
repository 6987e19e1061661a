package incident

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Row is a line of a list.
type Row struct {
	record.Entry
	PendingReason string `db:"pending_reason"`
	AssigneeName  string `db:"assignee_name"`
	AssigneeEn    string `db:"assignee_en"`
	RequesterName string `db:"requester_name"`
	RequesterEn   string `db:"requester_en"`
	VIP           bool   `db:"vip"`
}

// Filter narrows a list; zero values mean any.
type Filter struct {
	View       string      // open, mine, team, unassigned, pending, resolved, closed, all
	States     []string    // any of
	Priorities []int       // any of
	Teams      []uuid.UUID // any of
	Assignee   *uuid.UUID
	Requester  *uuid.UUID
	Category   *uuid.UUID
	Service    *uuid.UUID
	Text       string     // in the title, or the beginning of the number
	Sort       string     // priority, updated, created
	Since      *time.Time // changed after
	After      *Cursor
	Limit      int
}

// Cursor is the place after the last row shown.
type Cursor struct {
	Priority int
	At       time.Time
	ID       uuid.UUID
}

const rowSQL = `SELECT r.*, i.pending_reason, coalesce(a.name, '') AS assignee_name, coalesce(a.name_en, '') AS assignee_en,
		q.name AS requester_name, q.name_en AS requester_en, q.vip
	FROM (SELECT r.* FROM records r WHERE `

const rowJoins = `) r JOIN incidents i ON i.id = r.id JOIN people q ON q.id = r.requester_id LEFT JOIN people a ON a.id = r.assignee_id `

// orders are the sorts of a list: the order, its keyset, and the order again
// for the joined rows. Each has an index (migration 0002).
var orders = map[string]struct{ order, keyset, outer string }{
	"priority": {"r.priority, r.created_at, r.id", "(r.priority, r.created_at, r.id) > (@c_priority, @c_at, @c_id)", "r.priority, r.created_at, r.id"},
	"updated":  {"r.updated_at DESC, r.id DESC", "(r.updated_at, r.id) < (@c_at, @c_id)", "r.updated_at DESC, r.id DESC"},
	"created":  {"r.created_at DESC, r.id DESC", "(r.created_at, r.id) < (@c_at, @c_id)", "r.created_at DESC, r.id DESC"},
}

// conditions turns a filter into fixed pieces of SQL and their arguments.
func (f Filter) conditions(me uuid.UUID, myTeams []uuid.UUID) (string, db.Args) {
	conds, args := []string{"r.kind = 'incident'"}, db.Args{}
	and := func(cond, name string, value any) {
		conds = append(conds, cond)
		if name != "" {
			args[name] = value
		}
	}
	const open = "r.category IN ('new', 'active', 'pending')"
	switch f.View {
	case "mine":
		and(open, "", nil)
		and("r.assignee_id = @me", "me", me)
	case "team":
		and(open, "", nil)
		and("r.team_id = ANY(@my_teams)", "my_teams", myTeams)
	case "unassigned":
		and(open, "", nil)
		and("r.assignee_id IS NULL", "", nil)
	case "pending":
		and(open, "", nil)
		and("r.state = 'pending'", "", nil)
	case "resolved":
		and("r.state = 'resolved'", "", nil)
	case "closed":
		and("r.state IN ('closed', 'cancelled')", "", nil)
	case "all":
	default:
		and(open, "", nil)
	}
	if len(f.States) > 0 {
		and("r.state = ANY(@states)", "states", f.States)
	}
	if len(f.Priorities) > 0 {
		and("r.priority = ANY(@priorities)", "priorities", f.Priorities)
	}
	if len(f.Teams) > 0 {
		and("r.team_id = ANY(@teams)", "teams", f.Teams)
	}
	if f.Assignee != nil {
		and("r.assignee_id = @assignee", "assignee", *f.Assignee)
	}
	if f.Requester != nil {
		and("r.requester_id = @requester", "requester", *f.Requester)
	}
	if f.Service != nil {
		and("r.service_id = @service", "service", *f.Service)
	}
	if f.Category != nil {
		and("EXISTS (SELECT 1 FROM incidents x WHERE x.id = r.id AND x.category_id = @category)", "category", *f.Category)
	}
	if f.Since != nil {
		and("r.updated_at > @since", "since", *f.Since)
	}
	if f.Text != "" {
		if n, ok := ParseLabel(f.Text); ok {
			and("r.number = @number", "number", Label(n))
		} else {
			and("strpos(lower(r.title), @text) > 0", "text", strings.ToLower(f.Text))
		}
	}
	return strings.Join(conds, " AND "), args
}

func (repository) list(ctx context.Context, q db.Querier, v record.Visibility, f Filter, me uuid.UUID, myTeams []uuid.UUID) ([]Row, error) {
	cond, args := f.conditions(me, myTeams)
	o, ok := orders[f.Sort]
	if !ok {
		o = orders["priority"]
	}
	if f.After != nil {
		cond += " AND " + o.keyset
		args["c_at"], args["c_id"] = f.After.At, f.After.ID
		if f.Sort != "updated" && f.Sort != "created" {
			args["c_priority"] = f.After.Priority
		}
	}
	args["limit"] = f.Limit
	rows, _ := q.Query(ctx, v.SQL(rowSQL+cond+` AND `, ` ORDER BY `+o.order+` LIMIT @limit`+rowJoins+` ORDER BY `+o.outer), v.With(args))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	return out, db.Map(err)
}

// count counts at most limit+1 rows.
func (repository) count(ctx context.Context, q db.Querier, v record.Visibility, f Filter, me uuid.UUID, myTeams []uuid.UUID, limit int) (n int, err error) {
	cond, args := f.conditions(me, myTeams)
	args["limit"] = limit + 1
	err = q.QueryRow(ctx, v.SQL(`SELECT count(*) FROM (SELECT 1 FROM records r WHERE `+cond+` AND `, ` LIMIT @limit) bounded`), v.With(args)).Scan(&n)
	return n, db.Map(err)
}

package incident

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
)

// Row is a line of a list.
type Row struct {
	record.Entry
	PendingReason string     `db:"pending_reason"`
	Channel       string     `db:"channel"`
	ParentID      *uuid.UUID `db:"parent_id"`
	Major         string     `db:"major"`
	CategoryID    *uuid.UUID `db:"category_id"`
	AssigneeName  string     `db:"assignee_name"`
	AssigneeEn    string     `db:"assignee_en"`
	RequesterName string     `db:"requester_name"`
	RequesterEn   string     `db:"requester_en"`
	VIP           bool       `db:"vip"`
	sla.Chip
}

// Cursor is the place after the last row shown.
type Cursor struct {
	Group    string
	Priority int
	Due      string // of the order by time left; "infinity" for none
	At       time.Time
	ID       uuid.UUID
}

const rowSQL = `SELECT r.*, i.pending_reason, i.channel, i.parent_id, i.major, i.category_id, coalesce(a.name, '') AS assignee_name, coalesce(a.name_en, '') AS assignee_en,
		q.name AS requester_name, q.name_en AS requester_en, q.vip, ` + sla.ChipColumns + `
	FROM (SELECT r.* FROM records r WHERE `

const rowJoins = `) r JOIN incidents i ON i.id = r.id JOIN people q ON q.id = r.requester_id LEFT JOIN people a ON a.id = r.assignee_id ` + sla.ChipJoin

// order is a sort of a list with its keyset; each has an index (migration
// 0002).
type order struct{ by, keyset string }

var orders = map[string]order{
	"priority": {"r.priority, r.created_at, r.id", "(r.priority, r.created_at, r.id) > (@c_priority, @c_at, @c_id)"},
	// What is due next; what has no due instant is last. Open incidents only.
	"due":     {"coalesce(r.due_at, 'infinity'::timestamptz), r.id", "(coalesce(r.due_at, 'infinity'::timestamptz), r.id) > (@c_due::text::timestamptz, @c_id)"},
	"updated": {"r.updated_at DESC, r.id DESC", "(r.updated_at, r.id) < (@c_at, @c_id)"},
	"created": {"r.created_at DESC, r.id DESC", "(r.created_at, r.id) < (@c_at, @c_id)"},
}

// groups are what rows can be put under headings by. Within a group the order
// is that of priority. Only lists of open incidents are grouped by what no
// index orders.
var groups = map[string]string{
	"priority": "", // the order by priority is grouped as it is
	"due":      "", // and so is that by time left
	"state":    "CASE r.state WHEN 'new' THEN '1' WHEN 'accepted' THEN '2' WHEN 'in_progress' THEN '3' ELSE '4' END",
	"team":     "coalesce(r.team_id::text, '')",
	"assignee": "coalesce(r.assignee_id::text, '')",
}

func (f Filter) order() order {
	if g := groups[f.Group]; g != "" {
		o := orders["priority"]
		return order{g + ", " + o.by, "(" + g + ", r.priority, r.created_at, r.id) > (@c_group, @c_priority, @c_at, @c_id)"}
	}
	return orders[f.sorted()]
}

// asked is who asks for a list and what of the question had to be looked up
// first.
type asked struct {
	me    uuid.UUID
	teams []uuid.UUID
	now   time.Time
	zone  *time.Location
	found string // condition of the words asked for; "" for none
	args  db.Args
	// below maps categories to those in and under them.
	below map[uuid.UUID][]uuid.UUID
	// also narrows what the access predicate lets through: what may be read and
	// exported, for an export.
	also *record.Visibility
}

const openOnly = "r.category IN ('new', 'active', 'pending')"

// conditions turns a filter into fixed pieces of SQL and their arguments.
func (f Filter) conditions(a asked) (string, db.Args) {
	conds, args := []string{"r.kind = 'incident'"}, db.Args{}
	and := func(cond, name string, value any) {
		conds = append(conds, cond)
		if name != "" {
			args[name] = value
		}
	}
	switch f.View {
	case "mine":
		and(openOnly+" AND r.assignee_id = @me", "me", a.me)
	case "team":
		and(openOnly+" AND r.team_id = ANY(@my_teams)", "my_teams", a.teams)
	case "unassigned":
		and(openOnly+" AND r.assignee_id IS NULL", "", nil)
	case "pending":
		and(openOnly+" AND r.state = 'pending'", "", nil)
	case "resolved":
		and("r.state = 'resolved'", "", nil)
	case "closed":
		and("r.state IN ('closed', 'cancelled')", "", nil)
	case "all":
	default:
		and(openOnly, "", nil)
	}
	for n, c := range f.Clauses {
		name := "p" + strconv.Itoa(n)
		cond, value := c.condition("@"+name, a)
		if value == nil {
			name = ""
		}
		and(cond, name, value)
	}
	if f.Text != "" {
		if n, ok := ParseLabel(f.Text); ok {
			and("r.number = @number", "number", Label(n))
		} else {
			conds = append(conds, a.found)
			maps.Copy(args, a.args)
		}
	}
	if a.also != nil {
		conds = append(conds, a.also.SQL(""))
		args = a.also.With(args)
	}
	return strings.Join(conds, " AND "), args
}

// columnsOf are the fields of the register that a clause compares as they are.
var columnsOf = map[string]string{
	"state": "r.state", "priority": "r.priority", "team": "r.team_id", "assignee": "r.assignee_id", "requester": "r.requester_id", "department": "r.department_id",
	"service": "r.service_id", "created": "r.created_at", "updated": "r.updated_at",
}

// own are the fields that stand in the incident's own table.
var ownFields = map[string]string{"parent": "x.parent_id", "major": "x.major", "category": "x.category_id", "pending": "x.pending_reason", "channel": "x.channel"}

// condition is one clause as SQL, with the value of its argument p, if any.
func (c Clause) condition(p string, a asked) (string, any) {
	switch c.Field {
	case "vip":
		not := map[string]string{"no": "NOT "}[c.Values[0]]
		return not + "EXISTS (SELECT 1 FROM people v WHERE v.id = r.requester_id AND v.vip)", nil
	case "confidential":
		return map[string]string{"yes": "r.confidential", "no": "NOT r.confidential"}[c.Values[0]], nil
	}
	if x, ok := ownFields[c.Field]; ok {
		cond, v := compare(x, c, p, a)
		if c.Op == "is" || c.Op == "any" {
			return "r.id IN (SELECT x.id FROM incidents x WHERE " + cond + ")", v
		}
		return "EXISTS (SELECT 1 FROM incidents x WHERE x.id = r.id AND (" + cond + "))", v
	}
	return compare(columnsOf[c.Field], c, p, a)
}

func compare(col string, c Clause, p string, a asked) (string, any) {
	switch c.Op {
	case "none":
		return col + " IS NULL", nil
	case "any":
		return col + " IS NOT NULL", nil
	case "after":
		return col + " >= " + p, midnight(c.Values[0], a.zone)
	case "before":
		return col + " < " + p, midnight(c.Values[0], a.zone)
	case "within", "older":
		d, _ := days(c.Values[0]) // parsed before
		return col + map[string]string{"within": " >= ", "older": " < "}[c.Op] + p, a.now.Add(-d)
	}
	v := c.value(a)
	if c.Op == "not" {
		return "(" + col + " IS NULL OR " + col + " <> ALL(" + p + "))", v
	}
	return col + " = ANY(" + p + ")", v
}

func midnight(day string, zone *time.Location) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, zone) // parsed before
	return t
}

// value is what the clause's column is compared with: always a list, so that
// the statement does not depend on how many there are.
func (c Clause) value(a asked) any {
	switch filterFields[c.Field].kind {
	case isNumber:
		var out []int
		for _, v := range c.Values {
			n, _ := strconv.Atoi(v) // parsed before
			out = append(out, n)
		}
		return out
	case isID:
		var out []uuid.UUID
		for _, v := range c.Values {
			id := a.me
			if v != me {
				id = uuid.MustParse(v)
			}
			if c.Field == "category" {
				out = append(out, a.below[id]...)
			}
			out = append(out, id)
		}
		return out
	}
	return c.Values
}

// categoriesBelow lists, for each category asked for, those under it.
func (repository) categoriesBelow(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `WITH RECURSIVE t AS (SELECT id AS top, id FROM incident_categories WHERE id = ANY(@ids)
			UNION SELECT t.top, c.id FROM incident_categories c JOIN t ON c.parent_id = t.id)
		SELECT top, id FROM t WHERE top <> id`, db.Args{"ids": ids})
	out := map[uuid.UUID][]uuid.UUID{}
	var top, id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&top, &id}, func() error { out[top] = append(out[top], id); return nil })
	return out, db.Map(err)
}

// plan asks for a plan made for these very values: what a word or a team costs
// depends on which it is.
const plan = pgx.QueryExecModeCacheDescribe

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
		if strings.Contains(o.keyset, "@c_group") {
			args["c_group"] = f.After.Group
		}
	}
	args["limit"] = f.Limit
	return v.SQL(rowSQL+cond+` AND `, v.Few()+` ORDER BY `+o.by+` LIMIT @limit`+rowJoins+` ORDER BY `+o.by), v.With(args)
}

func (repository) list(ctx context.Context, q db.Querier, v record.Visibility, f Filter, a asked) ([]Row, error) {
	sql, args := f.listSQL(v, a)
	rows, _ := q.Query(ctx, sql, plan, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	return out, db.Map(err)
}

func (f Filter) countSQL(v record.Visibility, a asked, limit int) (string, db.Args) {
	cond, args := f.conditions(a)
	args["limit"] = limit + 1
	return v.SQL(`SELECT count(*) FROM (SELECT 1 FROM records r WHERE `+cond+` AND `, v.Few()+` LIMIT @limit) bounded`), v.With(args)
}

// count counts at most limit+1 rows.
func (repository) count(ctx context.Context, q db.Querier, v record.Visibility, f Filter, a asked, limit int) (n int, err error) {
	sql, args := f.countSQL(v, a, limit)
	err = q.QueryRow(ctx, sql, plan, args).Scan(&n)
	return n, db.Map(err)
}

// group is the key of a row's group, as the order by it compares.
func (f Filter) group(r Row) string {
	switch f.Group {
	case "state":
		return map[string]string{"new": "1", "accepted": "2", "in_progress": "3"}[r.State] + map[bool]string{true: "4"}[!slices.Contains([]string{"new", "accepted", "in_progress"}, r.State)]
	case "team":
		return idText(r.TeamID)
	case "assignee":
		return idText(r.AssigneeID)
	}
	return fmt.Sprint(r.Priority)
}

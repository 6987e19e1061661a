package queue

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/sla"
)

// Cursor is the place after the last row shown.
type Cursor struct {
	Group    string
	Priority int
	Due      string // of the order by time left; "infinity" for none
	At       time.Time
	ID       uuid.UUID
}

// order is a sort of a list, all of it up or all of it down, with the place of
// its keyset; each has an index on the register, which is read both ways.
type order struct {
	columns []string
	place   string
	desc    bool
}

var orders = map[string]order{
	"priority": {[]string{"r.priority", "r.created_at", "r.id"}, "@c_priority, @c_at, @c_id", false},
	// What is due next; what has no due instant is last. Open records only.
	"due":     {[]string{"coalesce(r.due_at, 'infinity'::timestamptz)", "r.id"}, "@c_due::text::timestamptz, @c_id", false},
	"updated": {[]string{"r.updated_at", "r.id"}, "@c_at, @c_id", true},
	"created": {[]string{"r.created_at", "r.id"}, "@c_at, @c_id", true},
}

// by is the order itself, keyset what stands after its place.
func (o order) by() string {
	if o.desc {
		return strings.Join(o.columns, " DESC, ") + " DESC"
	}
	return strings.Join(o.columns, ", ")
}

func (o order) keyset() string {
	return "(" + strings.Join(o.columns, ", ") + ")" + map[bool]string{false: " > ", true: " < "}[o.desc] + "(" + o.place + ")"
}

// back is the order read the other way.
func (o order) back() order { o.desc = !o.desc; return o }

// Groups are what rows can be put under headings by. Within a group the order
// is that of priority.
var Groups = []string{"due", "priority", "state", "team", "assignee"}

// groupBy is the column that puts rows of a group together; "" where the order
// does it as it is.
func (s *Spec) groupBy(group string) string {
	switch group {
	case "state":
		sql := "CASE r.state"
		for n, state := range s.Flow {
			sql += fmt.Sprintf(" WHEN '%s' THEN '%d'", state, n+1)
		}
		return sql + fmt.Sprintf(" ELSE '%d' END", len(s.Flow)+1)
	case "team":
		return "coalesce(r.team_id::text, '')"
	case "assignee":
		return "coalesce(r.assignee_id::text, '')"
	}
	return ""
}

// group is the key of a row's group, as the order by it compares.
func (s *Spec) group(by string, l Line) string {
	switch by {
	case "state":
		for n, state := range s.Flow {
			if state == l.State {
				return strconv.Itoa(n + 1)
			}
		}
		return strconv.Itoa(len(s.Flow) + 1)
	case "team":
		return idText(l.TeamID)
	case "assignee":
		return idText(l.AssigneeID)
	}
	return strconv.Itoa(l.Priority)
}

func (s *Spec) order(f Filter) order {
	if g := s.groupBy(f.Group); g != "" {
		o := orders["priority"]
		o.columns, o.place = append([]string{g}, o.columns...), "@c_group, "+o.place
		return o
	}
	return orders[s.Sorted(f)]
}

// Ask is who asks for a list and what of the question had to be looked up
// first.
type Ask struct {
	Visible record.Visibility
	Me      uuid.UUID
	Teams   []uuid.UUID
	Now     time.Time
	Zone    *time.Location
	found   string // condition of the words asked for; "" for none
	args    db.Args
	// since is the same condition, for what last changed in some weeks only; nil
	// where the list is not in the order of changes.
	since func(weeks []string) (string, db.Args)
	words search.Query
	// below maps the values of a field to what is under them.
	below map[string]map[uuid.UUID][]uuid.UUID
	// also narrows what the access predicate lets through: what may be read and
	// exported, for an export.
	also *record.Visibility
}

// conditions turns a filter into fixed pieces of SQL and their arguments.
func (s *Spec) conditions(f Filter, a Ask) (string, db.Args) {
	v, _ := s.view(f.View)
	conds, args := []string{"r.kind = '" + string(s.Kind) + "'"}, db.Args{}
	if v.Where != "" {
		conds = append(conds, v.Where)
	}
	if strings.Contains(v.Where, "@me") {
		args["me"] = a.Me
	}
	if strings.Contains(v.Where, "@my_teams") {
		args["my_teams"] = a.Teams
	}
	if strings.Contains(v.Where, "@now") {
		args["now"] = a.Now
	}
	if strings.Contains(v.Where, "@tomorrow") {
		day := a.Now.In(a.Zone)
		args["tomorrow"] = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, a.Zone)
	}
	for n, c := range f.Clauses {
		name := "p" + strconv.Itoa(n)
		field, _ := s.field(c.Field) // parsed before
		cond, value := field.condition(c, "@"+name, a)
		if conds = append(conds, cond); value != nil {
			args[name] = value
		}
	}
	if f.Text != "" {
		if label, alone := s.numbered(f.Text); alone {
			conds, args["number"] = append(conds, "r.number = @number"), label
		} else {
			conds = append(conds, a.found)
			maps.Copy(args, a.args)
			if label != "" { // it stands before these
				conds, args["number"] = append(conds, "r.number <> @number"), label
			}
		}
	}
	if a.also != nil {
		conds = append(conds, a.also.SQL(""))
		args = a.also.With(args)
	}
	return strings.Join(conds, " AND "), args
}

// condition is one clause as SQL, with the value of its argument p, if any.
func (f Field) condition(c Clause, p string, a Ask) (string, any) {
	if f.Is == Flags {
		return map[string]string{"no": "NOT "}[c.Values[0]] + f.Yes, nil
	}
	if f.From == "" {
		return f.compare(c, p, a)
	}
	negative := c.Op == "not" || c.Op == "none"
	if negative && f.Many {
		c.Op = map[string]string{"not": "is", "none": "any"}[c.Op]
	}
	cond, v := f.compare(c, p, a)
	if f.Where != "" {
		cond = f.Where + " AND " + cond
	}
	in := "r.id IN (SELECT " + f.Key + " FROM " + f.From + " WHERE " + cond + ")"
	switch {
	case negative && f.Many:
		return "NOT " + in, v
	case c.Op == "is" || c.Op == "any":
		return in, v
	}
	return "EXISTS (SELECT 1 FROM " + f.From + " WHERE " + f.Key + " = r.id AND (" + cond + "))", v
}

func (f Field) compare(c Clause, p string, a Ask) (string, any) {
	switch c.Op {
	case "none":
		return f.Col + " IS NULL", nil
	case "any":
		return f.Col + " IS NOT NULL", nil
	case "after":
		return f.Col + " >= " + p, midnight(c.Values[0], a.Zone)
	case "before":
		return f.Col + " < " + p, midnight(c.Values[0], a.Zone)
	case "within", "older":
		d, _ := days(c.Values[0]) // parsed before
		return f.Col + map[string]string{"within": " >= ", "older": " < "}[c.Op] + p, a.Now.Add(-d)
	}
	v := f.value(c, a)
	if c.Op == "not" {
		return "(" + f.Col + " IS NULL OR " + f.Col + " <> ALL(" + p + "))", v
	}
	return f.Col + " = ANY(" + p + ")", v
}

func midnight(day string, zone *time.Location) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, zone) // parsed before
	return t
}

// value is what the clause's column is compared with: always a list, so that
// the statement does not depend on how many there are.
func (f Field) value(c Clause, a Ask) any {
	switch f.Is {
	case Numbers:
		var out []int
		for _, v := range c.Values {
			n, _ := strconv.Atoi(v) // parsed before
			out = append(out, n)
		}
		return out
	case IDs:
		var out []uuid.UUID
		for _, v := range c.Values {
			id := a.Me
			if v != Me {
				id = uuid.MustParse(v)
			}
			out = append(append(out, a.below[f.Name][id]...), id)
		}
		return out
	}
	return c.Values
}

// plan asks for a plan made for these very values: what a word or a team costs
// depends on which it is.
const plan = pgx.QueryExecModeCacheDescribe

// ListSQL is the statement of a list, and its arguments; tests look at its plan.
func (s *Spec) ListSQL(f Filter, a Ask) (string, db.Args) {
	cond, args := s.conditions(f, a)
	o := s.order(f)
	if f.Back {
		o = o.back()
	}
	if f.After != nil {
		cond += " AND " + o.keyset()
		for name, v := range map[string]any{"c_id": f.After.ID, "c_at": f.After.At, "c_due": f.After.Due, "c_priority": f.After.Priority, "c_group": f.After.Group} {
			if strings.Contains(o.place, "@"+name) {
				args[name] = v
			}
		}
	}
	args["limit"] = f.Limit
	head := `SELECT r.*, ` + s.Pending + ` AS pending_reason, coalesce(a.name, '') AS assignee_name, coalesce(a.name_en, '') AS assignee_en, q.name AS requester_name, q.name_en AS requester_en, q.vip` +
		s.Select + `, ` + sla.ChipColumns + ` FROM (SELECT r.* FROM records r WHERE `
	tail := `) r ` + s.Joins + ` JOIN people q ON q.id = r.requester_id LEFT JOIN people a ON a.id = r.assignee_id ` + sla.ChipJoin
	return a.Visible.SQL(head+cond+` AND `, a.Visible.Few()+` ORDER BY `+o.by()+` LIMIT @limit`+tail+` ORDER BY `+o.by()), a.Visible.With(args)
}

func rows[R Row](ctx context.Context, q db.Querier, s *Spec, f Filter, a Ask) ([]R, error) {
	sql, args := s.ListSQL(f, a)
	found, _ := q.Query(ctx, sql, plan, args)
	out, err := pgx.CollectRows(found, pgx.RowToStructByName[R])
	return out, db.Map(err)
}

func (s *Spec) countSQL(f Filter, a Ask, limit int) (string, db.Args) {
	cond, args := s.conditions(f, a)
	args["limit"] = limit + 1
	return a.Visible.SQL(`SELECT count(*) FROM (SELECT 1 FROM records r WHERE `+cond+` AND `, a.Visible.Few()+` LIMIT @limit) bounded`), a.Visible.With(args)
}

// countRows counts at most limit+1 rows.
func (s *Spec) countRows(ctx context.Context, q db.Querier, f Filter, a Ask, limit int) (n int, err error) {
	sql, args := s.countSQL(f, a, limit)
	err = q.QueryRow(ctx, sql, plan, args).Scan(&n)
	return n, db.Map(err)
}

func idText(id *uuid.UUID) string {
	if id == nil || *id == uuid.Nil {
		return ""
	}
	return id.String()
}

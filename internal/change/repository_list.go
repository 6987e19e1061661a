package change

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Row is a line of the list.
type Row struct {
	record.Entry
	Type            Type       `db:"type"`
	Risk            Level      `db:"risk"`
	OnHold          bool       `db:"on_hold"`
	Unauthorised    bool       `db:"unauthorised"`
	GlassAt         *time.Time `db:"glass_at"`
	WindowFrom      *time.Time `db:"window_from"`
	WindowTo        *time.Time `db:"window_to"`
	RequesterName   string     `db:"requester_name"`
	RequesterEn     string     `db:"requester_en"`
	ImplementerName string     `db:"implementer_name"`
	ImplementerEn   string     `db:"implementer_en"`
}

const rowSQL = `SELECT r.*, c.type, c.risk, c.on_hold, c.unauthorised, c.glass_at, c.window_from, c.window_to, q.name AS requester_name, q.name_en AS requester_en,
		coalesce(a.name, '') AS implementer_name, coalesce(a.name_en, '') AS implementer_en
	FROM (SELECT r.* FROM records r WHERE `

const rowJoins = `) r JOIN changes c ON c.id = r.id JOIN people q ON q.id = r.requester_id LEFT JOIN people a ON a.id = r.assignee_id`

// orders are the sorts with their keysets; each has an index (migration 0002).
var orders = map[string]struct{ by, keyset string }{
	"due":      {"coalesce(r.due_at, 'infinity'::timestamptz), r.id", "(coalesce(r.due_at, 'infinity'::timestamptz), r.id) > (@c_due::text::timestamptz, @c_id)"},
	"priority": {"r.priority, r.created_at, r.id", "(r.priority, r.created_at, r.id) > (@c_priority, @c_at, @c_id)"},
	"updated":  {"r.updated_at DESC, r.id DESC", "(r.updated_at, r.id) < (@c_at, @c_id)"},
	"created":  {"r.created_at DESC, r.id DESC", "(r.created_at, r.id) < (@c_at, @c_id)"},
}

// asked is who asks for a list, and the condition of the words asked for.
type asked struct {
	me    uuid.UUID
	found string
	args  db.Args
}

const openOnly = "r.category IN ('new', 'active', 'pending')"

func (f Filter) conditions(a asked) (string, db.Args) {
	conds, out := []string{"r.kind = 'change'"}, db.Args{}
	if f.open() {
		conds = append(conds, openOnly)
	}
	switch f.View {
	case "mine":
		conds = append(conds, "(r.requester_id = @me OR r.assignee_id = @me)")
		out["me"] = a.me
	case "planning":
		conds = append(conds, "r.state IN ('draft', 'submitted', 'assessing', 'testing', 'reviewing')")
	case "scheduled":
		conds = append(conds, "r.state IN ('approved', 'scheduled')")
	case "running":
		conds = append(conds, "r.state IN ('implementing', 'rolling_back', 'verifying')")
	case "review":
		conds = append(conds, "r.state = 'review'")
	case "closed":
		conds = append(conds, "r.state IN ('closed', 'cancelled')")
	}
	if f.Type != "" {
		conds = append(conds, "EXISTS (SELECT 1 FROM changes x WHERE x.id = r.id AND x.type = @type)")
		out["type"] = f.Type
	}
	if f.Risk != "" {
		conds = append(conds, "EXISTS (SELECT 1 FROM changes x WHERE x.id = r.id AND x.risk = @risk)")
		out["risk"] = f.Risk
	}
	if n, ok := ParseLabel(f.Text); ok {
		conds = append(conds, "r.number = @number")
		out["number"] = Label(n)
	} else if f.Text != "" {
		conds = append(conds, a.found)
		maps.Copy(out, a.args)
	}
	return strings.Join(conds, " AND "), out
}

func (f Filter) listSQL(v record.Visibility, a asked) (string, db.Args) {
	cond, out := f.conditions(a)
	o := orders[f.sorted()]
	if f.After != nil {
		cond += " AND " + o.keyset
		for name, value := range map[string]any{"c_id": f.After.ID, "c_at": f.After.At, "c_due": f.After.Due, "c_priority": f.After.Priority} {
			if strings.Contains(o.keyset, "@"+name) {
				out[name] = value
			}
		}
	}
	out["limit"] = f.Limit
	return v.SQL(rowSQL+cond+` AND `, v.Few()+` ORDER BY `+o.by+` LIMIT @limit`+rowJoins+` ORDER BY `+o.by), v.With(out)
}

func (repository) list(ctx context.Context, q db.Querier, v record.Visibility, f Filter, a asked) ([]Row, error) {
	sql, args := f.listSQL(v, a)
	// A plan made for these very values: what a word costs depends on which.
	rows, _ := q.Query(ctx, sql, pgx.QueryExecModeCacheDescribe, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	return out, db.Map(err)
}

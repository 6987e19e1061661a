package configuration

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// Row is a line of the list.
type Row struct {
	ID          uuid.UUID   `db:"id"`
	Number      int64       `db:"number"`
	Name        string      `db:"name"`
	ClassID     uuid.UUID   `db:"class_id"`
	Lifecycle   Lifecycle   `db:"lifecycle"`
	Operational Operational `db:"operational"`
	Criticality int         `db:"criticality"`
	Location    string      `db:"location"`
	OwnerName   string      `db:"owner_name"`
	OwnerEn     string      `db:"owner_en"`
	ServiceZh   string      `db:"service_zh"`
	ServiceEn   string      `db:"service_en"`
	StaleAt     *time.Time  `db:"stale_at"`
	UpdatedAt   time.Time   `db:"updated_at"`
	SortName    string      `db:"sort_name"`
}

// Label is the number people use.
func (r Row) Label() string { return Label(r.Number) }

// Cursor is the place after the last row shown.
type Cursor struct {
	At   time.Time
	Name string
	ID   uuid.UUID
}

// order is a sort of the list with its keyset; each has an index.
type order struct{ by, keyset string }

var orders = map[string]order{
	"updated": {"i.updated_at DESC, i.id DESC", "(i.updated_at, i.id) < (@c_at, @c_id)"},
	"name":    {"lower(i.name), i.id", "(lower(i.name), i.id) > (@c_name, @c_id)"},
}

func (f Filter) order() order {
	if o, ok := orders[f.Sort]; ok {
		return o
	}
	return orders["updated"]
}

// asked is what of a question had to be looked up first.
type asked struct {
	me      uuid.UUID
	classes []uuid.UUID // nil: any
	exact   []uuid.UUID // found by an exact value; nil: look for the words
	found   string      // condition of the words; "" for none
	args    db.Args
	// since is the same condition, for what last changed in some weeks only; nil
	// where the list is not in the order of changes.
	since func(weeks []string) (string, db.Args)
	words search.Query
	after *Cursor
}

// conditions turns a filter into fixed pieces of SQL and their arguments.
func (f Filter) conditions(a asked) (string, db.Args) {
	conds, args := []string{}, db.Args{}
	and := func(cond, name string, value any) {
		conds = append(conds, cond)
		if name != "" {
			args[name] = value
		}
	}
	switch f.Lifecycle {
	case "":
	case "living":
		and("i.lifecycle NOT IN ('retired', 'disposed')", "", nil)
	default:
		and("i.lifecycle = @lifecycle", "lifecycle", f.Lifecycle)
	}
	if f.Operational != "" {
		and("i.operational = @operational", "operational", f.Operational)
	}
	switch f.Owner {
	case "":
	case "none":
		and("i.owner_id IS NULL", "", nil)
	case "me":
		and("i.owner_id = @owner", "owner", a.me)
	default:
		and("i.owner_id = @owner", "owner", uuid.MustParse(f.Owner))
	}
	if f.Service != nil {
		and("i.service_id = @service", "service", *f.Service)
	}
	if f.Department != nil {
		and("i.department_id = @department", "department", *f.Department)
	}
	if f.Location != "" {
		and("i.location <> '' AND lower(i.location) LIKE @location", "location", like(strings.ToLower(f.Location))+"%")
	}
	if f.Criticality > 0 {
		and("i.criticality = @criticality", "criticality", f.Criticality)
	}
	if f.Stale {
		and("i.stale_at IS NOT NULL", "", nil)
	}
	switch {
	case a.exact != nil:
		and("i.id = ANY(@exact)", "exact", a.exact)
	case a.found != "":
		conds = append(conds, a.found)
		maps.Copy(args, a.args)
	}
	if len(conds) == 0 {
		return "true", args
	}
	return strings.Join(conds, " AND "), args
}

// like makes the wildcards of LIKE ordinary characters.
func like(s string) string { return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) }

// plan asks for a plan made for these very values: what a class or an owner
// costs depends on which it is.
const plan = pgx.QueryExecModeCacheDescribe

const rowColumns = `i.id, i.number, i.name, i.class_id, i.lifecycle, i.operational, i.criticality, i.location, i.owner_id, i.service_id, i.stale_at, i.updated_at`

// items is what a list reads, as `i` and `r`. For a reader who may see whatever
// is not confidential the few confidential ones are gathered once, rather than
// the line in the register of each item looked up, a thousand times to be
// counted.
func items(v record.Visibility) string {
	if v.Always() {
		return `ci_items i CROSS JOIN LATERAL (SELECT i.id, i.id IN (SELECT x.id FROM records x WHERE x.kind = 'ci' AND x.confidential) AS confidential) r`
	}
	return `ci_items i JOIN records r ON r.id = i.id`
}

// listSQL walks one index in the order asked for. With classes it walks that of
// each class and merges, since no index has several of them in one order.
func (f Filter) listSQL(v record.Visibility, a asked) (string, db.Args) {
	cond, args := f.conditions(a)
	o := f.order()
	if a.after != nil {
		cond += " AND " + o.keyset
		args["c_id"] = a.after.ID
		if f.Sort == "name" {
			args["c_name"] = a.after.Name
		} else {
			args["c_at"] = a.after.At
		}
	}
	args["limit"] = f.Limit
	inner := `SELECT ` + rowColumns + ` FROM ` + items(v) + ` WHERE `
	order := ` ORDER BY ` + o.by + ` LIMIT @limit`
	var sql string
	if a.classes != nil {
		args["classes"] = a.classes
		sql = `SELECT i.* FROM unnest(@classes::uuid[]) k CROSS JOIN LATERAL (` + v.SQL(inner+`i.class_id = k AND `+cond+` AND `, v.Few()+order) + `) i` + order
	} else {
		sql = v.SQL(inner+cond+` AND `, v.Few()+order)
	}
	return `SELECT i.id, i.number, i.name, i.class_id, i.lifecycle, i.operational, i.criticality, i.location, i.stale_at, i.updated_at, lower(i.name) AS sort_name,
			coalesce(p.name, '') AS owner_name, coalesce(p.name_en, '') AS owner_en, coalesce(s.name_zh, '') AS service_zh, coalesce(s.name_en, '') AS service_en
		FROM (` + sql + `) i LEFT JOIN people p ON p.id = i.owner_id LEFT JOIN services s ON s.id = i.service_id ORDER BY ` + o.by, v.With(args)
}

func (repository) list(ctx context.Context, q db.Querier, v record.Visibility, f Filter, a asked) ([]Row, error) {
	sql, args := f.listSQL(v, a)
	return many[Row](ctx, q, sql, plan, args)
}

func (f Filter) countSQL(v record.Visibility, a asked, limit int) (string, db.Args) {
	cond, args := f.conditions(a)
	args["limit"] = limit + 1
	if a.classes != nil {
		cond += " AND i.class_id = ANY(@classes)"
		args["classes"] = a.classes
	}
	return v.SQL(`SELECT count(*) FROM (SELECT 1 FROM `+items(v)+` WHERE `+cond+` AND `, v.Few()+` LIMIT @limit) bounded`), v.With(args)
}

// count counts at most limit+1 items.
func (repository) count(ctx context.Context, q db.Querier, v record.Visibility, f Filter, a asked, limit int) (n int, err error) {
	sql, args := f.countSQL(v, a, limit)
	err = q.QueryRow(ctx, sql, plan, args).Scan(&n)
	return n, db.Map(err)
}

// exactly finds items by the exact value of their name or an identifier, at
// most 200.
func (repository) exactly(ctx context.Context, q db.Querier, values []string) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT item_id FROM ci_identifiers WHERE value = ANY(@values) LIMIT 200`, db.Args{"values": values})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// beginning finds visible items whose name begins with a text, of some classes
// or of any, at most limit.
func (repository) beginning(ctx context.Context, q db.Querier, v record.Visibility, text string, classes []uuid.UUID, limit int) ([]Row, error) {
	f := Filter{Sort: "name", Limit: limit}
	a := asked{classes: classes, found: "lower(i.name) >= @from AND lower(i.name) < @to", args: db.Args{"from": text, "to": text + "\U0010FFFF"}}
	if text == "" {
		a.found = ""
	}
	return repository{}.list(ctx, q, v, f, a)
}

// serviceNames are the services for selects and names.
func (repository) services(ctx context.Context, q db.Querier) ([]Named, error) {
	return db.Kept(ctx, q, "configuration.services", func() ([]Named, error) {
		return many[Named](ctx, q, `SELECT id, name_zh, name_en FROM services WHERE active ORDER BY name_zh, name_en, id LIMIT 2000`)
	})
}

// Named is something with a name in both languages.
type Named struct {
	ID     uuid.UUID `db:"id" json:"id"`
	NameZh string    `db:"name_zh" json:"name_zh"`
	NameEn string    `db:"name_en" json:"name_en"`
}

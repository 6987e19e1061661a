package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// lock locks incidents in one order, whoever asks, so that no two units wait
// for each other.
func (repository) lock(ctx context.Context, tx db.Tx, ids ...uuid.UUID) error {
	_, err := tx.Exec(ctx, `SELECT 1 FROM incidents WHERE id = ANY(@ids) ORDER BY id FOR UPDATE`, db.Args{"ids": ids})
	return err
}

func (repository) hasChildren(ctx context.Context, q db.Querier, id uuid.UUID) (yes bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM incidents WHERE parent_id = @id)`, db.Args{"id": id}).Scan(&yes)
	return yes, err
}

// childrenOf counts the children of some incidents; those without are not in it.
func (repository) childrenOf(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]int, error) {
	return countBy(ctx, q, `SELECT parent_id, count(*) FROM incidents WHERE parent_id = ANY(@ids) GROUP BY parent_id`, ids)
}

// countBy counts something by id; sql asks for it about the incidents @ids.
func countBy(ctx context.Context, q db.Querier, sql string, ids []uuid.UUID) (map[uuid.UUID]int, error) {
	rows, _ := q.Query(ctx, sql, db.Args{"ids": ids})
	out := map[uuid.UUID]int{}
	var id uuid.UUID
	var n int
	_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error { out[id] = n; return nil })
	return out, db.Map(err)
}

// blocks is what of a parent's children c must be done before it.
const blocks = `c.state NOT IN ('resolved', 'closed', 'cancelled', 'merged')
		AND (c.child_as = 'part' OR EXISTS (SELECT 1 FROM incident_tasks t WHERE t.incident_id = c.id AND t.done_at IS NULL))`

// openPartsOf is openParts of some incidents; those without are not in it.
func (repository) openPartsOf(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]int, error) {
	return countBy(ctx, q, `SELECT c.parent_id, count(*) FROM incidents c WHERE c.parent_id = ANY(@ids) AND `+blocks+` GROUP BY c.parent_id`, ids)
}

// openParts counts the children that must be done before their parent: parts of
// its work, and whatever has open tasks of its own.
func (repository) openParts(ctx context.Context, q db.Querier, id uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM incidents c WHERE c.parent_id = @id AND `+blocks, db.Args{"id": id}).Scan(&n)
	return n, err
}

const followers = ` FROM incidents c WHERE c.parent_id = @id AND c.child_as = 'same' AND NOT c.confidential AND c.state NOT IN ('resolved', 'closed', 'cancelled', 'merged')`

func (repository) openFollowers(ctx context.Context, q db.Querier, id uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*)`+followers, db.Args{"id": id}).Scan(&n)
	return n, err
}

// toFollow lists the next children that a cascade has not looked at, by number.
func (repository) toFollow(ctx context.Context, q db.Querier, cascade, parent uuid.UUID, after int64, limit int) ([]uuid.UUID, int64, error) {
	rows, _ := q.Query(ctx, `SELECT c.id, c.number`+followers+` AND c.number > @after
		AND NOT EXISTS (SELECT 1 FROM incident_cascade_items x WHERE x.cascade_id = @cascade AND x.incident_id = c.id)
		ORDER BY c.number LIMIT @limit`, db.Args{"id": parent, "cascade": cascade, "after": after, "limit": limit})
	var out []uuid.UUID
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id, &after}, func() error { out = append(out, id); return nil })
	return out, after, db.Map(err)
}

// Cascade is one step of a parent that its children take, and how far it is.
type Cascade struct {
	ID         uuid.UUID     `db:"id" json:"id"`
	IncidentID uuid.UUID     `db:"incident_id" json:"-"`
	State      State         `db:"state" json:"state"`
	Reason     PendingReason `db:"reason" json:"pending_reason,omitempty"`
	WasReason  PendingReason `db:"was_reason" json:"-"`
	Remark     string        `db:"remark" json:"-"`
	ByID       uuid.UUID     `db:"by_id" json:"by_id"`
	ByName     string        `db:"by_name" json:"by_name"`
	Total      int           `db:"total" json:"total"`
	CreatedAt  time.Time     `db:"created_at" json:"created_at"`
	FinishedAt *time.Time    `db:"finished_at" json:"finished_at"`
	Done       int           `db:"done" json:"done"`
	Left       int           `db:"left_out" json:"left"`
}

const cascadeSQL = `SELECT k.id, k.incident_id, k.state, k.reason, k.was_reason, k.remark, k.by_id, k.by_name, k.total, k.created_at, k.finished_at,
	(SELECT count(*) FROM incident_cascade_items x WHERE x.cascade_id = k.id AND x.problem = '') AS done,
	(SELECT count(*) FROM incident_cascade_items x WHERE x.cascade_id = k.id AND x.problem <> '') AS left_out FROM incident_cascades k`

func (repository) beginCascade(b *pgx.Batch, c Cascade) {
	b.Queue(`INSERT INTO incident_cascades (id, incident_id, state, reason, was_reason, remark, by_id, by_name, total, created_at)
		VALUES (@cascade, @id, @state, @reason, @was, @remark, @by, @name, @total, @now)`,
		db.Args{"cascade": c.ID, "id": c.IncidentID, "state": c.State, "reason": c.Reason, "was": c.WasReason, "remark": c.Remark, "by": c.ByID, "name": c.ByName, "total": c.Total, "now": c.CreatedAt})
}

func (repository) cascade(ctx context.Context, q db.Querier, id uuid.UUID) (Cascade, error) {
	rows, _ := q.Query(ctx, cascadeSQL+` WHERE k.id = @id`, db.Args{"id": id})
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Cascade])
	return c, db.Map(err)
}

// lastCascade is the newest cascade of an incident, if there was one.
func (repository) lastCascade(ctx context.Context, q db.Querier, id uuid.UUID) (*Cascade, error) {
	rows, _ := q.Query(ctx, cascadeSQL+` WHERE k.incident_id = @id ORDER BY k.created_at DESC, k.id DESC LIMIT 1`, db.Args{"id": id})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Cascade])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	return &list[0], nil
}

// followed notes that a cascade has dealt with a child: problem is the message
// key of why not, or "".
func (repository) followed(b *pgx.Batch, cascade, child uuid.UUID, problem string) {
	b.Queue(`INSERT INTO incident_cascade_items (cascade_id, incident_id, problem) VALUES (@cascade, @child, @problem)`,
		db.Args{"cascade": cascade, "child": child, "problem": problem})
}

func (repository) endCascade(b *pgx.Batch, cascade uuid.UUID, now time.Time) {
	b.Queue(`UPDATE incident_cascades SET finished_at = @now WHERE id = @id AND finished_at IS NULL`, db.Args{"id": cascade, "now": now})
}

// LeftOut is a child that a cascade could not reach, and why.
type LeftOut struct {
	Number  string `db:"number" json:"number"`
	Title   string `db:"title" json:"title"`
	Problem string `db:"problem" json:"problem"`
}

// leftOut lists the children that a cascade could not reach, as the reader may
// see them; at most 50.
func (repository) leftOut(ctx context.Context, q db.Querier, v record.Visibility, cascade uuid.UUID) ([]LeftOut, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.number, r.title, x.problem FROM incident_cascade_items x JOIN records r ON r.id = x.incident_id
		WHERE x.cascade_id = @id AND x.problem <> '' AND `, ` ORDER BY r.number LIMIT 50`), v.With(db.Args{"id": cascade}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[LeftOut])
	return out, db.Map(err)
}

// anyChild asks whether an incident has children, whoever may see them.
func (repository) anyChild(id uuid.UUID, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM incidents WHERE parent_id = @id)`, Args: db.Args{"id": id}, To: to}
}

// childCounts counts the children that the reader may see, by state category.
func (repository) childCounts(ctx context.Context, q db.Querier, v record.Visibility, id uuid.UUID) (map[record.Category]int, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.category, count(*) FROM incidents c JOIN records r ON r.id = c.id WHERE c.parent_id = @id AND `, ` GROUP BY r.category`), v.With(db.Args{"id": id}))
	out := map[record.Category]int{}
	var k record.Category
	var n int
	_, err := pgx.ForEachRow(rows, []any{&k, &n}, func() error { out[k] = n; return nil })
	return out, db.Map(err)
}

// entries are the register lines of records that the reader may see.
func (repository) entries(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]record.Entry, error) {
	out := map[uuid.UUID]record.Entry{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.* FROM records r WHERE r.id = ANY(@ids) AND `), v.With(db.Args{"ids": ids}))
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Entry])
	for _, e := range list {
		out[e.ID] = e
	}
	return out, db.Map(err)
}

package configuration

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const relationTypeColumns = `id, version, key, name_zh, name_en, inverse_zh, inverse_en, impact, redundant, from_class_id, to_class_id, max_to, max_from, active, position, created_at, updated_at`

// relationTypeStore lets relation types be written through work.
type relationTypeStore struct{}

func relationTypeArgs(t *RelationType) db.Args {
	return db.Args{
		"id": t.ID, "version": t.Version, "key": t.Key, "zh": t.NameZh, "en": t.NameEn, "izh": t.InverseZh, "ien": t.InverseEn, "impact": t.Impact, "redundant": t.Redundant,
		"from": t.FromClassID, "to": t.ToClassID, "max_to": t.MaxTo, "max_from": t.MaxFrom, "active": t.Active, "position": t.Position, "created": t.CreatedAt, "updated": t.UpdatedAt,
	}
}

func (relationTypeStore) Insert(b *pgx.Batch, t *RelationType) {
	b.Queue(`INSERT INTO ci_relation_types (`+relationTypeColumns+`) VALUES (@id, @version, @key, @zh, @en, @izh, @ien, @impact, @redundant, @from, @to, @max_to, @max_from, @active,
		@position, @created, @updated)`, relationTypeArgs(t))
}

func (relationTypeStore) Update(b *pgx.Batch, t *RelationType) {
	b.Queue(`UPDATE ci_relation_types SET version = @version, key = @key, name_zh = @zh, name_en = @en, inverse_zh = @izh, inverse_en = @ien, impact = @impact, redundant = @redundant,
		from_class_id = @from, to_class_id = @to, max_to = @max_to, max_from = @max_from, active = @active, position = @position, created_at = @created, updated_at = @updated
		WHERE id = @id AND version = @version - 1`, relationTypeArgs(t))
}

func (relationTypeStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (RelationType, error) {
	rows, _ := tx.Query(ctx, `SELECT `+relationTypeColumns+` FROM ci_relation_types WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[RelationType])
}

// relationTypes reads all types in order; there are a few dozen.
func (repository) relationTypes(ctx context.Context, q db.Querier) ([]RelationType, error) {
	return db.Kept(ctx, q, "configuration.relation_types", func() ([]RelationType, error) {
		rows, _ := q.Query(ctx, `SELECT `+relationTypeColumns+` FROM ci_relation_types ORDER BY position, key LIMIT 500`)
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[RelationType])
		return out, db.Map(err)
	})
}

const relationColumns = `id, type_id, from_id, to_id, source, source_ref, created_name, created_at, ended_at, ended_name, ended_source, ended_ref`

// relate queues a new relation; one that there is already stays as it is.
func (repository) relate(b *pgx.Batch, id, typ, from, to uuid.UUID, c Cause, now time.Time) {
	b.Queue(`INSERT INTO ci_relations (id, type_id, from_id, to_id, source, source_ref, created_by, created_name, created_at)
		VALUES (@id, @type, @from, @to, @source, @ref, @by, @name, @now) ON CONFLICT (type_id, from_id, to_id) WHERE ended_at IS NULL DO NOTHING`,
		db.Args{"id": id, "type": typ, "from": from, "to": to, "source": c.Source, "ref": c.Ref, "by": c.ActorID, "name": c.ActorName, "now": now})
}

// part queues the end of a relation.
func (repository) part(b *pgx.Batch, id uuid.UUID, c Cause, now time.Time) {
	b.Queue(`UPDATE ci_relations SET ended_at = greatest(@now, created_at), ended_by = @by, ended_name = @name, ended_source = @source, ended_ref = @ref WHERE id = @id AND ended_at IS NULL`,
		db.Args{"id": id, "by": c.ActorID, "name": c.ActorName, "source": c.Source, "ref": c.Ref, "now": now})
}

func (repository) relation(ctx context.Context, q db.Querier, id uuid.UUID) (Relation, error) {
	return single[Relation](ctx, q, `SELECT `+relationColumns+` FROM ci_relations WHERE id = @id AND ended_at IS NULL`, db.Args{"id": id})
}

// relationsOf lists what an item hangs together with now, at most limit.
func (repository) relationsOf(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]Relation, error) {
	return many[Relation](ctx, q, `SELECT `+relationColumns+` FROM ci_relations WHERE ended_at IS NULL AND from_id = @id
		UNION SELECT `+relationColumns+` FROM ci_relations WHERE ended_at IS NULL AND to_id = @id ORDER BY created_at, id LIMIT @limit`, db.Args{"id": id, "limit": limit})
}

// relationsDuring lists what an item hung together with at some time from one
// instant to another, at most limit.
func (repository) relationsDuring(ctx context.Context, q db.Querier, id uuid.UUID, from, to time.Time, limit int) ([]Relation, error) {
	return many[Relation](ctx, q, `SELECT `+relationColumns+` FROM ci_relations WHERE from_id = @id AND created_at <= @to AND (ended_at IS NULL OR ended_at > @from)
		UNION SELECT `+relationColumns+` FROM ci_relations WHERE to_id = @id AND created_at <= @to AND (ended_at IS NULL OR ended_at > @from) ORDER BY created_at, id LIMIT @limit`,
		db.Args{"id": id, "from": from, "to": to, "limit": limit})
}

// relationsEnded lists what an item hung together with and no longer does, the
// last to end first. Each end has its index.
func (repository) relationsEnded(ctx context.Context, q db.Querier, id uuid.UUID, after *EndedCursor, limit int) ([]Relation, error) {
	sql, args := endedSQL(id, after, limit)
	return many[Relation](ctx, q, sql, plan, args)
}

func endedSQL(id uuid.UUID, after *EndedCursor, limit int) (string, db.Args) {
	args := db.Args{"id": id, "limit": limit}
	place := ""
	if after != nil {
		place = " AND (ended_at, id) < (@c_at, @c_id)"
		args["c_at"], args["c_id"] = after.At, after.ID
	}
	one := func(end string) string {
		return `(SELECT ` + relationColumns + ` FROM ci_relations WHERE ` + end + ` = @id AND ended_at IS NOT NULL` + place + ` ORDER BY ended_at DESC, id DESC LIMIT @limit)`
	}
	return one("from_id") + ` UNION ` + one("to_id") + ` ORDER BY ended_at DESC, id DESC LIMIT @limit`, args
}

// lockItem locks an item that a relation is about to point at, so that two
// relations at once cannot both be the last that fits.
func (repository) lockItem(ctx context.Context, tx db.Tx, id uuid.UUID) (Item, error) {
	i, err := repository{}.ForUpdate(ctx, tx, id)
	return i, db.Map(err)
}

// fitting counts the relations of a type that a first and a second have now,
// without one between the two.
func (repository) fitting(ctx context.Context, q db.Querier, typ, from, to uuid.UUID) (ofFrom, ofTo int, err error) {
	err = q.QueryRow(ctx, `SELECT (SELECT count(*) FROM ci_relations WHERE ended_at IS NULL AND type_id = @type AND from_id = @from AND to_id <> @to),
		(SELECT count(*) FROM ci_relations WHERE ended_at IS NULL AND type_id = @type AND to_id = @to AND from_id <> @from)`,
		db.Args{"type": typ, "from": from, "to": to}).Scan(&ofFrom, &ofTo)
	return ofFrom, ofTo, db.Map(err)
}

// step reads the relations along which a fault leaves some items (or, asked
// the other way round, comes to them): along are the types read from first to
// second, against those read from second to first.
//
// Pages ask this for a handful of items. One plan serves all: it reads an index
// per item whatever they are. The list of items is hidden from the planner in a
// query of its own, or PostgreSQL would take a plan made for one item for a
// better one, and make it anew each time.
func (repository) step(ctx context.Context, q db.Querier, from, along, against []uuid.UUID, limit int) ([][3]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT from_id, to_id, type_id FROM ci_relations WHERE ended_at IS NULL AND from_id = ANY(ARRAY(SELECT unnest(@from::uuid[]))) AND type_id = ANY(@along)
		UNION ALL SELECT to_id, from_id, type_id FROM ci_relations WHERE ended_at IS NULL AND to_id = ANY(ARRAY(SELECT unnest(@from::uuid[]))) AND type_id = ANY(@against) LIMIT @limit`,
		db.Args{"from": from, "along": along, "against": against, "limit": limit})
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (x [3]uuid.UUID, err error) { return x, r.Scan(&x[0], &x[1], &x[2]) })
}

// members reads the members of redundant wholes and whether each is healthy,
// with one plan for all as step does.
func (repository) members(ctx context.Context, q db.Querier, wholes, types []uuid.UUID) (map[uuid.UUID]group, error) {
	rows, _ := q.Query(ctx, `SELECT w.id, w.redundancy, m.id, m.operational FROM ci_items w JOIN ci_relations r ON r.to_id = w.id AND r.type_id = ANY(@types) AND r.ended_at IS NULL
		JOIN ci_items m ON m.id = r.from_id AND m.lifecycle NOT IN ('retired', 'disposed') WHERE w.id = ANY(ARRAY(SELECT unnest(@wholes::uuid[]))) LIMIT 100000`, db.Args{"wholes": wholes, "types": types})
	out := map[uuid.UUID]group{}
	var whole, member uuid.UUID
	var need int
	var op Operational
	_, err := pgx.ForEachRow(rows, []any{&whole, &need, &member, &op}, func() error {
		g, ok := out[whole]
		if !ok {
			g = group{need: need, members: map[uuid.UUID]bool{}}
			out[whole] = g
		}
		g.members[member] = op.Healthy()
		return nil
	})
	return out, db.Map(err)
}

// Node is an item that a fault reaches.
type Node struct {
	ID           uuid.UUID   `db:"id"`
	Number       int64       `db:"number"`
	Name         string      `db:"name"`
	ClassID      uuid.UUID   `db:"class_id"`
	Lifecycle    Lifecycle   `db:"lifecycle"`
	Operational  Operational `db:"operational"`
	Criticality  int         `db:"criticality"`
	Location     string      `db:"location"`
	OwnerID      *uuid.UUID  `db:"owner_id"`
	CustodianID  *uuid.UUID  `db:"custodian_id"`
	DepartmentID *uuid.UUID  `db:"department_id"`
	ServiceID    *uuid.UUID  `db:"service_id"`

	Depth int    `db:"-"`
	Fate  string `db:"-"`
	Via   []Edge `db:"-"` // what it hangs on, among those that are seen
}

// Label is the number people use.
func (n Node) Label() string { return Label(n.Number) }

// nodes reads items by id, those that are visible, with one plan for all as step
// does.
func (repository) nodes(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) ([]Node, error) {
	return many[Node](ctx, q, v.SQL(`SELECT i.id, i.number, i.name, i.class_id, i.lifecycle, i.operational, i.criticality, i.location, i.owner_id, i.custodian_id, i.department_id, i.service_id
		FROM ci_items i JOIN records r ON r.id = i.id WHERE i.id = ANY(ARRAY(SELECT unnest(@ids::uuid[]))) AND `), v.With(db.Args{"ids": ids}))
}

func (repository) criticality(ctx context.Context, q db.Querier, ids []uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(min(criticality), 0) FROM ci_items WHERE id = ANY(@ids::uuid[])`, db.Args{"ids": ids}).Scan(&n)
	return n, db.Map(err)
}

// around walks at most two relations that carry impact, against it (above) and
// with it (below). The limit stands where it stops the walk.
func (repository) around(ctx context.Context, q db.Querier, ids []uuid.UUID) (above, below []uuid.UUID, err error) {
	rows, _ := q.Query(ctx, `WITH RECURSIVE types AS MATERIALIZED (
			SELECT ARRAY(SELECT id FROM ci_relation_types WHERE impact IN ('forward', 'both')) AS forward, ARRAY(SELECT id FROM ci_relation_types WHERE impact IN ('backward', 'both')) AS backward
		), near AS (
			SELECT i AS id, d AS down, 0 AS depth, CASE WHEN d THEN t.forward ELSE t.backward END AS along, CASE WHEN d THEN t.backward ELSE t.forward END AS against
			FROM types t CROSS JOIN unnest(@ids::uuid[]) i CROSS JOIN unnest('{true,false}'::boolean[]) d
			UNION
			SELECT e.id, n.down, n.depth + 1, n.along, n.against FROM near n CROSS JOIN LATERAL (
				SELECT r.to_id AS id FROM ci_relations r WHERE r.from_id = n.id AND r.type_id = ANY(n.along) AND r.ended_at IS NULL
				UNION ALL SELECT r.from_id FROM ci_relations r WHERE r.to_id = n.id AND r.type_id = ANY(n.against) AND r.ended_at IS NULL) e
			WHERE n.depth < 2
		)
		SELECT id, down FROM (SELECT id, down, depth FROM near LIMIT @limit) x WHERE depth > 0 AND NOT id = ANY(@ids::uuid[]) GROUP BY id, down`,
		plan, db.Args{"ids": ids, "limit": maxAround + 2*len(ids)})
	var id uuid.UUID
	var down bool
	_, err = pgx.ForEachRow(rows, []any{&id, &down}, func() error {
		if down {
			below = append(below, id)
		} else {
			above = append(above, id)
		}
		return nil
	})
	return above, below, db.Map(err)
}

// maxAround bounds how many neighbours around reads.
const maxAround = 1000

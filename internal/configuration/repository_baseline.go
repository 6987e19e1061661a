package configuration

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const baselineColumns = `id, version, name_zh, name_en, reason, scope, at, state, problem, batch_id, items, hash, made_by, made_name, created_at, updated_at`

// baselineStore lets baselines be written through work.
type baselineStore struct{}

func baselineArgs(b *Baseline) db.Args {
	return db.Args{
		"id": b.ID, "version": b.Version, "zh": b.NameZh, "en": b.NameEn, "reason": b.Reason, "scope": b.Scope, "at": b.At, "state": b.State, "problem": b.Problem,
		"batch": b.BatchID, "items": b.Items, "hash": b.Hash, "by": b.MadeBy, "name": b.MadeName, "created": b.CreatedAt, "updated": b.UpdatedAt,
	}
}

func (baselineStore) Insert(q *pgx.Batch, b *Baseline) {
	q.Queue(`INSERT INTO ci_baselines (`+baselineColumns+`) VALUES (@id, @version, @zh, @en, @reason, @scope, @at, @state, @problem, @batch, @items, @hash, @by, @name, @created, @updated)`, baselineArgs(b))
}

func (baselineStore) Update(q *pgx.Batch, b *Baseline) {
	q.Queue(`UPDATE ci_baselines SET version = @version, name_zh = @zh, name_en = @en, reason = @reason, scope = @scope, at = @at, state = @state, problem = @problem, batch_id = @batch,
		items = @items, hash = @hash, made_by = @by, made_name = @name, created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, baselineArgs(b))
}

func (baselineStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Baseline, error) {
	rows, _ := tx.Query(ctx, `SELECT `+baselineColumns+` FROM ci_baselines WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Baseline])
}

func (repository) baseline(ctx context.Context, q db.Querier, id uuid.UUID) (Baseline, error) {
	return single[Baseline](ctx, q, `SELECT `+baselineColumns+` FROM ci_baselines WHERE id = @id`, db.Args{"id": id})
}

// baselineOf finds the baseline that a batch takes.
func (repository) baselineOf(ctx context.Context, q db.Querier, batch uuid.UUID) (Baseline, error) {
	return single[Baseline](ctx, q, `SELECT `+baselineColumns+` FROM ci_baselines WHERE batch_id = @batch`, db.Args{"batch": batch})
}

// lockBaselineOf is baselineOf, and nobody else changes it before the unit ends.
func (repository) lockBaselineOf(ctx context.Context, tx db.Tx, batch uuid.UUID) (Baseline, error) {
	return single[Baseline](ctx, tx, `SELECT `+baselineColumns+` FROM ci_baselines WHERE batch_id = @batch FOR UPDATE`, db.Args{"batch": batch})
}

// baselines lists baselines, the newest first.
func (repository) baselines(ctx context.Context, q db.Querier, after *MadeCursor, limit int) ([]Baseline, error) {
	place, args := "", db.Args{"limit": limit}
	if after != nil {
		place = "WHERE (created_at, id) < (@c_at, @c_id) "
		args["c_at"], args["c_id"] = after.At, after.ID
	}
	return many[Baseline](ctx, q, `SELECT `+baselineColumns+` FROM ci_baselines `+place+`ORDER BY created_at DESC, id DESC LIMIT @limit`, args)
}

// then narrows items to a scope by their state at an instant, in the alias v.
func (sc Scope) then(m Model, ids []uuid.UUID) (string, db.Args) {
	const living = ` AND v.state->>'lifecycle' NOT IN ('retired', 'disposed')`
	switch sc.By {
	case ScopeClass:
		return `v.state->>'class' = ANY(@classes)` + living, db.Args{"classes": texts(m.Below(*sc.Class))}
	case ScopeService:
		return `v.state->>'service' = @service` + living, db.Args{"service": sc.Service.String()}
	case ScopeItems, ScopeReach:
		return `i.id = ANY(@ids)`, db.Args{"ids": ids}
	}
	return `true` + living, db.Args{}
}

// now narrows items to a scope by what they are now, in the alias i.
func (sc Scope) now(m Model, ids []uuid.UUID) (string, db.Args) {
	const living = ` AND i.lifecycle NOT IN ('retired', 'disposed')`
	switch sc.By {
	case ScopeClass:
		return `i.class_id = ANY(@classes)` + living, db.Args{"classes": m.Below(*sc.Class)}
	case ScopeService:
		return `i.service_id = @service` + living, db.Args{"service": *sc.Service}
	case ScopeItems, ScopeReach:
		return `i.id = ANY(@ids)`, db.Args{"ids": ids}
	}
	return `true` + living, db.Args{}
}

func texts(ids []uuid.UUID) []string {
	out := make([]string, len(ids))
	for n, id := range ids {
		out[n] = id.String()
	}
	return out
}

// take writes the items of a baseline that its maker may see, in one statement,
// and returns how many; one more than fits says that there are too many.
func (repository) take(ctx context.Context, tx db.Tx, v record.Visibility, b Baseline, m Model, ids []uuid.UUID) (int, error) {
	cond, args := b.Scope.then(m, ids)
	args["baseline"], args["at"], args["limit"] = b.ID, b.At, MaxBaseline+1
	tag, err := tx.Exec(ctx, v.SQL(`INSERT INTO ci_baseline_items (baseline_id, item_id, version) SELECT @baseline, i.id, v.version FROM ci_items i JOIN records r ON r.id = i.id
		CROSS JOIN LATERAL (SELECT version, state FROM ci_versions WHERE item_id = i.id AND at <= @at ORDER BY at DESC, version DESC LIMIT 1) v
		WHERE `+cond+` AND `, ` LIMIT @limit`), plan, v.With(args))
	return int(tag.RowsAffected()), db.Map(err)
}

// hash is the SHA-256 of a baseline's content: of the hashes of its items'
// states, in the order of the items.
func (repository) hash(ctx context.Context, q db.Querier, id uuid.UUID) (hash string, err error) {
	err = q.QueryRow(ctx, `SELECT encode(sha256(coalesce(string_agg(sha256(convert_to(b.item_id::text || ' ' || b.version || ' ' || v.state::text, 'UTF8')), ''::bytea ORDER BY b.item_id), ''::bytea)), 'hex')
		FROM ci_baseline_items b JOIN ci_versions v ON v.item_id = b.item_id AND v.version = b.version WHERE b.baseline_id = @id`, db.Args{"id": id}).Scan(&hash)
	return hash, db.Map(err)
}

// against is what a baseline is compared with: another, or what is now.
type against struct {
	at       time.Time
	baseline *uuid.UUID
	cond     string
	args     db.Args
}

// set selects the items and their versions, with its arguments.
func (a against) set() (string, db.Args) {
	if a.baseline != nil {
		return `SELECT item_id, version FROM ci_baseline_items WHERE baseline_id = @other`, db.Args{"other": *a.baseline}
	}
	args := db.Args{}
	maps.Copy(args, a.args)
	return `SELECT i.id, i.version FROM ci_items i WHERE ` + a.cond, args
}

// deviationSQL compares two sets of versions. One whose version is another is
// no deviation where both states say the same.
func deviationSQL(v record.Visibility, base uuid.UUID, with against) (string, db.Args) {
	other, args := with.set()
	args["base"], args["incidental"] = base, incidental
	return v.SQL(`SELECT i.id, i.number, i.name, i.class_id, i.lifecycle, d.before, d.after,
			CASE WHEN d.before IS NULL THEN 'added' WHEN d.after IS NULL THEN 'removed' ELSE 'changed' END AS fate
		FROM (SELECT coalesce(x.item_id, y.item_id) AS id, x.version AS before, y.version AS after
				FROM (SELECT item_id, version FROM ci_baseline_items WHERE baseline_id = @base) x FULL JOIN (` + other + `) y (item_id, version) ON y.item_id = x.item_id
				WHERE x.version IS DISTINCT FROM y.version) d
			JOIN ci_items i ON i.id = d.id JOIN records r ON r.id = i.id
			LEFT JOIN ci_versions a ON a.item_id = d.id AND a.version = d.before LEFT JOIN ci_versions z ON z.item_id = d.id AND z.version = d.after
		WHERE (d.before IS NULL OR d.after IS NULL OR a.state - @incidental::text[] <> z.state - @incidental::text[]) AND `), v.With(args)
}

// deviations lists what differs, by number, from after on, of one fate or all;
// and counts by fate all that differs. The two sets are compared once: the
// states are read again for the rows shown only.
func (repository) deviations(ctx context.Context, q db.Querier, v record.Visibility, base uuid.UUID, with against, fate string, after int64, limit int) ([]Deviation, map[string]int, error) {
	sql, args := deviationSQL(v, base, with)
	args["fate"], args["after"], args["limit"], args["none"] = fate, after, limit, uuid.Nil
	rows, _ := q.Query(ctx, `WITH d AS MATERIALIZED (`+sql+`), p AS (SELECT * FROM d WHERE number > @after AND (@fate = '' OR fate = @fate) ORDER BY number LIMIT @limit)
		SELECT coalesce(p.id, @none::uuid) AS id, coalesce(p.number, 0) AS number, coalesce(p.name, '') AS name, coalesce(p.class_id, @none::uuid) AS class_id, coalesce(p.lifecycle, '') AS lifecycle,
			p.before, p.after, coalesce(a.state, '{}') AS was, coalesce(z.state, '{}') AS now_is, coalesce(p.fate, '') AS fate, n.counts
		FROM (SELECT coalesce(jsonb_object_agg(fate, n), '{}') AS counts FROM (SELECT fate, count(*) AS n FROM d GROUP BY fate) x) n
			LEFT JOIN p ON true LEFT JOIN ci_versions a ON a.item_id = p.id AND a.version = p.before LEFT JOIN ci_versions z ON z.item_id = p.id AND z.version = p.after
		ORDER BY p.number`, plan, args)
	type counted struct {
		Deviation
		Counts map[string]int `db:"counts"`
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[counted])
	if err != nil || len(list) == 0 {
		return nil, nil, db.Map(err)
	}
	out := make([]Deviation, 0, len(list))
	for _, x := range list {
		if x.ID == uuid.Nil { // nothing to show: the row is there for the counts
			continue
		}
		if x.Fate == IsChanged {
			x.Changes = x.differing()
		}
		out = append(out, x.Deviation)
	}
	return out, list[0].Counts, nil
}

// tieDeviations lists the relations of the items of two sets that there were at
// one of their instants only, by id, from after on, of one fate or both: those
// whose both ends are visible. One that ended and began anew in between is no
// deviation.
func (repository) tieDeviations(ctx context.Context, q db.Querier, v record.Visibility, b Baseline, with against, fate string, after uuid.UUID, limit int) ([]TieDeviation, error) {
	other, args := with.set()
	args["base"], args["one"], args["two"], args["fate"], args["after"], args["limit"] = b.ID, b.At, with.at, fate, after, limit
	in := func(alias, at string) string {
		return `(` + alias + `.created_at <= ` + at + ` AND (` + alias + `.ended_at IS NULL OR ` + alias + `.ended_at > ` + at + `))`
	}
	seen := func(end string) string {
		return `EXISTS (SELECT 1 FROM records r WHERE r.id = x.` + end + ` AND ` + v.SQL("") + `)`
	}
	near := func(end string) string {
		return `SELECT c.id FROM held JOIN ci_relations c ON c.` + end + ` = held.id WHERE ` + in("c", "@one") + ` <> ` + in("c", "@two")
	}
	return many[TieDeviation](ctx, q, `WITH held AS MATERIALIZED (SELECT item_id AS id FROM ci_baseline_items WHERE baseline_id = @base UNION SELECT y.id FROM (`+other+`) y (id, version)),
		x AS (SELECT c.*, CASE WHEN `+in("c", "@two")+` THEN 'added' ELSE 'removed' END AS fate FROM ci_relations c WHERE c.id IN (`+near("from_id")+` UNION `+near("to_id")+`))
		SELECT x.id, x.type_id, x.fate, CASE WHEN (x.fate = 'added') = (@one::timestamptz <= @two::timestamptz) THEN x.created_at ELSE x.ended_at END AS at,
			x.from_id, f.number AS from_number, f.name AS from_name, f.class_id AS from_class, x.to_id, t.number AS to_number, t.name AS to_name
		FROM x JOIN ci_items f ON f.id = x.from_id JOIN ci_items t ON t.id = x.to_id
		WHERE x.id > @after AND (@fate = '' OR x.fate = @fate) AND NOT EXISTS (SELECT 1 FROM ci_relations o WHERE o.from_id = x.from_id AND o.to_id = x.to_id AND o.type_id = x.type_id
			AND CASE WHEN x.fate = 'added' THEN `+in("o", "@one")+` ELSE `+in("o", "@two")+` END) AND `+seen("from_id")+` AND `+seen("to_id")+` ORDER BY x.id LIMIT @limit`, plan, v.With(args))
}

// baselineRows lists the items of a baseline as they were, by number.
func (repository) baselineRows(ctx context.Context, q db.Querier, v record.Visibility, id uuid.UUID, after int64, limit int) ([]Deviation, error) {
	return many[Deviation](ctx, q, v.SQL(`SELECT i.id, i.number, i.name, i.class_id, i.lifecycle, b.version AS before, NULL::integer AS after, s.state AS was, '{}'::jsonb AS now_is, '' AS fate
		FROM ci_baseline_items b JOIN ci_items i ON i.id = b.item_id JOIN records r ON r.id = i.id JOIN ci_versions s ON s.item_id = b.item_id AND s.version = b.version
		WHERE b.baseline_id = @id AND i.number > @after AND `, ` ORDER BY i.number LIMIT @limit`), plan, v.With(db.Args{"id": id, "after": after, "limit": limit}))
}

// stepAt is step at a past instant.
func (repository) stepAt(ctx context.Context, q db.Querier, from, along, against []uuid.UUID, at time.Time, limit int) ([][3]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT from_id, to_id, type_id FROM ci_relations WHERE created_at <= @at AND (ended_at IS NULL OR ended_at > @at) AND from_id = ANY(@from) AND type_id = ANY(@along)
		UNION ALL SELECT to_id, from_id, type_id FROM ci_relations WHERE created_at <= @at AND (ended_at IS NULL OR ended_at > @at) AND to_id = ANY(@from) AND type_id = ANY(@against) LIMIT @limit`,
		plan, db.Args{"from": from, "along": along, "against": against, "at": at, "limit": limit})
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (x [3]uuid.UUID, err error) { return x, r.Scan(&x[0], &x[1], &x[2]) })
}

package configuration

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

const importColumns = `id, version, owner_id, source, format, file_name, columns, mapping, class_id, complete, state, batch_id, created_at, updated_at`

// importStore lets imports be written through work.
type importStore struct{}

func importArgs(i *Import) db.Args {
	if i.Columns == nil {
		i.Columns = []string{}
	}
	if i.Mapping == nil {
		i.Mapping = map[string]string{}
	}
	return db.Args{
		"id": i.ID, "version": i.Version, "owner": i.OwnerID, "source": i.Source, "format": i.Format, "file": i.FileName, "columns": i.Columns, "mapping": i.Mapping,
		"class": i.ClassID, "complete": i.Complete, "state": i.State, "batch": i.BatchID, "created": i.CreatedAt, "updated": i.UpdatedAt,
	}
}

func (importStore) Insert(b *pgx.Batch, i *Import) {
	b.Queue(`INSERT INTO ci_imports (`+importColumns+`) VALUES (@id, @version, @owner, @source, @format, @file, @columns, @mapping, @class, @complete, @state, @batch, @created, @updated)`, importArgs(i))
}

func (importStore) Update(b *pgx.Batch, i *Import) {
	b.Queue(`UPDATE ci_imports SET version = @version, owner_id = @owner, source = @source, format = @format, file_name = @file, columns = @columns, mapping = @mapping, class_id = @class,
		complete = @complete, state = @state, batch_id = @batch, created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, importArgs(i))
}

func (importStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Import, error) {
	rows, _ := tx.Query(ctx, `SELECT `+importColumns+` FROM ci_imports WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Import])
}

func (repository) getImport(ctx context.Context, q db.Querier, id uuid.UUID) (Import, error) {
	return single[Import](ctx, q, `SELECT `+importColumns+` FROM ci_imports WHERE id = @id`, db.Args{"id": id})
}

// imports lists the newest imports.
func (repository) imports(ctx context.Context, q db.Querier, limit int) ([]Import, error) {
	return many[Import](ctx, q, `SELECT `+importColumns+` FROM ci_imports ORDER BY created_at DESC, id DESC LIMIT @limit`, db.Args{"limit": limit})
}

// saveRows queues the rows of an import anew.
func (repository) saveRows(b *pgx.Batch, id uuid.UUID, rows []ImportRow) error {
	b.Queue(`DELETE FROM ci_import_rows WHERE import_id = @id`, db.Args{"id": id})
	for _, r := range rows {
		changes, err := json.Marshal(r.Changes)
		if err != nil || r.Changes == nil {
			changes = []byte("[]")
		}
		b.Queue(`INSERT INTO ci_import_rows (import_id, n, raw, content, action, code, param, item_id, changes) VALUES (@id, @n, @raw, @content, @action, @code, @param, @item, @changes)`,
			db.Args{"id": id, "n": r.N, "raw": r.Raw, "content": r.Content, "action": r.Action, "code": r.Code, "param": r.Param, "item": r.ItemID, "changes": changes})
	}
	return nil
}

const importRowColumns = `n, raw, content, action, code, param, item_id, changes`

func (repository) importRows(ctx context.Context, q db.Querier, id uuid.UUID, action string, after, limit int) ([]ImportRow, error) {
	return many[ImportRow](ctx, q, `SELECT `+importRowColumns+` FROM ci_import_rows WHERE import_id = @id AND (@action = '' OR action = @action) AND n > @after ORDER BY n LIMIT @limit`,
		db.Args{"id": id, "action": action, "after": after, "limit": limit})
}

// counts counts the rows of an import by what they would do.
func (repository) counts(ctx context.Context, q db.Querier, id uuid.UUID) (map[string]int, error) {
	rows, _ := q.Query(ctx, `SELECT action, count(*) FROM ci_import_rows WHERE import_id = @id GROUP BY action`, db.Args{"id": id})
	out := map[string]int{}
	var action string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&action, &n}, func() error { out[action] = n; return nil })
	return out, db.Map(err)
}

// steps queues which row is which step of the batch.
func (repository) steps(b *pgx.Batch, id uuid.UUID, rows []int) {
	steps := make([]int, len(rows))
	for n := range rows {
		steps[n] = n + 1
	}
	b.Queue(`UPDATE ci_import_rows r SET step = x.step FROM unnest(@rows::int[], @steps::int[]) x (n, step) WHERE r.import_id = @id AND r.n = x.n`,
		db.Args{"id": id, "rows": rows, "steps": steps})
}

func (repository) atStep(ctx context.Context, q db.Querier, id uuid.UUID, step int) (ImportRow, error) {
	return single[ImportRow](ctx, q, `SELECT `+importRowColumns+` FROM ci_import_rows WHERE import_id = @id AND step = @step`, db.Args{"id": id, "step": step})
}

// knownBy finds items by the keys of a source.
func (repository) knownBy(ctx context.Context, q db.Querier, source string, keys []string) (map[string]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT source_key, item_id FROM ci_item_keys WHERE source = @source AND source_key = ANY(@keys)`, db.Args{"source": source, "keys": keys})
	out := map[string]uuid.UUID{}
	var k string
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&k, &id}, func() error { out[k] = id; return nil })
	return out, db.Map(err)
}

// keysOf reads the keys by which a source knows items.
func (repository) keysOf(ctx context.Context, q db.Querier, source string, items []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, _ := q.Query(ctx, `SELECT item_id, source_key FROM ci_item_keys WHERE source = @source AND item_id = ANY(@items)`, db.Args{"source": source, "items": items})
	out := map[uuid.UUID]string{}
	var id uuid.UUID
	var k string
	_, err := pgx.ForEachRow(rows, []any{&id, &k}, func() error { out[id] = k; return nil })
	return out, db.Map(err)
}

// withValues finds which items have any of some exact values.
func (repository) withValues(ctx context.Context, q db.Querier, values []string) (map[string][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT i.value, i.item_id FROM ci_identifiers i JOIN ci_items c ON c.id = i.item_id AND c.lifecycle <> 'disposed' WHERE i.value = ANY(@values) LIMIT 200000`,
		db.Args{"values": values})
	out := map[string][]uuid.UUID{}
	var v string
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&v, &id}, func() error { out[v] = append(out[v], id); return nil })
	return out, db.Map(err)
}

// itemsWithParts reads items with the exact values of their parts.
func (repository) itemsWithParts(ctx context.Context, q db.Querier, list []uuid.UUID) (map[uuid.UUID]Item, error) {
	rows, _ := q.Query(ctx, `SELECT `+itemColumns+` FROM ci_items WHERE id = ANY(@ids)`, db.Args{"ids": list})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[Item])
	if err != nil {
		return nil, db.Map(err)
	}
	out := map[uuid.UUID]Item{}
	for _, i := range items {
		out[i.ID] = i
	}
	rows, _ = q.Query(ctx, `SELECT item_id, value FROM ci_identifiers WHERE part AND item_id = ANY(@ids)`, db.Args{"ids": list})
	var id uuid.UUID
	var v string
	_, err = pgx.ForEachRow(rows, []any{&id, &v}, func() error {
		i := out[id]
		i.parts = append(i.parts, v)
		out[id] = i
		return nil
	})
	return out, db.Map(err)
}

// bondsOf lists the relations between items that a source knows, as its own
// keys.
func (repository) bondsOf(ctx context.Context, q db.Querier, source string) (map[Bond]bool, error) {
	rows, _ := q.Query(ctx, `SELECT f.source_key, y.key, t.source_key FROM ci_item_keys f JOIN ci_relations r ON r.from_id = f.item_id AND r.ended_at IS NULL
		JOIN ci_item_keys t ON t.item_id = r.to_id AND t.source = @source JOIN ci_relation_types y ON y.id = r.type_id WHERE f.source = @source`, db.Args{"source": source})
	out := map[Bond]bool{}
	b := Bond{Source: source}
	_, err := pgx.ForEachRow(rows, []any{&b.From, &b.Type, &b.To}, func() error { out[b] = true; return nil })
	return out, db.Map(err)
}

// seen queues that a source knows an item by a key.
func (repository) seen(b *pgx.Batch, source, key string, item uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO ci_item_keys (source, source_key, item_id, seen_at) VALUES (@source, @key, @item, @now)
		ON CONFLICT (source, source_key) DO UPDATE SET item_id = excluded.item_id, seen_at = excluded.seen_at`, db.Args{"source": source, "key": key, "item": item, "now": now})
}

// forget queues that no source knows an item any more.
func (repository) forget(b *pgx.Batch, item uuid.UUID) {
	b.Queue(`DELETE FROM ci_item_keys WHERE item_id = @item`, db.Args{"item": item})
}

// missing lists the items that a source knew and did not speak of since an
// instant, those not stale yet.
func (repository) missing(ctx context.Context, q db.Querier, source string, since time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT k.item_id FROM ci_item_keys k JOIN ci_items i ON i.id = k.item_id AND i.stale_at IS NULL AND i.lifecycle NOT IN ('retired', 'disposed')
		WHERE k.source = @source AND k.seen_at < @since LIMIT 100000`, db.Args{"source": source, "since": since})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// alone lets one reconciliation at a time run to its commit: two sightings of
// one thing at once must not make two items.
func (repository) alone(ctx context.Context, tx db.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(7141)`)
	return db.Map(err)
}

// peopleCalled finds people, departments and services by the names that
// sources write.
func (repository) calledBy(ctx context.Context, q db.Querier, names []string) (map[string]map[string]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT 'owner', lower(x), id FROM people, LATERAL (VALUES (username), (name), (name_en), (email)) v (x) WHERE active AND lower(x) = ANY(@names)
		UNION ALL SELECT 'department', lower(x), id FROM departments, LATERAL (VALUES (name_zh), (name_en)) v (x) WHERE active AND lower(x) = ANY(@names)
		UNION ALL SELECT 'service', lower(x), id FROM services, LATERAL (VALUES (name_zh), (name_en)) v (x) WHERE active AND lower(x) = ANY(@names)`, db.Args{"names": names})
	out := map[string]map[string]uuid.UUID{"owner": {}, "department": {}, "service": {}}
	var kind, name string
	var id uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&kind, &name, &id}, func() error { out[kind][name] = id; return nil })
	return out, db.Map(err)
}

// Review is a sighting that waits for a person.
type Review struct {
	ID         uuid.UUID       `db:"id" json:"id"`
	Version    int             `db:"version" json:"version"`
	Source     string          `db:"source" json:"source"`
	SourceKey  string          `db:"source_key" json:"source_key"`
	Name       string          `db:"name" json:"name"`
	Content    json.RawMessage `db:"content" json:"content"`
	Candidates []uuid.UUID     `db:"candidates" json:"candidates"`
	Reason     string          `db:"reason" json:"reason"`
	Decided    string          `db:"decided" json:"decided"`
	CreatedAt  time.Time       `db:"created_at" json:"created_at"`
}

const reviewColumns = `id, version, source, source_key, name, content, candidates, reason, decided, created_at`

func (repository) ask(b *pgx.Batch, r Review) {
	b.Queue(`INSERT INTO ci_reviews (id, source, source_key, name, content, candidates, reason, created_at, updated_at) VALUES (@id, @source, @key, @name, @content, @candidates, @reason, @now, @now)
		ON CONFLICT (source, source_key) WHERE decided = '' DO UPDATE SET content = excluded.content, candidates = excluded.candidates, reason = excluded.reason, updated_at = excluded.updated_at`,
		db.Args{"id": r.ID, "source": r.Source, "key": r.SourceKey, "name": r.Name, "content": r.Content, "candidates": r.Candidates, "reason": r.Reason, "now": r.CreatedAt})
}

func (repository) reviews(ctx context.Context, q db.Querier, limit int) ([]Review, error) {
	return many[Review](ctx, q, `SELECT `+reviewColumns+` FROM ci_reviews WHERE decided = '' ORDER BY created_at, id LIMIT @limit`, db.Args{"limit": limit})
}

func (repository) lockReview(ctx context.Context, tx db.Tx, id uuid.UUID) (Review, error) {
	return single[Review](ctx, tx, `SELECT `+reviewColumns+` FROM ci_reviews WHERE id = @id FOR UPDATE`, db.Args{"id": id})
}

func (repository) decide(b *pgx.Batch, id uuid.UUID, decided string, item *uuid.UUID, by uuid.UUID, now time.Time) {
	b.Queue(`UPDATE ci_reviews SET decided = @decided, item_id = @item, decided_by = @by, decided_at = @now, updated_at = @now, version = version + 1 WHERE id = @id`,
		db.Args{"id": id, "decided": decided, "item": item, "by": by, "now": now})
}

const precedenceSetting = "ci.precedence"

func (repository) precedence(ctx context.Context, q db.Querier) (Precedence, error) {
	var raw []byte
	if err := q.QueryRow(ctx, `SELECT coalesce((SELECT value FROM settings WHERE name = @name), 'null'::jsonb)`, db.Args{"name": precedenceSetting}).Scan(&raw); err != nil {
		return nil, db.Map(err)
	}
	p := defaultPrecedence()
	if string(raw) == "null" {
		return p, nil
	}
	p = nil
	return p, json.Unmarshal(raw, &p)
}

func (repository) savePrecedence(b *pgx.Batch, id uuid.UUID, p Precedence, by uuid.UUID, now time.Time) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	b.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, @name, @value, @now, @by)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		db.Args{"id": id, "name": precedenceSetting, "value": raw, "now": now, "by": by})
	return nil
}

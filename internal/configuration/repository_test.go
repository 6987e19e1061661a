package configuration

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/record"
)

// fill makes many items of a few classes.
func fill(t testing.TB, pool *db.Pool, n int) {
	t.Helper()
	err := pool.InTx(t.Context(), func(tx db.Tx) error {
		for _, s := range []string{
			`INSERT INTO people (id, username, name, name_en, created_at, updated_at) SELECT md5('p' || n)::uuid, 'u' || n, 'Name ' || n, '', now(), now() FROM generate_series(1, 50) n`,
			`INSERT INTO ci_items (id, number, name, class_id, lifecycle, operational, install, criticality, owner_id, location, attributes, created_by, created_at, updated_at)
			 SELECT gen_random_uuid(), 100000 + n, 'Item ' || n, md5('ci.class:' || (ARRAY['server', 'switch', 'vm', 'printer', 'computer'])[1 + n % 5])::uuid,
				CASE WHEN n % 10 = 0 THEN 'retired' ELSE 'production' END, 'unknown', 'installed', 1 + n % 4, CASE WHEN n % 100 = 0 THEN md5('p' || n % 50 + 1)::uuid END, 'Place ' || n % 5000, '{}',
				gen_random_uuid(), t, t FROM (SELECT n, now() - n * interval '1 minute' AS t FROM generate_series(1, ` + fmt.Sprint(n) + `) n) x`,
			`INSERT INTO records (id, kind, number, title, state, category, created_by, created_at, updated_at)
			 SELECT id, 'ci', 'CI' || number, name, lifecycle, CASE WHEN lifecycle = 'retired' THEN 'closed' ELSE 'active' END, created_by, created_at, updated_at FROM ci_items WHERE number > 100000`,
			`INSERT INTO ci_identifiers (item_id, key, value) SELECT id, 'name', lower(name) FROM ci_items WHERE number > 100000`,
			`ANALYZE ci_items, records, ci_identifiers, people`,
		} {
			if _, err := tx.Exec(t.Context(), s); err != nil {
				return fmt.Errorf("%.60s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestListPlans reads the plans of the lists: each walks an index, and reads no
// table from end to end.
func TestListPlans(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	fill(t, pool, 20000)
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, time.Now())
	hardware := []uuid.UUID{md5UUID(t, pool, "server"), md5UUID(t, pool, "switch"), md5UUID(t, pool, "printer")}
	after := &Cursor{At: time.Now().Add(-time.Hour), Name: "item 5", ID: uuid.New()}
	for name, c := range map[string]struct {
		f     Filter
		a     asked
		index string
	}{
		"all":         {Filter{}, asked{}, "ci_items_updated_idx"},
		"all by name": {Filter{Sort: "name"}, asked{}, "ci_items_name_idx"},
		"next page":   {Filter{}, asked{after: after}, "ci_items_updated_idx"},
		"next name":   {Filter{Sort: "name"}, asked{after: after}, "ci_items_name_idx"},
		"class":       {Filter{}, asked{classes: hardware}, "ci_items_class_updated_idx"},
		"class name":  {Filter{Sort: "name"}, asked{classes: hardware}, "ci_items_class_name_idx"},
		"owner":       {Filter{Owner: uuid.NewString()}, asked{}, "ci_items_owner_idx"},
		"service":     {Filter{Service: &after.ID}, asked{}, "ci_items_service_idx"},
		"department":  {Filter{Department: &after.ID}, asked{}, "ci_items_department_idx"},
		"retired":     {Filter{Lifecycle: "disposed"}, asked{}, "ci_items_lifecycle_idx"},
		"stale":       {Filter{Stale: true}, asked{}, "ci_items_stale_idx"},
		"place":       {Filter{Location: "place 4999"}, asked{}, "ci_items_location_idx"},
		"many places": {Filter{Location: "place 1", Lifecycle: "production"}, asked{classes: hardware[:1]}, "ci_items_class_updated_idx"},
		"exact":       {Filter{}, asked{exact: []uuid.UUID{after.ID}}, "ci_items_pkey"},
	} {
		c.f.Limit = 51
		sql, args := c.f.listSQL(v, c.a)
		rows, _ := pool.Query(t.Context(), "EXPLAIN "+sql, plan, args)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		text := strings.Join(lines, "\n")
		if err != nil || !strings.Contains(text, c.index) || strings.Contains(text, "Seq Scan on ci_items") || strings.Contains(text, "Seq Scan on records") {
			t.Errorf("%s: want %s (%v):\n%s", name, c.index, err, text)
		}
	}
}

func md5UUID(t *testing.T, pool *db.Pool, class string) (id uuid.UUID) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT id FROM ci_classes WHERE key = $1`, class).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestAroundPlan: the neighbours of items are found by the indexes of relations,
// and a hub does not make the answer long.
func TestAroundPlan(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	fill(t, pool, 5000)
	if err := pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `WITH i AS (SELECT id, row_number() OVER (ORDER BY number) AS n FROM ci_items WHERE number > 100000)
			INSERT INTO ci_relations (id, type_id, from_id, to_id, source, created_by, created_name, created_at)
			SELECT gen_random_uuid(), md5('ci.relation:' || x.key)::uuid, a.id, b.id, 'person', gen_random_uuid(), '', now()
			FROM i a JOIN i b ON a.n = 1 AND b.n > 1 CROSS JOIN (VALUES ('contains')) x (key)
			UNION ALL SELECT gen_random_uuid(), md5('ci.relation:depends_on')::uuid, b.id, a.id, 'person', gen_random_uuid(), '', now() FROM i a JOIN i b ON b.n = a.n + 1`)
		if err == nil {
			_, err = tx.Exec(t.Context(), `ANALYZE ci_relations`)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var hub, leaf uuid.UUID
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT id FROM ci_items WHERE number = 100001), (SELECT id FROM ci_items WHERE number = 100100)`).Scan(&hub, &leaf); err != nil {
		t.Fatal(err)
	}
	q := &planned{Querier: pool, t: t}
	above, below, err := repository{}.around(t.Context(), q, []uuid.UUID{leaf})
	if err != nil || len(above) != 3 || len(below) != 2 { // the hub, two before; two after
		t.Errorf("around a leaf: %d above, %d below, %v", len(above), len(below), err)
	}
	above, below, err = repository{}.around(t.Context(), q, []uuid.UUID{hub})
	if n := len(above) + len(below); err != nil || n == 0 || n > maxAround {
		t.Errorf("around a hub: %d, %v", n, err)
	}
	for _, want := range []string{"using ci_relations_from_", "using ci_relations_to_"} {
		if !strings.Contains(q.plan, want) || strings.Contains(q.plan, "Seq Scan on ci_relations ") {
			t.Errorf("want %s:\n%s", want, q.plan)
		}
	}
}

// planned keeps the plan of the last statement.
type planned struct {
	db.Querier
	t    *testing.T
	plan string
}

func (p *planned) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := p.Querier.Query(ctx, "EXPLAIN "+sql, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		p.t.Fatal(err)
	}
	p.plan = strings.Join(lines, "\n")
	return p.Querier.Query(ctx, sql, args...)
}

// TestEndedPlan: what an item no longer hangs together with comes from the
// index of each end, whatever the item has hung together with in its life.
func TestEndedPlan(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	fill(t, pool, 2000)
	err := pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO ci_relations (id, type_id, from_id, to_id, source, created_by, created_name, created_at, ended_at)
			SELECT gen_random_uuid(), md5('ci.relation:depends_on')::uuid, a.id, b.id, 'person', a.id, '', now() - interval '1 year', now() - n * interval '1 minute'
			FROM (SELECT id, row_number() OVER () AS n FROM ci_items) a JOIN LATERAL (SELECT id FROM ci_items WHERE number % 100 = a.n % 100 LIMIT 20) b ON true`)
		if err == nil {
			_, err = tx.Exec(t.Context(), `ANALYZE ci_relations`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sql, args := endedSQL(uuid.New(), &EndedCursor{time.Now(), uuid.New()}, 51)
	rows, _ := pool.Query(t.Context(), "EXPLAIN "+sql, plan, args)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	text := strings.Join(lines, "\n")
	if err != nil || !strings.Contains(text, "ci_relations_from_ended_idx") || !strings.Contains(text, "ci_relations_to_ended_idx") {
		t.Errorf("%v:\n%s", err, text)
	}
}

// TestDuringPlan: what an item hung together with at an instant comes from the
// index of each end.
func TestDuringPlan(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	fill(t, pool, 2000)
	run(t, pool, `INSERT INTO ci_relations (id, type_id, from_id, to_id, source, created_by, created_name, created_at, ended_at)
			SELECT gen_random_uuid(), md5('ci.relation:depends_on')::uuid, a.id, b.id, 'person', a.id, '', now() - interval '1 year', now() - n * interval '1 minute'
			FROM (SELECT id, row_number() OVER () AS n FROM ci_items) a JOIN LATERAL (SELECT id FROM ci_items WHERE number % 100 = a.n % 100 LIMIT 20) b ON true`, `ANALYZE ci_relations`)
	q := &planned{Querier: pool, t: t}
	at := time.Now().Add(-24 * time.Hour)
	if _, err := (repository{}).relationsDuring(t.Context(), q, uuid.New(), at, at, maxTies); err != nil || !strings.Contains(q.plan, "ci_relations_from_") || !strings.Contains(q.plan, "ci_relations_to_") || strings.Contains(q.plan, "Seq Scan") {
		t.Errorf("%v:\n%s", err, q.plan)
	}
}

func run(t *testing.T, pool *db.Pool, statements ...string) {
	t.Helper()
	if err := pool.InTx(t.Context(), func(tx db.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(t.Context(), s); err != nil {
				return fmt.Errorf("%.60s: %w", s, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestComparisonPlan: what a comparison costs follows from what the baseline
// holds, not from all items and their versions.
func TestComparisonPlan(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	fill(t, pool, 20000)
	one, two := uuid.New(), uuid.New()
	statements := []string{`INSERT INTO ci_versions (item_id, version, at, actor_id, actor_name, source, source_ref, state)
		SELECT id, v, now() - interval '1 hour', id, '', 'person', '', jsonb_build_object('name', name, 'v', v / 3) FROM ci_items CROSS JOIN generate_series(1, 3) v WHERE number > 100000`}
	for _, x := range []struct {
		id             uuid.UUID
		version, above int
	}{{one, 1, 119900}, {two, 3, 119900}, {uuid.New(), 2, 105000}} {
		statements = append(statements,
			fmt.Sprintf(`INSERT INTO ci_baselines (id, name_zh, name_en, reason, scope, at, state, made_by, made_name, created_at, updated_at)
				VALUES ('%s', 'x', '', 'x', '{"by":"all"}', now(), 'taking', gen_random_uuid(), '', now(), now())`, x.id),
			fmt.Sprintf(`INSERT INTO ci_baseline_items (baseline_id, item_id, version) SELECT '%s', id, %d FROM ci_items WHERE number > %d`, x.id, x.version, x.above))
	}
	statements = append(statements, `INSERT INTO ci_relations (id, type_id, from_id, to_id, source, created_by, created_name, created_at)
		SELECT gen_random_uuid(), md5('ci.relation:depends_on')::uuid, a.id, b.id, 'person', a.id, '', now() - interval '1 minute' FROM ci_items a JOIN ci_items b ON b.number = a.number + 1 WHERE a.number > 100000`)
	run(t, pool, append(statements, `ANALYZE ci_versions, ci_baseline_items, ci_baselines, ci_relations`)...)
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, time.Now())
	var ids []uuid.UUID
	if err := pool.QueryRow(t.Context(), `SELECT array_agg(id) FROM ci_items WHERE number > 119950`).Scan(&ids); err != nil {
		t.Fatal(err)
	}
	cond, args := Scope{By: ScopeItems}.now(Model{}, ids)
	for name, c := range map[string]struct {
		with    against
		changed int
		removed int
	}{
		"another": {against{baseline: &two}, 100, 0},
		"now":     {against{cond: cond, args: args}, 0, 50},
	} {
		q := &planned{Querier: pool, t: t}
		c.with.at = time.Now()
		ties, err := repository{}.tieDeviations(t.Context(), q, v, Baseline{ID: one, At: time.Now().Add(-time.Hour)}, c.with, "", uuid.Nil, 200)
		if err != nil || len(ties) != 100 || strings.Contains(q.plan, "Seq Scan on ci_relations") || strings.Contains(q.plan, "Seq Scan on ci_items") || strings.Contains(q.plan, "Seq Scan on records") {
			t.Errorf("%s: %d relations (%v):\n%s", name, len(ties), err, q.plan)
		}
		list, counts, err := repository{}.deviations(t.Context(), q, v, one, c.with, "", 0, 51)
		if err != nil || len(list) != c.changed+c.removed && len(list) != 51 || counts[IsChanged] != c.changed || counts[IsGone] != c.removed {
			t.Errorf("%s: %d rows, %v %v", name, len(list), counts, err)
		}
		for _, table := range []string{"ci_versions", "ci_items", "records", "ci_baseline_items"} {
			if strings.Contains(q.plan, "Seq Scan on "+table+" ") {
				t.Errorf("%s reads all of %s:\n%s", name, table, q.plan)
			}
		}
		if n := strings.Count(q.plan, "Full Join"); n != 1 {
			t.Errorf("%s: the sets are compared %d times:\n%s", name, n, q.plan)
		}
	}
}

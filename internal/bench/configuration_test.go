package bench_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/configuration"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// fifty makes 50,000 items with 200,000 relations: a third of them towards hubs,
// as networks have.
var fifty = []string{
	`INSERT INTO ci_items (id, number, name, class_id, lifecycle, operational, install, criticality, service_id, created_by, created_at, updated_at)
	 SELECT md5('b' || n)::uuid, 100000 + n, 'Item ' || n, md5('ci.class:' || (ARRAY['server', 'switch', 'vm', 'application', 'cluster'])[1 + n % 5])::uuid, 'production', 'up', 'installed', 1 + n % 4,
		CASE WHEN n % 50 = 0 THEN (SELECT id FROM services ORDER BY id LIMIT 1) END, gen_random_uuid(), now(), now() FROM generate_series(1, 50000) n`,
	`INSERT INTO records (id, kind, number, title, state, category, created_by, created_at, updated_at)
	 SELECT id, 'ci', 'CI' || number, name, lifecycle, 'active', created_by, created_at, updated_at FROM ci_items WHERE number > 100000`,
	`INSERT INTO ci_relations (id, type_id, from_id, to_id, source, created_by, created_name, created_at)
	 SELECT gen_random_uuid(), md5('ci.relation:' || (ARRAY['depends_on', 'runs_on', 'member_of', 'backs_up'])[1 + n % 4])::uuid, md5('b' || 1 + (n * 7919::bigint) % 50000)::uuid,
		md5('b' || CASE WHEN n % 3 = 0 THEN 1 + n % 500 ELSE 1 + (n * 104729::bigint + n / 50000) % 50000 END)::uuid, 'import', gen_random_uuid(), '', now()
	 FROM generate_series(1, 200000) n ON CONFLICT DO NOTHING`,
}

// BenchmarkImpact asks what a fault reaches, to depth 5, from items all over
// and from hubs. The bar is 300 ms at the 95th percentile.
func BenchmarkImpact(b *testing.B) {
	m := start(b)
	ctx := context.Background()
	if err := m.pool.InTx(ctx, func(tx db.Tx) error {
		for _, s := range fifty {
			if _, err := tx.Exec(ctx, s); err != nil {
				return fmt.Errorf("%.60s: %w", s, err)
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, m.url)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		b.Fatal(err)
	}
	ids, err := identity.ByUsername(ctx, m.pool, "engineer")
	if err != nil {
		b.Fatal(err)
	}
	a, err := identity.LoadActor(ctx, m.pool, ids["engineer"], time.Now())
	if err != nil {
		b.Fatal(err)
	}
	eng := identity.With(ctx, a)
	var all []uuid.UUID
	if err := m.pool.InTx(ctx, func(tx db.Tx) error {
		rows, _ := tx.Query(ctx, `SELECT id FROM ci_items WHERE number > 100000 ORDER BY number LIMIT 50000`)
		all, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	}); err != nil {
		b.Fatal(err)
	}
	for name, from := range map[string]int{"anywhere": 97, "hubs": 1} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			nodes := 0
			for n := range max(b.N, 100) {
				began := time.Now()
				i, err := m.Configuration.Impact(eng, configuration.Question{Roots: []uuid.UUID{all[n*from%len(all)]}, Depth: 5})
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
				nodes += len(i.Nodes)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(nodes)/float64(len(took)), "items")
		})
	}
}

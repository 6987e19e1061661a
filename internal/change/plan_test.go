package change

import (
	"context"
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

// explained keeps the plans of the statements that are asked through it.
type explained struct {
	db.Querier
	t    *testing.T
	plan string
}

func (p *explained) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := p.Querier.Query(ctx, "EXPLAIN "+sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
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

// TestPlans: the calendar, the clashes, the changes of items and what covers a
// drift each read an index, and never the whole table.
func TestPlans(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	conn, err := pool.PGX().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off`); err != nil {
		t.Fatal(err)
	}
	now, later := time.Now(), time.Now().Add(2*time.Hour)
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, now)
	c := Change{ID: uuid.New(), Items: []uuid.UUID{uuid.New()}, WindowFrom: &now, WindowTo: &later}
	q := &explained{Querier: conn, t: t}
	var repo repository
	for name, x := range map[string]struct {
		ask   func() error
		index []string
	}{
		"calendar":         {func() error { _, err := repo.slots(t.Context(), q, v, Span{From: now, To: later}); return err }, []string{"changes_window_idx"}},
		"clashes":          {func() error { _, err := repo.clashes(t.Context(), q, v, c, nil); return err }, []string{"changes_window_idx", "changes_items_idx"}},
		"maintenance":      {func() error { _, err := maintenances{}.all(t.Context(), q); return err }, []string{"change_maintenance_name_idx"}},
		"exceptions":       {func() error { _, err := maintenances{}.exceptions(t.Context(), q, c); return err }, []string{"change_maintenance_exceptions_pkey"}},
		"changes of items": {func() error { _, err := repo.ofItems(t.Context(), q, v, c.Items); return err }, []string{"changes_items_idx"}},
	} {
		q.plan = ""
		if err := x.ask(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found := false
		for _, index := range x.index {
			found = found || strings.Contains(q.plan, index)
		}
		if !found || strings.Contains(q.plan, "Seq Scan on changes") {
			t.Errorf("%s:\n%s", name, q.plan)
		}
	}
}

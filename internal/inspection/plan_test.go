package inspection

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
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
)

// explained keeps the plans of the statements that are asked through it.
type explained struct {
	db.Querier
	t    *testing.T
	plan string
}

func (p *explained) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	explain := args
	if _, mode := args[0].(pgx.QueryExecMode); !mode {
		explain = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	rows, err := p.Querier.Query(ctx, "EXPLAIN "+sql, explain...)
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

// TestPlans: lists and jobs each read an index, and never a whole table.
func TestPlans(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	conn, err := pool.PGX().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off`); err != nil {
		t.Fatal(err)
	}
	now, who := time.Now(), identity.Actor{ID: uuid.New()}
	v := record.Visible(authz.ReadScope{All: true}, who, now)
	q := &explained{Querier: conn, t: t}
	var repo repository
	lists := func(f Filter) func() error {
		return func() error {
			sql, args := list.ListSQL(f, queue.Ask{Visible: v, Me: who.ID, Teams: []uuid.UUID{uuid.New()}, Now: now, Zone: time.UTC})
			rows, err := q.Query(t.Context(), sql, pgx.QueryExecModeCacheDescribe, args)
			rows.Close()
			return err
		}
	}
	after := &queue.Cursor{Due: "infinity", At: now, ID: uuid.New()}
	for name, x := range map[string]struct {
		ask   func() error
		index string
	}{
		"what is open":      {lists(Filter{View: "open", Limit: 51}), "records_open_due_idx"},
		"what is overdue":   {lists(Filter{View: "overdue", Limit: 51, After: after}), "records_open_due_idx"},
		"what is due today": {lists(Filter{View: "today", Limit: 51}), "records_open_due_idx"},
		"what is done":      {lists(Filter{View: "done", Limit: 51, After: after}), "records_state_updated_idx"},
		"the next plans":    {func() error { _, err := plans{}.due(t.Context(), q, now, 200); return err }, "inspection_plans_look_idx"},
		"the list of plans": {func() error {
			_, err := plans{}.list(t.Context(), q, authz.ReadScope{All: true}, nil, &PlanCursor{now, uuid.New()}, now, 51)
			return err
		}, "inspection_plans_list_idx"},
		"how plans go": {func() error {
			_, err := plans{}.list(t.Context(), q, authz.ReadScope{All: true}, nil, nil, now, 51)
			return err
		}, "inspections_open_plan_idx"},
		"what nobody was told": {func() error { _, err := repo.untold(t.Context(), q, now, 200); return err }, "inspections_waiting_idx"},
		"what was replaced":    {func() error { _, err := repo.replaced(t.Context(), q, now, 200); return err }, "inspections_"},
		"what was made":        {func() error { _, err := repo.made(t.Context(), q, uuid.New(), []time.Time{now}); return err }, "inspections_"},
		"what lies ahead":      {func() error { _, err := repo.ahead(t.Context(), q, uuid.New(), now); return err }, "inspections_"},
		"those of a plan":      {func() error { _, err := repo.ofPlan(t.Context(), q, v, uuid.New(), 20); return err }, "inspections_plan_idx"},
		"the time before":      {func() error { _, err := repo.last(t.Context(), q, uuid.New(), uuid.New(), now); return err }, "inspection_readings_pkey"},
	} {
		q.plan = ""
		if err := x.ask(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(q.plan, x.index) || strings.Contains(q.plan, "Seq Scan on inspection") {
			t.Errorf("%s does not read %s:\n%s", name, x.index, q.plan)
		}
	}
}

package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/record"
)

// TestEveryOrderHasItsIndex: a page of a list reads its rows in order from an
// index, its first page and those after it, however many records there are.
func TestEveryOrderHasItsIndex(t *testing.T) {
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
	s := Spec{
		Kind: "incident", Sort: "priority", Pending: "''",
		Views: []View{{Name: "open", Open: true, Where: "r.category IN ('new', 'active', 'pending')"}, {Name: "all"}},
	}
	who := identity.Actor{ID: uuid.New()}
	a := Ask{Visible: record.Visible(authz.ReadScope{All: true}, who, time.Now()), Me: who.ID, Now: time.Now(), Zone: time.UTC}
	for _, c := range []struct{ view, sort, index string }{
		{"open", "due", "records_open_due_idx"},
		{"open", "priority", "records_open_priority_idx"},
		{"open", "updated", "records_open_updated_idx"},
		{"open", "created", "records_open_created_idx"},
		{"all", "updated", "records_kind_updated_idx"},
		{"all", "created", "records_kind_created_idx"},
	} {
		for page, after := range map[string]*Cursor{"first": nil, "next": {Due: "infinity", At: time.Now(), ID: uuid.New()}} {
			sql, args := s.ListSQL(Filter{View: c.view, Sort: c.sort, After: after, Limit: 51}, a)
			rows, err := conn.Query(t.Context(), "EXPLAIN "+sql, args)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if plan := strings.Join(lines, "\n"); !strings.Contains(plan, c.index) {
				t.Errorf("%s %s, %s page, does not read %s:\n%s", c.view, c.sort, page, c.index, plan)
			}
		}
	}
}

package incident

import (
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

// explain is the plan of a statement where no table is read from end to end
// unless there is no other way.
func explain(t *testing.T, q db.Querier, sql string, args db.Args) string {
	t.Helper()
	rows, err := q.Query(t.Context(), "EXPLAIN "+sql, args)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestChildrenAreFoundByTheirParent: the list of children and the job that
// takes them along use the index on the parent.
func TestChildrenAreFoundByTheirParent(t *testing.T) {
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
	who := identity.Actor{ID: uuid.New(), Roles: []identity.Role{identity.Lead}}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	f := childrenOf(uuid.New(), 50)
	sql, args := list.ListSQL(f, queue.Ask{Visible: v, Me: who.ID, Now: time.Now(), Zone: time.UTC})
	for name, plan := range map[string]string{
		"list":    explain(t, conn, sql, args),
		"cascade": explain(t, conn, `SELECT c.id, c.number`+followers+` AND c.number > @after ORDER BY c.number LIMIT 100`, db.Args{"id": uuid.New(), "after": 0}),
	} {
		if !strings.Contains(plan, "incidents_parent_idx") {
			t.Errorf("%s does not use its index:\n%s", name, plan)
		}
	}
}

// TestMajorsAreListedByTheirIndex: the lists of major incidents and what looks
// for due ones read indexes, however many ended years ago.
func TestMajorsAreListedByTheirIndex(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	conn, err := pool.PGX().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off; SET enable_sort = off`); err != nil {
		t.Fatal(err)
	}
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, time.Now())
	after := &Cursor{At: time.Now(), ID: uuid.New()}
	for list, index := range map[string]string{"open": "incident_majors_open_idx", "all": "incident_majors_began_idx"} {
		sql, args := majorsSQL(v, list, after, 30)
		if plan := explain(t, conn, sql, args); !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", list, index, plan)
		}
	}
	for what, index := range map[string]string{"update": "incident_majors_update_idx", "notice": "incident_majors_notice_idx", "review": "incident_majors_review_idx"} {
		if plan := explain(t, conn, reminders[what], db.Args{"now": time.Now(), "again": time.Now()}); !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", what, index, plan)
		}
	}
}

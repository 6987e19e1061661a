package servicerequest

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
	"opsdesk/internal/record"
)

// TestNeedToKnowLooksAtConfidentialRequestsOnly: the job that runs every minute
// begins with the index of the few that it is about.
func TestNeedToKnowLooksAtConfidentialRequestsOnly(t *testing.T) {
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
	rows, err := conn.Query(t.Context(), "EXPLAIN "+outOfStepSQL, db.Args{"now": time.Now(), "soon": time.Now(), "limit": 200})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if plan := strings.Join(lines, "\n"); !strings.Contains(plan, "service_requests_confidential_idx") {
		t.Errorf("it does not use its index:\n%s", plan)
	}
}

// TestTasksOfTeamsComeInTheirOrder: whoever is in many teams has the first few
// tasks of each read from the index, and not every ready task sorted.
func TestTasksOfTeamsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	conn, err := pool.PGX().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_sort = off`); err != nil {
		t.Fatal(err)
	}
	who := identity.Actor{ID: uuid.New()}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	for name, c := range map[string]struct {
		mine  bool
		index string
		sorts int
	}{"of a person": {true, "service_request_tasks_assignee_idx", 0}, "of teams": {false, "service_request_tasks_team_idx", 1}} {
		for page, after := range map[string]*TodoCursor{"first": nil, "next": {At: time.Now(), ID: uuid.New()}} {
			sql, args := todoList(v, who.ID, []uuid.UUID{uuid.New(), uuid.New()}, c.mine, after, 51)
			rows, err := conn.Query(t.Context(), "EXPLAIN "+sql, args)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if plan := strings.Join(lines, "\n"); !strings.Contains(plan, c.index) || strings.Count(plan, "Sort Key") != c.sorts {
				t.Errorf("tasks %s, %s page:\n%s", name, page, plan)
			}
		}
	}
}

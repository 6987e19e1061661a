package servicerequest

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
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

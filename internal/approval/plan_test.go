package approval

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

// TestTheInboxIsReadInOrder: each list of approvals is read in its order from an
// index of the reader's own, however many the desk has.
func TestTheInboxIsReadInOrder(t *testing.T) {
	t.Parallel()
	conn, err := dbtest.New(t).PGX().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off`); err != nil {
		t.Fatal(err)
	}
	for list, index := range map[string]string{ListWaiting: "record_waits_asked_idx", ListDecided: "approval_entries_actor_idx", ListAsked: "approvals_opened_by_idx"} {
		for page, args := range map[string]db.Args{"first": {"at": nil, "id": nil}, "next": {"at": time.Now(), "id": uuid.New()}} {
			args["me"], args["now"], args["limit"] = uuid.New(), time.Now(), 51
			rows, err := conn.Query(t.Context(), "EXPLAIN "+lists[list], pgx.QueryExecModeCacheDescribe, args)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if plan := strings.Join(lines, "\n"); !strings.Contains(plan, index) || strings.Contains(plan, "Sort") {
				t.Errorf("%s, %s page, is not read by %s:\n%s", list, page, index, plan)
			}
		}
	}
}

package approval

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

// TestTheInboxIsReadInOrder: each list of approvals is read in its order from an
// index of the reader's own, however many the desk has.
func TestTheInboxIsReadInOrder(t *testing.T) {
	t.Parallel()
	plans := dbtest.Plans(t, dbtest.New(t), "seqscan", "sort", "bitmapscan")
	for list, index := range map[string]string{ListWaiting: "record_waits_asked_idx", ListDecided: "approval_entries_actor_idx", ListAsked: "approvals_opened_by_idx"} {
		for page, args := range map[string]db.Args{"first": {"at": nil, "id": nil}, "next": {"at": time.Now(), "id": uuid.New()}} {
			args["me"], args["now"], args["limit"] = uuid.New(), time.Now(), 51
			if plan := plans.Of(lists[list], args); !strings.Contains(plan, index) || strings.Contains(plan, "Sort") {
				t.Errorf("%s, %s page, is not read by %s:\n%s", list, page, index, plan)
			}
		}
	}
}

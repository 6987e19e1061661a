package sla

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/record"
)

// TestBreachesAndPreviewsReadIndexes: the list of breaches is read in its order,
// its first page and those after it; a preview begins with what is open.
func TestBreachesAndPreviewsReadIndexes(t *testing.T) {
	t.Parallel()
	plans := dbtest.Plans(t, dbtest.New(t), "seqscan")
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, time.Now())
	for page, after := range map[string]*BreachCursor{"first": nil, "next": {Due: time.Now(), ID: uuid.New(), Metric: Response, Stint: 1}} {
		sql, args := breachSQL(v, BreachFilter{After: after, Limit: 51})
		if plan := plans.Of(sql, args); !strings.Contains(plan, "sla_breaches_list_idx") {
			t.Errorf("the list of breaches, %s page:\n%s", page, plan)
		}
	}
	sql, args := openRecordsSQL(v, 100)
	if plan := plans.Of(sql, args); !strings.Contains(plan, "records_open_") && !strings.Contains(plan, "sla_clocks_open_idx") {
		t.Errorf("what a preview looks at:\n%s", plan)
	}
}

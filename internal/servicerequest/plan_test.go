package servicerequest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

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
	plans := dbtest.Plans(t, pool, "seqscan")
	if plan := plans.Of(outOfStepSQL, db.Args{"now": time.Now(), "soon": time.Now(), "limit": 200}); !strings.Contains(plan, "service_requests_confidential_idx") {
		t.Errorf("it does not use its index:\n%s", plan)
	}
}

// TestTasksOfTeamsComeInTheirOrder: whoever is in many teams has the first few
// tasks of each read from the index, and not every ready task sorted.
func TestTasksOfTeamsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	plans := dbtest.Plans(t, pool, "seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort")
	who := identity.Actor{ID: uuid.New()}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	for name, c := range map[string]struct {
		mine  bool
		index string
		sorts int
	}{"of a person": {true, "service_request_tasks_assignee_idx", 0}, "of teams": {false, "service_request_tasks_team_idx", 1}} {
		for page, after := range map[string]*TodoCursor{"first": nil, "next": {At: time.Now(), ID: uuid.New()}} {
			sql, args := todoList(v, who.ID, []uuid.UUID{uuid.New(), uuid.New()}, c.mine, after, 51)
			if plan := plans.Of(sql, args); !strings.Contains(plan, c.index) || strings.Count(plan, "Sort Key") != c.sorts {
				t.Errorf("tasks %s, %s page:\n%s", name, page, plan)
			}
		}
	}
}

package incident

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
)

// TestChildrenAreFoundByTheirParent: the list of children and the job that
// takes them along use the index on the parent.
func TestChildrenAreFoundByTheirParent(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	plans := dbtest.Plans(t, pool, "seqscan")
	who := identity.Actor{ID: uuid.New(), Roles: []identity.Role{identity.Lead}}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	f := childrenOf(uuid.New(), 50)
	sql, args := list.ListSQL(f, queue.Ask{Visible: v, Me: who.ID, Now: time.Now(), Zone: time.UTC})
	for name, plan := range map[string]string{
		"list":    plans.Of(sql, args),
		"cascade": plans.Of(`SELECT c.id, c.number`+followers+` AND c.number > @after ORDER BY c.number LIMIT 100`, db.Args{"id": uuid.New(), "after": 0}),
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
	plans := dbtest.Plans(t, pool, "seqscan", "sort")
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, time.Now())
	after := &Cursor{At: time.Now(), ID: uuid.New()}
	for list, index := range map[string]string{"open": "incident_majors_open_idx", "all": "incident_majors_began_idx"} {
		sql, args := majorsSQL(v, list, after, 30)
		if plan := plans.Of(sql, args); !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", list, index, plan)
		}
	}
	for what, index := range map[string]string{"update": "incident_majors_update_idx", "notice": "incident_majors_notice_idx", "review": "incident_majors_review_idx"} {
		if plan := plans.Of(reminders[what], db.Args{"now": time.Now(), "again": time.Now()}); !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", what, index, plan)
		}
	}
}

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

// world makes incidents of which one in fifty is open, as in a desk that has
// been used for years.
const world = `
	INSERT INTO people (id, username, name, name_en, created_at, updated_at) SELECT md5('p' || n)::uuid, 'u' || n, 'N', '', now(), now() FROM generate_series(1, 100) n;
	INSERT INTO teams (id, name_zh, name_en, active, created_at, updated_at) SELECT md5('t' || n)::uuid, 't' || n, '', true, now(), now() FROM generate_series(1, 20) n;
	INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, assignee_id, team_id, created_by, created_at, updated_at)
		SELECT gen_random_uuid(), 'incident', 'T' || n, 't', CASE WHEN NOT open THEN CASE WHEN n % 25 = 1 THEN 'resolved' ELSE 'closed' END WHEN n % 500 = 0 THEN 'pending' ELSE 'in_progress' END,
			CASE WHEN NOT open THEN CASE WHEN n % 25 = 1 THEN 'resolved' ELSE 'closed' END WHEN n % 500 = 0 THEN 'pending' ELSE 'active' END, 1 + n % 4,
			md5('p' || 1 + n % 100)::uuid, CASE WHEN n % 7 > 0 THEN md5('p' || 1 + n % 97)::uuid END, md5('t' || 1 + n % 20)::uuid, gen_random_uuid(), now() - n * interval '1 minute', now() - n * interval '1 second'
		FROM (SELECT n, n % 50 = 0 AS open FROM generate_series(1, 40000) n) x;
	INSERT INTO incidents (id, number, title, description, state, pending_reason, channel, impact, urgency, priority, requester_id, created_by, team_id, assignee_id, resolution_code, cause, process, reported_at, resolved_at, auto_close_at, created_at, updated_at)
		SELECT id, 1000000 + substr(number, 2)::bigint, title, '', state, CASE state WHEN 'pending' THEN 'vendor' ELSE '' END, 'portal', 1 + priority % 3, 1 + priority % 3, priority, requester_id, created_by, team_id, assignee_id,
			CASE WHEN closed THEN 'solved' ELSE '' END, CASE WHEN closed THEN 'c' ELSE '' END, CASE WHEN closed THEN 'p' ELSE '' END, created_at, CASE WHEN closed THEN updated_at END, CASE state WHEN 'resolved' THEN updated_at END, created_at, updated_at
		FROM (SELECT *, state IN ('resolved', 'closed') AS closed FROM records WHERE number LIKE 'T%') r;
	ANALYZE people; ANALYZE teams; ANALYZE records; ANALYZE incidents`

// TestListsReadIndexes: each list of incidents, each page of it, and each job
// that goes through them reads what it shows from an index, though what is
// closed grows without end.
func TestListsReadIndexes(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), world); err != nil {
		t.Fatal(err)
	}
	plans := dbtest.Plans(t, pool)
	var me, team uuid.UUID
	if err := pool.QueryRow(t.Context(), `SELECT md5('p51')::uuid, md5('t11')::uuid`).Scan(&me, &team); err != nil {
		t.Fatal(err)
	}
	who := identity.Actor{ID: me, Teams: []uuid.UUID{team}}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	check := func(name, plan string) {
		t.Helper()
		if strings.Contains(plan, "Seq Scan on records") || strings.Contains(plan, "Seq Scan on incidents") {
			t.Errorf("%s reads a table from end to end:\n%s", name, plan)
		}
	}
	for _, view := range list.Views {
		for _, sort := range []string{"due", "priority", "updated", "created"} {
			for page, after := range map[string]*Cursor{"first": nil, "next": {Due: "infinity", At: time.Now(), ID: uuid.New()}} {
				f := Filter{View: view.Name, Sort: sort, After: after, Limit: 51}
				sql, args := list.ListSQL(f, queue.Ask{Visible: v, Me: me, Teams: who.Teams, Now: time.Now(), Zone: time.UTC})
				check(view.Name+" by "+sort+", "+page+" page", plans.Of(sql, args))
			}
		}
	}
	at, id := time.Now(), uuid.New()
	check("what nobody is responsible for", plans.Of(lonelySQL, db.Args{"at": time.Time{}, "id": uuid.Nil, "limit": 200}))
	check("the month that rules are tried on", plans.Of(pastSQL(v), v.With(db.Args{"since": at.AddDate(0, -1, 0), "at": at, "id": id, "limit": 500})))
	forced := dbtest.Plans(t, pool, "seqscan", "sort")
	for name, x := range map[string]struct {
		sql   string
		args  db.Args
		index string
	}{
		"to be closed": {dueToCloseSQL, db.Args{"now": at, "limit": 200}, "incidents_auto_close_idx"},
	} {
		if plan := forced.Of(x.sql, x.args); !strings.Contains(plan, x.index) || strings.Contains(plan, "Sort") {
			t.Errorf("%s is not read from %s:\n%s", name, x.index, plan)
		}
	}
}

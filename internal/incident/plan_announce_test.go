package incident

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/dbtest"
)

// staff is a department of 1,500 people with another below it, and a company of
// many more; one in ten has left.
const staff = `
	INSERT INTO departments (id, name_zh, name_en, created_at, updated_at) SELECT md5('d' || n)::uuid, 'd' || n, '', now(), now() FROM generate_series(1, 40) n;
	UPDATE departments SET parent_id = md5('d1')::uuid WHERE id = md5('d2')::uuid;
	INSERT INTO people (id, username, name, name_en, department_id, active, created_at, updated_at)
		SELECT md5('s' || n)::uuid, 's' || n, 'N', '', CASE WHEN n <= 1500 THEN md5('d' || 1 + n % 2)::uuid ELSE md5('d' || 3 + n % 38)::uuid END, n % 10 > 0, now(), now() FROM generate_series(1, 20000) n;
	INSERT INTO services (id, name_zh, name_en, team_id, state, active, created_at, updated_at) SELECT md5('v' || n)::uuid, 'v' || n, '', md5('t' || 1 + n % 20)::uuid, 'draft', false, now(), now() FROM generate_series(1, 50) n;
	UPDATE records SET service_id = md5('v' || 1 + abs(hashtext(number)) % 50)::uuid;
	ANALYZE departments; ANALYZE people; ANALYZE services; ANALYZE records; ANALYZE incidents`

// TestWhomAnAnnouncementIsSentTo: the people of a department and of those below
// it come page by page, each once and without who has left, read from indexes;
// the form counts no further than it says.
func TestWhomAnAnnouncementIsSentTo(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), world+`;`+staff); err != nil {
		t.Fatal(err)
	}
	id := func(of string) (id uuid.UUID) {
		if err := pool.QueryRow(t.Context(), `SELECT md5($1)::uuid`, of).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	var repo repository
	now, some := time.Now(), audience{incident: uuid.New(), departments: []uuid.UUID{id("d1")}}
	var got []uuid.UUID
	for after := uuid.Nil; ; after = got[len(got)-1] {
		page, err := repo.toTell(t.Context(), pool, some, after, 200, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if n := len(slices.Compact(slices.Clone(got))); len(got) != 1350 || n != 1350 {
		t.Errorf("%d people, %d of them different", len(got), n)
	}
	for x, want := range map[*audience]int{&some: 1001, {incident: uuid.New()}: 0} {
		if n, err := repo.countToTell(t.Context(), pool, *x, 1001, now); err != nil || n != want {
			t.Errorf("counted %d, want %d: %v", n, want, err)
		}
	}
	some.services = []uuid.UUID{id("v1"), id("v2")}
	plan := dbtest.Plans(t, pool).Of(toTellSQL, some.args(id("s1"), 200, now))
	for _, table := range []string{"people", "records", "incidents", "incident_affected"} {
		if strings.Contains(plan, "Seq Scan on "+table+" ") {
			t.Errorf("%s is read from end to end:\n%s", table, plan)
		}
	}
	if !strings.Contains(plan, "people_department_idx") || !strings.Contains(plan, "records_service_idx") {
		t.Errorf("departments or services have no index:\n%s", plan)
	}
}

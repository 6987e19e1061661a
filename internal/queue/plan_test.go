package queue

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
	"opsdesk/internal/search"
)

// TestEveryOrderHasItsIndex: a page of a list reads its rows in order from an
// index, its first page and those after it, however many records there are.
func TestEveryOrderHasItsIndex(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	plans := dbtest.Plans(t, pool, "seqscan", "bitmapscan", "sort")
	s := Spec{
		Kind: "incident", Sort: "updated", Pending: "''",
		Views: []View{{Name: "open", Open: true, Where: "r.category IN ('new', 'active', 'pending')"}, {Name: "all"}},
	}
	who := identity.Actor{ID: uuid.New()}
	a := Ask{Visible: record.Visible(authz.ReadScope{All: true}, who, time.Now()), Me: who.ID, Now: time.Now(), Zone: time.UTC}
	for _, c := range []struct{ view, sort, index string }{
		{"open", "due", "records_open_due_idx"},
		{"open", "priority", "records_open_priority_idx"},
		{"open", "updated", "records_open_updated_idx"},
		{"open", "created", "records_open_created_idx"},
		{"all", "updated", "records_kind_updated_idx"},
		{"all", "created", "records_kind_created_idx"},
		{"all", "priority", "records_kind_updated_idx"}, // what is closed has no index for these
		{"all", "due", "records_kind_updated_idx"},
	} {
		for page, after := range map[string]*Cursor{"first": nil, "next": {Due: "infinity", At: time.Now(), ID: uuid.New()}} {
			sql, args := s.ListSQL(Filter{View: c.view, Sort: c.sort, After: after, Limit: 51}, a)
			if plan := plans.Of(sql, args); !strings.Contains(plan, c.index) {
				t.Errorf("%s %s, %s page, does not read %s:\n%s", c.view, c.sort, page, c.index, plan)
			}
		}
	}
}

// TestWordsAmongOpenOnes: a word is looked for in the index of what is open,
// however often it stands in what is closed.
func TestWordsAmongOpenOnes(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO records (id, kind, number, title, state, category, priority, created_by, created_at, updated_at)
			SELECT gen_random_uuid(), 'incident', 'T' || n, 't', c, c, 3, gen_random_uuid(), now() + n * interval '1 second', now() FROM generate_series(1, 20000) n, LATERAL (SELECT CASE WHEN n % 50 = 0 THEN 'new' ELSE 'closed' END AS c) x;
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open) SELECT id, 1, CASE WHEN hashtext(number) % 20 = 0 THEN '''lamp'':1' ELSE '''desk'':1' END::tsvector, '', '', category = 'new' FROM records;
		ANALYZE records; ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	s := Spec{Kind: "incident", Sort: "due", Pending: "''", Views: []View{{Name: "open", Open: true, Where: "r.category IN ('new', 'active', 'pending')"}}}
	s.Number = func(string) (string, bool) { return "", false }
	who := identity.Actor{ID: uuid.New()}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	found, args := search.Scope{Read: v, Notes: v, Open: true}.Match(search.Parse("lamp", nil))
	a := Ask{Visible: v, Me: who.ID, Now: time.Now(), Zone: time.UTC, found: found, args: args}
	f := Filter{View: "open", Text: "lamp", Limit: 51}
	list, listArgs := s.ListSQL(f, a)
	count, countArgs := s.countSQL(f, a, CountLimit)
	plans := dbtest.Plans(t, pool)
	for sql, args := range map[string]db.Args{list: listArgs, count: countArgs} {
		if plan := plans.Of(sql, args); !strings.Contains(plan, "search_docs_open_terms_idx") {
			t.Errorf("%.60s…\n%s", sql, plan)
		}
	}
}

package queue

import (
	"slices"
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
			for _, back := range []bool{false, true} {
				sql, args := s.ListSQL(Filter{View: c.view, Sort: c.sort, After: after, Back: back, Limit: 51}, a)
				if plan := plans.Of(sql, args); !strings.Contains(plan, c.index) || strings.Contains(plan, "Sort Key: r.") {
					t.Errorf("%s %s, %s page (back: %v), does not read %s:\n%s", c.view, c.sort, page, back, c.index, plan)
				}
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
	s.ParseNumber = func(string) (int64, bool) { return 0, false }
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

// TestWordsThatManyOpenOnesHave: a page of them is found by looking at what is
// open in the order of the list, and has the rows it would have otherwise; a rare
// word, and one of few records, is fetched and sorted.
func TestWordsThatManyOpenOnesHave(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO people (id, username, name, email, created_at, updated_at) VALUES (gen_random_uuid(), 'one', '一', '', now(), now());
		INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, created_at, updated_at, due_at)
			SELECT md5('r' || n)::uuid, 'incident', 'T' || n, 't', c, c, 3, p.id, p.id, now() + n * interval '1 second', now(), now() + hashtext('d' || n) % 1000 * interval '1 minute'
			FROM generate_series(1, 12000) n, LATERAL (SELECT CASE WHEN n % 3 = 0 THEN 'closed' ELSE 'new' END AS c) x, (SELECT id FROM people LIMIT 1) p;
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open)
			SELECT id, 1, CASE WHEN hashtext(number) % 4 = 0 THEN '''printer'':1 ''^print''' WHEN hashtext(number) % 500 = 1 THEN '''lamp'':1' ELSE '''desk'':1' END::tsvector, '', '', category = 'new'
			FROM records WHERE number LIKE 'T%';
		ANALYZE records; ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	s := Spec{Kind: "incident", Sort: "due", Pending: "''", Views: []View{{Name: "open", Open: true, Where: "r.category IN ('new', 'active', 'pending')"}, {Name: "mine", Open: true}}}
	s.ParseNumber = func(string) (int64, bool) { return 0, false }
	who := identity.Actor{ID: uuid.New()}
	v := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	plans := dbtest.Plans(t, pool)
	for text, want := range map[string]bool{"printer": true, "lamp": false, "nowhere": false} {
		words := search.Parse(text, nil)
		if common, err := search.Common(t.Context(), pool, words, 51); err != nil || common != want {
			t.Errorf("%s is common: %v, %v", text, common, err)
		}
		list := func(each bool, after *Cursor) []uuid.UUID {
			found, args := search.Scope{Read: v, Notes: v, Open: true, Each: each}.Match(words)
			sql, all := s.ListSQL(Filter{View: "open", Text: text, Limit: 51, After: after}, Ask{Visible: v, Me: who.ID, Now: time.Now(), Zone: time.UTC, found: found, args: args})
			if p := plans.Of(sql, all); each && want && (!strings.Contains(p, "records_open_due_idx") || strings.Contains(p, "search_docs_open_terms_idx")) {
				t.Errorf("%s:\n%s", text, p)
			}
			rows, _ := pool.Query(t.Context(), `SELECT x.id FROM (`+sql+`) x`, plan, all)
			ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		for _, after := range []*Cursor{nil, {Due: time.Now().UTC().Format(time.RFC3339Nano)}} {
			one, other := list(true, after), list(false, after)
			if want != (len(one) == 51) || !slices.Equal(one, other) {
				t.Errorf("%s after %v: %d rows one way, %d the other, or in another order", text, after, len(one), len(other))
			}
		}
	}
	for _, c := range []struct {
		f    Filter
		want bool
	}{
		{Filter{}, true},
		{Filter{View: "open", Group: "due"}, true},
		{Filter{View: "open", Sort: "updated"}, true},
		{Filter{View: "mine"}, false},
		{Filter{View: "open", Group: "team"}, false},
		{Filter{View: "open", Clauses: []Clause{{Field: "x"}}}, false},
	} {
		if s.plain(c.f) != c.want {
			t.Errorf("%+v is all that is open, in the order of an index: %v", c.f, !c.want)
		}
	}
}

// TestWordsOfNobody: a word that few or none have is looked up in the index of
// words, also where the planner knows nothing of the notes and expects many.
func TestWordsOfNobody(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO records (id, kind, number, title, state, category, priority, created_by, created_at, updated_at)
			SELECT gen_random_uuid(), 'incident', 'T' || n, 't', 'closed', 'closed', 3, gen_random_uuid(), now() + n * interval '1 second', now() FROM generate_series(1, 20000) n;
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open) SELECT id, 1, ('''w' || hashtext(number) % 500 || ''':1')::tsvector, '', '', false FROM records;
		ANALYZE records; ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	words := search.Parse("zebra1", nil)
	few, err := search.Rare(t.Context(), pool, words)
	if err != nil || !few {
		t.Fatalf("few have the word: %v, %v", few, err)
	}
	s := Spec{Kind: "incident", Sort: "updated", Pending: "''", Views: []View{{Name: "all"}}}
	s.ParseNumber = func(string) (int64, bool) { return 0, false }
	who := identity.Actor{ID: uuid.New()}
	all := record.Visible(authz.ReadScope{All: true}, who, time.Now())
	a := Ask{Visible: all, Me: who.ID, Now: time.Now(), Zone: time.UTC}
	a.found, a.args = search.Scope{Read: all, Notes: all, Rare: few}.Match(words)
	plans := dbtest.Plans(t, pool)
	for _, sort := range []string{"updated", "created"} {
		sql, args := s.ListSQL(Filter{View: "all", Sort: sort, Text: "zebra1", Limit: 51}, a)
		if plan := plans.Of(sql, args); !strings.Contains(plan, "search_docs_terms_idx") || !strings.Contains(plan, "records_pkey") || strings.Contains(plan, "records_kind_") {
			t.Errorf("by %s:\n%s", sort, plan)
		}
	}
}

package queue

import (
	"context"
	"fmt"
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

// sources are lists of two kinds.
func sources() []Source {
	spec := func(kind record.Kind, letters string) Source {
		return Source{Spec: &Spec{
			Kind: kind, Path: "/" + string(kind), Pending: "''", Views: []View{{Name: "open", Open: true}, {Name: "all", Where: "r.state <> 'draft'"}},
			Number: func(n int64) string { return fmt.Sprintf("%s-%d", letters, n) },
			ParseNumber: func(text string) (n int64, ok bool) {
				_, err := fmt.Sscanf(text, letters+"-%d", &n)
				return n, err == nil
			},
		}}
	}
	return []Source{spec("incident", "A"), spec("change", "B")}
}

// finder is a question to the lists, put together as Find does.
func finder(t *testing.T, pool db.Querier, v record.Visibility, text string) []arm {
	t.Helper()
	m, err := understand(t.Context(), pool, text)
	if err != nil {
		t.Fatal(err)
	}
	var arms []arm
	for _, s := range sources() {
		if label, _ := s.numbered(text); label != "" {
			arms = s.add(arms, v, "r.number = @number", db.Args{"number": label}, 1, true)
		}
		to := search.Scope{Read: v, Notes: record.Visible(authz.ReadScope{All: v.Always()}, identity.Actor{}, time.Now())}
		arms = s.said(arms, m, to, 5)
	}
	return arms
}

// TestPaletteReadsIndexes: whatever is typed, and whoever types it, nothing is
// read from end to end, and of a word that thousands of records of one kind say
// no more than the newest of another kind are looked at.
func TestPaletteReadsIndexes(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO people (id, username, name, name_en, created_at, updated_at) SELECT md5('p' || n)::uuid, 'u' || n, 'N' || n, '', now(), now() FROM generate_series(1, 100) n;
		INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, created_at, updated_at)
			SELECT gen_random_uuid(), k, p || '-' || n, 't', 'closed', 'closed', 3, md5('p' || 1 + n % 100)::uuid, md5('p' || 1 + n % 100)::uuid, now() - n * interval '1 minute', now() - n * interval '1 second'
			FROM generate_series(1, 20000) n, (VALUES ('incident', 'A'), ('change', 'B')) x (k, p);
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open)
			SELECT id, 1, (CASE WHEN number = 'B-20000' THEN '''lamp'':1 ''harp'':2' WHEN kind = 'incident' THEN '''lamp'':1' ELSE '''desk'':1' END || ' ''w' || abs(hashtext(number)) % 500 || ''':3')::tsvector, '', '', false FROM records;
		ANALYZE people; ANALYZE records; ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	me := identity.Actor{ID: uuid.New(), Teams: []uuid.UUID{uuid.New()}}
	if err := pool.QueryRow(t.Context(), `SELECT md5('p51')::uuid`).Scan(&me.ID); err != nil {
		t.Fatal(err)
	}
	readers := map[string]record.Visibility{
		"who reads all":  record.Visible(authz.ReadScope{All: true, Named: true}, me, time.Now()),
		"who reads own":  record.Visible(authz.ReadScope{Own: true, Participant: true, Named: true}, me, time.Now()),
		"who reads team": record.Visible(authz.ReadScope{Own: true, Teams: me.Teams}, me, time.Now()),
	}
	plans := dbtest.Plans(t, pool, "seqscan") // so few records would be read from end to end
	found := func(v record.Visibility, text string) string {
		list, err := hits(t.Context(), pool, finder(t, pool, v, text))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, h := range pick(list, 5, sources()) {
			out = append(out, h.Number)
		}
		return strings.Join(out, " ")
	}
	for name, v := range readers {
		for _, text := range []string{"lamp", "harp", "lamp harp", "nobody", "B-7", "19999", "N51", "N51 lamp"} {
			sql, args := findSQL(finder(t, pool, v, text))
			if plan := plans.Of(sql, args); strings.Contains(plan, "Seq Scan on records") || strings.Contains(plan, "Seq Scan on search_docs") {
				t.Errorf("%s, looking for %s, has a table read from end to end:\n%s", name, text, plan)
			}
		}
	}
	sql, args := findSQL(finder(t, pool, readers["who reads all"], "lamp"))
	if plan := plans.Of(sql, args); strings.Count(plan, "records_kind_created_idx") != 2 || strings.Contains(plan, "search_docs_terms_idx") {
		t.Errorf("a word that many have is not looked for among the newest:\n%s", plan)
	}
	for text, want := range map[string]string{
		"lamp": "A-1 A-2 A-3 A-4 A-5", "harp": "B-20000", "lamp harp": "B-20000", "nobody": "", "19999": "A-19999 B-19999", "N51": "A-50 A-150 A-250 A-350 A-450 B-50 B-150 B-250 B-350 B-450",
	} {
		if got := found(readers["who reads all"], text); got != want {
			t.Errorf("%s found %q, want %q", text, got, want)
		}
	}
	if got := found(readers["who reads own"], "lamp"); got != "A-50 A-150 A-250 A-350 A-450" {
		t.Errorf("who reads their own found %q", got)
	}
	if got := found(readers["who reads own"], "19999"); got != "" {
		t.Errorf("who reads their own found %q by its number", got)
	}
}

// TestNobodyIsAsked: who may see nothing costs no question.
func TestNobodyIsAsked(t *testing.T) {
	t.Parallel()
	never := record.Visible(authz.ReadScope{}, identity.Actor{}, time.Now())
	s := sources()[0]
	arms := s.said(s.add(nil, never, "true", nil, 1, true), meant{words: search.Parse("lamp", nil), people: []uuid.UUID{uuid.New()}}, search.Scope{Read: never, Notes: never}, 5)
	if list, err := hits(context.Background(), nil, arms); len(arms) > 0 || len(list) > 0 || err != nil {
		t.Errorf("%d parts, %v, %v", len(arms), list, err)
	}
}

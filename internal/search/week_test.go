package search

import (
	"fmt"
	"slices"
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

// TestWeeksAreThoseOfTheDatabase: the desk and the trigger put a record into
// the same week, at its edges too.
func TestWeeksAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	edge := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC) // a Thursday
	for _, at := range []time.Time{edge, edge.Add(-time.Microsecond), edge.Add(week - time.Microsecond), time.Unix(0, 0), time.Unix(-1, 0), edge.In(time.FixedZone("", 8*3600))} {
		var got string
		if err := pool.QueryRow(t.Context(), `SELECT record_week('incident', $1)`, at).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := Week("incident", at); got != want {
			t.Errorf("%s is in %s for the database and in %s for the desk", at, got, want)
		}
	}
}

// TestNewest: however the words and the weeks lie, page after page is what one
// question for everything would have listed.
func TestNewest(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	// A common word all along, a burst of another two years ago, a rare one; one
	// record in a hundred changed once more, years later.
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO people (id, username, name, email, created_at, updated_at) VALUES (gen_random_uuid(), 'one', '一', '', now(), now());
		INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, created_at, updated_at)
			SELECT md5('r' || n)::uuid, 'incident', 'T' || n, 't', 'closed', 'closed', 3, p.id, p.id, now() - n * interval '3 hours', now() - n * interval '3 hours'
			FROM generate_series(1, 8000) n, (SELECT id FROM people LIMIT 1) p;
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open, week)
			SELECT id, 1, (CASE WHEN n % 20 = 0 THEN '''printer'' ''^print''' WHEN n BETWEEN 5000 AND 5400 THEN '''switch'' ''^switc''' WHEN n % 1999 = 0 THEN '''rare''' ELSE '''desk''' END || ' ''卡纸'':1')::tsvector, '', '', false, ARRAY[record_week(kind, updated_at)]
			FROM (SELECT *, substr(number, 2)::int AS n FROM records WHERE number LIKE 'T%') r;
		UPDATE records SET updated_at = now() - interval '1 minute' * substr(number, 2)::int WHERE number LIKE 'T%00';
		ANALYZE records; ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{}, time.Now())
	for _, text := range []string{"printer", "prin", "switch", "switches", "rare", "卡纸", "卡", "desk 卡纸", "printer switch", "nothing"} {
		words := Parse(text, nil)
		list := func(weeks []string, before time.Time, limit int) ([]time.Time, error) {
			cond, args := Scope{Read: v, Notes: v, Weeks: weeks}.Match(words)
			args["before"], args["limit"] = before, limit
			rows, err := pool.Query(t.Context(), v.SQL(`SELECT r.updated_at FROM records r WHERE r.updated_at < @before AND `+cond+` AND `, ` ORDER BY r.updated_at DESC LIMIT @limit`), v.With(args))
			if err != nil {
				return nil, err
			}
			var out []time.Time
			var at time.Time
			for rows.Next() {
				if err := rows.Scan(&at); err != nil {
					return nil, err
				}
				out = append(out, at)
			}
			return out, rows.Err()
		}
		want, err := list(nil, time.Now(), 8000)
		if err != nil || (len(want) == 0) != slices.Contains([]string{"nothing", "switches", "printer switch"}, text) {
			t.Fatalf("%q: %d records: %v", text, len(want), err)
		}
		var got []time.Time
		const full = 51
		for at := time.Now(); len(got) <= len(want); {
			page, err := Newest(t.Context(), pool, words, "incident", at, full, func(weeks []string) ([]time.Time, error) { return list(weeks, at, full) })
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, page...); len(page) < full {
				break
			}
			at = page[full-1]
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%q: %d records page by page, %d at once", text, len(got), len(want))
		}
	}
}

// TestWordsOfAWeekAreReadFromTheIndex: words and weeks are one look into one
// index, for those who may read notes and for those who may not, and for a word
// that may go on.
func TestWordsOfAWeekAreReadFromTheIndex(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open, week)
			SELECT gen_random_uuid(), 1, (CASE WHEN n % 100 = 0 THEN '''printer'' ''^print''' ELSE '''desk''' END)::tsvector, '', CASE WHEN n % 100 = 1 THEN '''printer'' ''^print''' ELSE '' END::tsvector, false, ARRAY['incident:' || n / 4000]
			FROM generate_series(1, 40000) n;
		ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	all := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: uuid.New()}, time.Now())
	none := record.Visible(authz.ReadScope{}, identity.Actor{ID: uuid.New()}, time.Now())
	plans := dbtest.Plans(t, pool, "seqscan")
	for name, notes := range map[string]record.Visibility{"with notes": all, "without": none} {
		cond, args := Scope{Read: all, Notes: notes, Weeks: []string{"incident:7", "incident:8"}}.Match(Parse("printe", nil))
		plan := plans.Of(`SELECT FROM (SELECT record_id AS id FROM search_docs) r WHERE `+cond, db.Args(args))
		want := []string{"search_docs_terms_idx"}
		if notes.Always() {
			want = append(want, "search_docs_notes_idx")
		}
		for _, index := range want {
			if !strings.Contains(plan, index) {
				t.Errorf("%s: %s is not read:\n%s", name, index, plan)
			}
		}
		if n := strings.Count(plan, "week &&"); n < len(want) || !strings.Contains(plan, "'^print'") {
			t.Errorf("%s: the index is not asked for the weeks and the beginning of the word:\n%s", name, plan)
		}
	}
}

// TestTheIndexFindsNoLess: what the index is asked, and what the planner is
// asked to expect, hold whatever the question holds.
func TestTheIndexFindsNoLess(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	g := DefaultGlossary()
	docs := []string{"三楼打印机卡纸", "The printers on floor 3 do not print", "projector", "server down in Beijing", "WLAN 无线网络 slow", "SN00012345 交换机"}
	asks := []string{"打印机", "print", "printe", "printers", `"floor 3"`, `"三楼打印机"`, `"wlan 无线网络 slow"`, "sign in", "project", "宕机", "无线", "wlan", "slow 无线", "sn0001", "交换机", "beijin", "机"}
	hits := 0
	for _, text := range docs {
		for _, ask := range asks {
			q, d := Parse(ask, g), Doc{Title: text}
			var sql, index, loose bool
			if err := pool.QueryRow(t.Context(), `SELECT v @@ $2::text::tsquery, v @@ $3::text::tsquery, v @@ $4::text::tsquery FROM (SELECT $1::text::tsvector AS v) x`,
				d.vector(), q.sql, q.index, q.loose).Scan(&sql, &index, &loose); err != nil {
				t.Fatal(fmt.Errorf("%q: %w", ask, err))
			}
			if sql && (!index || !loose) {
				t.Errorf("%q has %q, but the index finds it: %v, and loosely: %v (%s, %s)", text, ask, index, loose, q.index, q.loose)
			}
			if sql {
				hits++
			}
		}
	}
	if hits < len(asks) {
		t.Errorf("only %d hits: the test tells nothing", hits)
	}
}

package db_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

const (
	teamCount      = `SELECT count(*) FROM teams`
	teamGeneration = `SELECT sum(n)::bigint FROM generations`
)

// begin is the beginning of a request at a desk.
func begin(t *testing.T, p *db.Pool) context.Context {
	t.Helper()
	var n int64
	if err := p.QueryRow(t.Context(), teamGeneration).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return p.Keep(t.Context(), n)
}

// teams counts the teams as pages do, and says whether the database was asked.
func teams(t *testing.T, ctx context.Context, q db.Querier) (n int, asked bool) { //nolint:revive // t first, as in all helpers
	t.Helper()
	n, err := db.Kept(ctx, q, "test.teams", func() (n int, err error) {
		asked = true
		err = q.QueryRow(ctx, teamCount).Scan(&n)
		return n, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, asked
}

func addTeam(ctx context.Context, p *db.Pool, name string) error {
	return p.InTx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO teams (id, name_zh, name_en, created_at, updated_at) VALUES (gen_random_uuid(), @n, @n, now(), now())`, db.Args{"n": name})
		return err
	})
}

// TestKept: what is kept is what the database holds: after a change by another
// process, within a transaction, and after one's own.
func TestKept(t *testing.T) {
	t.Parallel()
	url := dbtest.NewURL(t)
	var desks [2]*db.Pool
	for n := range desks {
		var err error
		if desks[n], err = db.Open(t.Context(), url, 4); err != nil {
			t.Fatal(err)
		}
		defer desks[n].Close()
	}
	expect := func(what string, ctx context.Context, q db.Querier, want int, wantAsked bool) { //nolint:revive // reads as a sentence
		t.Helper()
		if n, asked := teams(t, ctx, q); n != want || asked != wantAsked {
			t.Errorf("%s: %d teams, asked %v; want %d, %v", what, n, asked, want, wantAsked)
		}
	}
	first := begin(t, desks[0])
	zero, _ := teams(t, first, desks[0])
	expect("the next page", begin(t, desks[0]), desks[0], zero, false)
	if err := addTeam(t.Context(), desks[1], "a"); err != nil {
		t.Fatal(err)
	}
	later := begin(t, desks[0])
	expect("a change at another desk", later, desks[0], zero+1, true)
	expect("a request that began before it", first, desks[0], zero+1, true)
	expect("the page after it", later, desks[0], zero+1, false)
	if err := addTeam(later, desks[0], "b"); err != nil {
		t.Fatal(err)
	}
	expect("the request that changed it itself", later, desks[0], zero+2, true)
	next := begin(t, desks[0])
	if err := desks[0].InTx(t.Context(), func(tx db.Tx) error {
		expect("within a transaction", next, tx, zero+2, true)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	expect("without a generation", t.Context(), desks[0], zero+2, true)
	expect("at a desk that the generation is not of", next, desks[1], zero+2, true)
}

// TestKeptFails: an error is not kept.
func TestKeptFails(t *testing.T) {
	t.Parallel()
	p := dbtest.New(t)
	ctx := begin(t, p)
	boom := errors.New("boom")
	if _, err := db.Kept(ctx, p, "x", func() (int, error) { return 0, boom }); !errors.Is(err, boom) {
		t.Errorf("%v", err)
	}
	if n, err := db.Kept(ctx, p, "x", func() (int, error) { return 7, nil }); n != 7 || err != nil {
		t.Errorf("%d %v", n, err)
	}
}

// TestKeptWhileChanging: readers and writers at once never see less than was
// committed before they began.
func TestKeptWhileChanging(t *testing.T) {
	t.Parallel()
	p := dbtest.New(t)
	zero, _ := teams(t, t.Context(), p)
	const rounds = 60
	var done sync.WaitGroup
	var mu sync.Mutex
	written := 0
	done.Go(func() {
		for n := range rounds {
			if err := addTeam(t.Context(), p, string(rune('A'+n%26))+string(rune('a'+n/26))); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			written++
			mu.Unlock()
		}
	})
	for range 4 {
		done.Go(func() {
			for range rounds {
				mu.Lock()
				least := zero + written
				mu.Unlock()
				if n, _ := teams(t, begin(t, p), p); n < least {
					t.Errorf("saw %d teams, %d were committed before", n, least)
				}
			}
		})
	}
	done.Wait()
}

// Of people, what pages show of them is counted: not that somebody is new, nor
// what only they themselves see.
func TestGenerationsOfPeople(t *testing.T) {
	p := dbtest.New(t)
	for change, want := range map[string]int64{
		"INSERT INTO people SELECT * FROM people WHERE false":       0,
		"UPDATE people SET theme = theme, version = version + 1":    0,
		"DELETE FROM people WHERE false":                            1,
		"UPDATE people SET theme = theme, name = name WHERE false":  1,
		"UPDATE people SET department_id = NULL WHERE false":        1,
		"UPDATE people SET active = false, vip = false WHERE false": 1,
	} {
		if got := counted(t, p, change); got != want {
			t.Errorf("%q is counted %d times, not %d", change, got, want)
		}
	}
	// Every column that the directory reads is among those that count.
	rows, _ := p.Query(t.Context(), `SELECT a.attname FROM pg_trigger t CROSS JOIN LATERAL unnest(t.tgattr) n JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = n
		WHERE t.tgname = 'people_generation' ORDER BY 1`)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || strings.Join(columns, " ") != "active department_id email lang location mail name name_en phone time_zone title username vip" {
		t.Errorf("%v %v", columns, err)
	}
}

// Every table that is counted is counted at each kind of change, and every
// counter belongs to a table.
func TestGenerationsCountEveryTable(t *testing.T) {
	p := dbtest.New(t)
	rows, _ := p.Query(t.Context(), `SELECT name FROM generations ORDER BY name`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	// Without rows, too: statement triggers do not look for any.
	for _, table := range tables {
		if table == "people" {
			continue // see TestGenerationsOfPeople
		}
		name := pgx.Identifier{table}.Sanitize()
		var column string
		if err := p.QueryRow(t.Context(), `SELECT attname FROM pg_attribute WHERE attrelid = @table::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum LIMIT 1`,
			db.Args{"table": table}).Scan(&column); err != nil {
			t.Errorf("%s: %v", table, err)
			continue
		}
		column = pgx.Identifier{column}.Sanitize()
		for _, change := range []string{
			"INSERT INTO " + name + " SELECT * FROM " + name + " WHERE false",
			"UPDATE " + name + " SET " + column + " = " + column + " WHERE false",
			"DELETE FROM " + name + " WHERE false",
		} {
			if got := counted(t, p, change); got != 1 {
				t.Errorf("%q is counted %d times", change, got)
			}
		}
	}
	var strays int
	if err := p.QueryRow(t.Context(), `SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid
		WHERE f.proname = 'generations_count' AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.name = c.relname)`).Scan(&strays); err != nil || strays != 0 {
		t.Errorf("%d tables have a trigger that counts nothing, %v", strays, err)
	}
}

// counted is by how much a statement moves the generation.
func counted(t *testing.T, p *db.Pool, statement string) int64 {
	t.Helper()
	var before, after int64
	err := p.InTx(t.Context(), func(tx db.Tx) error {
		if err := tx.QueryRow(t.Context(), teamGeneration).Scan(&before); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), teamGeneration).Scan(&after)
	})
	if err != nil {
		t.Errorf("%s: %v", statement, err)
	}
	return after - before
}

package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

func numbers(q db.Querier, n int) ([]int, error) {
	rows, _ := q.Query(context.Background(), `SELECT x FROM generate_series(1, @n::int) x`, db.Args{"n": n})
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// TestTogether: each read gets its own answers, however many questions it asks
// and in whatever order the reads come to theirs.
func TestTogether(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]*db.Pool{"pool": dbtest.New(t), "transaction": dbtest.Tx(t)} {
		var reads []func(db.Querier) error
		got := make([]int, 20)
		for i := range got {
			reads = append(reads, func(q db.Querier) error {
				for n := range i { // the n-th read asks n questions
					list, err := numbers(q, n)
					if err != nil || len(list) != n {
						return fmt.Errorf("%d of %d: %w", len(list), n, err)
					}
				}
				return q.QueryRow(context.Background(), `SELECT @i::int`, db.Args{"i": i}).Scan(&got[i])
			})
		}
		if err := db.Together(t.Context(), pool, reads...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, n := range got {
			if n != i {
				t.Errorf("%s: read %d got %d", name, i, n)
			}
		}
	}
}

// TestTogetherFails: a failing read fails the whole, and nothing hangs: neither
// rows left open, nor a question within rows, nor a panic.
func TestTogetherFails(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	ctx := t.Context()
	fine := func(q db.Querier) error { _, err := numbers(q, 3); return err }
	boom := errors.New("boom")
	for name, read := range map[string]func(db.Querier) error{
		"its own error": func(db.Querier) error { return boom },
		"bad statement": func(q db.Querier) error { return q.QueryRow(ctx, `SELECT nonsense`).Scan(new(int)) },
		"no row":        func(q db.Querier) error { return q.QueryRow(ctx, `SELECT 1 WHERE false`).Scan(new(int)) },
		"rows within rows": func(q db.Querier) error {
			rows, err := q.Query(ctx, `SELECT x FROM generate_series(1, 3) x`)
			if err != nil {
				return err
			}
			rows.Next()
			_, err = numbers(q, 1)
			return err
		},
	} {
		if err := db.Together(ctx, pool, fine, read, fine); err == nil {
			t.Errorf("%s went through", name)
		}
	}
	if err := db.Together(ctx, pool, fine, func(q db.Querier) error {
		_, err := q.Query(ctx, `SELECT x FROM generate_series(1, 100000) x`) //nolint:sqlclosecheck // that is the test
		return err                                                           // and leaves the rows
	}); err != nil {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() != boom { //nolint:errorlint // the very value
				t.Error("the panic of a read did not reach its caller")
			}
		}()
		_ = db.Together(ctx, pool, fine, func(db.Querier) error { panic(boom) })
	}()
	canceled, stop := context.WithCancel(ctx)
	stop()
	if err := db.Together(canceled, pool, fine, fine); !errors.Is(err, context.Canceled) && err != nil && !db.Away(err) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := numbers(pool, 1); err != nil {
		t.Errorf("the pool is broken afterwards: %v", err)
	}
}

// TestTogetherInTurn: within a round the reads are answered in their order, so
// that one may rely on what the one before it has read.
func TestTogetherInTurn(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if err := pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), `CREATE SEQUENCE turns`); return err }); err != nil {
		t.Fatal(err)
	}
	for round := range 50 {
		var got [8]int
		var reads []func(db.Querier) error
		for i := range got {
			reads = append(reads, func(q db.Querier) error {
				return q.QueryRow(context.Background(), `SELECT nextval('turns')`).Scan(&got[i])
			})
		}
		if err := db.Together(t.Context(), pool, reads...); err != nil {
			t.Fatal(err)
		}
		for i, n := range got {
			if n != round*len(got)+i+1 {
				t.Fatalf("round %d: read %d had turn %d", round, i, n)
			}
		}
	}
}

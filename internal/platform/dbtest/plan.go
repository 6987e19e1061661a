package dbtest

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"opsdesk/internal/platform/db"
)

// Planner tells how the server would run statements.
type Planner struct {
	tb   testing.TB
	conn *pgxpool.Conn
}

// Plans is a planner on a connection of its own that avoids some ways where
// there is another: "seqscan", "sort", "bitmapscan". On a table with few rows
// the server prefers these; that an index can do without them shows only so.
func Plans(tb testing.TB, pool *db.Pool, without ...string) *Planner {
	tb.Helper()
	conn, err := pool.PGX().Acquire(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	// Released before the pool closes, whatever the test did meanwhile.
	tb.Cleanup(conn.Release)
	for _, way := range without {
		if _, err := conn.Exec(tb.Context(), `SET enable_`+way+` = off`); err != nil {
			tb.Fatal(err)
		}
	}
	return &Planner{tb, conn}
}

// Of is the plan of a statement made for these very values. Times and costs are
// in it, and nothing was run.
func (p *Planner) Of(sql string, args ...any) string {
	p.tb.Helper()
	if len(args) == 0 {
		args = []any{db.Args{}}
	}
	if _, mode := args[0].(pgx.QueryExecMode); !mode {
		args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	rows, err := p.conn.Query(p.tb.Context(), "EXPLAIN "+sql, args...)
	if err != nil {
		p.tb.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		p.tb.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

package db

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Args are the named arguments of a statement (@name). A missing or surplus
// name is an error, not an empty result. It is pgx.StrictNamedArgs, except that
// each text is taken apart only once: statements here are fixed texts.
type Args map[string]any

// parsed is a statement with numbered places, and their names in order.
type parsed struct {
	sql   string
	names []string
}

// statements is a cache of what the texts mean; it changes nothing that anyone
// can see, and it is as large as the program's SQL.
var statements sync.Map // sql → *parsed

// RewriteQuery turns names into places.
func (a Args) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, _ []any) (string, []any, error) {
	p, err := a.parse(ctx, conn, sql)
	if err != nil {
		return "", nil, err
	}
	if len(p.names) != len(a) {
		return "", nil, fmt.Errorf("the statement has %d names, %d were given", len(p.names), len(a))
	}
	out := make([]any, len(p.names))
	for i, n := range p.names {
		v, ok := a[n]
		if !ok {
			return "", nil, fmt.Errorf("argument %s of the statement is missing", n)
		}
		out[i] = v
	}
	return p.sql, out, nil
}

func (a Args) parse(ctx context.Context, conn *pgx.Conn, sql string) (*parsed, error) {
	if p, ok := statements.Load(sql); ok {
		return p.(*parsed), nil
	}
	// pgx reads the text; given names for values, it returns them in order.
	names := make(pgx.StrictNamedArgs, len(a))
	for n := range a {
		names[n] = n
	}
	text, order, err := names.RewriteQuery(ctx, conn, sql, nil)
	if err != nil {
		return nil, err
	}
	p := &parsed{sql: text}
	for _, n := range order {
		p.names = append(p.names, n.(string))
	}
	statements.Store(sql, p)
	return p, nil
}

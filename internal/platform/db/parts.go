package db

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// Part is an expression of one value with what it is told, and where the value
// goes: a question so small that it shares a statement with others. It may come
// from a module that alone knows its tables.
type Part struct {
	SQL  string
	Args Args
	To   any // what Scan takes
}

// Ask reads all parts with one statement. A statement costs its way through
// planner, protocol and both programs, which is more than such a question takes
// itself. Parts that use one name must mean one value by it.
func Ask(ctx context.Context, q Querier, parts ...Part) error {
	if len(parts) == 0 {
		return nil
	}
	if e := errandOf(ctx, q); e.begin() {
		err := ask(ctx, q, e.with(parts))
		e.end(err == nil)
		if err == nil || ctx.Err() != nil {
			return err
		}
		// Either may be to blame, or the two do not go together.
	}
	return ask(ctx, q, parts)
}

func ask(ctx context.Context, q Querier, parts []Part) error {
	if len(parts) == 0 {
		return nil
	}
	sql, args, err := Question(parts...)
	if err != nil {
		return err
	}
	to := make([]any, len(parts))
	for n, p := range parts {
		to[n] = p.To
	}
	return Map(q.QueryRow(ctx, sql, args).Scan(to...))
}

// Question is the statement of Ask and what it is told.
func Question(parts ...Part) (string, Args, error) {
	args := Args{}
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for n, p := range parts {
		for name, v := range p.Args {
			if was, ok := args[name]; ok && !reflect.DeepEqual(was, v) {
				return "", nil, fmt.Errorf("parts of one question mean %v and %v by %q", was, v, name)
			}
		}
		maps.Copy(args, p.Args)
		if n > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("(")
		sql.WriteString(p.SQL)
		sql.WriteString(")")
	}
	return sql.String(), args, nil
}

package db_test

import (
	"context"
	"strings"
	"testing"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

// TestAsk: several questions are one statement, which may share what they are
// told but not mean two things by one name.
func TestAsk(t *testing.T) {
	t.Parallel()
	p, err := db.Open(t.Context(), dbtest.NewURL(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	var has bool
	var sum int
	var word string
	add := db.Part{SQL: `SELECT @a::int + @b::int`, Args: db.Args{"a": 2, "b": 3}, To: &sum}
	err = db.Ask(t.Context(), p,
		db.Part{SQL: `EXISTS (SELECT 1 FROM generations WHERE name = @name)`, Args: db.Args{"name": "teams"}, To: &has},
		add,
		db.Part{SQL: `@name::text || @a::int`, Args: db.Args{"name": "teams", "a": 2}, To: &word})
	if err != nil || !has || sum != 5 || word != "teams2" {
		t.Errorf("%v %d %q %v", has, sum, word, err)
	}
	if err := db.Ask(t.Context(), p); err != nil {
		t.Errorf("no question: %v", err)
	}
	if err := db.Ask(t.Context(), p, add, db.Part{SQL: `@a::int`, Args: db.Args{"a": 7}, To: &sum}); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("two meanings of one name: %v", err)
	}
}

// TestErrand: what is needed later travels once, with the first question of the
// pool, and is asked for alone where none came by or the two do not go together.
func TestErrand(t *testing.T) {
	t.Parallel()
	p := dbtest.New(t)
	part := func(sql string, args db.Args, to *int) db.Part { return db.Part{SQL: sql, Args: args, To: to} }
	var n, a int
	count := func(to *int) db.Part { return part(`SELECT @x::int`, db.Args{"x": 7}, to) }
	for name, c := range map[string]struct {
		ask     func(context.Context) error
		already bool // before it was needed
	}{
		"nobody asked": {func(context.Context) error { return nil }, false},
		"along":        {func(ctx context.Context) error { return db.Ask(ctx, p, part(`SELECT 1`, nil, &a)) }, true},
		"together": {func(ctx context.Context) error {
			one := func(q db.Querier) error { return db.Ask(ctx, q, part(`SELECT 1`, nil, &a)) }
			return db.Together(ctx, p, one, func(q db.Querier) error { return q.QueryRow(ctx, `SELECT 1`).Scan(new(int)) })
		}, true},
		"another meaning": {func(ctx context.Context) error { return db.Ask(ctx, p, part(`SELECT @x::int`, db.Args{"x": 1}, &a)) }, false},
		"a transaction": {func(ctx context.Context) error {
			return p.InTx(ctx, func(tx db.Tx) error { return db.Ask(ctx, tx, part(`SELECT 1`, nil, &a)) })
		}, false},
	} {
		n, a = 0, 0
		ctx, needed := db.WithErrand(t.Context(), p, count(&n))
		if err := c.ask(ctx); err != nil || name != "nobody asked" && a != 1 {
			t.Errorf("%s: the question itself: %d %v", name, a, err)
		}
		if (n == 7) != c.already {
			t.Errorf("%s: %d before it is needed", name, n)
		}
		if err := needed(ctx); err != nil || n != 7 {
			t.Errorf("%s: %d when it is needed, %v", name, n, err)
		}
		if n = 0; needed(ctx) != nil || db.Ask(ctx, p, part(`SELECT 1`, nil, &a)) != nil || n != 0 {
			t.Errorf("%s: it travelled twice", name)
		}
	}
	ctx, needed := db.WithErrand(t.Context(), p, part(`SELECT 1/0`, nil, &n))
	if a = 0; db.Ask(ctx, p, part(`SELECT 1`, nil, &a)) != nil || a != 1 {
		t.Error("a question fails with the errand that travels along")
	}
	if needed(ctx) == nil {
		t.Error("nobody hears that an errand failed")
	}
}

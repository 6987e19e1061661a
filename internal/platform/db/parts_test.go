package db_test

import (
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

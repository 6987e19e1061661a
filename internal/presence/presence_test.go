package presence

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestLoops(t *testing.T) {
	t.Parallel()
	a, b, c, d := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	day := func(n int) time.Time { return time.Date(2026, 12, n, 0, 0, 0, 0, time.UTC) }
	away := func(who uuid.UUID, from, to int, sub *uuid.UUID) Absence {
		return Absence{PersonID: who, FromAt: day(from), UntilAt: day(to), SubstituteID: sub}
	}
	for _, x := range []struct {
		name   string
		new    Absence
		others []Absence
		want   bool
	}{
		{"nobody stands in", away(a, 1, 5, nil), []Absence{away(b, 1, 5, &a)}, false},
		{"a chain", away(a, 1, 5, &b), []Absence{away(b, 1, 5, &c)}, false},
		{"a ring of two", away(a, 1, 5, &b), []Absence{away(b, 4, 9, &a)}, true},
		{"one after the other is no ring", away(a, 1, 5, &b), []Absence{away(b, 5, 9, &a)}, false},
		{"a ring of three", away(a, 1, 5, &b), []Absence{away(b, 2, 3, &c), away(c, 1, 2, &a), away(c, 2, 9, &a)}, true},
		{"a ring that others make", away(a, 1, 5, &b), []Absence{away(b, 1, 5, &c), away(c, 1, 5, &d), away(d, 1, 5, &b)}, false},
	} {
		if got := loops(x.new, x.others); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

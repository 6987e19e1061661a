package db

import (
	"context"
	"sync"
	"sync/atomic"
)

// shelf keeps what was read from the tables that configure the desk (names of
// teams, categories, settings), which every page needs and few people change.
//
// It is never stale: statement triggers count each change of these tables
// (table generations, migration "generations"), whoever is asked for a person
// reads the count with them, in one statement, and what was kept of an earlier
// count is not used. Several desks on one database need no word between them.
type shelf struct {
	mu         sync.Mutex
	generation int64
	known      map[string]any
}

// reading is what one request may take from the shelf: what holds for the
// generation it read at its beginning, until it changes something itself.
type reading struct {
	shelf      *shelf
	generation int64
	spent      atomic.Bool
}

type readingKey struct{}

// Keep lets reads with ctx use what is kept in memory of the configuration as
// it stands in a generation, which the caller has just read.
func (p *Pool) Keep(ctx context.Context, generation int64) context.Context {
	return context.WithValue(ctx, readingKey{}, &reading{shelf: &p.shelf, generation: generation})
}

// spend makes ctx read anew from now on: it is about to write.
func spend(ctx context.Context) {
	if r, ok := ctx.Value(readingKey{}).(*reading); ok {
		r.spent.Store(true)
	}
}

// Kept returns what load reads of the tables that triggers count (see
// migration "generations"), from memory where it was read before and nothing
// was changed since. Within a transaction, after one, and where ctx has no
// generation, it loads. The value is shared: callers must not change it.
func Kept[T any](ctx context.Context, q Querier, key string, load func() (T, error)) (T, error) {
	r, ok := ctx.Value(readingKey{}).(*reading)
	if m, together := q.(*member); together {
		q = m.q
	}
	if p, pool := q.(*Pool); !ok || !pool || r.shelf != &p.shelf || r.spent.Load() {
		return load()
	}
	if v, ok := r.shelf.get(r.generation, key); ok {
		return v.(T), nil //nolint:forcetypeassert // one key, one type: a mistake shows at once
	}
	v, err := load()
	if err == nil {
		r.shelf.put(r.generation, key, v)
	}
	return v, err
}

func (s *shelf) get(generation int64, key string) (any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation != generation {
		return nil, false
	}
	v, ok := s.known[key]
	return v, ok
}

// maxKept bounds the shelf: keys may name people.
const maxKept = 20_000

func (s *shelf) put(generation int64, key string, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case generation < s.generation:
		return // somebody has seen a later one
	case generation > s.generation || len(s.known) >= maxKept:
		s.generation, s.known = generation, map[string]any{}
	case s.known == nil:
		s.known = map[string]any{}
	}
	s.known[key] = v
}

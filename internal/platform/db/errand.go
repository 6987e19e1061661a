package db

import (
	"context"
	"slices"
	"sync"
)

// errand are parts that nobody waits for yet. They travel with the next
// question of their context.
type errand struct {
	mu         sync.Mutex
	parts      []Part
	busy, done bool
}

type errandKey struct{}

// WithErrand gives ctx parts that are needed later than what will be asked with
// it before then: the first Ask of a pool takes them along, which saves them a
// round trip. needed asks for them itself if none did, and must be called
// before what they bring is used.
func WithErrand(ctx context.Context, pool *Pool, parts ...Part) (with context.Context, needed func(context.Context) error) {
	e := &errand{parts: parts}
	return context.WithValue(ctx, errandKey{}, e), func(ctx context.Context) error {
		if !e.begin() {
			return nil
		}
		err := ask(ctx, pool, e.parts)
		e.end(true) // who needs them hears why they are not there, once
		return err
	}
}

// errandOf is what a question to q may take along, nil for nothing. A
// transaction is asked alone: it may have written what nobody else sees yet.
func errandOf(ctx context.Context, q Querier) *errand {
	if m, together := q.(*member); together {
		q = m.q
	}
	if _, pool := q.(*Pool); !pool {
		return nil
	}
	e, _ := ctx.Value(errandKey{}).(*errand)
	return e
}

func (e *errand) begin() bool {
	if e == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy || e.done {
		return false
	}
	e.busy = true
	return true
}

func (e *errand) end(done bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy, e.done = false, done
}

// with adds the errand to a question.
func (e *errand) with(parts []Part) []Part { return append(slices.Clone(parts), e.parts...) }

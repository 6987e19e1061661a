package record

import (
	"sync"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"opsdesk/internal/platform/db"
)

// Edition names what a record and what hangs on it were at an instant: replies,
// notes, files, tasks, followers, clocks, acts in the trail. Of two readings of
// one record with the same edition nothing of that differs.
//
// It is the physical version of the record's line in the register. Every act
// writes that line in its transaction (work.Apply, Touch), so that it costs no
// write of its own and no word between desks; tests are held to it at each
// commit (dbtest, guard.sql). What others write that leads to a record is not in
// it: links from other records, children, who may read a confidential one, and
// what people have in hand themselves, such as drafts.
type Edition string

// EditionPart asks for the edition of a record that v lets be seen; of one that
// is hidden there is none (""). What it is to stand for must be read after it.
func (v Visibility) EditionPart(id uuid.UUID, to *Edition) db.Part {
	return db.Part{SQL: v.SQL(`coalesce((SELECT r.xmin::text || r.ctid::text FROM records r WHERE r.id = @id AND `, `), '')`), Args: v.With(db.Args{"id": id}), To: to}
}

// Editions keeps in memory what was read of records, until it is written anew.
// It is bounded by weight, and gives up first what was not asked for longest.
type Editions[T any] struct {
	mu          sync.Mutex
	most, holds int
	of          *simplelru.LRU[uuid.UUID, edition[T]]
}

type edition[T any] struct {
	Edition
	value  T
	weight int
}

// NewEditions keeps values up to a weight in all, in whatever unit Put is told.
func NewEditions[T any](most int) *Editions[T] {
	k := &Editions[T]{most: most}
	// The library counts entries; each weighs at least one.
	k.of, _ = simplelru.NewLRU(most, func(_ uuid.UUID, e edition[T]) { k.holds -= e.weight }) // fails for a size below one only
	return k
}

// Knows reports whether some edition of a record is kept.
func (k *Editions[T]) Knows(id uuid.UUID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of.Contains(id)
}

// Get returns what is kept of an edition. It is shared: callers must not change it.
func (k *Editions[T]) Get(id uuid.UUID, e Edition) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	x, ok := k.of.Get(id)
	if !ok || e == "" || x.Edition != e {
		var none T
		return none, false
	}
	return x.value, true
}

// Put keeps what was read after an edition was, instead of what was kept of the
// record before. What weighs more than an eighth of all is not kept.
func (k *Editions[T]) Put(id uuid.UUID, e Edition, weight int, value T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of.Remove(id)
	if e == "" || weight > k.most/8 {
		return
	}
	k.of.Add(id, edition[T]{e, value, max(weight, 1)})
	for k.holds += max(weight, 1); k.holds > k.most; {
		k.of.RemoveOldest()
	}
}

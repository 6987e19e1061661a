package markup

import "sync"

// fewest is how much a Shelf holds: what is written of one thing differs by
// language and by what its readers may do, which are few.
const fewest = 4

// Shelf keeps what was written of one thing, by what else it depends on. It goes
// with the thing. The zero Shelf is ready to use.
type Shelf struct {
	mu sync.Mutex
	of map[any]any
}

// Get returns what was put for a key. It is shared: callers must not change it.
func (s *Shelf) Get(key any) (any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.of[key]
	return v, ok
}

// Put keeps v for a key. A shelf that is full is emptied first.
func (s *Shelf) Put(key, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil || len(s.of) >= fewest {
		s.of = make(map[any]any, fewest)
	}
	s.of[key] = v
}

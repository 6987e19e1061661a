package markup

import "sync"

// Shelf keeps what was written, by all that it depends on, up to Most bytes in
// all. One that is full is emptied: what is on it is soon written again.
type Shelf struct {
	Most int

	mu    sync.RWMutex
	of    map[any]written
	holds int
}

type written struct {
	value  any
	weight int
}

// Get returns what was put for a key. It is shared: callers must not change it.
func (s *Shelf) Get(key any) (any, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	w, ok := s.of[key]
	return w.value, ok
}

// Put keeps a value of so many bytes for a key.
func (s *Shelf) Put(key any, weight int, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds -= s.of[key].weight
	delete(s.of, key)
	if weight > s.Most {
		return
	}
	if s.of == nil || s.holds+weight > s.Most {
		s.of, s.holds = map[any]written{}, 0
	}
	s.of[key] = written{value, weight}
	s.holds += weight
}

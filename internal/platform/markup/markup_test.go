package markup_test

import (
	"errors"
	"testing"

	"opsdesk/internal/platform/markup"
)

// TestShelf: it holds what it may and no more, and one thing once.
func TestShelf(t *testing.T) {
	t.Parallel()
	s := markup.Shelf{Most: 100}
	for range 20 {
		s.Put("a", 40, 1) // the same again and again weighs once
	}
	s.Put("b", 60, 2)
	if v, ok := s.Get("a"); !ok || v != 1 {
		t.Errorf("a: %v %v", v, ok)
	}
	s.Put("c", 101, 3)
	if _, ok := s.Get("c"); ok {
		t.Error("more than it may hold")
	}
	s.Put("c", 1, 3)
	_, a := s.Get("a")
	_, b := s.Get("b")
	if _, c := s.Get("c"); a || b || !c {
		t.Errorf("full, it keeps a: %v, b: %v, and not c: %v", a, b, !c)
	}
	for i := range 1000 { // it forgets rather than grows without end
		s.Put(i, 10, i)
	}
	n := 0
	for i := range 1000 {
		if _, ok := s.Get(i); ok {
			n++
		}
	}
	if n == 0 || n > 10 {
		t.Errorf("%d things of 10 are on a shelf of 100", n)
	}
	var none markup.Shelf
	none.Put("a", 1, 1)
	if _, ok := none.Get("a"); ok {
		t.Error("a shelf of nothing holds something")
	}
}

// TestText: an expression of a template is taken as it is, at no cost.
func TestText(t *testing.T) {
	type word string
	if s, err := markup.Text(word("a <b>")); s != "a <b>" || err != nil {
		t.Errorf("%q %v", s, err)
	}
	boom := errors.New("boom")
	if _, err := markup.Text("a", nil, boom); !errors.Is(err, boom) {
		t.Errorf("an expression that failed: %v", err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = markup.Text("as it is") }); n != 0 {
		t.Errorf("a string costs %v allocations", n)
	}
}

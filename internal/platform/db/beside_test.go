package db_test

import (
	"errors"
	"testing"

	"opsdesk/internal/platform/db"
)

// TestBeside: both run at once, whichever fails fails the whole, and what
// panics in the other goroutine does not end the process.
func TestBeside(t *testing.T) {
	t.Parallel()
	a, b := make(chan int), make(chan int)
	err := db.Beside(func() error { a <- 1; <-b; return nil }, func() error { <-a; b <- 1; return nil }) // neither ends without the other
	if err != nil {
		t.Error(err)
	}
	bad := errors.New("bad")
	for _, x := range [][2]error{{bad, nil}, {nil, bad}, {bad, bad}} {
		if err := db.Beside(func() error { return x[0] }, func() error { return x[1] }); !errors.Is(err, bad) {
			t.Errorf("%v: %v", x, err)
		}
	}
	defer func() {
		if r := recover(); r != "aside" {
			t.Errorf("recovered %v", r)
		}
	}()
	_ = db.Beside(func() error { return nil }, func() error { panic("aside") })
}

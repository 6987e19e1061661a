package record_test

import (
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/record"
)

// TestEditions: an edition is given out as long as it is the last that was put,
// and what was not asked for longest makes room.
func TestEditions(t *testing.T) {
	t.Parallel()
	k := record.NewEditions[string](80)
	a, b := uuid.New(), uuid.New()
	if k.Knows(a) {
		t.Error("it knows what it never saw")
	}
	k.Put(a, "1", 10, "one")
	k.Put(b, "1", 10, "other")
	if v, ok := k.Get(a, "1"); !ok || v != "one" || !k.Knows(a) {
		t.Errorf("%q %v", v, ok)
	}
	if _, ok := k.Get(a, "2"); ok {
		t.Error("an edition that was not put")
	}
	k.Put(a, "2", 10, "two")
	if _, ok := k.Get(a, "1"); ok {
		t.Error("the edition before")
	}
	k.Put(b, "", 10, "nothing")
	if _, ok := k.Get(b, ""); ok || k.Knows(b) {
		t.Error("no edition is no edition")
	}
	k.Put(b, "1", 11, "too heavy")
	if k.Knows(b) {
		t.Error("what is heavy was kept")
	}
	for range 100 { // the same again and again weighs once
		k.Put(b, "1", 10, "other")
	}
	if _, ok := k.Get(a, "2"); !ok {
		t.Error("one record pushed out another by being put often")
	}
	for range 7 {
		k.Put(uuid.New(), "1", 10, "more")
	}
	if k.Knows(b) || !k.Knows(a) {
		t.Errorf("the one asked for longest ago stays: %v, the other: %v", k.Knows(b), k.Knows(a))
	}
}

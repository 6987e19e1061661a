package configuration

import (
	"slices"

	"github.com/google/uuid"
)

// What becomes of an item when others fail.
const (
	FateDown     = "down"
	FateDegraded = "degraded"
)

// Edge is a relation along which a fault goes: Cause failing reaches Effect.
type Edge struct {
	Cause, Effect uuid.UUID
	Type          uuid.UUID
}

// group is what a redundant whole needs: how many of its members must be
// healthy, and which are.
type group struct {
	need    int // 0: all of them
	members map[uuid.UUID]bool
}

// fates decides what becomes of every item reached when the roots are down. A
// whole of which enough members stay healthy is degraded, and what depends on
// something degraded is degraded too. Fates only get worse, so that cycles and
// items that depend on themselves come to rest.
func fates(roots []uuid.UUID, edges []Edge, redundant map[uuid.UUID]bool, groups map[uuid.UUID]group) map[uuid.UUID]string {
	out, next := map[uuid.UUID]string{}, map[uuid.UUID][]Edge{}
	for _, e := range edges {
		next[e.Cause] = append(next[e.Cause], e)
	}
	todo := slices.Clone(roots)
	for _, r := range roots {
		out[r] = FateDown
	}
	for len(todo) > 0 {
		id := todo[0]
		todo = todo[1:]
		for _, e := range next[id] {
			fate := out[id]
			if fate == FateDown && redundant[e.Type] {
				fate = groups[e.Effect].fate(out)
			}
			if worse(fate, out[e.Effect]) {
				out[e.Effect] = fate
				todo = append(todo, e.Effect)
			}
		}
	}
	return out
}

// fate is what becomes of the whole given what has become of its members.
func (g group) fate(of map[uuid.UUID]string) string {
	healthy := 0
	for m, ok := range g.members {
		if ok && of[m] != FateDown {
			healthy++
		}
	}
	if g.need > 0 && healthy >= g.need {
		return FateDegraded
	}
	return FateDown
}

func worse(a, b string) bool { return a != b && b != FateDown && a != "" }

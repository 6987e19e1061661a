package configuration

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
)

// TestFates decides small pictures: letters are items, arrows the way of a
// fault, and the numbers what a whole needs of its members.
func TestFates(t *testing.T) {
	t.Parallel()
	plain, member := uuid.New(), uuid.New()
	id := func(s string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(s)) }
	for name, c := range map[string]struct {
		edges  []string // cause, effect, "m" for a membership
		groups map[string]group
		want   map[string]string
	}{
		"chain":          {[]string{"a b", "b c"}, nil, map[string]string{"a": "down", "b": "down", "c": "down"}},
		"cycle":          {[]string{"a b", "b c", "c a"}, nil, map[string]string{"a": "down", "b": "down", "c": "down"}},
		"self":           {[]string{"a a", "a b", "b b"}, nil, map[string]string{"a": "down", "b": "down"}},
		"2 of 3 healthy": {[]string{"a k m", "k s"}, map[string]group{"k": {2, map[uuid.UUID]bool{id("a"): true, id("b"): true, id("c"): true}}}, map[string]string{"a": "down", "k": "degraded", "s": "degraded"}},
		"one is down already": {
			[]string{"a k m", "k s"},
			map[string]group{"k": {2, map[uuid.UUID]bool{id("a"): true, id("b"): true, id("c"): false}}},
			map[string]string{"a": "down", "k": "down", "s": "down"},
		},
		"all are needed": {[]string{"a k m"}, map[string]group{"k": {0, map[uuid.UUID]bool{id("a"): true, id("b"): true}}}, map[string]string{"a": "down", "k": "down"}},
		"two members hang on one switch": {
			[]string{"a b", "a c", "b k m", "c k m"},
			map[string]group{"k": {1, map[uuid.UUID]bool{id("b"): true, id("c"): true}}},
			map[string]string{"a": "down", "b": "down", "c": "down", "k": "down"},
		},
		"degraded by one way, down by another": {
			[]string{"a k m", "k s", "a x", "x s"},
			map[string]group{"k": {1, map[uuid.UUID]bool{id("a"): true, id("b"): true}}},
			map[string]string{"a": "down", "k": "degraded", "x": "down", "s": "down"},
		},
	} {
		var edges []Edge
		for _, e := range c.edges {
			x := Edge{id(e[0:1]), id(e[2:3]), plain}
			if len(e) > 3 {
				x.Type = member
			}
			edges = append(edges, x)
		}
		groups := map[uuid.UUID]group{}
		for k, g := range c.groups {
			groups[id(k)] = g
		}
		want := map[uuid.UUID]string{}
		for k, v := range c.want {
			want[id(k)] = v
		}
		// The order in which relations are read must not matter.
		for range 20 {
			rand.Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
			if got := fates([]uuid.UUID{id("a")}, edges, map[uuid.UUID]bool{member: true}, groups); !maps.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
}

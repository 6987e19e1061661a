package ui

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/i18n"
)

// A kept part is written once for each language and each thing it depends on,
// and the palettes of people who can go elsewhere differ.
func TestKeptParts(t *testing.T) {
	texts := i18n.New()
	if err := texts.Add(Messages); err != nil {
		t.Fatal(err)
	}
	ctx := With(texts.With(t.Context(), i18n.English), &Shell{})
	n := 0
	part := kept(t.Name(), templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		n++
		_, err := io.WriteString(w, strconv.Itoa(n))
		return err
	}))
	write := func(ctx context.Context, c templ.Component) string {
		var b strings.Builder
		if err := c.Render(ctx, &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if a, b := write(ctx, part), write(ctx, part); a != "1" || b != "1" {
		t.Errorf("written as %s and %s", a, b)
	}
	if c := write(With(texts.With(t.Context(), i18n.Chinese), &Shell{}), part); c != "2" {
		t.Errorf("the other language took the first one's: %s", c)
	}
	keys := map[string]bool{}
	for _, it := range []NavItem{{}, {ID: "a"}, {Href: "a"}, {Icon: "a"}, {Label: "a"}, {Text: "a"}, {Count: "a"}, {Go: "a"}, {Hot: true}} {
		keys[NavGroup{Items: []NavItem{it}}.key(0, "-")] = true
	}
	for n, g := range []NavGroup{{}, {Title: "a"}, {Items: []NavItem{{}, {}}}} {
		keys[g.key(0, "-")], keys[g.key(n+1, "-")] = true, true
	}
	if here := (NavGroup{Items: []NavItem{{ID: "a"}}}); len(keys) != 15 || keys[here.key(0, "a")] {
		t.Errorf("groups of the navigation that look different share %d keys", len(keys))
	}
	palettes := map[string]bool{}
	for _, nav := range [][]NavGroup{
		nil,
		{{Items: []NavItem{{Href: "/a", Label: "ui.nav.queue"}}}},
		{{Items: []NavItem{{Href: "/a", Label: "ui.nav.queue", Go: "x"}}}},
		{{Items: []NavItem{{Href: "/a", Text: "ui.nav.queue"}}}},
		{{Items: []NavItem{{Href: "/a", Text: "ui.nav.queue"}}}, {}},
	} {
		palettes[paletteKey(nav)] = true
		write(With(ctx, &Shell{Nav: nav}), kept(paletteKey(nav), palette()))
	}
	if len(palettes) != 5 {
		t.Errorf("%d palettes", len(palettes))
	}
	counted := []NavGroup{{Items: []NavItem{{Href: "/a", Label: "ui.nav.queue", Count: "3"}}}}
	if !palettes[paletteKey(counted)] {
		t.Error("a count makes another palette")
	}
}

package ui

import (
	"strings"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/markup"
)

// frames keeps parts that stand on every page as they were written first: the
// palette and the sheet of keys are a third of what a page's frame costs. Counts
// and saved views make navigations and palettes many.
var frames = markup.Shelf{Most: 2 << 20}

// kept writes c, whose text depends on the language and what alone.
func kept(what string, c templ.Component) templ.Component { return Still(&frames, what, c) }

// key is all that the n-th group of the navigation depends on but for the
// language.
func (g NavGroup) key(n int, cur string) string {
	var b strings.Builder
	b.Grow(1 << 10)
	b.WriteString("nav")
	b.WriteByte(byte('a' + n))
	b.WriteString(g.Title)
	for _, it := range g.Items {
		b.WriteByte('\n')
		if it.ID == cur {
			b.WriteString("here ")
		}
		if it.Hot {
			b.WriteString("hot ")
		}
		for _, part := range [...]string{it.ID, it.Href, it.Icon, it.Label, it.Text, it.Count, it.Go} {
			b.WriteString(part)
			b.WriteByte(0)
		}
	}
	return b.String()
}

// paletteKey is what a palette depends on but for the language: where its
// reader can go. Counts do not stand in it.
func paletteKey(groups []NavGroup) string {
	var b strings.Builder
	b.Grow(4 << 10)
	b.WriteString("palette")
	for _, g := range groups {
		b.WriteByte('\n')
		for _, it := range g.Items {
			for _, part := range [...]string{it.Href, it.Icon, it.Label, it.Text, it.Go} {
				b.WriteString(part)
				b.WriteByte(0)
			}
		}
	}
	return b.String()
}

package ui

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/i18n"
	"opsdesk/web"
)

// keptKey is all that a kept part depends on.
type keptKey struct {
	texts  *i18n.Messages
	assets *web.Assets
	what   string
}

// shelf keeps parts that stand on every page as they were written first: the
// palette and the sheet of keys are a third of what a page's frame costs. It
// forgets all when it is full, since saved views make palettes many.
type shelf struct {
	parts sync.Map // keptKey → []byte
	n     atomic.Int32
}

const maxShelf = 4000

var written shelf

// kept writes c, whose text depends on the language and what alone.
func kept(what string, c templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		k := keptKey{i18n.From(ctx), From(ctx).Assets, what}
		if b, ok := written.parts.Load(k); ok {
			_, err := w.Write(b.([]byte)) //nolint:forcetypeassert // it holds nothing else
			return err
		}
		var b bytes.Buffer
		if err := c.Render(ctx, &b); err != nil {
			return err
		}
		written.put(k, b.Bytes())
		_, err := w.Write(b.Bytes())
		return err
	})
}

func (s *shelf) put(k keptKey, b []byte) {
	if s.n.Add(1) > maxShelf {
		s.parts.Clear()
		s.n.Store(1)
	}
	s.parts.Store(k, b)
}

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

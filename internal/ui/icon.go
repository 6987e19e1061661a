package ui

import (
	"context"
	"io"
	"sync"

	"github.com/a-h/templ"

	"opsdesk/web"
)

// Icon is decoration; the control around it carries the name. A page has more
// than a hundred of them, so they are written by hand: name and class are words
// of the program, never of people.
func Icon(name, class string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		k := iconKey{From(ctx).Assets, name, class}
		tag, ok := icons.Load(k)
		if !ok {
			if class != "" {
				class = " " + class
			}
			tag = `<svg class="i` + templ.EscapeString(class) + `" aria-hidden="true"><use href="` + asset(ctx, "img/icons.svg") + `#` + templ.EscapeString(name) + `"></use></svg>`
			icons.Store(k, tag)
		}
		_, err := io.WriteString(w, tag.(string)) //nolint:forcetypeassert // it holds nothing else
		return err
	})
}

// icons are the tags that were written, which are as many as the program has
// words for them.
var icons sync.Map // iconKey → string

type iconKey struct {
	assets      *web.Assets
	name, class string
}

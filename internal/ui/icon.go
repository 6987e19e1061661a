package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Icon is decoration; the control around it carries the name. A page has more
// than a hundred of them, so they are written by hand: name and class are words
// of the program, never of people.
func Icon(name, class string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if class != "" {
			class = " " + class
		}
		_, err := io.WriteString(w, `<svg class="i`+templ.EscapeString(class)+`" aria-hidden="true"><use href="`+asset(ctx, "img/icons.svg")+`#`+templ.EscapeString(name)+`"></use></svg>`)
		return err
	})
}

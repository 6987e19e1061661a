package routing

import (
	"context"

	"opsdesk/internal/ui"
)

// persons are the ways to choose somebody; the empty choice is nobody.
func persons(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, s := range Strategies {
		out = append(out, ui.Option{Value: s, Label: ui.T(ctx, "routing.person."+s)})
	}
	return out
}

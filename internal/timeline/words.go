package timeline

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// Doer names who an act is told of: whom it was done for (of imported history the
// person of the old system), else who did it. person names somebody for a reader
// of a language, "" whom it does not know.
func Doer(ctx context.Context, e *trail.Entry, person func(id *uuid.UUID, lang string) string) string {
	for _, id := range []*uuid.UUID{e.BehalfID, &e.ActorID} {
		if n := person(id, i18n.Lang(ctx)); n != "" {
			return n
		}
	}
	return ui.Doer(ctx, e.ActorID, e.ActorName)
}

// Priority puts a priority of a diff into words, "" for one that was not known.
func Priority(ctx context.Context, v any) string {
	if text := Level(ctx, "ui.priority.", 4, v); text != "" {
		return fmt.Sprintf("P%.0f %s", v, text)
	}
	return ""
}

// Level puts a level of a diff into words, "" for one that was not known. There
// are so many, from 1 on; keys are what the messages' keys begin with.
func Level(ctx context.Context, keys string, levels int, v any) string {
	n, ok := v.(float64) // as JSON has it
	if !ok || n < 1 || n > float64(levels) {
		return ""
	}
	return ui.T(ctx, fmt.Sprintf("%s%.0f", keys, n))
}

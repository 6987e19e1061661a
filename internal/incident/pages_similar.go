package incident

import (
	"context"

	"opsdesk/internal/ui"
)

// similarKey chooses the words: staff see only reports of their own, engineers
// those of others.
func similarKey(ctx context.Context, part string) string {
	if ui.From(ctx).Actor.Agent() {
		return "incident.similar." + part + ".agent"
	}
	return "incident.similar." + part + ".staff"
}

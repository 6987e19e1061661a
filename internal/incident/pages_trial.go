package incident

import (
	"context"

	"opsdesk/internal/ui"
)

// trialVersion names the rules that were tried.
func trialVersion(ctx context.Context, t Trial) string {
	if t.Number == 0 {
		return ui.T(ctx, "routing.draft.badge")
	}
	return ui.T(ctx, "routing.version", "number", t.Number)
}

type trialNumber struct {
	key string
	n   int
}

func trialNumbers(t Trial) []trialNumber {
	return []trialNumber{
		{"incident.trial.seen", t.Seen}, {"incident.trial.routed", t.Routed}, {"incident.trial.same", t.Same}, {"incident.trial.differ", t.Differ}, {"incident.trial.raised", t.Raised},
	}
}

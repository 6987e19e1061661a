package audit

import (
	"context"
	"maps"
	"slices"

	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

func outcomeOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, o := range outcomes {
		out = append(out, ui.Option{Value: string(o), Label: ui.T(ctx, "audit.outcome."+string(o))})
	}
	return out
}

func sorted(d trail.Diff) []string { return slices.Sorted(maps.Keys(d)) }

func firstFindings(list []trail.Finding) []trail.Finding { return list[:min(20, len(list))] }

package people

import (
	"context"
	"time"

	"opsdesk/internal/presence"
	"opsdesk/internal/ui"
)

// awayText says until when somebody is away, and who stands in.
func awayText(ctx context.Context, a presence.Away) string {
	day := ui.Date(ctx, a.Until.Add(-time.Second))
	if a.Substitute == nil {
		return ui.T(ctx, "presence.away_until", "day", day)
	}
	return ui.T(ctx, "presence.away_substitute", "day", day, "name", a.SubstituteName)
}

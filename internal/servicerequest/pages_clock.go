package servicerequest

import (
	"context"
	"slices"
	"time"

	"opsdesk/internal/sla"
	"opsdesk/internal/ui"
)

// promise is what the requester may expect next, beside the day on which it
// comes, and the words for it: by when work begins, when it is done at the
// latest, or that the time stands still while somebody else is waited for.
func (d Detail) promise() (*time.Time, string) {
	if d.State == Pending && slices.ContainsFunc(d.Clocks, func(c sla.ClockRow) bool { return c.Metric == sla.Resolution && c.State == sla.Held }) {
		return nil, "servicerequest.promise.paused"
	}
	m, due := sla.Next(d.Clocks, d.Now)
	switch {
	case m == sla.Response:
		return due, "servicerequest.promise.begin"
	case m == sla.Resolution && d.ExpectedAt == nil:
		return due, "servicerequest.promise.done"
	default:
		return nil, ""
	}
}

func dateOf(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ""
	}
	return ui.Date(ctx, *t)
}

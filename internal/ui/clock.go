package ui

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Clock is a promised time as a chip shows it.
type Clock struct {
	Metric  string // response, resolution, team
	State   string // running, paused, met, missed
	Started time.Time
	Due     *time.Time
	Warn    *time.Time // from here on it is short
	Crit    *time.Time // and from here on very short
}

// look is the state of the chip at an instant: ok, warn, crit, over, pause or
// met (guide §5).
func (c Clock) look(now time.Time) string {
	switch {
	case c.State == "met":
		return "met"
	case c.State == "missed":
		return "over"
	case c.State == "paused":
		return "pause"
	case c.Due != nil && now.After(*c.Due):
		return "over"
	case c.Crit != nil && !now.Before(*c.Crit):
		return "crit"
	case c.Warn != nil && !now.Before(*c.Warn):
		return "warn"
	}
	return "ok"
}

// text is what the chip says at an instant.
func (c Clock) text(ctx context.Context, now time.Time) string {
	switch look := c.look(now); {
	case c.State == "missed":
		return T(ctx, "ui.sla.missed")
	case look == "met":
		return T(ctx, "ui.sla.met")
	case look == "pause":
		return T(ctx, "ui.sla.paused")
	case c.Due == nil:
		return T(ctx, "ui.sla.open")
	case look == "over":
		return T(ctx, "ui.sla.over", "span", Span(ctx, now.Sub(*c.Due)))
	case look == "crit":
		return T(ctx, "ui.sla.soon", "span", Span(ctx, c.Due.Sub(now)))
	}
	return T(ctx, "ui.sla.left", "span", Span(ctx, c.Due.Sub(now)))
}

// ring is the part of the time that is left, as a dash of a circle of 100.
func (c Clock) ring(now time.Time) string {
	if c.Due == nil || c.State == "met" || !c.Due.After(c.Started) {
		return "100 100"
	}
	left := c.Due.Sub(now).Seconds() / c.Due.Sub(c.Started).Seconds()
	return fmt.Sprintf("%d 100", int(100*min(1, max(0, left))))
}

// counts reports whether the chip changes while somebody looks at it.
func (c Clock) counts() bool { return c.State == "running" && c.Due != nil }

// hint is the chip's title: what is due when.
func (c Clock) hint(ctx context.Context) string {
	what := T(ctx, "ui.sla.metric."+c.Metric)
	if c.Due == nil {
		return what
	}
	return T(ctx, "ui.sla.hint", "what", what, "due", Date(ctx, *c.Due))
}

func millis(t *time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// nowMillis is the server's time, by which the browser counts on.
func nowMillis(ctx context.Context) string {
	now := From(ctx).Now
	return millis(&now)
}

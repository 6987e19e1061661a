package change

import (
	"context"
	"strings"
	"time"

	"opsdesk/internal/ui"
)

// heading is the month, or the first and the last day of the week.
func (p calendarProps) heading(ctx context.Context) string {
	if p.Week {
		from, _ := p.first(p.Day.Location())
		return from.Format(time.DateOnly) + " – " + from.AddDate(0, 0, 6).Format(time.DateOnly)
	}
	return ui.T(ctx, "change.calendar.of", "year", p.Day.Year(), "month", ui.T(ctx, "change.month."+p.Day.Format("01")))
}

// slotColour tells apart what is sure, what is being done and what is planned.
func slotColour(s Slot) string {
	switch {
	case s.Type == Emergency:
		return "red"
	case s.State.Running():
		return "now"
	case s.State == Scheduled || s.State == Approved:
		return "sure"
	case !s.State.Planned():
		return "past"
	}
	return ""
}

// typedTime is an instant of a refused form for its field.
func typedTime(ctx context.Context, s string) string {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return ui.Local(ctx, t)
	}
	return s
}

// query is what the address of the page says, to come back to it.
func (p calendarProps) query() string {
	_, q, _ := strings.Cut(p.link(p.Day, p.Week), "?")
	return q
}

package sla

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"opsdesk/internal/ui"
)

// hoursText is the week in a line: runs of like days together.
func hoursText(ctx context.Context, r Rules) string {
	if r.Always() {
		return ui.T(ctx, "sla.calendar.always")
	}
	var parts []string
	for i := 0; i < 7; {
		j := i
		for j+1 < 7 && r.Week[(j+2)%7].String() == r.Week[(i+1)%7].String() {
			j++
		}
		if h := r.Week[(i+1)%7].String(); h != "" {
			days := dayName(ctx, (i+1)%7)
			if j > i {
				days = ui.T(ctx, "sla.calendar.from_to", "from", days, "to", dayName(ctx, (j+1)%7))
			}
			parts = append(parts, days+" "+h)
		}
		i = j + 1
	}
	return strings.Join(parts, " · ")
}

func dayName(ctx context.Context, d int) string { return ui.T(ctx, fmt.Sprintf("sla.day.%d", d)) }

// missingText names the years that a calendar does not know.
func missingText(ctx context.Context, c CalendarRecord, now time.Time) string {
	var y []string
	for _, n := range c.Missing(now) {
		y = append(y, fmt.Sprint(n))
	}
	if len(y) == 0 {
		return ""
	}
	return ui.T(ctx, "sla.calendar.missing", "years", strings.Join(y, ", "))
}

// daysOf lists the special days of a year in order.
func (p calendarProps) daysOf() []string {
	var out []string
	for _, d := range slices.Sorted(maps.Keys(p.One.Last().Days)) {
		if strings.HasPrefix(d, fmt.Sprint(p.Year)+"-") {
			out = append(out, d)
		}
	}
	return out
}

// dayText is a date with its weekday.
func dayText(ctx context.Context, date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return date + " " + dayName(ctx, int(t.Weekday()))
}

func sinceOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: "now", Label: ui.T(ctx, "sla.since.now"), Hint: ui.T(ctx, "sla.since.now_hint"), Icon: "clock"},
		{Value: "always", Label: ui.T(ctx, "sla.since.always"), Hint: ui.T(ctx, "sla.since.always_hint"), Icon: "arrow-back-up"},
	}
}

func kindOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "off", Label: ui.T(ctx, "sla.day.off")}, {Value: "work", Label: ui.T(ctx, "sla.day.work")}, {Value: "plain", Label: ui.T(ctx, "sla.day.plain")}}
}

// signed writes a span that may be below zero.
func signed(ctx context.Context, d time.Duration) string {
	if d < 0 {
		return "−" + ui.Span(ctx, d)
	}
	return ui.Span(ctx, d)
}

func orAll(x string) string {
	if x == "" {
		return "all"
	}
	return x
}

func dueText(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ui.T(ctx, "ui.sla.paused")
	}
	return ui.Date(ctx, *t)
}

func lateColour(late string) string {
	if late == "becomes" {
		return "red"
	}
	return "green"
}

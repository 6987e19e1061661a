package change

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/ui"
)

// recurs says when a window is, such as "first Sunday of the month, 02:00–06:00".
func recurs(ctx context.Context, m Maintenance) string {
	days := make([]string, len(m.Weekdays))
	for n, d := range m.Weekdays {
		days[n] = ui.T(ctx, "change.weekday_name."+strconv.Itoa(d))
	}
	text := ui.T(ctx, "change.nth_of."+strconv.Itoa(m.Nth), "days", strings.Join(days, ui.T(ctx, "change.maintenance.and")))
	return text + " " + m.Starts + "–" + m.Ends
}

// validity is from which day to which a window is in force.
func validity(ctx context.Context, m Maintenance) string {
	if m.ValidUntil == "" {
		return ui.T(ctx, "change.maintenance.from", "day", m.ValidFrom)
	}
	return m.ValidFrom + " – " + m.ValidUntil
}

// about names what a window is for; items that the reader may not see are
// counted.
func (l MaintenanceList) about(ctx context.Context, m Maintenance) string {
	var out []string
	for _, id := range m.Services {
		out = append(out, l.service(ctx, id))
	}
	for _, id := range l.seen(m).Items {
		out = append(out, l.Items[id])
	}
	if n := l.hidden(m); n > 0 {
		out = append(out, ui.T(ctx, "change.maintenance.hidden", "count", n))
	}
	return strings.Join(out, ui.T(ctx, "change.maintenance.and"))
}

// hidden counts the items of a window that the reader may not see.
func (l MaintenanceList) hidden(m Maintenance) int { return len(m.Items) - len(l.seen(m).Items) }

func (l MaintenanceList) service(ctx context.Context, id uuid.UUID) string {
	for _, s := range slices.Concat(l.Services, l.Retired) {
		if s.ID == id {
			return pick(ctx, s.Name, s.NameEn)
		}
	}
	return id.String()
}

// group is what a change is outside the same windows of.
type group struct {
	Outside
	names  []string // for the reader
	hidden int      // items that they may not see
}

// grouped puts together what has the same windows, and the same exception from
// them: one window is told of once, however many items it is for.
func grouped(ctx context.Context, list []Outside) []group {
	var out []group
	at := map[string]int{}
	for _, o := range list {
		key := o.Excepted
		for _, m := range o.Windows {
			key = m.ID.String() + key
		}
		n, ok := at[key]
		if !ok {
			n, out = len(out), append(out, group{Outside: o})
			at[key] = n
		}
		if o.Hidden() {
			out[n].hidden++
		} else {
			out[n].names = append(out[n].names, pick(ctx, o.NameZh, o.NameEn))
		}
	}
	return out
}

// perGroup is how many of a group are named.
const perGroup = 5

func (g group) name(ctx context.Context) string {
	out := slices.Clone(g.names[:min(len(g.names), perGroup)])
	if n := len(g.names) - len(out); n > 0 {
		out = append(out, ui.T(ctx, "change.outside_more", "n", n))
	}
	if g.hidden == 1 {
		out = append(out, ui.T(ctx, "change.outside_hidden"))
	} else if g.hidden > 1 {
		out = append(out, ui.T(ctx, "change.outside_hidden_n", "n", g.hidden))
	}
	return strings.Join(out, ui.T(ctx, "change.maintenance.and"))
}

// outsideWhen lists the windows, and when the next begins.
func outsideWhen(ctx context.Context, o Outside, now time.Time) string {
	list := make([]string, len(o.Windows))
	for n, m := range o.Windows {
		list[n] = pick(ctx, m.NameZh, m.NameEn) + ui.T(ctx, "change.maintenance.paren", "text", recurs(ctx, m))
	}
	text := strings.Join(list, ui.T(ctx, "change.maintenance.and"))
	if s := o.next(now); !s.From.IsZero() {
		text += " · " + ui.T(ctx, "change.maintenance.next", "when", windowText(ctx, &s.From, &s.To))
	}
	return text
}

// perBand is how many times of windows a day of the calendar names.
const perBand = 2

// bandTimes are the hours of a window on a day of the calendar.
func bandTimes(ctx context.Context, b Band, day time.Time) string {
	from, to := "", ""
	if !b.From.Before(day) {
		from = clock(ctx, &b.From)
	}
	if !b.To.After(day.AddDate(0, 0, 1)) {
		to = clock(ctx, &b.To)
	}
	return from + "–" + to
}

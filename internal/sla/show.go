package sla

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/ui"
)

// Leading is the metric that matters now: the running clock that is due first,
// else the resolution.
func Leading(list []ClockRow) Metric {
	best := Resolution
	var due *time.Time
	for _, c := range list {
		if c.Metric != Team && c.State == Running && c.Due != nil && (due == nil || c.Due.Before(*due)) {
			best, due = c.Metric, c.Due
		}
	}
	return best
}

// Next is what the requester may expect next, and by when; nil: nothing is said
// of a time that is past or that stands still.
func Next(list []ClockRow, now time.Time) (Metric, *time.Time) {
	for _, c := range list {
		if c.Metric != Team && c.State == Running && c.Due != nil && c.Due.After(now) {
			return c.Metric, c.Due
		}
	}
	return "", nil
}

// Bucket is under which heading of a queue something falls that is due at an
// instant: past or within half an hour, today, this week, later, never.
func Bucket(due *time.Time, now time.Time, zone *time.Location) string {
	if due == nil {
		return "none"
	}
	local := now.In(zone)
	midnight := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone)
	switch {
	case due.Before(now.Add(30 * time.Minute)):
		return "now"
	case due.Before(midnight):
		return "today"
	case due.Before(midnight.AddDate(0, 0, (7-int(local.Weekday()))%7)):
		return "week"
	}
	return "later"
}

// ClockOut is a clock as the API shows it with its record. Due is nil while the
// clock stands still and when it ended in time.
type ClockOut struct {
	Metric    Metric     `json:"metric"`
	State     State      `json:"state"`
	Target    Target     `json:"target"`
	StartedAt time.Time  `json:"started_at"`
	DueAt     *time.Time `json:"due_at"`
	EndedAt   *time.Time `json:"ended_at"`
	// BreachedAt is when the target was first missed; it stays.
	BreachedAt         *time.Time `json:"breached_at"`
	AgreementVersionID uuid.UUID  `json:"agreement_version_id"`
}

// Outs are clocks for the API.
func Outs(list []ClockRow) []ClockOut {
	out := []ClockOut{}
	for _, c := range list {
		out = append(out, ClockOut{c.Metric, c.State, c.Target, c.Started, c.Due, c.Ended, c.Breached, c.TermsID})
	}
	return out
}

// Told puts what the trail says of promised times into words: which marks were
// reached, and which breach was taken out of reports.
func Told(ctx context.Context, v any) string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		metric, what, _ := strings.Cut(fmt.Sprint(x), " ")
		if reason, ok := strings.CutPrefix(what, "excluded: "); ok {
			what = ui.T(ctx, "sla.told.excluded", "reason", reason)
		} else if name, ok := strings.CutPrefix(what, "terms: "); ok {
			what = ui.T(ctx, "sla.told.terms", "name", name)
		} else if what == "0" {
			what = ui.T(ctx, "sla.told.due")
		}
		out = append(out, ui.T(ctx, "ui.sla.metric."+metric)+" "+what)
	}
	return strings.Join(out, ui.T(ctx, "sla.told.comma"))
}

package incident

import (
	"time"

	"opsdesk/internal/sla"
)

// leading is the metric that matters now: the running clock that is due first,
// else the resolution.
func leading(list []sla.ClockRow) sla.Metric {
	best := sla.Resolution
	var due *time.Time
	for _, c := range list {
		if c.Metric != sla.Team && c.State == sla.Running && c.Due != nil && (due == nil || c.Due.Before(*due)) {
			best, due = c.Metric, c.Due
		}
	}
	return best
}

// promise is what the reporter may expect next, and the words for it. Nothing
// is said of a time that is past or that stands still.
func (d Detail) promise() (*time.Time, string) {
	for _, c := range d.Clocks {
		if c.State != sla.Running || c.Due == nil || !c.Due.After(d.Now) {
			continue
		}
		switch c.Metric {
		case sla.Response:
			return c.Due, "incident.request.answer_by"
		case sla.Resolution:
			return c.Due, "incident.request.solve_by"
		}
	}
	return nil, ""
}

// bucket is under which heading of the queue something falls that is due at an
// instant: past or within half an hour, today, this week, later, never.
func bucket(due *time.Time, now time.Time, zone *time.Location) string {
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

// Package workday counts working days in China: Monday to Friday, less public
// holidays, plus the weekend days that make up for them (调休). Years whose
// notice has not been published yet count as plain weeks.
//
// The days come from holiday-cn (MIT, see data/LICENSE), which follows the
// State Council's notices; 2015 to 2026 are known.
package workday

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"
)

//go:embed data/cn.json
var files embed.FS

// Calendar knows the exceptions: date → day off?
type Calendar struct{ off map[string]bool }

// China returns the embedded calendar.
func China() (Calendar, error) {
	b, err := files.ReadFile("data/cn.json")
	if err != nil {
		return Calendar{}, err
	}
	c := Calendar{}
	if err := json.Unmarshal(b, &c.off); err != nil {
		return c, fmt.Errorf("holidays: %w", err)
	}
	return c, nil
}

// Works reports whether people work on the date of t in t's own time zone.
func (c Calendar) Works(t time.Time) bool {
	if off, ok := c.off[t.Format(time.DateOnly)]; ok {
		return !off
	}
	d := t.Weekday()
	return d != time.Saturday && d != time.Sunday
}

// Add returns the instant n working days after t, at t's time of day in loc.
// The day of t itself does not count.
func (c Calendar) Add(t time.Time, n int, loc *time.Location) time.Time {
	d := t.In(loc)
	for n > 0 {
		d = d.AddDate(0, 0, 1)
		if c.Works(d) {
			n--
		}
	}
	return d.UTC()
}

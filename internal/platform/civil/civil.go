// Package civil reckons with days and with times of the day as people write
// them. A day is midnight in UTC, where every day has 24 hours: for its date
// only, as a day of the calendar has no zone.
package civil

import (
	"path"
	"strings"
	"sync"
	"time"
)

// zones keeps what was loaded: loading reads a file.
var zones sync.Map

// Zone is the zone of a name, as time.LoadLocation has it.
func Zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := time.LoadLocation(name)
	if err == nil && path.Clean(name) == name { // other spellings of one file are endless
		zones.Store(name, z)
	}
	return z, err
}

// Day is the day of t, by the clock that t is of.
func Day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Weekday is that of a day, counted from Monday, which is 1.
func Weekday(day time.Time) int { return (int(day.Weekday())+6)%7 + 1 }

// Clock reads 08:30, or 8:30, as the time since midnight.
func Clock(s string) (time.Duration, bool) {
	t, err := time.Parse("15:04", strings.TrimSpace(s))
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}

// On is the first and the last instant at which clocks of a zone show what wall
// shows in UTC: two where they are put back over it, else one. Where they are put
// forward over it they never show it: both are as much later as they are put
// forward, and shown is false.
func On(wall time.Time, zone *time.Location) (first, last time.Time, shown bool) {
	offset := func(at time.Time) time.Duration {
		_, s := at.In(zone).Zone()
		return time.Duration(s) * time.Second
	}
	// No zone is further than 26 hours from what it was or will be.
	first, last = wall.Add(-offset(wall.Add(-26*time.Hour))), wall.Add(-offset(wall.Add(26*time.Hour)))
	if last.Before(first) {
		first, last = last, first
	}
	shows := func(at time.Time) bool { return at.Add(offset(at)).Equal(wall) }
	switch early, late := shows(first), shows(last); {
	case early && late:
		return first, last, true
	case early:
		return first, first, true
	case late:
		return last, last, true
	}
	return last, last, false
}

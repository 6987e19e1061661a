package inspection

import (
	"slices"
	"time"

	"opsdesk/internal/platform/civil"
	"opsdesk/internal/platform/fault"
)

// Unit is what a recurrence counts.
type Unit string

// The units.
const (
	Days   Unit = "day"
	Weeks  Unit = "week"
	Months Unit = "month"
)

// Recurrence says on which days something is due, from a first day on, and at
// what time of day on the wall clock.
type Recurrence struct {
	Unit  Unit `json:"unit" validate:"required,oneof=day week month"`
	Every int  `json:"every" validate:"min=1,max=120"`
	// Weekdays are those of weeks, Monday is 1; none: that of the first day.
	Weekdays []int `json:"weekdays" validate:"max=7,dive,min=1,max=7"`
	// MonthDay is that of months, in shorter ones the last; 0: that of the first day.
	MonthDay int    `json:"month_day" validate:"min=0,max=31"`
	At       string `json:"at" validate:"required"`   // 08:30
	From     string `json:"from" validate:"required"` // the first day, 2026-12-01
}

// check names what cannot be read.
func (r Recurrence) check() error {
	f := fault.New(fault.Invalid, "error.invalid")
	if _, ok := civil.Clock(r.At); !ok {
		f.Fields = append(f.Fields, fault.Field{Name: "at", Code: "inspection.error.time"})
	}
	if _, err := time.Parse(time.DateOnly, r.From); err != nil {
		f.Fields = append(f.Fields, fault.Field{Name: "from", Code: "inspection.error.date"})
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// on reports whether the recurrence names a day. Days are midnights in UTC: a
// day of the calendar has no zone.
func (r Recurrence) on(day time.Time) bool {
	first, err := time.Parse(time.DateOnly, r.From)
	if err != nil || day.Before(first) || r.Every < 1 {
		return false
	}
	switch r.Unit {
	case Days:
		return between(first, day)%r.Every == 0
	case Weeks:
		list := r.Weekdays
		if len(list) == 0 {
			list = []int{civil.Weekday(first)}
		}
		return slices.Contains(list, civil.Weekday(day)) && between(monday(first), monday(day))/7%r.Every == 0
	case Months:
		want := r.MonthDay
		if want == 0 {
			want = first.Day()
		}
		last := day.AddDate(0, 1, -day.Day()).Day()
		return day.Day() == min(want, last) && ((day.Year()-first.Year())*12+int(day.Month()-first.Month()))%r.Every == 0
	}
	return false
}

func between(a, b time.Time) int { return int(b.Sub(a) / (24 * time.Hour)) }

func monday(day time.Time) time.Time { return day.AddDate(0, 0, 1-civil.Weekday(day)) }

// Schedule is a recurrence with where its clock hangs and which days are worked.
type Schedule struct {
	Recurrence
	Zone *time.Location
	// Working reports whether a day is worked; nil: every day is. What falls on
	// another day moves to the next that is, and what meets there is one.
	Working func(day time.Time) bool
}

// farthest is how far a day may move; beyond, it is left out.
const farthest = 40

// horizon is how far ahead anything looks.
const horizon = 20 * 366

// Next lists the first n occurrences after an instant.
func (s Schedule) Next(after time.Time, n int) []time.Time {
	return s.list(after, after.AddDate(0, 0, horizon), n)
}

// Between lists the occurrences after one instant, up to another and with it.
func (s Schedule) Between(after, until time.Time) []time.Time { return s.list(after, until, horizon) }

// Has reports whether an instant is an occurrence.
func (s Schedule) Has(at time.Time) bool {
	return slices.ContainsFunc(s.Between(at.Add(-time.Minute), at), at.Equal)
}

func (s Schedule) list(after, until time.Time, limit int) []time.Time {
	at, ok := civil.Clock(s.At)
	if !ok {
		return nil
	}
	first, err := time.Parse(time.DateOnly, s.From)
	if err != nil {
		return nil
	}
	day := civil.Day(after.In(s.Zone)).AddDate(0, 0, -farthest)
	if day.Before(first) {
		day = first
	}
	var out []time.Time
	var last time.Time // the day that was due last
	for end := civil.Day(until.In(s.Zone)); !day.After(end) && len(out) < limit; day = day.AddDate(0, 0, 1) {
		if !s.on(day) {
			continue
		}
		due, ok := s.worked(day)
		if !ok || due.Equal(last) {
			continue
		}
		last = due
		// A time that comes twice is the first; one that is left out is as much later
		// as clocks were put forward.
		if t, _, _ := civil.On(due.Add(at), s.Zone); t.After(after) && !t.After(until) {
			out = append(out, t)
		}
	}
	return out
}

// worked is the day itself or the next one that is worked.
func (s Schedule) worked(day time.Time) (time.Time, bool) {
	for range farthest {
		if s.Working == nil || s.Working(day) {
			return day, true
		}
		day = day.AddDate(0, 0, 1)
	}
	return day, false
}

package sla

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Span is a run of working time within a day, in minutes from midnight:
// [From, To), at most 1440.
type Span struct{ From, To int }

// Hours are the spans of one day, in order and apart from each other. They are
// written "09:00-12:00 13:30-18:00"; no hours are "".
type Hours []Span

// ParseHours reads hours as people write them. A night shift is two spans:
// 22:00-24:00 and, on the next day, 00:00-06:00.
func ParseHours(s string) (Hours, error) {
	var out Hours
	for _, f := range strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == ',' || r == '，' || r == '、' || r == ';' || r == '\n' || r == '\t'
	}) {
		a, b, ok := strings.Cut(strings.NewReplacer("–", "-", "—", "-", "~", "-", "：", ":").Replace(f), "-")
		from, aok := minute(a)
		to, bok := minute(b)
		if !ok || !aok || !bok || from >= to {
			return nil, fmt.Errorf("hours %q", f)
		}
		out = append(out, Span{from, to})
	}
	slices.SortFunc(out, func(a, b Span) int { return a.From - b.From })
	for i := 1; i < len(out); i++ {
		if out[i].From < out[i-1].To {
			return nil, fmt.Errorf("hours %q overlap", s)
		}
	}
	return out, nil
}

// minute reads 9:30 as minutes from midnight; 24:00 is the end of the day.
func minute(s string) (int, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hn, err := strconv.Atoi(h)
	mn, merr := strconv.Atoi(m)
	if !ok || err != nil || merr != nil || len(m) != 2 || hn < 0 || mn < 0 || mn > 59 || hn*60+mn > 1440 {
		return 0, false
	}
	return hn*60 + mn, true
}

// String writes the hours so that ParseHours reads them again.
func (h Hours) String() string {
	var b strings.Builder
	for i, s := range h {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
	}
	return b.String()
}

// MarshalText is String.
func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is ParseHours.
func (h *Hours) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHours(string(b))
	return err
}

// Length is how long the hours are together.
func (h Hours) Length() time.Duration {
	n := 0
	for _, s := range h {
		n += s.To - s.From
	}
	return time.Duration(n) * time.Minute
}

// Week is the hours of each weekday, Sunday first as in package time.
type Week [7]Hours

// Special is a day that differs from its weekday: a public holiday, a weekend
// day that makes up for one (调休), a short day.
type Special struct {
	Off bool `json:"off"`
	// Hours of a day that is worked; nil means those of an ordinary working day.
	Hours  Hours  `json:"hours,omitempty"`
	Name   string `json:"name"`
	Source string `json:"source,omitempty"` // the notice that says so
}

// Rules say how a calendar works from an instant on.
type Rules struct {
	From time.Time          `json:"from"` // the zero time: since ever
	Zone string             `json:"zone"` // IANA name
	Week Week               `json:"week"`
	Days map[string]Special `json:"days"` // by date, 2026-01-04
}

// Ordinary is the hours of an ordinary working day: the first of the week,
// from Monday, that has any.
func (r Rules) Ordinary() Hours {
	for i := range 7 {
		if h := r.Week[(i+1)%7]; len(h) > 0 {
			return h
		}
	}
	return nil
}

// On is the hours of a date, and what is special about it, if anything.
func (r Rules) On(date string, weekday time.Weekday) (Hours, *Special) {
	s, ok := r.Days[date]
	switch {
	case !ok:
		return r.Week[weekday], nil
	case s.Off:
		return nil, &s
	case len(s.Hours) > 0:
		return s.Hours, &s
	case len(r.Week[weekday]) > 0:
		return r.Week[weekday], &s
	}
	return r.Ordinary(), &s
}

// Location is the zone of the rules; UTC where the zone is not known here.
func (r Rules) Location() *time.Location {
	loc, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Calendar tells working time. Its rules follow each other in time, so that a
// change that holds from now leaves what was counted before as it is. A
// Calendar is not changed once it is in use, and safe for concurrent use.
type Calendar struct {
	Timeline []Rules // in the order of From; the first also holds before it

	once sync.Once
	runs []run
}

// run is one stretch of working time, in microseconds since 1970, with how
// much working time there was before it.
type run struct{ from, to, before int64 }

// Working time is known between these years.
const (
	firstYear = 2000
	lastYear  = 2060
)

// At is the rules that hold at an instant.
func (c *Calendar) At(t time.Time) Rules {
	n := sort.Search(len(c.Timeline), func(i int) bool { return c.Timeline[i].From.After(t) })
	return c.Timeline[max(0, n-1)]
}

// compile turns the rules into runs: the local days of each stretch of time in
// which the zone's offset does not change. Working time is what a clock on the
// wall shows: an hour that comes twice counts twice, one that is left out does
// not count.
func (c *Calendar) compile() {
	end := time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, r := range c.Timeline {
		from, to := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC), end
		if i > 0 && r.From.After(from) {
			from = r.From
		}
		if i+1 < len(c.Timeline) && c.Timeline[i+1].From.Before(end) {
			to = c.Timeline[i+1].From
		}
		special := r.specials()
		loc := r.Location()
		for at := from; at.Before(to); {
			_, offset := at.In(loc).Zone()
			_, until := at.In(loc).ZoneBounds()
			switch {
			case until.IsZero() || until.After(to):
				until = to
			case !until.After(at):
				until = at.Add(15 * time.Minute) // ZoneBounds may answer with the instant itself at the turn of a year
			}
			c.days(r, special, at.Unix(), at.UnixMicro(), until.UnixMicro(), int64(offset))
			at = until
		}
	}
}

// specials is the special days by their number since 1970.
func (r Rules) specials() map[int64]Hours {
	out := make(map[int64]Hours, len(r.Days))
	for date := range r.Days {
		t, err := time.Parse(time.DateOnly, date)
		if err == nil {
			out[t.Unix()/86400], _ = r.On(date, t.Weekday())
		}
	}
	return out
}

func (c *Calendar) days(r Rules, special map[int64]Hours, unix, from, to, offset int64) {
	for day := floorDiv(unix+offset, 86400); ; day++ {
		midnight := (day*86400 - offset) * 1e6
		if midnight >= to {
			return
		}
		h, ok := special[day]
		if !ok {
			h = r.Week[(day+4)%7] // 1970 began on a Thursday
		}
		for _, s := range h {
			c.add(max(from, midnight+int64(s.From)*60e6), min(to, midnight+int64(s.To)*60e6))
		}
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (c *Calendar) add(from, to int64) {
	if from >= to {
		return
	}
	n := len(c.runs)
	if n == 0 {
		c.runs = append(c.runs, run{from, to, 0})
		return
	}
	last := &c.runs[n-1]
	if from <= last.to {
		last.to = max(last.to, to)
		return
	}
	c.runs = append(c.runs, run{from, to, last.before + last.to - last.from})
}

// worked is the working time before an instant, in microseconds.
func (c *Calendar) worked(t time.Time) int64 {
	c.once.Do(c.compile)
	at := t.UnixMicro()
	n := sort.Search(len(c.runs), func(i int) bool { return c.runs[i].from > at })
	if n == 0 {
		return 0
	}
	r := c.runs[n-1]
	return r.before + min(at, r.to) - r.from
}

// Elapsed is the working time between two instants; none if to is not after
// from.
func (c *Calendar) Elapsed(from, to time.Time) time.Duration {
	if !to.After(from) {
		return 0
	}
	return time.Duration(c.worked(to)-c.worked(from)) * time.Microsecond
}

// Add is the first instant by which d of working time has passed since from,
// and false if that never happens as far as the calendar knows. No time has
// passed at from itself.
func (c *Calendar) Add(from time.Time, d time.Duration) (time.Time, bool) {
	if d <= 0 {
		return from, true
	}
	want := c.worked(from) + d.Microseconds()
	n := sort.Search(len(c.runs), func(i int) bool { r := c.runs[i]; return r.before+r.to-r.from >= want })
	if n == len(c.runs) {
		return time.Time{}, false
	}
	return time.UnixMicro(c.runs[n].from + want - c.runs[n].before).UTC(), true
}

// AddDays is the instant n working days after t, at t's time of day in the
// calendar's zone. The day of t itself does not count.
func (c *Calendar) AddDays(t time.Time, n int) time.Time {
	r := c.At(t)
	d := t.In(r.Location())
	for guard := 0; n > 0 && guard < 3660; guard++ {
		d = d.AddDate(0, 0, 1)
		if h, _ := r.On(d.Format(time.DateOnly), d.Weekday()); len(h) > 0 {
			n--
		}
	}
	return d.UTC()
}

// Spell is one stretch of counted time within a day, for explanations.
type Spell struct {
	From, To time.Time
	Special  *Special
}

// Spells lists the working time between two instants, at most limit stretches.
func (c *Calendar) Spells(from, to time.Time, limit int) []Spell {
	c.once.Do(c.compile)
	var out []Spell
	a, b := from.UnixMicro(), to.UnixMicro()
	for n := sort.Search(len(c.runs), func(i int) bool { return c.runs[i].to > a }); n < len(c.runs) && c.runs[n].from < b && len(out) < limit; n++ {
		s := Spell{From: time.UnixMicro(max(a, c.runs[n].from)).UTC(), To: time.UnixMicro(min(b, c.runs[n].to)).UTC()}
		r := c.At(s.From)
		if sp, ok := r.Days[s.From.In(r.Location()).Format(time.DateOnly)]; ok {
			s.Special = &sp
		}
		out = append(out, s)
	}
	return out
}

// Known reports whether the special days of a year are known: whether any
// stands in the rules that hold last.
func (r Rules) Known(year int) bool {
	prefix := strconv.Itoa(year) + "-"
	for d := range r.Days {
		if strings.HasPrefix(d, prefix) {
			return true
		}
	}
	return false
}

// Always reports whether every minute counts, so that no holiday matters.
func (r Rules) Always() bool {
	for _, h := range r.Week {
		if h.Length() != 24*time.Hour {
			return false
		}
	}
	return len(r.Days) == 0
}

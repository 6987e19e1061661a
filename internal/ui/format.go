package ui

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
)

// Zone is the reader's time zone; the company's default where none is known.
func Zone(ctx context.Context) *time.Location {
	s := From(ctx)
	name := s.Actor.TimeZone
	if name == "" {
		name = "Asia/Shanghai"
	}
	if s.zone == nil || s.zoneName != name { // looked up once a page: a list shows many times
		s.zone, s.zoneName = location(name), name
	}
	return s.zone
}

// zones keeps the time zones that were asked for: reading one opens a file, and
// there are some six hundred.
var zones sync.Map

func location(name string) *time.Location {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	zones.Store(name, loc)
	return loc
}

var zhDays = [...]string{"ui.day.0", "ui.day.1", "ui.day.2", "ui.day.3", "ui.day.4", "ui.day.5", "ui.day.6"}

// Date writes an instant in the reader's zone and language: 11 月 28 日（周六）
// 22:00 or Sat 28 Nov 22:00; the year stands where it is not this one.
func Date(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	key, year := "ui.date", ""
	if now := From(ctx).Now.In(Zone(ctx)); !now.IsZero() && now.Year() != t.Year() {
		key, year = "ui.date.year", strconv.Itoa(t.Year())
	}
	if i18n.Lang(ctx) == i18n.English {
		return strings.TrimSpace(t.Format("Mon 2 Jan ") + year + " " + t.Format("15:04"))
	}
	return T(ctx, key, "year", year, "month", int(t.Month()), "day", t.Day(), "weekday", T(ctx, zhDays[t.Weekday()]), "time", t.Format("15:04"))
}

// Stamp is the full instant with its zone, for the title of a short time.
func Stamp(ctx context.Context, t time.Time) string {
	return t.In(Zone(ctx)).Format("2006-01-02 15:04:05 -07:00 MST")
}

// Ago writes how long ago an instant was, and the date after a day.
func Ago(ctx context.Context, t time.Time) string {
	once(ctx)
	now := From(ctx).Now
	d := now.Sub(t)
	switch {
	case now.IsZero() || d >= 24*time.Hour || d < -time.Minute:
		return Date(ctx, t)
	case d < time.Minute:
		return T(ctx, "ui.just_now")
	}
	return T(ctx, "ui.ago", "span", Span(ctx, d))
}

// Age is Ago for narrow columns: 41m, 2h, 3d.
func Age(ctx context.Context, t time.Time) string {
	once(ctx)
	d := max(0, From(ctx).Now.Sub(t))
	switch {
	case d < time.Hour:
		return T(ctx, "ui.age.minutes", "n", int(d.Minutes()))
	case d < 24*time.Hour:
		return T(ctx, "ui.age.hours", "n", int(d.Hours()))
	}
	return T(ctx, "ui.age.days", "n", int(d.Hours()/24))
}

// Span writes a duration with at most two units.
func Span(ctx context.Context, d time.Duration) string {
	d = d.Abs()
	m := int(d.Minutes())
	switch {
	case m < 60:
		return T(ctx, "ui.span.m", "m", m)
	case m < 24*60 && m%60 == 0:
		return T(ctx, "ui.span.h", "h", m/60)
	case m < 24*60:
		return T(ctx, "ui.span.hm", "h", m/60, "m", m%60)
	case m%(24*60) < 60:
		return T(ctx, "ui.span.d", "d", m/(24*60))
	}
	return T(ctx, "ui.span.dh", "d", m/(24*60), "h", m%(24*60)/60)
}

// Local writes an instant for a datetime-local field in the reader's zone.
func Local(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(Zone(ctx)).Format("2006-01-02T15:04")
}

// Bytes writes a size.
func Bytes(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// Count writes a bounded count: limit+1 and more is "limit+".
func Count(n, limit int) string {
	if n > limit {
		return thousands(limit) + "+"
	}
	return thousands(n)
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// Initials are what an avatar shows: the family name of a Chinese one, or the
// last two characters where there is room; two initials otherwise.
func Initials(name string, large bool) string {
	r := []rune(strings.TrimSpace(name))
	if len(r) == 0 {
		return "?"
	}
	if unicode.Is(unicode.Han, r[0]) {
		if large && len(r) > 1 {
			return string(r[len(r)-2:])
		}
		return string(r[:1])
	}
	out := ""
	for _, w := range strings.Fields(name) {
		c, _ := utf8.DecodeRuneInString(w)
		if out += strings.ToUpper(string(c)); utf8.RuneCountInString(out) == 2 {
			break
		}
	}
	return out
}

func colour(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return fmt.Sprintf("c%d", h.Sum32()%6+1)
}

// FieldError is the text of what is wrong with a field, or "".
func FieldError(ctx context.Context, f *fault.Error, name string) string {
	if f == nil {
		return ""
	}
	for _, x := range f.Fields {
		if x.Name == name {
			return T(ctx, x.Code, "param", x.Param)
		}
	}
	return ""
}

// Cut shortens a text for a narrow place.
func Cut(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// Clip shortens a text but keeps its lines.
func Clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

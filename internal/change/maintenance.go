package change

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/civil"
	"opsdesk/internal/record"
)

// kindMaintenance names maintenance windows in the trail. They are in no
// register.
const kindMaintenance record.Kind = "change.maintenance"

// LastOfMonth is the Nth of the last such weekday of a month.
const LastOfMonth = -1

// Maintenance is a recurring time in which services and items may be changed:
// some weekdays of every week, or the nth such weekday of every month, between
// two times of the day in a zone. A binding one shuts the gates of changes
// outside of it, another warns.
type Maintenance struct {
	ID         uuid.UUID   `db:"id" json:"id"`
	Version    int         `db:"version" json:"version"`
	NameZh     string      `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn     string      `db:"name_en" json:"name_en" audit:"name_en"`
	Binding    bool        `db:"binding" json:"binding" audit:"binding"`
	Nth        int         `db:"nth" json:"nth" audit:"nth"`                // 0: every week; 1 to 4, or LastOfMonth
	Weekdays   []int       `db:"weekdays" json:"weekdays" audit:"weekdays"` // 1: Monday
	Starts     string      `db:"starts" json:"starts" audit:"starts"`       // HH:MM in Zone
	Ends       string      `db:"ends" json:"ends" audit:"ends"`             // not after Starts: of the day after
	Zone       string      `db:"zone" json:"zone" audit:"zone"`
	ValidFrom  string      `db:"valid_from" json:"valid_from" audit:"valid_from"`    // the first day
	ValidUntil string      `db:"valid_until" json:"valid_until" audit:"valid_until"` // the last day; "": none
	Services   []uuid.UUID `db:"services" json:"services" audit:"services"`
	Items      []uuid.UUID `db:"items" json:"items" audit:"items"`
	Ended      bool        `db:"ended" json:"ended" audit:"ended"`
	CreatedBy  uuid.UUID   `db:"created_by" json:"created_by"`
	CreatedAt  time.Time   `db:"created_at" json:"created_at"`
	UpdatedAt  time.Time   `db:"updated_at" json:"updated_at"`
}

// Ref points at the window.
func (m Maintenance) Ref() record.Ref { return record.Ref{Kind: kindMaintenance, ID: m.ID} }

// CurrentVersion counts the changes to it, from 1.
func (m Maintenance) CurrentVersion() int { return m.Version }

// Touch notes an edit.
func (m *Maintenance) Touch(now time.Time) { m.Version++; m.UpdatedAt = now }

// Facts are what decides who may set it: owners of a service one that is for
// their service and nothing else.
func (m Maintenance) Facts() authz.Facts {
	out := authz.Facts{CreatedBy: m.CreatedBy}
	if len(m.Services) == 1 && len(m.Items) == 0 {
		out.ServiceID = m.Services[0]
	}
	return out
}

// Stretch is a time between two instants: [From, To).
type Stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// zone is the zone of the window; one that this machine does not know is UTC.
func (m Maintenance) zone() *time.Location {
	if z, err := civil.Zone(m.Zone); err == nil {
		return z
	}
	return time.UTC
}

// on reports whether a window begins on a day (of UTC, for its date only).
func (m Maintenance) on(day time.Time) bool {
	date := day.Format(time.DateOnly)
	if date < m.ValidFrom || m.ValidUntil != "" && date > m.ValidUntil || !slices.Contains(m.Weekdays, civil.Weekday(day)) {
		return false
	}
	switch m.Nth {
	case 0:
		return true
	case LastOfMonth:
		return day.AddDate(0, 0, 7).Month() != day.Month()
	}
	return (day.Day()-1)/7+1 == m.Nth
}

// Times lists when the window is open within [from, to), in order; what begins
// before or ends after is whole.
func (m Maintenance) Times(from, to time.Time) []Stretch {
	zone := m.zone()
	starts, _ := civil.Clock(m.Starts)
	ends, _ := civil.Clock(m.Ends)
	if ends <= starts {
		ends += 24 * time.Hour
	}
	var out []Stretch
	first, last := civil.Day(from.In(zone)).AddDate(0, 0, -1), civil.Day(to.In(zone))
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		if !m.on(day) {
			continue
		}
		s := Stretch{wall(day.Add(starts), zone, false), wall(day.Add(ends), zone, true)}
		if s.To.After(s.From) && s.From.Before(to) && s.To.After(from) {
			out = append(out, s)
		}
	}
	return out
}

// during reports whether the window is in force on a day of [from, to): what ends
// at midnight has nothing of the day that begins then.
func (m Maintenance) during(from, to time.Time) bool {
	zone := m.zone()
	return to.Add(-1).In(zone).Format(time.DateOnly) >= m.ValidFrom && (m.ValidUntil == "" || from.In(zone).Format(time.DateOnly) <= m.ValidUntil)
}

// wall is the instant at which clocks of a zone show what clock shows in UTC.
// Where they show it twice it is the first, or the last for an end; where they
// leave it out, it is the instant at which they are put forward.
func wall(clock time.Time, zone *time.Location, end bool) time.Time {
	first, last, shown := civil.On(clock, zone)
	switch {
	case !shown:
		begins, _ := last.In(zone).ZoneBounds()
		return begins.UTC()
	case end:
		return last
	}
	return first
}

// within reports whether all of [from, to) lies in the windows; what touches or
// overlaps counts as one.
func within(list []Maintenance, from, to time.Time) bool {
	var open []Stretch
	for _, m := range list {
		open = append(open, m.Times(from, to)...)
	}
	slices.SortFunc(open, func(a, b Stretch) int { return a.From.Compare(b.From) })
	at := from
	for _, s := range open {
		if s.From.After(at) {
			return false
		}
		if s.To.After(at) {
			at = s.To
		}
		if !at.Before(to) {
			return true
		}
	}
	return false
}

// Outside is a service or an item that has maintenance windows, none of which
// the window of a change lies in.
type Outside struct {
	ServiceID *uuid.UUID    `json:"service_id"`
	ItemID    *uuid.UUID    `json:"item_id"` // none as well: hidden
	NameZh    string        `json:"name_zh"`
	NameEn    string        `json:"name_en"`
	Windows   []Maintenance `json:"windows"`
	Excepted  string        `json:"excepted"` // why; "" if it is not
	By        *uuid.UUID    `json:"excepted_by"`
}

// Hidden reports whether it is an item that the reader may not see.
func (o Outside) Hidden() bool { return o.ServiceID == nil && o.ItemID == nil }

// Binding reports whether one of the windows is.
func (o Outside) Binding() bool {
	return slices.ContainsFunc(o.Windows, func(m Maintenance) bool { return m.Binding })
}

// Shut reports whether it keeps the change from being made.
func (o Outside) Shut() bool { return o.Binding() && o.Excepted == "" }

// next is when the windows open next after an instant, within two months.
func (o Outside) next(after time.Time) (out Stretch) {
	for _, m := range o.Windows {
		for _, s := range m.Times(after, after.Add(longestSpan)) {
			if !s.From.Before(after) && (out.From.IsZero() || s.From.Before(out.From)) {
				out = s
			}
		}
	}
	return out
}

// concerned are the items and services whose windows a change keeps to.
type concerned struct {
	items    []uuid.UUID // those that are changed, and what hangs on them
	above    []uuid.UUID // what those of the changed that have no windows themselves hang on
	services []uuid.UUID // of the change, and of those items
}

// outside lists what is concerned and not in a window. What has no window in
// force then may be changed at any time.
func outside(all []Maintenance, x concerned, from, to time.Time) []Outside {
	var out []Outside
	look := func(id uuid.UUID, of func(Maintenance) []uuid.UUID, as func(*Outside)) {
		var mine []Maintenance
		for _, m := range all {
			if slices.Contains(of(m), id) && m.during(from, to) {
				mine = append(mine, m)
			}
		}
		if len(mine) > 0 && !within(mine, from, to) {
			o := Outside{Windows: mine}
			as(&o)
			out = append(out, o)
		}
	}
	for _, id := range unique(slices.Concat(x.items, x.above)) {
		look(id, func(m Maintenance) []uuid.UUID { return m.Items }, func(o *Outside) { o.ItemID = &id })
	}
	for _, id := range unique(x.services) {
		look(id, func(m Maintenance) []uuid.UUID { return m.Services }, func(o *Outside) { o.ServiceID = &id })
	}
	return out
}

// without are those of some items that have no window in force in a time.
func without(all []Maintenance, items []uuid.UUID, from, to time.Time) []uuid.UUID {
	return slices.DeleteFunc(slices.Clone(items), func(id uuid.UUID) bool {
		return slices.ContainsFunc(all, func(m Maintenance) bool { return slices.Contains(m.Items, id) && m.during(from, to) })
	})
}

// about names the items, in any order, and the service of a change: an exception
// is for these and no others. Migration 0059 reckons the same.
func (c Change) about() string {
	items := make([]string, len(c.Items))
	for n, id := range c.Items {
		items[n] = id.String()
	}
	slices.Sort(items)
	h := sha256.Sum256([]byte(strings.Join(items, ",") + "|" + idText(c.ServiceID)))
	return hex.EncodeToString(h[:])
}

// Band is one time of a maintenance window in the calendar.
type Band struct {
	ID      uuid.UUID `json:"id"`
	NameZh  string    `json:"name_zh"`
	NameEn  string    `json:"name_en"`
	Binding bool      `json:"binding"`
	Stretch
}

// maxBands bounds how many times of windows one calendar shows.
const maxBands = 1000

// bands are the times of windows in a span, in order: of one service or item, or
// of all. more says that there are more than a calendar shows.
func bands(all []Maintenance, s Span) (out []Band, more bool) {
	for _, m := range all {
		if s.Service != nil && !slices.Contains(m.Services, *s.Service) || s.Item != nil && !slices.Contains(m.Items, *s.Item) {
			continue
		}
		for _, t := range m.Times(s.From, s.To) {
			out = append(out, Band{m.ID, m.NameZh, m.NameEn, m.Binding, t})
		}
	}
	slices.SortStableFunc(out, func(a, b Band) int { return a.From.Compare(b.From) })
	return out[:min(len(out), maxBands)], len(out) > maxBands
}

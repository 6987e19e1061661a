package change

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// calendarProps is the calendar by month or by week.
type calendarProps struct {
	Calendar
	Week     bool
	Day      time.Time // a day of it, in the reader's zone
	Weeks    [][]day
	Services []Named
	Service  string
	Today    string
	May      bool // may set freezes at all
	MayLift  map[uuid.UUID]bool
	Feed     *Feed
	Link     string // to the calendar, where it was made just now
	Form     url.Values
	Fault    *fault.Error
	MayMove  bool         // may plan changes at all: what of them is decided by each
	Moved    *fault.Error // why a window that was dragged is where it was
	MovedOf  string       // number of its change
}

// voids reports whether a move of the window makes a review void.
func (s Slot) voids() bool { return s.State.asked() }

// day is one day of the calendar.
type day struct {
	Date    time.Time
	Outside bool // of another month
	Slots   []Slot
	More    int
	Freezes []Freeze
	Bands   []Band // times of maintenance windows
}

// perDay is how many changes a day of the month shows.
const perDay = 4

func (h handlers) calendar(w http.ResponseWriter, r *http.Request) error {
	p, err := h.calendarOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, calendarPage(p))
}

func (h handlers) calendarOf(r *http.Request) (p calendarProps, err error) {
	ctx, q := r.Context(), r.URL.Query()
	zone := ui.Zone(ctx)
	p.Week, p.Service, p.Form = q.Get("range") == "week", q.Get("service"), url.Values{}
	now := h.desk.Now().In(zone)
	p.Day, p.Today = now, now.Format(time.DateOnly)
	if s := q.Get("day"); s != "" {
		if p.Day, err = time.ParseInLocation(time.DateOnly, s, zone); err != nil || p.Day.Year() < 2000 || p.Day.Year() > 2200 {
			return p, fault.OnField("day", "validation.datetime")
		}
	}
	span := Span{}
	if p.Service != "" {
		id, err := uuid.Parse(p.Service)
		if err != nil {
			return p, fault.OnField("service", "validation.uuid")
		}
		span.Service = &id
	}
	from, days := p.first(zone)
	span.From, span.To = from, from.AddDate(0, 0, days)
	if p.Calendar, err = h.s.Calendar(ctx, span); err != nil {
		return p, err
	}
	p.lay(from, days)
	if p.Services, err = h.s.Services(ctx); err != nil {
		return p, err
	}
	p.MayLift = map[uuid.UUID]bool{}
	for _, f := range p.Freezes {
		facts := f.Facts()
		p.MayLift[f.ID] = h.desk.Can(ctx, ActionLift, &facts)
	}
	p.May, p.MayMove = h.desk.Can(ctx, ActionFreeze, nil), h.desk.Can(ctx, ActionEdit, nil)
	p.Feed, err = h.s.Feed(ctx)
	return p, err
}

// first is the first day that is shown, a Monday, and how many days are.
func (p calendarProps) first(zone *time.Location) (time.Time, int) {
	d := time.Date(p.Day.Year(), p.Day.Month(), p.Day.Day(), 0, 0, 0, 0, zone)
	monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }
	if p.Week {
		return monday(d), 7
	}
	begin := monday(d.AddDate(0, 0, 1-d.Day()))
	n := 35
	if end := begin.AddDate(0, 0, n); end.Month() == d.Month() {
		n = 42
	}
	return begin, n
}

// lay puts changes and freezes on their days.
func (p *calendarProps) lay(from time.Time, days int) {
	for n := range days {
		d := day{Date: from.AddDate(0, 0, n)}
		end := from.AddDate(0, 0, n+1)
		d.Outside = !p.Week && d.Date.Month() != p.Day.Month()
		for _, s := range p.Slots {
			if s.From.Before(end) && s.To.After(d.Date) {
				if len(d.Slots) == perDay && !p.Week {
					d.More++
					continue
				}
				d.Slots = append(d.Slots, s)
			}
		}
		for _, f := range p.Freezes {
			if f.From.Before(end) && f.To.After(d.Date) {
				d.Freezes = append(d.Freezes, f)
			}
		}
		for _, b := range p.Bands {
			if b.From.Before(end) && b.To.After(d.Date) {
				d.Bands = append(d.Bands, b)
			}
		}
		if n%7 == 0 {
			p.Weeks = append(p.Weeks, nil)
		}
		last := &p.Weeks[len(p.Weeks)-1]
		*last = append(*last, d)
	}
}

// link is the address of the calendar at a day.
func (p calendarProps) link(d time.Time, week bool) string {
	q := url.Values{"day": {d.Format(time.DateOnly)}}
	if week {
		q.Set("range", "week")
	}
	if p.Service != "" {
		q.Set("service", p.Service)
	}
	return "/changes/calendar?" + q.Encode()
}

// step is the day one range earlier or later.
func (p calendarProps) step(n int) time.Time {
	if p.Week {
		return p.Day.AddDate(0, 0, 7*n)
	}
	return time.Date(p.Day.Year(), p.Day.Month(), 1, 0, 0, 0, 0, p.Day.Location()).AddDate(0, n, 0)
}

func (h handlers) freeze(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	for _, f := range []string{"from", "to"} {
		local(r.Context(), r.Form, f)
	}
	var in FreezeInput
	err := web.Form(r.Form, &in)
	if err == nil {
		_, err = h.s.Freeze(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		p, perr := h.calendarOf(r)
		if perr != nil {
			return err
		}
		p.Form, p.Fault = r.Form, f
		return web.Render(w, r, web.StatusOf(f), calendarPage(p))
	}
	web.Flash(w, "change.said.frozen")
	return web.SeeOther(w, r, "/changes/calendar")
}

// takeOff is the target of the forms that end what says when changes are made: a
// freeze or a maintenance window. A form without a version ends whatever it is now.
func takeOff[T any](param, back string, run func(context.Context, uuid.UUID, StepInput) (T, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readForm(w, r); err != nil {
			return err
		}
		id, err := web.PathID(r, param)
		if err != nil {
			return err
		}
		var in StepInput
		if r.Form.Has("version") {
			if err := readStep(r, &in); err != nil {
				return err
			}
		}
		if _, err := run(work.WithKey(r.Context(), web.Key(r)), id, in); err != nil {
			return err
		}
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, back)
	}
}

// moveWindow takes a window that was dragged by some days. The calendar comes
// back as it is then: where the move was refused, with the reasons.
func (h handlers) moveWindow(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	c, _, err := h.s.Get(ctx, id)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(r.Form.Get("days"))
	if err != nil || days < -400 || days > 400 {
		return fault.OnField("days", "validation.number")
	}
	in := MoveInput{Void: r.Form.Get("void") != ""}
	if in.Version, err = strconv.Atoi(r.Form.Get("version")); err != nil {
		return fault.OnField("version", "validation.number")
	}
	if c.WindowFrom != nil {
		from := c.WindowFrom.In(ui.Zone(ctx)).AddDate(0, 0, days) // at the same time of the day
		in.From = &from
	}
	if _, err = h.s.MoveWindow(work.WithKey(ctx, web.Key(r)), id, in); err == nil {
		web.Flash(w, "change.said.window_moved")
		return web.SeeOther(w, r, calendarAddress(r.URL.Query()))
	}
	f := fault.Of(err)
	if !shown(f) {
		return err
	}
	p, perr := h.calendarOf(r)
	if perr != nil {
		return err
	}
	p.Moved, p.MovedOf = f, c.Label()
	return web.Render(w, r, web.StatusOf(f), calendarPage(p))
}

func calendarAddress(q url.Values) string {
	if len(q) == 0 {
		return "/changes/calendar"
	}
	return "/changes/calendar?" + q.Encode()
}

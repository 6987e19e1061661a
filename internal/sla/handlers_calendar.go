package sla

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct {
	s    *Service
	desk *work.Desk
}

// calendarProps is the list of calendars, or one of them, and how the last form
// fared.
type calendarProps struct {
	List   []CalendarRecord
	One    *CalendarRecord
	In     CalendarInput
	Day    DayInput
	Import ImportInput
	Year   int
	Now    time.Time
	May    bool
	Part   string // which form the fault belongs to
	Fault  *fault.Error
	// Preview is what the form of a part would do.
	Preview *Preview
}

// preview is what the form of a part would do, where that was asked for.
func (p calendarProps) preview(part string) *Preview {
	if p.Part != part {
		return nil
	}
	return p.Preview
}

func (p calendarProps) at(part string) *fault.Error {
	if p.Part == part {
		return p.Fault
	}
	return nil
}

func (h handlers) calendarForm(ctx context.Context, id *uuid.UUID) (calendarProps, error) {
	now := h.desk.Now()
	p := calendarProps{Now: now, Year: now.Year(), May: h.desk.Can(ctx, ActionCalendar, nil), In: CalendarInput{
		Zone: "Asia/Shanghai", Active: true, Holidays: true, Since: "now",
		Mon: "09:00-18:00", Tue: "09:00-18:00", Wed: "09:00-18:00", Thu: "09:00-18:00", Fri: "09:00-18:00",
	}, Day: DayInput{Kind: "off", Since: "now"}, Import: ImportInput{Since: "now"}}
	if id == nil {
		list, err := h.s.Calendars(ctx)
		p.List = list
		return p, err
	}
	c, err := h.s.Calendar(ctx, *id)
	if err != nil {
		return p, err
	}
	r := c.Last()
	w := func(d time.Weekday) string { return r.Week[d].String() }
	p.One = &c
	p.In = CalendarInput{
		Version: c.Version, NameZh: c.NameZh, NameEn: c.NameEn, Zone: r.Zone, Default: c.Default, Active: c.Active, Since: "now",
		Mon: w(1), Tue: w(2), Wed: w(3), Thu: w(4), Fri: w(5), Sat: w(6), Sun: w(0),
	}
	return p, nil
}

func (h handlers) calendars(w http.ResponseWriter, r *http.Request) error {
	p, err := h.calendarForm(r.Context(), nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, calendarsPage(p))
}

func (h handlers) calendar(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	p, err := h.calendarForm(r.Context(), &id)
	if err != nil {
		return err
	}
	if y, err := strconv.Atoi(r.URL.Query().Get("year")); err == nil && y >= firstYear && y < lastYear {
		p.Year = y
	}
	return web.Render(w, r, http.StatusOK, calendarPage(p))
}

func (h handlers) createCalendar(w http.ResponseWriter, r *http.Request) error {
	var in CalendarInput
	err := web.Decode(r, &in)
	var c CalendarRecord
	if err == nil {
		c, err = h.s.CreateCalendar(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if f := fault.Of(err); f != nil {
		p, perr := h.calendarForm(r.Context(), nil)
		if !shown(f) || perr != nil {
			return err
		}
		p.In, p.Fault, p.Part = in, f, "hours"
		return web.Render(w, r, web.StatusOf(f), calendarsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/calendars/"+c.ID.String())
}

// shown reports whether a fault belongs on the form it came from.
func shown(f *fault.Error) bool {
	return f.Kind == fault.Invalid || f.Kind == fault.Conflict || f.Kind == fault.TooLarge
}

// changeCalendar runs one of the forms of a calendar's page.
func changeCalendar[In any](h handlers, w http.ResponseWriter, r *http.Request, part string, in *In, run func(context.Context, uuid.UUID, In) (CalendarRecord, error), look func(context.Context, uuid.UUID, In) (Preview, error), keep func(*calendarProps)) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	seen, err := PreviewOr(r, web.Decode(r, in), func(ctx context.Context) (Preview, error) { return look(ctx, id, *in) }, func(ctx context.Context) error {
		_, err := run(ctx, id, *in)
		return err
	})
	if seen == nil && err == nil {
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, "/settings/calendars/"+id.String()+"#"+part)
	}
	f := fault.Of(err)
	if f != nil && !shown(f) {
		return err
	}
	p, perr := h.calendarForm(r.Context(), &id)
	if perr != nil {
		return perr
	}
	p.Preview, p.Fault, p.Part = seen, f, part
	keep(&p)
	status := http.StatusOK
	if f != nil {
		status = web.StatusOf(f)
	}
	return web.Render(w, r, status, calendarPage(p))
}

func (h handlers) editCalendar(w http.ResponseWriter, r *http.Request) error {
	var in CalendarInput
	return changeCalendar(h, w, r, "hours", &in, h.s.EditCalendar, h.s.PreviewCalendar, func(p *calendarProps) {
		in.Version, p.In = p.One.Version, in
	})
}

func (h handlers) setDay(w http.ResponseWriter, r *http.Request) error {
	var in DayInput
	return changeCalendar(h, w, r, "days", &in, h.s.SetDay, h.s.PreviewDay, func(p *calendarProps) { p.Day = in })
}

// importDays takes a pasted text or a file.
func (h handlers) importDays(w http.ResponseWriter, r *http.Request) error {
	if err := readFile(r, "file", "text"); err != nil {
		return err
	}
	var in ImportInput
	return changeCalendar(h, w, r, "import", &in, h.s.ImportDays, h.s.PreviewImport, func(p *calendarProps) { p.Import = in })
}

// readFile puts the content of a sent file into a field of the form.
func readFile(r *http.Request, file, field string) error {
	r.Body = http.MaxBytesReader(nil, r.Body, web.MaxBody)
	err := r.ParseMultipartForm(web.MaxBody)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return fault.Wrap(fault.TooLarge, "error.too_large", err)
	case errors.Is(err, http.ErrNotMultipart):
		return nil
	case err != nil:
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	f, _, err := r.FormFile(file)
	if err != nil {
		return nil // none was chosen
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err == nil && len(b) > 0 {
		r.Form.Set(field, string(b))
	}
	return err
}

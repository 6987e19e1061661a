package sla

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

// CalendarOut is a calendar as the API shows it: the rules that hold from now
// on.
type CalendarOut struct {
	ID           uuid.UUID         `json:"id"`
	Version      int               `json:"version"`
	NameZh       string            `json:"name_zh"`
	NameEn       string            `json:"name_en"`
	Zone         string            `json:"zone"`
	Hours        map[string]string `json:"hours"`
	Days         []DayOut          `json:"days"`
	Default      bool              `json:"default"`
	Active       bool              `json:"active"`
	MissingYears []int             `json:"missing_years"`
}

// DayOut is one special day.
type DayOut struct {
	Date   string `json:"date"`
	Off    bool   `json:"off"`
	Hours  string `json:"hours,omitempty"`
	Name   string `json:"name"`
	Source string `json:"source"`
}

type calendarsOut struct {
	Items []CalendarOut `json:"items"`
}

func calendarOut(c CalendarRecord, now time.Time) CalendarOut {
	r := c.Last()
	out := CalendarOut{ID: c.ID, Version: c.Version, NameZh: c.NameZh, NameEn: c.NameEn, Zone: r.Zone, Hours: map[string]string{}, Days: []DayOut{}, Default: c.Default, Active: c.Active, MissingYears: c.Missing(now)}
	if out.MissingYears == nil {
		out.MissingYears = []int{}
	}
	for d, h := range r.Week {
		out.Hours[weekdays[d]] = h.String()
	}
	for _, d := range slices.Sorted(maps.Keys(r.Days)) {
		s := r.Days[d]
		out.Days = append(out.Days, DayOut{d, s.Off, s.Hours.String(), s.Name, s.Source})
	}
	return out
}

func (a api) calendars(w http.ResponseWriter, r *http.Request) error {
	list, err := a.s.Calendars(r.Context())
	if err != nil {
		return err
	}
	out := calendarsOut{Items: []CalendarOut{}}
	for _, c := range list {
		out.Items = append(out.Items, calendarOut(c, a.s.desk.Now()))
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) calendar(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	c, err := a.s.Calendar(r.Context(), id)
	if err != nil {
		return err
	}
	web.ETag(w, c.Version)
	return web.JSON(w, http.StatusOK, calendarOut(c, a.s.desk.Now()))
}

func (a api) createCalendar(w http.ResponseWriter, r *http.Request) error {
	var in CalendarInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	c, err := a.s.CreateCalendar(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, calendarOut(c, a.s.desk.Now()))
}

// changed is the JSON form of a use case that changes a calendar.
func changed[In any](run func(context.Context, uuid.UUID, In) (CalendarRecord, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		var in In
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		ctx, err := work.Asked(r)
		if err != nil {
			return err
		}
		c, err := run(ctx, id, in)
		if err != nil {
			return err
		}
		web.ETag(w, c.Version)
		return web.JSON(w, http.StatusOK, calendarOut(c, c.UpdatedAt))
	}
}

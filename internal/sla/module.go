package sla

import (
	"net/http"

	"opsdesk/internal/platform/web"
)

// Mount adds the pages and the API.
func Mount(s *Service, rt web.Router) {
	h := handlers{s: s, desk: s.desk}
	rt.Get("/settings/calendars", h.calendars)
	rt.Post("/settings/calendars", h.createCalendar)
	rt.Get("/settings/calendars/{id}", h.calendar)
	rt.Post("/settings/calendars/{id}", h.editCalendar)
	rt.Post("/settings/calendars/{id}/days", h.setDay)
	rt.Post("/settings/calendars/{id}/import", h.importDays)

	a := api{s}
	tag := func(o web.Op) web.Op { o.Tag = "service levels"; return o }
	rt.API(http.MethodGet, "/api/v1/calendars", tag(web.Op{ID: "listCalendars", Summary: "Business calendars", Out: calendarsOut{}}), a.calendars)
	rt.API(http.MethodPost, "/api/v1/calendars", tag(web.Op{ID: "createCalendar", Summary: "Make a calendar", In: CalendarInput{}, Out: CalendarOut{}, Status: http.StatusCreated, Idempotent: true}), a.createCalendar)
	rt.API(http.MethodGet, "/api/v1/calendars/{id}", tag(web.Op{ID: "getCalendar", Summary: "One calendar", Out: CalendarOut{}, Versioned: true}), a.calendar)
	rt.API(http.MethodPut, "/api/v1/calendars/{id}", tag(web.Op{ID: "editCalendar", Summary: "Change names and hours", In: CalendarInput{}, Out: CalendarOut{}, Versioned: true, Idempotent: true}), changed(s.EditCalendar))
	rt.API(http.MethodPost, "/api/v1/calendars/{id}/days", tag(web.Op{ID: "setCalendarDay", Summary: "Change one special day", In: DayInput{}, Out: CalendarOut{}, Versioned: true, Idempotent: true}), changed(s.SetDay))
	rt.API(http.MethodPost, "/api/v1/calendars/{id}/import", tag(web.Op{ID: "importCalendarDays", Summary: "Take special days over from holiday-cn JSON or iCalendar", In: ImportInput{}, Out: CalendarOut{}, Versioned: true, Idempotent: true}), changed(s.ImportDays))
}

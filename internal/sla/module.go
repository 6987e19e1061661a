package sla

import (
	"context"
	"net/http"

	"github.com/google/uuid"

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

	rt.Get("/settings/agreements", h.agreements)
	rt.Post("/settings/agreements", h.draft)
	rt.Get("/settings/agreements/new", h.newAgreement)
	rt.Get("/settings/agreements/{id}", h.agreement)
	rt.Post("/settings/agreements/{id}", h.editDraft)
	rt.Post("/settings/agreements/{id}/submit", h.step(s.Submit))
	rt.Post("/settings/agreements/{id}/approve", h.approve)
	rt.Post("/settings/agreements/{id}/return", h.step(s.SendBack))
	rt.Post("/settings/agreements/{id}/withdraw", h.step(s.Withdraw))
	rt.Post("/settings/service-levels", h.saveSettings)

	rt.Get("/service-levels/breaches", h.breaches)
	rt.Post("/service-levels/exclusions", h.exclude)
	rt.Get("/service-levels/{number}", h.why)

	a := api{s}
	tag := func(o web.Op) web.Op { o.Tag = "service levels"; return o }
	rt.API(http.MethodGet, "/api/v1/calendars", tag(web.Op{ID: "listCalendars", Summary: "Business calendars", Out: calendarsOut{}}), a.calendars)
	rt.API(http.MethodPost, "/api/v1/calendars", tag(web.Op{ID: "createCalendar", Summary: "Make a calendar", In: CalendarInput{}, Out: CalendarOut{}, Status: http.StatusCreated, Idempotent: true}), a.createCalendar)
	rt.API(http.MethodGet, "/api/v1/calendars/{id}", tag(web.Op{ID: "getCalendar", Summary: "One calendar", Out: CalendarOut{}, Versioned: true}), a.calendar)
	rt.API(http.MethodPut, "/api/v1/calendars/{id}", tag(web.Op{ID: "editCalendar", Summary: "Change names and hours", In: CalendarInput{}, Out: CalendarOut{}, Versioned: true, Idempotent: true}), changed(s.EditCalendar))
	rt.API(http.MethodPost, "/api/v1/calendars/{id}/days", tag(web.Op{ID: "setCalendarDay", Summary: "Change one special day", In: DayInput{}, Out: CalendarOut{}, Versioned: true, Idempotent: true}), changed(s.SetDay))
	rt.API(http.MethodPost, "/api/v1/calendars/{id}/import", tag(web.Op{ID: "importCalendarDays", Summary: "Take special days over from holiday-cn JSON or iCalendar", In: ImportInput{}, Out: CalendarOut{}, Versioned: true, Idempotent: true}), changed(s.ImportDays))
	rt.API(http.MethodGet, "/api/v1/agreements", tag(web.Op{ID: "listAgreements", Summary: "Every version of every agreement, and the services that none covers", Out: agreementsOut{}}), a.agreements)
	rt.API(http.MethodPost, "/api/v1/agreements", tag(web.Op{ID: "draftAgreement", Summary: "Draft an agreement, or the next version of one", In: DraftInput{}, Out: VersionOut{}, Status: http.StatusCreated, Idempotent: true}), a.draft)
	rt.API(http.MethodGet, "/api/v1/agreements/{id}", tag(web.Op{ID: "getAgreement", Summary: "One version", Out: VersionOut{}, Versioned: true}), a.agreement)
	rt.API(http.MethodPut, "/api/v1/agreements/{id}", tag(web.Op{ID: "editAgreement", Summary: "Change a draft", In: DraftInput{}, Out: VersionOut{}, Versioned: true, Idempotent: true}), versioned(a, s.EditDraft))
	rt.API(http.MethodGet, "/api/v1/breaches", tag(web.Op{ID: "listBreaches", Summary: "Missed targets, the latest first; excluded ones stay in the list", Query: breachQuery{}, Out: breachesOut{}}), a.breaches)
	rt.API(http.MethodPost, "/api/v1/breaches/exclusions", tag(web.Op{ID: "excludeBreach", Summary: "Take a breach out of reports, with the reason", In: ExcludeInput{}, Status: http.StatusNoContent}), a.exclude)
	rt.API(http.MethodPost, "/api/v1/agreements/{id}/approve", tag(web.Op{ID: "approveAgreement", Summary: stepSummary["approve"], In: ApproveInput{}, Out: VersionOut{}, Versioned: true, Idempotent: true}), versioned(a, s.Approve))
	rt.API(http.MethodPost, "/api/v1/agreements/preview", tag(web.Op{ID: "previewAgreement", Summary: "What a version would do to open records, were they classified anew; nothing is saved", In: DraftInput{}, Out: Preview{}}), a.previewDraft)
	for path, run := range map[string]func(context.Context, uuid.UUID, StepInput) (Version, error){"submit": s.Submit, "return": s.SendBack, "withdraw": s.Withdraw} {
		rt.API(http.MethodPost, "/api/v1/agreements/{id}/"+path, tag(web.Op{ID: path + "Agreement", Summary: stepSummary[path], In: StepInput{}, Out: VersionOut{}, Versioned: true, Idempotent: true}), versioned(a, run))
	}
}

var stepSummary = map[string]string{
	"submit": "Ask for the approval of a draft", "approve": "Approve a version that one did not draft", "return": "Return a version to its authors, with the reason", "withdraw": "Take a draft back for good",
}

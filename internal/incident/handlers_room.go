package incident

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// mountRoom adds the pages and the API of major incidents and their reviews.
func mountRoom(m mounter) {
	s, h, a := m.a.s, m.h, m.a
	act(m, "propose", ActionPropose, "Say that it should be managed as a major incident", s.Propose)
	act(m, "decline", ActionDecline, "Answer such a proposal with no", s.Decline)
	act(m, "declare", ActionDeclare, "Declare a major incident: roles, clocks, announcement, word to management", s.Declare)
	act(m, "roles", ActionRoles, "Change who manages a major incident, and how often people hear of it", s.GiveRoles)
	act(m, "notice", ActionNotice, "Tell management of a major incident", s.Notify)
	act(m, "log", ActionLog, "Add to the timeline of a major incident", s.Log)
	act(m, "end", ActionEnd, "End a major incident", s.End)
	m.rt.Get("/majors", h.majors)
	m.rt.Get("/majors/{id}", h.room)
	m.rt.Get("/majors/{id}/review", h.reviewForm)
	m.rt.Post("/majors/{id}/review", reviewed(h, "review", s.WriteReview))
	m.rt.Post("/majors/{id}/submit", reviewed(h, "submit", s.SubmitReview))
	m.rt.Post("/majors/{id}/sign", reviewed(h, "sign", s.SignReview))
	m.rt.Post("/majors/{id}/return", reviewed(h, "return", s.ReturnReview))
	m.rt.Post("/majors/{id}/actions", reviewed(h, "actions", s.AddMeasure))
	m.rt.Post("/majors/{id}/actions/{action}", h.tickMeasure)
	m.rt.Post("/majors/{id}/actions/{action}/drop", h.dropMeasure)
	m.rt.Get("/majors/{id}/report", h.reviewReport)
	m.rt.Get("/settings/majors", h.majorSettings)
	m.rt.Post("/settings/majors", h.saveMajorSettings)

	api := func(method, path string, op web.Op, f web.Handler) {
		op.Tag = "major incidents"
		m.rt.API(method, path, op, f)
	}
	api(http.MethodGet, "/api/v1/majors", web.Op{ID: "listMajors", Summary: "Major incidents, the latest first", Query: majorsQuery{}, Out: majorsOut{}}, a.majors)
	api(http.MethodGet, "/api/v1/majors/{id}", web.Op{ID: "getMajor", Summary: "One major incident with its timeline and review, by the incident's id or number", Out: majorOut{}}, a.major)
	review := "/api/v1/majors/{id}/review"
	api(http.MethodPut, review, web.Op{ID: "writeReview", Summary: "Write the review, while it is a draft", In: ReviewInput{}, Out: majorOut{}, Idempotent: true}, managed(a, s.WriteReview))
	api(http.MethodPost, review+"/submit", web.Op{ID: "submitReview", Summary: "Hand the review to somebody else to sign", In: StepInput{}, Out: majorOut{}, Idempotent: true}, managed(a, s.SubmitReview))
	api(http.MethodPost, review+"/sign", web.Op{ID: "signReview", Summary: "Sign a review that others wrote", In: StepInput{}, Out: majorOut{}, Idempotent: true}, managed(a, s.SignReview))
	api(http.MethodPost, review+"/return", web.Op{ID: "returnReview", Summary: "Send a submitted review back to its authors", In: ReasonInput{}, Out: majorOut{}, Idempotent: true}, managed(a, s.ReturnReview))
	api(http.MethodPost, "/api/v1/majors/{id}/actions", web.Op{ID: "addReviewAction", Summary: "Add an action with owner and due date", In: MeasureInput{}, Out: majorOut{}, Idempotent: true}, managed(a, s.AddMeasure))
	api(http.MethodPost, "/api/v1/majors/{id}/actions/{action}", web.Op{ID: "tickReviewAction", Summary: "Say that an action is done, or not after all", In: TaskDoneInput{}, Out: majorOut{}, Idempotent: true}, a.tickMeasure)
	api(http.MethodDelete, "/api/v1/majors/{id}/actions/{action}", web.Op{ID: "dropReviewAction", Summary: "Remove an action from a draft", Status: http.StatusNoContent}, a.dropMeasure)
	api(http.MethodGet, "/api/v1/incident-config/majors", web.Op{ID: "getMajorSettings", Summary: "Settings of major incidents", Out: MajorSettings{}}, a.majorSettings)
	api(http.MethodPut, "/api/v1/incident-config/majors", web.Op{ID: "setMajorSettings", Summary: "Change the settings of major incidents", In: MajorSettings{}, Status: http.StatusNoContent}, a.setMajorSettings)
}

// majorsProps is the list of major incidents.
type majorsProps struct {
	List string
	Rows []MajorRow
	Next string
	Now  time.Time
	// MaySet: the reader may change the rules.
	MaySet bool
}

func (h handlers) majors(w http.ResponseWriter, r *http.Request) (err error) {
	q := r.URL.Query()
	p := majorsProps{List: or(q.Get("list"), "open"), Now: h.desk.Now(), MaySet: h.desk.Can(r.Context(), ActionClassify, nil)}
	if p.Rows, p.Next, err = h.s.Majors(r.Context(), p.List, q.Get("cursor")); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, majorsPageOf(p))
}

// roomProps is a page of one major incident, and how the last form on it fared.
type roomProps struct {
	Room
	Part  string // which form the fault belongs to
	Form  url.Values
	Fault *fault.Error
}

// at is the fault of one of the page's forms.
func (p roomProps) at(part string) *fault.Error {
	if p.Part == part {
		return p.Fault
	}
	return nil
}

// Get is the value of a field as it was typed, or what it is now.
func (p roomProps) Get(part, field, now string) string {
	if p.Part == part && p.Form.Has(field) {
		return p.Form.Get(field)
	}
	return now
}

func (h handlers) roomOf(r *http.Request) (p roomProps, id uuid.UUID, err error) {
	if id, err = h.s.key(r); err != nil {
		return p, id, err
	}
	p.Form = url.Values{}
	p.Room, err = h.s.Room(r.Context(), id)
	return p, id, err
}

func (h handlers) room(w http.ResponseWriter, r *http.Request) error {
	p, id, err := h.roomOf(r)
	if err != nil {
		return err
	}
	for _, about := range []uuid.UUID{id, announcedID(p.Announced)} {
		if about == uuid.Nil {
			continue
		}
		if err := h.inbox.Read(r.Context(), nil, about); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, roomPage(p))
}

func announcedID(a *Announcement) uuid.UUID {
	if a == nil {
		return uuid.Nil
	}
	return a.ID
}

func (h handlers) reviewForm(w http.ResponseWriter, r *http.Request) error {
	p, _, err := h.roomOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, reviewPage(p))
}

func (h handlers) reviewReport(w http.ResponseWriter, r *http.Request) error {
	p, _, err := h.roomOf(r)
	if err != nil {
		return err
	}
	if p.Review == nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return web.Render(w, r, http.StatusOK, reviewReport(p))
}

// reviewed is the target of a form of the review's page.
func reviewed[In any](h handlers, part string, run func(context.Context, uuid.UUID, In) (Incident, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in In
		err := h.decode(w, r, &in)
		if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
			return err
		}
		return h.reviewDone(w, r, part, err, func(ctx context.Context, id uuid.UUID) error {
			_, err := run(ctx, id, in)
			return err
		})
	}
}

// reviewDone runs an act of the review's page and shows the page again; with
// what has to be mended, if there is something.
func (h handlers) reviewDone(w http.ResponseWriter, r *http.Request, part string, bad error, run func(context.Context, uuid.UUID) error) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	if err = bad; err == nil {
		err = run(work.WithKey(r.Context(), web.Key(r)), id)
	}
	f := fault.Of(err)
	if f == nil {
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, or(back(r.Form, "return"), "/majors/"+chi.URLParam(r, "id")+"/review"))
	}
	if !shown(f) {
		return err
	}
	p, _, perr := h.roomOf(r)
	if perr != nil {
		return err
	}
	p.Part, p.Form, p.Fault = part, r.Form, f
	return web.Render(w, r, web.StatusOf(f), reviewPage(p))
}

func (h handlers) tickMeasure(w http.ResponseWriter, r *http.Request) error {
	action, err := web.PathID(r, "action")
	if err != nil {
		return err
	}
	var in TaskDoneInput
	if err := h.decode(w, r, &in); err != nil {
		return err
	}
	return h.reviewDone(w, r, "tick", nil, func(ctx context.Context, id uuid.UUID) error {
		_, err := h.s.TickMeasure(ctx, id, action, in)
		return err
	})
}

func (h handlers) dropMeasure(w http.ResponseWriter, r *http.Request) error {
	action, err := web.PathID(r, "action")
	if err != nil {
		return err
	}
	var none struct{}
	if err := h.decode(w, r, &none); err != nil {
		return err
	}
	return h.reviewDone(w, r, "drop", nil, func(ctx context.Context, id uuid.UUID) error {
		_, err := h.s.DropMeasure(ctx, id, action)
		return err
	})
}

// majorSettingsProps is the page of the rules.
type majorSettingsProps struct {
	MajorSettings
	Services []Choice
	Fault    *fault.Error
}

func (h handlers) settingsOfMajors(ctx context.Context) (p majorSettingsProps, err error) {
	if _, err = h.desk.Permit(ctx, ActionClassify); err != nil {
		return p, err
	}
	if p.MajorSettings, err = h.s.MajorSettings(ctx); err != nil {
		return p, err
	}
	c, err := h.s.Config(ctx)
	p.Services = c.Services
	return p, err
}

func (h handlers) majorSettings(w http.ResponseWriter, r *http.Request) error {
	p, err := h.settingsOfMajors(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, majorSettingsPage(p))
}

func (h handlers) saveMajorSettings(w http.ResponseWriter, r *http.Request) error {
	var in MajorSettings
	err := web.Decode(r, &in)
	if err == nil {
		err = h.s.SetMajorSettings(r.Context(), in)
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid {
			return err
		}
		p, perr := h.settingsOfMajors(r.Context())
		if perr != nil {
			return perr
		}
		p.MajorSettings, p.Fault = in, f
		return web.Render(w, r, web.StatusOf(f), majorSettingsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/majors")
}

// person is the name of somebody for a reader of a language.
func (r Room) person(id *uuid.UUID, lang string) string {
	if id == nil {
		return ""
	}
	if p, ok := r.People[*id]; ok {
		return p.Display(lang)
	}
	return ""
}

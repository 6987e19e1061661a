package approval

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

const pageSize = 50

// Mount adds the decision page, the lists, the deputies and the API. A GET
// never decides: whatever opens a link changes nothing.
func Mount(s *Service, rt web.Router) {
	h := handlers{s}
	rt.Get("/approvals", h.list)
	rt.Get("/approvals/deputies", h.deputies)
	rt.Post("/approvals/deputies", h.appoint)
	rt.Post("/approvals/deputies/{id}/end", h.dismiss)
	rt.Get("/approvals/{id}", h.decision)
	rt.Post("/approvals/{id}/vote", formOf(h, "vote", s.Vote))
	rt.Post("/approvals/{id}/recuse", formOf(h, "recuse", s.Recuse))
	rt.Post("/approvals/{id}/ask", formOf(h, "ask", s.AskMore))
	rt.Post("/approvals/{id}/answer", formOf(h, "answer", s.Answer))
	rt.Post("/approvals/{id}/delegate", formOf(h, "delegate", s.Delegate))
	mountAPI(h, rt)
}

type handlers struct{ s *Service }

// decisionProps is the decision page, and what went wrong with a form on it.
type decisionProps struct {
	Decision
	Form  url.Values // as it was typed, after a fault
	On    string     // the form it belongs to
	Fault *fault.Error
}

// typed is what was written into a field of a form that was refused.
func (p decisionProps) typed(form, field string) string {
	if p.On != form {
		return ""
	}
	return p.Form.Get(field)
}

// faulty is the fault of one of the forms.
func (p decisionProps) faulty(form string) *fault.Error {
	if p.On != form {
		return nil
	}
	return p.Fault
}

func (h handlers) decision(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	d, err := h.s.Decision(r.Context(), id)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, decisionPage(decisionProps{Decision: d}))
}

// formOf is the target of a form on the decision page. What cannot be done
// comes back on the page, with everything that was typed.
func formOf[In any](h handlers, form string, run func(context.Context, uuid.UUID, In) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		if err := r.ParseForm(); err != nil {
			return fault.Wrap(fault.Malformed, "error.bad_form", err)
		}
		if form == "delegate" {
			err = identity.FillPicked(r.Context(), h.s.desk.DB, r.Form, "person_id")
		}
		var in In
		if err == nil {
			err = web.Decode(r, &in)
		}
		if err == nil {
			err = run(r.Context(), id, in)
		}
		f := fault.Of(err)
		if f == nil {
			web.Flash(w, "approval.said."+form)
			return web.SeeOther(w, r, path(id))
		}
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.Forbidden {
			return err
		}
		d, derr := h.s.Decision(r.Context(), id)
		if derr != nil {
			return derr
		}
		return web.Render(w, r, web.StatusOf(f), decisionPage(decisionProps{Decision: d, Form: r.Form, On: form, Fault: f}))
	}
}

type listQuery struct {
	List   string `query:"list"`
	Cursor string `query:"cursor"`
}

type listOut struct {
	Items []Item `json:"items"`
	Next  string `json:"next"`
}

func (h handlers) listOf(r *http.Request) (string, listOut, error) {
	which := r.URL.Query().Get("list")
	if !slices.Contains([]string{ListDecided, ListAsked}, which) {
		which = ListWaiting
	}
	after, err := db.ParseCursor[Cursor](r.URL.Query().Get("cursor"))
	if err != nil {
		return which, listOut{}, err
	}
	items, err := h.s.Mine(r.Context(), which, after, pageSize+1)
	out := listOut{Items: items}
	if len(items) > pageSize {
		last := items[pageSize-1]
		out.Items, out.Next = items[:pageSize], db.Cursor(Cursor{last.At, last.Cursor})
	}
	return which, out, err
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	which, out, err := h.listOf(r)
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, x := range out.Items {
		if x.BehalfID != nil {
			ids = append(ids, *x.BehalfID)
		}
	}
	names, err := identity.People(r.Context(), h.s.desk.DB, ids...)
	if err != nil {
		return err
	}
	for i, x := range out.Items {
		if x.BehalfID != nil {
			out.Items[i].Behalf = names[*x.BehalfID].Display(i18n.Lang(r.Context()))
		}
	}
	return web.Render(w, r, http.StatusOK, listPage(listProps{Items: out.Items, Next: out.Next, List: which}))
}

// deputyProps is the page of deputies.
type deputyProps struct {
	Mine, ForOthers []Deputy
	Names           map[uuid.UUID]identity.Person
	Form            url.Values
	Fault           *fault.Error
}

func (h handlers) deputyPage(w http.ResponseWriter, r *http.Request, p deputyProps) error {
	var err error
	if p.Mine, p.ForOthers, err = h.s.Deputies(r.Context()); err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, d := range append(slices.Clone(p.Mine), p.ForOthers...) {
		ids = append(ids, d.PersonID, d.DeputyID)
	}
	if id, err := uuid.Parse(p.Form.Get("deputy_id")); err == nil {
		ids = append(ids, id)
	}
	if p.Names, err = identity.People(r.Context(), h.s.desk.DB, ids...); err != nil {
		return err
	}
	code := http.StatusOK
	if p.Fault != nil {
		code = web.StatusOf(p.Fault)
	}
	return web.Render(w, r, code, deputiesPage(p))
}

func (h handlers) deputies(w http.ResponseWriter, r *http.Request) error {
	return h.deputyPage(w, r, deputyProps{Form: url.Values{}})
}

func (h handlers) appoint(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	err := identity.FillPicked(r.Context(), h.s.desk.DB, r.Form, "deputy_id")
	var in DeputyInput
	if err == nil {
		err = web.Decode(r, &in)
	}
	if err == nil {
		_, err = h.s.Appoint(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		return h.deputyPage(w, r, deputyProps{Form: r.Form, Fault: f})
	}
	web.Flash(w, "approval.said.appointed")
	return web.SeeOther(w, r, "/approvals/deputies")
}

func (h handlers) dismiss(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := h.s.Dismiss(r.Context(), id); err != nil {
		return err
	}
	web.Flash(w, "approval.said.dismissed")
	return web.SeeOther(w, r, "/approvals/deputies")
}

package people

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// mountHandOver adds the page on which the open work of somebody is handed on.
func mountHandOver(h handlers, rt web.Router) {
	rt.Get("/people/{id}/work", h.workPage)
	rt.Get("/people/records/{number}", h.record)
	rt.Post("/people/{id}/work", h.handOver)
	tag := func(o web.Op) web.Op { o.Tag = "people"; return o }
	rt.API(http.MethodGet, "/api/v1/people/{id}/work", tag(web.Op{ID: "listOpenWork", Summary: "Open records that a person is responsible for or holds open tasks of, at most 100", Out: list[OpenWork]{}}), h.apiWork)
	rt.API(http.MethodPost, "/api/v1/people/{id}/work", tag(web.Op{
		ID: "handOverWork", Summary: "Hand on a person's open work; follow the answer's id at /api/v1/jobs", In: HandOverInput{}, Out: batch.Batch{}, Status: http.StatusAccepted, Idempotent: true,
	}), h.apiHandOver)
}

// record leads from a number to the record's page, whatever kind it is.
func (h handlers) record(w http.ResponseWriter, r *http.Request) error {
	url, err := h.s.Locate(r.Context(), chi.URLParam(r, "number"))
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, url)
}

// workProps is the page.
type workProps struct {
	Person identity.Person
	Open   []OpenWork
	Total  int
	Places []ui.Option
	In     HandOverInput
	Item   map[string]string // record id → place, as chosen
	Fault  *fault.Error
}

func (h handlers) workProps(ctx context.Context, id uuid.UUID) (p workProps, err error) {
	if p.Open, p.Total, err = h.s.Open(ctx, id); err != nil {
		return p, err
	}
	all, err := identity.People(ctx, h.desk.DB, id)
	if err != nil {
		return p, err
	}
	person, ok := all[id]
	if !ok {
		return p, fault.New(fault.NotFound, "error.not_found")
	}
	p.Person, p.Item = person, map[string]string{}
	teams, err := identity.Teams(ctx, h.desk.DB)
	if err != nil {
		return p, err
	}
	for _, t := range teams {
		if t.Active {
			p.Places = append(p.Places, ui.Option{Value: "team:" + t.ID.String(), Label: ui.T(ctx, "people.handover.team", "name", t.Display(i18n.Lang(ctx)))})
		}
	}
	engineers, err := identity.SearchPeople(ctx, h.desk.DB, "", true, h.desk.Now(), 300)
	for _, e := range engineers {
		if e.ID != id {
			p.Places = append(p.Places, ui.Option{Value: "person:" + e.ID.String(), Label: e.Display(i18n.Lang(ctx))})
		}
	}
	return p, err
}

func (h handlers) workPage(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	p, err := h.workProps(r.Context(), id)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, workPage(p))
}

func (h handlers) handOver(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	p, err := h.workProps(r.Context(), id)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	p.In.To = r.PostForm.Get("to")
	for _, o := range p.Open {
		if to := r.PostForm.Get("to_" + o.ID.String()); to != "" {
			p.Item[o.ID.String()] = to
			p.In.Items = append(p.In.Items, o.ID.String()+"="+to)
		}
	}
	b, err := h.s.HandOver(work.WithKey(r.Context(), web.Key(r)), id, p.In)
	if err != nil {
		f := fault.Of(err)
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p.Fault = f
		return web.Render(w, r, web.StatusOf(f), workPage(p))
	}
	return web.SeeOther(w, r, "/jobs/"+b.ID.String())
}

func (h handlers) apiWork(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	l, _, err := h.s.Open(r.Context(), id)
	return answer(w, http.StatusOK, list[OpenWork]{nonNil(l)}, err)
}

func (h handlers) apiHandOver(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var in HandOverInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	b, err := h.s.HandOver(work.WithKey(r.Context(), web.Key(r)), id, in)
	return answer(w, http.StatusAccepted, b, err)
}

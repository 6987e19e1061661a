package service

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

type handlers struct{ r *Registry }

// Mount adds the page and the API.
func Mount(r *Registry, rt web.Router) {
	h := handlers{r}
	rt.Get("/settings/services", h.page)
	rt.Post("/settings/services", h.create)
	rt.Post("/settings/services/{id}", h.edit)
	tag := func(o web.Op) web.Op { o.Tag = "services"; return o }
	rt.API(http.MethodGet, "/api/v1/services", tag(web.Op{ID: "listServices", Summary: "The company's services, with owner and state", Out: listOut{}}), h.list)
	rt.API(http.MethodPost, "/api/v1/services", tag(web.Op{ID: "createService", Summary: "Make a service", In: Input{}, Out: Service{}, Status: http.StatusCreated, Idempotent: true}), h.createJSON)
	rt.API(http.MethodPut, "/api/v1/services/{id}", tag(web.Op{ID: "editService", Summary: "Change a service", In: Input{}, Out: Service{}, Versioned: true, Idempotent: true}), h.editJSON)
}

type listOut struct {
	Items []Service `json:"items"`
}

// props is the page: the list, and the form of one.
type props struct {
	List   []Service
	People map[uuid.UUID]identity.Person
	Teams  []identity.Team
	ID     *uuid.UUID
	In     Input
	May    bool
	Fault  *fault.Error
}

func (p props) team(ctx context.Context, id *uuid.UUID) string {
	for _, t := range p.Teams {
		if id != nil && t.ID == *id {
			return t.Display(i18n.Lang(ctx))
		}
	}
	return ui.T(ctx, "ui.none")
}

func (p props) owner(ctx context.Context, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	x := p.People[*id]
	return x.Display(i18n.Lang(ctx))
}

func (p props) teamOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, t := range p.Teams {
		if t.Active {
			out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	return out
}

func stateOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, s := range States {
		out = append(out, ui.Option{Value: string(s), Label: ui.T(ctx, "service.state."+string(s))})
	}
	return out
}

func text(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func (p props) action() string {
	if p.ID == nil {
		return "/settings/services"
	}
	return "/settings/services/" + p.ID.String()
}

func (h handlers) form(ctx context.Context) (props, error) {
	p := props{In: Input{State: Draft}, May: h.r.desk.Can(ctx, ActionSave, nil)}
	if _, err := h.r.desk.Permit(ctx, ActionRead); err != nil {
		return p, err
	}
	var err error
	if p.List, err = h.r.All(ctx); err != nil {
		return p, err
	}
	if p.Teams, err = identity.Teams(ctx, h.r.desk.DB); err != nil {
		return p, err
	}
	var ids []uuid.UUID
	for _, s := range p.List {
		if s.OwnerID != nil {
			ids = append(ids, *s.OwnerID)
		}
	}
	p.People, err = identity.People(ctx, h.r.desk.DB, ids...)
	return p, err
}

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	p, err := h.form(r.Context())
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("edit")); err == nil {
		s, err := h.r.Get(r.Context(), id)
		if err != nil {
			return err
		}
		p.ID = &id
		p.In = Input{Version: s.Version, NameZh: s.NameZh, NameEn: s.NameEn, OwnerID: s.OwnerID, TeamID: s.TeamID, KeySystem: s.KeySystem, State: s.State}
	}
	return web.Render(w, r, http.StatusOK, servicesPage(p))
}

func (h handlers) create(w http.ResponseWriter, r *http.Request) error { return h.save(w, r, nil) }

func (h handlers) edit(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	return h.save(w, r, &id)
}

func (h handlers) save(w http.ResponseWriter, r *http.Request, id *uuid.UUID) error {
	var in Input
	err := web.Decode(r, &in)
	if err == nil {
		err = identity.FillPicked(r.Context(), h.r.desk.DB, r.Form, "owner_id")
	}
	if err == nil {
		err = web.Form(r.Form, &in)
	}
	if err == nil {
		ctx := work.WithKey(r.Context(), web.Key(r))
		if id == nil {
			_, err = h.r.Create(ctx, in)
		} else {
			_, err = h.r.Edit(ctx, *id, in)
		}
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.form(r.Context())
		if perr != nil {
			return perr
		}
		p.ID, p.In, p.Fault = id, in, f
		return web.Render(w, r, web.StatusOf(f), servicesPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/services")
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.r.desk.Permit(r.Context(), ActionRead); err != nil {
		return err
	}
	all, err := h.r.All(r.Context())
	if err != nil {
		return err
	}
	if all == nil {
		all = []Service{}
	}
	return web.JSON(w, http.StatusOK, listOut{all})
}

func (h handlers) createJSON(w http.ResponseWriter, r *http.Request) error {
	var in Input
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	s, err := h.r.Create(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, s)
}

func (h handlers) editJSON(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var in Input
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	s, err := h.r.Edit(ctx, id, in)
	if err != nil {
		return err
	}
	web.ETag(w, s.Version)
	return web.JSON(w, http.StatusOK, s)
}

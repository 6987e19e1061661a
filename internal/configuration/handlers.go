package configuration

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct {
	s      *Service
	desk   *work.Desk
	panels []Panel
}

// listProps is the list with what its filters offer.
type listProps struct {
	Page
	Filter   Filter
	Model    Model
	Services []Named
	MayWrite bool
	MaySetUp bool

	MayImport bool
}

func (p listProps) link(change url.Values) string {
	q := p.Filter.Query()
	for k, v := range change {
		if q[k] = v; len(v) == 0 || v[0] == "" {
			q.Del(k)
		}
	}
	if len(q) == 0 {
		return "/configuration"
	}
	return "/configuration?" + q.Encode()
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := ParseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	p := listProps{Filter: f, MayWrite: h.s.may(ctx, ActionCreate), MaySetUp: h.s.may(ctx, ActionConfigure), MayImport: h.s.may(ctx, ActionImport)}
	if p.Model, err = h.s.Model(ctx); err != nil {
		return err
	}
	if p.Page, err = h.s.list(ctx, p.Model, f, r.URL.Query().Get("cursor")); err != nil {
		return err
	}
	if p.Services, err = h.s.repo.services(ctx, h.desk.DB); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(p))
}

// pick answers the item picker.
func (h handlers) pick(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	var class *uuid.UUID
	if id, err := uuid.Parse(q.Get("class")); err == nil {
		class = &id
	}
	text := q.Get("q")
	if len(text) > 200 || strings.ContainsRune(text, 0) {
		return fault.OnField("q", "validation.text")
	}
	found, err := h.s.Pick(r.Context(), text, class, 10)
	if err != nil {
		return err
	}
	m, err := h.s.Model(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, pickList(found, m))
}

// itemProps is an item's page and which part of it is open.
type itemProps struct {
	Detail
	Tab    string
	Panels []templ.Component // of other practices
}

func (h handlers) detail(r *http.Request) (Detail, error) {
	id, err := h.s.key(r)
	if err != nil {
		return Detail{}, err
	}
	return h.s.Detail(r.Context(), id)
}

func (h handlers) item(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	p := itemProps{Detail: d, Tab: "item"}
	for _, x := range h.panels {
		c, err := x.OfItem(r.Context(), d.ID)
		if err != nil {
			return err
		}
		p.Panels = append(p.Panels, c)
	}
	return web.Render(w, r, http.StatusOK, itemPage(p))
}

// Panel is what another practice shows on the page of an item, as far as its
// reader may see it.
type Panel interface {
	OfItem(ctx context.Context, item uuid.UUID) (templ.Component, error)
}

package canned

import (
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct{ s *Service }

type textsOut struct {
	Items []Text `json:"items"`
}

type listQuery struct {
	Q string `query:"q"`
}

// Mount adds the page and the API.
func Mount(s *Service, rt web.Router) {
	h := handlers{s}
	rt.Get("/canned", h.page)
	rt.Post("/canned", h.save)
	rt.Post("/canned/{text}/delete", h.remove)
	rt.API(http.MethodGet, "/api/v1/canned-texts", web.Op{ID: "listCannedTexts", Tag: "canned", Summary: "Ready texts of the caller and their teams", Query: listQuery{}, Out: textsOut{}}, h.apiList)
	rt.API(http.MethodPost, "/api/v1/canned-texts", web.Op{ID: "saveCannedText", Tag: "canned", Summary: "Make a ready text, or change one", In: SaveInput{}, Out: Text{}, Idempotent: true}, h.apiSave)
	rt.API(http.MethodDelete, "/api/v1/canned-texts/{text}", web.Op{ID: "deleteCannedText", Tag: "canned", Summary: "Delete a ready text", Status: http.StatusNoContent}, h.apiRemove)
}

// pageProps is the page of ready texts.
type pageProps struct {
	Texts  []Text
	Change map[uuid.UUID]bool
	Teams  []identity.Team // those that the reader may write for
	Words  string
	In     SaveInput
	Fault  *fault.Error
}

func (h handlers) props(r *http.Request) (pageProps, error) {
	ctx := r.Context()
	p := pageProps{Words: r.URL.Query().Get("q"), Change: map[uuid.UUID]bool{}}
	if _, err := h.s.desk.Permit(ctx, ActionSave); err != nil {
		return p, err
	}
	if len(p.Words) > 100 {
		p.Words = ""
	}
	var err error
	if p.Texts, err = h.s.List(ctx, p.Words); err != nil {
		return p, err
	}
	for _, t := range p.Texts {
		p.Change[t.ID] = h.s.MayChange(ctx, t)
	}
	teams, err := identity.Teams(ctx, h.s.desk.DB)
	for _, t := range teams {
		f := Text{TeamID: &t.ID}.Facts()
		if t.Active && h.s.desk.Can(ctx, ActionSave, &f) {
			p.Teams = append(p.Teams, t)
		}
	}
	return p, err
}

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	p, err := h.props(r)
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("edit")); err == nil {
		t, err := h.s.Get(r.Context(), id)
		if err != nil {
			return err
		}
		p.In = SaveInput{ID: &t.ID, Version: t.Version, Name: t.Name, BodyZh: t.BodyZh, BodyEn: t.BodyEn, TeamID: t.TeamID}
	}
	return web.Render(w, r, http.StatusOK, textsPage(p))
}

func (h handlers) save(w http.ResponseWriter, r *http.Request) error {
	var in SaveInput
	err := web.Decode(r, &in)
	if fault.Is(err, fault.Malformed) {
		return err
	}
	if err == nil {
		_, err = h.s.Save(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.props(r)
		if perr != nil {
			return perr
		}
		p.In, p.Fault = in, f
		return web.Render(w, r, web.StatusOf(f), textsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/canned")
}

// id is the text of the address, if the actor may use it.
func (h handlers) id(r *http.Request) (uuid.UUID, error) {
	id, err := web.PathID(r, "text")
	if err != nil {
		return id, err
	}
	_, err = h.s.Get(r.Context(), id)
	return id, err
}

func (h handlers) remove(w http.ResponseWriter, r *http.Request) error {
	var in DeleteInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	id, err := h.id(r)
	if err != nil {
		return err
	}
	if _, err := h.s.Delete(work.WithKey(r.Context(), web.Key(r)), id, in); err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/canned")
}

func (h handlers) apiList(w http.ResponseWriter, r *http.Request) error {
	list, err := h.s.List(r.Context(), r.URL.Query().Get("q"))
	if err != nil {
		return err
	}
	if list == nil {
		list = []Text{}
	}
	return web.JSON(w, http.StatusOK, textsOut{list})
}

func (h handlers) apiSave(w http.ResponseWriter, r *http.Request) error {
	var in SaveInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	t, err := h.s.Save(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, t)
}

func (h handlers) apiRemove(w http.ResponseWriter, r *http.Request) error {
	id, err := h.id(r)
	if err != nil {
		return err
	}
	if _, err := h.s.Delete(r.Context(), id, DeleteInput{}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

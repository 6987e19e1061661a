package incident

import (
	"net/http"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// mountSimilar adds the hints of similar incidents.
func mountSimilar(rt web.Router, h handlers, a api) {
	rt.Post("/incidents/similar", h.similar)
	rt.Get("/incidents/{id}/similar", h.similarTo)

	tag := func(o web.Op) web.Op { o.Tag = "incidents"; return o }
	rt.API(http.MethodPost, "/api/v1/incidents/similar", tag(web.Op{ID: "findSimilar", Summary: "Announcements and open incidents like a report that is being written, among those the caller may see", In: SimilarInput{}, Out: hintsOut{}}), a.similar)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/similar", tag(web.Op{ID: "listSimilar", Summary: "Open incidents like this one, among those the caller may see", Out: alikeOut{}}), a.similarTo)
}

// similar answers the report form while it is written. Without script it is a
// button, and the form comes back with what was typed and the hints.
func (h handlers) similar(w http.ResponseWriter, r *http.Request) error {
	in := CreateInput{Channel: "portal"}
	if err := h.decode(w, r, &in); err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	about := SimilarInput{Title: in.Title, Description: in.Description, Device: in.Device, CategoryID: in.CategoryID, RequesterID: in.RequesterID}
	known, err := h.s.Known(r.Context(), about)
	if err != nil {
		return err
	}
	found, err := h.s.Similar(r.Context(), about)
	if err != nil {
		return err
	}
	if web.IsHX(r) {
		return web.Render(w, r, http.StatusOK, similarHints(known, found))
	}
	p, err := h.reportForm(r.Context(), in)
	if err != nil {
		return err
	}
	p.Known, p.Alike, p.Looked = known, found, true
	return web.Render(w, r, http.StatusOK, reportPage(p))
}

// similarTo is the banner of a ticket, and the page that it leads to.
func (h handlers) similarTo(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	found, err := h.s.SimilarTo(r.Context(), id)
	if err != nil {
		return err
	}
	if web.IsHX(r) {
		i, _, err := h.s.Get(r.Context(), id)
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, similarBanner(i, found, h.desk.Now()))
	}
	d, err := h.s.Detail(r.Context(), id)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, similarPage(d, found))
}

type (
	alikeOut struct {
		Items []Alike `json:"items"`
	}
	// hintsOut is alikeOut with the announcements that may be about the same.
	hintsOut struct {
		Items         []Alike        `json:"items"`
		Announcements []Announcement `json:"announcements"`
	}
)

func (a api) similar(w http.ResponseWriter, r *http.Request) error {
	var in SimilarInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	found, err := a.s.Similar(r.Context(), in)
	if err != nil {
		return err
	}
	known, err := a.s.Known(r.Context(), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, hintsOut{append([]Alike{}, found...), append([]Announcement{}, known...)})
}

func (a api) similarTo(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	found, err := a.s.SimilarTo(r.Context(), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, alikeOut{append([]Alike{}, found...)})
}

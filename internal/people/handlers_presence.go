package people

import (
	"net/http"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// mountVIP adds the mark of VIPs, which leads set from a ticket.
func mountVIP(h handlers, rt web.Router) {
	rt.Post("/people/{id}/vip", h.markVIP)
	rt.API(http.MethodPost, "/api/v1/people/{id}/vip", versioned(write(web.Op{ID: "markVIP", Tag: "people", Summary: "Mark a person as a VIP, or take the mark away", In: VIPInput{}, Out: Person{}})), h.apiVIP)
}

func (h handlers) markVIP(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var in VIPInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := h.s.MarkVIP(work.WithKey(r.Context(), web.Key(r)), id, in); err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, web.Local(r.Form.Get("return")))
}

func (h handlers) apiVIP(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, http.StatusOK, h.s.MarkVIP)
}

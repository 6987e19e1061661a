package routing

import (
	"net/http"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// mountSettings adds the form of the settings and their API.
func mountSettings(h handlers, rt web.Router) {
	rt.Post("/settings/routing", h.saveSettings)
	rt.API(http.MethodGet, "/api/v1/routing/settings", web.Op{ID: "getRoutingSettings", Tag: "routing", Summary: "Who counts as present, and when the lead is told of what nobody takes", Out: Settings{}}, h.apiSettings)
	rt.API(http.MethodPut, "/api/v1/routing/settings", web.Op{ID: "setRoutingSettings", Tag: "routing", Summary: "Change the settings of routing", In: Settings{}, Status: http.StatusNoContent}, h.apiSetSettings)
}

func (h handlers) change(r *http.Request) (Settings, error) {
	in, err := h.s.Settings(r.Context())
	if err == nil {
		err = web.Decode(r, &in)
	}
	if err == nil {
		err = h.s.SetSettings(r.Context(), in)
	}
	return in, err
}

func (h handlers) saveSettings(w http.ResponseWriter, r *http.Request) error {
	in, err := h.change(r)
	if err != nil {
		return h.again(w, r, err, func(p *rulesProps, f *fault.Error) { p.Settings, p.SetFault = in, f })
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/routing#settings")
}

func (h handlers) apiSettings(w http.ResponseWriter, r *http.Request) error {
	v, err := h.s.Settings(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

func (h handlers) apiSetSettings(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.change(r); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

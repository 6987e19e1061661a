package servicerequest

import (
	"net/http"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

func (h handlers) settings(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.desk.Permit(r.Context(), ActionConfigure); err != nil {
		return err
	}
	v, err := h.s.settings(r.Context(), h.desk.DB)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, settingsPage(v, nil))
}

func (h handlers) saveSettings(w http.ResponseWriter, r *http.Request) error {
	var in Settings
	err := web.Decode(r, &in)
	if err == nil {
		err = h.s.SetSettings(r.Context(), in)
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid {
			return err
		}
		return web.Render(w, r, web.StatusOf(f), settingsPage(in, f))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/requests")
}

package app

import (
	"net/http"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

// counts answers a page that is open: how much waits where its navigation
// leads, counted now.
func (a *App) counts(w http.ResponseWriter, r *http.Request) error {
	s := ui.From(r.Context())
	a.Incidents.Forget(s.Actor.ID)
	a.Requests.Forget(s.Actor.ID)
	ctx, fill := a.navigation(r.Context(), s)
	fill(ctx)
	return web.Render(w, r, http.StatusOK, navCounts(*s))
}

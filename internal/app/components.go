package app

import (
	"context"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

func (a *App) components(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, componentsPage())
}

// clocks are promised times in every state that a chip shows.
func clocks(ctx context.Context) []ui.Clock {
	now := ui.From(ctx).Now
	at := func(d time.Duration) *time.Time { t := now.Add(d); return &t }
	running := func(due, warn, crit time.Duration) ui.Clock {
		return ui.Clock{Metric: "resolution", State: "running", Started: now.Add(-4 * time.Hour), Due: at(due), Warn: at(warn), Crit: at(crit)}
	}
	return []ui.Clock{
		running(6*time.Hour, 3*time.Hour, 5*time.Hour), running(2*time.Hour, -time.Hour, time.Hour), running(20*time.Minute, -2*time.Hour, -time.Hour), running(-time.Hour, -3*time.Hour, -2*time.Hour),
		{Metric: "resolution", State: "paused", Started: now},
		{Metric: "response", State: "met", Started: now},
		{Metric: "response", State: "missed", Started: now},
	}
}

func badForm() *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: "error.invalid", Fields: []fault.Field{{Name: "b", Code: "validation.required"}}}
}

// Components is the page of all shared pieces, for its golden test.
func (a *App) Components() templ.Component { return componentsPage() }

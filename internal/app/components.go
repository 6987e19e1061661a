package app

import (
	"net/http"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

func (a *App) components(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, componentsPage())
}

func badForm() *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: "error.invalid", Fields: []fault.Field{{Name: "b", Code: "validation.required"}}}
}

// Components is the page of all shared pieces, for its golden test.
func (a *App) Components() templ.Component { return componentsPage() }

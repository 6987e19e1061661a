package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// PathID is the id that stands under a name in the address of a request. An
// address with something else there leads nowhere: NotFound.
func PathID(r *http.Request, name string) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, name))
	if err != nil {
		return id, fault.Wrap(fault.NotFound, "error.not_found", err)
	}
	return id, nil
}

// At reads the id under a name from the address of a request, as PathID does.
func At(name string) func(*http.Request) (uuid.UUID, error) {
	return func(r *http.Request) (uuid.UUID, error) { return PathID(r, name) }
}

package servicerequest

import (
	"errors"
	"net/http"

	"opsdesk/internal/attachment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct {
	s     *Service
	desk  *work.Desk
	files *attachment.Service
	inbox Inbox
}

// shown reports whether a fault belongs on the form it came from.
func shown(f *fault.Error) bool {
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.TooLarge, fault.Unsupported, fault.TooMany, fault.Forbidden, fault.Stale:
		return true
	}
	return false
}

// decode reads a form with its version and idempotency key.
func (h handlers) decode(w http.ResponseWriter, r *http.Request, in any) error {
	if err := h.files.ReadForm(w, r); err != nil {
		return err
	}
	if err := identity.FillPicked(r.Context(), h.desk.DB, r.Form, "person_id"); err != nil {
		return errors.Join(web.Decode(r, in), err)
	}
	return web.Decode(r, in)
}

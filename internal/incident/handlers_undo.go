package incident

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// undoable names the forms after which the next page offers to take the act
// back.
var undoable = []string{"assign", "claim", "transfer", "priority", "pend", "resume", "accept", "start", "edit", "replies", "resolve", "confirm", "reject", "reopen", "cancel"}

// tells names those of them that somebody is told of and acts on: they can be
// taken back only while the messages wait.
var tells = []string{"replies", "resolve", "confirm", "reject", "reopen", "cancel"}

// before reads an incident that is about to be changed by an act that can be
// taken back.
func (h handlers) before(ctx context.Context, id uuid.UUID, path string) *Incident {
	if !slices.Contains(undoable, path) {
		return nil
	}
	i, _, err := h.s.Get(ctx, id)
	if err != nil {
		return nil // the act itself says what is wrong
	}
	return &i
}

// offerUndo lets the next page take the act back: as another act, with its own
// permission, and only while nobody has changed the incident since.
func (h handlers) offerUndo(w http.ResponseWriter, path string, before *Incident, after Incident) {
	if before == nil || after.ID != before.ID || after.Version != before.Version+1 {
		return
	}
	if slices.Contains(tells, path) && h.desk.Undo == 0 {
		return // told already
	}
	if path == "replies" && before.State != after.State {
		return // taken up again by its requester
	}
	web.FlashUndo(w, "/incidents/"+after.Label()+"/undo", strconv.Itoa(after.Version))
}

// undone takes back what the last form did and leads back to the page that
// offered it.
func (h handlers) undone(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var none struct{}
	if err := web.Decode(r, &none); err != nil {
		return err
	}
	version, err := strconv.Atoi(r.Form.Get("undo"))
	if err != nil || version < 1 {
		return fault.New(fault.Malformed, "error.bad_form")
	}
	i, err := h.s.Undo(work.WithKey(r.Context(), web.Key(r)), id, UndoInput{Version: version})
	if err != nil {
		return h.failed(w, r, id, "undo", err)
	}
	web.Flash(w, "ui.undone")
	if b := back(r.Form, "return"); b != "" {
		return web.SeeOther(w, r, b)
	}
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

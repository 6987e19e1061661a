package incident

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// undoable names the acts whose form offers to take them back, and as what
// change they are taken back.
var undoable = map[string]string{"assign": "assign", "claim": "assign", "priority": "priority", "pend": "pend", "resume": "resume"}

// before reads an incident that is about to be changed by an act that can be
// taken back.
func (h handlers) before(ctx context.Context, id uuid.UUID, path string) *Incident {
	if undoable[path] == "" {
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
func offerUndo(w http.ResponseWriter, path string, before *Incident, after Incident) error {
	if before == nil || after.Version != before.Version+1 {
		return nil
	}
	act := undoable[path]
	if act == "assign" && before.State != after.State {
		return nil // taking it also accepted it
	}
	in := reversal(*before, after, act)
	if in == nil {
		return nil
	}
	b, err := json.Marshal(undo{after.Version, *in})
	if err != nil {
		return err
	}
	web.FlashUndo(w, "/incidents/"+after.Label()+"/undo", string(b))
	return nil
}

// undone takes back what the last form did.
func (h handlers) undone(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var none struct{}
	if err := web.Decode(r, &none); err != nil {
		return err
	}
	var u undo
	if err := json.Unmarshal([]byte(r.Form.Get("undo")), &u); err != nil || u.Version < 1 || !slices.Contains([]string{"assign", "priority", "pend", "resume"}, u.In.Act) {
		return fault.New(fault.Malformed, "error.bad_form")
	}
	i, err := h.s.takeBack(work.WithKey(r.Context(), web.Key(r)), id, u)
	if err != nil {
		return h.failed(w, r, id, "undo", err)
	}
	web.Flash(w, "ui.undone")
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

package servicerequest

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/draft"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
)

// whole are the names of fields whose value may have several lines; of all
// others each line is one of several values.
var whole = []string{"text_zh", "text_en", "show_expr", "required_if_expr", "valid_expr", "when_expr"}

// values are what was typed, as a form sends it.
func (t Typed) values() url.Values {
	if t.Fields == nil {
		return nil
	}
	out := url.Values{}
	for k, v := range t.Fields {
		if slices.Contains(whole, k) {
			out.Set(k, v)
			continue
		}
		out[k] = strings.Split(v, "\n")
	}
	return out
}

// typedFields are the values of a form as they are kept; the version that it
// was made from goes with them.
func typedFields(v url.Values) draft.Fields {
	out := draft.Fields{}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if !strings.HasPrefix(k, "_") && k != "version" {
			out[k] = strings.Join(v[k], "\n")
		}
	}
	out["basis"] = v.Get("version")
	return out
}

// resume reads what the actor typed in a part and did not save, unless the
// address asks for what is saved.
func (h handlers) resume(r *http.Request, p *itemProps, part string) (url.Values, error) {
	var err error
	if p.Unsaved, err = h.s.Typed(r.Context(), p.Item, part); err != nil {
		return nil, err
	}
	return p.Unsaved.values(), nil
}

// refused keeps what could not be saved, so that nothing is lost with the page,
// and says in words whose change it met.
func (h handlers) refused(ctx context.Context, item uuid.UUID, part string, form url.Values, f *fault.Error) (*fault.Error, error) {
	if err := h.s.KeepTyped(ctx, item, part, typedFields(form)); err != nil {
		return f, err
	}
	if f.Code == "error.changed_meanwhile" && f.By != "" {
		f = fault.New(fault.Conflict, "servicerequest.error.typed_conflict", "name", f.By)
	}
	return f, nil
}

var partRE = regexp.MustCompile(`^(details|add|field-[a-z0-9_]{1,60}|task-[a-z0-9_]{1,60}|step-[a-z0-9]{1,10})$`)

// forget throws away what was typed in a part, and shows what is saved.
func (h handlers) forget(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	part := r.Form.Get("part")
	if !partRE.MatchString(part) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if _, err := h.s.Manage(r.Context(), id); err != nil {
		return err
	}
	if err := h.s.ForgetTyped(r.Context(), id, part); err != nil {
		return err
	}
	return web.SeeOther(w, r, partURL(id, part))
}

// partURL is the page of a part of the designer.
func partURL(id uuid.UUID, part string) string {
	switch kind, key, _ := strings.Cut(part, "-"); kind {
	case "add":
		return manageURL(id, "form")
	case "field":
		return manageURL(id, "fields", key)
	case "task":
		return manageURL(id, "tasks", key)
	case "step":
		return manageURL(id, "approvals", key)
	}
	return manageURL(id, "details")
}

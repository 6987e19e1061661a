package sla

import (
	"context"
	"net/http"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// PreviewOr runs a form whose effect can be looked at first: asked for a
// preview it changes nothing and returns what look says, otherwise it runs,
// under the form's key. err is how reading the form went, look nil where there
// is nothing to look at.
func PreviewOr(r *http.Request, err error, look func(context.Context) (Preview, error), run func(context.Context) error) (*Preview, error) {
	if err != nil {
		return nil, err
	}
	if look == nil || r.Form.Get("preview") == "" {
		return nil, run(work.WithKey(r.Context(), web.Key(r)))
	}
	p, err := look(r.Context())
	if err != nil {
		return nil, err
	}
	return &p, nil
}

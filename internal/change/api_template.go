package change

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type templatesOut struct {
	Items []TemplateRow `json:"items"`
}

func (a api) templates(w http.ResponseWriter, r *http.Request) error {
	rows, err := a.s.Templates(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, templatesOut{nonNil(rows)})
}

func (a api) template(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "template")
	if err != nil {
		return err
	}
	d, err := a.s.Template(r.Context(), id)
	if err != nil {
		return err
	}
	web.ETag(w, d.Version)
	return web.JSON(w, http.StatusOK, d.Template)
}

func (a api) draftTemplate(w http.ResponseWriter, r *http.Request) error {
	var in TemplateInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	t, err := a.s.DraftTemplate(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/change-templates/"+t.ID.String())
	web.ETag(w, t.Version)
	return web.JSON(w, http.StatusCreated, t)
}

// onTemplate is what every act on a template through the API does.
func onTemplate[In any](run func(context.Context, uuid.UUID, In) (Template, error)) web.Handler {
	return work.Act(web.At("template"), run, func(w http.ResponseWriter, _ *http.Request, t Template) error {
		web.ETag(w, t.Version)
		return web.JSON(w, http.StatusOK, t)
	})
}

package incident

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
)

type (
	mergeQuery struct {
		Number string `query:"number"`
	}
	mergeEndOut struct {
		Number  string `json:"number"`
		Version int    `json:"version"`
		Title   string `json:"title"`
		State   State  `json:"state"`
	}
	mergeRefusalOut struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	mergePreviewOut struct {
		From      mergeEndOut      `json:"from"`
		Into      mergeEndOut      `json:"into"`
		Replies   int              `json:"replies"`
		Notes     int              `json:"notes"`
		Files     int              `json:"files"`
		SameFiles int              `json:"same_files"`
		Tasks     int              `json:"tasks"`
		Links     int              `json:"links"`
		Followers []uuid.UUID      `json:"followers"`
		Differ    []string         `json:"differ"`
		Refusal   *mergeRefusalOut `json:"refusal"`
	}
)

// previewMerge answers what the page of a merge shows, to the same people. A
// merge that would be refused is a preview like any other, with the refusal in
// it; only a number that leads nowhere is a fault.
func (a api) previewMerge(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	d, err := a.s.Detail(ctx, id)
	if err != nil {
		return err
	}
	if !a.s.desk.Can(ctx, ActionMerge, &d.Facts) {
		return a.s.desk.Noted(ctx, ActionMerge, d.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	number := r.URL.Query().Get("number")
	if number == "" {
		return fault.OnField("number", "validation.required")
	}
	p, err := a.s.PreviewMerge(ctx, id, number)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, p.out(ctx))
}

func (p MergePreview) out(ctx context.Context) mergePreviewOut {
	end := func(i Incident) mergeEndOut { return mergeEndOut{i.Label(), i.Version, i.Title, i.State} }
	o := mergePreviewOut{
		From: end(p.From.Incident), Into: end(p.Into.Incident), Replies: p.Replies, Notes: p.Notes, Files: p.Files, SameFiles: p.SameFiles,
		Tasks: p.Tasks, Links: p.Links, Followers: append([]uuid.UUID{}, p.Followers...), Differ: append([]string{}, p.Differ...),
	}
	if f := p.Refusal; f != nil {
		o.Refusal = &mergeRefusalOut{f.Code, i18n.T(ctx, f.Code, f.Args...)}
		// A refusal of the number says why on its field; its own code only
		// says that something is wrong with the input.
		if len(f.Fields) > 0 {
			x := f.Fields[0]
			o.Refusal = &mergeRefusalOut{x.Code, i18n.T(ctx, x.Code, "param", x.Param)}
		}
	}
	return o
}

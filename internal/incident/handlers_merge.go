package incident

import (
	"net/http"
	"net/url"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// mountMerge adds merging and giving back.
func mountMerge(m mounter) {
	m.rt.Get("/incidents/{id}/merge", m.h.mergePage)
	m.rt.Post("/incidents/{id}/merge", m.h.merge)
	m.rt.Post("/incidents/{id}/undo", m.h.undone)
	m.rt.API(http.MethodGet, "/api/v1/incidents/{id}/merge", web.Op{
		ID: "previewMerge", Tag: "incidents", Summary: "What merging into the incident of that number would do, and why it would be refused", Query: mergeQuery{}, Out: mergePreviewOut{},
	}, m.a.previewMerge)
	m.rt.API(http.MethodPost, "/api/v1/incidents/{id}/merge", web.Op{
		ID: "mergeIncident", Tag: "incidents", Summary: "Merge into another incident; the answer is the other one", In: MergeInput{}, Out: Out{}, Versioned: true, Idempotent: true,
	}, write(m.a, m.a.s.Merge))
	act(m, "unmerge", ActionUnmerge, "Take a merge back, within seven days", m.a.s.Unmerge)
}

type tombstoneQuery struct {
	Tombstone bool `query:"tombstone"`
}

// mergeProps is the page of a merge: first the number, then what would happen.
type mergeProps struct {
	*Detail
	Number  string
	Preview *MergePreview
	Alike   []Alike
	Fault   *fault.Error
}

func (h handlers) mergeForm(r *http.Request, number string) (mergeProps, error) {
	d, err := h.detail(r)
	if err != nil {
		return mergeProps{}, err
	}
	p := mergeProps{Detail: d, Number: number}
	if !h.desk.Can(r.Context(), ActionMerge, &d.Facts) {
		return p, h.desk.Noted(r.Context(), ActionMerge, d.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	if number != "" {
		v, err := h.s.PreviewMerge(r.Context(), d.ID, number)
		if fault.Is(err, fault.Invalid) {
			p.Fault = fault.Of(err)
			return p, nil
		}
		p.Preview, p.Fault = &v, v.Refusal
		return p, err
	}
	p.Alike, err = h.s.SimilarTo(r.Context(), d.ID)
	return p, err
}

func (h handlers) mergePage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.mergeForm(r, r.URL.Query().Get("into"))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.Fault != nil {
		status = web.StatusOf(p.Fault)
	}
	return web.Render(w, r, status, mergePage(p))
}

func (h handlers) merge(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in MergeInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	i, err := h.s.Merge(work.WithKey(r.Context(), web.Key(r)), id, in)
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.mergeForm(r, in.Number)
		if perr != nil {
			return perr
		}
		p.Fault = f
		return web.Render(w, r, web.StatusOf(f), mergePage(p))
	}
	web.Flash(w, "incident.said.merge")
	web.FlashUndo(w, "/incidents/"+id.String()+"/unmerge", "")
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

// tombstone leads from a merged incident to the one that it went into, unless
// the reader asks for what is left or may not see the other. It reports whether
// it answered.
func (h handlers) tombstone(w http.ResponseWriter, r *http.Request, p *ticketProps) (bool, error) {
	var err error
	if p.Gone, err = h.s.Gone(r.Context(), p.Detail); err != nil || p.Gone == nil {
		return false, err
	}
	if r.URL.Query().Has("tombstone") || p.Gone.Into == nil {
		return false, nil
	}
	return true, web.SeeOther(w, r, "/incidents/"+p.Gone.Into.Label()+"?"+url.Values{"from": {p.Label()}}.Encode())
}

// cameFrom is the tombstone that led to a page.
func cameFrom(r *http.Request, d *Detail) string {
	from := r.URL.Query().Get("from")
	for _, a := range d.Absorbed {
		if a.Label() == from {
			return from
		}
	}
	return ""
}

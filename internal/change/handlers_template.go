package change

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// templatesProps is the list of templates.
type templatesProps struct {
	Rows     []TemplateRow
	MayUse   bool
	MayWrite bool
}

func (h handlers) templates(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.s.Templates(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, templatesPage(templatesProps{rows, h.desk.Can(r.Context(), ActionCreate, nil), h.desk.Can(r.Context(), ActionTemplateWrite, nil)}))
}

// templateProps is one version of a template, and how the last form on it fared.
type templateProps struct {
	TemplateDetail
	Form  url.Values
	Fault *fault.Error
}

// plan lends the form of a plan its rows of steps.
func (p templateProps) plan() planProps {
	return planProps{Detail: Detail{Change: Change{Steps: p.Steps, Back: p.Back}, Able: p.Able, Draft: p.Draft}, Form: p.Form, Fault: p.Fault}
}

// Get is the value of a field as it was typed, or what it is now.
func (p templateProps) Get(field, now string) string { return p.plan().Get(field, now) }

func (p templateProps) isNew() bool { return p.ID == uuid.Nil }

func (p templateProps) draftKey() string {
	if !p.isNew() {
		return "change-template:" + p.ID.String()
	}
	if p.FamilyID != uuid.Nil {
		return "change-template:" + p.FamilyID.String()
	}
	return "change-template:new"
}

func (p templateProps) address() string {
	if p.isNew() {
		return templateAddress()
	}
	return templateAddress(p.ID.String(), "edit")
}

func templateAddress(parts ...string) string { return address("templates", parts...) }

func (h handlers) template(r *http.Request) (TemplateDetail, error) {
	id, err := web.PathID(r, "template")
	if err != nil {
		return TemplateDetail{}, err
	}
	return h.s.Template(r.Context(), id)
}

func (h handlers) templatePage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.template(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, templatePage(templateProps{TemplateDetail: d}))
}

// blankTemplate is what the form of a new version begins with.
func (h handlers) blankTemplate(r *http.Request, q url.Values) (TemplateDetail, error) {
	family, err := queryID(q, "family_id")
	if err != nil {
		return TemplateDetail{}, err
	}
	var from *uuid.UUID
	if label := q.Get("from"); label != "" {
		id, err := h.s.ID(r.Context(), label)
		if err != nil {
			return TemplateDetail{}, err
		}
		from = &id
	}
	return h.s.BlankTemplate(r.Context(), family, from)
}

func (h handlers) newTemplate(w http.ResponseWriter, r *http.Request) error {
	d, err := h.blankTemplate(r, r.URL.Query())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, templateForm(templateProps{TemplateDetail: d}))
}

func (h handlers) editTemplatePage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.template(r)
	if err != nil {
		return err
	}
	if !d.MayEdit {
		return fault.New(fault.Conflict, "change.error.not_now")
	}
	return web.Render(w, r, http.StatusOK, templateForm(templateProps{TemplateDetail: d}))
}

// templateInput reads a version from a form.
func templateInput(form url.Values) (in TemplateInput, err error) {
	if err = web.Form(form, &in); err != nil {
		return in, err
	}
	f := fault.New(fault.Invalid, "error.invalid")
	if in.Steps, in.Back = stepsIn(form, "steps", f), stepsIn(form, "back", f); len(f.Fields) > 0 {
		return in, f
	}
	return in, nil
}

func (h handlers) addTemplate(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	again := func(status int, f *fault.Error) error {
		d, err := h.blankTemplate(r, r.Form)
		if err != nil {
			return err
		}
		return web.Render(w, r, status, templateForm(templateProps{TemplateDetail: d, Form: r.Form, Fault: f}))
	}
	if r.Form.Has("_rows") {
		return again(http.StatusOK, nil)
	}
	in, err := templateInput(r.Form)
	var t Template
	if err == nil {
		t, err = h.s.DraftTemplate(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		if f := fault.Of(err); shown(f) {
			return again(web.StatusOf(f), f)
		}
		return err
	}
	web.Flash(w, "change.said.template_drafted")
	return web.SeeOther(w, r, templateAddress(t.ID.String()))
}

func (h handlers) editTemplate(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	d, err := h.template(r)
	if err != nil {
		return err
	}
	if r.Form.Has("_rows") {
		return web.Render(w, r, http.StatusOK, templateForm(templateProps{TemplateDetail: d, Form: r.Form}))
	}
	in, err := templateInput(r.Form)
	if err == nil {
		_, err = h.s.EditTemplate(work.WithKey(r.Context(), web.Key(r)), d.ID, in)
	}
	if err != nil {
		if f := fault.Of(err); shown(f) {
			return web.Render(w, r, web.StatusOf(f), templateForm(templateProps{TemplateDetail: d, Form: r.Form, Fault: f}))
		}
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, templateAddress(d.ID.String()))
}

// onTemplate is the target of the form of an act on a template.
func (h handlers) onTemplate(run func(context.Context, uuid.UUID, TemplateStep) (Template, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := readForm(w, r); err != nil {
			return err
		}
		d, err := h.template(r)
		if err != nil {
			return err
		}
		in := TemplateStep{Remark: r.Form.Get("remark")}
		if in.Version, err = strconv.Atoi(r.Form.Get("version")); err != nil {
			return fault.Wrap(fault.Malformed, "error.bad_form", err)
		}
		if _, err = run(work.WithKey(r.Context(), web.Key(r)), d.ID, in); err != nil {
			if f := fault.Of(err); shown(f) {
				return web.Render(w, r, web.StatusOf(f), templatePage(templateProps{TemplateDetail: d, Form: r.Form, Fault: f}))
			}
			return err
		}
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, templateAddress(d.ID.String()))
	}
}

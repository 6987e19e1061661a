package configuration

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

func (h handlers) setUp(ctx context.Context) (Model, error) {
	if _, err := h.desk.Permit(ctx, ActionConfigure); err != nil {
		return Model{}, err
	}
	return h.s.repo.model(ctx, h.desk.DB)
}

func (h handlers) classesPage(w http.ResponseWriter, r *http.Request) error {
	m, err := h.setUp(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, classesPage(m))
}

// classForm is the page of one class; a zero id is a new one.
type classForm struct {
	ID         uuid.UUID
	Input      ClassInput
	Rules      string // as typed, one a line
	Model      Model
	Attributes []Attribute // own ones
	Inherited  []Attribute
	Fault      *fault.Error
}

func (h handlers) classForm(r *http.Request) (classForm, error) {
	f := classForm{Input: ClassInput{Active: true}}
	m, err := h.setUp(r.Context())
	if err != nil {
		return f, err
	}
	f.Model = m
	if chi.URLParam(r, "class") == "new" {
		if id, err := uuid.Parse(r.URL.Query().Get("parent")); err == nil {
			f.Input.ParentID = &id
		}
		return f, nil
	}
	id, err := web.PathID(r, "class")
	if err != nil {
		return f, err
	}
	c, ok := m.Classes[id]
	if !ok {
		return f, fault.New(fault.NotFound, "error.not_found")
	}
	f.ID, f.Attributes = id, m.Own(id)
	if c.ParentID != nil {
		f.Inherited = m.Attributes(*c.ParentID)
	}
	f.Input = ClassInput{Version: c.Version, ParentID: c.ParentID, Key: c.Key, NameZh: c.NameZh, NameEn: c.NameEn, Abstract: c.Abstract, Active: c.Active, Identity: c.Identity}
	f.Rules = strings.Join(c.Identity, "\n")
	return f, nil
}

func (h handlers) classPage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.classForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, classPage(f))
}

// mendable reports whether a fault belongs on the form it came from.
func mendable(err error) (*fault.Error, bool) {
	f := fault.Of(err)
	return f, f != nil && (f.Kind == fault.Invalid || f.Kind == fault.Conflict || f.Kind == fault.Stale)
}

// lines are the lines of a field that are not empty.
func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (h handlers) saveClass(w http.ResponseWriter, r *http.Request) error {
	f, err := h.classForm(r)
	if err != nil {
		return err
	}
	f.Input = ClassInput{}
	err = web.Decode(r, &f.Input)
	f.Rules = r.Form.Get("identity")
	f.Input.Identity = lines(f.Rules)
	c := Class{ID: f.ID}
	if err == nil {
		ctx := work.WithKey(r.Context(), web.Key(r))
		if f.ID == uuid.Nil {
			c, err = h.s.CreateClass(ctx, f.Input)
		} else {
			_, err = h.s.EditClass(ctx, f.ID, f.Input)
		}
	}
	if err != nil {
		var ok bool
		if f.Fault, ok = mendable(err); !ok {
			return err
		}
		return web.Render(w, r, web.StatusOf(f.Fault), classPage(f))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/classes/"+c.ID.String())
}

// attributeForm is the page of one attribute; a zero id is a new one.
type attributeForm struct {
	ID      uuid.UUID
	Class   Class
	Input   AttributeInput
	Options string // as typed: value = 中文 = English, one a line
	Model   Model
	Fault   *fault.Error
}

func (h handlers) attributeForm(r *http.Request) (attributeForm, error) {
	f := attributeForm{Input: AttributeInput{Active: true, Type: TypeText}}
	m, err := h.setUp(r.Context())
	if err != nil {
		return f, err
	}
	class, err := web.PathID(r, "class")
	if err != nil {
		return f, err
	}
	var ok bool
	if f.Class, ok = m.Classes[class]; !ok {
		return f, fault.New(fault.NotFound, "error.not_found")
	}
	f.Model, f.Input.ClassID = m, class
	if chi.URLParam(r, "attribute") == "new" {
		return f, nil
	}
	id, err := web.PathID(r, "attribute")
	if err != nil {
		return f, err
	}
	at := slices.IndexFunc(m.Own(class), func(a Attribute) bool { return a.ID == id })
	if at < 0 {
		return f, fault.New(fault.NotFound, "error.not_found")
	}
	a := m.Own(class)[at]
	f.ID = id
	f.Input = AttributeInput{
		Version: a.Version, ClassID: class, Key: a.Key, NameZh: a.NameZh, NameEn: a.NameEn, Type: a.Type, Required: a.Required, Unique: a.Unique, Identifier: a.Identifier,
		Options: a.Options, RefClassID: a.RefClassID, Pattern: a.Pattern, Min: a.Min, Max: a.Max, Unit: a.Unit, Active: a.Active,
	}
	for _, o := range a.Options {
		f.Options += o.Value + " = " + o.Zh + " = " + o.En + "\n"
	}
	return f, nil
}

func (h handlers) attributePage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.attributeForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, attributePage(f))
}

// choices reads what was typed as choices; a line with one name has it in both
// languages.
func choices(s string) []Choice {
	var out []Choice
	for _, l := range lines(s) {
		p := strings.Split(l, "=")
		for i := range p {
			p[i] = strings.TrimSpace(p[i])
		}
		c := Choice{Value: p[0], Zh: p[0], En: p[0]}
		if len(p) > 1 {
			c.Zh, c.En = p[1], p[1]
		}
		if len(p) > 2 {
			c.En = p[2]
		}
		out = append(out, c)
	}
	return out
}

func (h handlers) saveAttribute(w http.ResponseWriter, r *http.Request) error {
	f, err := h.attributeForm(r)
	if err != nil {
		return err
	}
	if perr := r.ParseForm(); perr != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", perr)
	}
	f.Options = r.Form.Get("options")
	r.Form.Del("options")
	f.Input = AttributeInput{}
	err = web.Decode(r, &f.Input)
	f.Input.ClassID, f.Input.Options = f.Class.ID, choices(f.Options)
	if err == nil {
		ctx := work.WithKey(r.Context(), web.Key(r))
		if f.ID == uuid.Nil {
			_, err = h.s.CreateAttribute(ctx, f.Input)
		} else {
			_, err = h.s.EditAttribute(ctx, f.ID, f.Input)
		}
	}
	if err != nil {
		var ok bool
		if f.Fault, ok = mendable(err); !ok {
			return err
		}
		return web.Render(w, r, web.StatusOf(f.Fault), attributePage(f))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/classes/"+f.Class.ID.String())
}

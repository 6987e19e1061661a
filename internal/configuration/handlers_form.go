package configuration

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// formProps is the form of an item, new or not.
type formProps struct {
	Item        Item
	New         bool
	Model       Model
	Attributes  []Attribute
	Form        url.Values // as typed; nil: as it is
	Names       Names
	Departments []ui.Option
	Services    []ui.Option
	Teams       []ui.Option
	Fault       *fault.Error
	Clashes     []ui.ClashRow
}

func (h handlers) form(ctx context.Context, i Item, form url.Values) (formProps, error) {
	p := formProps{Item: i, Form: form, New: i.Version == 0}
	var err error
	if p.Model, err = h.s.Model(ctx); err != nil {
		return p, err
	}
	p.Attributes = p.Model.Attributes(i.ClassID)
	st := i.state()
	for k := range form {
		if a, ok := strings.CutPrefix(k, "attr_"); ok {
			st["attributes."+a] = form.Get(k)
		}
	}
	st["owner"], st["custodian"], st["department"], st["service"], st["team"] = p.value("owner_id"), p.value("custodian_id"), "", "", ""
	if p.Names, err = h.s.names(ctx, p.Model, st); err != nil {
		return p, err
	}
	lang := i18n.Lang(ctx)
	for id, d := range p.Names.Departments {
		p.Departments = append(p.Departments, ui.Option{Value: id.String(), Label: d.Display(lang)})
	}
	for id, x := range p.Names.Services {
		p.Services = append(p.Services, ui.Option{Value: id.String(), Label: i18n.Pick(ctx, x.NameZh, x.NameEn)})
	}
	for id, t := range p.Names.Teams {
		if t.Active || i.TeamID != nil && *i.TeamID == id {
			p.Teams = append(p.Teams, ui.Option{Value: id.String(), Label: t.Display(lang)})
		}
	}
	for _, l := range [][]ui.Option{p.Departments, p.Services, p.Teams} {
		slices.SortFunc(l, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	}
	return p, nil
}

func (h handlers) newPage(w http.ResponseWriter, r *http.Request) error {
	if !h.s.may(r.Context(), ActionCreate) {
		return h.desk.Noted(r.Context(), ActionCreate, Item{}.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	m, err := h.s.Model(r.Context())
	if err != nil {
		return err
	}
	id, err := uuid.Parse(r.URL.Query().Get("class"))
	if c, ok := m.Classes[id]; err != nil || !ok || c.Abstract || !c.Active {
		return web.Render(w, r, http.StatusOK, choosePage(m))
	}
	p, err := h.form(r.Context(), Item{ClassID: id, Lifecycle: Stock, Criticality: 3}, nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, formPage(p))
}

// decode reads an item's form into in and returns the attribute values that
// the form has.
func (h handlers) decode(r *http.Request, in any) (map[string]any, error) {
	err := web.Decode(r, in)
	if r.Form == nil {
		return nil, err
	}
	people := []string{"owner_id", "custodian_id"}
	for k := range r.Form {
		if a, ok := strings.CutSuffix(k, "_username"); ok && strings.HasPrefix(a, "attr_") {
			people = append(people, a)
		}
	}
	if perr := identity.FillPicked(r.Context(), h.desk.DB, r.Form, people...); perr != nil && err == nil {
		err = perr
	}
	if perr := h.typed(r); perr != nil && err == nil {
		err = perr
	}
	if ferr := web.Form(r.Form, in); err == nil {
		err = ferr
	}
	values := map[string]any{}
	for k := range r.Form {
		if a, ok := strings.CutPrefix(k, "attr_"); ok && !strings.HasSuffix(k, "_username") && !strings.HasSuffix(k, "_typed") {
			values[a] = r.Form.Get(k)
		}
	}
	return values, err
}

// typed fills in the items whose number was typed where scripts do not run: it
// goes before what the form held, which nobody could empty there.
func (h handlers) typed(r *http.Request) error {
	for k := range r.Form {
		name, ok := strings.CutSuffix(k, "_typed")
		number := strings.TrimSpace(r.Form.Get(k))
		if !ok || number == "" {
			continue
		}
		id, err := h.s.ID(r.Context(), number)
		if err != nil {
			return fault.OnField(name, "configuration.error.no_such_item")
		}
		r.Form.Set(name, id.String())
	}
	return nil
}

func (h handlers) create(w http.ResponseWriter, r *http.Request) error {
	var in CreateInput
	values, err := h.decode(r, &in)
	if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	var i Item
	if err == nil {
		in.Attributes = values
		i, err = h.s.Create(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		f := fault.Of(err)
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict || in.ClassID == uuid.Nil {
			return err
		}
		p, perr := h.form(r.Context(), Item{ClassID: in.ClassID, Criticality: 3}, r.Form)
		if perr != nil {
			return perr
		}
		p.Fault = f
		return web.Render(w, r, web.StatusOf(f), formPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/"+i.Label())
}

// editable reads an item that the actor may change, for a form.
func (h handlers) editable(r *http.Request) (Item, error) {
	id, err := h.s.key(r)
	if err != nil {
		return Item{}, err
	}
	i, facts, err := h.s.Get(r.Context(), id)
	if err != nil {
		return i, err
	}
	if !h.desk.Can(r.Context(), ActionEdit, &facts) {
		return i, h.desk.Noted(r.Context(), ActionEdit, i.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	return i, nil
}

func (h handlers) editPage(w http.ResponseWriter, r *http.Request) error {
	i, err := h.editable(r)
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("class")); err == nil {
		m, err := h.s.Model(r.Context())
		if err != nil {
			return err
		}
		if c, ok := m.Classes[id]; ok && !c.Abstract {
			i.ClassID = id // the form of the other class, with the values that it has too
		}
	}
	p, err := h.form(r.Context(), i, nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, formPage(p))
}

// clearable are the fields that an empty field of the form empties.
var clearable = []string{"owner_id", "custodian_id", "department_id", "service_id", "team_id", "contract_until", "warranty_until"}

// untouched drops the fields that still hold what the page showed, and those
// for which the person chose the other's value, and lists what was emptied.
func untouched(form url.Values) (cleared []string) {
	for name := range form {
		was, ok := form["was_"+name]
		if ok && strings.ReplaceAll(form.Get(name), "\r\n", "\n") == strings.ReplaceAll(was[0], "\r\n", "\n") || form.Get("keep_"+name) == "theirs" {
			delete(form, name)
		}
	}
	for _, name := range clearable {
		if form.Has(name) && form.Get(name) == "" {
			cleared = append(cleared, name)
		}
	}
	return cleared
}

func (h handlers) edit(w http.ResponseWriter, r *http.Request) error {
	i, err := h.editable(r)
	if err != nil {
		return err
	}
	var in EditInput
	_, err = h.decode(r, &in)
	if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	typed := url.Values{}
	for k, v := range r.Form {
		typed[k] = v
	}
	if err == nil {
		cleared := untouched(r.Form)
		in = EditInput{}
		var values map[string]any
		if values, err = h.decode(r, &in); err == nil {
			in.Clear, in.Attributes = cleared, values
			i, err = h.s.Edit(work.WithKey(r.Context(), web.Key(r)), i.ID, in)
		}
	}
	if err == nil {
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, "/configuration/"+i.Label())
	}
	f := fault.Of(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return err
	}
	now, _, gerr := h.s.Get(r.Context(), i.ID)
	if gerr != nil {
		if now, gerr = h.editable(r); gerr != nil {
			return gerr
		}
	}
	if c, err := uuid.Parse(typed.Get("class_id")); err == nil {
		now.ClassID = c
	}
	p, perr := h.form(r.Context(), now, typed)
	if perr != nil {
		return perr
	}
	p.Fault, p.Clashes = f, p.clashes(r.Context(), f)
	return web.Render(w, r, web.StatusOf(f), formPage(p))
}

// moveProps is the form of the three states.
type moveProps struct {
	Detail
	Form  url.Values
	Fault *fault.Error
}

func (h handlers) movePage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	if !h.desk.Can(r.Context(), ActionMove, &d.Facts) {
		return h.desk.Noted(r.Context(), ActionMove, d.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	return web.Render(w, r, http.StatusOK, movePage(moveProps{Detail: d, Form: url.Values{}}))
}

func (h handlers) move(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in MoveInput
	var i Item
	if err = web.Decode(r, &in); err == nil {
		i, err = h.s.Move(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		f := fault.Of(err)
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		d, derr := h.s.Detail(r.Context(), id)
		if derr != nil {
			return derr
		}
		return web.Render(w, r, web.StatusOf(f), movePage(moveProps{d, r.Form, f}))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/"+i.Label())
}

package configuration

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

type handlers struct {
	s      *Service
	desk   *work.Desk
	panels []Panel
}

// listProps is the list with what its filters offer.
type listProps struct {
	Page
	Filter   Filter
	Model    Model
	Services []Named
	MayWrite bool
	MaySetUp bool

	MayImport bool
}

func (p listProps) link(change url.Values) string {
	q := p.Filter.Query()
	for k, v := range change {
		if q[k] = v; len(v) == 0 || v[0] == "" {
			q.Del(k)
		}
	}
	if len(q) == 0 {
		return "/configuration"
	}
	return "/configuration?" + q.Encode()
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := ParseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	p := listProps{Filter: f, MayWrite: h.s.may(ctx, ActionCreate), MaySetUp: h.s.may(ctx, ActionConfigure), MayImport: h.s.may(ctx, ActionImport)}
	if p.Model, err = h.s.Model(ctx); err != nil {
		return err
	}
	if p.Page, err = h.s.list(ctx, p.Model, f, r.URL.Query().Get("cursor")); err != nil {
		return err
	}
	if p.Services, err = h.s.repo.services(ctx, h.desk.DB); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(p))
}

// pick answers the item picker.
func (h handlers) pick(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	var class *uuid.UUID
	if id, err := uuid.Parse(q.Get("class")); err == nil {
		class = &id
	}
	text := q.Get("q")
	if len(text) > 200 || strings.ContainsRune(text, 0) {
		return fault.OnField("q", "validation.text")
	}
	found, err := h.s.Pick(r.Context(), text, class, 10)
	if err != nil {
		return err
	}
	m, err := h.s.Model(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, pickList(found, m))
}

// itemProps is an item's page and which part of it is open.
type itemProps struct {
	Detail
	Tab    string
	Panels []templ.Component // of other practices
}

func (h handlers) detail(r *http.Request) (Detail, error) {
	id, err := h.s.key(r)
	if err != nil {
		return Detail{}, err
	}
	return h.s.Detail(r.Context(), id)
}

func (h handlers) item(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	p := itemProps{Detail: d, Tab: "item"}
	for _, x := range h.panels {
		c, err := x.OfItem(r.Context(), d.ID)
		if err != nil {
			return err
		}
		p.Panels = append(p.Panels, c)
	}
	return web.Render(w, r, http.StatusOK, itemPage(p))
}

// Panel is what another practice shows on the page of an item, as far as its
// reader may see it.
type Panel interface {
	OfItem(ctx context.Context, item uuid.UUID) (templ.Component, error)
}

// historyProps is the history of an item and, where asked for, its state at an
// instant.
type historyProps struct {
	itemProps
	Steps []Step
	Names Names
	Next  int
	At    string // as typed
	Then  *Version
	Since []Change // from then to now
	Fault *fault.Error
}

func (h handlers) history(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	p := historyProps{itemProps: itemProps{Detail: d, Tab: "history"}, At: r.URL.Query().Get("at")}
	below, err := place(r.URL.Query(), "below")
	if err != nil {
		return err
	}
	if p.Steps, p.Names, err = h.s.History(r.Context(), d.ID, below); err != nil {
		return err
	}
	if n := len(p.Steps); n >= PageSize && p.Steps[n-1].Version.Version > 1 {
		p.Next = p.Steps[n-1].Version.Version
	}
	status := http.StatusOK
	if p.At != "" {
		if p.Fault = h.then(r.Context(), &p); p.Fault != nil {
			if p.Fault.Kind != fault.Invalid {
				return p.Fault
			}
			status = http.StatusUnprocessableEntity
		}
	}
	return web.Render(w, r, status, historyPage(p))
}

// then reads the state at the instant typed, which is in the reader's zone.
func (h handlers) then(ctx context.Context, p *historyProps) *fault.Error {
	at, err := local(ctx, "at", p.At)
	if err != nil {
		return fault.Of(err)
	}
	v, err := h.s.At(ctx, p.ID, at)
	if err != nil {
		return fault.Of(err)
	}
	p.Then, p.Since = &v, Compare(v.State, p.state())
	m := p.Model
	if p.Names, err = h.s.names(ctx, m, append(statesOf(p.Steps), v.State, p.state())...); err != nil {
		return fault.Of(err)
	}
	return nil
}

func statesOf(list []Step) []State {
	var out []State
	for _, x := range list {
		out = append(out, x.State)
	}
	return out
}

// local reads an instant of a field, in the reader's zone unless it names one.
func local(ctx context.Context, field, s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, ui.Zone(ctx)); err == nil {
			if layout == time.DateOnly {
				t = t.AddDate(0, 0, 1).Add(-time.Microsecond)
			}
			return t, nil
		}
	}
	return time.Time{}, fault.OnField(field, "validation.datetime")
}

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

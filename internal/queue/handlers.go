package queue

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// Mount adds what every list has: how it is shown, its saved views and its
// export, as pages and in the API. one and many are what the API's operations
// are called by: "Incident", "Incidents".
func (q *Queue[R]) Mount(rt web.Router, one, many, tag string) {
	rt.Post(q.Path+"/display", q.setDisplay)
	rt.Post(q.Path+"/views", q.saveView)
	rt.Get(q.Path+"/views/{view}", q.viewPage)
	rt.Post(q.Path+"/views/{view}/delete", q.deleteView)
	rt.Post(q.Path+"/export", q.export)
	rt.Get(q.Path+"/{id}/beside", q.beside)
	q.mountAPI(rt, one, many, tag)
}

// Show gathers the page of the list at an address; what the rows look like and
// the preview are the module's to add. done: it has answered already.
func (q *Queue[R]) Show(w http.ResponseWriter, r *http.Request) (p Props, list []R, done bool, err error) {
	ctx := r.Context()
	who, err := identity.From(ctx)
	if err != nil {
		return p, nil, false, err
	}
	if !who.Agent() {
		return p, nil, true, web.SeeOther(w, r, "/my")
	}
	query := r.URL.Query()
	if query.Has("field") {
		return p, nil, true, q.built(w, r, query)
	}
	p = Props{Spec: &q.Spec, Query: query, Now: q.desk.Now(), MayExport: q.desk.Can(ctx, q.Export, nil)}
	if p.Filter, err = q.Parse(query); err != nil {
		return p, nil, false, err
	}
	if err = q.opened(ctx, &p); err != nil {
		return p, nil, false, err
	}
	page, err := q.List(ctx, p.Filter, query.Get("cursor"))
	if err != nil {
		return p, nil, false, err
	}
	p.Next, p.Total, p.Limit = page.Next, page.Total, page.Limit
	for _, x := range page.Rows {
		p.Lines = append(p.Lines, x.Base())
	}
	if len(p.Lines) > 0 && !web.IsBackground(r) { // what a page fetches for itself does not move its reader's cursor
		p.Selected = p.Lines[p.At()].Number
	}
	return p, page.Rows, false, q.named(ctx, &p)
}

// opened reads the saved view that the address names and, unless the address
// says otherwise itself, its filter; and how the actor likes this list.
func (q *Queue[R]) opened(ctx context.Context, p *Props) (err error) {
	if key := p.Query.Get("v"); key != "" {
		id, err := uuid.Parse(key)
		if err != nil {
			return fault.New(fault.NotFound, "error.not_found")
		}
		v, err := q.Saves.Get(ctx, id)
		if err != nil {
			return err
		}
		saved, left := q.ParseSaved(v.Query)
		p.Saved, p.Left, p.MayChange = &v, left, q.Saves.MayChange(ctx, v)
		if q.says(p.Query) {
			p.Changed = saved.Query().Encode() != p.Filter.Query().Encode()
		} else {
			p.Filter = saved
		}
	}
	if p.Display, err = q.Saves.Display(ctx, p.listName()); err != nil {
		return err
	}
	if p.Display.Layout == "" {
		p.Display = view.Display{Layout: "split", Columns: q.Chosen}
	}
	return nil
}

// says reports whether an address has a filter of its own.
func (s *Spec) says(q url.Values) bool {
	return slices.ContainsFunc([]string{"view", "q", "f", "sort", "group"}, q.Has) || slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Short && q.Has(f.Name) })
}

// named reads what the conditions in force are called.
func (q *Queue[R]) named(ctx context.Context, p *Props) (err error) {
	if p.Teams, err = identity.Teams(ctx, q.desk.DB); err != nil {
		return err
	}
	var persons []string
	for _, f := range q.Fields {
		if f.Person {
			persons = append(persons, f.Name)
		}
	}
	if p.People, err = identity.People(ctx, q.desk.DB, p.Filter.IDs(persons...)...); err != nil {
		return err
	}
	if p.Query.Get("add") == "department" || slices.ContainsFunc(p.Filter.Clauses, func(c Clause) bool { return c.Field == "department" }) {
		p.Departments, err = identity.Departments(ctx, q.desk.DB)
	}
	return err
}

// built takes one condition from the builder's form into the address.
func (q *Queue[R]) built(w http.ResponseWriter, r *http.Request, v url.Values) error {
	if err := identity.FillPicked(r.Context(), q.desk.DB, v, "person_id"); err != nil {
		return err
	}
	c := Clause{Field: v.Get("field"), Op: v.Get("op"), Values: split(v["value"])}
	if id := v.Get("person_id"); id != "" {
		c.Values = append(c.Values, id)
	}
	if c.Op == "within" || c.Op == "older" {
		c.Values = split(v["span"])
	}
	add := len(c.Values) > 0 || c.Op == "none" || c.Op == "any"
	old := v.Get("old")
	for _, k := range []string{"field", "op", "value", "person_id", "person_id_username", "span", "old", "add", "edit", "cursor", "sel"} {
		v.Del(k)
	}
	list := slices.DeleteFunc(v["f"], func(s string) bool { return s == old })
	if add {
		list = append(list, c.String())
	}
	if v["f"] = list; len(list) == 0 {
		v.Del("f")
	}
	if _, err := q.Parse(v); err != nil {
		return err
	}
	return web.SeeOther(w, r, q.AtQuery(v))
}

// viewForm is the form of a saved view.
type viewForm struct {
	*Spec
	In    view.SaveInput
	Left  []Left // of the filter that was saved
	Alert string // as typed
	Teams []ui.Option
	Fault *fault.Error
}

// viewForm makes the form for the list as it is now.
func (q *Queue[R]) viewForm(ctx context.Context, in view.SaveInput) (viewForm, error) {
	f := viewForm{Spec: &q.Spec, In: in}
	who, err := identity.From(ctx)
	if err != nil {
		return f, err
	}
	teams, err := identity.Teams(ctx, q.desk.DB)
	for _, t := range teams {
		own := view.View{OwnerID: who.ID, TeamID: &t.ID}
		if t.Active && slices.Contains(who.Teams, t.ID) && q.Saves.MayChange(ctx, own) {
			f.Teams = append(f.Teams, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	f.Alert = intText(in.AlertAbove)
	return f, err
}

// viewPage is the form of one view, for changing its name, team and alarm.
func (q *Queue[R]) viewPage(w http.ResponseWriter, r *http.Request) error {
	v, err := q.saved(r)
	if err != nil {
		return err
	}
	in := view.SaveInput{ID: &v.ID, Version: v.Version, Name: v.Name, Query: v.Query, TeamID: v.TeamID, AlertAbove: v.AlertAbove}
	saved, left := q.ParseSaved(v.Query)
	if len(left) > 0 {
		in.Query = saved.Query().Encode() // what was saved would be refused
	}
	f, err := q.viewForm(r.Context(), in)
	if err != nil {
		return err
	}
	f.Left = left
	return web.Render(w, r, http.StatusOK, viewFormPage(f))
}

// saved is the view of an address, if it is one of this list.
func (q *Queue[R]) saved(r *http.Request) (view.View, error) {
	id, err := web.PathID(r, "view")
	if err != nil {
		return view.View{}, err
	}
	v, err := q.Saves.Get(r.Context(), id)
	if err == nil && v.Kind != q.Kind {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return v, err
}

func (q *Queue[R]) saveView(w http.ResponseWriter, r *http.Request) error {
	var in view.SaveInput
	err := web.Decode(r, &in)
	if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	var v view.View
	if err == nil {
		v, err = q.Saves.Save(work.WithKey(r.Context(), web.Key(r)), q.Kind, in)
	}
	if err != nil {
		f := fault.Of(err)
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.Stale && f.Kind != fault.Forbidden {
			return err
		}
		form, ferr := q.viewForm(r.Context(), in)
		if ferr != nil {
			return ferr
		}
		form.Fault, form.Alert = f, r.Form.Get("alert_above")
		return web.Render(w, r, web.StatusOf(f), viewFormPage(form))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, q.Path+"?v="+v.ID.String())
}

func (q *Queue[R]) deleteView(w http.ResponseWriter, r *http.Request) error {
	v, err := q.saved(r)
	if err != nil {
		return err
	}
	var in view.DeleteInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := q.Saves.Delete(work.WithKey(r.Context(), web.Key(r)), v.ID, in); err != nil {
		return err
	}
	web.Flash(w, "queue.said.view_deleted")
	return web.SeeOther(w, r, q.Path)
}

// setDisplay keeps layout and columns of a list for the person.
func (q *Queue[R]) setDisplay(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		List    string   `json:"list" validate:"required,line,max=60"`
		Layout  string   `json:"layout" validate:"required"`
		Columns []string `json:"columns" validate:"max=20"`
		Return  string   `json:"return"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	d := view.Display{Layout: in.Layout}
	for _, c := range q.Columns {
		if slices.Contains(in.Columns, c) {
			d.Columns = append(d.Columns, c)
		}
	}
	if err := q.Saves.SetDisplay(r.Context(), in.List, d); err != nil {
		return err
	}
	return web.SeeOther(w, r, web.Local(in.Return))
}

package incident

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// tableColumns are the columns of the table that a person may choose; number,
// status and title are always there.
var tableColumns = []string{"priority", "due", "requester", "assignee", "team", "category", "service", "pending", "channel", "created", "updated"}

// defaultColumns stand until a person chooses.
var defaultColumns = []string{"priority", "due", "requester", "assignee", "team", "updated"}

// opened reads the saved view that the address names and, unless the address
// says otherwise itself, its filter.
func (h handlers) opened(ctx context.Context, p *queueProps) error {
	key := p.Query.Get("v")
	if key == "" {
		return nil
	}
	id, err := uuid.Parse(key)
	if err != nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	v, err := h.s.views.Get(ctx, id)
	if err != nil {
		return err
	}
	p.Saved, p.MayChange = &v, h.s.views.MayChange(ctx, v)
	own := slices.ContainsFunc([]string{"view", "q", "f", "sort", "group", "state", "priority", "team", "assignee", "requester", "category", "service"}, p.Query.Has)
	saved, err := savedFilter(v)
	if err != nil {
		return err
	}
	if own {
		p.Changed = saved.Query().Encode() != p.Filter.Query().Encode()
	} else {
		p.Filter = saved
	}
	return nil
}

// displayed reads how the actor likes this list.
func (h handlers) displayed(ctx context.Context, p *queueProps) (err error) {
	if p.Display, err = h.s.views.Display(ctx, p.listName()); err != nil {
		return err
	}
	if p.Display.Layout == "" {
		p.Display = view.Display{Layout: "split", Columns: defaultColumns}
	}
	return nil
}

// viewForm is the form of a saved view.
type viewForm struct {
	In    view.SaveInput
	Alert string // as typed
	Teams []ui.Option
	Fault *fault.Error
}

// viewForm makes the form for the list as it is now.
func (h handlers) viewForm(ctx context.Context, in view.SaveInput) (viewForm, error) {
	f := viewForm{In: in}
	who, err := identity.From(ctx)
	if err != nil {
		return f, err
	}
	teams, err := identity.Teams(ctx, h.desk.DB)
	for _, t := range teams {
		own := view.View{OwnerID: who.ID, TeamID: &t.ID}
		if t.Active && slices.Contains(who.Teams, t.ID) && h.s.views.MayChange(ctx, own) {
			f.Teams = append(f.Teams, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	f.Alert = intText(in.AlertAbove)
	return f, err
}

// viewPage is the form of one view, for changing its name, team and alarm.
func (h handlers) viewPage(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r)
	if err != nil {
		return err
	}
	f, err := h.viewForm(r.Context(), view.SaveInput{ID: &v.ID, Version: v.Version, Name: v.Name, Query: v.Query, TeamID: v.TeamID, AlertAbove: v.AlertAbove})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, viewFormPage(f))
}

func (h handlers) view(r *http.Request) (view.View, error) {
	id, err := uuid.Parse(chi.URLParam(r, "view"))
	if err != nil {
		return view.View{}, fault.New(fault.NotFound, "error.not_found")
	}
	return h.s.views.Get(r.Context(), id)
}

func (h handlers) saveView(w http.ResponseWriter, r *http.Request) error {
	var in view.SaveInput
	err := web.Decode(r, &in)
	if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	var v view.View
	if err == nil {
		v, err = h.s.views.Save(work.WithKey(r.Context(), web.Key(r)), Kind, in)
	}
	if err != nil {
		f := fault.Of(err)
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.Stale && f.Kind != fault.Forbidden {
			return err
		}
		form, ferr := h.viewForm(r.Context(), in)
		if ferr != nil {
			return ferr
		}
		form.Fault, form.Alert = f, r.Form.Get("alert_above")
		return web.Render(w, r, web.StatusOf(f), viewFormPage(form))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/incidents?v="+v.ID.String())
}

func (h handlers) deleteView(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r)
	if err != nil {
		return err
	}
	var in view.DeleteInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := h.s.views.Delete(work.WithKey(r.Context(), web.Key(r)), v.ID, in); err != nil {
		return err
	}
	web.Flash(w, "incident.said.view_deleted")
	return web.SeeOther(w, r, "/incidents")
}

// setDisplay keeps layout and columns of a list for the person.
func (h handlers) setDisplay(w http.ResponseWriter, r *http.Request) error {
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
	for _, c := range tableColumns {
		if slices.Contains(in.Columns, c) {
			d.Columns = append(d.Columns, c)
		}
	}
	if err := h.s.views.SetDisplay(r.Context(), in.List, d); err != nil {
		return err
	}
	return web.SeeOther(w, r, web.Local(in.Return))
}

// listName is the list as displays are kept for.
func (p queueProps) listName() string {
	if p.Saved != nil {
		return p.Saved.ID.String()
	}
	return p.view()
}

// title is what the list is called.
func (p queueProps) title(ctx context.Context) string {
	if p.Saved != nil {
		return p.Saved.Name
	}
	return ui.T(ctx, "incident.view."+p.view())
}

func (p queueProps) table() bool { return p.Display.Layout == "table" }

func (p queueProps) shows(column string) bool { return slices.Contains(p.Display.Columns, column) }

func viewURL(id uuid.UUID) string { return address(url.Values{"v": {id.String()}}) }

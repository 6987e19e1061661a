package change

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// maintenanceProps is the list of windows, or the form of one.
type maintenanceProps struct {
	MaintenanceList
	Maintenance      // the one of the form
	May         bool // may set windows at all
	New         bool
	Form        url.Values
	Fault       *fault.Error
}

func maintenanceAddress(parts ...string) string { return address("maintenance", parts...) }

func (h handlers) maintenanceOf(r *http.Request) (p maintenanceProps, err error) {
	p.MaintenanceList, err = h.s.Maintenance(r.Context())
	p.May = h.desk.Can(r.Context(), ActionMaintain, nil)
	return p, err
}

func (h handlers) maintenance(w http.ResponseWriter, r *http.Request) error {
	p, err := h.maintenanceOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, maintenancePage(p))
}

// newWindow reports whether the address is of a window that is yet to be set.
func newWindow(r *http.Request) bool { return chi.URLParam(r, "window") == "" }

// maintenanceForm is the form of a window: a new one where the address has none.
func (h handlers) maintenanceForm(r *http.Request) (p maintenanceProps, err error) {
	if p, err = h.maintenanceOf(r); err != nil {
		return p, err
	}
	if _, err = h.desk.Permit(r.Context(), ActionMaintain); err != nil {
		return p, err
	}
	p.Form = url.Values{}
	if newWindow(r) {
		zone := ui.Zone(r.Context())
		p.New = true
		p.Maintenance = Maintenance{Weekdays: []int{7}, Starts: "02:00", Ends: "06:00", Zone: zone.String(), ValidFrom: h.desk.Now().In(zone).Format(time.DateOnly), Binding: true}
		return p, nil
	}
	id, err := web.PathID(r, "window")
	if err != nil {
		return p, err
	}
	n := slices.IndexFunc(p.Windows, func(m Maintenance) bool { return m.ID == id })
	if n < 0 {
		return p, fault.New(fault.NotFound, "error.not_found")
	}
	if p.Maintenance = p.Windows[n]; !p.Mine[id] {
		return p, fault.New(fault.Forbidden, "error.forbidden")
	}
	return p, nil
}

func (h handlers) maintenanceEdit(w http.ResponseWriter, r *http.Request) error {
	p, err := h.maintenanceForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, maintenanceFormPage(p))
}

// chosen adds what the pickers of the form name to what was chosen before.
func (h handlers) chosen(r *http.Request) error {
	if id := r.Form.Get("service"); id != "" {
		r.Form.Add("services", id)
		r.Form.Del("service")
	}
	item := strings.TrimSpace(r.Form.Get("item") + r.Form.Get("item_typed"))
	if item == "" {
		return nil
	}
	id, err := h.s.picked(r.Context(), item)
	if err != nil {
		return err
	}
	r.Form.Add("items", id.String())
	r.Form.Del("item")
	r.Form.Del("item_typed")
	return nil
}

func (h handlers) saveMaintenance(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	save := h.s.SetMaintenance
	if !newWindow(r) {
		id, err := web.PathID(r, "window")
		if err != nil {
			return err
		}
		save = func(ctx context.Context, in MaintenanceInput) (Maintenance, error) {
			return h.s.EditMaintenance(ctx, id, in)
		}
	}
	again := func(status int, f *fault.Error) error {
		p, err := h.maintenanceForm(r)
		if err != nil {
			return err
		}
		p.Form, p.Fault = r.Form, f
		names, err := h.s.names(r.Context(), h.desk.DB, p.ids("items", nil))
		if err != nil {
			return err
		}
		maps.Copy(p.MaintenanceList.Items, names)
		return web.Render(w, r, status, maintenanceFormPage(p))
	}
	var in MaintenanceInput
	err := h.chosen(r)
	if err == nil && r.Form.Has("_more") {
		return again(http.StatusOK, nil)
	}
	if err == nil {
		err = web.Form(r.Form, &in)
	}
	if err == nil {
		_, err = save(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		if f := fault.Of(err); shown(f) {
			return again(web.StatusOf(f), f)
		}
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, maintenanceAddress())
}

// Get is the value of a field as it was typed, or what it is now.
func (p maintenanceProps) Get(field, now string) string {
	if p.Form.Has(field) {
		return p.Form.Get(field)
	}
	return now
}

// ids are those that were chosen in the form, or those there are.
func (p maintenanceProps) ids(field string, now []uuid.UUID) []uuid.UUID {
	if !p.Form.Has(field) {
		return now
	}
	var out []uuid.UUID
	for _, s := range p.Form[field] {
		if id, err := uuid.Parse(s); err == nil {
			out = append(out, id)
		}
	}
	return unique(out)
}

// shownItems are the chosen items that the reader may see. The others stay, and
// are not in the form.
func (p maintenanceProps) shownItems() []uuid.UUID {
	return p.seen(Maintenance{Items: p.ids("items", p.Maintenance.Items)}).Items
}

// days are the weekdays that were chosen in the form, or those there are.
func (p maintenanceProps) days() []string {
	if len(p.Form) > 0 {
		return p.Form["weekdays"]
	}
	out := make([]string, len(p.Weekdays))
	for n, d := range p.Weekdays {
		out[n] = strconv.Itoa(d)
	}
	return out
}

// binds reports whether the box is ticked.
func (p maintenanceProps) binds() bool {
	if len(p.Form) > 0 {
		return p.Form.Get("binding") != ""
	}
	return p.Binding
}

package inspection

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// plansProps is the list of plans.
type plansProps struct {
	Rows  []PlanRow
	Next  string
	State string
	May   bool
	Teams []identity.Team
}

func (h handlers) plans(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p := plansProps{State: q.Get("state"), May: h.desk.Can(r.Context(), ActionPlan, nil)}
	var states []string
	switch PlanState(p.State) {
	case Active, Paused, Retired:
		states = []string{p.State}
	case "":
		states = []string{string(Active), string(Paused)}
	default:
		return fault.OnField("state", "validation.oneof")
	}
	var err error
	if p.Rows, p.Next, err = h.s.Plans(r.Context(), states, q.Get("cursor")); err != nil {
		return err
	}
	if p.Teams, err = identity.Teams(r.Context(), h.desk.DB); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, plansPage(p))
}

// planProps is one plan, as a page or as a form, and how the last form fared.
type planProps struct {
	PlanDetail
	Form    url.Values // what was typed, where the form was refused or asked for more
	Fault   *fault.Error
	On      string // the act that was refused
	Preview *Preview
}

func (p planProps) isNew() bool { return p.ID == uuid.Nil }

func planAddress(parts ...string) string {
	return strings.Join(append([]string{"/inspections/plans"}, parts...), "/")
}

func (p planProps) action() string {
	if p.isNew() {
		return planAddress()
	}
	return planAddress(p.ID.String(), "edit")
}

func (p planProps) draftKey() string {
	if p.isNew() {
		return "inspection-plan:new"
	}
	return "inspection-plan:" + p.ID.String()
}

func (h handlers) planDetail(r *http.Request) (PlanDetail, error) {
	id, err := web.PathID(r, "plan")
	if err != nil {
		return PlanDetail{}, err
	}
	return h.s.PlanDetail(r.Context(), id)
}

func (h handlers) plan(w http.ResponseWriter, r *http.Request) error {
	d, err := h.planDetail(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, planPage(planProps{PlanDetail: d}))
}

func (h handlers) newPlan(w http.ResponseWriter, r *http.Request) error {
	d, err := h.s.BlankPlan(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, planForm(planProps{PlanDetail: d}))
}

func (h handlers) editPlanPage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.planDetail(r)
	if err != nil {
		return err
	}
	if _, err := h.desk.Permit(r.Context(), ActionPlan); err != nil {
		return err
	}
	if d.State == Retired {
		return fault.New(fault.Conflict, "inspection.error.retired")
	}
	return web.Render(w, r, http.StatusOK, planForm(planProps{PlanDetail: d}))
}

func (h handlers) addPlan(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	return h.savePlan(w, r, func() (PlanDetail, error) { return h.s.BlankPlan(r.Context()) }, func(ctx context.Context, in PlanInput) (Plan, error) { return h.s.CreatePlan(ctx, in) })
}

func (h handlers) editPlan(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id, err := web.PathID(r, "plan")
	if err != nil {
		return err
	}
	return h.savePlan(w, r, func() (PlanDetail, error) { return h.planDetail(r) }, func(ctx context.Context, in PlanInput) (Plan, error) { return h.s.EditPlan(ctx, id, in) })
}

// savePlan keeps a plan, or shows the form again: with another row, with what
// the plan would do, or with what has to be mended. Nothing typed is lost.
func (h handlers) savePlan(w http.ResponseWriter, r *http.Request, read func() (PlanDetail, error), keep func(context.Context, PlanInput) (Plan, error)) error {
	ctx := r.Context()
	again := func(status int, f *fault.Error, preview *Preview) error {
		d, err := read()
		if err != nil {
			return err
		}
		if d.Names, err = h.s.names(ctx, h.desk.DB, typedItems(r.Form)); err != nil {
			return err
		}
		if id, err := uuid.Parse(r.Form.Get("person_id")); err == nil {
			if d.People, err = identity.People(ctx, h.desk.DB, id); err != nil {
				return err
			}
		}
		return web.Render(w, r, status, planForm(planProps{PlanDetail: d, Form: r.Form, Fault: f, Preview: preview}))
	}
	in, err := h.planInput(r)
	if r.Form.Has("_rows") || r.Form.Has("_up") {
		if row, err := strconv.Atoi(r.Form.Get("_up")); err == nil {
			moveUp(r.Form, row)
		}
		if n := slices.IndexFunc(fieldsOf(err), func(x fault.Field) bool { return x.Name == "item" }); n >= 0 {
			f := fault.OnField("item", fieldsOf(err)[n].Code)
			return again(web.StatusOf(f), f, nil)
		}
		return again(http.StatusOK, nil, nil)
	}
	if err == nil && r.Form.Has("_preview") {
		var p Preview
		if p, err = h.s.PreviewPlan(ctx, in); err == nil {
			return again(http.StatusOK, nil, &p)
		}
	}
	var p Plan
	if err == nil {
		p, err = keep(work.WithKey(ctx, web.Key(r)), in)
	}
	if err != nil {
		if f := fault.Of(err); shown(f) {
			return again(web.StatusOf(f), f, nil)
		}
		return err
	}
	web.Flash(w, "inspection.said.plan_saved")
	return web.SeeOther(w, r, planAddress(p.ID.String()))
}

func fieldsOf(err error) []fault.Field {
	if err == nil {
		return nil
	}
	return fault.Of(err).Fields
}

// planInput reads a plan from a form.
func (h handlers) planInput(r *http.Request) (in PlanInput, err error) {
	form := r.Form
	f := fault.New(fault.Invalid, "error.invalid")
	add := func(err error) {
		if err != nil {
			f.Fields = append(f.Fields, fault.Of(err).Fields...)
		}
	}
	if err := identity.FillPicked(r.Context(), h.desk.DB, form, "person_id"); err != nil && len(fault.Of(err).Fields) == 0 {
		return in, err
	} else if err != nil {
		add(err)
	}
	if item := strings.TrimSpace(form.Get("item") + form.Get("item_typed")); item != "" {
		id, err := h.s.picked(r.Context(), item)
		add(err)
		if err == nil && !slices.Contains(form["items"], id.String()) {
			form.Add("items", id.String())
		}
		form.Del("item")
		form.Del("item_typed")
	}
	add(web.Form(form, &in))
	add(web.Form(form, &in.Recurrence))
	var sel Selection
	add(web.Form(form, &sel))
	if sel.ClassID != uuid.Nil {
		in.Selection = &sel
		if s := form.Get("of_service_id"); s != "" {
			id, err := uuid.Parse(s)
			if err != nil {
				add(fault.OnField("of_service_id", "validation.uuid"))
			}
			sel.ServiceID = &id
		} else {
			sel.ServiceID = nil
		}
	}
	if hours, ok := parseNumber(form.Get("allow_hours")); !ok || hours < 0.25 || hours > 744 {
		add(fault.OnField("allow_hours", "inspection.error.hours"))
	} else {
		in.AllowMinutes = int(hours*60 + 0.5)
	}
	in.Points = pointsIn(form, f)
	if len(f.Fields) > 0 {
		return in, f
	}
	return in, nil
}

func pointName(n int, field string) string { return "points." + strconv.Itoa(n) + "." + field }

// pointsIn reads the rows of the checklist; rows without any text are left out.
func pointsIn(form url.Values, f *fault.Error) []Point {
	var out []Point
	for n := 1; n <= rowsIn(form); n++ {
		get := func(name string) string { return strings.TrimSpace(form.Get(pointName(n, name))) }
		p := Point{Key: get("key"), Zh: get("zh"), En: get("en"), Kind: PointKind(get("kind")), Unit: get("unit"), Required: get("required") != ""}
		for name, to := range map[string]**float64{"lower": &p.Lower, "upper": &p.Upper} {
			s := get(name)
			if s == "" {
				continue
			}
			v, ok := parseNumber(s)
			if !ok {
				f.Fields = append(f.Fields, fault.Field{Name: "points", Code: "validation.number"})
			}
			*to = &v
		}
		if p.Zh == "" && p.En != "" {
			p.Zh = p.En
		}
		if p.Zh != "" || p.Unit != "" || p.Lower != nil || p.Upper != nil {
			out = append(out, p)
		}
	}
	return out
}

// pointFields are what a row of the checklist has, as forms name it.
var pointFields = [...]string{"key", "zh", "en", "kind", "unit", "lower", "upper", "required"}

// moveUp changes a row of the checklist, as it was typed, with the one above it.
func moveUp(form url.Values, row int) {
	if row < 2 || row > rowsIn(form) {
		return
	}
	for _, field := range pointFields {
		here, above := pointName(row, field), pointName(row-1, field)
		was, had := form[above]
		if now, has := form[here]; has {
			form[above] = now
		} else {
			form.Del(above) // a box that is not ticked is not sent
		}
		if had {
			form[here] = was
		} else {
			form.Del(here)
		}
	}
}

// rowsIn counts the rows that a form has of the checklist.
func rowsIn(form url.Values) int {
	n := 0
	for i := 1; i <= maxPoints; i++ {
		if form.Has(pointName(i, "zh")) {
			n = i
		}
	}
	return n
}

func typedItems(form url.Values) []uuid.UUID {
	var out []uuid.UUID
	for _, s := range form["items"] {
		if id, err := uuid.Parse(s); err == nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// onPlan is the target of the form of an act on a plan.
func onPlan[In any](h handlers, run func(context.Context, uuid.UUID, In) (Plan, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "plan")
		if err != nil {
			return err
		}
		var in In
		if err = web.Decode(r, &in); fault.Is(err, fault.Malformed) {
			return err
		}
		if err == nil {
			_, err = run(work.WithKey(r.Context(), web.Key(r)), id, in)
		}
		if err != nil {
			f := fault.Of(err)
			if !shown(f) {
				return err
			}
			d, derr := h.planDetail(r)
			if derr != nil {
				return err
			}
			return web.Render(w, r, web.StatusOf(f), planPage(planProps{PlanDetail: d, Form: r.Form, Fault: f, On: path.Base(r.URL.Path)}))
		}
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, planAddress(id.String()))
	}
}

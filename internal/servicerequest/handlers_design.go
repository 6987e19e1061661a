package servicerequest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// addField adds a field and goes on to its page.
func (h handlers) addField(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	var in AddFieldInput
	key := ""
	if err = web.Decode(r, &in); err == nil {
		_, key, err = h.s.AddField(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.itemFailed(w, r, "form", err)
	}
	return web.SeeOther(w, r, manageURL(id, "fields", key))
}

// fieldProps is the page of one field.
type fieldProps struct {
	itemProps
	Field form.Field
	// Conditions as they are being put together, by their names.
	Conditions map[string]condition
}

// condition is a condition in the designer: as rows, or as an expression of
// one's own.
type condition struct {
	Rows []form.Row
	Any  bool
	Own  bool // an expression that rows cannot write
	Expr string
}

func conditionOf(f form.Form, src string) condition {
	rows, any, ok := f.Rows(src)
	return condition{Rows: rows, Any: any, Own: !ok, Expr: src}
}

// readCondition reads a condition from the designer's form.
func readCondition(f form.Form, v url.Values, name string) condition {
	c := condition{Any: v.Get(name+"_join") == "any", Own: v.Get(name+"_mode") == "own", Expr: strings.TrimSpace(v.Get(name + "_expr"))}
	ops, values := v[name+"_op"], v[name+"_value"]
	for i, field := range v[name+"_field"] {
		if field == "" || i >= len(ops) || i >= len(values) {
			continue
		}
		c.Rows = append(c.Rows, form.Row{Field: field, Op: ops[i], Value: optionValue(f, field, values[i])})
	}
	if !c.Own {
		c.Expr = f.Expression(c.Rows, c.Any)
	}
	return c
}

// optionValue is the value of an option that was typed by its name.
func optionValue(f form.Form, field, typed string) string {
	if i := f.Find(field); i >= 0 {
		for _, o := range f.Fields[i].Options {
			if typed == o.LabelZh || typed == o.LabelEn {
				return o.Value
			}
		}
	}
	return strings.TrimSpace(typed)
}

func (h handlers) fieldProps(r *http.Request) (p fieldProps, err error) {
	if p.itemProps, err = h.itemProps(r, "form"); err != nil {
		return p, err
	}
	at := p.Content.Form.Find(chi.URLParam(r, "field"))
	if at < 0 {
		return p, fault.New(fault.NotFound, "error.not_found")
	}
	p.Field = p.Content.Form.Fields[at]
	p.Conditions = map[string]condition{}
	for name, src := range map[string]string{"show": p.Field.Show, "required_if": p.Field.RequiredIf, "valid": p.Field.Valid} {
		p.Conditions[name] = conditionOf(p.Content.Form, src)
	}
	return p, nil
}

func (h handlers) field(w http.ResponseWriter, r *http.Request) error {
	p, err := h.fieldProps(r)
	if err != nil {
		return err
	}
	v, err := h.resume(r, &p.itemProps, "field-"+p.Field.Key)
	if err != nil {
		return err
	}
	if v != nil {
		p.read(v)
	}
	return web.Render(w, r, http.StatusOK, fieldPage(p))
}

// setField saves a field. What cannot be saved comes back as it was typed.
func (h handlers) setField(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "item")
	if err != nil {
		return err
	}
	p, err := h.fieldProps(r)
	if err != nil {
		return err
	}
	var in StepInput
	err = web.Decode(r, &in)
	if fault.Is(err, fault.Malformed) {
		return err
	}
	p.read(r.Form)
	if err == nil {
		_, err = h.s.SetField(work.WithKey(r.Context(), web.Key(r)), id, p.Field.Key, FieldInput{in.Version, p.Field})
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		p.Typed = r.Form
		if p.Fault, err = h.refused(r.Context(), id, "field-"+p.Field.Key, r.Form, f); err != nil {
			return err
		}
		return web.Render(w, r, web.StatusOf(f), fieldPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, manageURL(id, "form")+"#field-"+p.Field.Key)
}

// read takes the field from its form.
func (p *fieldProps) read(v url.Values) {
	x := &p.Field
	x.LabelZh, x.LabelEn = strings.TrimSpace(v.Get("label_zh")), strings.TrimSpace(v.Get("label_en"))
	x.HintZh, x.HintEn = strings.TrimSpace(v.Get("hint_zh")), strings.TrimSpace(v.Get("hint_en"))
	x.InvalidZh, x.InvalidEn = strings.TrimSpace(v.Get("invalid_zh")), strings.TrimSpace(v.Get("invalid_en"))
	x.Required = v.Get("required") == "true" || slices.Contains(v["required"], "true")
	x.Default = strings.TrimSpace(v.Get("default"))
	if from := v.Get("default_from"); from != "" {
		x.Default = from
	}
	if x.Type == form.Choice || x.Type == form.Multi {
		x.Options = readOptions(v)
		x.Default = optionValue(form.Form{Fields: []form.Field{*x}}, x.Key, x.Default)
	}
	if x.Type == form.Table {
		x.Columns = nil
		for i := range v["col_zh"] {
			c := form.Column{LabelZh: strings.TrimSpace(at(v["col_zh"], i)), LabelEn: strings.TrimSpace(at(v["col_en"], i)), Type: form.Type(at(v["col_type"], i))}
			if c.LabelZh+c.LabelEn != "" {
				x.Columns = append(x.Columns, c)
			}
		}
	}
	// Conditions speak of the form as this edit leaves it.
	f := form.Form{Fields: slices.Clone(p.Content.Form.Fields)}
	f.Fields[f.Find(x.Key)] = *x
	for _, name := range []string{"show", "required_if", "valid"} {
		p.Conditions[name] = readCondition(f, v, name)
	}
	x.Show, x.RequiredIf, x.Valid = p.Conditions["show"].Expr, p.Conditions["required_if"].Expr, p.Conditions["valid"].Expr
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// readOptions reads options in the order of their positions. One without a
// value of its own gets one from its name.
func readOptions(v url.Values) []form.Option {
	type placed struct {
		form.Option
		at float64
	}
	var list []placed
	for i := range v["opt_zh"] {
		o := form.Option{Value: strings.TrimSpace(at(v["opt_value"], i)), LabelZh: strings.TrimSpace(at(v["opt_zh"], i)), LabelEn: strings.TrimSpace(at(v["opt_en"], i))}
		if o.LabelZh+o.LabelEn+o.Value == "" {
			continue
		}
		if o.Value == "" {
			o.Value = o.LabelEn + map[bool]string{true: o.LabelZh}[o.LabelEn == ""]
		}
		pos, err := strconv.ParseFloat(at(v["opt_at"], i), 64)
		if err != nil {
			pos = float64(1000 + i)
		}
		list = append(list, placed{o, pos})
	}
	slices.SortStableFunc(list, func(a, b placed) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	out := make([]form.Option, 0, len(list))
	for _, x := range list {
		out = append(out, x.Option)
	}
	return out
}

func (h handlers) moveField(ctx context.Context, r *http.Request, id uuid.UUID, in MoveInput) error {
	_, err := h.s.MoveField(ctx, id, chi.URLParam(r, "field"), in)
	return err
}

func (h handlers) removeField(ctx context.Context, r *http.Request, id uuid.UUID, in StepInput) error {
	_, err := h.s.RemoveField(ctx, id, chi.URLParam(r, "field"), in)
	return err
}

// try checks the preview as if it were sent, and keeps nothing.
func (h handlers) try(w http.ResponseWriter, r *http.Request) error {
	p, err := h.itemProps(r, "form")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	p.Typed = r.Form
	if _, err := p.Content.Form.Accept(p.Content.Form.FromForm(r.Form), h.s.today()); err != nil {
		p.Fault = fault.Of(err)
		p.Part = "try"
		return web.Render(w, r, http.StatusUnprocessableEntity, itemPage(p))
	}
	web.Flash(w, "servicerequest.said.tried")
	return web.SeeOther(w, r, manageURL(p.ID, "form")+"#preview")
}

// taskProps is the page of one planned task, or of a new one.
type taskProps struct {
	itemProps
	Plan Plan
	When condition
}

func (h handlers) taskProps(r *http.Request) (p taskProps, err error) {
	if p.itemProps, err = h.itemProps(r, "tasks"); err != nil {
		return p, err
	}
	key := chi.URLParam(r, "task")
	p.Plan = Plan{Output: OutputTask}
	if key != "new" {
		i := slices.IndexFunc(p.Content.Tasks, func(x Plan) bool { return x.Key == key })
		if i < 0 {
			return p, fault.New(fault.NotFound, "error.not_found")
		}
		p.Plan = p.Content.Tasks[i]
	}
	p.When = conditionOf(p.Content.Form, p.Plan.When)
	return p, nil
}

func (h handlers) task(w http.ResponseWriter, r *http.Request) error {
	p, err := h.taskProps(r)
	if err != nil {
		return err
	}
	v, err := h.resume(r, &p.itemProps, taskPart(p.Plan.Key))
	if err != nil {
		return err
	}
	if v != nil {
		p.read(v)
	}
	return web.Render(w, r, http.StatusOK, taskPage(p))
}

// read takes the task from its form.
func (p *taskProps) read(v url.Values) {
	p.When = readCondition(p.Content.Form, v, "when")
	p.Plan = Plan{
		Key: p.Plan.Key, TitleZh: strings.TrimSpace(v.Get("title_zh")), TitleEn: strings.TrimSpace(v.Get("title_en")), Output: Output(v.Get("output")),
		TeamID: formID(v, "team_id"), After: v["after"], When: p.When.Expr,
		Wait: slices.Contains(v["wait"], "true"),
	}
}

func (h handlers) setTask(w http.ResponseWriter, r *http.Request) error {
	p, err := h.taskProps(r)
	if err != nil {
		return err
	}
	var in StepInput
	if err = web.Decode(r, &in); fault.Is(err, fault.Malformed) {
		return err
	}
	p.read(r.Form)
	if err == nil {
		_, err = h.s.SetTask(work.WithKey(r.Context(), web.Key(r)), p.ID, PlanInput{in.Version, p.Plan})
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		if p.Fault, err = h.refused(r.Context(), p.ID, taskPart(p.Plan.Key), r.Form, f); err != nil {
			return err
		}
		return web.Render(w, r, web.StatusOf(f), taskPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, manageURL(p.ID, "tasks"))
}

func formID(v url.Values, name string) *uuid.UUID {
	id, err := uuid.Parse(v.Get(name))
	if err != nil {
		return nil
	}
	return &id
}

func (h handlers) moveTask(ctx context.Context, r *http.Request, id uuid.UUID, in MoveInput) error {
	_, err := h.s.MoveTask(ctx, id, chi.URLParam(r, "task"), in)
	return err
}

func (h handlers) removeTask(ctx context.Context, r *http.Request, id uuid.UUID, in StepInput) error {
	_, err := h.s.RemoveTask(ctx, id, chi.URLParam(r, "task"), in)
	return err
}

// stepProps is the page of one step of approval, or of a new one.
type stepProps struct {
	itemProps
	At   int // -1: new
	Step Step
	When condition
}

func (h handlers) stepProps(r *http.Request) (p stepProps, err error) {
	if p.itemProps, err = h.itemProps(r, "approvals"); err != nil {
		return p, err
	}
	p.At, p.Step = -1, Step{From: ByManager, Mode: "any"}
	if key := chi.URLParam(r, "step"); key != "new" {
		n, err := strconv.Atoi(key)
		if err != nil || n < 0 || n >= len(p.Content.Steps) {
			return p, fault.New(fault.NotFound, "error.not_found")
		}
		p.At, p.Step = n, p.Content.Steps[n]
	}
	p.When = conditionOf(p.Content.Form, p.Step.When)
	return p, nil
}

func (h handlers) step(w http.ResponseWriter, r *http.Request) error {
	p, err := h.stepProps(r)
	if err != nil {
		return err
	}
	v, err := h.resume(r, &p.itemProps, stepPart(p.At))
	if err != nil {
		return err
	}
	if v != nil {
		p.read(v)
		if p.People, err = identity.People(r.Context(), h.desk.DB, p.Step.People...); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, stepPage(p))
}

// read takes the step from its form.
func (p *stepProps) read(v url.Values) {
	p.When = readCondition(p.Content.Form, v, "when")
	p.Step = Step{From: Approver(v.Get("from")), TeamID: formID(v, "team_id"), Mode: v.Get("mode"), When: p.When.Expr}
	p.Step.N, _ = strconv.Atoi(v.Get("n")) // nothing is 0, which the check knows about
	for _, s := range append(slices.Clone(v["people"]), v.Get("person_id")) {
		if id, err := uuid.Parse(s); err == nil && !contains(p.Step.People, id) {
			p.Step.People = append(p.Step.People, id)
		}
	}
	if p.Step.From != ByPeople {
		p.Step.People = nil
	}
}

func (h handlers) setStep(w http.ResponseWriter, r *http.Request) error {
	p, err := h.stepProps(r)
	if err != nil {
		return err
	}
	var in StepInput
	if err = web.Decode(r, &in); fault.Is(err, fault.Malformed) {
		return err
	}
	if err == nil {
		err = identity.FillPicked(r.Context(), h.desk.DB, r.Form, "person_id")
	}
	p.read(r.Form)
	if err == nil {
		_, err = h.s.SetStep(work.WithKey(r.Context(), web.Key(r)), p.ID, ApprovalInput{in.Version, p.At, p.Step})
	}
	if err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		if p.Fault, err = h.refused(r.Context(), p.ID, stepPart(p.At), r.Form, f); err != nil {
			return err
		}
		m, perr := identity.People(r.Context(), h.desk.DB, p.Step.People...)
		if perr != nil {
			return perr
		}
		p.People = m
		return web.Render(w, r, web.StatusOf(f), stepPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, manageURL(p.ID, "approvals"))
}

func stepAt(r *http.Request) int {
	n, err := strconv.Atoi(chi.URLParam(r, "step"))
	if err != nil {
		return -1
	}
	return n
}

func (h handlers) moveStep(ctx context.Context, r *http.Request, id uuid.UUID, in MoveInput) error {
	_, err := h.s.MoveStep(ctx, id, stepAt(r), in)
	return err
}

func (h handlers) removeStep(ctx context.Context, r *http.Request, id uuid.UUID, in StepInput) error {
	_, err := h.s.RemoveStep(ctx, id, stepAt(r), in)
	return err
}

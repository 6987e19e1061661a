package change

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

type handlers struct {
	s     *Service
	desk  *work.Desk
	inbox Inbox
	files *attachment.Service
}

// list is the list of changes as people work from it.
func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	p, rows, done, err := h.s.queue.Show(w, r)
	if done || err != nil {
		return err
	}
	if p.Look, err = h.look(r.Context(), rows); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, queue.ListPage(p))
}

func (h handlers) detail(r *http.Request) (Detail, error) {
	id, err := h.s.key(r)
	if err != nil {
		return Detail{}, err
	}
	return h.s.Detail(r.Context(), id)
}

// pageProps is a change's page and how the last form on it fared.
type pageProps struct {
	Detail
	Form  url.Values
	Fault *fault.Error
}

func (h handlers) change(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	// Opening a change is reading what the inbox says about it.
	if err := h.inbox.Read(r.Context(), nil, d.ID); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, changePage(pageProps{Detail: d}))
}

func (h handlers) paper(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, paperPage(d))
}

// planProps is the application as a form.
type planProps struct {
	Detail
	New   bool
	Form  url.Values // what was typed, where the form was refused or asked for a row
	Fault *fault.Error
}

func (h handlers) newPage(w http.ResponseWriter, r *http.Request) error {
	template, err := queryID(r.URL.Query(), "template")
	if err != nil {
		return err
	}
	d, err := h.s.Blank(r.Context(), Type(r.URL.Query().Get("type")), template)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, planPage(planProps{Detail: d, New: true}))
}

func (h handlers) editPage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	if err := h.may(r, d, ActionEdit); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, planPage(planProps{Detail: d}))
}

// may refuses what the actor must not do, or what is not possible now.
func (h handlers) may(r *http.Request, d Detail, a authz.Action) error {
	if !h.desk.Can(r.Context(), a, &d.Facts) {
		return h.desk.Noted(r.Context(), a, d.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	if !d.Can(a) {
		return fault.New(fault.Conflict, "change.error.not_now")
	}
	return nil
}

// plan reads the application from a form: plain fields by their names, steps by
// their places.
func (h handlers) plan(r *http.Request, p *Plan) error {
	for _, f := range []string{"window_from", "window_to"} {
		local(r.Context(), r.Form, f)
	}
	if item := strings.TrimSpace(r.Form.Get("item") + r.Form.Get("item_typed")); item != "" {
		id, err := h.s.picked(r.Context(), item)
		if err != nil {
			return err
		}
		r.Form.Add("items", id.String())
	}
	if err := web.Form(r.Form, p); err != nil {
		return err
	}
	f := fault.New(fault.Invalid, "error.invalid")
	p.Steps, p.Back = stepsIn(r.Form, "steps", f), stepsIn(r.Form, "back", f)
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// local reads a date of a form as the reader meant it: browsers send it
// without a zone.
func local(ctx context.Context, form url.Values, field string) {
	if t, err := time.ParseInLocation("2006-01-02T15:04", form.Get(field), ui.Zone(ctx)); err == nil {
		form.Set(field, t.UTC().Format(time.RFC3339))
	}
}

// stepsIn reads the rows of a list of steps; rows without any text are left
// out.
func stepsIn(form url.Values, list string, f *fault.Error) []PlanStep {
	var out []PlanStep
	for n := 1; n <= rowsIn(form, list); n++ {
		get := func(name string) string { return strings.TrimSpace(form.Get(stepName(list, n, name))) }
		s := PlanStep{Title: get("title"), Check: get("check"), GoNoGo: get("go_no_go") != ""}
		if m := get("minutes"); m != "" {
			v, err := strconv.Atoi(m)
			if err != nil {
				f.Fields = append(f.Fields, fault.Field{Name: list, Code: "validation.number"})
			}
			s.Minutes = v
		}
		if o := get("owner_id"); o != "" {
			id, err := uuid.Parse(o)
			if err != nil {
				f.Fields = append(f.Fields, fault.Field{Name: list, Code: "validation.uuid"})
			}
			s.OwnerID = &id
		}
		if s.Title != "" || s.Minutes != 0 || s.OwnerID != nil || s.Check != "" {
			out = append(out, s)
		}
	}
	return out
}

func stepName(list string, n int, field string) string {
	return list + "." + strconv.Itoa(n) + "." + field
}

// maxRows is the most steps that a plan has.
const maxRows = 60

// rowsIn counts the rows that a form has of a list.
func rowsIn(form url.Values, list string) int {
	n := 0
	for i := 1; i <= maxRows; i++ {
		if form.Has(stepName(list, i, "title")) {
			n = i
		}
	}
	return n
}

// add begins a change.
func (h handlers) add(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	template, err := queryID(r.Form, "template_id")
	if err != nil {
		return err
	}
	again := func(status int, f *fault.Error) error {
		d, err := h.s.Blank(r.Context(), Type(r.Form.Get("type")), template)
		if err != nil {
			return err
		}
		return web.Render(w, r, status, planPage(planProps{Detail: d, New: true, Form: r.Form, Fault: f}))
	}
	if r.Form.Has("_rows") {
		return again(http.StatusOK, nil)
	}
	in := CreateInput{Type: Type(r.Form.Get("type")), TemplateID: template}
	err = h.plan(r, &in.Plan)
	var c Change
	if err == nil {
		c, err = h.s.Create(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		if f := fault.Of(err); shown(f) {
			return again(web.StatusOf(f), f)
		}
		return err
	}
	web.Flash(w, "change.said.created")
	return web.SeeOther(w, r, address(c.Label()))
}

// edit changes the plan.
func (h handlers) edit(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	if r.Form.Has("_rows") {
		return web.Render(w, r, http.StatusOK, planPage(planProps{Detail: d, Form: r.Form}))
	}
	in := EditInput{Type: Type(r.Form.Get("type"))}
	if in.Version, err = strconv.Atoi(r.Form.Get("version")); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	err = h.plan(r, &in.Plan)
	if err == nil {
		_, err = h.s.Edit(work.WithKey(r.Context(), web.Key(r)), d.ID, in)
	}
	if err != nil {
		if f := fault.Of(err); shown(f) {
			return web.Render(w, r, web.StatusOf(f), planPage(planProps{Detail: d, Form: r.Form, Fault: f}))
		}
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, address(d.Label()))
}

// queryID reads an id that may be missing.
func queryID(q url.Values, name string) (*uuid.UUID, error) {
	if q.Get(name) == "" {
		return nil, nil
	}
	id, err := uuid.Parse(q.Get(name))
	if err != nil {
		return nil, fault.OnField(name, "validation.uuid")
	}
	return &id, nil
}

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxBody)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	return nil
}

// shown reports whether a fault belongs on the form it came from.
func shown(f *fault.Error) bool {
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.TooLarge, fault.Unsupported, fault.TooMany, fault.Forbidden, fault.Stale:
		return true
	}
	return false
}

// versionOf is the version that a form which is shown again is of: the one that
// was typed on, so that what others changed since is noticed when it is sent once
// more. Whoever was told of such a conflict goes on from the version of now.
func versionOf(form url.Values, f *fault.Error, now int) int {
	if v, err := strconv.Atoi(form.Get("version")); err == nil && v > 0 && (f == nil || f.Code != "error.changed_meanwhile") {
		return v
	}
	return now
}

func address(label string, parts ...string) string {
	return strings.Join(append([]string{"/changes", label}, parts...), "/")
}

// actProps is the page of one action with a form of its own.
type actProps struct {
	Detail
	Act   string
	Form  url.Values
	Fault *fault.Error
}

// Get is the value of a field as it was typed, or what it is now.
func (p actProps) Get(field, now string) string {
	if p.Form.Has(field) {
		return p.Form.Get(field)
	}
	return now
}

// actPages lists the actions with a page, and the use case of each.
var actPages = map[string]authz.Action{
	"return": ActionReturn, "assess": ActionAssess, "test": ActionTest, "hold": ActionHold, "break-glass": ActionBreakGlass, "roll-back": ActionRollBack, "verify": ActionVerify,
	"close": ActionClose, "cancel": ActionCancel, "except": ActionExcept,
}

func (h handlers) actPage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	act := chi.URLParam(r, "act")
	a, ok := actPages[act]
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := h.may(r, d, a); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, actPage(actProps{Detail: d, Act: act, Form: url.Values{}}))
}

// formOf is the target of an action's form.
func formOf[In any](h handlers, path string, run func(context.Context, uuid.UUID, In) (Change, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := h.s.key(r)
		if err != nil {
			return err
		}
		var in In
		if err = h.files.ReadForm(w, r); fault.Is(err, fault.Malformed) {
			return err
		}
		if err == nil {
			err = web.Decode(r, &in)
		}
		if fault.Is(err, fault.Malformed) {
			return err
		}
		var out Change
		if err == nil {
			out, err = run(work.WithKey(r.Context(), web.Key(r)), id, in)
		}
		if err != nil {
			return h.failed(w, r, id, path, err)
		}
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, address(out.Label()))
	}
}

// failed shows the form again with what has to be mended; nothing typed is
// lost.
func (h handlers) failed(w http.ResponseWriter, r *http.Request, id uuid.UUID, path string, err error) error {
	f := fault.Of(err)
	if !shown(f) {
		return err
	}
	d, derr := h.s.Detail(r.Context(), id)
	if derr != nil {
		return err
	}
	if a, ok := actPages[path]; ok && (d.Can(a) || f.Kind == fault.Invalid) {
		return web.Render(w, r, web.StatusOf(f), actPage(actProps{Detail: d, Act: path, Form: r.Form, Fault: f}))
	}
	return web.Render(w, r, web.StatusOf(f), changePage(pageProps{Detail: d, Form: r.Form, Fault: f}))
}

package servicerequest

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/work"
)

// queue is the list of requests as engineers work from it.
func (h handlers) queue(w http.ResponseWriter, r *http.Request) error {
	p, rows, done, err := h.s.queue.Show(w, r)
	if done || err != nil {
		return err
	}
	ctx := r.Context()
	if p.Look, err = h.look(ctx, rows); err != nil {
		return err
	}
	if p.Previews() && p.Selected != "" {
		at := p.At()
		d, err := h.s.Detail(ctx, rows[at].ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			d.Back = p.BackTo(at)
			p.Look.Preview = preview(d)
		}
	}
	return web.Render(w, r, http.StatusOK, queue.ListPage(p))
}

// preview is what the list shows of the request that is selected.
func (h handlers) preview(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	if to := r.URL.Query().Get("back"); to != "" {
		d.Back = web.Local(to)
	}
	return web.Render(w, r, http.StatusOK, preview(d))
}

// todoProps is the list of tasks that wait for somebody or their teams.
type todoProps struct {
	TodoPage
	Mine  bool
	Teams []identity.Team
	Names map[uuid.UUID]identity.Person
}

func (h handlers) todo(w http.ResponseWriter, r *http.Request) error {
	p := todoProps{Mine: r.URL.Query().Get("view") == "mine"}
	var err error
	if p.TodoPage, err = h.s.Todo(r.Context(), p.Mine, r.URL.Query().Get("cursor")); err != nil {
		return err
	}
	if p.Teams, err = identity.Teams(r.Context(), h.desk.DB); err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, t := range p.Rows {
		ids = append(ids, people(t.AssigneeID)...)
	}
	if p.Names, err = identity.People(r.Context(), h.desk.DB, ids...); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, todoPage(p))
}

func (h handlers) detail(r *http.Request) (Detail, error) {
	id, err := h.s.ID(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return Detail{}, err
	}
	return h.s.Detail(r.Context(), id)
}

// requestProps is a request's page and how the last form on it fared.
type requestProps struct {
	Detail
	Form  url.Values
	Tab   string // reply or note
	Fault *fault.Error
}

func (h handlers) request(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	// Opening a request is reading what the inbox says about it.
	if err := h.inbox.Read(r.Context(), nil, d.ID); err != nil {
		return err
	}
	return h.show(w, r, http.StatusOK, requestProps{Detail: d, Form: url.Values{}, Tab: "reply"})
}

func (h handlers) show(w http.ResponseWriter, r *http.Request, status int, p requestProps) error {
	if p.Agent && p.who.ID != p.RequesterID {
		return web.Render(w, r, status, agentPage(p))
	}
	return web.Render(w, r, status, staffPage(p))
}

// actProps is the page of one action with a form of its own.
type actProps struct {
	Detail
	Act   string
	Task  *TaskView
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

// actPages lists the actions with a page, and who may open it.
var actPages = map[string]authz.Action{
	"pend": ActionPend, "priority": ActionPriority, "return": ActionReturn, "reopen": ActionReopen, "refuse": ActionRefuse, "withdraw": ActionWithdraw,
	"names": ActionName,
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
	if !h.desk.Can(r.Context(), a, &d.Facts) {
		return h.desk.Noted(r.Context(), a, d.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	if !d.Can(a) {
		return h.show(w, r, http.StatusConflict, requestProps{Detail: d, Form: url.Values{}, Tab: "reply", Fault: fault.New(fault.Conflict, "servicerequest.error.not_now")})
	}
	return web.Render(w, r, http.StatusOK, actPage(actProps{Detail: d, Act: act, Form: url.Values{}}))
}

// formOf is the target of an action's form.
func formOf[In any](h handlers, path string, run func(context.Context, uuid.UUID, In) (Request, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := h.s.ID(r.Context(), chi.URLParam(r, "id"))
		if err != nil {
			return err
		}
		var in In
		if err = h.decode(w, r, &in); fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
			return err
		}
		var out Request
		if err == nil {
			out, err = run(work.WithKey(r.Context(), web.Key(r)), id, in)
		}
		if err != nil {
			return h.failed(w, r, id, path, err)
		}
		said := "ui.done"
		switch path {
		case "nudge":
			said = "servicerequest.said.nudge"
		case "task-change":
			said = "servicerequest.said.change"
		}
		web.Flash(w, said)
		return web.SeeOther(w, r, orReturn(r.Form, requestURL(out.Label())))
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
	status := web.StatusOf(f)
	if a, ok := actPages[path]; ok && (d.Can(a) || f.Kind == fault.Invalid) {
		return web.Render(w, r, status, actPage(actProps{Detail: d, Act: path, Form: r.Form, Fault: f}))
	}
	if rest, ok := strings.CutPrefix(path, "task-"); ok {
		for i := range d.Tasks {
			if d.Tasks[i].ID.String() == chi.URLParam(r, "task") {
				return web.Render(w, r, status, taskActPage(actProps{Detail: d, Act: rest, Task: &d.Tasks[i], Form: r.Form, Fault: f}))
			}
		}
	}
	tab := "reply"
	if path == "notes" {
		tab = "note"
	}
	return h.show(w, r, status, requestProps{Detail: d, Form: r.Form, Tab: tab, Fault: f})
}

// taskAct is the page of one task: to finish it with a remark, or to hand it
// on.
func (h handlers) taskAct(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	for i := range d.Tasks {
		t := &d.Tasks[i]
		act := chi.URLParam(r, "act")
		if t.ID.String() != chi.URLParam(r, "task") || act != "done" && act != "assign" && act != "change" {
			continue
		}
		if act == "done" && !t.MayDone || act == "change" && !t.MayOpen || act == "assign" && !t.MayAssign {
			f := fault.New(fault.Conflict, "servicerequest.error.not_now")
			if t.Approved {
				f = fault.New(fault.Forbidden, "servicerequest.error.own_approval")
			} else if act == "change" && t.NoRight {
				f = fault.New(fault.Forbidden, "servicerequest.error.change_right")
			}
			return h.show(w, r, web.StatusOf(f), requestProps{Detail: d, Form: url.Values{}, Tab: "reply", Fault: f})
		}
		return web.Render(w, r, http.StatusOK, taskActPage(actProps{Detail: d, Act: act, Task: t, Form: url.Values{}}))
	}
	return fault.New(fault.NotFound, "error.not_found")
}

// onTask is the target of a task's form.
func onTask[In any](h handlers, path string, run func(context.Context, uuid.UUID, uuid.UUID, In) (Request, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		task, err := web.PathID(r, "task")
		if err != nil {
			return err
		}
		return formOf(h, path, func(ctx context.Context, id uuid.UUID, in In) (Request, error) {
			if r.Form != nil {
				if err := identity.FillPicked(ctx, h.desk.DB, r.Form, "assignee_id"); err != nil {
					return Request{}, err
				}
				if err := web.Form(r.Form, &in); err != nil {
					return Request{}, err
				}
			}
			return run(ctx, id, task, in)
		})(w, r)
	}
}

func (h handlers) copy(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.ID(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	out, err := h.s.Copy(work.WithKey(r.Context(), web.Key(r)), id)
	if err != nil {
		return err
	}
	web.Flash(w, "servicerequest.said.copied")
	return web.SeeOther(w, r, requestURL(out.Label(), "edit"))
}

package incident

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/sla"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

type handlers struct {
	s     *Service
	desk  *work.Desk
	files *attachment.Service
	inbox Inbox
	// others are the reader's things of other practices.
	others Own
}

// local reads a date of a form as the reader meant it: browsers send it
// without a zone.
func local(ctx context.Context, form url.Values, field string) {
	if s := form.Get(field); s != "" {
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
			if t, err := time.ParseInLocation(layout, s, ui.Zone(ctx)); err == nil {
				form.Set(field, t.UTC().Format(time.RFC3339))
				return
			}
		}
	}
}

// decode reads a form that may carry files, and fills in what was typed where
// a picker needs script.
func (h handlers) decode(w http.ResponseWriter, r *http.Request, in any) error {
	if err := h.files.ReadForm(w, r); err != nil {
		if r.Form != nil {
			_ = web.Form(r.Form, in) // the refused file is the fault to show; the fields come back as typed
		}
		return err
	}
	err := web.Decode(r, in)
	if r.Form == nil {
		return err
	}
	if err == nil {
		err = identity.FillPicked(r.Context(), h.desk.DB, r.Form, "requester_id", "assignee_id", "person_id", "manager_id", "communicator_id", "technical_id", "owner_id")
	}
	if typed := r.Form.Get("item_typed"); typed != "" && r.Form.Get("item") == "" {
		r.Form.Set("item", typed) // where the picker needs script
	}
	local(r.Context(), r.Form, "reported_at")
	for _, f := range []string{"expected_at", "at", "started_at", "restored_at"} {
		local(r.Context(), r.Form, f)
	}
	if ferr := web.Form(r.Form, in); err == nil {
		err = ferr
	}
	return err
}

// home is the staff portal.
func (h handlers) home(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	rows, _, err := h.everything(r.Context(), "", "")
	if err != nil {
		return err
	}
	props := homeProps{Name: who.Display(i18n.Lang(r.Context())), Now: h.desk.Now()}
	for _, x := range rows {
		if x.Open {
			props.Open = append(props.Open, x)
		} else {
			props.Done = append(props.Done, x)
		}
	}
	if props.Announced, err = h.s.Announcements(r.Context()); err != nil {
		return err
	}
	props.Open, props.Done = firstN(props.Open, 6), firstN(props.Done, 4)
	return web.Render(w, r, http.StatusOK, homePage(props))
}

func firstN(rows []ui.Own, n int) []ui.Own { return rows[:min(n, len(rows))] }

// everything is what the reader reported and asked for, of all practices, the
// newest change first, with the cursor of the following page.
func (h handlers) everything(ctx context.Context, text, cursor string) ([]ui.Own, string, error) {
	p, err := h.s.Mine(ctx, text, cursor)
	if err != nil {
		return nil, "", err
	}
	after, err := queue.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	others, err := h.others.Own(ctx, text, after, queue.PageSize+1)
	if err != nil {
		return nil, "", err
	}
	rows := ui.Newest(queue.PageSize, own(ctx, p.Rows), others)
	if len(p.Rows)+len(others) <= queue.PageSize && p.Next == "" {
		return rows, "", nil
	}
	last := rows[len(rows)-1]
	return rows, Cursor{At: last.Updated, ID: last.ID}.Cursor(), nil
}

func (h handlers) mine(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := ParseFilter(url.Values{"q": q["q"]})
	if err != nil {
		return err
	}
	rows, next, err := h.everything(r.Context(), f.Text, q.Get("cursor"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, minePage(rows, next, f.Text))
}

// queue is the list that agents work from.
func (h handlers) queue(w http.ResponseWriter, r *http.Request) error {
	p, rows, done, err := h.s.queue.Show(w, r)
	if done || err != nil {
		return err
	}
	ctx := r.Context()
	if p.Look, err = h.look(ctx, p.Filter, rows); err != nil {
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

func (h handlers) detail(r *http.Request) (*Detail, error) {
	id, err := h.s.key(r)
	if err != nil {
		return nil, err
	}
	return h.s.Detail(r.Context(), id)
}

func (h handlers) preview(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	d.Back = back(r.URL.Query(), "back")
	return web.Render(w, r, http.StatusOK, preview(d))
}

// back is where a page of the desk leads back to, if it says so.
func back(q url.Values, field string) string {
	if q.Get(field) == "" {
		return ""
	}
	return web.Local(q.Get(field))
}

// ticketProps is a ticket's page and how the last form on it fared.
type ticketProps struct {
	*Detail
	Form  url.Values
	Tab   string // reply or note
	Begun string // what a composer begins with
	// Macros are those that the reader may use.
	Macros []Macro
	Gone   *Gone  // of a tombstone
	From   string // the tombstone that led here
	Fault  *fault.Error
}

func (h handlers) ticket(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	d, err := h.s.Open(r.Context(), id, h.inbox)
	if err != nil {
		return err
	}
	p := &ticketProps{Detail: d, Form: url.Values{}, Tab: "reply"}
	if done, err := h.tombstone(w, r, p); done || err != nil {
		return err
	}
	p.From = cameFrom(r, d)
	if err := h.begun(r, p); err != nil {
		return err
	}
	return h.show(w, r, http.StatusOK, p)
}

func (h handlers) show(w http.ResponseWriter, r *http.Request, status int, p *ticketProps) error {
	if p.Agent {
		var err error
		if p.Macros, err = h.s.Macros(r.Context()); err != nil {
			return err
		}
		return web.Render(w, r, status, ticketPage(p))
	}
	return web.Render(w, r, status, requestPage(p))
}

// reportProps is the report form.
type reportProps struct {
	In        CreateInput
	Agent     bool
	Requester string
	Config    Config
	Fault     *fault.Error
	Device    []string
	Announced []Announcement
	Known     []Announcement // what is announced and may be it
	Alike     []Alike        // open incidents like it
	Looked    bool           // for them
}

func (h handlers) reportForm(ctx context.Context, in CreateInput) (reportProps, error) {
	p := reportProps{In: in, Agent: h.desk.Can(ctx, ActionOnBehalf, nil)}
	var err error
	if p.Config, err = h.s.Config(ctx); err != nil {
		return p, err
	}
	if p.Announced, err = h.s.Announcements(ctx); err != nil {
		return p, err
	}
	if in.RequesterID != nil {
		m, err := identity.People(ctx, h.desk.DB, *in.RequesterID)
		if err != nil {
			return p, err
		}
		p.Requester = m[*in.RequesterID].Name
	}
	return p, nil
}

func (h handlers) reportPage(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	in := CreateInput{Description: strings.ToValidUTF8(r.URL.Query().Get("q"), ""), Impact: 3, Urgency: 3}
	if in.Description == "" {
		if err := h.s.drafted(r.Context(), who.ID, &in); err != nil {
			return err
		}
	}
	if in.Location == "" {
		m, err := identity.People(r.Context(), h.desk.DB, who.ID)
		if err != nil {
			return err
		}
		in.Location = m[who.ID].Location
	}
	p, err := h.reportForm(r.Context(), in)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, reportPage(p))
}

func (h handlers) report(w http.ResponseWriter, r *http.Request) error {
	in := CreateInput{Channel: "portal"}
	err := h.decode(w, r, &in)
	if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	var i Incident
	if err == nil {
		i, err = h.s.Create(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if f := fault.Of(err); f != nil {
		if !shown(f) {
			return err
		}
		p, perr := h.reportForm(r.Context(), in)
		if perr != nil {
			return perr
		}
		p.Fault = f
		return web.Render(w, r, web.StatusOf(f), reportPage(p))
	}
	web.Flash(w, "incident.reported")
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

// shown reports whether a fault belongs on the form it came from.
func shown(f *fault.Error) bool {
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.TooLarge, fault.Unsupported, fault.TooMany, fault.Forbidden, fault.Stale:
		return true
	}
	return false
}

// actProps is the page of one action with a form of its own.
type actProps struct {
	*Detail
	Act     string
	Form    url.Values
	Fault   *fault.Error
	Clashes []ui.ClashRow
	// Departments are there where the form asks for some.
	Departments map[uuid.UUID]identity.Department
	// Reach is how many people get a message as it is announced now.
	Reach int
}

// form shows the page of an action, with what its form offers.
func (h handlers) form(w http.ResponseWriter, r *http.Request, status int, p actProps) (err error) {
	if asksDepartments[p.Act] {
		if p.Departments, err = identity.Departments(r.Context(), h.desk.DB); err != nil {
			return err
		}
	}
	if p.Act == "update" || p.Act == "announce" && p.Announced != nil {
		if p.Reach, err = h.s.Reach(r.Context(), p.ID, p.Announced); err != nil {
			return err
		}
	}
	return web.Render(w, r, status, actPage(p))
}

// Get is the value of a field as it was typed, or what it is now.
func (p actProps) Get(field, now string) string {
	if p.Form.Has(field) {
		return p.Form.Get(field)
	}
	return now
}

// actPages lists the actions with a page, and who may open it.
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
		return h.show(w, r, http.StatusConflict, &ticketProps{Detail: d, Form: url.Values{}, Tab: "reply", Fault: fault.New(fault.Conflict, "incident.error.not_now", "state", "")})
	}
	d.Back = back(r.URL.Query(), "return")
	return h.form(w, r, http.StatusOK, actProps{Detail: d, Act: act, Form: url.Values{}})
}

// formOf is the target of an action's form.
func formOf[In any](h handlers, path string, run func(context.Context, uuid.UUID, In) (Incident, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := h.s.key(r)
		if err != nil {
			return err
		}
		var in In
		err = h.decode(w, r, &in)
		if fault.Is(err, fault.Malformed) || fault.Is(err, fault.Unauthenticated) {
			return err
		}
		match := 0
		if err == nil {
			match, err = web.IfMatch(r)
		}
		var i Incident
		var was *Incident
		if err == nil {
			was = h.before(r.Context(), id, path)
			i, err = run(work.WithMatch(work.WithKey(r.Context(), web.Key(r)), match), id, in)
		}
		if err != nil {
			return h.failed(w, r, id, path, err)
		}
		if said := "incident.said." + strings.ReplaceAll(path, "/", "_"); saidKeys[said] {
			web.Flash(w, said)
		} else if was != nil {
			web.Flash(w, "ui.done")
		}
		h.offerUndo(w, path, was, i)
		if b := back(r.Form, "return"); b != "" {
			return web.SeeOther(w, r, b)
		}
		return web.SeeOther(w, r, "/incidents/"+i.Label())
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
	d.Back = back(r.Form, "return")
	status := web.StatusOf(f)
	if a, ok := actPages[path]; ok && (d.Can(a) || f.Kind == fault.Invalid) {
		// The next press is made from the version the person now sees.
		return h.form(w, r, status, actProps{Detail: d, Act: path, Form: r.Form, Fault: f})
	}
	tab := "reply"
	if path == "notes" {
		tab = "note"
	}
	return h.show(w, r, status, &ticketProps{Detail: d, Form: r.Form, Tab: tab, Fault: f})
}

// edit is the form of an incident's fields. Where it collides with another
// edit, the page asks field by field whose value stays.
func (h handlers) edit(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in EditInput
	err = h.decode(w, r, &in)
	untouched(r.Form)
	if err != nil {
		return h.failed(w, r, id, "edit", err)
	}
	in = EditInput{}
	if err := web.Form(r.Form, &in); err != nil {
		return h.failed(w, r, id, "edit", err)
	}
	in.keep(r.Form)
	was := h.before(r.Context(), id, "edit")
	i, err := h.s.Edit(work.WithKey(r.Context(), web.Key(r)), id, in)
	if f := fault.Of(err); f != nil && len(f.Clashes) > 0 {
		d, err := h.s.Detail(r.Context(), id)
		if err != nil {
			return err
		}
		d.Back = back(r.Form, "return")
		return web.Render(w, r, http.StatusConflict, actPage(actProps{Detail: d, Act: "edit", Form: r.Form, Fault: f, Clashes: d.collided(r.Context(), in.Version, f)}))
	}
	if err != nil {
		return h.failed(w, r, id, "edit", err)
	}
	said := "ui.done"
	if in.Version != 0 && i.Version > in.Version+1 {
		said = "ui.merged"
	}
	web.Flash(w, said)
	h.offerUndo(w, "edit", was, i)
	if b := back(r.Form, "return"); b != "" {
		return web.SeeOther(w, r, b)
	}
	return web.SeeOther(w, r, "/incidents/"+i.Label())
}

// untouched drops the fields that still hold what the page showed: a form
// sends all its fields, and the ones nobody touched are no edit.
func untouched(form url.Values) {
	for field := range form {
		if was, ok := form["was_"+field]; ok && strings.ReplaceAll(form.Get(field), "\r\n", "\n") == strings.ReplaceAll(was[0], "\r\n", "\n") {
			delete(form, field)
		}
	}
}

// keep drops the fields for which the person chose the other's value.
func (in *EditInput) keep(form url.Values) {
	theirs := func(field string) bool { return form.Get("keep_"+field) == "theirs" }
	for field, drop := range map[string]func(){
		"title": func() { in.Title = nil }, "description": func() { in.Description = nil }, "location": func() { in.Location = nil },
		"device": func() { in.Device = nil }, "impact": func() { in.Impact = nil }, "urgency": func() { in.Urgency = nil },
		"category": func() { in.CategoryID = nil }, "service": func() { in.ServiceID = nil },
	} {
		if theirs(field) {
			drop()
		}
	}
}

func (h handlers) tickTask(w http.ResponseWriter, r *http.Request) error {
	task, err := web.PathID(r, "task")
	if err != nil {
		return err
	}
	return formOf(h, "tick", func(ctx context.Context, id uuid.UUID, in TaskDoneInput) (Incident, error) {
		return h.s.TickTask(ctx, id, task, in)
	})(w, r)
}

// settingsProps is the set-up page.
type settingsProps struct {
	Config
	Glossary string
	Teams    []identity.Team
	Fault    *fault.Error
	Part     string // which form the fault belongs to
	In       ChoiceInput
	Preview  *sla.Preview // what the matrix as it was typed would do
	Apply    bool         // to open records as well
}

func (h handlers) settingsForm(ctx context.Context) (settingsProps, error) {
	p := settingsProps{In: ChoiceInput{Active: true}}
	if _, err := h.desk.Permit(ctx, ActionClassify); err != nil {
		return p, err
	}
	var err error
	if p.Config, err = h.s.Config(ctx); err != nil {
		return p, err
	}
	g, err := h.s.Glossary(ctx)
	if err != nil {
		return p, err
	}
	p.Glossary = g.Text()
	p.Teams, err = identity.Teams(ctx, h.desk.DB)
	return p, err
}

func (h handlers) settingsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.settingsForm(r.Context())
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("edit")); err == nil {
		p.Part = "categories"
		for _, c := range p.Categories {
			if c.ID == id {
				p.In = ChoiceInput{ID: &id, ParentID: c.ParentID, NameZh: c.NameZh, NameEn: c.NameEn, TeamID: c.TeamID, Confidential: c.Confidential, Active: c.Active}
			}
		}
	}
	return web.Render(w, r, http.StatusOK, settingsPage(p))
}

// saved ends a form of the set-up page.
func (h handlers) saved(w http.ResponseWriter, r *http.Request, part string, in ChoiceInput, err error) error {
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.settingsForm(r.Context())
		if perr != nil {
			return perr
		}
		p.Fault, p.Part, p.In = f, part, in
		if r.Form.Has("glossary") {
			p.Glossary = r.Form.Get("glossary")
		}
		return web.Render(w, r, web.StatusOf(f), settingsPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/settings/incidents#"+part)
}

func (h handlers) saveSettings(w http.ResponseWriter, r *http.Request) error {
	var in Settings
	err := web.Decode(r, &in)
	if err == nil {
		err = h.s.SetSettings(r.Context(), in)
	}
	return h.saved(w, r, "settings", ChoiceInput{Active: true}, err)
}

func (h handlers) saveMatrix(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Apply bool `json:"apply"`
	}
	err := web.Decode(r, &in)
	seen, err := sla.PreviewOr(r, err, func(ctx context.Context) (sla.Preview, error) { return h.s.PreviewMatrix(ctx, cellsOf(r.Form)) }, func(ctx context.Context) error {
		return h.s.SetMatrix(ctx, cellsOf(r.Form), in.Apply)
	})
	if seen == nil {
		return h.saved(w, r, "matrix", ChoiceInput{Active: true}, err)
	}
	p, err := h.settingsForm(r.Context())
	if err != nil {
		return err
	}
	p.Preview, p.Matrix, p.Apply = seen, cellsOf(r.Form), in.Apply
	return web.Render(w, r, http.StatusOK, settingsPage(p))
}

func (h handlers) saveGlossary(w http.ResponseWriter, r *http.Request) error {
	var in GlossaryInput
	err := web.Decode(r, &in)
	if err == nil {
		err = h.s.SetGlossary(r.Context(), in)
	}
	return h.saved(w, r, "glossary", ChoiceInput{Active: true}, err)
}

func (h handlers) saveCategory(w http.ResponseWriter, r *http.Request) error {
	var in ChoiceInput
	err := web.Decode(r, &in)
	if err == nil {
		err = h.s.SaveCategory(r.Context(), in)
	}
	return h.saved(w, r, "categories", in, err)
}

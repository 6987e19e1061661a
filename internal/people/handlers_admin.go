package people

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// maySee is what of administration the reader's pages offer.
type maySee struct{ Create, Edit, Grant, Activate, Reset, Kill bool }

func (h handlers) may(ctx context.Context) maySee {
	return maySee{
		Create: h.desk.Can(ctx, ActionCreatePerson, nil), Edit: h.desk.Can(ctx, ActionEditPerson, nil), Grant: h.desk.Can(ctx, ActionGrant, nil),
		Activate: h.desk.Can(ctx, ActionActivate, nil), Reset: h.desk.Can(ctx, ActionReset, nil), Kill: h.s.mayKill(ctx),
	}
}

func filter(r *http.Request) (Filter, error) {
	q := r.URL.Query()
	f := Filter{Text: strings.TrimSpace(q.Get("q")), Role: q.Get("role"), Inactive: q.Get("inactive") == "1" || q.Get("inactive") == "true"}
	if len(f.Text) > 200 {
		f.Text = f.Text[:200]
	}
	f.Text = strings.ToValidUTF8(strings.ReplaceAll(f.Text, "\x00", ""), "")
	err := f.from(q.Get("cursor"))
	return f, err
}

type listProps struct {
	People      []Person
	Departments map[uuid.UUID]Department
	Filter      Filter
	Next        string
	May         maySee
}

func (p listProps) more() string {
	q := url.Values{"q": {p.Filter.Text}, "role": {p.Filter.Role}, "cursor": {p.Next}}
	if p.Filter.Inactive {
		q.Set("inactive", "1")
	}
	return "/admin/people?" + q.Encode()
}

func (h handlers) listPage(w http.ResponseWriter, r *http.Request) error {
	f, err := filter(r)
	if err != nil {
		return err
	}
	p := listProps{Filter: f, May: h.may(r.Context())}
	if p.People, p.Next, err = h.s.Page(r.Context(), f); err != nil {
		return err
	}
	if p.Departments, err = h.departments(r.Context()); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(p))
}

func (h handlers) departments(ctx context.Context) (map[uuid.UUID]Department, error) {
	all, err := h.s.Departments(ctx)
	out := make(map[uuid.UUID]Department, len(all))
	for _, d := range all {
		out[d.ID] = d
	}
	return out, err
}

// personForm is the page of one account; a zero id is a new one.
type personForm struct {
	View        View
	Input       PersonInput
	Departments map[uuid.UUID]Department
	May         maySee
	New         bool
	fault       *fault.Error
	roleFault   *fault.Error
}

func (h handlers) personForm(ctx context.Context, id uuid.UUID) (personForm, error) {
	f := personForm{New: id == uuid.Nil, May: h.may(ctx), Input: PersonInput{TimeZone: "Asia/Shanghai"}}
	var err error
	if f.Departments, err = h.departments(ctx); err != nil {
		return f, err
	}
	if f.New {
		_, err = h.desk.Permit(ctx, ActionEditPerson)
		return f, err
	}
	if f.View, err = h.s.Get(ctx, id); err != nil {
		return f, err
	}
	p := f.View.Person
	f.Input = PersonInput{
		Version: p.Version, Username: p.Username, Name: p.Name, NameEn: p.NameEn, Email: p.Email, Phone: p.Phone, Title: p.Title, Location: p.Location,
		DepartmentID: p.DepartmentID, Lang: p.Lang, TimeZone: p.TimeZone, VIP: p.VIP,
	}
	return f, nil
}

func (h handlers) newPage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.personForm(r.Context(), uuid.Nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, personPage(f))
}

func (h handlers) personPage(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	f, err := h.personForm(r.Context(), id)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, personPage(f))
}

// mended shows the account's page again with what has to be mended. A refusal
// that waits for a second person is shown there too: nothing typed is lost.
func (h handlers) mended(w http.ResponseWriter, r *http.Request, id uuid.UUID, err error, set func(*personForm, *fault.Error)) error {
	f := fault.Of(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.Forbidden {
		return err
	}
	form, ferr := h.personForm(r.Context(), id)
	if ferr != nil {
		return err
	}
	set(&form, f)
	return web.Render(w, r, web.StatusOf(f), personPage(form))
}

func (h handlers) create(w http.ResponseWriter, r *http.Request) error {
	var in PersonInput
	err := web.Decode(r, &in)
	var p Person
	if err == nil {
		p, err = h.s.CreatePerson(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		return h.mended(w, r, uuid.Nil, err, func(f *personForm, x *fault.Error) { f.Input, f.fault = in, x })
	}
	web.Flash(w, "people.created")
	return web.SeeOther(w, r, "/admin/people/"+p.ID.String())
}

// posted runs one of the small forms of an account's page.
func posted[In any](h handlers, w http.ResponseWriter, r *http.Request, run func(context.Context, uuid.UUID, In) (Person, error), failed func(*personForm, In, *fault.Error)) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var in In
	if err = web.Decode(r, &in); err == nil {
		_, err = run(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.mended(w, r, id, err, func(f *personForm, x *fault.Error) { failed(f, in, x) })
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/admin/people/"+id.String())
}

func (h handlers) edit(w http.ResponseWriter, r *http.Request) error {
	return posted(h, w, r, h.s.EditPerson, func(f *personForm, in PersonInput, x *fault.Error) { f.Input, f.fault = in, x })
}

func (h handlers) activate(w http.ResponseWriter, r *http.Request) error {
	return posted(h, w, r, h.s.Activate, func(f *personForm, _ ActivateInput, x *fault.Error) { f.roleFault = x })
}

func (h handlers) grant(w http.ResponseWriter, r *http.Request) error {
	return posted(h, w, r, h.s.Grant, func(f *personForm, _ RoleInput, x *fault.Error) { f.roleFault = x })
}

func (h handlers) revoke(w http.ResponseWriter, r *http.Request) error {
	return posted(h, w, r, h.s.Revoke, func(f *personForm, _ RoleInput, x *fault.Error) { f.roleFault = x })
}

func (h handlers) sendReset(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := h.s.SendReset(r.Context(), id); err != nil {
		return h.mended(w, r, id, err, func(f *personForm, x *fault.Error) { f.roleFault = x })
	}
	web.Flash(w, "people.link_sent")
	return web.SeeOther(w, r, "/admin/people/"+id.String())
}

func (h handlers) teamsPage(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.desk.Permit(r.Context(), ActionOrg); err != nil {
		return err
	}
	list, err := h.s.Teams(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, teamsPage(list))
}

type teamForm struct {
	ID    string
	Input TeamInput
	Lead  string
	Names string // account names of the members, one a line
	fault *fault.Error
}

func (h handlers) teamPage(w http.ResponseWriter, r *http.Request) error {
	key := chi.URLParam(r, "id")
	if key == "new" {
		if _, err := h.desk.Permit(r.Context(), ActionOrg); err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, teamPage(teamForm{ID: key, Input: TeamInput{Active: true}}))
	}
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v, err := h.s.Team(r.Context(), id)
	if err != nil {
		return err
	}
	f := teamForm{ID: key, Lead: v.Lead, Input: TeamInput{Version: v.Version, NameZh: v.NameZh, NameEn: v.NameEn, LeadID: v.LeadID, Email: v.Email, Active: v.Active}}
	for _, m := range v.Members {
		f.Names += m.Username + "\n"
	}
	return web.Render(w, r, http.StatusOK, teamPage(f))
}

func (h handlers) saveTeam(w http.ResponseWriter, r *http.Request) error {
	f := teamForm{ID: chi.URLParam(r, "id")}
	err := web.Decode(r, &f.Input)
	f.Names = r.Form.Get("names")
	if err == nil {
		err = identity.FillPicked(r.Context(), h.desk.DB, r.Form, "lead_id")
	}
	if err == nil {
		err = web.Form(r.Form, &f.Input)
	}
	if err == nil {
		f.Input.Members, err = h.members(r.Context(), f.Names)
	}
	if err == nil {
		ctx := work.WithKey(r.Context(), web.Key(r))
		if f.ID == "new" {
			_, err = h.s.CreateTeam(ctx, f.Input)
		} else {
			var id uuid.UUID
			if id, err = web.PathID(r, "id"); err == nil {
				_, err = h.s.EditTeam(ctx, id, f.Input)
			}
		}
	}
	if x := fault.Of(err); x != nil {
		if x.Kind != fault.Invalid && x.Kind != fault.Conflict {
			return err
		}
		f.fault = x
		if f.Input.LeadID != nil {
			if f.Lead, err = h.s.nameOf(r.Context(), f.Input.LeadID); err != nil {
				return err
			}
		}
		return web.Render(w, r, web.StatusOf(x), teamPage(f))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/admin/teams")
}

// members turns the lines of a form into people, and names those it does not
// know.
func (h handlers) members(ctx context.Context, text string) ([]uuid.UUID, error) {
	names := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == ',' || c == '，' || c == ' ' || c == '\r' || c == '\t' })
	found, err := identity.ByUsername(ctx, h.desk.DB, names...)
	if err != nil {
		return nil, err
	}
	var out []uuid.UUID
	var unknown []string
	for _, n := range names {
		id, ok := found[strings.ToLower(n)]
		if !ok {
			unknown = append(unknown, n)
			continue
		}
		out = append(out, id)
	}
	if len(unknown) > 0 {
		return nil, fault.OnField("names", "people.error.unknown_accounts", strings.Join(unknown, ", "))
	}
	return out, nil
}

func (h handlers) departmentsPage(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.desk.Permit(r.Context(), ActionOrg); err != nil {
		return err
	}
	all, err := h.s.Departments(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, departmentsPage(branches(all)))
}

// branch is a department with those below it.
type branch struct {
	Department
	Below []branch
}

// branches makes the tree of a list. What points at a missing parent stands at
// the top, so that nothing is lost from sight.
func branches(all []Department) []branch {
	under := map[uuid.UUID][]Department{}
	known := map[uuid.UUID]bool{}
	for _, d := range all {
		known[d.ID] = true
	}
	for _, d := range all {
		p := uuid.Nil
		if d.ParentID != nil && known[*d.ParentID] {
			p = *d.ParentID
		}
		under[p] = append(under[p], d)
	}
	var grow func(uuid.UUID) []branch
	grow = func(id uuid.UUID) []branch {
		var out []branch
		for _, d := range under[id] {
			out = append(out, branch{d, grow(d.ID)})
		}
		return out
	}
	return grow(uuid.Nil)
}

type departmentForm struct {
	ID      string
	Input   DepartmentInput
	Manager string
	All     []Department
	fault   *fault.Error
}

func (h handlers) departmentForm(r *http.Request) (departmentForm, error) {
	f := departmentForm{ID: chi.URLParam(r, "id"), Input: DepartmentInput{Active: true}}
	if _, err := h.desk.Permit(r.Context(), ActionOrg); err != nil {
		return f, err
	}
	var err error
	if f.All, err = h.s.Departments(r.Context()); err != nil || f.ID == "new" {
		return f, err
	}
	id, err := web.PathID(r, "id")
	if err != nil {
		return f, err
	}
	d, manager, err := h.s.Department(r.Context(), id)
	f.Manager = manager
	f.Input = DepartmentInput{Version: d.Version, ParentID: d.ParentID, NameZh: d.NameZh, NameEn: d.NameEn, ManagerID: d.ManagerID, Active: d.Active}
	return f, err
}

func (h handlers) departmentPage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.departmentForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, departmentPage(f))
}

func (h handlers) saveDepartment(w http.ResponseWriter, r *http.Request) error {
	f, err := h.departmentForm(r)
	if err != nil {
		return err
	}
	f.Input = DepartmentInput{}
	if err = web.Decode(r, &f.Input); err == nil {
		err = identity.FillPicked(r.Context(), h.desk.DB, r.Form, "manager_id")
	}
	if err == nil {
		err = web.Form(r.Form, &f.Input)
	}
	if err == nil {
		ctx := work.WithKey(r.Context(), web.Key(r))
		if f.ID == "new" {
			_, err = h.s.CreateDepartment(ctx, f.Input)
		} else {
			var id uuid.UUID
			if id, err = web.PathID(r, "id"); err == nil {
				_, err = h.s.EditDepartment(ctx, id, f.Input)
			}
		}
	}
	if x := fault.Of(err); x != nil {
		if x.Kind != fault.Invalid && x.Kind != fault.Conflict {
			return err
		}
		f.fault = x
		return web.Render(w, r, web.StatusOf(x), departmentPage(f))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/admin/departments")
}

// rolesPage shows the permission matrix as it is compiled in.
func (h handlers) rolesPage(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	if !who.Agent() {
		return fault.New(fault.NotFound, "error.not_found")
	}
	rows := slices.Clone(h.desk.Matrix.Rows())
	return web.Render(w, r, http.StatusOK, rolesPage(rows, func(row authz.Row, role identity.Role) string { return h.desk.Matrix.Cell(row, role) }))
}

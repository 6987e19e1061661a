package people

import (
	"embed"
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Options are what the module needs beside the desk.
type Options struct {
	Limits  identity.SessionLimits
	Mailer  Mailer
	BaseURL string
	Secure  bool // people come over HTTPS
	// Hashers is how many passwords are hashed at once: each takes 64 MB.
	Hashers int
}

// New returns the use cases; Mount adds their pages and API.
func New(d *work.Desk, o Options) (*Service, error) {
	s := &Service{desk: d, hasher: identity.NewHasher(max(1, o.Hashers)), limits: o.Limits, mailer: o.Mailer, baseURL: o.BaseURL}
	d.Policies.Add(Policies())
	if err := d.Registry.Every("people.prune", time.Hour, time.Minute, s.prune); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// Mount adds the pages and the API of people, and of signing in.
func Mount(s *Service, rt web.Router, o Options) {
	h := handlers{s: s, desk: s.desk, secure: o.Secure}
	rt.Get("/sign-in", h.signInPage)
	rt.Post("/sign-in", h.signIn)
	rt.Post("/sign-out", h.signOut)
	rt.Get("/setup/{token}", h.setupPage)
	rt.Post("/setup/{token}", h.setup)
	rt.Get("/forgot", h.forgotPage)
	rt.Post("/forgot", h.forgot)
	rt.Get("/reset/{token}", h.resetPage)
	rt.Post("/reset/{token}", h.reset)
	rt.Post("/preferences", h.prefer)
	rt.Get("/me", h.mePage)
	rt.Post("/me", h.editSelf)
	rt.Post("/me/password", h.password)
	rt.Post("/me/tokens", h.newToken)
	rt.Post("/me/tokens/{id}/revoke", h.revokeToken)
	rt.Post("/sessions/{id}/end", h.endSession)
	rt.Get("/people/pick", h.pick)
	mountVIP(h, rt)
	mountHandOver(h, rt)

	rt.Get("/admin/people", h.listPage)
	rt.Get("/admin/people/new", h.newPage)
	rt.Post("/admin/people", h.create)
	rt.Get("/admin/people/{id}", h.personPage)
	rt.Post("/admin/people/{id}", h.edit)
	rt.Post("/admin/people/{id}/active", h.activate)
	rt.Post("/admin/people/{id}/roles", h.grant)
	rt.Post("/admin/people/{id}/roles/revoke", h.revoke)
	rt.Post("/admin/people/{id}/reset", h.sendReset)
	rt.Get("/admin/teams", h.teamsPage)
	rt.Get("/admin/teams/{id}", h.teamPage)
	rt.Post("/admin/teams/{id}", h.saveTeam)
	rt.Get("/admin/departments", h.departmentsPage)
	rt.Get("/admin/departments/{id}", h.departmentPage)
	rt.Post("/admin/departments/{id}", h.saveDepartment)
	rt.Get("/admin/roles", h.rolesPage)

	a := api{s}
	op := func(id, summary string, in, out any) web.Op {
		return web.Op{ID: id, Tag: "people", Summary: summary, In: in, Out: out}
	}
	rt.API(http.MethodGet, "/api/v1/me", op("getMe", "The account of the caller, with roles and teams", nil, meOut{}), a.me)
	rt.API(http.MethodPut, "/api/v1/me", versioned(write(op("editMe", "Change one's own profile", ProfileInput{}, Person{}))), a.editMe)
	rt.API(http.MethodGet, "/api/v1/me/sessions", op("listSessions", "The caller's sign-ins", nil, list[Session]{}), a.sessions)
	rt.API(http.MethodDelete, "/api/v1/sessions/{id}", with(op("endSession", "End a sign-in", nil, nil), http.StatusNoContent), a.endSession)
	rt.API(http.MethodGet, "/api/v1/me/tokens", op("listTokens", "The caller's API tokens, without their secrets", nil, list[Token]{}), a.tokens)
	rt.API(http.MethodPost, "/api/v1/me/tokens", with(op("createToken", "Make an API token; its secret is in this answer only", TokenInput{}, tokenOut{}), http.StatusCreated), a.newToken)
	rt.API(http.MethodDelete, "/api/v1/me/tokens/{id}", with(op("revokeToken", "Revoke an API token", nil, nil), http.StatusNoContent), a.revokeToken)

	q := op("searchDirectory", "Active people whose name, account, mail or phone begins with q", nil, list[directoryPerson]{})
	q.Query = directoryQuery{}
	rt.API(http.MethodGet, "/api/v1/directory", q, a.directory)
	l := op("listPeople", "Accounts, for administrators", nil, page[Person]{})
	l.Query = peopleQuery{}
	rt.API(http.MethodGet, "/api/v1/people", l, a.list)
	rt.API(http.MethodPost, "/api/v1/people", write(with(op("createPerson", "Open an account", PersonInput{}, Person{}), http.StatusCreated)), a.create)
	rt.API(http.MethodGet, "/api/v1/people/{id}", versioned(op("getPerson", "An account with its roles", nil, personOut{})), a.get)
	rt.API(http.MethodPut, "/api/v1/people/{id}", versioned(write(op("editPerson", "Change an account's fields", PersonInput{}, Person{}))), a.edit)
	rt.API(http.MethodPost, "/api/v1/people/{id}/active", versioned(write(op("activatePerson", "Enable or disable an account", ActivateInput{}, Person{}))), a.activate)
	rt.API(http.MethodPost, "/api/v1/people/{id}/roles", versioned(write(op("grantRole", "Grant a role", RoleInput{}, Person{}))), a.grant)
	rt.API(http.MethodPost, "/api/v1/people/{id}/roles/revoke", versioned(write(op("revokeRole", "Revoke a role", RoleInput{}, Person{}))), a.revoke)
	rt.API(http.MethodPost, "/api/v1/people/{id}/reset", with(op("sendReset", "Mail the person a link to set a password", nil, nil), http.StatusNoContent), a.sendReset)
	rt.API(http.MethodGet, "/api/v1/teams", op("listTeams", "All teams", nil, list[teamOut]{}), a.teams)
	rt.API(http.MethodPost, "/api/v1/teams", write(with(op("createTeam", "Make a team", TeamInput{}, Team{}), http.StatusCreated)), a.createTeam)
	rt.API(http.MethodPut, "/api/v1/teams/{id}", versioned(write(op("editTeam", "Change a team and its members", TeamInput{}, Team{}))), a.editTeam)
	rt.API(http.MethodGet, "/api/v1/departments", op("listDepartments", "The tree of departments as a list", nil, list[Department]{}), a.departments)
	rt.API(http.MethodPost, "/api/v1/departments", write(with(op("createDepartment", "Add a department", DepartmentInput{}, Department{}), http.StatusCreated)), a.createDepartment)
	rt.API(http.MethodPut, "/api/v1/departments/{id}", versioned(write(op("editDepartment", "Change a department", DepartmentInput{}, Department{}))), a.editDepartment)
}

func with(o web.Op, status int) web.Op { o.Status = status; return o }
func write(o web.Op) web.Op            { o.Idempotent = true; return o }
func versioned(o web.Op) web.Op        { o.Versioned = true; return o }

// list and page are how the API wraps several things.
type list[T any] struct {
	Items []T `json:"items"`
}

type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

type (
	directoryQuery struct {
		Q      string `query:"q"`
		Agents bool   `query:"agents"`
	}
	peopleQuery struct {
		Q        string `query:"q"`
		Role     string `query:"role"`
		Inactive bool   `query:"inactive"`
		Cursor   string `query:"cursor"`
	}
	meOut struct {
		Person
		Roles []identity.Role `json:"roles"`
		Teams []uuid.UUID     `json:"teams"`
	}
	personOut struct {
		Person
		Roles []roleOut `json:"roles"`
	}
	roleOut struct {
		Role      identity.Role `json:"role"`
		GrantedBy uuid.UUID     `json:"granted_by"`
		GrantedAt time.Time     `json:"granted_at"`
		Until     *time.Time    `json:"until"`
	}
	tokenOut struct {
		Secret string `json:"secret"`
	}
	directoryPerson struct {
		ID       uuid.UUID `json:"id"`
		Username string    `json:"username"`
		Name     string    `json:"name"`
		NameEn   string    `json:"name_en"`
		Title    string    `json:"title"`
	}
	teamOut struct {
		ID     uuid.UUID  `json:"id"`
		NameZh string     `json:"name_zh"`
		NameEn string     `json:"name_en"`
		LeadID *uuid.UUID `json:"lead_id"`
		Active bool       `json:"active"`
	}
)

package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"opsdesk/internal/approval"
	"opsdesk/internal/audit"
	"opsdesk/internal/batch"
	"opsdesk/internal/canned"
	"opsdesk/internal/change"
	"opsdesk/internal/configuration"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/inspection"
	"opsdesk/internal/live"
	"opsdesk/internal/notify"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/presence"
	"opsdesk/internal/routing"
	"opsdesk/internal/service"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/sla"
	"opsdesk/internal/ui"
)

// routes builds the handler: middleware from the outside in, then every
// module's pages and API.
func (a *App) routes(o Options, po people.Options) error {
	c := o.Config
	mux := chi.NewRouter()
	rt := web.Router{Router: mux, Log: o.Log, Ops: &web.Ops{}, ErrorPage: func(f *fault.Error, id string) templ.Component { return ui.ErrorPage(f, id) }}
	a.Router = rt
	a.metrics = newMetrics(a.Desk, a.Live)
	sameOrigin, err := web.SameOrigin([]string{c.URL}, rt.Fail)
	if err != nil {
		return err
	}
	compress, err := web.Compress()
	if err != nil {
		return err
	}
	mux.Use(
		web.WithRequestID,
		web.Headers(c.Secure()),
		a.base(c.Secure(), o.Version),
		web.Logged(o.Log, o.Clock, a.metrics.observe, rt.Fail, routeOf),
		sameOrigin,
		unless(isStatic, compress),
		unless(isStatic, a.People.Authenticate(c.Secure(), c.Proxies(), rt.Fail)),
		unless(isStatic, a.personal),
		signedIn(rt.Fail),
	)
	mux.NotFound(rt.Serve(func(http.ResponseWriter, *http.Request) error { return fault.New(fault.NotFound, "error.not_found") }))
	mux.MethodNotAllowed(rt.Serve(func(http.ResponseWriter, *http.Request) error { return fault.New(fault.NotAllowed, "error.method") }))
	mux.Handle("/static/*", a.assets)
	mux.Handle("/favicon.ico", http.RedirectHandler(a.assets.Path("img/logo.svg"), http.StatusFound))
	rt.Get("/healthz", a.healthz)
	rt.Get("/readyz", a.readyz)
	mux.Handle("/metrics", a.metricsHandler())
	rt.Get("/more", a.more)
	if c.Dev {
		rt.Get("/dev/components", a.components)
	}

	files, err := a.mountFiles(rt)
	if err != nil {
		return err
	}
	if err := draft.Mount(a.Desk, rt); err != nil {
		return err
	}
	live.Mount(a.Live, rt)
	rt.Get(live.Path+"/counts", a.counts)
	people.Mount(a.People, rt, po)
	notify.Mount(a.Notify, rt)
	approval.Mount(a.Approvals, rt)
	batch.Mount(a.Batches, rt, a.store)
	canned.Mount(a.Canned, rt)
	incident.Mount(a.Incidents, rt, incident.Options{Zone: c.Zone(), Files: files, Inbox: a.Notify, Others: ownRequests{a.Requests}})
	configuration.Mount(a.Configuration, rt, inspection.Panel{S: a.Inspections})
	servicerequest.Mount(a.Requests, rt, files, a.Notify)
	change.Mount(a.Changes, rt, a.Notify, files)
	inspection.Mount(a.Inspections, rt, files, a.Notify)
	audit.Mount(a.Audit, rt)
	sla.Mount(a.SLA, rt)
	service.Mount(a.Services, rt)
	routing.Mount(a.Routing, rt)
	presence.Mount(a.Presence, rt)
	if err := a.mountDocs(rt); err != nil {
		return err
	}
	a.Handler = mux
	return nil
}

func routeOf(r *http.Request) string {
	if rc := chi.RouteContext(r.Context()); rc != nil && rc.RoutePattern() != "" {
		return rc.RoutePattern()
	}
	return "none"
}

// isStatic: files and probes need neither database nor person.
func isStatic(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/static/") || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics" || r.URL.Path == "/favicon.ico" ||
		r.URL.Path == "/agent/inventory" // its own token decides
}

// open are the addresses that need nobody signed in; everything else does,
// whether or not its handler remembers to ask.
var open = []string{"/sign-in", "/sign-out", "/forgot", "/reset/", "/setup/", "/preferences", "/static/", "/healthz", "/readyz", "/metrics", "/favicon.ico", "/agent/inventory", "/feeds/", "/api/v1/openapi.json"}

func signedIn(fail func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, p := range open {
				if r.URL.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.URL.Path, p) {
					next.ServeHTTP(w, r)
					return
				}
			}
			if _, err := identity.From(r.Context()); err != nil {
				fail(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func unless(skip func(*http.Request) bool, mw func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		wrapped := mw(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if skip(r) {
				next.ServeHTTP(w, r)
				return
			}
			wrapped.ServeHTTP(w, r)
		})
	}
}

// base gives every request its language and a shell, so that even the page
// that says "the database is away" is a proper one.
func (a *App) base(secure bool, version string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := &ui.Shell{Theme: theme(r, ""), Path: web.PageOf(r), Assets: a.assets, Now: a.Desk.Now(), Version: version, Dev: a.cfg.Dev}
			if c, err := r.Cookie("flash"); err == nil && wantsPage(r) {
				if keys := strings.Split(c.Value, "~"); len(keys) < 20 && !slices.ContainsFunc(keys, func(k string) bool { return !i18nKey(k) }) {
					s.Flash, s.FlashParts = keys[0], keys[1:]
				}
				if s.UndoPath, s.UndoValue = web.Undo(r); s.UndoPath != "" {
					http.SetCookie(w, &http.Cookie{Name: "undo", Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
				}
				http.SetCookie(w, &http.Cookie{Name: "flash", Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
			}
			ctx := a.Desk.Messages.With(ui.With(r.Context(), s), i18n.Negotiate(r, ""))
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func i18nKey(s string) bool {
	return len(s) < 80 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_.") == ""
}

func theme(r *http.Request, chosen string) string {
	if c, err := r.Cookie("theme"); chosen == "" && err == nil {
		chosen = c.Value
	}
	if slices.Contains([]string{"light", "dark", "auto"}, chosen) {
		return chosen
	}
	return "auto"
}

// wantsPage reports whether the answer is a whole page that a person looks at.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && !web.IsAPI(r) && !web.IsHX(r) && !isStatic(r) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// personal adds what only a signed-in reader has: their language, theme,
// navigation and counts.
func (a *App) personal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		who, err := identity.From(ctx)
		if err != nil {
			next.ServeHTTP(w, r)
			return
		}
		s := ui.From(ctx)
		s.Actor, s.SignedIn, s.Theme = who, true, theme(r, who.Theme)
		ctx = a.Desk.Messages.With(ctx, i18n.Negotiate(r, who.Lang))
		r = r.WithContext(ctx)
		if !web.IsAPI(r) && !web.IsHX(r) && r.URL.Path != live.Path {
			ctx, s.Fill = a.navigation(ctx, s)
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			a.Requests.Forget(who.ID)
			a.Inspections.Forget(who.ID)
			a.Incidents.Forget(who.ID) // their own acts show in their counts at once
		}
	})
}

// navigation prepares where the reader can go, how much waits there, and the
// faults that concern them. What is to be counted travels with what the page
// asks; fill then writes it into the shell. A count that cannot be had is left
// out: the page itself will say why.
func (a *App) navigation(ctx context.Context, s *ui.Shell) (with context.Context, fill func(context.Context)) {
	var unread, approvals, asked int
	var counts []db.Part
	count := func(p db.Part, err error) {
		if err == nil {
			counts = append(counts, p)
		}
	}
	count(a.Notify.Unread(ctx, &unread))
	count(a.Approvals.Waiting(ctx, &approvals)) // of deputies as well, who may be anybody
	count(a.Configuration.Waiting(ctx, &asked))
	parts, announced, aerr := a.Incidents.Announcing(ctx)
	with, counted := db.WithErrand(ctx, a.Desk.DB, append(counts, parts...)...)
	return with, func(ctx context.Context) {
		err := counted(ctx)
		if err == nil {
			s.Unread, s.Approvals, s.Asked = some(unread), some(approvals), some(asked)
			err = aerr
		}
		if err == nil {
			var list []incident.Announcement
			list, err = announced(ctx)
			s.Notices = incident.Notices(ctx, list)
		}
		if err != nil {
			a.Desk.Log.WarnContext(ctx, "a page without its counts or notices", "err", err)
		}
		a.leads(ctx, s)
	}
}

// leads fills in where an agent can go.
func (a *App) leads(ctx context.Context, s *ui.Shell) {
	if !s.Actor.Agent() {
		return
	}
	views, viewed := a.Incidents.Navigation(ctx)
	s.Nav = []ui.NavGroup{
		{Items: []ui.NavItem{
			{ID: "inbox", Href: "/inbox", Icon: "inbox", Label: "ui.nav.inbox", Count: s.Unread, Go: "i"},
			{ID: "approvals", Href: "/approvals", Icon: "clipboard-list", Label: "approval.nav", Count: s.Approvals},
			{ID: "view-mine", Href: "/incidents?view=mine", Icon: "user-check", Label: "ui.nav.mine", Count: some(viewed["mine"]), Go: "m"},
			{ID: "portal", Href: "/", Icon: "home", Label: "ui.nav.portal", Go: "p"},
			{ID: "absences", Href: "/absences", Icon: "coffee", Label: "presence.title"},
		}},
		{Title: "ui.nav.views", Items: []ui.NavItem{
			{ID: "view-open", Href: "/incidents", Icon: "stack-2", Label: "ui.nav.all_open", Go: "q"},
			{ID: "view-team", Href: "/incidents?view=team", Icon: "users-group", Label: "ui.nav.team", Go: "t"},
			{ID: "view-unassigned", Href: "/incidents?view=unassigned", Icon: "user-question", Label: "ui.nav.unassigned", Count: some(viewed["unassigned"]), Go: "u"},
			{ID: "view-pending", Href: "/incidents?view=pending", Icon: "clock-pause", Label: "ui.nav.pending"},
			{ID: "view-resolved", Href: "/incidents?view=resolved", Icon: "circle-check", Label: "ui.nav.resolved"},
		}},
	}
	s.Nav[1].Items = append(s.Nav[1].Items, ui.NavItem{ID: "majors", Href: "/majors", Icon: "alert-triangle", Label: "ui.nav.majors", Count: some(viewed["majors"]), Hot: viewed["majors"] > 0})
	if own := savedNav("/incidents", views, viewed); len(own) > 0 {
		s.Nav = append(s.Nav, ui.NavGroup{Title: "ui.nav.saved", Items: own})
	}
	var practices []ui.NavItem
	if a.Desk.Can(ctx, change.ActionRead, nil) {
		views, counts := a.Changes.Navigation(ctx)
		practices = append(practices, ui.NavItem{ID: "changes-open", Href: "/changes", Icon: "git-pull-request", Label: "change.title", Go: "c"})
		practices = append(practices, savedNav("/changes", views, counts)...)
	}
	if a.Desk.Can(ctx, configuration.ActionRead, nil) {
		practices = append(practices, ui.NavItem{ID: "configuration", Href: "/configuration", Icon: "topology-star-3", Label: "configuration.title", Go: "k"})
	}
	if s.Asked != "" {
		practices = append(practices, ui.NavItem{ID: "campaigns-mine", Href: "/configuration/campaigns/mine", Icon: "list-check", Label: "configuration.campaign.mine", Count: s.Asked})
	}
	if a.Desk.Can(ctx, inspection.ActionRead, nil) {
		views, counts := a.Inspections.Navigation(ctx)
		practices = append(practices, ui.NavItem{ID: "inspections-open", Href: "/inspections", Icon: "list-check", Label: "inspection.title"})
		if counts["overdue"] > 0 {
			practices = append(practices, ui.NavItem{ID: "inspections-overdue", Href: "/inspections?view=overdue", Icon: "clock-exclamation", Label: "inspection.view.overdue", Count: some(counts["overdue"]), Hot: true})
		}
		practices = append(practices, savedNav("/inspections", views, counts)...)
	}
	if len(practices) > 0 {
		s.Nav = append(s.Nav, ui.NavGroup{Title: "app.nav.practices", Items: practices})
	}
	var admin []ui.NavItem
	add := func(may bool, it ui.NavItem) {
		if may {
			admin = append(admin, it)
		}
	}
	add(a.Desk.Can(ctx, canned.ActionSave, nil), ui.NavItem{ID: "canned", Href: "/canned", Icon: "messages", Label: "app.nav.canned"})
	add(a.Desk.Can(ctx, incident.ActionMacro, nil), ui.NavItem{ID: "macros", Href: "/macros", Icon: "robot", Label: "app.nav.macros"})
	add(a.Desk.Can(ctx, audit.ActionControl, nil), ui.NavItem{ID: "controls", Href: "/controls", Icon: "shield-lock", Label: "audit.controls.title"})
	add(a.Audit.MayRead(ctx), ui.NavItem{ID: "trail", Href: "/trail", Icon: "fingerprint", Label: "ui.nav.trail", Go: "l"})
	add(a.Desk.Can(ctx, incident.ActionClassify, nil), ui.NavItem{ID: "settings", Href: "/settings/incidents", Icon: "adjustments-horizontal", Label: "ui.nav.settings"})
	add(a.Desk.Can(ctx, sla.ActionRead, nil), ui.NavItem{ID: "services", Href: "/settings/services", Icon: "server", Label: "service.title"})
	add(a.Desk.Can(ctx, sla.ActionRead, nil), ui.NavItem{ID: "breaches", Href: "/service-levels/breaches", Icon: "clock-exclamation", Label: "sla.breaches", Go: "s"})
	add(a.Desk.Can(ctx, sla.ActionRead, nil), ui.NavItem{ID: "agreements", Href: "/settings/agreements", Icon: "certificate", Label: "sla.agreements"})
	add(a.Desk.Can(ctx, sla.ActionRead, nil), ui.NavItem{ID: "calendars", Href: "/settings/calendars", Icon: "clock", Label: "sla.calendars"})
	add(a.Desk.Can(ctx, routing.ActionRead, nil), ui.NavItem{ID: "routing", Href: "/settings/routing", Icon: "robot", Label: "routing.title"})
	accounts := a.Desk.Can(ctx, people.ActionEditPerson, nil) || a.Desk.Can(ctx, people.ActionGrant, nil)
	add(accounts, ui.NavItem{ID: "people", Href: "/admin/people", Icon: "users", Label: "ui.nav.people"})
	add(a.Desk.Can(ctx, people.ActionOrg, nil), ui.NavItem{ID: "teams", Href: "/admin/teams", Icon: "users-group", Label: "ui.nav.teams"})
	add(a.Desk.Can(ctx, people.ActionOrg, nil), ui.NavItem{ID: "departments", Href: "/admin/departments", Icon: "building", Label: "ui.nav.departments"})
	add(true, ui.NavItem{ID: "jobs", Href: "/jobs", Icon: "list-check", Label: "ui.nav.jobs"})
	add(true, ui.NavItem{ID: "roles", Href: "/admin/roles", Icon: "table", Label: "app.nav.roles"})
	add(a.Desk.Can(ctx, notify.ActionOutbox, nil), ui.NavItem{ID: "outbox", Href: "/admin/outbox", Icon: "send", Label: "ui.nav.outbox"})
	s.Nav = append(s.Nav, ui.NavGroup{Title: "ui.nav.supervision", Items: admin})
	s.Nav = a.requestNav(ctx, s.Nav)
}

func (a *App) more(w http.ResponseWriter, r *http.Request) error {
	if _, err := identity.From(r.Context()); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, morePage(ui.Filled(r.Context()).Nav))
}

func (a *App) healthz(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("ok\n"))
	return err
}

// readyz says whether requests can be served: the database answers and has the
// schema of this program.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := a.ready(ctx); err != nil {
		a.Desk.Log.WarnContext(ctx, "not ready", "err", err)
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err = w.Write([]byte("the database is away or has another schema\n"))
		return err
	}
	_, err := w.Write([]byte("ready\n"))
	return err
}

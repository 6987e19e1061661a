package people

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-chi/chi/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct {
	s      *Service
	desk   *work.Desk
	secure bool
}

// cookieName: the __Host- prefix ties the cookie to this host over HTTPS.
func cookieName(secure bool) string {
	if secure {
		return "__Host-opsdesk"
	}
	return "opsdesk"
}

func (h handlers) cookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(h.secure), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: h.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (h handlers) token(r *http.Request) string {
	c, err := r.Cookie(cookieName(h.secure))
	if err != nil {
		return ""
	}
	return c.Value
}

// Authenticate puts the actor of a request into its context: by the session
// cookie, or by a bearer token on the API. A token that is not good is refused;
// a session that is over means nobody is signed in.
func (s *Service) Authenticate(secure bool, proxies []netip.Prefix, fail func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a, ok, err := s.actor(r, secure)
			if err != nil {
				fail(w, r, err)
				return
			}
			ctx := context.WithValue(r.Context(), originKey{}, Origin{IP: web.ClientIP(r, proxies), UserAgent: r.UserAgent(), RequestID: web.RequestID(r.Context())})
			if ok {
				o := origin(ctx)
				a.IP, a.UserAgent, a.RequestID = o.IP, o.UserAgent, o.RequestID
				ctx = s.desk.DB.Keep(identity.With(ctx, a), a.Generation)
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func (s *Service) actor(r *http.Request, secure bool) (identity.Actor, bool, error) {
	now := s.desk.Now()
	if h := r.Header.Get("Authorization"); h != "" && web.IsAPI(r) {
		token, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return identity.Actor{}, false, fault.New(fault.Unauthenticated, "people.error.token")
		}
		a, err := identity.ByToken(r.Context(), s.desk.DB, strings.TrimSpace(token), now)
		if fault.Is(err, fault.Unauthenticated) {
			err = fault.New(fault.Unauthenticated, "people.error.token")
		}
		return a, err == nil, err
	}
	c, err := r.Cookie(cookieName(secure))
	if err != nil || c.Value == "" {
		return identity.Actor{}, false, nil //nolint:nilerr // no cookie: nobody is signed in
	}
	a, err := identity.BySession(r.Context(), s.desk.DB, c.Value, s.limits, now, !web.IsBackground(r))
	if fault.Is(err, fault.Unauthenticated) {
		return a, false, nil
	}
	return a, err == nil, err
}

type originKey struct{}

func origin(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

type signInForm struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Next     string `json:"next"`
	fault    *fault.Error
}

func (h handlers) signInPage(w http.ResponseWriter, r *http.Request) error {
	next := web.Local(r.URL.Query().Get("next"))
	if _, err := identity.From(r.Context()); err == nil {
		return web.SeeOther(w, r, next)
	}
	return web.Render(w, r, http.StatusOK, signInPage(signInForm{Next: next}))
}

func (h handlers) signIn(w http.ResponseWriter, r *http.Request) error {
	var in signInForm
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	token, err := h.s.SignIn(r.Context(), SignInInput{in.Username, in.Password}, origin(r.Context()))
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Unauthenticated && f.Kind != fault.TooMany {
			return err
		}
		in.Password, in.fault = "", f
		status := web.StatusOf(f)
		if f.Kind == fault.Unauthenticated {
			status = http.StatusUnprocessableEntity // a 401 would ask for HTTP authentication
		}
		return web.Render(w, r, status, signInPage(in))
	}
	h.cookie(w, token, int(h.s.limits.Absolute.Seconds()))
	return web.SeeOther(w, r, web.Local(in.Next))
}

func (h handlers) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := h.s.SignOut(r.Context(), h.token(r)); err != nil {
		return err
	}
	h.cookie(w, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return web.SeeOther(w, r, "/sign-in")
}

// goodLink refuses a one-time link that is used or too old, before a form is
// shown for it.
func (h handlers) goodLink(r *http.Request, purpose string) error {
	ok, err := h.s.LinkGood(r.Context(), purpose, chi.URLParam(r, "token"))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "people.error.link")
	}
	return err
}

func (h handlers) setupPage(w http.ResponseWriter, r *http.Request) error {
	if err := h.goodLink(r, "setup"); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, setupPage(SetupInput{}, nil))
}

func (h handlers) setup(w http.ResponseWriter, r *http.Request) error {
	var in SetupInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	links, err := h.s.Setup(r.Context(), chi.URLParam(r, "token"), in)
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		in.Password = ""
		return web.Render(w, r, http.StatusUnprocessableEntity, setupPage(in, f))
	}
	return web.Render(w, r, http.StatusOK, setupDonePage(in, links))
}

func (h handlers) forgotPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, forgotPage(false, nil))
}

func (h handlers) forgot(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username string `json:"username"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	err := h.s.RequestReset(r.Context(), in.Username, origin(r.Context()))
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.TooMany {
			return err
		}
		return web.Render(w, r, http.StatusTooManyRequests, forgotPage(false, f))
	}
	return web.Render(w, r, http.StatusOK, forgotPage(true, nil))
}

func (h handlers) resetPage(w http.ResponseWriter, r *http.Request) error {
	if err := h.goodLink(r, "reset"); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, resetPage(nil))
}

func (h handlers) reset(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	err := h.s.Reset(r.Context(), chi.URLParam(r, "token"), in.Password, origin(r.Context()))
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, resetPage(f))
	}
	web.Flash(w, "people.password_set")
	return web.SeeOther(w, r, "/sign-in")
}

// prefer stores the choice of language or theme: in a cookie, which serves
// where nobody is signed in, and with the person.
func (h handlers) prefer(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lang    string `json:"lang"`
		Theme   string `json:"theme"`
		Density string `json:"density" validate:"omitempty,oneof=compact normal"`
		Return  string `json:"return"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if in.Lang != "" && in.Lang != "zh-CN" && in.Lang != "en" {
		return fault.OnField("lang", "validation.oneof")
	}
	if in.Theme != "" && in.Theme != "light" && in.Theme != "dark" && in.Theme != "auto" {
		return fault.OnField("theme", "validation.oneof")
	}
	for name, v := range map[string]string{"lang": in.Lang, "theme": in.Theme} {
		if v != "" {
			http.SetCookie(w, &http.Cookie{Name: name, Value: v, Path: "/", MaxAge: 365 * 24 * 3600, Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
	}
	if err := h.s.Prefer(r.Context(), in.Theme, in.Lang, in.Density); err != nil {
		return err
	}
	return web.SeeOther(w, r, web.Local(in.Return))
}

func (h handlers) pick(w http.ResponseWriter, r *http.Request) error {
	found, err := h.s.Directory(r.Context(), r.URL.Query().Get("q"), r.URL.Query().Get("agents") == "1")
	if err != nil {
		return err
	}
	away, err := h.s.away(r.Context(), found)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, pickList(found, away))
}

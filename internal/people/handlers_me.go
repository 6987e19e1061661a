package people

import (
	"net/http"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// meForm is the profile page: several forms, each with its own fault.
type meForm struct {
	Person   Person
	Profile  ProfileInput
	Roles    []identity.Role
	Sessions []Session
	Tokens   []Token
	MayToken bool
	Own      string // prefix of this session's hash
	Secret   string // of a token just made
	Token    TokenInput

	profileFault, passwordFault, tokenFault *fault.Error
}

func (h handlers) meForm(r *http.Request) (meForm, error) {
	ctx := r.Context()
	who, err := identity.From(ctx)
	if err != nil {
		return meForm{}, err
	}
	f := meForm{Roles: who.Roles, Own: who.Session, MayToken: h.desk.Can(ctx, ActionToken, nil)}
	if f.Person, err = h.s.Self(ctx); err != nil {
		return f, err
	}
	p := f.Person
	f.Profile = ProfileInput{Version: p.Version, Phone: p.Phone, Location: p.Location, Lang: p.Lang, TimeZone: p.TimeZone, Theme: p.Theme, Density: p.Density, Shortcuts: p.Shortcuts, Mail: p.Mail}
	if f.Sessions, err = h.s.Sessions(ctx, who.ID); err != nil {
		return f, err
	}
	f.Tokens, err = h.s.Tokens(ctx)
	return f, err
}

func (h handlers) mePage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.meForm(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, mePage(f))
}

// again shows the profile page with what was wrong with one of its forms.
func (h handlers) again(w http.ResponseWriter, r *http.Request, err error, set func(*meForm, *fault.Error)) error {
	f := fault.Of(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return err
	}
	form, err := h.meForm(r)
	if err != nil {
		return err
	}
	set(&form, f)
	return web.Render(w, r, web.StatusOf(f), mePage(form))
}

func (h handlers) editSelf(w http.ResponseWriter, r *http.Request) error {
	var in ProfileInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if _, err := h.s.EditSelf(work.WithKey(r.Context(), web.Key(r)), in); err != nil {
		return h.again(w, r, err, func(m *meForm, f *fault.Error) { m.Profile, m.profileFault = in, f })
	}
	for name, v := range map[string]string{"lang": in.Lang, "theme": in.Theme} {
		if v != "" {
			http.SetCookie(w, &http.Cookie{Name: name, Value: v, Path: "/", MaxAge: 365 * 24 * 3600, Secure: h.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/me")
}

func (h handlers) password(w http.ResponseWriter, r *http.Request) error {
	var in PasswordInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := h.s.ChangePassword(r.Context(), in, h.token(r)); err != nil {
		return h.again(w, r, err, func(m *meForm, f *fault.Error) { m.passwordFault = f })
	}
	web.Flash(w, "people.password_set")
	return web.SeeOther(w, r, "/me")
}

func (h handlers) newToken(w http.ResponseWriter, r *http.Request) error {
	var in TokenInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	secret, err := h.s.CreateOwnToken(r.Context(), in)
	if err != nil {
		return h.again(w, r, err, func(m *meForm, f *fault.Error) { m.Token, m.tokenFault = in, f })
	}
	form, err := h.meForm(r)
	if err != nil {
		return err
	}
	form.Secret = secret // shown once, on this answer only
	return web.Render(w, r, http.StatusOK, mePage(form))
}

func (h handlers) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := h.s.RevokeToken(r.Context(), id); err != nil {
		return err
	}
	web.Flash(w, "people.token.revoked")
	return web.SeeOther(w, r, "/me")
}

func (h handlers) endSession(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	if err := h.s.EndSession(r.Context(), id); err != nil {
		return err
	}
	web.Flash(w, "people.session.ended")
	return web.SeeOther(w, r, web.Local(r.Form.Get("return")))
}

package configuration

import (
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// secretOf is the token that an agent sends: as a bearer, or as the password of
// basic authentication, which older agents speak.
func secretOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	s, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return s
}

// report is where agents speak the public GLPI inventory protocol. Nobody is
// signed in here: the token decides, before the body is read.
func (h handlers) report(w http.ResponseWriter, r *http.Request) error {
	t, err := h.s.Agent(r.Context(), secretOf(r))
	if fault.Is(err, fault.Unauthenticated) {
		w.Header().Set("WWW-Authenticate", `Basic realm="opsdesk agents"`)
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return nil // agents want the status, not a page
	}
	if err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxReport))
	if err != nil {
		return fault.Wrap(fault.TooLarge, "error.too_large", err)
	}
	rep, err := ReadReport(body)
	if err == nil && rep.Query == "inventory" {
		err = h.s.Take(r.Context(), t, rep)
	}
	if err != nil {
		f := fault.Of(err)
		if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
			return err
		}
		http.Error(w, firstField(err).Code, web.StatusOf(f))
		return nil // agents want the status, not a page
	}
	return answer(w, rep)
}

// answer is what the protocol expects: what to do next, or that all is well.
func answer(w http.ResponseWriter, rep Report) error {
	w.Header().Set("Cache-Control", "no-store")
	if !rep.XML {
		return web.JSON(w, http.StatusOK, map[string]any{"status": "ok", "message": "", "expiration": 24})
	}
	body := `<?xml version="1.0" encoding="UTF-8"?><REPLY></REPLY>`
	if rep.Query == "prolog" {
		body = `<?xml version="1.0" encoding="UTF-8"?><REPLY><PROLOG_FREQ>24</PROLOG_FREQ><RESPONSE>SEND</RESPONSE></REPLY>`
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	_, err := io.WriteString(w, body)
	return err
}

// agentsProps is the page of tokens; Secret is a new one, shown once.
type agentsProps struct {
	Tokens []Token
	Name   string
	Secret string
	Fault  *fault.Error
}

func (h handlers) agentsPage(w http.ResponseWriter, r *http.Request) error {
	list, err := h.s.Tokens(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, agentsPage(agentsProps{Tokens: list}))
}

// createToken shows the new secret in its answer: it can be shown only here.
func (h handlers) createToken(w http.ResponseWriter, r *http.Request) error {
	var in TokenInput
	p := agentsProps{}
	err := web.Decode(r, &in)
	if err == nil {
		_, p.Secret, err = h.s.CreateToken(r.Context(), in)
	}
	status := http.StatusOK
	if err != nil {
		var ok bool
		if p.Fault, ok = mendable(err); !ok {
			return err
		}
		p.Name, status = in.Name, web.StatusOf(p.Fault)
	}
	if p.Tokens, err = h.s.Tokens(r.Context()); err != nil {
		return err
	}
	return web.Render(w, r, status, agentsPage(p))
}

func (h handlers) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "token")
	if err != nil {
		return err
	}
	if err := h.s.RevokeToken(r.Context(), id); err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/agents")
}

// driftsProps is what waits to be disposed of, and how the last form fared.
type driftsProps struct {
	List  []Drift
	Model Model
	May   bool
	// MayRaise: a drift can be made the draft of a change.
	MayRaise bool
	At       string // id of the drift that the fault belongs to
	In       SettleInput
	Fault    *fault.Error
}

func (h handlers) driftsProps(r *http.Request) (p driftsProps, err error) {
	p.May = h.s.may(r.Context(), ActionSettle)
	p.MayRaise = p.May && h.s.changes != nil
	if p.List, err = h.s.Drifts(r.Context()); err != nil {
		return p, err
	}
	p.Model, err = h.s.Model(r.Context())
	return p, err
}

func (h handlers) driftsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.driftsProps(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, driftsPage(p))
}

func (h handlers) settle(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "drift")
	if err != nil {
		return err
	}
	var in SettleInput
	if err = web.Decode(r, &in); err == nil {
		err = h.s.Settle(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.driftRefused(w, r, id, in, err)
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/configuration/drifts")
}

// driftRefused shows the drifts again, with what was typed about one of them
// and what to mend.
func (h handlers) driftRefused(w http.ResponseWriter, r *http.Request, id uuid.UUID, in SettleInput, err error) error {
	f, ok := mendable(err)
	if !ok {
		return err
	}
	p, err := h.driftsProps(r)
	if err != nil {
		return err
	}
	p.Fault, p.At, p.In = f, id.String(), in
	return web.Render(w, r, web.StatusOf(f), driftsPage(p))
}

// raise drafts the change that nobody applied for, and leads to it.
func (h handlers) raise(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "drift")
	if err != nil {
		return err
	}
	var in RaiseInput
	number := ""
	if err = web.Decode(r, &in); err == nil {
		number, err = h.s.Raise(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.driftRefused(w, r, id, SettleInput{Decision: "raised", Reason: in.Remark}, err)
	}
	web.Flash(w, "configuration.drifts.raised_done")
	return web.SeeOther(w, r, "/changes/"+number)
}

// partsProps is what agents reported an item is made of.
type partsProps struct {
	itemProps
	Parts []PartRow
	Next  string
}

func (h handlers) partsPage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.detail(r)
	if err != nil {
		return err
	}
	after := r.URL.Query().Get("after")
	if len(after) > 1000 || strings.ContainsRune(after, 0) {
		return fault.OnField("after", "validation.text")
	}
	p := partsProps{itemProps: itemProps{Detail: d, Tab: "parts"}}
	if p.Parts, err = h.s.Parts(r.Context(), d.ID, "", after); err != nil {
		return err
	}
	if len(p.Parts) > PageSize {
		p.Parts = p.Parts[:PageSize]
		last := p.Parts[PageSize-1]
		p.Next = last.Kind + "\x01" + last.Key
	}
	return web.Render(w, r, http.StatusOK, partsPage(p))
}

func (h handlers) verify(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var in VerifyInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	i, err := h.s.Verify(work.WithKey(r.Context(), web.Key(r)), id, in)
	if err != nil {
		return err
	}
	web.Flash(w, "configuration.verified")
	return web.SeeOther(w, r, "/configuration/"+i.Label())
}

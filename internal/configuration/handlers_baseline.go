package configuration

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// baselinesProps is the list of baselines.
type baselinesProps struct {
	List     []Baseline
	Next     string
	MaySetUp bool
}

func (h handlers) baselinesPage(w http.ResponseWriter, r *http.Request) error {
	p := baselinesProps{MaySetUp: h.s.may(r.Context(), ActionBaseline)}
	var err error
	if p.List, p.Next, err = h.s.Baselines(r.Context(), r.URL.Query().Get("cursor")); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, baselinesPage(p))
}

// scopeProps is what the fields of a scope offer and hold.
type scopeProps struct {
	Model    Model
	Services []Named
	Form     url.Values // as typed, or as the address proposes
	Shown    string     // name of the item chosen
	Fault    *fault.Error
}

func (h handlers) scopeProps(r *http.Request, form url.Values) (p scopeProps, err error) {
	p.Form = form
	if p.Model, err = h.s.Model(r.Context()); err != nil {
		return p, err
	}
	if id, err := h.s.ID(r.Context(), form.Get("item")); err == nil {
		names, err := h.s.called(r.Context(), id)
		if err != nil {
			return p, err
		}
		if i, ok := names[id]; ok {
			p.Shown = i.Name
			p.Form.Set("item", id.String())
		}
	}
	p.Services, err = h.s.repo.services(r.Context(), h.desk.DB)
	return p, err
}

// baselineForm is the form of a new baseline; the address may propose a scope.
func (h handlers) baselineForm(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.desk.Permit(r.Context(), ActionBaseline); err != nil {
		return err
	}
	form := url.Values{}
	for k, v := range r.URL.Query() {
		form[k] = v
	}
	p, err := h.scopeProps(r, form)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, baselineForm(p))
}

// scoped readies the fields of a scope for decoding: numbers in one field,
// instants in the reader's zone, an item that was typed.
func (h handlers) scoped(r *http.Request, instants ...string) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	if items := strings.FieldsFunc(r.Form.Get("items"), func(c rune) bool { return strings.ContainsRune(" \t\r\n,;，；、", c) }); len(items) > 0 {
		r.Form["items"] = items
	} else {
		r.Form.Del("items")
	}
	for _, name := range instants {
		if s := r.Form.Get(name); s != "" {
			t, err := local(r.Context(), name, s)
			if err != nil {
				return err
			}
			r.Form.Set(name, t.Format(time.RFC3339Nano))
		}
	}
	return h.typed(r)
}

func (h handlers) takeBaseline(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	typed := url.Values{}
	for k, v := range r.Form {
		typed[k] = v
	}
	var in BaselineInput
	var b Baseline
	err := h.scoped(r, "at")
	if err == nil {
		err = web.Decode(r, &in)
	}
	if err == nil {
		b, err = h.s.TakeBaseline(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		f, ok := mendable(err)
		if !ok {
			return err
		}
		p, perr := h.scopeProps(r, typed)
		if perr != nil {
			return perr
		}
		p.Fault = f
		return web.Render(w, r, web.StatusOf(f), baselineForm(p))
	}
	return web.SeeOther(w, r, "/configuration/baselines/"+b.ID.String())
}

// baselineProps is a baseline and what differs from what it is compared with.
type baselineProps struct {
	Baseline
	Model     Model
	Scope     string // in words
	Others    []Baseline
	With      string
	Fate      string
	Compare   Comparison
	Checked   string // hash computed anew
	Same      bool
	MayExport bool
	Fault     *fault.Error
}

func (p baselineProps) link(change ...string) string {
	q := url.Values{}
	if p.With != "" {
		q.Set("with", p.With)
	}
	if p.Fate != "" {
		q.Set("fate", p.Fate)
	}
	for n := 0; n+1 < len(change); n += 2 {
		if q.Set(change[n], change[n+1]); change[n+1] == "" {
			q.Del(change[n])
		}
	}
	return "/configuration/baselines/" + p.ID.String() + "?" + q.Encode()
}

func (p baselineProps) file(with string) string {
	q := url.Values{"with": {with}}
	if with != "" && p.Fate != "" {
		q.Set("fate", p.Fate)
	}
	return "/configuration/baselines/" + p.ID.String() + "/export.csv?" + q.Encode()
}

func (h handlers) baseline(r *http.Request) (Baseline, error) {
	id, err := web.PathID(r, "baseline")
	if err != nil {
		return Baseline{}, err
	}
	return h.s.GetBaseline(r.Context(), id)
}

func (h handlers) baselinePage(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	b, err := h.baseline(r)
	if err != nil {
		return err
	}
	p := baselineProps{Baseline: b, With: q.Get("with"), Fate: q.Get("fate"), MayExport: h.desk.Can(ctx, ActionExport, nil)}
	if p.With == "" {
		p.With = "now"
	}
	if p.Model, err = h.s.Model(ctx); err != nil {
		return err
	}
	if p.Scope, err = h.scopeWords(ctx, p.Model, b.Scope); err != nil {
		return err
	}
	if p.Others, _, err = h.s.Baselines(ctx, ""); err != nil {
		return err
	}
	if !b.Ready() {
		return web.Render(w, r, http.StatusOK, baselinePage(p))
	}
	if q.Get("check") == "1" {
		if p.Checked, p.Same, err = h.s.CheckBaseline(ctx, b.ID); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if err = h.compared(r, &p); err != nil {
		var ok bool
		if p.Fault, ok = mendable(err); !ok {
			return err
		}
		status = web.StatusOf(p.Fault)
	}
	return web.Render(w, r, status, baselinePage(p))
}

// compared reads what differs.
func (h handlers) compared(r *http.Request, p *baselineProps) (err error) {
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	ties, err := afterTies(r)
	if err != nil {
		return err
	}
	p.Compare, err = h.s.CompareBaseline(r.Context(), p.Baseline, CompareInput{With: p.With, Fate: p.Fate, After: after, AfterTies: ties, Limit: PageSize})
	return err
}

package routing

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type handlers struct{ s *Service }

// Mount adds the pages and the API of rules.
func Mount(s *Service, rt web.Router) {
	h := handlers{s}
	rt.Get("/settings/routing", h.rulesPage)
	rt.Get("/settings/routing/rules/{rule}", h.rulePage)
	rt.Post("/settings/routing/rules/{rule}", h.saveRule)
	rt.Post("/settings/routing/rules/{rule}/move", h.move)
	rt.Post("/settings/routing/publish", h.publish)
	rt.Post("/settings/routing/discard", h.discard)
	rt.Get("/settings/routing/versions/{number}", h.versionPage)
	mountSettings(h, rt)
	mountAPI(api{s}, rt)
}

// rulesProps is the page of all rules.
type rulesProps struct {
	Rules
	Vocab    vocab
	Used     map[uuid.UUID]int
	History  []Set
	Names    map[uuid.UUID]identity.Person
	Note     string
	Settings Settings
	SetFault *fault.Error // of the settings
	Fault    *fault.Error // of publishing, or of a row's button
	Old      bool         // a published version, to read only
}

func (h handlers) props(ctx context.Context) (rulesProps, error) {
	var p rulesProps
	var err error
	if p.Rules, err = h.s.Rules(ctx); err != nil {
		return p, err
	}
	return p, h.fill(ctx, &p)
}

func (h handlers) fill(ctx context.Context, p *rulesProps) (err error) {
	if p.Vocab, err = h.s.vocab(ctx); err != nil {
		return err
	}
	if p.Used, err = h.s.Used(ctx, p.Set); err != nil {
		return err
	}
	if p.History, err = h.s.History(ctx); err != nil {
		return err
	}
	ids := []uuid.UUID{p.CreatedBy}
	for _, s := range p.History {
		if s.PublishedBy != nil {
			ids = append(ids, *s.PublishedBy)
		}
	}
	if p.Names, err = identity.People(ctx, h.s.desk.DB, ids...); err != nil {
		return err
	}
	p.Settings, err = h.s.Settings(ctx)
	return err
}

func (h handlers) rulesPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.props(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, rulesPage(p))
}

// again shows the page of rules with what was wrong.
func (h handlers) again(w http.ResponseWriter, r *http.Request, err error, set func(*rulesProps, *fault.Error)) error {
	f := fault.Of(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return err
	}
	p, perr := h.props(r.Context())
	if perr != nil {
		return err
	}
	set(&p, f)
	return web.Render(w, r, web.StatusOf(f), rulesPage(p))
}

func (h handlers) publish(w http.ResponseWriter, r *http.Request) error {
	var in PublishInput
	err := web.Decode(r, &in)
	if err == nil {
		_, err = h.s.Publish(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		return h.again(w, r, err, func(p *rulesProps, f *fault.Error) { p.Note, p.Fault = in.Note, f })
	}
	web.Flash(w, "routing.said.published")
	return web.SeeOther(w, r, "/settings/routing")
}

func (h handlers) discard(w http.ResponseWriter, r *http.Request) error {
	var in DiscardInput
	err := web.Decode(r, &in)
	if err == nil {
		_, err = h.s.Discard(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err != nil {
		return h.again(w, r, err, func(p *rulesProps, f *fault.Error) { p.Fault = f })
	}
	web.Flash(w, "routing.said.discarded")
	return web.SeeOther(w, r, "/settings/routing")
}

func (h handlers) move(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "rule")
	if err != nil {
		return err
	}
	var in MoveInput
	if err = web.Decode(r, &in); err == nil {
		_, err = h.s.Move(work.WithKey(r.Context(), web.Key(r)), id, in)
	}
	if err != nil {
		return h.again(w, r, err, func(p *rulesProps, f *fault.Error) { p.Fault = f })
	}
	return web.SeeOther(w, r, "/settings/routing#rules")
}

// versionPage shows a published version as it was.
func (h handlers) versionPage(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(chi.URLParam(r, "number"))
	if err != nil {
		return fault.Wrap(fault.NotFound, "error.not_found", err)
	}
	p := rulesProps{Old: true}
	if p.Set, err = h.s.Numbered(r.Context(), n); err != nil {
		return err
	}
	if err := h.fill(r.Context(), &p); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, rulesPage(p))
}

// ruleProps is the builder of one rule.
type ruleProps struct {
	Rule    Rule
	Key     string // of the address: an id, or "new"
	Version int
	Expert  bool
	Vocab   vocab
	Fault   *fault.Error
}

func (h handlers) rulePage(w http.ResponseWriter, r *http.Request) error {
	set, err := h.s.Rules(r.Context())
	if err != nil {
		return err
	}
	p := ruleProps{Key: chi.URLParam(r, "rule"), Rule: Rule{Active: true, Match: "all"}}
	if set.Editing {
		p.Version = set.Version
	}
	if p.Key != "new" {
		id, err := web.PathID(r, "rule")
		if err != nil {
			return err
		}
		n := 0
		if p.Rule, n = set.rule(id); n < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		p.Expert = p.Rule.Expr != ""
	}
	return h.builder(w, r, http.StatusOK, p)
}

func (h handlers) builder(w http.ResponseWriter, r *http.Request, status int, p ruleProps) (err error) {
	if p.Vocab, err = h.s.vocab(r.Context()); err != nil {
		return err
	}
	return web.Render(w, r, status, rulePage(p))
}

// saveRule saves the builder, or, where one of its other buttons was pressed,
// shows it again with one row more or less. Nothing typed is lost.
func (h handlers) saveRule(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.s.desk.Permit(r.Context(), ActionEdit); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxBody)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	p := ruleProps{Key: chi.URLParam(r, "rule")}
	p.Version, _ = strconv.Atoi(r.PostForm.Get("version")) // absent: there is no draft yet
	p.Rule, p.Expert = formRule(r.PostForm)
	if p.Key != "new" {
		id, err := web.PathID(r, "rule")
		if err != nil {
			return err
		}
		p.Rule.ID = id
	}
	if do := r.PostForm.Get("do"); do != "" {
		vo, err := h.s.vocab(r.Context())
		if err != nil {
			return err
		}
		p.press(do, r.PostForm.Get("add"), vo)
		return h.builder(w, r, http.StatusOK, p)
	}
	_, err := h.s.SaveRule(work.WithKey(r.Context(), web.Key(r)), RuleInput{Version: p.Version, Rule: p.Rule})
	if err != nil {
		f := fault.Of(err)
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		if f.Kind == fault.Conflict { // the next press is made from what others have saved
			now, err := h.s.Rules(r.Context())
			if err != nil {
				return err
			}
			if p.Version = 0; now.Editing {
				p.Version = now.Version
			}
		}
		p.Fault = f
		return h.builder(w, r, web.StatusOf(f), p)
	}
	web.Flash(w, "routing.said.saved")
	return web.SeeOther(w, r, "/settings/routing#rules")
}

// press does what a button of the builder says: add a row, drop one, offer one
// more value, or change between rows and expression.
func (p *ruleProps) press(do, field string, v vocab) {
	what, arg, _ := strings.Cut(do, ":")
	n, err := strconv.Atoi(arg)
	row := err == nil && n >= 0 && n < len(p.Rule.Conditions)
	switch {
	case what == "add":
		if f, ok := fieldOf(field); ok && len(p.Rule.Conditions) < MaxConditions {
			p.Rule.Conditions = append(p.Rule.Conditions, Condition{Field: f.name, Op: f.ops[0]})
		}
	case what == "drop" && row:
		p.Rule.Conditions = slices.Delete(p.Rule.Conditions, n, n+1)
	case what == "more" && row:
		p.Rule.Conditions[n].Values = append(p.Rule.Conditions[n].Values, "")
	case what == "expert":
		p.Expert, p.Rule.Expr = true, p.Rule.Source(v.name)
	case what == "rows":
		p.Expert, p.Rule.Expr = false, ""
	}
}

// formRule reads the builder's form.
func formRule(f url.Values) (Rule, bool) {
	r := Rule{
		Name: strings.TrimSpace(f.Get("name")), Match: f.Get("match"), Person: f.Get("person"), Active: last(f, "active") == "true", Continue: last(f, "continue") == "true",
		Confidential: last(f, "confidential") == "true",
	}
	if r.Match != "any" {
		r.Match = "all"
	}
	if id, err := uuid.Parse(f.Get("team_id")); err == nil {
		r.Team = &id
	}
	r.Floor, _ = strconv.Atoi(f.Get("floor")) // empty: none
	expert := f.Has("expr")
	if expert {
		r.Expr = strings.ReplaceAll(f.Get("expr"), "\r\n", "\n")
		if strings.TrimSpace(r.Expr) == "" {
			r.Expr = "true"
		}
	}
	for n := range MaxConditions {
		k := strconv.Itoa(n)
		if !f.Has("field_" + k) {
			break
		}
		c := Condition{Field: f.Get("field_" + k), Op: f.Get("op_" + k), Values: f["value_"+k]}
		if spec, ok := fieldOf(c.Field); ok && spec.kind == "words" {
			c.Values = words(f.Get("value_" + k))
		}
		r.Conditions = append(r.Conditions, c)
	}
	return r, expert
}

func last(f url.Values, name string) string {
	if v := f[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// words parts what was typed at commas of either script.
func words(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '，' || r == '、' || r == ';' || r == '；' || r == '\n' }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

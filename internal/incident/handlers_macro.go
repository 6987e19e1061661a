package incident

import (
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// mountMacros adds ready texts in the composer, and macros.
func mountMacros(rt web.Router, h handlers, a api) {
	rt.Get("/incidents/{id}/canned", h.cannedFor)
	rt.Get("/macros", h.macrosPage)
	rt.Post("/macros", h.saveMacro)
	rt.Post("/macros/{macro}/delete", h.deleteMacro)
	rt.Post("/incidents/{id}/macros/{macro}", h.applyMacro)

	tag := func(o web.Op) web.Op { o.Tag = "macros"; return o }
	rt.API(http.MethodGet, "/api/v1/macros", tag(web.Op{ID: "listMacros", Summary: "Macros of the caller and their teams", Out: macrosOut{}}), a.listMacros)
	rt.API(http.MethodPost, "/api/v1/macros", tag(web.Op{ID: "saveMacro", Summary: "Make a macro, or change one", In: MacroInput{}, Out: Macro{}, Idempotent: true}), a.saveMacro)
	rt.API(http.MethodDelete, "/api/v1/macros/{macro}", tag(web.Op{ID: "deleteMacro", Summary: "Delete a macro", Status: http.StatusNoContent}), a.deleteMacro)
	rt.API(http.MethodPost, "/api/v1/incidents/{id}/macros/{macro}", tag(web.Op{ID: "applyMacro", Summary: "Take all steps of a macro, or none if one is refused", Out: macroOut{}, Idempotent: true}), a.applyMacro)
}

// cannedProps are the ready texts that a reply or a note can begin with.
type cannedProps struct {
	*Detail
	Texts []CannedText
	Words string
	Note  bool
}

// cannedFor answers the composer; without script it is a page to choose from.
func (h handlers) cannedFor(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	p := cannedProps{Words: q.Get("q"), Note: q.Get("kind") == "note"}
	if len(p.Words) > 100 {
		p.Words = ""
	}
	act := ActionReply
	if p.Note {
		act = ActionNote
	}
	_, facts, err := h.s.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if who, err := identity.From(r.Context()); err != nil || !who.Agent() || !h.desk.Can(r.Context(), act, &facts) {
		return h.desk.Noted(r.Context(), act, Incident{ID: id}.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	if p.Texts, err = h.s.CannedFor(r.Context(), id, p.Words, p.Note); err != nil {
		return err
	}
	if web.IsHX(r) {
		return web.Render(w, r, http.StatusOK, cannedList(p.Texts))
	}
	if p.Detail, err = h.s.Detail(r.Context(), id); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, cannedPage(p))
}

// begun is a ready text that the address asks the composer to begin with.
func (h handlers) begun(r *http.Request, p *ticketProps) error {
	q := r.URL.Query().Get("canned")
	if q == "" || !p.Agent {
		return nil
	}
	id, err := uuid.Parse(q)
	if err != nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if r.URL.Query().Get("tab") == "note" {
		p.Tab = "note"
	}
	p.Begun, err = h.s.CannedBody(r.Context(), p.Incident, id, p.Tab == "note")
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// macroProps is the page of macros.
type macroProps struct {
	Macros []Macro
	Change map[uuid.UUID]bool
	Teams  []identity.Team // all
	Own    []identity.Team // those that the reader may make macros for
	Config Config
	People map[uuid.UUID]identity.Person
	In     MacroInput
	Fault  *fault.Error
}

func (h handlers) macroForm(r *http.Request) (macroProps, error) {
	ctx := r.Context()
	p := macroProps{Change: map[uuid.UUID]bool{}}
	if _, err := h.desk.Permit(ctx, ActionMacro); err != nil {
		return p, err
	}
	var err error
	if p.Macros, err = h.s.Macros(ctx); err != nil {
		return p, err
	}
	may := func(f authz.Facts) bool { return h.desk.Can(ctx, ActionMacro, &f) }
	var ids []uuid.UUID
	for _, m := range p.Macros {
		p.Change[m.ID] = may(m.Facts())
		ids = append(ids, people(m.Steps.AssigneeID)...)
	}
	if p.Teams, err = identity.Teams(ctx, h.desk.DB); err != nil {
		return p, err
	}
	for _, t := range p.Teams {
		if t.Active && may(Macro{TeamID: &t.ID}.Facts()) {
			p.Own = append(p.Own, t)
		}
	}
	if p.People, err = identity.People(ctx, h.desk.DB, ids...); err != nil {
		return p, err
	}
	p.Config, err = h.s.Config(ctx)
	return p, err
}

func (h handlers) macrosPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.macroForm(r)
	if err != nil {
		return err
	}
	if id, err := uuid.Parse(r.URL.Query().Get("edit")); err == nil {
		m, err := h.s.Macro(r.Context(), id)
		if err != nil {
			return err
		}
		p.In = MacroInput{ID: &m.ID, Version: m.Version, Name: m.Name, TeamID: m.TeamID, MacroSteps: m.Steps}
	}
	return web.Render(w, r, http.StatusOK, macrosPage(p))
}

func (h handlers) saveMacro(w http.ResponseWriter, r *http.Request) error {
	var in MacroInput
	err := h.decode(w, r, &in)
	if fault.Is(err, fault.Malformed) {
		return err
	}
	if err == nil {
		_, err = h.s.SaveMacro(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
			return err
		}
		p, perr := h.macroForm(r)
		if perr != nil {
			return perr
		}
		p.In, p.Fault = in, f
		return web.Render(w, r, web.StatusOf(f), macrosPage(p))
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/macros")
}

func (h handlers) deleteMacro(w http.ResponseWriter, r *http.Request) error {
	var in StepInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	id, err := web.PathID(r, "macro")
	if err != nil {
		return err
	}
	if _, err := h.s.DeleteMacro(work.WithKey(r.Context(), web.Key(r)), id, in); err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/macros")
}

func (h handlers) applyMacro(w http.ResponseWriter, r *http.Request) error {
	id, err := h.s.key(r)
	if err != nil {
		return err
	}
	var none struct{}
	if err := web.Decode(r, &none); err != nil {
		return err
	}
	macro, err := web.PathID(r, "macro")
	if err != nil {
		return err
	}
	res, err := h.s.ApplyMacro(r.Context(), id, macro, web.Key(r))
	if err != nil {
		return err
	}
	if res.Fault != nil {
		return web.Render(w, r, web.StatusOf(res.Fault), macroStopped(res))
	}
	said := make([]string, len(res.Done))
	for n, step := range res.Done {
		said[n] = "incident.macro.step." + step
	}
	web.Flash(w, "incident.said.macro", said...)
	return web.SeeOther(w, r, "/incidents/"+res.Incident.Label())
}

type macrosOut struct {
	Items []Macro `json:"items"`
}

// macroOut says what a macro did: the steps that were taken, which are all of
// them or none, the one that was refused and why, and the others.
type macroOut struct {
	Incident Out      `json:"incident"`
	Done     []string `json:"done"`
	Failed   string   `json:"failed,omitempty"`
	Code     string   `json:"code,omitempty"`
	Message  string   `json:"message,omitempty"`
	Left     []string `json:"left"`
}

func (a api) listMacros(w http.ResponseWriter, r *http.Request) error {
	list, err := a.s.Macros(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, macrosOut{append([]Macro{}, list...)})
}

func (a api) saveMacro(w http.ResponseWriter, r *http.Request) error {
	var in MacroInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	m, err := a.s.SaveMacro(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, m)
}

func (a api) deleteMacro(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "macro")
	if err != nil {
		return err
	}
	if _, err := a.s.DeleteMacro(r.Context(), id, StepInput{}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a api) applyMacro(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	macro, err := web.PathID(r, "macro")
	if err != nil {
		return err
	}
	res, err := a.s.ApplyMacro(r.Context(), id, macro, web.Key(r))
	if err != nil {
		return err
	}
	o, err := a.out(r.Context(), res.Incident)
	if err != nil {
		return err
	}
	out := macroOut{Incident: o, Done: append([]string{}, res.Done...), Failed: res.Failed, Left: append([]string{}, res.Left...)}
	if f := res.Fault; f != nil {
		out.Code, out.Message = f.Code, i18n.T(r.Context(), f.Code, f.Args...)
		if len(f.Fields) > 0 {
			out.Code, out.Message = f.Fields[0].Code, i18n.T(r.Context(), f.Fields[0].Code, "param", f.Fields[0].Param)
		}
	}
	return web.JSON(w, http.StatusOK, out)
}

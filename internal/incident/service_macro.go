package incident

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/canned"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// maxMacros bounds how many macros one person can make.
const maxMacros = 50

// MacroInput makes a macro, or changes one that the actor may change.
type MacroInput struct {
	ID      *uuid.UUID `json:"id"`
	Version int        `json:"version"`
	Name    string     `json:"name" validate:"required,notblank,line,max=60"`
	TeamID  *uuid.UUID `json:"team_id"`
	MacroSteps
}

// SaveMacro makes or changes a macro.
func (s *Service) SaveMacro(ctx context.Context, in MacroInput) (Macro, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Macro{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	if in.AssigneeID != nil {
		in.Assign = "person"
	}
	check := func(u *work.Unit) error {
		if err := in.check(); err != nil {
			return err
		}
		if err := s.repo.known(ctx, u.Tx, in.CategoryID, in.ServiceID); err != nil {
			return err
		}
		return s.repo.assignable(ctx, u.Tx, in.AssigneeID, in.ToTeam, u.Now)
	}
	if in.ID != nil {
		return work.Update(ctx, s.desk, s.macros, ActionMacro, *in.ID, in.Version, in, func(u *work.Unit, m *Macro) error {
			if m.Deleted {
				return fault.New(fault.NotFound, "error.not_found")
			}
			m.Name, m.TeamID, m.Steps = in.Name, in.TeamID, in.MacroSteps
			f := m.Facts()
			if !s.desk.Can(ctx, ActionMacro, &f) {
				return fault.OnField("team_id", "authz.denied.scope")
			}
			return check(u)
		})
	}
	f := Macro{OwnerID: who.ID, TeamID: in.TeamID}.Facts()
	var out Macro
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, s.macros, ActionMacro, &f, in, func(u *work.Unit) (Macro, error) {
			if err := check(u); err != nil {
				return Macro{}, err
			}
			n, err := s.macros.count(ctx, u.Tx, who.ID)
			if err == nil && n >= maxMacros {
				err = fault.New(fault.Conflict, "incident.error.too_many_macros", "count", maxMacros)
			}
			return Macro{ID: u.ID(), Version: 1, Name: in.Name, Steps: in.MacroSteps, OwnerID: who.ID, TeamID: in.TeamID, CreatedAt: u.Now, UpdatedAt: u.Now}, err
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionMacro, record.Ref{Kind: KindMacro}, err)
}

// DeleteMacro takes a macro out of every list. The trail keeps it.
func (s *Service) DeleteMacro(ctx context.Context, id uuid.UUID, in StepInput) (Macro, error) {
	if _, err := s.Macro(ctx, id); err != nil {
		return Macro{}, err
	}
	return work.Update(ctx, s.desk, s.macros, ActionMacro, id, in.Version, in, func(_ *work.Unit, m *Macro) error {
		m.Deleted = true
		return nil
	})
}

// Macro returns a macro that the actor may use.
func (s *Service) Macro(ctx context.Context, id uuid.UUID) (Macro, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Macro{}, err
	}
	return s.macros.get(ctx, s.desk.DB, id, who.ID, who.Teams)
}

// Macros lists the macros that the actor may use, their own and those of their
// teams, by name.
func (s *Service) Macros(ctx context.Context) ([]Macro, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.macros.list(ctx, s.desk.DB, who.ID, who.Teams)
}

// MacroResult says what a macro did: all its steps, or nothing.
type MacroResult struct {
	Incident Incident
	Done     []string // steps
	Failed   string   // the step that was refused; "" for none
	Fault    *fault.Error
	Left     []string // the other steps, which were therefore not taken
}

// actApplyMacro names the press for its key; what it may do each step asks for
// itself.
const actApplyMacro authz.Action = "incident.apply_macro"

// heardFirst ranks what people hear of a macro: a reply says more than that a
// ticket was taken on.
var heardFirst = []string{"incident.mentioned", "incident.replied", "incident.pended", "incident.resumed", "incident.started", "incident.accepted", "incident.assigned", "incident.task_assigned", "incident.noted"}

// ApplyMacro takes the steps of a macro, each through the use case that a
// person would press, with its own permission and its own line in the trail:
// all of them, or none. Where one is refused the result says which and why, and
// nothing was done. Whoever it concerns is told once. With the same key a
// repetition takes no step twice.
func (s *Service) ApplyMacro(ctx context.Context, id, macro uuid.UUID, key string) (MacroResult, error) {
	m, err := s.Macro(ctx, macro)
	if err != nil {
		return MacroResult{}, err
	}
	i, _, err := s.Get(ctx, id)
	out := MacroResult{Incident: i}
	if err != nil {
		return out, err
	}
	step := ""
	in := struct {
		Macro   uuid.UUID
		Version int
	}{m.ID, m.Version}
	err = s.desk.Whole(work.WithKey(ctx, key), actApplyMacro, i.Ref(), in, heardFirst, func(ctx context.Context) error {
		after := i
		for _, step = range m.Steps.list() {
			if after, err = s.macroStep(ctx, after, m.Steps, step); err != nil {
				return err
			}
		}
		return nil
	})
	if f := fault.Of(err); f != nil && step != "" && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		out.Failed, out.Fault, out.Left = step, f, slices.DeleteFunc(m.Steps.list(), func(x string) bool { return x == step })
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Incident, _, err = s.Get(ctx, id)
	out.Done = m.Steps.list()
	return out, err
}

func (s *Service) macroStep(ctx context.Context, i Incident, m MacroSteps, step string) (Incident, error) {
	switch step {
	case stepFields:
		return s.Edit(ctx, i.ID, EditInput{CategoryID: m.CategoryID, ServiceID: m.ServiceID})
	case stepAssign:
		person := m.AssigneeID
		if m.Assign == "me" {
			who, err := identity.From(ctx)
			if err != nil {
				return i, err
			}
			person = &who.ID
		}
		return s.Assign(ctx, i.ID, AssignInput{AssigneeID: person, TeamID: m.ToTeam})
	case stepPriority:
		return s.Prioritise(ctx, i.ID, PriorityInput{Priority: m.Priority, Reason: m.Reason})
	case stepMove:
		switch m.Move {
		case MoveAccept:
			return s.Accept(ctx, i.ID, AcceptInput{})
		case MoveStart:
			return s.Start(ctx, i.ID, StepInput{})
		}
		return s.Resume(ctx, i.ID, StepInput{})
	case stepTask:
		return s.AddTask(ctx, i.ID, TaskInput{Title: m.Task})
	case stepPend:
		return s.Pend(ctx, i.ID, PendInput{Reason: m.Pend})
	}
	values, err := s.cannedWords(ctx, i)
	if err != nil {
		return i, err
	}
	if step == stepNote {
		return s.Note(ctx, i.ID, ReplyInput{Body: canned.Fill(m.Note, values.In(values.lang(ctx, true)))})
	}
	return s.Reply(ctx, i.ID, ReplyInput{Body: canned.Fill(m.Reply, values.In(values.lang(ctx, false)))})
}

// Texts are the ready texts that macros and composers use.
func (s *Service) Texts() *canned.Service { return s.canned }

// fillings are what the words in braces of a ready text stand for.
type fillings struct {
	Requester, Assignee, Me identity.Person
	number, title           string
	team                    identity.Team
	service, category       Choice
}

// In are the values for a reader of a language.
func (w fillings) In(lang string) map[string]string {
	pick := func(zh, en string) string {
		if lang == i18n.English && en != "" || zh == "" {
			return en
		}
		return zh
	}
	return map[string]string{
		"requester": w.Requester.Display(lang), "assignee": w.Assignee.Display(lang), "me": w.Me.Display(lang), "number": w.number, "title": w.title,
		"team": w.team.Display(lang), "service": pick(w.service.NameZh, w.service.NameEn), "category": pick(w.category.NameZh, w.category.NameEn),
	}
}

// cannedWords reads what an incident says for the words of ready texts. Access
// is the caller's to check.
func (s *Service) cannedWords(ctx context.Context, i Incident) (fillings, error) {
	w := fillings{number: i.Label(), title: i.Title}
	who, err := identity.From(ctx)
	if err != nil {
		return w, err
	}
	all, err := identity.People(ctx, s.desk.DB, people(&i.RequesterID, i.AssigneeID, &who.ID)...)
	if err != nil {
		return w, err
	}
	w.Requester, w.Me = all[i.RequesterID], all[who.ID]
	if i.AssigneeID != nil {
		w.Assignee = all[*i.AssigneeID]
	}
	w.team, w.service, w.category, err = s.repo.called(ctx, s.desk.DB, i)
	return w, db.Map(err)
}

// CannedText is a ready text as it would stand in a reply to an incident.
type CannedText struct {
	canned.Text
	Body string
}

// CannedFor lists the actor's ready texts whose name or text has the words,
// filled in for an incident that they may see: in the requester's language for
// a reply, in the actor's own for a note. At most 20.
func (s *Service) CannedFor(ctx context.Context, id uuid.UUID, q string, note bool) ([]CannedText, error) {
	i, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := s.canned.List(ctx, q)
	if err != nil {
		return nil, err
	}
	w, err := s.cannedWords(ctx, i)
	if err != nil {
		return nil, err
	}
	var out []CannedText
	for _, t := range list[:min(len(list), 20)] {
		out = append(out, CannedText{t, w.fill(ctx, t, note)})
	}
	return out, nil
}

// lang is the language of what is written: the requester's for a reply, the
// actor's own for a note.
func (w fillings) lang(ctx context.Context, note bool) string {
	if !note && w.Requester.Lang != "" {
		return w.Requester.Lang
	}
	return i18n.Lang(ctx)
}

func (w fillings) fill(ctx context.Context, t canned.Text, note bool) string {
	body, lang := t.In(w.lang(ctx, note))
	return canned.Fill(body, w.In(lang))
}

// CannedBody is one of the actor's ready texts, filled in as CannedFor does.
// Access to the incident is the caller's to check.
func (s *Service) CannedBody(ctx context.Context, i Incident, id uuid.UUID, note bool) (string, error) {
	t, err := s.canned.Get(ctx, id)
	if err != nil {
		return "", err
	}
	w, err := s.cannedWords(ctx, i)
	return w.fill(ctx, t, note), err
}

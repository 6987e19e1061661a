package servicerequest

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/timeline"
)

// ID finds a request by what stands in an address: its number or its id. It
// says nothing about access.
func (s *Service) ID(ctx context.Context, key string) (uuid.UUID, error) {
	if id, err := uuid.Parse(key); err == nil {
		return id, nil
	}
	n, ok := ParseLabel(key)
	if !ok {
		return uuid.Nil, fault.New(fault.NotFound, "error.not_found")
	}
	return s.repo.idOf(ctx, s.desk.DB, n)
}

// Get returns a request that the actor may see and the facts for further
// decisions about it. What is still being filled in is its writer's alone.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Request, authz.Facts, error) {
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return Request{}, facts, err
	}
	r, err := s.repo.get(ctx, s.desk.DB, id)
	if err != nil {
		return r, facts, err
	}
	who, err := identity.From(ctx)
	if err == nil && r.State == Draft && who.ID != r.RequesterID && who.ID != r.CreatedBy {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return r, facts, err
}

// Detail is a request with all that its page shows the actor: what they may
// not see is not in it.
type Detail struct {
	Request
	Facts    authz.Facts
	Content  Content
	Settings Settings
	Tasks    []TaskView
	Timeline []timeline.Item
	Files    []attachment.File
	Links    []record.Summary
	Watchers []uuid.UUID
	Named    []record.Named // who may see it, where it is confidential
	People   map[uuid.UUID]identity.Person
	Teams    []identity.Team
	Assets   map[uuid.UUID]string
	Drafts   map[string]draft.Fields
	Asked    []Asked // who will be asked to approve it, once it is sent
	Approval *approval.View
	Clocks   []sla.ClockRow
	Now      time.Time

	Agent    bool // sees the desk's side
	Watching bool
	Back     string // the list that an act returns to
	can      map[authz.Action]bool
	who      identity.Actor
}

// TaskView is a task with what the actor may do to it now.
type TaskView struct {
	Task
	Made                         *record.Summary
	MayClaim, MayDone, MayAssign bool
	// MayOpen: the actor may open the change that the task is about. NoRight: they
	// work on the task, and the matrix lets them open none.
	MayOpen, NoRight bool
	// Approved: the actor approved the request, so they do not fulfil it (S5).
	Approved bool
}

// Can reports whether the actor may take the action on this request now: by
// the matrix, and by the state machine.
func (d Detail) Can(a authz.Action) bool { return d.can[a] }

// Person is the name of somebody for a reader of a language.
func (d Detail) Person(id *uuid.UUID, lang string) string {
	if id == nil {
		return ""
	}
	return d.People[*id].Display(lang)
}

// moves says which state machine step an action takes.
var moves = map[authz.Action]Move{
	ActionPend: MovePend, ActionResume: MoveResume, ActionConfirm: MoveConfirm, ActionReturn: MoveReturn, ActionReopen: MoveReopen, ActionWithdraw: MoveCancel, ActionRefuse: MoveReject,
}

// Detail reads the page of a request.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	r, facts, err := s.Get(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Request: r, Facts: facts, who: who, can: map[authz.Action]bool{}, Drafts: map[string]draft.Fields{}, Now: s.desk.Now()}
	if d.Settings, err = s.settings(ctx, s.desk.DB); err != nil {
		return d, err
	}
	for a := range Policies() {
		d.can[a] = s.desk.Can(ctx, a, &facts) && s.legal(r, a, d.Settings)
	}
	own := r.own(who.ID)
	d.can[ActionEdit] = d.can[ActionEdit] && own
	if r.only(who) != nil {
		for _, a := range []authz.Action{ActionEdit, ActionConfirm, ActionReturn, ActionReopen, ActionWithdraw} {
			d.can[a] = false
		}
	}
	d.can[ActionConfirm] = d.can[ActionConfirm] && (r.FulfilledBy == nil || *r.FulfilledBy != who.ID || r.RequesterID == who.ID)
	d.Agent = s.desk.Can(ctx, ActionNote, &facts) || who.Has(identity.EngineerL1, identity.EngineerL2, identity.Lead, identity.ConfigManager, identity.Auditor)
	return d, db.Map(s.fill(ctx, &d))
}

func (s *Service) legal(r Request, a authz.Action, set Settings) bool {
	if a == ActionReopen && r.tooLate(set.ReopenDays, s.desk.Now()) || a == ActionRefuse && r.State == Approving {
		return false
	}
	if m, ok := moves[a]; ok {
		return r.State.Offers(m) || a == ActionPend && r.State == Pending
	}
	switch a {
	case ActionEdit:
		return r.State == Draft || r.State == Approving
	case ActionName:
		return r.Confidential
	case ActionNudge, ActionPriority:
		return r.State.Open() && r.State != Draft
	case ActionReply:
		return r.State != Draft && r.State != Cancelled && r.State != Rejected
	}
	return true
}

// fill reads what belongs to the request.
func (s *Service) fill(ctx context.Context, d *Detail) (err error) {
	q := s.desk.DB
	if err = s.moved(ctx, q, &d.Request, d.Now); err != nil {
		return err
	}
	v, err := s.items.version(ctx, q, d.VersionID)
	if err != nil {
		return err
	}
	d.Content = v.Content
	if d.Teams, err = identity.Teams(ctx, q); err != nil {
		return err
	}
	notes := s.desk.Can(ctx, ActionNote, &d.Facts)
	if d.Timeline, d.Files, err = timeline.Read(ctx, q, d.ID, notes, timeline.For(d.Agent, notes)); err != nil {
		return err
	}
	vis, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return err
	}
	if d.Links, err = s.desk.Kinds.Linked(ctx, q, vis, d.ID); err != nil {
		return err
	}
	if err := s.fillTasks(ctx, d); err != nil {
		return err
	}
	if d.Watchers, err = record.Watchers(ctx, q, d.ID); err != nil {
		return err
	}
	if d.Confidential {
		if d.Named, err = record.NamedOn(ctx, q, d.ID, d.Now); err != nil {
			return err
		}
	}
	d.Watching = contains(d.Watchers, d.who.ID)
	for _, k := range []string{"reply", "note"} {
		if d.Drafts[k], _, err = draft.Load(ctx, q, d.who.ID, "request:"+d.ID.String()+":"+k); err != nil {
			return err
		}
	}
	if s.Assets != nil {
		if d.Assets, err = s.Assets.Names(ctx, d.Content.Form.Assets(d.Answers)); err != nil {
			return err
		}
	}
	if d.Approval, err = s.Approvals.Of(ctx, q, d.Ref()); err != nil {
		return err
	}
	if d.Clocks, err = s.Clocks.Clocks(ctx, q, d.ID); err != nil {
		return err
	}
	if d.State == Draft {
		if d.Asked, err = s.Asks(ctx, d.Content, d.ServiceID, d.RequesterID, d.Answers); err != nil {
			return err
		}
	}
	d.People, err = identity.People(ctx, q, d.everyone()...)
	return err
}

func (s *Service) fillTasks(ctx context.Context, d *Detail) error {
	tasks, err := s.repo.tasks(ctx, s.desk.DB, d.ID)
	if err != nil {
		return err
	}
	approvers, err := s.approvers(ctx, s.desk.DB, d.ID)
	if err != nil {
		return err
	}
	running := d.State == Approved || d.State == Fulfilling || d.State == Pending
	for _, t := range tasks {
		x := TaskView{Task: t, Approved: contains(approvers, d.who.ID)}
		r := d.Request
		r.acting, r.approvers = &t, approvers
		f := d.Facts
		r.Adjust(&f, d.who)
		open := running && t.State == TaskReady && !t.elsewhere() && s.desk.Can(ctx, ActionFulfil, &f)
		begin := s.Changes != nil && s.Changes.MayBegin(ctx) && !d.Confidential
		x.MayDone = open && t.Output == OutputTask
		x.MayOpen, x.NoRight = open && t.Output == OutputChange && begin, open && t.Output == OutputChange && !begin
		x.MayClaim = (x.MayDone || x.MayOpen) && (t.AssigneeID == nil || *t.AssigneeID != d.who.ID)
		x.MayAssign = running && !t.State.ended() && !t.elsewhere() && s.desk.Can(ctx, ActionAssignTask, &f)
		for i := range d.Links {
			if t.MadeID != nil && d.Links[i].Ref.ID == *t.MadeID {
				x.Made = &d.Links[i]
			}
		}
		d.Tasks = append(d.Tasks, x)
	}
	return nil
}

// everyone lists whose names the page shows.
func (d Detail) everyone() []uuid.UUID {
	ids := append(people(&d.RequesterID, &d.CreatedBy, d.AssigneeID, d.FulfilledBy, d.ClosedBy), d.Watchers...)
	ids = append(ids, d.Content.Form.People(d.Answers)...)
	for _, t := range d.Tasks {
		ids = append(ids, people(t.AssigneeID, t.DoneBy)...)
	}
	for _, n := range d.Named {
		ids = append(ids, n.PersonID)
	}
	for _, a := range d.Asked {
		ids = append(ids, a.People...)
	}
	if d.Approval != nil {
		for id := range d.Approval.Names {
			ids = append(ids, id)
		}
	}
	for _, it := range d.Timeline {
		for _, f := range []string{"assignee", "watcher", "requester", "named"} {
			for _, v := range it.Diff[f] {
				if x, ok := v.(string); ok {
					if id, err := uuid.Parse(x); err == nil {
						ids = append(ids, id)
					}
				}
			}
		}
	}
	return append(ids, timeline.People(d.Timeline)...)
}

// Asked is one step of approval: who is asked, or will be.
type Asked struct {
	Step   Step
	People []uuid.UUID
}

// Asks says, before a request is sent, who will have to approve it and when it
// comes: working days from then on are the item's.
func (s *Service) Asks(ctx context.Context, c Content, service *uuid.UUID, requester uuid.UUID, answers form.Raw) ([]Asked, error) {
	var out []Asked
	for _, st := range c.stepsFor(answers, s.today()) {
		ids, err := s.repo.stepPeople(ctx, s.desk.DB, st, requester, service)
		if err != nil {
			return nil, err
		}
		out = append(out, Asked{st, slices.DeleteFunc(ids, func(id uuid.UUID) bool { return id == requester })})
	}
	return out, nil
}

package change

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/timeline"
	"opsdesk/internal/trail"
)

// PageSize is how many rows one page of the list has.
const PageSize = 50

// Page is one page of the list.
type Page struct {
	Rows []Row
	Next string // cursor of the following page; "" at the end
}

// List lists the changes that the actor may see and the filter asks for.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (p Page, err error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = PageSize
	}
	if f.After, err = db.ParseCursor[Cursor](cursor); err != nil {
		return p, err
	}
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return p, err
	}
	a := asked{me: who.ID}
	if _, number := ParseLabel(f.Text); f.Text != "" && !number {
		if a.found, a.args, err = s.words(ctx, v, who, f.Text); err != nil {
			return p, err
		}
	}
	want := f.Limit
	f.Limit++
	if p.Rows, err = s.repo.list(ctx, s.desk.DB, v, f, a); err != nil || len(p.Rows) <= want {
		return p, err
	}
	p.Rows = p.Rows[:want]
	p.Next = db.Cursor(f.place(p.Rows[want-1]))
	return p, nil
}

// words is the condition of the words that a list is asked for.
func (s *Service) words(ctx context.Context, v record.Visibility, who identity.Actor, text string) (string, db.Args, error) {
	g, err := search.LoadGlossary(ctx, s.desk.DB)
	if err != nil {
		return "", nil, err
	}
	named, err := identity.Called(ctx, s.desk.DB, text)
	if err != nil {
		return "", nil, err
	}
	row, err := s.desk.Row(ActionNote)
	if err != nil {
		return "", nil, err
	}
	scope := search.Scope{Read: v, Notes: record.Visible(s.desk.Matrix.ReadScope(who, row), who, s.desk.Now())}
	cond, args := scope.Match(search.Parse(text, g), named...)
	return cond, args, nil
}

func (f Filter) place(r Row) Cursor {
	c := Cursor{Priority: r.Priority, Due: "infinity", At: r.CreatedAt, ID: r.ID}
	if r.DueAt != nil {
		c.Due = r.DueAt.UTC().Format(time.RFC3339Nano)
	}
	if f.sorted() == "updated" {
		c.At = r.UpdatedAt
	}
	return c
}

// ID finds a change by its id or its number.
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

// Get reads a change that the actor may see.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Change, authz.Facts, error) {
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return Change{}, facts, err
	}
	c, err := s.repo.get(ctx, s.desk.DB, id)
	return c, facts, err
}

// Detail is a change with everything its page shows.
type Detail struct {
	Change
	Facts     authz.Facts
	Known     Facts // what the desk knows about the items
	Gates     []Gate
	GatesOf   Move // the move that the gates are of: the next one
	Clashes   []Clash
	Frozen    []Covering           // freezes in its window
	Names     map[uuid.UUID]string // of items
	Services  []Named
	Able      []Named // who may be given steps
	Approval  *approval.View
	Opened    []record.Summary // incidents on the items since the change began
	Links     []record.Summary
	Timeline  []timeline.Item
	Files     []attachment.File
	Watching  bool
	People    map[uuid.UUID]identity.Person
	Draft     draft.Fields
	NoteDraft draft.Fields
	Now       time.Time

	situation Situation
	can       map[authz.Action]bool
	who       identity.Actor
}

// Can reports whether the actor may take an action as the change stands.
func (d Detail) Can(a authz.Action) bool { return d.can[a] }

// Person names somebody for a reader of a language.
func (d Detail) Person(id *uuid.UUID, lang string) string {
	if id == nil {
		return ""
	}
	return d.People[*id].Display(lang)
}

// nextMove is the move that people work towards from where a change is.
func nextMove(c Change) Move {
	switch c.State {
	case Draft:
		return MoveSubmit
	case Submitted, Assessing, Testing:
		return MoveAsk
	case Approved:
		return MoveSchedule
	case Scheduled:
		return MoveStart
	case Implementing, RollingBack:
		return MoveFinish
	case Verifying:
		return MoveVerify
	case Review:
		return MoveClose
	}
	return ""
}

// Detail reads a change that the actor may see.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	c, facts, err := s.Get(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return Detail{}, err
	}
	if c.approvers, err = s.Approvals.Approvers(ctx, s.desk.DB, c.Ref()); err != nil {
		return Detail{}, err
	}
	c.Adjust(&facts, who)
	d := Detail{Change: c, Facts: facts, who: who, can: map[authz.Action]bool{}, Now: s.desk.Now(), GatesOf: nextMove(c)}
	for a := range Policies() {
		d.can[a] = s.desk.Can(ctx, a, &facts) && s.legal(c, a)
	}
	return d, db.Map(s.fill(ctx, &d))
}

// legal reports whether the state allows an act, whatever the gates say.
func (s *Service) legal(c Change, a authz.Action) bool {
	if m, ok := moveOf[a]; ok {
		return c.offers(m)
	}
	switch a {
	case ActionEdit:
		return c.State.Planned()
	case ActionHold:
		return c.State.Planned() && !c.OnHold && c.State != Draft
	case ActionExcept:
		return c.State.Planned()
	case ActionRelease:
		return c.OnHold
	case ActionStep:
		return c.State.Running()
	}
	return true
}

func (s *Service) fill(ctx context.Context, d *Detail) (err error) {
	q := s.desk.DB
	if d.situation, d.Clashes, err = s.situation(ctx, q, d.who, d.Change, d.Now); err != nil {
		return err
	}
	if d.Frozen, err = s.covering(ctx, q, d.Change); err != nil {
		return err
	}
	d.Gates = d.Change.Gates(d.GatesOf, d.situation)
	if d.Known, err = s.facts(ctx, q, d.Change, len(d.Clashes)); err != nil {
		return err
	}
	if d.Names, err = s.names(ctx, q, d.Items); err != nil {
		return err
	}
	if d.Services, err = s.repo.services(ctx, q); err != nil {
		return err
	}
	if d.Able, err = s.able(ctx, q); err != nil {
		return err
	}
	if d.Approval, err = s.Approvals.Of(ctx, q, d.Ref()); err != nil {
		return err
	}
	if d.StartedAt != nil && len(d.Items) > 0 {
		to := d.StartedAt.Add(causedWithin)
		if d.EndedAt != nil {
			to = d.EndedAt.Add(causedWithin)
		}
		if d.Opened, err = s.Incidents.Opened(ctx, d.Items, *d.StartedAt, to); err != nil {
			return err
		}
	}
	notes := s.desk.Can(ctx, ActionNote, &d.Facts)
	if d.Timeline, d.Files, err = timeline.Read(ctx, q, d.ID, notes, func(trail.Diff) bool { return true }); err != nil {
		return err
	}
	vis, err := s.desk.VisibilityAcross(ctx)
	if err != nil {
		return err
	}
	if d.Links, err = s.desk.Kinds.Linked(ctx, q, vis, d.ID); err != nil {
		return err
	}
	watchers, err := record.Watchers(ctx, q, d.ID)
	if err != nil {
		return err
	}
	d.Watching = slices.Contains(watchers, d.who.ID)
	drafts, err := draft.LoadAll(ctx, q, d.who.ID, "change:"+d.ID.String(), "change:"+d.ID.String()+":note")
	if err != nil {
		return err
	}
	d.Draft, d.NoteDraft = drafts["change:"+d.ID.String()], drafts["change:"+d.ID.String()+":note"]
	d.People, err = identity.People(ctx, q, d.everyone()...)
	return err
}

func (d Detail) everyone() []uuid.UUID {
	ids := people(&d.RequesterID, &d.CreatedBy, d.ImplementerID, d.AssessedBy, d.TestedBy, d.StartedBy, d.VerifiedBy, d.ReviewedBy, d.GlassBy)
	for _, s := range slices.Concat(d.Steps, d.Back) {
		ids = append(ids, people(s.OwnerID, s.By)...)
	}
	if d.Approval != nil {
		for id := range d.Approval.Names {
			ids = append(ids, id)
		}
	}
	return append(ids, timeline.People(d.Timeline)...)
}

// Of lists the changes that touch one of the items and are not over, as far as
// the actor may see them; the next due first, at most 50.
func (s *Service) Of(ctx context.Context, q db.Querier, items ...uuid.UUID) ([]record.Summary, error) {
	if len(items) == 0 {
		return nil, nil
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil || v.Never() {
		return nil, err
	}
	out, err := s.repo.ofItems(ctx, q, v, items)
	for i := range out {
		out[i].URL = s.desk.Kinds.URL(Kind, out[i].Number)
	}
	return out, err
}

// ahead is what the next move of a change asks for, as the actor stands to it.
func (s *Service) ahead(ctx context.Context, c Change) ([]Gate, []Clash, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil, err
	}
	if c.approvers, err = s.Approvals.Approvers(ctx, s.desk.DB, c.Ref()); err != nil {
		return nil, nil, err
	}
	at, clashes, err := s.situation(ctx, s.desk.DB, who, c, s.desk.Now())
	return c.Gates(nextMove(c), at), clashes, err
}

// Blank is the form of a change that is not there yet.
func (s *Service) Blank(ctx context.Context, t Type) (d Detail, err error) {
	if d.who, err = s.desk.Permit(ctx, ActionCreate); err != nil {
		return d, err
	}
	if d.Type = Normal; t == Emergency {
		d.Type = Emergency
	}
	d.State, d.Now = Draft, s.desk.Now()
	q := s.desk.DB
	if d.Services, err = s.repo.services(ctx, q); err != nil {
		return d, err
	}
	if d.Able, err = s.able(ctx, q); err != nil {
		return d, err
	}
	d.Draft, _, err = draft.Load(ctx, q, d.who.ID, "change:new")
	return d, err
}

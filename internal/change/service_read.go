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
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/timeline"
)

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
	GatesOf   Move            // the move that the gates are of: the next one
	Takers    []identity.Role // whose step that is, where it is not the reader's
	Clashes   []Clash
	Frozen    []Covering           // freezes in its window
	Outside   []Outside            // maintenance windows that its window does not lie in
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

// actionLinkIncident relates an incident to other records; incidents decide it
// again, for the very incident.
const actionLinkIncident authz.Action = "incident.link"

// caused reports whether somebody said that the change caused a record.
func (d Detail) caused(id uuid.UUID) bool {
	return slices.ContainsFunc(d.Links, func(x record.Summary) bool { return x.Ref.ID == id && x.Relation == "causes" })
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

// takes is the act by which somebody takes a move that people work towards.
var takes = map[Move]authz.Action{
	MoveSubmit: ActionSubmit, MoveAsk: ActionAsk, MoveSchedule: ActionSchedule, MoveStart: ActionStart, MoveFinish: ActionFinish, MoveVerify: ActionVerify, MoveClose: ActionClose,
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
	d.can[actionLinkIncident] = s.desk.Can(ctx, actionLinkIncident, nil)
	d.can[ActionTemplateWrite] = s.desk.Can(ctx, ActionTemplateWrite, nil)
	if act := takes[d.GatesOf]; act != "" && !s.desk.Can(ctx, act, &facts) {
		row, err := s.desk.Row(act)
		if err != nil {
			return d, err
		}
		d.Takers = s.desk.Matrix.Roles(row)
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

// fill reads what the page shows beside the change, in few rounds.
func (s *Service) fill(ctx context.Context, d *Detail) error {
	c, at, draftKey := d.Change, d.Now, "change:"+d.ID.String() // the reads below write into d side by side
	vis, err := s.desk.VisibilityAcross(ctx)
	if err != nil {
		return err
	}
	notes, me := s.desk.Can(ctx, ActionNote, &d.Facts), d.who
	err = db.Together(ctx, s.desk.DB,
		func(q db.Querier) (err error) {
			if d.situation, d.Clashes, err = s.situation(ctx, q, me, c, at); err != nil {
				return err
			}
			d.Outside, err = s.shownOutside(ctx, q, d.situation.Outside)
			return err
		},
		func(q db.Querier) (err error) { d.Frozen, err = s.covering(ctx, q, c); return err },
		func(q db.Querier) (err error) { d.Names, err = s.names(ctx, q, c.Items); return err },
		func(q db.Querier) (err error) { d.Services, err = s.repo.services(ctx, q); return err },
		func(q db.Querier) (err error) { d.Able, err = s.able(ctx, q); return err },
		func(q db.Querier) (err error) { d.Approval, err = s.Approvals.Of(ctx, q, c.Ref()); return err },
		func(q db.Querier) (err error) {
			d.Timeline, d.Files, err = timeline.Read(ctx, q, c.ID, notes, timeline.Whole)
			return err
		},
		func(q db.Querier) (err error) { d.Links, err = s.desk.Kinds.Linked(ctx, q, vis, c.ID); return err },
		func(q db.Querier) error {
			watchers, err := record.Watchers(ctx, q, c.ID)
			d.Watching = slices.Contains(watchers, me.ID)
			return err
		},
		func(q db.Querier) error {
			drafts, err := draft.LoadAll(ctx, q, me.ID, draftKey, draftKey+":note")
			d.Draft, d.NoteDraft = drafts[draftKey], drafts[draftKey+":note"]
			return err
		},
	)
	if err != nil {
		return err
	}
	d.Gates = c.Gates(d.GatesOf, d.situation)
	if d.Known, err = s.facts(ctx, s.desk.DB, c, d.situation); err != nil {
		return err
	}
	if c.StartedAt != nil && len(c.Items) > 0 {
		to := c.StartedAt.Add(causedWithin)
		if c.EndedAt != nil {
			to = c.EndedAt.Add(causedWithin)
		}
		if d.Opened, err = s.Incidents.Opened(ctx, c.Items, *c.StartedAt, to); err != nil {
			return err
		}
	}
	d.People, err = identity.People(ctx, s.desk.DB, d.everyone()...)
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
func (s *Service) ahead(ctx context.Context, c Change) ([]Gate, []Clash, []Outside, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	if c.approvers, err = s.Approvals.Approvers(ctx, s.desk.DB, c.Ref()); err != nil {
		return nil, nil, nil, err
	}
	at, clashes, err := s.situation(ctx, s.desk.DB, who, c, s.desk.Now())
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := s.shownOutside(ctx, s.desk.DB, at.Outside)
	return c.Gates(nextMove(c), at), clashes, out, err
}

// Blank is what a new application begins with; template is the version that a
// standard change is made from.
func (s *Service) Blank(ctx context.Context, t Type, template *uuid.UUID) (d Detail, err error) {
	if d.who, err = s.desk.Permit(ctx, ActionCreate); err != nil {
		return d, err
	}
	if d.Type = Normal; t == Emergency {
		d.Type = Emergency
	}
	q, draftKey := s.desk.DB, "change:new"
	if template != nil {
		from, err := templates{}.get(ctx, q, *template)
		if err != nil {
			return d, err
		}
		if !from.InForce(s.desk.Now()) {
			return d, fault.New(fault.Conflict, "change.error.no_template")
		}
		d.Type, d.TemplateID, d.Title, d.Communication = Standard, &from.ID, i18n.Pick(ctx, from.NameZh, from.NameEn), from.Communication
		from.fix(&d.Change, from.Steps, from.Back)
		draftKey += ":" + from.ID.String()
	}
	d.State, d.Now = Draft, s.desk.Now()
	if d.Services, err = s.repo.services(ctx, q); err != nil {
		return d, err
	}
	if d.Able, err = s.able(ctx, q); err != nil {
		return d, err
	}
	d.Draft, _, err = draft.Load(ctx, q, d.who.ID, draftKey)
	return d, err
}

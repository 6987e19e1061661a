package inspection

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/timeline"
)

// Detail is an inspection with everything its page shows.
type Detail struct {
	Inspection
	Facts    authz.Facts
	Plan     Plan
	Names    map[uuid.UUID]record.Summary // of items and incidents that the reader may see
	Raised   map[string]uuid.UUID         // incidents of findings, by ReadingKey
	Teams    []identity.Team
	Services []Named
	People   map[uuid.UUID]identity.Person
	Links    []record.Summary
	Timeline []timeline.Item
	Pictures map[uuid.UUID]attachment.File
	Now      time.Time

	can map[authz.Action]bool
}

// Can reports whether the actor may take an action as the inspection stands.
func (d Detail) Can(a authz.Action) bool { return d.can[a] }

// Person names somebody for a reader of a language.
func (d Detail) Person(id *uuid.UUID, lang string) string {
	if id == nil {
		return ""
	}
	return d.People[*id].Display(lang)
}

// Raised reports which readings have an incident.
func (d Detail) raised() map[string]bool { return has(d.Raised) }

// legal reports whether the state allows an act.
func legal(i Inspection, a authz.Action) bool {
	switch a {
	case ActionStart:
		return i.State == Planned
	case ActionRecord, ActionCancel:
		return i.State.Open()
	case ActionFinish:
		return i.State == InProgress
	}
	return true
}

// Detail reads an inspection that the actor may see.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	i, facts, err := s.Get(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Inspection: i, Facts: facts, Now: s.desk.Now(), can: map[authz.Action]bool{}}
	for a := range Policies() {
		d.can[a] = s.desk.Can(ctx, a, &facts) && legal(i, a)
	}
	across, err := s.desk.VisibilityAcross(ctx)
	if err != nil {
		return d, err
	}
	var files []attachment.File
	err = db.Together(ctx, s.desk.DB,
		func(q db.Querier) (err error) { d.Plan, err = plans{}.get(ctx, q, i.PlanID); return err },
		func(q db.Querier) (err error) { d.Raised, err = s.repo.raised(ctx, q, i.ID); return err },
		func(q db.Querier) (err error) { d.Teams, err = identity.Teams(ctx, q); return err },
		func(q db.Querier) (err error) { d.Services, err = s.repo.services(ctx, q); return err },
		func(q db.Querier) (err error) { d.Links, err = s.desk.Kinds.Linked(ctx, q, across, i.ID); return err },
		func(q db.Querier) (err error) {
			d.Timeline, files, err = timeline.Read(ctx, q, i.ID, false, timeline.Whole)
			return err
		},
	)
	if err != nil {
		return d, db.Map(err)
	}
	d.Pictures = map[uuid.UUID]attachment.File{}
	for _, f := range files {
		d.Pictures[f.ID] = f
	}
	about := slices.Clone(i.Items)
	for _, incident := range d.Raised {
		about = append(about, incident)
	}
	if d.Names, err = s.repo.names(ctx, s.desk.DB, across, about); err != nil {
		return d, err
	}
	for id, x := range d.Names {
		x.URL = s.desk.Kinds.URL(x.Ref.Kind, x.Number)
		d.Names[id] = x
	}
	ids := append(people(&i.RequesterID, i.PersonID, i.StartedBy, i.FinishedBy), timeline.People(d.Timeline)...)
	for _, r := range i.Readings {
		ids = append(ids, people(r.By)...)
	}
	d.People, err = identity.People(ctx, s.desk.DB, ids...)
	return d, err
}

// ItemDetail is one item of an inspection, to be read.
type ItemDetail struct {
	Detail
	Item  uuid.UUID
	Last  map[string]Reading // of the inspection before, by point
	Draft draft.Fields
}

// ItemDetail reads one item of an inspection for the page on which it is done.
func (s *Service) ItemDetail(ctx context.Context, id, item uuid.UUID) (ItemDetail, error) {
	d, err := s.Detail(ctx, id)
	if err != nil {
		return ItemDetail{}, err
	}
	if !slices.Contains(d.Items, item) {
		return ItemDetail{}, fault.New(fault.NotFound, "error.not_found")
	}
	who, err := identity.From(ctx)
	if err != nil {
		return ItemDetail{}, err
	}
	out := ItemDetail{Detail: d, Item: item}
	if out.Last, err = s.repo.last(ctx, s.desk.DB, d.PlanID, item, d.ScheduledAt); err != nil {
		return out, err
	}
	out.Draft, _, err = draft.Load(ctx, s.desk.DB, who.ID, draftKey(id, item))
	return out, err
}

// next is the item after this one that is not ready, from the beginning again
// at the end; false if all are.
func (d ItemDetail) next() (uuid.UUID, bool) {
	raised := d.raised()
	at := slices.Index(d.Items, d.Item)
	for n := 1; n < len(d.Items); n++ {
		x := d.Items[(at+n)%len(d.Items)]
		if p := d.Of(x, raised); !p.Ready() || p.Noted == 0 && p.Points > 0 {
			return x, true
		}
	}
	return uuid.Nil, false
}

// PlanDetail is a plan with all that its page and its form show.
type PlanDetail struct {
	Plan
	Next      []time.Time // when it is due next
	Last      []Brief     // its last inspections
	ItemsNow  int
	Names     map[uuid.UUID]record.Summary
	Classes   []Named
	Calendars []sla.CalendarRecord
	Teams     []identity.Team
	Services  []Named
	People    map[uuid.UUID]identity.Person
	MayChange bool
	Draft     draft.Fields
	Now       time.Time
	Zone      *time.Location
}

// PlanDetail reads one plan for its page.
func (s *Service) PlanDetail(ctx context.Context, id uuid.UUID) (PlanDetail, error) {
	p, err := s.Plan(ctx, id)
	if err != nil {
		return PlanDetail{}, err
	}
	d, err := s.around(ctx, p, "inspection-plan:"+p.ID.String())
	if err != nil {
		return d, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return d, err
	}
	if d.Last, err = s.repo.ofPlan(ctx, s.desk.DB, v, p.ID, 20); err != nil {
		return d, err
	}
	if p.State == Active {
		keep, err := s.schedule(ctx, s.desk.DB, p)
		if err != nil {
			return d, err
		}
		d.Next = keep.Next(d.Now, 5)
	}
	items, err := s.itemsOf(ctx, p)
	d.ItemsNow = len(items)
	ids := people(&p.CreatedBy, p.PersonID)
	for _, b := range d.Last {
		ids = append(ids, people(b.FinishedBy)...)
	}
	if err != nil {
		return d, err
	}
	d.People, err = identity.People(ctx, s.desk.DB, ids...)
	return d, err
}

// BlankPlan is what the form of a new plan begins with.
func (s *Service) BlankPlan(ctx context.Context) (PlanDetail, error) {
	if _, err := s.desk.Permit(ctx, ActionPlan); err != nil {
		return PlanDetail{}, err
	}
	day := s.desk.Now().In(s.Zone).AddDate(0, 0, 1).Format(time.DateOnly)
	p := Plan{State: Active, AllowMinutes: 8 * 60, Recurrence: Recurrence{Unit: Weeks, Every: 1, Weekdays: []int{1}, At: "09:00", From: day}}
	return s.around(ctx, p, "inspection-plan:new")
}

// around reads what the form of a plan offers.
func (s *Service) around(ctx context.Context, p Plan, key string) (PlanDetail, error) {
	d := PlanDetail{Plan: p, Now: s.desk.Now(), Zone: s.Zone, MayChange: s.desk.Can(ctx, ActionPlan, nil)}
	who, err := identity.From(ctx)
	if err != nil {
		return d, err
	}
	if d.Names, err = s.names(ctx, s.desk.DB, p.Items); err != nil {
		return d, err
	}
	if d.Classes, err = s.Items.Classes(ctx); err != nil {
		return d, err
	}
	if d.Teams, err = identity.Teams(ctx, s.desk.DB); err != nil {
		return d, db.Map(err)
	}
	if d.Services, err = s.repo.services(ctx, s.desk.DB); err != nil {
		return d, err
	}
	if s.desk.Can(ctx, sla.ActionRead, nil) {
		if d.Calendars, err = s.Calendars.Calendars(ctx); err != nil {
			return d, err
		}
	}
	d.Draft, _, err = draft.Load(ctx, s.desk.DB, who.ID, key)
	return d, err
}

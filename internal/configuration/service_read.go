package configuration

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// Names are what the ids in items are called.
type Names struct {
	People      map[uuid.UUID]identity.Person
	Departments map[uuid.UUID]identity.Department
	Services    map[uuid.UUID]Named
	Teams       map[uuid.UUID]identity.Team
	Items       map[uuid.UUID]Row // those that the reader may see
}

// Detail is an item with all that its page shows.
type Detail struct {
	Item
	Facts      authz.Facts
	Model      Model
	Class      Class
	Attributes []Attribute // of the class, in order
	Names      Names
	Work       []Related  // records that name it, the open ones first
	Asked      []AskAbout // by the last campaigns
	CanEdit    bool
	CanMove    bool
	CanVerify  bool
}

// Values are the item's own attribute values.
func (d Detail) Values() Values { return d.Item.Attributes }

// Detail reads an item for its page.
func (s *Service) Detail(ctx context.Context, id uuid.UUID) (Detail, error) {
	i, facts, err := s.Get(ctx, id)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Item: i, Facts: facts}
	d.CanEdit = s.desk.Can(ctx, ActionEdit, &facts) && i.Lifecycle != Disposed
	d.CanMove = s.desk.Can(ctx, ActionMove, &facts) && i.Lifecycle != Disposed
	d.CanVerify = s.desk.Can(ctx, ActionVerify, &facts) && !i.Lifecycle.Ended()
	if d.Model, err = s.repo.model(ctx, s.desk.DB); err != nil {
		return d, err
	}
	d.Class, d.Attributes = d.Model.Classes[i.ClassID], d.Model.Attributes(i.ClassID)
	if d.Names, err = s.names(ctx, d.Model, i.state()); err != nil {
		return d, err
	}
	if err := s.askedAbout(ctx, &d); err != nil {
		return d, err
	}
	d.Work, err = s.Touching(ctx, []uuid.UUID{id}, false, 50)
	return d, err
}

// Related is a record that names an item, and its page.
type Related struct {
	record.Entry
	URL string
}

// Touching lists the records that name one of the items as affected, as far as
// the actor may see them.
func (s *Service) Touching(ctx context.Context, items []uuid.UUID, open bool, limit int) ([]Related, error) {
	v, err := s.desk.VisibilityAcross(ctx, Kind)
	if err != nil || v.Never() || len(items) == 0 {
		return nil, err
	}
	list, err := s.repo.touching(ctx, s.desk.DB, v, items, open, limit)
	out := make([]Related, len(list))
	for n, e := range list {
		out[n] = Related{e, s.desk.Kinds.URL(e.Kind, e.Number)}
	}
	return out, err
}

// names looks up what the ids in some states are called.
func (s *Service) names(ctx context.Context, m Model, states ...State) (n Names, err error) {
	people, items := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	types := map[string]string{}
	for _, f := range personFields {
		types[f] = TypePerson
	}
	for _, list := range m.attributes {
		for _, a := range list {
			types["attributes."+a.Key] = a.Type
		}
	}
	needs := map[string]bool{}
	for _, st := range states {
		for k, v := range st {
			needs[k] = true
			id, err := uuid.Parse(text(v))
			switch {
			case err != nil:
			case types[k] == TypePerson:
				people[id] = true
			case types[k] == TypeItem:
				items[id] = true
			}
		}
	}
	q := s.desk.DB
	if n.People, err = identity.People(ctx, q, slices.Collect(maps.Keys(people))...); err != nil {
		return n, err
	}
	n.Departments, n.Services, n.Teams = map[uuid.UUID]identity.Department{}, map[uuid.UUID]Named{}, map[uuid.UUID]identity.Team{}
	if needs["department"] {
		if n.Departments, err = identity.Departments(ctx, q); err != nil {
			return n, err
		}
	}
	if needs["service"] {
		list, err := s.repo.services(ctx, q)
		if err != nil {
			return n, err
		}
		for _, x := range list {
			n.Services[x.ID] = x
		}
	}
	if needs["team"] {
		list, err := identity.Teams(ctx, q)
		if err != nil {
			return n, db.Map(err)
		}
		for _, x := range list {
			n.Teams[x.ID] = x
		}
	}
	n.Items, err = s.called(ctx, slices.Collect(maps.Keys(items))...)
	return n, err
}

// called reads what items are called, of those that the actor may see. For pages
// that only mention them: that one is hidden is no attempt to read it.
func (s *Service) called(ctx context.Context, ids ...uuid.UUID) (map[uuid.UUID]Row, error) {
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	return s.repo.itemNames(ctx, s.desk.DB, v, ids)
}

// Step is one change in an item's history: what changed, by whom, from where.
type Step struct {
	Version
	Changes []Change
}

// History lists the changes of an item, newest first, a page of 50 at a time:
// those below a version, or the newest for 0.
func (s *Service) History(ctx context.Context, id uuid.UUID, below int) ([]Step, Names, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, Names{}, err
	}
	if below <= 0 {
		below = 1 << 30
	}
	list, err := s.repo.versions(ctx, s.desk.DB, id, below, PageSize+1)
	if err != nil {
		return nil, Names{}, err
	}
	var out []Step
	var states []State
	for n, v := range list {
		before := State{}
		if n+1 < len(list) {
			before = list[n+1].State
		} else if v.Version > 1 {
			break // its predecessor is on the next page
		}
		out = append(out, Step{v, Compare(before, v.State)})
		states = append(states, v.State)
	}
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return nil, Names{}, err
	}
	names, err := s.names(ctx, m, states...)
	return out, names, err
}

// At is the state of an item at a past instant, with the version it is.
func (s *Service) At(ctx context.Context, id uuid.UUID, at time.Time) (Version, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return Version{}, err
	}
	v, err := s.repo.versionAt(ctx, s.desk.DB, id, at)
	if fault.Is(err, fault.NotFound) {
		return v, fault.OnField("at", "configuration.error.before_it_was")
	}
	return v, err
}

// attributeOf is the key of an attribute in the name of a state's field.
func attributeOf(field string) (string, bool) { return strings.CutPrefix(field, "attributes.") }

package configuration

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// known is what must be looked up to tell which items some sightings speak of.
type known struct {
	model      Model
	precedence Precedence
	byKey      map[string]uuid.UUID // the source's keys
	byValue    map[string][]uuid.UUID
	keyOf      map[uuid.UUID]string // the source's key of an item
	items      map[uuid.UUID]Item
	called     map[string]map[string]uuid.UUID // owner, department, service → name → id
}

// look reads that for sightings of one source, in a few statements however
// many they are.
func (s *Service) look(ctx context.Context, q db.Querier, m Model, source string, list []Sighting) (k known, err error) {
	k.model = m
	if k.precedence, err = s.repo.precedence(ctx, q); err != nil {
		return k, err
	}
	var keys, values, names []string
	for _, x := range list {
		if x.Key != "" {
			keys = append(keys, x.Key)
		}
		if c, ok := m.Key(x.Class); ok {
			values = append(values, m.exactValues(x, c.ID)...)
		}
		for _, f := range []string{"owner", "department", "service"} {
			if v := x.Fields[f]; v != "" {
				names = append(names, strings.ToLower(v))
			}
		}
	}
	if k.byKey, err = s.repo.knownBy(ctx, q, source, keys); err != nil {
		return k, err
	}
	if k.byValue, err = s.repo.withValues(ctx, q, values); err != nil {
		return k, err
	}
	want := map[uuid.UUID]bool{}
	for _, id := range k.byKey {
		want[id] = true
	}
	for _, l := range k.byValue {
		for _, id := range l {
			want[id] = true
		}
	}
	if k.items, err = s.repo.itemsWithParts(ctx, q, slices.Collect(maps.Keys(want))); err != nil {
		return k, err
	}
	if k.keyOf, err = s.repo.keysOf(ctx, q, source, slices.Collect(maps.Keys(want))); err != nil {
		return k, err
	}
	k.called, err = s.repo.calledBy(ctx, q, names)
	return k, err
}

// exactValues are the values by which the rules of a class could find the
// thing.
func (m Model) exactValues(s Sighting, class uuid.UUID) []string {
	var out []string
	for _, rule := range m.Identity(class) {
		for _, key := range rule {
			a, _ := m.Attribute(class, key)
			if v := s.value(a, key); v != "" && (key == "name" || a.Identifier) {
				out = append(out, v)
			}
		}
	}
	return out
}

// identify tells which item a sighting speaks of: by the source's own key, or
// by the rules of its class.
func (k known) identify(s Sighting, class uuid.UUID) (found *Item, unsure []uuid.UUID, reason string) {
	if id, ok := k.byKey[s.Key]; ok && s.Key != "" {
		if i, ok := k.items[id]; ok && i.Lifecycle != Disposed {
			return &i, nil, ""
		}
	}
	seen := map[uuid.UUID]bool{}
	var candidates []Item
	for _, v := range k.model.exactValues(s, class) {
		for _, id := range k.byValue[v] {
			if i, ok := k.items[id]; ok && !seen[id] {
				seen[id] = true
				// What the source itself keeps apart is not one by its name.
				if own := k.keyOf[id]; own != "" && s.Key != "" && own != s.Key && !k.model.alike(s, class, i) {
					continue
				}
				candidates = append(candidates, i)
			}
		}
	}
	return k.model.match(s, class, candidates)
}

// named puts ids in the place of the names of people, departments and
// services; a name that nobody has is left out.
func (k known) named(s Sighting) Sighting {
	fields := maps.Clone(s.Fields)
	for _, f := range []string{"owner", "department", "service"} {
		if v := fields[f]; v != "" {
			if id, ok := k.called[f][strings.ToLower(v)]; ok {
				fields[f] = id.String()
			} else if _, err := uuid.Parse(v); err != nil {
				delete(fields, f)
			}
		}
	}
	s.Fields = fields
	return s
}

// fresh is the item that a sighting would make.
func (k known) fresh(s Sighting, class uuid.UUID) (Item, map[string]any, error) {
	i := Item{ClassID: class, Lifecycle: Stock, Operational: Unknown, Install: NotInstalled, Criticality: 3, Attributes: Values{}, Locks: []string{}, Source: s.Source, SourceKey: ""}
	if strings.TrimSpace(s.Fields["name"]) == "" {
		return i, nil, fault.OnField("name", reasonNameless)
	}
	return i, i.merge(k.model, s, k.precedence), nil
}

// preview says what one sighting would do now.
func (k known) preview(s Sighting) ImportRow {
	c, ok := k.model.Key(s.Class)
	if !ok || c.Abstract || !c.Active {
		return ImportRow{Action: doFailed, Code: "configuration.error.class"}
	}
	s = k.named(s)
	found, unsure, reason := k.identify(s, c.ID)
	if unsure != nil {
		return ImportRow{Action: doReview, Code: reason}
	}
	failed := func(err error) ImportRow {
		f := firstField(err)
		return ImportRow{Action: doFailed, Code: f.Code, Param: f.Param}
	}
	if found == nil {
		i, values, err := k.fresh(s, c.ID)
		if err == nil {
			err = i.set(k.model, values, true)
		}
		if err != nil {
			return failed(err)
		}
		return ImportRow{Action: doAdd, Changes: Compare(State{}, i.state())}
	}
	i := *found
	before := i.state()
	values := i.merge(k.model, s, k.precedence)
	if err := i.set(k.model, values, true); err != nil {
		return failed(err)
	}
	row := ImportRow{Action: doSkip, ItemID: &found.ID, Changes: Compare(before, i.state())}
	if len(row.Changes) > 0 || i.StaleAt != nil {
		row.Action = doChange
	}
	return row
}

// firstField is the first thing wrong with what was sent.
func firstField(err error) fault.Field {
	f := fault.Of(err)
	if len(f.Fields) > 0 {
		return f.Fields[0]
	}
	return fault.Field{Code: f.Code}
}

// take brings one sighting into the desk: changes the item it speaks of, makes
// a new one, or asks a person. decided, where set, is the item a person named;
// alone says that a person wants a new one. It returns what takes it back.
func (s *Service) take(ctx context.Context, x Sighting, cause Cause, decided *uuid.UUID, alone bool) (undo, []Change, error) {
	var back undo
	var changes []Change
	ask := ""
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		back, changes, ask = undo{}, nil, ""
		if err := s.repo.alone(ctx, u.Tx); err != nil {
			return err
		}
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		c, ok := m.Key(x.Class)
		if !ok || c.Abstract {
			return fault.OnField("class_id", "configuration.error.class")
		}
		k, err := s.look(ctx, u.Tx, m, x.Source, []Sighting{x})
		if err != nil {
			return err
		}
		said := k.named(x)
		found, unsure, reason := k.identify(said, c.ID)
		switch {
		case decided != nil:
			found, unsure = &Item{ID: *decided}, nil
		case alone:
			found, unsure = nil, nil
		}
		if unsure != nil {
			ask = reason
			return s.wonder(u, x, unsure, reason)
		}
		cause.ActorID, cause.ActorName = u.Actor.ID, u.Actor.Name
		if found == nil {
			back, changes, err = s.takeNew(ctx, u, k, said, c.ID, cause)
			return err
		}
		back, changes, err = s.takeKnown(ctx, u, k, said, found.ID, cause)
		return err
	})
	if err == nil && ask != "" {
		err = fault.New(fault.Conflict, ask)
	}
	return back, changes, err
}

func (s *Service) wonder(u *work.Unit, x Sighting, candidates []uuid.UUID, reason string) error {
	b, err := json.Marshal(Content{Sighting: &x})
	if err != nil {
		return err
	}
	s.repo.ask(&u.Batch, Review{ID: work.NewID(), Source: x.Source, SourceKey: x.identity(), Name: or(x.Fields["name"], x.identity()), Content: b, Candidates: candidates, Reason: reason, CreatedAt: u.Now})
	return nil
}

func (s *Service) takeNew(ctx context.Context, u *work.Unit, k known, x Sighting, class uuid.UUID, cause Cause) (undo, []Change, error) {
	var changes []Change
	made, err := work.Insert(ctx, u, s.repo, ActionImport, &authz.Facts{}, nil, func(u *work.Unit) (Item, error) {
		i, values, err := k.fresh(x, class)
		if err != nil {
			return i, err
		}
		i.ID, i.Version, i.CreatedBy, i.CreatedAt, i.UpdatedAt, i.Cause = u.ID(), 1, u.Actor.ID, u.Now, u.Now, cause
		if err := s.fit(ctx, u, k.model, &i, values, true); err != nil {
			return i, err
		}
		changes = i.told(State{}, x.Source)
		i.Number, err = s.repo.nextNumber(ctx, u.Tx)
		u.AfterRegister(func() error {
			if x.Key != "" {
				s.repo.seen(&u.Batch, x.Source, x.Key, i.ID, u.Now)
			}
			return nil
		})
		return i, err
	})
	return undo{Item: made.ID, Created: true}, changes, err
}

func (s *Service) takeKnown(ctx context.Context, u *work.Unit, k known, x Sighting, id uuid.UUID, cause Cause) (undo, []Change, error) {
	var changes []Change
	_, err := work.Apply(ctx, u, s.repo, ActionImport, id, 0, nil, func(u *work.Unit, i *Item) error {
		i.Cause = cause
		before := i.state()
		i.Origins = maps.Clone(i.Origins)
		values := i.merge(k.model, x, k.precedence)
		i.StaleAt = nil
		if err := s.fit(ctx, u, k.model, i, values, true); err != nil {
			return err
		}
		changes = i.told(before, x.Source)
		return nil
	})
	if err == nil && x.Key != "" {
		s.repo.seen(&u.Batch, x.Source, x.Key, id, u.Now)
	}
	if len(changes) == 0 {
		return undo{}, nil, err
	}
	return undo{Item: id, Changes: changes}, changes, err
}

package configuration

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// RelationTypeInput makes or changes a relation type. Its key is for good.
type RelationTypeInput struct {
	Version     int        `json:"version"`
	Key         string     `json:"key" validate:"omitempty,line,max=40"`
	NameZh      string     `json:"name_zh" validate:"required,notblank,line,max=60"`
	NameEn      string     `json:"name_en" validate:"required,notblank,line,max=60"`
	InverseZh   string     `json:"inverse_zh" validate:"required,notblank,line,max=60"`
	InverseEn   string     `json:"inverse_en" validate:"required,notblank,line,max=60"`
	Impact      string     `json:"impact" validate:"required,oneof=none forward backward both"`
	Redundant   bool       `json:"redundant"`
	FromClassID *uuid.UUID `json:"from_class_id"`
	ToClassID   *uuid.UUID `json:"to_class_id"`
	MaxTo       int        `json:"max_to" validate:"min=0,max=100000"`
	MaxFrom     int        `json:"max_from" validate:"min=0,max=100000"`
	Active      bool       `json:"active"`
}

// RelationTypes lists the types of relations.
func (s *Service) RelationTypes(ctx context.Context) ([]RelationType, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	return s.repo.relationTypes(ctx, s.desk.DB)
}

// CreateRelationType makes a type of relations.
func (s *Service) CreateRelationType(ctx context.Context, in RelationTypeInput) (RelationType, error) {
	return work.Create(ctx, s.desk, relationTypeStore{}, ActionConfigure, in, func(u *work.Unit) (RelationType, error) {
		t := RelationType{ID: u.ID(), Version: 1, Key: in.Key, Position: 1000, CreatedAt: u.Now}
		if !keyRE.MatchString(in.Key) {
			return t, fault.OnField("key", "configuration.error.key")
		}
		list, err := s.repo.relationTypes(ctx, u.Tx)
		if err != nil {
			return t, err
		}
		for _, x := range list {
			if x.Key == in.Key {
				return t, fault.OnField("key", "configuration.error.key_taken")
			}
		}
		return t, s.shapeType(ctx, u, &t, in)
	})
}

// EditRelationType changes a type. Relations that no longer fit stay until they
// are changed.
func (s *Service) EditRelationType(ctx context.Context, id uuid.UUID, in RelationTypeInput) (RelationType, error) {
	return work.Update(ctx, s.desk, relationTypeStore{}, ActionConfigure, id, in.Version, in, func(u *work.Unit, t *RelationType) error {
		return s.shapeType(ctx, u, t, in)
	})
}

func (s *Service) shapeType(ctx context.Context, u *work.Unit, t *RelationType, in RelationTypeInput) error {
	m, err := s.repo.model(ctx, u.Tx)
	if err != nil {
		return err
	}
	for name, id := range map[string]*uuid.UUID{"from_class_id": in.FromClassID, "to_class_id": in.ToClassID} {
		if id == nil {
			continue
		}
		if _, ok := m.Classes[*id]; !ok {
			return fault.OnField(name, "validation.unknown")
		}
	}
	t.NameZh, t.NameEn, t.InverseZh, t.InverseEn, t.Impact, t.Redundant = in.NameZh, in.NameEn, in.InverseZh, in.InverseEn, in.Impact, in.Redundant
	t.FromClassID, t.ToClassID, t.MaxTo, t.MaxFrom, t.Active, t.UpdatedAt = in.FromClassID, in.ToClassID, in.MaxTo, in.MaxFrom, in.Active, u.Now
	return nil
}

// RelateInput relates an item to another.
type RelateInput struct {
	TypeID  uuid.UUID `json:"type_id" validate:"required"`
	OtherID uuid.UUID `json:"other_id" validate:"required"`
	// Inverse: the other item is the first of the relation.
	Inverse   bool   `json:"inverse"`
	ChangeRef string `json:"change_ref" validate:"omitempty,line,max=40"`
}

// Relate relates an item to another that the actor may see. Classes and
// cardinality are those of the type.
func (s *Service) Relate(ctx context.Context, id uuid.UUID, in RelateInput) (Item, error) {
	return s.update(ctx, ActionRelate, id, 0, in, func(u *work.Unit, m Model, i *Item) error {
		if in.ChangeRef != "" {
			i.Cause.Source, i.Cause.Ref = FromChange, in.ChangeRef
		}
		if err := s.seen(ctx, u, in.OtherID); err != nil {
			return err
		}
		other := *i
		if in.OtherID != i.ID {
			var err error
			if other, err = s.repo.lockItem(ctx, u.Tx, in.OtherID); err != nil {
				return err
			}
		}
		from, to := *i, other
		if in.Inverse {
			from, to = other, *i
		}
		t, err := s.typeOf(ctx, u, in.TypeID)
		if err != nil {
			return err
		}
		if err := s.allows(ctx, u, m, t, from, to); err != nil {
			return err
		}
		s.repo.relate(&u.Batch, work.NewID(), t.ID, from.ID, to.ID, i.Cause, u.Now)
		u.Note("relation", nil, t.Key+" "+from.Label()+" → "+to.Label())
		return nil
	})
}

// seen: a relation must not tell of an item that its maker may not see.
func (s *Service) seen(ctx context.Context, u *work.Unit, id uuid.UUID) error {
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return err
	}
	_, err = record.Find(ctx, u.Tx, v, id)
	if fault.Is(err, fault.NotFound) {
		return fault.OnField("other_id", "configuration.error.no_such_item")
	}
	return err
}

func (s *Service) typeOf(ctx context.Context, u *work.Unit, id uuid.UUID) (RelationType, error) {
	list, err := s.repo.relationTypes(ctx, u.Tx)
	if err != nil {
		return RelationType{}, err
	}
	for _, t := range list {
		if t.ID == id && t.Active {
			return t, nil
		}
	}
	return RelationType{}, fault.OnField("type_id", "validation.unknown")
}

// allows holds a relation against its type.
func (s *Service) allows(ctx context.Context, u *work.Unit, m Model, t RelationType, from, to Item) error {
	switch {
	case t.FromClassID != nil && !m.Within(from.ClassID, *t.FromClassID), t.ToClassID != nil && !m.Within(to.ClassID, *t.ToClassID):
		return fault.OnField("other_id", "configuration.error.relation_class")
	case from.Lifecycle == Disposed || to.Lifecycle == Disposed:
		return fault.OnField("other_id", "configuration.error.disposed")
	case t.MaxTo == 0 && t.MaxFrom == 0:
		return nil
	}
	ofFrom, ofTo, err := s.repo.fitting(ctx, u.Tx, t.ID, from.ID, to.ID)
	switch {
	case err != nil:
		return err
	case t.MaxTo > 0 && ofFrom >= t.MaxTo:
		return fault.OnField("other_id", "configuration.error.relation_full", from.Name)
	case t.MaxFrom > 0 && ofTo >= t.MaxFrom:
		return fault.OnField("other_id", "configuration.error.relation_full", to.Name)
	}
	return nil
}

// PartInput ends a relation of an item.
type PartInput struct {
	RelationID uuid.UUID `json:"relation_id" validate:"required"`
	ChangeRef  string    `json:"change_ref" validate:"omitempty,line,max=40"`
}

// Part ends a relation; that it was stays in the history.
func (s *Service) Part(ctx context.Context, id uuid.UUID, in PartInput) (Item, error) {
	return s.update(ctx, ActionRelate, id, 0, in, func(u *work.Unit, _ Model, i *Item) error {
		if in.ChangeRef != "" {
			i.Cause.Source, i.Cause.Ref = FromChange, in.ChangeRef
		}
		r, err := s.repo.relation(ctx, u.Tx, in.RelationID)
		if err != nil {
			return err
		}
		if r.FromID != i.ID && r.ToID != i.ID {
			return fault.New(fault.NotFound, "error.not_found")
		}
		s.repo.part(&u.Batch, r.ID, i.Cause, u.Now)
		u.Note("relation", r.ID, nil)
		return nil
	})
}

// Tie is a relation of an item as its page shows it.
type Tie struct {
	Relation
	Type    RelationType
	Forward bool // the item is the first
	Other   Row
}

// maxTies is how many relations of one item a page shows.
const maxTies = 500

// Relations lists what an item hangs together with, as far as the actor may
// see it, up to 500.
func (s *Service) Relations(ctx context.Context, id uuid.UUID) ([]Tie, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	list, err := s.repo.relationsOf(ctx, s.desk.DB, id, maxTies)
	if err != nil {
		return nil, err
	}
	return s.ties(ctx, id, list)
}

// RelationsAt lists what an item hung together with at an instant, as far as
// the actor may see it, up to 500.
func (s *Service) RelationsAt(ctx context.Context, id uuid.UUID, at time.Time) ([]Tie, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	list, err := s.repo.relationsDuring(ctx, s.desk.DB, id, at, at, maxTies)
	if err != nil {
		return nil, err
	}
	return s.ties(ctx, id, list)
}

// EndedCursor is the place after the last relation shown of those that ended.
type EndedCursor struct {
	At time.Time
	ID uuid.UUID
}

// RelationsEnded lists what an item hung together with and no longer does, the
// last to end first, a page at a time; next is the cursor of the following page.
func (s *Service) RelationsEnded(ctx context.Context, id uuid.UUID, cursor string) (out []Tie, next string, err error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, "", err
	}
	after, err := db.ParseCursor[EndedCursor](cursor)
	if err != nil {
		return nil, "", err
	}
	list, err := s.repo.relationsEnded(ctx, s.desk.DB, id, after, PageSize+1)
	if err != nil {
		return nil, "", err
	}
	if len(list) > PageSize {
		list = list[:PageSize]
		last := list[PageSize-1]
		next = db.Cursor(EndedCursor{*last.EndedAt, last.ID})
	}
	out, err = s.ties(ctx, id, list)
	return out, next, err
}

func (s *Service) ties(ctx context.Context, id uuid.UUID, list []Relation) ([]Tie, error) {
	types, err := s.repo.relationTypes(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	byID := map[uuid.UUID]RelationType{}
	for _, t := range types {
		byID[t.ID] = t
	}
	var others []uuid.UUID
	for _, r := range list {
		other, _ := r.Other(id)
		others = append(others, other)
	}
	names, err := s.called(ctx, others...)
	if err != nil {
		return nil, err
	}
	var out []Tie
	for n, r := range list {
		if row, ok := names[others[n]]; ok {
			_, forward := r.Other(id)
			out = append(out, Tie{r, byID[r.TypeID], forward, row})
		}
	}
	return out, nil
}

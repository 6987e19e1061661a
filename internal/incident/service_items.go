package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// kindItem is the kind of configuration items, which another module keeps.
const kindItem record.Kind = "ci"

// Items is what the module asks of configuration: what a fault of some items
// reaches, as far as the actor may see it.
type Items interface {
	Reach(ctx context.Context, items []uuid.UUID) (record.Reach, error)
}

// Ask says who answers for configuration items. It is called while wiring.
func (s *Service) Ask(items Items) { s.items = items }

// ItemInput names a configuration item by its number or id.
type ItemInput struct {
	Item string `json:"item" validate:"required,line,max=60"`
}

// AddItem notes that the incident affects a configuration item that the actor
// may see. On the item's page only those see the incident who may.
func (s *Service) AddItem(ctx context.Context, id uuid.UUID, in ItemInput) (Incident, error) {
	return s.update(ctx, ActionItems, id, 0, in, func(u *work.Unit, i *Incident) error {
		e, err := s.item(ctx, u, in.Item)
		if err != nil {
			return err
		}
		record.Link(&u.Batch, i.ID, e.ID, "affects", u.Actor.ID, u.Now)
		u.Note("affects", nil, e.Number+" "+e.Title)
		return nil
	})
}

// RemoveItem takes that back.
func (s *Service) RemoveItem(ctx context.Context, id uuid.UUID, in ItemInput) (Incident, error) {
	return s.update(ctx, ActionItems, id, 0, struct{ ItemInput }{in}, func(u *work.Unit, i *Incident) error {
		e, err := s.item(ctx, u, in.Item)
		if err != nil {
			return err
		}
		record.Unlink(&u.Batch, i.ID, e.ID, "affects")
		u.Note("affects", e.Number+" "+e.Title, nil)
		return nil
	})
}

// item finds an item by id or number, as the actor sees it.
func (s *Service) item(ctx context.Context, u *work.Unit, key string) (e record.Entry, err error) {
	v, _, err := s.desk.Visibility(ctx, kindItem)
	if err != nil {
		return e, err
	}
	if id, perr := uuid.Parse(key); perr == nil {
		e, err = record.Find(ctx, u.Tx, v, id)
	} else {
		e, err = record.FindNumber(ctx, u.Tx, v, key)
	}
	if fault.Is(err, fault.NotFound) || err == nil && e.Kind != kindItem {
		return e, fault.OnField("item", "incident.error.no_such_item")
	}
	return e, db.Map(err)
}

// AffectedItems lists the items that an incident affects, as far as the actor
// may see them.
func (s *Service) AffectedItems(ctx context.Context, id uuid.UUID) ([]record.Entry, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	return s.affected(ctx, s.desk.DB, id)
}

func (s *Service) affected(ctx context.Context, q db.Querier, id uuid.UUID) ([]record.Entry, error) {
	v, _, err := s.desk.Visibility(ctx, kindItem)
	if err != nil || v.Never() {
		return nil, err
	}
	return s.repo.affected(ctx, q, v, id)
}

// reach reads the items that an incident affects and what hangs on them.
func (s *Service) reach(ctx context.Context, q db.Querier, id uuid.UUID) (items []record.Entry, r record.Reach, err error) {
	if items, err = s.affected(ctx, q, id); err != nil || len(items) == 0 || s.items == nil {
		return items, r, err
	}
	var ids []uuid.UUID
	for _, e := range items {
		ids = append(ids, e.ID)
	}
	r, err = s.items.Reach(ctx, ids)
	return items, r, err
}

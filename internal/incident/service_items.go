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
	// Look finds items by number, name, serial number or address, as far as the
	// actor may see them; those who may see none find none.
	Look(ctx context.Context, text string, limit int) ([]record.Summary, error)
}

// Changes is what the module asks of the practice of changes: which of them
// touch some items and are not over, as far as the actor may see them.
type Changes interface {
	Of(ctx context.Context, q db.Querier, items ...uuid.UUID) ([]record.Summary, error)
}

// AskChanges says who answers for changes. It is called while wiring.
func (s *Service) AskChanges(c Changes) { s.changes = c }

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

// reach reads the items that an incident affects, what hangs on them, and the
// changes that touch them: one of those may be the cause.
func (s *Service) reach(ctx context.Context, q db.Querier, id uuid.UUID, d *Detail) (err error) {
	if d.Items, err = s.affected(ctx, q, id); err != nil || len(d.Items) == 0 {
		return err
	}
	ids := make([]uuid.UUID, len(d.Items))
	for i, e := range d.Items {
		ids[i] = e.ID
	}
	if s.changes != nil {
		if d.Changes, err = s.changes.Of(ctx, q, ids...); err != nil {
			return err
		}
	}
	if s.items != nil {
		d.Reach, err = s.items.Reach(ctx, ids)
	}
	return err
}

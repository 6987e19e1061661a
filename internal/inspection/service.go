package inspection

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// Service holds the use cases of inspections.
type Service struct {
	desk  *work.Desk
	repo  repository
	queue *queue.Queue[Row]
	Options
}

// Options are what the module needs of others.
type Options struct {
	Zone      *time.Location // of the company: plans go by its clocks
	Views     *view.Service
	Batches   *batch.Service
	Calendars *sla.Service
	Items     Items
	Incidents Incidents
}

// Items knows the configuration items.
type Items interface {
	// Select lists the items that a selection names and the actor may see, by
	// name, at most limit.
	Select(ctx context.Context, s Selection, limit int) ([]uuid.UUID, error)
	// Classes lists the classes of items, those above before those below.
	Classes(ctx context.Context) ([]Named, error)
}

// Incident is what a finding is reported as.
type Incident struct {
	Title, Text string
	ItemID      uuid.UUID
	TeamID      uuid.UUID
	ServiceID   *uuid.UUID
	From        record.Ref
}

// Incidents opens incidents within a unit.
type Incidents interface {
	OpenIn(ctx context.Context, u *work.Unit, in Incident) (record.Ref, error)
}

// Bounds of a plan.
const (
	maxItems  = 100
	maxPoints = 40
)

// kindItem is the kind of configuration items, which another module keeps.
const kindItem record.Kind = "ci"

// update is an act on an inspection.
func (s *Service) update(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, fn func(*work.Unit, *Inspection) error) (Inspection, error) {
	return work.Update(ctx, s.desk, s.repo, act, id, version, in, fn)
}

// ID finds an inspection by its id or its number.
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

// Get reads an inspection that the actor may see.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Inspection, authz.Facts, error) {
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return Inspection{}, facts, err
	}
	i, err := s.repo.get(ctx, s.desk.DB, id)
	return i, facts, err
}

// names are the items that the actor may see, by id.
func (s *Service) names(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]record.Summary, error) {
	v, _, err := s.desk.Visibility(ctx, kindItem)
	if err != nil {
		return nil, err
	}
	return s.repo.names(ctx, q, v, ids)
}

// picked finds an item by its id or number, as the actor sees it.
func (s *Service) picked(ctx context.Context, key string) (uuid.UUID, error) {
	v, _, err := s.desk.Visibility(ctx, kindItem)
	if err != nil {
		return uuid.Nil, err
	}
	var e record.Entry
	if id, perr := uuid.Parse(key); perr == nil {
		e, err = record.Find(ctx, s.desk.DB, v, id)
	} else {
		e, err = record.FindNumber(ctx, s.desk.DB, v, strings.TrimSpace(key))
	}
	if fault.Is(err, fault.NotFound) || err == nil && e.Kind != kindItem {
		return uuid.Nil, fault.OnField("item", "inspection.error.no_such_item")
	}
	return e.ID, db.Map(err)
}

// itemsOf are the items of a plan as they are now: those chosen, or those that
// the desk finds by what they are.
func (s *Service) itemsOf(ctx context.Context, p Plan) ([]uuid.UUID, error) {
	if p.Selection == nil {
		return p.Items, nil
	}
	return s.Items.Select(identity.With(ctx, identity.NewSystem(component)), *p.Selection, maxItems)
}

// schedule is when a plan is due.
func (s *Service) schedule(ctx context.Context, q db.Querier, p Plan) (Schedule, error) {
	out := Schedule{Recurrence: p.Recurrence, Zone: s.Zone}
	if p.CalendarID == nil {
		return out, nil
	}
	b, err := s.Calendars.Book(ctx, q)
	if err != nil {
		return out, err
	}
	if c := b.Calendar(p.CalendarID); c != nil {
		out.Working = workingDays(&c.Calendar)
	}
	return out, nil
}

// people drops what is nobody.
func people(ids ...*uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	for _, id := range ids {
		if id != nil && *id != uuid.Nil && !slices.Contains(out, *id) {
			out = append(out, *id)
		}
	}
	return out
}

package change

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// Service holds the use cases of changes.
type Service struct {
	desk  *work.Desk
	repo  repository
	queue *queue.Queue[Row]
	Options
}

// Options are what the module needs of others.
type Options struct {
	URL       string         // of the desk, without a slash at its end
	Zone      *time.Location // of the company, for readers without one
	Views     *view.Service
	Batches   *batch.Service
	Approvals *approval.Service
	Items     Items
	Incidents Incidents
}

// Items knows the configuration items that changes are about.
type Items interface {
	// Criticality is that of the most critical of the items, 1 (most) to 4; 0
	// where there are none.
	Criticality(ctx context.Context, q db.Querier, ids []uuid.UUID) (int, error)
	// Around are the items that the ids hang on, and those that hang on them, by
	// at most two relations; at most 1,000.
	Around(ctx context.Context, q db.Querier, ids []uuid.UUID) (above, below []uuid.UUID, err error)
}

// Incidents knows what was reported about items.
type Incidents interface {
	// Opened lists the incidents about the items that were opened in a span and
	// that the actor may see, at most 50.
	Opened(ctx context.Context, items []uuid.UUID, from, to time.Time) ([]record.Summary, error)
}

// Days and hours that the regulation and the controls set.
const (
	reviewWithin = 3 * 24 * time.Hour // CHG-05: an emergency is reviewed
	causedWithin = 72 * time.Hour     // incidents after a change that it may have caused
	pastSpan     = 365 * 24 * time.Hour
	participant  = "implementer" // what the register calls whoever has a step
)

// StepInput is an act without further fields.
type StepInput struct {
	Version int `json:"version"`
}

// ReasonInput says why.
type ReasonInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=5000"`
}

// update is an act on a change. Those who have a step in its plan take part in
// it from then on, and those who have none any more do not.
func (s *Service) update(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, fn func(*work.Unit, *Change) error) (Change, error) {
	return work.Update(ctx, s.desk, s.store(), act, id, version, in, func(u *work.Unit, c *Change) error {
		before := c.hands()
		if err := fn(u, c); err != nil {
			return err
		}
		s.employ(u, *c, before)
		return nil
	})
}

func (s *Service) store() guarded {
	return guarded{approvers: func(ctx context.Context, q db.Querier, id uuid.UUID) ([]uuid.UUID, error) {
		return s.Approvals.Approvers(ctx, q, record.Ref{Kind: Kind, ID: id})
	}}
}

// hands are who may act at the systems: those with a step, once the plan is
// approved, and who broke the glass.
func (c Change) hands() []uuid.UUID {
	if c.State.Ended() || c.State.Planned() && !c.IsApproved() {
		return nil
	}
	out := c.people()
	if c.GlassBy != nil && !slices.Contains(out, *c.GlassBy) {
		out = append(out, *c.GlassBy)
	}
	return out
}

func (s *Service) employ(u *work.Unit, c Change, before []uuid.UUID) {
	now := c.hands()
	if slices.Equal(before, now) {
		return
	}
	record.Withdraw(&u.Batch, c.ID, participant, c.ID)
	for _, p := range now {
		record.Participate(&u.Batch, c.ID, p, participant, c.ID)
	}
}

// situation is what gates look at beside the change, for the actor, and those of
// the clashing changes that they may see.
func (s *Service) situation(ctx context.Context, q db.Querier, who identity.Actor, c Change, now time.Time) (Situation, []Clash, error) {
	out := Situation{Now: now, Approver: slices.Contains(c.approvers, who.ID), Self: c.implementedBy(who.ID)}
	if c.Type == Standard {
		t, err := templates{}.get(ctx, q, *c.TemplateID)
		if err != nil {
			return out, nil, err
		}
		critical, err := s.Items.Criticality(ctx, q, c.Items)
		if err != nil {
			return out, nil, err
		}
		out.Template = t.governs(c, critical, now)
	}
	if !c.windowReady() {
		return out, nil, nil
	}
	frozen, err := s.covering(ctx, q, c)
	if err != nil {
		return out, nil, err
	}
	out.Frozen = slices.ContainsFunc(frozen, Covering.Shut)
	above, below, err := s.Items.Around(ctx, q, c.Items)
	if err != nil {
		return out, nil, err
	}
	if out.Outside, err = s.outside(ctx, q, c, above, below); err != nil {
		return out, nil, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return out, nil, err
	}
	list, err := s.repo.clashes(ctx, q, v, c, unique(slices.Concat(above, below)))
	if err != nil {
		return out, nil, err
	}
	out.Clashes = len(list)
	for _, x := range list {
		if x.Booked && x.Same {
			out.Conflicts++
		}
	}
	return out, slices.DeleteFunc(list, func(x Clash) bool { return !x.Seen }), nil
}

// facts are what the desk knows about the items of a change.
func (s *Service) facts(ctx context.Context, q db.Querier, c Change, at Situation) (f Facts, err error) {
	f.Conflicts, f.Outside = at.Clashes, len(at.Outside)
	if f.Criticality, err = s.Items.Criticality(ctx, q, c.Items); err != nil {
		return f, err
	}
	f.Changes, f.Failed, err = s.repo.past(ctx, q, c.ID, c.Items, s.desk.Now().Add(-pastSpan))
	return f, err
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

// services lists the services in use, and those of ids that are not.
func (s *Service) services(ctx context.Context, q db.Querier, ids []uuid.UUID) (used, retired []Named, err error) {
	if used, err = s.repo.services(ctx, q); err != nil {
		return nil, nil, err
	}
	ids = slices.DeleteFunc(unique(ids), func(id uuid.UUID) bool {
		return slices.ContainsFunc(used, func(n Named) bool { return n.ID == id })
	})
	if len(ids) > 0 {
		retired, err = s.repo.retired(ctx, q, ids)
	}
	return used, retired, err
}

// kindItem is the kind of configuration items, which another module keeps.
const kindItem record.Kind = "ci"

// names are those of the items that the actor may see.
func (s *Service) names(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	if len(ids) == 0 {
		return map[uuid.UUID]string{}, nil
	}
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
		return uuid.Nil, fault.OnField("item", "change.error.no_such_item")
	}
	return e.ID, db.Map(err)
}

// OpenFor reports whether an approved change of the item is being carried out,
// and its number: what a source then sees is no drift.
func (s *Service) OpenFor(ctx context.Context, item uuid.UUID) (string, bool, error) {
	n, err := s.repo.covers(ctx, s.desk.DB, item)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	return Label(n), err == nil, err
}

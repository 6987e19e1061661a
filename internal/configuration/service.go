package configuration

import (
	"context"
	"maps"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Service holds the use cases of configuration.
type Service struct {
	desk *work.Desk
	repo repository

	batches *batch.Service
	url     string  // of the desk, for labels
	changes Changes // nil: no change covers anything
}

// ID finds an item by what stands in an address: its number or its id. It says
// nothing about access.
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

// Get returns an item that the actor may see and the facts for further
// decisions about it.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Item, authz.Facts, error) {
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return Item{}, facts, err
	}
	i, err := s.repo.get(ctx, s.desk.DB, id)
	return i, facts, err
}

// Model reads the classes as they are now, for those who may read items.
func (s *Service) Model(ctx context.Context) (Model, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Model{}, err
	}
	return s.repo.model(ctx, s.desk.DB)
}

// by is a change by the unit's actor.
func by(u *work.Unit) Cause {
	return Cause{Source: FromPerson, ActorID: u.Actor.ID, ActorName: u.Actor.Name}
}

// update is the shape of most use cases: one item, one action, made by a
// person, under the classes as they are now.
func (s *Service) update(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, change func(*work.Unit, Model, *Item) error) (Item, error) {
	return work.Update(ctx, s.desk, s.repo, act, id, version, in, func(u *work.Unit, i *Item) error {
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		i.Cause = by(u)
		before := i.state()
		i.Origins = maps.Clone(i.Origins)
		err = change(u, m, i)
		i.told(before, FromPerson)
		i.index(m)
		return err
	})
}

package incident

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/canned"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/routing"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// Service holds the use cases of incidents.
type Service struct {
	desk *work.Desk
	repo repository
	sla  *sla.Service
	zone *time.Location // of the company, for readers without one

	queue   *queue.Queue[Row]
	batches *batch.Service
	rules   *routing.Service // nil: categories and services alone decide
	canned  *canned.Service
	macros  macroRepository
	noticed notices
	// dossiers are of the incidents that were looked at lately.
	dossiers *record.Editions[*dossier]
	// measured are the other practices of the priority matrix.
	measured []Measured

	items   Items   // nil: nothing is known of items
	changes Changes // nil: nothing is known of changes
	// also are the other practices' lists that the palette finds records in, and
	// known those of which it shows only what was opened.
	also, known []queue.Source
}

// newService returns the use cases on a desk.
func newService(d *work.Desk, zone *time.Location, levels *sla.Service) *Service {
	return &Service{desk: d, sla: levels, zone: zone, dossiers: record.NewEditions[*dossier](maxDossiers)}
}

// Settings are what an administrator may change about incidents at run time.
type Settings struct {
	// AutoCloseDays is after how many working days of silence a resolved
	// incident closes.
	AutoCloseDays int `json:"auto_close_days" validate:"min=1,max=60"`
	// ReopenDays is for how many days after it was resolved or closed an
	// incident may be reopened; later a new, linked one is made.
	ReopenDays int `json:"reopen_days" validate:"min=1,max=365"`
	// DefaultTeam gets what no category and no service sends elsewhere.
	DefaultTeam *uuid.UUID `json:"default_team"`
}

func defaults() Settings { return Settings{AutoCloseDays: 5, ReopenDays: 14} }

// settings reads the settings in force.
func (s *Service) settings(ctx context.Context, q db.Querier) (Settings, error) {
	return db.Kept(ctx, q, "incident.settings", func() (Settings, error) {
		v := defaults()
		raw, err := s.repo.settings(ctx, q)
		if err != nil || raw == nil {
			return v, err
		}
		return v, json.Unmarshal(raw, &v)
	})
}

// ID finds an incident by what stands in an address: its number or its id. It
// says nothing about access.
func (s *Service) ID(ctx context.Context, key string) (uuid.UUID, error) {
	if id, err := uuid.Parse(key); err == nil {
		return id, nil
	}
	n, ok := ParseLabel(key)
	if !ok {
		return uuid.Nil, fault.New(fault.NotFound, "error.not_found")
	}
	// A number is its incident's for ever.
	return db.Kept(ctx, s.desk.DB, "incident.id:"+strconv.FormatInt(n, 10), func() (uuid.UUID, error) { return s.repo.idOf(ctx, s.desk.DB, n) })
}

// Get returns an incident that the actor may see and the facts for further
// decisions about it.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Incident, authz.Facts, error) {
	var i Incident
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}, func(q db.Querier) (err error) {
		i, err = s.repo.get(ctx, q, id)
		return err
	})
	if err != nil {
		return Incident{}, facts, err
	}
	return i, facts, nil
}

// update is the shape of most use cases: one incident, one action.
func (s *Service) update(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, change func(*work.Unit, *Incident) error) (Incident, error) {
	return work.Update(ctx, s.desk, s.repo, act, id, version, in, s.timed(ctx, s.withFamily(ctx, in, func(u *work.Unit, i *Incident) error {
		if err := afterMerge(act, *i); err != nil {
			return err
		}
		if undos[act] != "" && !u.Actor.System {
			u.Hold()
		}
		return change(u, i)
	})))
}

func people(ids ...*uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	for _, id := range ids {
		if id != nil && *id != uuid.Nil {
			out = append(out, *id)
		}
	}
	return out
}

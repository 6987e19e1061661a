// Package service is the list of the company's services: what staff and
// engineers call them, who answers for each (regulation 3.1) and whether it is
// in use. Incidents, requests, configuration, changes and agreements refer to
// it.
package service

import (
	"context"
	"embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Kind is what the trail calls a service.
const Kind record.Kind = "service"

// The use cases.
const (
	ActionRead authz.Action = "service.read"
	ActionSave authz.Action = "service.save"
)

// State is where a service stands: being prepared, in use, no longer in use.
type State string

// The states.
const (
	Draft   State = "draft"
	Live    State = "live"
	Retired State = "retired"
)

// States lists them in the order of a life.
var States = [...]State{Draft, Live, Retired}

// Service is one service.
type Service struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	NameZh    string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn    string     `db:"name_en" json:"name_en" audit:"name_en"`
	OwnerID   *uuid.UUID `db:"owner_id" json:"owner_id" audit:"owner"` // answers for it (scope S of the matrix)
	TeamID    *uuid.UUID `db:"team_id" json:"team_id" audit:"team"`    // is asked first
	KeySystem bool       `db:"key_system" json:"key_system" audit:"key_system"`
	State     State      `db:"state" json:"state" audit:"state"`
	Source    string     `db:"source" json:"-"`
	SourceKey string     `db:"source_key" json:"-"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref points at the service.
func (s Service) Ref() record.Ref { return record.Ref{Kind: Kind, ID: s.ID} }

// CurrentVersion counts the changes, from 1.
func (s Service) CurrentVersion() int { return s.Version }

// Touch notes a change.
func (s *Service) Touch(now time.Time) { s.Version++; s.UpdatedAt = now }

// Facts: a service is its owner's.
func (s Service) Facts() authz.Facts { return authz.Facts{ServiceID: s.ID} }

// Name is what the reader calls it.
func (s Service) Name(ctx context.Context) string { return i18n.Pick(ctx, s.NameZh, s.NameEn) }

// Coverage answers whether an agreement holds for a service.
type Coverage interface {
	Covers(ctx context.Context, q db.Querier, service uuid.UUID, at time.Time) (bool, error)
}

// Registry holds the use cases of services.
type Registry struct {
	desk     *work.Desk
	repo     repository
	coverage Coverage // nil: nothing is asked for
}

// New registers policies and texts and returns the use cases.
func New(d *work.Desk) (*Registry, error) {
	d.Policies.Add(authz.Policies{ActionRead: "sla.read", ActionSave: "desk.classify"})
	return &Registry{desk: d}, d.Messages.Add(messages)
}

// Cover is called while wiring: from then on a service goes live only under an
// agreement (control SLA-01).
func (r *Registry) Cover(c Coverage) { r.coverage = c }

// Input makes a service or changes one.
type Input struct {
	Version   int        `json:"version"`
	NameZh    string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn    string     `json:"name_en" validate:"required,notblank,line,max=100"`
	OwnerID   *uuid.UUID `json:"owner_id"`
	TeamID    *uuid.UUID `json:"team_id"`
	KeySystem bool       `json:"key_system"`
	State     State      `json:"state" validate:"required,oneof=draft live retired"`
	Source    string     `json:"-"`
	SourceKey string     `json:"-"`
}

// Create makes a service. A new one cannot be live at once: it has no owner's
// agreement yet.
func (r *Registry) Create(ctx context.Context, in Input) (Service, error) {
	return work.Create(ctx, r.desk, r.repo, ActionSave, in, func(u *work.Unit) (Service, error) {
		s := Service{ID: u.ID(), Version: 1, Source: in.Source, SourceKey: in.SourceKey, CreatedAt: u.Now, UpdatedAt: u.Now}
		return s, r.put(ctx, u, &s, in)
	})
}

// Edit changes a service.
func (r *Registry) Edit(ctx context.Context, id uuid.UUID, in Input) (Service, error) {
	return work.Update(ctx, r.desk, r.repo, ActionSave, id, in.Version, in, func(u *work.Unit, s *Service) error { return r.put(ctx, u, s, in) })
}

// put checks the input and puts it into s. A service goes live with an owner
// (ROL-01) and under an agreement (SLA-01); one that is live keeps its owner.
func (r *Registry) put(ctx context.Context, u *work.Unit, s *Service, in Input) error {
	owner, team, err := r.repo.usable(ctx, u.Tx, in.OwnerID, in.TeamID)
	switch {
	case err != nil:
		return err
	case !owner:
		return fault.OnField("owner_id", "validation.unknown")
	case !team:
		return fault.OnField("team_id", "validation.unknown")
	case in.State == Live && in.OwnerID == nil && (s.State != Live || s.OwnerID != nil):
		return fault.OnField("owner_id", "service.error.owner")
	}
	if in.State == Live && s.State != Live && r.coverage != nil {
		ok, err := r.coverage.Covers(ctx, u.Tx, s.ID, u.Now)
		if err != nil {
			return err
		}
		if !ok {
			return fault.OnField("state", "service.error.uncovered")
		}
	}
	s.NameZh, s.NameEn, s.OwnerID, s.TeamID, s.KeySystem, s.State = in.NameZh, in.NameEn, in.OwnerID, in.TeamID, in.KeySystem, in.State
	return nil
}

// All lists the services, those in use first; at most 2,000.
func (r *Registry) All(ctx context.Context) ([]Service, error) {
	return r.repo.all(ctx, r.desk.DB)
}

// Get reads one service.
func (r *Registry) Get(ctx context.Context, id uuid.UUID) (Service, error) {
	return r.repo.get(ctx, r.desk.DB, id)
}

// repository is the only code that writes the table of services.
type repository struct{}

const columns = `id, version, name_zh, name_en, owner_id, team_id, key_system, state, source, source_key, created_at, updated_at`

func (s *Service) args() db.Args {
	return db.Args{
		"id": s.ID, "version": s.Version, "name_zh": s.NameZh, "name_en": s.NameEn, "owner_id": s.OwnerID, "team_id": s.TeamID, "key_system": s.KeySystem, "state": s.State,
		"source": s.Source, "source_key": s.SourceKey, "created_at": s.CreatedAt, "updated_at": s.UpdatedAt,
	}
}

// Insert queues a new service.
func (repository) Insert(b *pgx.Batch, s *Service) {
	b.Queue(`INSERT INTO services (`+columns+`, active) VALUES (@id, @version, @name_zh, @name_en, @owner_id, @team_id, @key_system, @state, @source, @source_key, @created_at, @updated_at, @state = 'live')`, s.args())
}

// Update queues the changed service.
func (repository) Update(b *pgx.Batch, s *Service) {
	b.Queue(`UPDATE services SET version = @version, name_zh = @name_zh, name_en = @name_en, owner_id = @owner_id, team_id = @team_id, key_system = @key_system, state = @state,
		active = @state = 'live', source = @source, source_key = @source_key, created_at = @created_at, updated_at = @updated_at WHERE id = @id AND version = @version - 1`, s.args())
}

// ForUpdate locks and reads one service.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Service, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM services WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Service])
}

func (repository) all(ctx context.Context, q db.Querier) ([]Service, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM services ORDER BY array_position(ARRAY['live', 'draft', 'retired'], state), name_zh, name_en, id LIMIT 2000`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Service])
	return out, db.Map(err)
}

func (repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Service, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM services WHERE id = @id`, db.Args{"id": id})
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Service])
	return s, db.Map(err)
}

// usable reports whether an owner is an active person and a team in use; none
// is fine.
func (repository) usable(ctx context.Context, q db.Querier, owner, team *uuid.UUID) (o, t bool, err error) {
	err = q.QueryRow(ctx, `SELECT @owner::uuid IS NULL OR EXISTS (SELECT 1 FROM people WHERE id = @owner AND active), @team::uuid IS NULL OR EXISTS (SELECT 1 FROM teams WHERE id = @team AND active)`,
		db.Args{"owner": owner, "team": team}).Scan(&o, &t)
	return o, t, db.Map(err)
}

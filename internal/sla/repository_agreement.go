package sla

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// versionStore lets package work keep versions of agreements; reader is whose
// act it is.
type versionStore struct{ reader identity.Actor }

const versionSelect = `SELECT v.id, v.version, v.agreement_id, a.kind AS agreement_kind, a.team_id, v.number, v.state, v.name_zh, v.name_en, v.kinds, v.services, v.departments, v.vip,
	v.calendar_id, v.targets, v.marks, v.valid_from, v.valid_until, v.review_by, v.authors, v.approved_by, v.approved_at, v.remark, v.created_at, v.updated_at
	FROM sla_versions v JOIN sla_agreements a ON a.id = v.agreement_id`

func (v *Version) args() db.Args {
	return db.Args{
		"id": v.ID, "version": v.Version, "agreement_id": v.AgreementID, "number": v.Number, "state": v.State, "name_zh": v.NameZh, "name_en": v.NameEn,
		"kinds": list(v.Kinds), "services": list(v.Services), "departments": list(v.Departments), "vip": v.VIP, "calendar_id": v.CalendarID, "targets": v.Targets, "marks": v.Marks,
		"valid_from": v.ValidFrom, "valid_until": v.ValidUntil, "review_by": v.ReviewBy, "authors": v.Authors, "approved_by": v.ApprovedBy, "approved_at": v.ApprovedAt,
		"remark": v.Remark, "created_at": v.CreatedAt, "updated_at": v.UpdatedAt,
	}
}

// list is an empty list for none: the columns know no NULL.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// Insert queues a new version, and its agreement where it is the first.
func (versionStore) Insert(b *pgx.Batch, v *Version) {
	if v.Number == 1 {
		b.Queue(`INSERT INTO sla_agreements (id, kind, team_id, created_at) VALUES (@id, @kind, @team, @now)`, db.Args{"id": v.AgreementID, "kind": v.Kind, "team": v.TeamID, "now": v.CreatedAt})
	}
	b.Queue(`INSERT INTO sla_versions (id, version, agreement_id, number, state, name_zh, name_en, kinds, services, departments, vip, calendar_id, targets, marks,
			valid_from, valid_until, review_by, authors, approved_by, approved_at, remark, created_at, updated_at)
		VALUES (@id, @version, @agreement_id, @number, @state, @name_zh, @name_en, @kinds, @services, @departments, @vip, @calendar_id, @targets, @marks,
			@valid_from, @valid_until, @review_by, @authors, @approved_by, @approved_at, @remark, @created_at, @updated_at)`, v.args())
}

// Update queues the changed version.
func (versionStore) Update(b *pgx.Batch, v *Version) {
	b.Queue(`UPDATE sla_versions SET version = @version, agreement_id = @agreement_id, number = @number, state = @state, name_zh = @name_zh, name_en = @name_en, kinds = @kinds, services = @services,
		departments = @departments, vip = @vip, calendar_id = @calendar_id, targets = @targets, marks = @marks, valid_from = @valid_from, valid_until = @valid_until,
		review_by = @review_by, authors = @authors, approved_by = @approved_by, approved_at = @approved_at, remark = @remark, created_at = @created_at, updated_at = @updated_at
		WHERE id = @id AND version = @version - 1`, v.args())
	bump(b)
}

// ForUpdate locks and reads one version.
func (s versionStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Version, error) {
	rows, _ := tx.Query(ctx, versionSelect+` WHERE v.id = @id FOR UPDATE OF v`, db.Args{"id": id})
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	v.reader = s.reader
	return v, err
}

func (repository) version(ctx context.Context, q db.Querier, id uuid.UUID) (Version, error) {
	rows, _ := q.Query(ctx, versionSelect+` WHERE v.id = @id`, db.Args{"id": id})
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	return v, db.Map(err)
}

// approved reads what was ever approved, each agreement's latest version first.
func (repository) approved(ctx context.Context, q db.Querier) ([]Version, error) {
	rows, _ := q.Query(ctx, versionSelect+` WHERE v.state = 'approved' ORDER BY v.agreement_id, v.number DESC LIMIT 5000`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	return out, db.Map(err)
}

// allVersions reads every version, each agreement's latest first.
func (repository) allVersions(ctx context.Context, q db.Querier) ([]Version, error) {
	rows, _ := q.Query(ctx, versionSelect+` ORDER BY a.kind DESC, a.created_at, v.agreement_id, v.number DESC LIMIT 2000`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	return out, db.Map(err)
}

// agreement is what an agreement is: of services or of a team.
func (repository) agreement(ctx context.Context, q db.Querier, id uuid.UUID) (kind string, team *uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT kind, team_id FROM sla_agreements WHERE id = @id`, db.Args{"id": id}).Scan(&kind, &team)
	return kind, team, db.Map(err)
}

// next locks an agreement and answers what it is and how its next version is
// numbered.
func (repository) next(ctx context.Context, tx db.Tx, agreement uuid.UUID) (kind string, team *uuid.UUID, number int, err error) {
	err = tx.QueryRow(ctx, `SELECT a.kind, a.team_id, (SELECT coalesce(max(number), 0) + 1 FROM sla_versions v WHERE v.agreement_id = a.id) FROM sla_agreements a WHERE a.id = @id FOR UPDATE`,
		db.Args{"id": agreement}).Scan(&kind, &team, &number)
	return kind, team, number, db.Map(err)
}

// known counts which of the services and departments named are there.
func (repository) known(ctx context.Context, q db.Querier, services, departments []uuid.UUID, team *uuid.UUID) (s, d int, t bool, err error) {
	err = q.QueryRow(ctx, `SELECT (SELECT count(*) FROM services WHERE id = ANY(@services)), (SELECT count(*) FROM departments WHERE id = ANY(@departments)),
		@team::uuid IS NULL OR EXISTS (SELECT 1 FROM teams WHERE id = @team AND active)`, db.Args{"services": list(services), "departments": list(departments), "team": team}).Scan(&s, &d, &t)
	return s, d, t, db.Map(err)
}

// uncovered lists live services for which no agreement holds at an instant
// (control SLA-01).
func (repository) uncovered(ctx context.Context, q db.Querier, at time.Time) ([]Named, error) {
	rows, _ := q.Query(ctx, `SELECT s.id, s.name_zh, s.name_en FROM services s WHERE s.active AND NOT EXISTS (
			SELECT 1 FROM sla_versions v JOIN sla_agreements a ON a.id = v.agreement_id AND a.kind = 'sla'
			WHERE v.state = 'approved' AND v.valid_from <= @at AND (v.valid_until IS NULL OR v.valid_until > @at) AND NOT v.vip AND cardinality(v.departments) = 0
				AND (cardinality(v.kinds) = 0 OR 'incident' = ANY (v.kinds)) AND (cardinality(v.services) = 0 OR s.id = ANY (v.services))
				AND NOT EXISTS (SELECT 1 FROM sla_versions n WHERE n.agreement_id = v.agreement_id AND n.state = 'approved' AND n.number > v.number AND n.valid_from <= @at))
		ORDER BY s.name_zh, s.id LIMIT 500`, db.Args{"at": at})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Named])
	return out, db.Map(err)
}

// Named is something with a name in both languages.
type Named struct {
	ID     uuid.UUID `db:"id" json:"id"`
	NameZh string    `db:"name_zh" json:"name_zh"`
	NameEn string    `db:"name_en" json:"name_en"`
}

func (repository) services(ctx context.Context, q db.Querier) ([]Named, error) {
	rows, _ := q.Query(ctx, `SELECT id, name_zh, name_en FROM services WHERE active ORDER BY name_zh, id LIMIT 2000`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Named])
	return out, db.Map(err)
}

package inspection

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

var planColumns = []string{
	"id", "version", "state", "name_zh", "name_en", "items", "selection", "points", "recurrence", "calendar_id", "allow_minutes", "team_id", "person_id", "service_id", "reason",
	"made_until", "look_at", "created_by", "created_at", "updated_at",
}

var planList = strings.Join(planColumns, ", ")

// plans is the store of plans.
type plans struct{}

func planArgs(p *Plan) db.Args {
	return db.Args{
		"id": p.ID, "version": p.Version, "state": p.State, "name_zh": p.NameZh, "name_en": p.NameEn, "items": nonNil(p.Items), "selection": p.Selection, "points": nonNil(p.Points),
		"recurrence": p.Recurrence, "calendar_id": p.CalendarID, "allow_minutes": p.AllowMinutes, "team_id": p.TeamID, "person_id": p.PersonID, "service_id": p.ServiceID, "reason": p.Reason,
		"made_until": p.MadeUntil, "look_at": p.LookAt, "created_by": p.CreatedBy, "created_at": p.CreatedAt, "updated_at": p.UpdatedAt,
	}
}

// Insert queues a new plan.
func (plans) Insert(b *pgx.Batch, p *Plan) {
	b.Queue(`INSERT INTO inspection_plans (`+planList+`) VALUES (@`+strings.Join(planColumns, ", @")+`)`, planArgs(p))
}

// Update queues the changed plan.
func (plans) Update(b *pgx.Batch, p *Plan) {
	b.Queue(`UPDATE inspection_plans SET `+assignments(planColumns[1:])+` WHERE id = @id AND version = @version - 1`, planArgs(p))
}

// ForUpdate locks and reads one plan.
func (plans) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Plan, error) {
	rows, _ := tx.Query(ctx, `SELECT `+planList+` FROM inspection_plans WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Plan])
}

func (plans) get(ctx context.Context, q db.Querier, id uuid.UUID) (Plan, error) {
	rows, _ := q.Query(ctx, `SELECT `+planList+` FROM inspection_plans WHERE id = @id`, db.Args{"id": id})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Plan])
	return p, db.Map(err)
}

// PlanRow is a plan in the list, with how it goes.
type PlanRow struct {
	Plan
	Overdue  int        `db:"overdue"`
	Missed   int        `db:"missed"` // of the last 20
	LastDone *time.Time `db:"last_done"`
	NextDue  *time.Time `db:"next_due"` // of those that wait
}

// PlanCursor is the place after the last plan shown.
type PlanCursor struct {
	At time.Time `json:"at"`
	ID uuid.UUID `json:"id"`
}

const planRowsSQL = `SELECT p.*, o.overdue, l.missed, l.last_done, o.next_due
	FROM (SELECT * FROM inspection_plans WHERE (@all OR service_id = ANY (@services::uuid[])) AND (@any OR state = ANY (@states::text[])) AND (@first OR (updated_at, id) < (@at::timestamptz, @id::uuid)) ORDER BY updated_at DESC, id DESC LIMIT @limit) p
	CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE i.due_at <= @now) AS overdue, min(i.due_at) AS next_due FROM inspections i WHERE i.plan_id = p.id AND i.state IN ('planned', 'in_progress')) o
	CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE x.state = 'missed') AS missed, max(x.ended_at) FILTER (WHERE x.state = 'done') AS last_done
		FROM (SELECT state, ended_at FROM inspections i WHERE i.plan_id = p.id AND NOT i.superseded ORDER BY i.scheduled_at DESC, i.id DESC LIMIT 20) x) l
	ORDER BY p.updated_at DESC, p.id DESC`

// list is the plans in some states within a scope, all of them or those of
// services, the last changed first.
func (plans) list(ctx context.Context, q db.Querier, scope authz.ReadScope, states []string, after *PlanCursor, now time.Time, limit int) ([]PlanRow, error) {
	a := db.Args{"all": scope.All, "services": nonNil(scope.Services), "any": len(states) == 0, "states": nonNil(states), "first": after == nil, "at": now, "id": uuid.Nil, "now": now, "limit": limit}
	if after != nil {
		a["at"], a["id"] = after.At, after.ID
	}
	rows, _ := q.Query(ctx, planRowsSQL, a)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[PlanRow])
	return out, db.Map(err)
}

// due lists active plans that the job has to look at.
func (plans) due(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, dueSQL, db.Args{"now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

const dueSQL = `SELECT id FROM inspection_plans WHERE state = 'active' AND look_at <= @now ORDER BY look_at LIMIT @limit`

// looked notes up to where everything was made, which is no change of the plan.
func (plans) looked(b *pgx.Batch, id uuid.UUID, until, look time.Time) {
	b.Queue(`UPDATE inspection_plans SET made_until = @until, look_at = @look WHERE id = @id`, db.Args{"id": id, "until": until, "look": look})
}

// Brief is an inspection in a short list.
type Brief struct {
	ID          uuid.UUID  `db:"id"`
	Number      int64      `db:"number"`
	PlanID      uuid.UUID  `db:"plan_id"`
	State       State      `db:"state"`
	NameZh      string     `db:"name_zh"`
	NameEn      string     `db:"name_en"`
	ScheduledAt time.Time  `db:"scheduled_at"`
	DueAt       time.Time  `db:"due_at"`
	EndedAt     *time.Time `db:"ended_at"`
	FinishedBy  *uuid.UUID `db:"finished_by"`
	Findings    int        `db:"findings"`
	Reason      string     `db:"cancel_reason"`
	Superseded  bool       `db:"superseded"`
}

// Label is its number as people use it.
func (b Brief) Label() string { return Label(b.Number) }

// Overdue reports whether it should have been finished before an instant.
func (b Brief) Overdue(now time.Time) bool { return b.State.Open() && !b.DueAt.After(now) }

const briefColumns = `i.id, i.number, i.plan_id, i.state, i.name_zh, i.name_en, i.scheduled_at, i.due_at, i.ended_at, i.finished_by, i.findings, i.cancel_reason, i.superseded`

// ofPlan lists the last inspections of a plan that may be seen.
func (repository) ofPlan(ctx context.Context, q db.Querier, v record.Visibility, plan uuid.UUID, limit int) ([]Brief, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT `+briefColumns+` FROM inspections i JOIN records r ON r.id = i.id WHERE i.plan_id = @plan AND `, ` ORDER BY i.scheduled_at DESC, i.id DESC LIMIT @limit`),
		v.With(db.Args{"plan": plan, "limit": limit}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Brief])
	return out, db.Map(err)
}

// Named is somebody or something to choose, by its names.
type Named struct {
	ID     uuid.UUID `db:"id"`
	Name   string    `db:"name"`
	NameEn string    `db:"name_en"`
}

// services lists the services in use by name, at most 2,000.
func (repository) services(ctx context.Context, q db.Querier) ([]Named, error) {
	return db.Kept(ctx, q, "inspection.services", func() ([]Named, error) {
		rows, _ := q.Query(ctx, `SELECT id, name_zh AS name, name_en FROM services WHERE active ORDER BY name_zh, id LIMIT 2000`)
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Named])
		return out, db.Map(err)
	})
}

// names reads number and name of the items that may be seen.
func (repository) names(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]record.Summary, error) {
	out := map[uuid.UUID]record.Summary{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id, r.kind, r.number, r.title FROM records r WHERE r.id = ANY (@ids::uuid[]) AND `), v.With(db.Args{"ids": ids}))
	var s record.Summary
	_, err := pgx.ForEachRow(rows, []any{&s.Ref.ID, &s.Ref.Kind, &s.Number, &s.Title}, func() error { out[s.Ref.ID] = s; return nil })
	return out, db.Map(err)
}

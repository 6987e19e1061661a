package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
)

// repository is the only code that knows the incident tables.
type repository struct{}

const incidentColumns = `id, version, number, title, description, state, pending_reason, channel, impact, urgency, priority, priority_reason,
	category_id, service_id, location, device, requester_id, created_by, department_id, team_id, assignee_id, confidential,
	resolution_code, cause, process, cancel_reason, reopen_count, reported_at, responded_at, resolved_at, resolved_by, closed_at, closed_by,
	reopened_at, reopened_by, auto_close_at, source, source_key, created_at, updated_at,
	parent_id, child_as, attached_at, major`

func incidentArgs(i *Incident) db.Args {
	return db.Args{
		"id": i.ID, "version": i.Version, "number": i.Number, "title": i.Title, "description": i.Description, "state": i.State,
		"pending_reason": i.PendingReason, "channel": i.Channel, "impact": i.Impact, "urgency": i.Urgency, "priority": i.Priority,
		"priority_reason": i.PriorityReason, "category_id": i.CategoryID, "service_id": i.ServiceID, "location": i.Location, "device": i.Device,
		"requester_id": i.RequesterID, "created_by": i.CreatedBy, "department_id": i.DepartmentID, "team_id": i.TeamID, "assignee_id": i.AssigneeID,
		"confidential": i.Confidential, "resolution_code": i.ResolutionCode, "cause": i.Cause, "process": i.Process, "cancel_reason": i.CancelReason,
		"reopen_count": i.ReopenCount, "reported_at": i.ReportedAt, "responded_at": i.RespondedAt, "resolved_at": i.ResolvedAt, "resolved_by": i.ResolvedBy,
		"closed_at": i.ClosedAt, "closed_by": i.ClosedBy, "reopened_at": i.ReopenedAt, "reopened_by": i.ReopenedBy, "auto_close_at": i.AutoCloseAt,
		"source": i.Source, "source_key": i.SourceKey, "created_at": i.CreatedAt, "updated_at": i.UpdatedAt,
		"parent_id": i.ParentID, "child_as": i.ChildAs, "attached_at": i.AttachedAt, "major": i.Major,
	}
}

// Insert queues a new incident.
func (repository) Insert(b *pgx.Batch, i *Incident) {
	b.Queue(`INSERT INTO incidents (`+incidentColumns+`)
		VALUES (@id, @version, @number, @title, @description, @state, @pending_reason, @channel, @impact, @urgency, @priority, @priority_reason,
			@category_id, @service_id, @location, @device, @requester_id, @created_by, @department_id, @team_id, @assignee_id, @confidential,
			@resolution_code, @cause, @process, @cancel_reason, @reopen_count, @reported_at, @responded_at, @resolved_at, @resolved_by, @closed_at, @closed_by,
			@reopened_at, @reopened_by, @auto_close_at, @source, @source_key, @created_at, @updated_at,
			@parent_id, @child_as, @attached_at, @major)`, incidentArgs(i))
	search.Queue(b, i.doc())
}

// Update queues the changed incident; its row is locked since ForUpdate.
func (repository) Update(b *pgx.Batch, i *Incident) {
	b.Queue(`UPDATE incidents SET version = @version, number = @number, title = @title, description = @description, state = @state, pending_reason = @pending_reason,
			channel = @channel, impact = @impact, urgency = @urgency, priority = @priority, priority_reason = @priority_reason, category_id = @category_id,
			service_id = @service_id, location = @location, device = @device, requester_id = @requester_id, created_by = @created_by, department_id = @department_id,
			team_id = @team_id, assignee_id = @assignee_id, confidential = @confidential, resolution_code = @resolution_code, cause = @cause, process = @process,
			cancel_reason = @cancel_reason, reopen_count = @reopen_count, reported_at = @reported_at, responded_at = @responded_at, resolved_at = @resolved_at,
			resolved_by = @resolved_by, closed_at = @closed_at, closed_by = @closed_by, reopened_at = @reopened_at, reopened_by = @reopened_by,
			auto_close_at = @auto_close_at, source = @source, source_key = @source_key, created_at = @created_at, updated_at = @updated_at,
			parent_id = @parent_id, child_as = @child_as, attached_at = @attached_at, major = @major
		WHERE id = @id AND version = @version - 1`, incidentArgs(i))
	search.QueueUpdate(b, i.doc())
}

// ForUpdate locks and reads one incident.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Incident, error) {
	rows, _ := tx.Query(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Incident])
}

// index puts incidents into the search index, with what was said on them. They
// stay locked meanwhile, so that nothing said in between is lost.
func (repository) index(ctx context.Context, tx db.Tx, ids []uuid.UUID) error {
	rows, _ := tx.Query(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE id = ANY(@ids) ORDER BY id FOR UPDATE`, db.Args{"ids": ids})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Incident])
	if err != nil {
		return db.Map(err)
	}
	var b pgx.Batch
	for _, i := range list {
		search.Queue(&b, i.doc())
	}
	if err := comment.Index(ctx, tx, &b, ids); err != nil {
		return db.Map(err)
	}
	if err := attachment.Index(ctx, tx, &b, ids); err != nil {
		return db.Map(err)
	}
	return db.Map(tx.SendBatch(ctx, &b).Close())
}

func (repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Incident, error) {
	rows, _ := q.Query(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE id = @id`, db.Args{"id": id})
	i, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Incident])
	return i, db.Map(err)
}

// some reads several incidents; access is checked before.
func (repository) some(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]Incident, error) {
	rows, _ := q.Query(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE id = ANY(@ids)`, db.Args{"ids": ids})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Incident])
	out := make(map[uuid.UUID]Incident, len(list))
	for _, i := range list {
		out[i.ID] = i
	}
	return out, db.Map(err)
}

// idOf finds an incident by its number; access is checked afterwards.
func (repository) idOf(ctx context.Context, q db.Querier, number int64) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM incidents WHERE number = @number`, db.Args{"number": number}).Scan(&id)
	return id, db.Map(err)
}

// intake is all that a new report needs to know, read in one round trip.
type intake struct {
	Number         int64      `db:"number"`
	Priority       *int       `db:"priority"`
	Requester      *bool      `db:"requester"` // active? nil: no such person
	Department     *uuid.UUID `db:"department"`
	Location       *string    `db:"location"`
	Category       *bool      `db:"category"` // active? nil: no such category
	CategoryTeam   *uuid.UUID `db:"category_team"`
	CategoryHidden *bool      `db:"category_hidden"`
	Service        *bool      `db:"service"`
	ServiceTeam    *uuid.UUID `db:"service_team"`
	DefaultTeam    *uuid.UUID `db:"default_team"`
}

func (repository) intake(ctx context.Context, q db.Querier, in CreateInput) (intake, error) {
	rows, _ := q.Query(ctx, `SELECT nextval('incident_numbers') AS number, m.priority,
			p.active AS requester, p.department_id AS department, p.location,
			c.active AS category, c.team_id AS category_team, c.confidential AS category_hidden,
			s.active AS service, s.team_id AS service_team,
			(SELECT (value->>'default_team')::uuid FROM settings WHERE name = 'incident') AS default_team
		FROM (SELECT 1) one
		LEFT JOIN incident_priorities m ON m.impact = @impact AND m.urgency = @urgency
		LEFT JOIN people p ON p.id = @requester
		LEFT JOIN incident_categories c ON c.id = @category::uuid
		LEFT JOIN services s ON s.id = @service::uuid`,
		db.Args{"impact": in.Impact, "urgency": in.Urgency, "requester": in.RequesterID, "category": in.CategoryID, "service": in.ServiceID})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[intake])
}

// priority is the matrix cell of impact and urgency.
func (repository) priority(ctx context.Context, q db.Querier, impact, urgency int) (p int, err error) {
	err = q.QueryRow(ctx, `SELECT priority FROM incident_priorities WHERE impact = @impact AND urgency = @urgency`,
		db.Args{"impact": impact, "urgency": urgency}).Scan(&p)
	return p, err
}

// dueToClose lists resolved incidents whose time of silence is over, the
// longest overdue first.
func (repository) dueToClose(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, dueToCloseSQL, db.Args{"now": now, "limit": limit})
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

const dueToCloseSQL = `SELECT id FROM incidents WHERE state = 'resolved' AND auto_close_at <= @now ORDER BY auto_close_at LIMIT @limit`

// trusted lists who is told about a confidential incident from the start: the
// lead of the team it goes to and the security administrators (controls §6).
func (repository) trusted(ctx context.Context, q db.Querier, team *uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT lead_id FROM teams WHERE id = @team::uuid AND lead_id IS NOT NULL
		UNION SELECT g.person_id FROM role_grants g JOIN people p ON p.id = g.person_id AND p.active WHERE g.role = 'SEC' AND `+identity.Granted, db.Args{"team": team, "now": now})
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

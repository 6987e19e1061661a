package servicerequest

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/form"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
)

// repository is all SQL of requests. It knows the form of the request at hand,
// by which its texts are found.
type repository struct{ form form.Form }

const requestColumns = `id, version, number, item_id, version_id, title, state, pending_reason, answers, remark, impact, urgency, priority, price, access, requester_id,
	created_by, department_id, service_id, team_id, assignee_id, reject_reason, cancel_reason, copy_of, reopen_count, submitted_at, approved_at, expected_at,
	fulfilled_at, fulfilled_by, closed_at, closed_by, auto_close_at, held_since, confidential, created_at, updated_at`

func requestArgs(r *Request) db.Args {
	answers := r.Answers
	if answers == nil {
		answers = form.Raw{}
	}
	return db.Args{
		"id": r.ID, "version": r.Version, "number": r.Number, "item": r.ItemID, "version_id": r.VersionID, "title": r.Title, "state": r.State, "pending": r.PendingReason,
		"answers": answers, "remark": r.Remark, "impact": r.Impact, "urgency": r.Urgency, "priority": r.Priority, "price": r.Price, "access": r.Access,
		"requester": r.RequesterID, "by": r.CreatedBy, "department": r.DepartmentID, "service": r.ServiceID, "team": r.TeamID, "assignee": r.AssigneeID,
		"reject": r.RejectReason, "cancel": r.CancelReason, "copy": r.CopyOf, "reopens": r.ReopenCount, "submitted": r.SubmittedAt, "approved": r.ApprovedAt,
		"expected": r.ExpectedAt, "fulfilled": r.FulfilledAt, "fulfilled_by": r.FulfilledBy, "closed": r.ClosedAt, "closed_by": r.ClosedBy, "auto": r.AutoCloseAt, "held": r.HeldSince, "confidential": r.Confidential,
		"created": r.CreatedAt, "updated": r.UpdatedAt,
	}
}

// Insert queues a new request.
func (s repository) Insert(b *pgx.Batch, r *Request) {
	b.Queue(`INSERT INTO service_requests (`+requestColumns+`) VALUES (@id, @version, @number, @item, @version_id, @title, @state, @pending, @answers, @remark, @impact,
		@urgency, @priority, @price, @access, @requester, @by, @department, @service, @team, @assignee, @reject, @cancel, @copy, @reopens, @submitted, @approved, @expected,
		@fulfilled, @fulfilled_by, @closed, @closed_by, @auto, @held, @confidential, @created, @updated)`, requestArgs(r))
	search.Queue(b, r.doc(s.form))
}

// Update queues the changed request.
func (s repository) Update(b *pgx.Batch, r *Request) {
	b.Queue(`UPDATE service_requests SET version = @version, number = @number, item_id = @item, version_id = @version_id, title = @title, state = @state,
			pending_reason = @pending, answers = @answers, remark = @remark, impact = @impact, urgency = @urgency, priority = @priority, price = @price, access = @access,
			requester_id = @requester, created_by = @by, department_id = @department, service_id = @service, team_id = @team, assignee_id = @assignee,
			reject_reason = @reject, cancel_reason = @cancel, copy_of = @copy, reopen_count = @reopens, submitted_at = @submitted, approved_at = @approved,
			expected_at = @expected, fulfilled_at = @fulfilled, fulfilled_by = @fulfilled_by, closed_at = @closed, closed_by = @closed_by, auto_close_at = @auto, held_since = @held, confidential = @confidential,
			created_at = @created, updated_at = @updated
		WHERE id = @id AND version = @version - 1`, requestArgs(r))
	if len(s.form.Fields) > 0 {
		search.QueueUpdate(b, r.doc(s.form))
	}
}

// ForUpdate locks and reads one request.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Request, error) {
	rows, _ := tx.Query(ctx, `SELECT `+requestColumns+` FROM service_requests WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, scanRequest)
}

func scanRequest(row pgx.CollectableRow) (Request, error) {
	return pgx.RowToStructByNameLax[Request](row)
}

func (repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Request, error) {
	rows, _ := q.Query(ctx, `SELECT `+requestColumns+` FROM service_requests WHERE id = @id`, db.Args{"id": id})
	r, err := pgx.CollectExactlyOneRow(rows, scanRequest)
	return r, db.Map(err)
}

// idOf finds a request by its number; access is checked afterwards.
func (repository) idOf(ctx context.Context, q db.Querier, number int64) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM service_requests WHERE number = @number`, db.Args{"number": number}).Scan(&id)
	return id, db.Map(err)
}

// taskStore reads a request for somebody who works on it through one of its
// tasks.
type taskStore struct {
	repository
	task      uuid.UUID
	approvers func(ctx context.Context, tx db.Tx, id uuid.UUID) ([]uuid.UUID, error)
}

// ForUpdate locks the request, and reads the task and who approved.
func (s taskStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Request, error) {
	r, err := s.repository.ForUpdate(ctx, tx, id)
	if err != nil {
		return r, err
	}
	rows, _ := tx.Query(ctx, `SELECT `+taskColumns+` FROM service_request_tasks WHERE id = @task AND request_id = @id`, db.Args{"task": s.task, "id": id})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Task])
	if err != nil {
		return r, err
	}
	r.acting = &t
	r.approvers, err = s.approvers(ctx, tx, id)
	return r, err
}

const taskColumns = `id, request_id, key, title_zh, title_en, output, state, team_id, assignee_id, position, after, ready_at, done_at, done_by, remark, made_kind, made_id, waits`

// tasks lists the tasks of a request in their order.
func (repository) tasks(ctx context.Context, q db.Querier, request uuid.UUID) ([]Task, error) {
	rows, _ := q.Query(ctx, `SELECT `+taskColumns+` FROM service_request_tasks WHERE request_id = @request ORDER BY position, id LIMIT 100`, db.Args{"request": request})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Task])
	return out, db.Map(err)
}

func (repository) heldBy(ctx context.Context, q db.Querier, person uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT t.request_id FROM service_request_tasks t JOIN service_requests r ON r.id = t.request_id
		WHERE t.assignee_id = @person AND t.state IN ('waiting', 'ready') AND r.closed_at IS NULL AND t.made_id IS NULL`, db.Args{"person": person})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// saveTasks queues tasks, new or changed.
func (repository) saveTasks(b *pgx.Batch, request uuid.UUID, tasks ...Task) {
	for _, t := range tasks {
		b.Queue(`INSERT INTO service_request_tasks (`+taskColumns+`) VALUES (@id, @request, @key, @title_zh, @title_en, @output, @state, @team, @assignee, @position, @after,
				@ready, @done, @done_by, @remark, @made_kind, @made_id, @waits)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, team_id = excluded.team_id, assignee_id = excluded.assignee_id, ready_at = excluded.ready_at,
				output = excluded.output, done_at = excluded.done_at, done_by = excluded.done_by, remark = excluded.remark, made_kind = excluded.made_kind, made_id = excluded.made_id`,
			db.Args{
				"id": t.ID, "request": request, "key": t.Key, "title_zh": t.TitleZh, "title_en": t.TitleEn, "output": t.Output, "state": t.State, "team": t.TeamID,
				"assignee": t.AssigneeID, "position": t.Position, "after": nonNil(t.After), "ready": t.ReadyAt, "done": t.DoneAt, "done_by": t.DoneBy, "remark": t.Remark,
				"made_kind": t.MadeKind, "made_id": t.MadeID, "waits": t.Waits,
			})
	}
}

// madeBy finds the task that ends with a record that it made. One that was done
// again by its team since does not.
func (repository) madeBy(ctx context.Context, q db.Querier, id uuid.UUID) (request, task uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT request_id, id FROM service_request_tasks WHERE made_id = @id AND output <> 'task'`, db.Args{"id": id}).Scan(&request, &task)
	return request, task, db.Map(err)
}

// intake is what a new request needs to know, read in one round trip.
type intake struct {
	Number     int64      `db:"number"`
	Active     *bool      `db:"active"` // nil: no such person
	Department *uuid.UUID `db:"department"`
}

func (repository) intake(ctx context.Context, q db.Querier, requester uuid.UUID) (intake, error) {
	rows, _ := q.Query(ctx, `SELECT nextval('service_request_numbers') AS number, p.active, p.department_id AS department
		FROM (SELECT 1) one LEFT JOIN people p ON p.id = @requester`, db.Args{"requester": requester})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[intake])
}

// ordered counts what a person asked for of an item since an instant, beside
// the request at hand. The person's requests for the item wait for each other
// until the transaction ends, so that two at once do not both fit the quota.
func (repository) ordered(ctx context.Context, tx db.Tx, item, requester, but uuid.UUID, since time.Time) (n int, err error) {
	if _, err = tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(@item || @requester, 0))`, db.Args{"item": item.String(), "requester": requester.String()}); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `SELECT count(*) FROM service_requests WHERE item_id = @item AND requester_id = @requester AND id <> @but AND submitted_at > @since
		AND state NOT IN ('draft', 'rejected', 'cancelled')`, db.Args{"item": item, "requester": requester, "but": but, "since": since}).Scan(&n)
	return n, err
}

// dueToClose lists delivered requests whose time of silence is over, the
// longest overdue first.
func (repository) dueToClose(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM service_requests WHERE state = 'fulfilled' AND auto_close_at <= @now ORDER BY auto_close_at LIMIT @limit`,
		db.Args{"now": now, "limit": limit})
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

func (repository) settings(ctx context.Context, q db.Querier) (raw []byte, err error) {
	err = q.QueryRow(ctx, `SELECT (SELECT value FROM settings WHERE name = 'servicerequest')`, db.Args{}).Scan(&raw)
	return raw, db.Map(err)
}

func (repository) saveSettings(b *pgx.Batch, id uuid.UUID, v Settings, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, 'servicerequest', @value, @now, @by)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		db.Args{"id": id, "value": v, "now": now, "by": by})
}

// teamPeople lists the active members of a team, at most 50: whom a new task of
// the team is announced to.
func (repository) teamPeople(ctx context.Context, q db.Querier, team *uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT m.person_id FROM team_members m JOIN people p ON p.id = m.person_id AND p.active WHERE m.team_id = @team::uuid ORDER BY p.id LIMIT 50`, db.Args{"team": team})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// byMatrix are the priorities that requests would have by a matrix.
func (repository) byMatrix(ctx context.Context, q db.Querier, ids []uuid.UUID, priorities map[[2]int]int) (map[uuid.UUID]int, error) {
	rows, _ := q.Query(ctx, `SELECT id, impact, urgency FROM service_requests WHERE id = ANY(@ids)`, db.Args{"ids": ids})
	out := map[uuid.UUID]int{}
	var id uuid.UUID
	var impact, urgency int
	_, err := pgx.ForEachRow(rows, []any{&id, &impact, &urgency}, func() error { out[id] = priorities[[2]int{impact, urgency}]; return nil })
	return out, db.Map(err)
}

// stepPeople lists whom a step of approval means: the managers of the
// requester's department up the tree, the nearest first, the owner of the
// service, the lead of a team, or people by name.
func (repository) stepPeople(ctx context.Context, q db.Querier, st Step, requester uuid.UUID, service *uuid.UUID) ([]uuid.UUID, error) {
	var sql string
	args := db.Args{}
	switch st.From {
	case ByPeople:
		return st.People, nil
	case ByOwner:
		sql, args["service"] = `SELECT owner_id FROM services WHERE id = @service::uuid AND owner_id IS NOT NULL`, service
	case ByTeamLead:
		sql, args["team"] = `SELECT lead_id FROM teams WHERE id = @team::uuid AND lead_id IS NOT NULL`, st.TeamID
	default:
		sql, args["requester"] = `WITH RECURSIVE up AS (
				SELECT d.id, d.parent_id, d.manager_id, 1 AS n FROM departments d JOIN people p ON p.department_id = d.id WHERE p.id = @requester
				UNION ALL SELECT d.id, d.parent_id, d.manager_id, up.n + 1 FROM departments d JOIN up ON d.id = up.parent_id WHERE up.n < 30)
			SELECT manager_id FROM up WHERE manager_id IS NOT NULL AND manager_id <> @requester ORDER BY n LIMIT 1`, requester
	}
	rows, _ := q.Query(ctx, sql, args)
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

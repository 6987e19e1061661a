package change

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// repository is all SQL of changes.
type repository struct{}

var columns = []string{
	"id", "version", "number", "type", "state", "unauthorised", "on_hold", "hold_reason", "title", "content", "reason", "effect", "communication", "items", "service_id", "steps",
	"test_plan", "test_result", "test_evidence", "test_files", "tested_by", "tested_at", "tested_hash", "rollback_trigger", "back", "rollback_minutes", "rehearsal", "window_from", "window_to",
	"assessment", "risk", "assessed_by", "assessed_at", "assessed_hash", "requester_id", "created_by", "department_id", "team_id", "implementer_id", "template_id", "approved_hash", "approved_at",
	"reject_reason", "cancel_reason", "started_at", "started_by", "back_at", "back_reason", "ended_at", "result", "result_note", "verified_by", "verified_at", "lessons", "actions",
	"items_confirmed", "review_due_at", "reviewed_by", "glass_reason", "glass_by", "glass_at", "glass_until", "submitted_at", "closed_at", "created_at", "updated_at",
}

var (
	columnList = strings.Join(columns, ", ")
	insertSQL  = `INSERT INTO changes (` + columnList + `) VALUES (@` + strings.Join(columns, ", @") + `)`
	updateSQL  = `UPDATE changes SET ` + assignments(columns[1:]) + ` WHERE id = @id AND version = @version - 1`
)

// assignments is "a = @a, b = @b" for columns of this file.
func assignments(columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c + " = @" + c
	}
	return strings.Join(out, ", ")
}

func args(c *Change) db.Args {
	return db.Args{
		"id": c.ID, "version": c.Version, "number": c.Number, "type": c.Type, "state": c.State, "unauthorised": c.Unauthorised, "on_hold": c.OnHold, "hold_reason": c.HoldReason,
		"title": c.Title, "content": c.Content, "reason": c.Reason, "effect": c.Effect, "communication": c.Communication, "items": nonNil(c.Items), "service_id": c.ServiceID,
		"steps": nonNil(c.Steps), "test_plan": c.TestPlan, "test_result": c.TestResult, "test_evidence": c.TestEvidence, "test_files": nonNil(c.TestFiles), "tested_by": c.TestedBy, "tested_at": c.TestedAt, "tested_hash": c.TestedHash,
		"rollback_trigger": c.RollbackTrigger, "back": nonNil(c.Back), "rollback_minutes": c.RollbackMinutes, "rehearsal": c.Rehearsal, "window_from": c.WindowFrom, "window_to": c.WindowTo,
		"assessment": c.Assessment, "risk": c.Risk, "assessed_by": c.AssessedBy, "assessed_at": c.AssessedAt, "assessed_hash": c.AssessedHash, "requester_id": c.RequesterID, "created_by": c.CreatedBy,
		"department_id": c.DepartmentID, "team_id": c.TeamID, "implementer_id": c.ImplementerID, "template_id": c.TemplateID, "approved_hash": c.ApprovedHash, "approved_at": c.ApprovedAt,
		"reject_reason": c.RejectReason, "cancel_reason": c.CancelReason, "started_at": c.StartedAt, "started_by": c.StartedBy, "back_at": c.BackAt, "back_reason": c.BackReason,
		"ended_at": c.EndedAt, "result": c.Result, "result_note": c.ResultNote, "verified_by": c.VerifiedBy, "verified_at": c.VerifiedAt, "lessons": c.Lessons, "actions": c.Actions,
		"items_confirmed": c.ItemsConfirmed, "review_due_at": c.ReviewDueAt, "reviewed_by": c.ReviewedBy, "glass_reason": c.GlassReason, "glass_by": c.GlassBy, "glass_at": c.GlassAt,
		"glass_until": c.GlassUntil, "submitted_at": c.SubmittedAt, "closed_at": c.ClosedAt, "created_at": c.CreatedAt, "updated_at": c.UpdatedAt,
	}
}

func nonNil[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// Insert queues a new change.
func (repository) Insert(b *pgx.Batch, c *Change) {
	b.Queue(insertSQL, args(c))
	search.Queue(b, c.doc())
}

// Update queues the changed record. The bookings follow its state: what is
// scheduled or under way holds its items, nothing else does.
func (repository) Update(b *pgx.Batch, c *Change) {
	b.Queue(updateSQL, args(c))
	search.QueueUpdate(b, c.doc())
	record.Relink(b, c.ID, "affects", c.Items, c.CreatedBy, c.UpdatedAt)
	b.Queue(`DELETE FROM change_bookings WHERE change_id = @id`, db.Args{"id": c.ID})
	if c.holdsItems() {
		b.Queue(`INSERT INTO change_bookings (change_id, item_id, slot, during)
			SELECT @id, i, int8range(n, n, '[]'), tstzrange(@from, @to) FROM (SELECT i, hashtextextended(i::text, 0) >> 1 AS n FROM unnest(@items::uuid[]) i) x`,
			db.Args{"id": c.ID, "items": nonNil(c.Items), "from": c.WindowFrom, "to": c.WindowTo})
	}
}

// holdsItems reports whether others must keep their hands off the items in the
// window. Who broke the glass holds nothing: others may have booked before.
func (c Change) holdsItems() bool {
	return c.windowReady() && c.GlassAt == nil && (c.State == Scheduled || c.State.Running())
}

// ForUpdate locks and reads one change.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Change, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columnList+` FROM changes WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Change])
}

func (repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Change, error) {
	rows, _ := q.Query(ctx, `SELECT `+columnList+` FROM changes WHERE id = @id`, db.Args{"id": id})
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Change])
	return c, db.Map(err)
}

// idOf finds a change by its number; access is checked afterwards.
func (repository) idOf(ctx context.Context, q db.Querier, number int64) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM changes WHERE number = @number`, db.Args{"number": number}).Scan(&id)
	return id, db.Map(err)
}

func (repository) next(ctx context.Context, q db.Querier) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT nextval('change_numbers')`).Scan(&n)
	return n, db.Map(err)
}

// guarded reads a change for acts that its approvers, or its implementers, must
// not do.
type guarded struct {
	repository
	approvers func(ctx context.Context, q db.Querier, id uuid.UUID) ([]uuid.UUID, error)
}

// ForUpdate locks the change and reads who approved it.
func (s guarded) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Change, error) {
	c, err := s.repository.ForUpdate(ctx, tx, id)
	if err != nil {
		return c, err
	}
	c.approvers, err = s.approvers(ctx, tx, id)
	return c, err
}

// past counts what was changed on the same items within a year, and how much of
// that went wrong.
func (repository) past(ctx context.Context, q db.Querier, but uuid.UUID, items []uuid.UUID, since time.Time) (all, failed int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE result IN ('rolled_back', 'failed')) FROM (
			SELECT result FROM changes WHERE items && @items::uuid[] AND id <> @but AND started_at > @since ORDER BY started_at DESC LIMIT 200) x`,
		db.Args{"items": nonNil(items), "but": but, "since": since}).Scan(&all, &failed)
	return all, failed, db.Map(err)
}

// Clash is another change that wants the same item, a relative of it, or the
// same people at the same time.
type Clash struct {
	ID     uuid.UUID `db:"id" json:"id"`
	Number int64     `db:"number" json:"-"`
	Title  string    `db:"title" json:"title"`
	State  State     `db:"state" json:"state"`
	From   time.Time `db:"window_from" json:"from"`
	To     time.Time `db:"window_to" json:"to"`
	Same   bool      `db:"same" json:"same_item"` // the very item; a relative or a person otherwise
	People bool      `db:"people" json:"same_people"`
	Booked bool      `db:"booked" json:"booked"` // it holds the item already
	Seen   bool      `db:"seen" json:"-"`        // by the reader
}

// Label is its number as people use it.
func (c Clash) Label() string { return Label(c.Number) }

// clashes lists the changes that are planned or under way in a window and touch
// the items, their relatives, or the people; at most 200, the booked first. Seen
// says which of them v lets through: the others are counted and not shown.
func (repository) clashes(ctx context.Context, q db.Querier, v record.Visibility, c Change, relatives []uuid.UUID) ([]Clash, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT x.*, `, ` AS seen FROM (
			SELECT id, number, title, state, window_from, window_to, items && @items::uuid[] AS same,
				(implementer_id = ANY(@people::uuid[])) IS TRUE AS people, state IN ('scheduled', 'implementing', 'rolling_back') AS booked
			FROM changes
			WHERE window_from < @to AND window_to > @from AND window_from > @from::timestamptz - interval '31 days' AND id <> @id
				AND state IN ('submitted', 'assessing', 'testing', 'reviewing', 'approved', 'scheduled', 'implementing', 'rolling_back')
				AND (items && @all::uuid[] OR implementer_id = ANY(@people::uuid[]))) x JOIN records r ON r.id = x.id
		ORDER BY x.booked DESC, x.same DESC, x.window_from, x.id LIMIT 200`),
		v.With(db.Args{"id": c.ID, "items": nonNil(c.Items), "all": nonNil(slices.Concat(c.Items, relatives)), "people": nonNil(c.people()), "from": c.WindowFrom, "to": c.WindowTo}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Clash])
	return out, db.Map(err)
}

// ofItems summarises the changes of items that are not over, at most 50 of the
// 500 whose windows come first.
func (repository) ofItems(ctx context.Context, q db.Querier, v record.Visibility, items []uuid.UUID) ([]record.Summary, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id, r.kind, r.number, r.title, r.state, r.category FROM records r
		WHERE r.id = ANY(ARRAY(SELECT c.id FROM changes c WHERE c.items && @items::uuid[] AND c.state NOT IN ('closed', 'cancelled') ORDER BY c.window_from NULLS LAST, c.id LIMIT 500)) AND `,
		` ORDER BY coalesce(r.due_at, 'infinity'::timestamptz), r.id LIMIT 50`), v.With(db.Args{"items": items}))
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s record.Summary, err error) {
		err = row.Scan(&s.Ref.ID, &s.Ref.Kind, &s.Number, &s.Title, &s.State, &s.Category)
		return s, err
	})
	return out, db.Map(err)
}

// covers finds an approved change of an item that is being carried out.
func (repository) covers(ctx context.Context, q db.Querier, item uuid.UUID) (number int64, err error) {
	err = q.QueryRow(ctx, `SELECT number FROM changes WHERE items @> ARRAY[@item::uuid] AND state IN ('implementing', 'rolling_back', 'verifying')
		AND (approved_at IS NOT NULL OR glass_at IS NOT NULL) ORDER BY started_at LIMIT 1`, db.Args{"item": item}).Scan(&number)
	return number, db.Map(err)
}

// Named is somebody or something to choose, by its names.
type Named struct {
	ID     uuid.UUID `db:"id"`
	Name   string    `db:"name"`
	NameEn string    `db:"name_en"`
}

// strangers counts those of some people who do not hold a role.
func (repository) strangers(ctx context.Context, q db.Querier, role string, ids []uuid.UUID, now time.Time) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM unnest(@ids::uuid[]) i WHERE NOT EXISTS (SELECT 1 FROM people p JOIN role_grants g ON g.person_id = p.id AND g.role = @role AND `+identity.Granted+`
		WHERE p.id = i AND p.active)`, db.Args{"role": role, "ids": ids, "now": now}).Scan(&n)
	return n, db.Map(err)
}

// withRole lists people with a role, to choose from: at most 300.
func (repository) withRole(ctx context.Context, q db.Querier, role string, now time.Time) ([]Named, error) {
	rows, _ := q.Query(ctx, `SELECT p.id, p.name, p.name_en FROM people p JOIN role_grants g ON g.person_id = p.id AND g.role = @role AND `+identity.Granted+`
		WHERE p.active ORDER BY p.name, p.id LIMIT 300`, db.Args{"role": role, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Named])
	return out, db.Map(err)
}

// services lists the services in use by name, at most 2,000.
func (repository) services(ctx context.Context, q db.Querier) ([]Named, error) {
	return db.Kept(ctx, q, "change.services", func() ([]Named, error) {
		rows, _ := q.Query(ctx, `SELECT id, name_zh AS name, name_en FROM services WHERE active ORDER BY name_zh, id LIMIT 2000`)
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Named])
		return out, db.Map(err)
	})
}

// retired are those of some services that are not in use.
func (repository) retired(ctx context.Context, q db.Querier, ids []uuid.UUID) ([]Named, error) {
	rows, _ := q.Query(ctx, `SELECT id, name_zh AS name, name_en FROM services WHERE id = ANY(@ids) AND NOT active`, db.Args{"ids": ids})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Named])
	return out, db.Map(err)
}

// names reads number and name of the items that may be seen.
func (repository) names(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id, r.number, r.title FROM records r WHERE r.id = ANY(@ids::uuid[]) AND r.kind = 'ci' AND `), v.With(db.Args{"ids": ids}))
	out := map[uuid.UUID]string{}
	var id uuid.UUID
	var number, title string
	_, err := pgx.ForEachRow(rows, []any{&id, &number, &title}, func() error { out[id] = number + " " + title; return nil })
	return out, db.Map(err)
}

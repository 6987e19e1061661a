package inspection

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
)

// repository is all SQL of inspections.
type repository struct{}

var columns = []string{
	"id", "version", "number", "plan_id", "plan_version", "state", "name_zh", "name_en", "items", "points", "team_id", "person_id", "service_id", "requester_id", "scheduled_at", "due_at",
	"overdue_at", "started_at", "started_by", "ended_at", "finished_by", "findings", "files", "remark", "cancel_reason", "superseded", "created_at", "updated_at",
}

var (
	columnList = strings.Join(columns, ", ")
	insertSQL  = `INSERT INTO inspections (` + columnList + `) VALUES (@` + strings.Join(columns, ", @") + `)`
	updateSQL  = `UPDATE inspections SET ` + assignments(columns[1:]) + ` WHERE id = @id AND version = @version - 1`
)

// assignments is "a = @a, b = @b" for columns of this package.
func assignments(columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c + " = @" + c
	}
	return strings.Join(out, ", ")
}

func args(i *Inspection) db.Args {
	files := i.Files
	if files == nil {
		files = map[string][]uuid.UUID{}
	}
	return db.Args{
		"id": i.ID, "version": i.Version, "number": i.Number, "plan_id": i.PlanID, "plan_version": i.PlanVersion, "state": i.State, "name_zh": i.NameZh, "name_en": i.NameEn,
		"items": nonNil(i.Items), "points": nonNil(i.Points), "team_id": i.TeamID, "person_id": i.PersonID, "service_id": i.ServiceID, "requester_id": i.RequesterID,
		"scheduled_at": i.ScheduledAt, "due_at": i.DueAt, "overdue_at": i.OverdueAt, "started_at": i.StartedAt, "started_by": i.StartedBy, "ended_at": i.EndedAt, "finished_by": i.FinishedBy,
		"findings": i.Findings, "files": files, "remark": i.Remark, "cancel_reason": i.CancelReason, "superseded": i.Superseded, "created_at": i.CreatedAt, "updated_at": i.UpdatedAt,
	}
}

func nonNil[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// Insert queues a new inspection.
func (repository) Insert(b *pgx.Batch, i *Inspection) {
	b.Queue(insertSQL, args(i))
	items(b, i)
	search.Queue(b, i.doc())
}

// Update queues the changed inspection: its readings first, for once it is over
// they are kept as they are.
func (repository) Update(b *pgx.Batch, i *Inspection) {
	for _, at := range i.touched {
		item, point, _ := strings.Cut(at, ".")
		key := db.Args{"inspection": i.ID, "item": uuid.MustParse(item), "point": point}
		r, ok := i.Readings[at]
		if !ok {
			b.Queue(`DELETE FROM inspection_readings WHERE inspection_id = @inspection AND item_id = @item AND point = @point`, key)
			continue
		}
		key["verdict"], key["number"], key["text"], key["note"], key["finding"], key["by"], key["at"] = r.Verdict, r.Number, r.Text, r.Note, r.Finding, r.By, r.At
		b.Queue(`INSERT INTO inspection_readings (inspection_id, item_id, point, verdict, number, text, note, finding, by_id, at)
			VALUES (@inspection, @item, @point, @verdict, @number, @text, @note, @finding, @by, @at)
			ON CONFLICT (inspection_id, item_id, point) DO UPDATE SET verdict = excluded.verdict, number = excluded.number, text = excluded.text, note = excluded.note,
				finding = excluded.finding, by_id = excluded.by_id, at = excluded.at`, key)
	}
	b.Queue(updateSQL, args(i))
	if i.moved {
		items(b, i)
	}
	if i.moved || i.renamed {
		search.QueueUpdate(b, i.doc())
	}
}

func items(b *pgx.Batch, i *Inspection) {
	a := db.Args{"id": i.ID, "items": nonNil(i.Items)}
	b.Queue(`DELETE FROM inspection_items WHERE inspection_id = @id AND item_id <> ALL (@items::uuid[])`, a)
	b.Queue(`INSERT INTO inspection_items (inspection_id, item_id, scheduled_at) SELECT @id, x, @at FROM unnest(@items::uuid[]) x ON CONFLICT DO NOTHING`,
		db.Args{"id": i.ID, "items": nonNil(i.Items), "at": i.ScheduledAt})
}

// ForUpdate locks and reads one inspection with its readings.
func (r repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Inspection, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columnList+` FROM inspections WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	i, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Inspection])
	if err == nil {
		i.Readings, err = r.readings(ctx, tx, id)
	}
	return i, err
}

func (r repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Inspection, error) {
	rows, _ := q.Query(ctx, `SELECT `+columnList+` FROM inspections WHERE id = @id`, db.Args{"id": id})
	i, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Inspection])
	if err == nil {
		i.Readings, err = r.readings(ctx, q, id)
	}
	return i, db.Map(err)
}

func (repository) readings(ctx context.Context, q db.Querier, id uuid.UUID) (map[string]Reading, error) {
	rows, _ := q.Query(ctx, `SELECT item_id, point, verdict, number, text, note, finding, by_id, at FROM inspection_readings WHERE inspection_id = @id`, db.Args{"id": id})
	out := map[string]Reading{}
	var item, by uuid.UUID
	var point string
	var x Reading
	_, err := pgx.ForEachRow(rows, []any{&item, &point, &x.Verdict, &x.Number, &x.Text, &x.Note, &x.Finding, &by, &x.At}, func() error {
		who, r := by, x
		r.By, r.At = &who, x.At.UTC()
		if x.Number != nil {
			n := *x.Number
			r.Number = &n
		}
		out[ReadingKey(item, point)] = r
		return nil
	})
	return out, err
}

// idOf finds an inspection by its number; access is checked afterwards.
func (repository) idOf(ctx context.Context, q db.Querier, number int64) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT id FROM inspections WHERE number = @number`, db.Args{"number": number}).Scan(&id)
	return id, db.Map(err)
}

func (repository) next(ctx context.Context, q db.Querier) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT nextval('inspection_numbers')`).Scan(&n)
	return n, db.Map(err)
}

// made lists which of some occurrences of a plan there are already.
func (repository) made(ctx context.Context, q db.Querier, plan uuid.UUID, at []time.Time) ([]time.Time, error) {
	rows, _ := q.Query(ctx, `SELECT scheduled_at FROM inspections WHERE plan_id = @plan AND NOT superseded AND scheduled_at = ANY (@at::timestamptz[])`, db.Args{"plan": plan, "at": at})
	out, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	return out, db.Map(err)
}

// ahead lists the inspections of a plan that were not begun and lie ahead.
func (repository) ahead(ctx context.Context, q db.Querier, plan uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM inspections WHERE plan_id = @plan AND scheduled_at > @now AND state = 'planned' ORDER BY scheduled_at DESC LIMIT 100`, db.Args{"plan": plan, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// untold lists inspections whose time is over and of whom nobody was told so.
func (repository) untold(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, untoldSQL, db.Args{"now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

const untoldSQL = `SELECT id FROM inspections WHERE state IN ('planned', 'in_progress') AND due_at <= @now AND overdue_at IS NULL ORDER BY due_at LIMIT @limit`

// replaced lists inspections that nobody began, whose time is over, and after
// which the next one of their plan has come.
func (repository) replaced(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, replacedSQL, db.Args{"now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

const replacedSQL = `SELECT i.id FROM inspections i WHERE i.state = 'planned' AND i.due_at <= @now
	AND EXISTS (SELECT 1 FROM inspections n WHERE n.plan_id = i.plan_id AND n.scheduled_at > i.scheduled_at AND n.scheduled_at <= @now AND NOT n.superseded) ORDER BY i.due_at LIMIT @limit`

// raised are the incidents of findings, by ReadingKey.
func (repository) raised(ctx context.Context, q db.Querier, id uuid.UUID) (map[string]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT item_id, point, incident_id FROM inspection_incidents WHERE inspection_id = @id`, db.Args{"id": id})
	out := map[string]uuid.UUID{}
	var item, incident uuid.UUID
	var point string
	_, err := pgx.ForEachRow(rows, []any{&item, &point, &incident}, func() error { out[ReadingKey(item, point)] = incident; return nil })
	return out, db.Map(err)
}

func (repository) raise(b *pgx.Batch, id, item uuid.UUID, point string, incident, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO inspection_incidents (inspection_id, item_id, point, incident_id, by_id, at) VALUES (@id, @item, @point, @incident, @by, @now)`,
		db.Args{"id": id, "item": item, "point": point, "incident": incident, "by": by, "now": now})
}

// last is what was read of an item by a plan the time before, by point.
func (repository) last(ctx context.Context, q db.Querier, plan, item uuid.UUID, before time.Time) (map[string]Reading, error) {
	rows, _ := q.Query(ctx, `SELECT r.point, r.verdict, r.number, r.text, r.note, r.finding, r.by_id, r.at FROM inspection_readings r
		WHERE r.item_id = @item AND r.inspection_id = (SELECT i.id FROM inspections i WHERE i.plan_id = @plan AND i.scheduled_at < @before AND i.state = 'done' ORDER BY i.scheduled_at DESC, i.id DESC LIMIT 1)`,
		db.Args{"plan": plan, "item": item, "before": before})
	out := map[string]Reading{}
	_, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (point string, err error) {
		var r Reading
		err = row.Scan(&point, &r.Verdict, &r.Number, &r.Text, &r.Note, &r.Finding, &r.By, &r.At)
		out[point] = r
		return point, err
	})
	return out, db.Map(err)
}

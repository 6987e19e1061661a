package batch

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// repository is the only code that knows the tables of batches.
type repository struct{}

const columns = `id, version, kind, owner_id, input, state, total, done, succeeded, refused, undoes, file, file_name, problem, created_at, started_at, finished_at, updated_at`

func args(b Batch) db.Args {
	return db.Args{
		"id": b.ID, "version": b.Version, "kind": b.Kind, "owner_id": b.OwnerID, "input": b.Input, "state": b.State, "total": b.Total, "done": b.Done,
		"succeeded": b.Succeeded, "refused": b.Refused, "undoes": b.Undoes, "file": b.File, "file_name": b.FileName, "problem": b.Problem,
		"created_at": b.CreatedAt, "started_at": b.StartedAt, "finished_at": b.FinishedAt, "updated_at": b.UpdatedAt,
	}
}

func (repository) insert(q *pgx.Batch, b Batch) {
	q.Queue(`INSERT INTO batches (`+columns+`) VALUES (@id, @version, @kind, @owner_id, @input, @state, @total, @done, @succeeded, @refused, @undoes, @file, @file_name,
		@problem, @created_at, @started_at, @finished_at, @updated_at)`, args(b))
}

func (repository) insertRows(q *pgx.Batch, id uuid.UUID, rows []Row) {
	if len(rows) == 0 {
		return
	}
	ns, ids, numbers, codes, undos := make([]int, len(rows)), make([]uuid.UUID, len(rows)), make([]string, len(rows)), make([]string, len(rows)), make([]*string, len(rows))
	said := make([]Args, len(rows))
	for i, r := range rows {
		ns[i], ids[i], numbers[i], codes[i], said[i] = i+1, r.RecordID, r.Number, r.Code, r.Args
		if r.Undo != nil {
			u := string(r.Undo)
			undos[i] = &u
		}
	}
	q.Queue(`INSERT INTO batch_rows (batch_id, n, record_id, number, code, args, undo)
		SELECT @id, x.n, x.record_id, x.number, x.code, x.args, x.undo::jsonb FROM unnest(@ns::int[], @ids::uuid[], @numbers::text[], @codes::text[], @args::jsonb[], @undos::text[]) AS x (n, record_id, number, code, args, undo)`,
		db.Args{"id": id, "ns": ns, "ids": ids, "numbers": numbers, "codes": codes, "args": said, "undos": undos})
}

const setAll = `UPDATE batches SET version = @version + 1, kind = @kind, owner_id = @owner_id, input = @input, state = @state, total = @total, done = @done, succeeded = @succeeded,
	refused = @refused, undoes = @undoes, file = @file, file_name = @file_name, problem = @problem, created_at = @created_at, started_at = @started_at,
	finished_at = @finished_at, updated_at = @updated_at WHERE id = @id`

// save queues the changed batch; its row is locked.
func (repository) save(q *pgx.Batch, b Batch) { q.Queue(setAll, args(b)) }

func (repository) saveNow(ctx context.Context, tx db.Tx, b Batch) error {
	_, err := tx.Exec(ctx, setAll, args(b))
	return err
}

func (repository) lock(ctx context.Context, tx db.Tx, id uuid.UUID) (Batch, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM batches WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Batch])
}

func (repository) get(ctx context.Context, q db.Querier, id, owner uuid.UUID) (Batch, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM batches WHERE id = @id AND owner_id = @owner`, db.Args{"id": id, "owner": owner})
	b, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Batch])
	return b, db.Map(err)
}

func (repository) list(ctx context.Context, q db.Querier, owner uuid.UUID, after *Cursor, limit int) ([]Batch, error) {
	if after == nil {
		after = &Cursor{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM batches WHERE owner_id = @owner AND (created_at, id) < (@at, @id) ORDER BY created_at DESC, id DESC LIMIT @limit`,
		db.Args{"owner": owner, "at": after.At, "id": after.ID, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Batch])
	return out, db.Map(err)
}

const rowColumns = `n, record_id, number, outcome, code, args, undo`

func collect(rows pgx.Rows) ([]Row, error) {
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	return out, db.Map(err)
}

func (repository) rows(ctx context.Context, q db.Querier, id uuid.UUID, problems bool, after, limit int) ([]Row, error) {
	rows, _ := q.Query(ctx, `SELECT `+rowColumns+` FROM batch_rows WHERE batch_id = @id AND n > @after AND (NOT @problems OR code <> '') ORDER BY n LIMIT @limit`,
		db.Args{"id": id, "after": after, "problems": problems, "limit": limit})
	return collect(rows)
}

func (repository) waiting(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]Row, error) {
	rows, _ := q.Query(ctx, `SELECT `+rowColumns+` FROM batch_rows WHERE batch_id = @id AND outcome = '' ORDER BY n LIMIT @limit`, db.Args{"id": id, "limit": limit})
	return collect(rows)
}

// progress notes the outcome of some rows.
func (repository) progress(ctx context.Context, tx db.Tx, id uuid.UUID, list []Row, now time.Time) error {
	var b pgx.Batch
	ok, refused := 0, 0
	for _, r := range list {
		if r.Outcome == "done" {
			ok++
		} else {
			refused++
		}
		b.Queue(`UPDATE batch_rows SET outcome = @outcome, code = @code, args = @args, undo = @undo WHERE batch_id = @id AND n = @n`,
			db.Args{"id": id, "n": r.N, "outcome": r.Outcome, "code": r.Code, "args": r.Args, "undo": r.Undo})
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE batches SET done = done + @n, succeeded = succeeded + @ok, refused = refused + @refused, updated_at = @now WHERE id = @id`,
		db.Args{"id": id, "n": len(list), "ok": ok, "refused": refused, "now": now})
	return err
}

func (repository) state(ctx context.Context, q db.Querier, id uuid.UUID) (state string, err error) {
	err = q.QueryRow(ctx, `SELECT state FROM batches WHERE id = @id`, db.Args{"id": id}).Scan(&state)
	return state, db.Map(err)
}

// reached notes how far work without rows is.
func (repository) reached(ctx context.Context, tx db.Tx, id uuid.UUID, done int, now time.Time) error {
	var state string
	err := tx.QueryRow(ctx, `UPDATE batches SET done = @done, succeeded = @done, updated_at = @now WHERE id = @id RETURNING state`, db.Args{"id": id, "done": done, "now": now}).Scan(&state)
	if err == nil && state != Running {
		return errCancelled
	}
	return err
}

func (repository) result(ctx context.Context, tx db.Tx, id uuid.UUID, sum string) error {
	_, err := tx.Exec(ctx, `UPDATE batches SET file = @sum WHERE id = @id`, db.Args{"id": id, "sum": sum})
	return err
}

func (repository) undoable(ctx context.Context, q db.Querier, id uuid.UUID) (ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM batches WHERE undoes = @id) AND EXISTS (SELECT 1 FROM batch_rows WHERE batch_id = @id AND undo IS NOT NULL)`, db.Args{"id": id}).Scan(&ok)
	return ok, db.Map(err)
}

// undos lists what can be taken back, the last first.
func (repository) undos(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]Row, error) {
	rows, _ := q.Query(ctx, `SELECT n, record_id, number, '' AS outcome, '' AS code, NULL::jsonb AS args, undo FROM batch_rows WHERE batch_id = @id AND undo IS NOT NULL ORDER BY n DESC LIMIT @max`, db.Args{"id": id, "max": limit})
	return collect(rows)
}

func (repository) prune(ctx context.Context, tx db.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM batches WHERE state = 'draft' AND created_at < @before`, db.Args{"before": before})
	return err
}

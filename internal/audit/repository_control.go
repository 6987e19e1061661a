package audit

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// perform asks the two questions of a control; it can change nothing, and stops
// after half a minute.
func (repository) perform(ctx context.Context, tx db.Tx, c Control, now time.Time) (population int, list []Exception, err error) {
	for _, set := range []string{`SET TRANSACTION READ ONLY`, `SET LOCAL statement_timeout = '30s'`} {
		if _, err = tx.Exec(ctx, set); err != nil {
			return 0, nil, err
		}
	}
	args := func(sql string) db.Args {
		out := db.Args{}
		if strings.Contains(sql, "@now") {
			out["now"] = now
		}
		if strings.Contains(sql, "@since") {
			out["since"] = now.Add(-controlPeriod)
		}
		return out
	}
	if err = tx.QueryRow(ctx, c.Population, args(c.Population)).Scan(&population); err != nil {
		return 0, nil, err
	}
	bounded := `SELECT * FROM (` + c.Exceptions + `) found ORDER BY label, object_id LIMIT @kept`
	a := args(bounded)
	a["kept"] = controlKept + 1
	rows, _ := tx.Query(ctx, bounded, a)
	list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Exception])
	return population, list, err
}

func (repository) keepRun(b *pgx.Batch, r Run, list []Exception) {
	b.Queue(`INSERT INTO control_runs (id, control, ran_at, ran_by, ran_name, population, exceptions, bounded, took_ms, sql_hash, app)
		VALUES (@id, @control, @at, @by, @name, @population, @exceptions, @bounded, @ms, @hash, @app)`,
		db.Args{"id": r.ID, "control": r.Control, "at": r.RanAt, "by": r.RanBy, "name": r.RanName, "population": r.Population, "exceptions": r.Exceptions, "bounded": r.Bounded, "ms": r.TookMS, "hash": r.SQLHash, "app": r.App})
	for n, x := range list {
		b.Queue(`INSERT INTO control_findings (run_id, n, kind, object_id, label, detail) VALUES (@run, @n, @kind, @id, @label, @detail)`,
			db.Args{"run": r.ID, "n": n + 1, "kind": x.Kind, "id": x.ID, "label": x.Label, "detail": x.Detail})
	}
}

const runColumns = `id, control, ran_at, ran_by, ran_name, population, exceptions, bounded, took_ms, sql_hash, app`

// lastRuns is the newest run of each control.
func (repository) lastRuns(ctx context.Context, q db.Querier, controls []string) ([]Run, error) {
	rows, _ := q.Query(ctx, `SELECT r.* FROM unnest(@controls::text[]) c CROSS JOIN LATERAL (SELECT `+runColumns+` FROM control_runs r WHERE r.control = c ORDER BY r.ran_at DESC, r.id DESC LIMIT 1) r`, db.Args{"controls": controls})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Run])
	return out, db.Map(err)
}

// runs are the newest runs of a control.
func (repository) runs(ctx context.Context, q db.Querier, control string, limit int) ([]Run, error) {
	rows, _ := q.Query(ctx, `SELECT `+runColumns+` FROM control_runs WHERE control = @control ORDER BY ran_at DESC, id DESC LIMIT @limit`, db.Args{"control": control, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Run])
	return out, db.Map(err)
}

// exceptions are what a run found, without the records that the reader may not
// see.
func (repository) exceptions(ctx context.Context, q db.Querier, v record.Visibility, run uuid.UUID) ([]Exception, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT f.kind, f.object_id, f.label, f.detail FROM control_findings f LEFT JOIN records r ON r.id = f.object_id WHERE f.run_id = @run AND (r.id IS NULL OR `, `) ORDER BY f.n LIMIT 500`), v.With(db.Args{"run": run}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Exception])
	return out, db.Map(err)
}

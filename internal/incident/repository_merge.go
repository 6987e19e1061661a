package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
)

const mergeColumns = `id, source_id, target_id, source_before, target_reported_at, target_created_at, moved, merged_by, merged_at, undone_by, undone_at`

func (repository) addMerge(b *pgx.Batch, m Merge) {
	b.Queue(`INSERT INTO incident_merges (id, source_id, target_id, source_before, target_reported_at, target_created_at, moved, merged_by, merged_at)
		VALUES (@id, @source, @target, @before, @reported, @created, @moved, @by, @at)`,
		db.Args{
			"id": m.ID, "source": m.SourceID, "target": m.TargetID, "before": m.Before, "reported": m.TargetReportedAt, "created": m.TargetCreatedAt,
			"moved": m.Moved, "by": m.MergedBy, "at": m.MergedAt,
		})
}

func (repository) setMoved(b *pgx.Batch, m Merge) {
	b.Queue(`UPDATE incident_merges SET moved = @moved WHERE id = @id`, db.Args{"id": m.ID, "moved": m.Moved})
}

func (repository) undoMerge(b *pgx.Batch, id, by uuid.UUID, now time.Time) {
	b.Queue(`UPDATE incident_merges SET undone_by = @by, undone_at = @now WHERE id = @id`, db.Args{"id": id, "by": by, "now": now})
}

// mergeOf is the merge in force of an incident that went into another.
func (repository) mergeOf(ctx context.Context, q db.Querier, source uuid.UUID) (Merge, error) {
	rows, _ := q.Query(ctx, `SELECT `+mergeColumns+` FROM incident_merges WHERE source_id = @source AND undone_at IS NULL`, db.Args{"source": source})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Merge])
	return m, db.Map(err)
}

// mergesInto lists the merges in force into an incident, the oldest first.
func (repository) mergesInto(ctx context.Context, q db.Querier, target uuid.UUID) ([]Merge, error) {
	rows, _ := q.Query(ctx, `SELECT `+mergeColumns+` FROM incident_merges WHERE target_id = @target AND undone_at IS NULL ORDER BY merged_at, id`, db.Args{"target": target})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Merge])
	return out, db.Map(err)
}

// mergeTimes is when anything was ever merged into an incident: followers and
// links that came by a merge came at such a time.
func (repository) mergeTimes(ctx context.Context, q db.Querier, target uuid.UUID) ([]time.Time, error) {
	rows, _ := q.Query(ctx, `SELECT merged_at FROM incident_merges WHERE target_id = @target`, db.Args{"target": target})
	return pgx.CollectRows(rows, pgx.RowTo[time.Time])
}

// ownTimes are an incident's times before anything was merged into it, and the
// earliest of what is merged into it now.
func (repository) ownTimes(ctx context.Context, q db.Querier, target uuid.UUID) (reported, created time.Time, err error) {
	err = q.QueryRow(ctx, `SELECT least(f.target_reported_at, min(i.reported_at)), least(f.target_created_at, min(i.created_at))
		FROM (SELECT target_reported_at, target_created_at FROM incident_merges WHERE target_id = @target ORDER BY merged_at, id LIMIT 1) f
		LEFT JOIN incident_merges m ON m.target_id = @target AND m.undone_at IS NULL LEFT JOIN incidents i ON i.id = m.source_id
		GROUP BY f.target_reported_at, f.target_created_at`, db.Args{"target": target}).Scan(&reported, &created)
	return reported, created, db.Map(err)
}

// final follows merges from a tombstone to the incident that is alive at their
// end.
func (repository) final(ctx context.Context, q db.Querier, source uuid.UUID) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `WITH RECURSIVE way AS (
			SELECT target_id, 1 AS n FROM incident_merges WHERE source_id = @source AND undone_at IS NULL
			UNION ALL SELECT m.target_id, w.n + 1 FROM way w JOIN incident_merges m ON m.source_id = w.target_id AND m.undone_at IS NULL WHERE w.n < 50
		) SELECT target_id FROM way ORDER BY n DESC LIMIT 1`, db.Args{"source": source}).Scan(&id)
	return id, db.Map(err)
}

// moveTasks puts the tasks of one incident behind those of another.
func (repository) moveTasks(ctx context.Context, tx db.Tx, from, to uuid.UUID) ([]movedTask, error) {
	rows, _ := tx.Query(ctx, `UPDATE incident_tasks t SET incident_id = @to, position = o.position + (SELECT coalesce(max(position), 0) FROM incident_tasks WHERE incident_id = @to)
		FROM incident_tasks o WHERE o.id = t.id AND t.incident_id = @from RETURNING t.id, o.position`, db.Args{"from": from, "to": to})
	return pgx.CollectRows(rows, pgx.RowToStructByName[movedTask])
}

func (repository) returnTasks(b *pgx.Batch, from, to uuid.UUID, tasks []movedTask) {
	for _, t := range tasks {
		b.Queue(`UPDATE incident_tasks SET incident_id = @to, position = @position WHERE id = @id AND incident_id = @from`, db.Args{"from": from, "to": to, "id": t.ID, "position": t.Position})
	}
}

// reindex puts incidents into the search index anew, with what is merged into
// them.
func (r repository) reindex(ctx context.Context, tx db.Tx, ids ...uuid.UUID) error {
	if err := search.Forget(ctx, tx, ids...); err != nil {
		return err
	}
	if err := r.index(ctx, tx, ids); err != nil {
		return err
	}
	rows, _ := tx.Query(ctx, `SELECT m.target_id, i.title, i.description FROM incident_merges m JOIN incidents i ON i.id = m.source_id WHERE m.target_id = ANY(@ids) AND m.undone_at IS NULL`, db.Args{"ids": ids})
	var b pgx.Batch
	var target uuid.UUID
	var title, text string
	if _, err := pgx.ForEachRow(rows, []any{&target, &title, &text}, func() error {
		search.Say(&b, target, title+"\n"+text, false)
		return nil
	}); err != nil {
		return err
	}
	return tx.SendBatch(ctx, &b).Close()
}

// Absorbed is an incident that went into the one whose page is read.
type Absorbed struct {
	ID          uuid.UUID `db:"id"`
	Number      int64     `db:"number"`
	Title       string    `db:"title"`
	Description string    `db:"description"`
	RequesterID uuid.UUID `db:"requester_id"`
	ReportedAt  time.Time `db:"reported_at"`
	MergedAt    time.Time `db:"merged_at"`
}

// Label is the number people use.
func (a Absorbed) Label() string { return Label(a.Number) }

// absorbed lists what was merged into an incident, also by way of others; at
// most 100.
func (repository) absorbed(ctx context.Context, q db.Querier, id uuid.UUID) ([]Absorbed, error) {
	rows, _ := q.Query(ctx, `WITH RECURSIVE all_into AS (
			SELECT source_id, merged_at, 1 AS n FROM incident_merges WHERE target_id = @id AND undone_at IS NULL
			UNION ALL SELECT m.source_id, m.merged_at, a.n + 1 FROM all_into a JOIN incident_merges m ON m.target_id = a.source_id AND m.undone_at IS NULL WHERE a.n < 50
		) SELECT i.id, i.number, i.title, i.description, i.requester_id, i.reported_at, a.merged_at FROM all_into a JOIN incidents i ON i.id = a.source_id ORDER BY a.merged_at, i.id LIMIT 100`,
		db.Args{"id": id})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Absorbed])
	return out, db.Map(err)
}

// anyAbsorbed asks whether a report was ever merged into an incident. That it
// may have been taken back is left to absorbed: asked here, it would lead the
// planner to the index of all that stand.
func (repository) anyAbsorbed(id uuid.UUID, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM incident_merges WHERE target_id = @id)`, Args: db.Args{"id": id}, To: to}
}

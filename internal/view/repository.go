package view

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// repository is the only code that knows the tables of views.
type repository struct{}

const columns = `id, version, kind, name, query, owner_id, team_id, alert_above, alerted, deleted, created_at, updated_at`

func args(v *View) db.Args {
	return db.Args{
		"id": v.ID, "version": v.Version, "kind": v.Kind, "name": v.Name, "query": v.Query, "owner_id": v.OwnerID, "team_id": v.TeamID,
		"alert_above": v.AlertAbove, "alerted": v.Alerted, "deleted": v.Deleted, "created_at": v.CreatedAt, "updated_at": v.UpdatedAt,
	}
}

// Insert queues a new view.
func (repository) Insert(b *pgx.Batch, v *View) {
	b.Queue(`INSERT INTO views (`+columns+`) VALUES (@id, @version, @kind, @name, @query, @owner_id, @team_id, @alert_above, @alerted, @deleted, @created_at, @updated_at)`, args(v))
}

// Update queues the changed view; its row is locked since ForUpdate.
func (repository) Update(b *pgx.Batch, v *View) {
	b.Queue(`UPDATE views SET version = @version, kind = @kind, name = @name, query = @query, owner_id = @owner_id, team_id = @team_id, alert_above = @alert_above,
			alerted = @alerted, deleted = @deleted, created_at = @created_at, updated_at = @updated_at WHERE id = @id`, args(v))
}

// ForUpdate locks and reads one view.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (View, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM views WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[View])
}

const usable = ` NOT deleted AND (owner_id = @me AND team_id IS NULL OR team_id = ANY(@teams))`

func (repository) get(ctx context.Context, q db.Querier, id, me uuid.UUID, teams []uuid.UUID) (View, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM views WHERE id = @id AND `+usable, db.Args{"id": id, "me": me, "teams": teams})
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[View])
	return v, db.Map(err)
}

func (repository) list(ctx context.Context, q db.Querier, kind record.Kind, me uuid.UUID, teams []uuid.UUID) ([]View, error) {
	return db.Kept(ctx, q, fmt.Sprint("views:", kind, me, teams), func() ([]View, error) {
		rows, _ := q.Query(ctx, `SELECT `+columns+` FROM views WHERE kind = @kind AND `+usable+` ORDER BY lower(name), id LIMIT 60`, db.Args{"kind": kind, "me": me, "teams": teams})
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[View])
		return out, db.Map(err)
	})
}

func (repository) count(ctx context.Context, q db.Querier, me uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM views WHERE owner_id = @me AND NOT deleted`, db.Args{"me": me}).Scan(&n)
	return n, db.Map(err)
}

func (repository) watched(ctx context.Context, q db.Querier, kind record.Kind, after uuid.UUID, limit int) ([]View, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM views WHERE kind = @kind AND alert_above IS NOT NULL AND NOT deleted AND id > @after ORDER BY id LIMIT @limit`,
		db.Args{"kind": kind, "after": after, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[View])
	return out, db.Map(err)
}

func (repository) alerted(ctx context.Context, tx db.Tx, id uuid.UUID, on bool) (bool, error) {
	tag, err := tx.Exec(ctx, `UPDATE views SET alerted = @on WHERE id = @id AND alerted <> @on`, db.Args{"id": id, "on": on})
	return tag.RowsAffected() == 1, err
}

func (repository) display(ctx context.Context, q db.Querier, me uuid.UUID, list string) (d Display, err error) {
	err = q.QueryRow(ctx, `SELECT layout, columns FROM view_displays WHERE person_id = @me AND list = @list`, db.Args{"me": me, "list": list}).Scan(&d.Layout, &d.Columns)
	if err = db.Map(err); fault.Is(err, fault.NotFound) {
		return Display{}, nil
	}
	return d, err
}

func (repository) setDisplay(ctx context.Context, tx db.Tx, me uuid.UUID, list string, d Display, now time.Time) error {
	if d.Columns == nil {
		d.Columns = []string{}
	}
	_, err := tx.Exec(ctx, `INSERT INTO view_displays (person_id, list, layout, columns, updated_at) VALUES (@me, @list, @layout, @columns, @now)
		ON CONFLICT (person_id, list) DO UPDATE SET layout = excluded.layout, columns = excluded.columns, updated_at = excluded.updated_at`,
		db.Args{"me": me, "list": list, "layout": d.Layout, "columns": d.Columns, "now": now})
	return err
}

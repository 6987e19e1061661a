package incident

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// macroRepository is the only code that knows the table of macros.
type macroRepository struct{}

const macroColumns = `id, version, name, steps, owner_id, team_id, deleted, created_at, updated_at`

func macroArgs(m *Macro) db.Args {
	return db.Args{
		"id": m.ID, "version": m.Version, "name": m.Name, "steps": m.Steps, "owner_id": m.OwnerID, "team_id": m.TeamID,
		"deleted": m.Deleted, "created_at": m.CreatedAt, "updated_at": m.UpdatedAt,
	}
}

// Insert queues a new macro.
func (macroRepository) Insert(b *pgx.Batch, m *Macro) {
	b.Queue(`INSERT INTO incident_macros (`+macroColumns+`) VALUES (@id, @version, @name, @steps, @owner_id, @team_id, @deleted, @created_at, @updated_at)`, macroArgs(m))
}

// Update queues the changed macro; its row is locked since ForUpdate.
func (macroRepository) Update(b *pgx.Batch, m *Macro) {
	b.Queue(`UPDATE incident_macros SET version = @version, name = @name, steps = @steps, owner_id = @owner_id, team_id = @team_id, deleted = @deleted,
			created_at = @created_at, updated_at = @updated_at WHERE id = @id`, macroArgs(m))
}

// ForUpdate locks and reads one macro.
func (macroRepository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Macro, error) {
	rows, _ := tx.Query(ctx, `SELECT `+macroColumns+` FROM incident_macros WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Macro])
}

const macroUsable = ` NOT deleted AND (owner_id = @me AND team_id IS NULL OR team_id = ANY(@teams))`

func (macroRepository) get(ctx context.Context, q db.Querier, id, me uuid.UUID, teams []uuid.UUID) (Macro, error) {
	rows, _ := q.Query(ctx, `SELECT `+macroColumns+` FROM incident_macros WHERE id = @id AND `+macroUsable, db.Args{"id": id, "me": me, "teams": teams})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Macro])
	return m, db.Map(err)
}

func (macroRepository) list(ctx context.Context, q db.Querier, me uuid.UUID, teams []uuid.UUID) ([]Macro, error) {
	return db.Kept(ctx, q, fmt.Sprint("incident.macros:", me, teams), func() ([]Macro, error) {
		rows, _ := q.Query(ctx, `SELECT `+macroColumns+` FROM incident_macros WHERE `+macroUsable+` ORDER BY lower(name), id LIMIT 100`, db.Args{"me": me, "teams": teams})
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Macro])
		return out, db.Map(err)
	})
}

func (macroRepository) count(ctx context.Context, q db.Querier, me uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM incident_macros WHERE owner_id = @me AND NOT deleted`, db.Args{"me": me}).Scan(&n)
	return n, db.Map(err)
}

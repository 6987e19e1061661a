package canned

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// repository is the only code that knows the table of ready texts.
type repository struct{}

const columns = `id, version, name, body_zh, body_en, owner_id, team_id, deleted, created_at, updated_at`

func args(t *Text) db.Args {
	return db.Args{
		"id": t.ID, "version": t.Version, "name": t.Name, "body_zh": t.BodyZh, "body_en": t.BodyEn, "owner_id": t.OwnerID, "team_id": t.TeamID,
		"deleted": t.Deleted, "created_at": t.CreatedAt, "updated_at": t.UpdatedAt,
	}
}

// Insert queues a new text.
func (repository) Insert(b *pgx.Batch, t *Text) {
	b.Queue(`INSERT INTO canned_texts (`+columns+`) VALUES (@id, @version, @name, @body_zh, @body_en, @owner_id, @team_id, @deleted, @created_at, @updated_at)`, args(t))
}

// Update queues the changed text; its row is locked since ForUpdate.
func (repository) Update(b *pgx.Batch, t *Text) {
	b.Queue(`UPDATE canned_texts SET version = @version, name = @name, body_zh = @body_zh, body_en = @body_en, owner_id = @owner_id, team_id = @team_id,
			deleted = @deleted, created_at = @created_at, updated_at = @updated_at WHERE id = @id`, args(t))
}

// ForUpdate locks and reads one text.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Text, error) {
	rows, _ := tx.Query(ctx, `SELECT `+columns+` FROM canned_texts WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Text])
}

const usable = ` NOT deleted AND (owner_id = @me AND team_id IS NULL OR team_id = ANY(@teams))`

func (repository) get(ctx context.Context, q db.Querier, id, me uuid.UUID, teams []uuid.UUID) (Text, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM canned_texts WHERE id = @id AND `+usable, db.Args{"id": id, "me": me, "teams": teams})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Text])
	return t, db.Map(err)
}

func (repository) list(ctx context.Context, q db.Querier, me uuid.UUID, teams []uuid.UUID, words string, limit int) ([]Text, error) {
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(words)) + "%"
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM canned_texts WHERE `+usable+` AND (@like = '%%' OR lower(name) LIKE @like OR lower(body_zh) LIKE @like OR lower(body_en) LIKE @like)
		ORDER BY lower(name), id LIMIT @limit`, db.Args{"me": me, "teams": teams, "like": like, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Text])
	return out, db.Map(err)
}

func (repository) count(ctx context.Context, q db.Querier, me uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM canned_texts WHERE owner_id = @me AND NOT deleted`, db.Args{"me": me}).Scan(&n)
	return n, db.Map(err)
}

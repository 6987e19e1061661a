package routing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// settings are the stored settings; nil where none were set.
func (repository) settings(ctx context.Context, q db.Querier) ([]byte, error) {
	var raw []byte
	err := q.QueryRow(ctx, `SELECT (SELECT value FROM settings WHERE name = 'routing')`).Scan(&raw)
	return raw, db.Map(err)
}

func (repository) saveSettings(b *pgx.Batch, v Settings, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, 'routing', @value, @now, @by)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		db.Args{"id": settingsID, "value": v, "now": now, "by": by})
}

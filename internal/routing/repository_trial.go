package routing

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// keepTrial stores the result of a dry run; one that is begun anew after a
// crash replaces it. Results older than a month are forgotten.
func (repository) keepTrial(ctx context.Context, tx db.Tx, id, set uuid.UUID, result any, now time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM routing_trials WHERE at < @before`, db.Args{"before": now.AddDate(0, -1, 0)}); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO routing_trials (id, set_id, result, at) VALUES (@id, @set, @result, @now)
		ON CONFLICT (id) DO UPDATE SET result = excluded.result, at = excluded.at`, db.Args{"id": id, "set": set, "result": result, "now": now})
	return err
}

func (repository) trial(ctx context.Context, q db.Querier, id uuid.UUID) (json.RawMessage, error) {
	var raw json.RawMessage
	err := q.QueryRow(ctx, `SELECT result FROM routing_trials WHERE id = @id`, db.Args{"id": id}).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return raw, db.Map(err)
}

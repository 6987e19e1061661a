package configuration

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// tagged reads what labels show, of the items that are visible, in the order
// given.
func (repository) tagged(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) ([]tagged, error) {
	return many[tagged](ctx, q, v.SQL(`SELECT i.id::text AS id, i.number, i.name, coalesce(i.attributes->>'asset_tag', '') AS asset_tag
		FROM ci_items i JOIN records r ON r.id = i.id WHERE i.id = ANY(@ids) AND `, ` ORDER BY array_position(@ids, i.id)`), plan, v.With(db.Args{"ids": ids}))
}

// idsOf finds items by number, in the order given; access is checked
// afterwards.
func (repository) idsOf(ctx context.Context, q db.Querier, numbers []int64) ([]uuid.UUID, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	rows, _ := q.Query(ctx, `SELECT id FROM ci_items WHERE number = ANY(@numbers::bigint[]) ORDER BY array_position(@numbers::bigint[], number)`, db.Args{"numbers": numbers})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

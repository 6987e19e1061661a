package inspection

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// ofItem lists the last inspections of an item that may be seen, without those
// that were called off because their plan changed.
func (repository) ofItem(ctx context.Context, q db.Querier, v record.Visibility, item uuid.UUID, limit int) ([]Brief, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT `+briefColumns+` FROM inspection_items x JOIN inspections i ON i.id = x.inspection_id JOIN records r ON r.id = i.id
		WHERE x.item_id = @item AND NOT i.superseded AND `, ` ORDER BY x.scheduled_at DESC, x.inspection_id DESC LIMIT @limit`), v.With(db.Args{"item": item, "limit": limit}))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Brief])
	return out, db.Map(err)
}

// course reads what was noted of an item in some inspections, and their
// checklists.
func (repository) course(ctx context.Context, q db.Querier, item uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]map[string]Reading, map[uuid.UUID][]Point, error) {
	readings, points := map[uuid.UUID]map[string]Reading{}, map[uuid.UUID][]Point{}
	rows, _ := q.Query(ctx, `SELECT inspection_id, point, verdict, number, text, note, finding, by_id, at FROM inspection_readings WHERE inspection_id = ANY (@ids::uuid[]) AND item_id = @item`,
		db.Args{"item": item, "ids": ids})
	_, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id uuid.UUID, err error) {
		var r Reading
		var point string
		err = row.Scan(&id, &point, &r.Verdict, &r.Number, &r.Text, &r.Note, &r.Finding, &r.By, &r.At)
		if readings[id] == nil {
			readings[id] = map[string]Reading{}
		}
		readings[id][point] = r
		return id, err
	})
	if err != nil {
		return nil, nil, db.Map(err)
	}
	rows, _ = q.Query(ctx, `SELECT id, points FROM inspections WHERE id = ANY (@ids::uuid[])`, db.Args{"ids": ids})
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (id uuid.UUID, err error) {
		var list []Point
		err = row.Scan(&id, &list)
		points[id] = list
		return id, err
	})
	return readings, points, db.Map(err)
}

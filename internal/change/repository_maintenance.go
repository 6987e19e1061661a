package change

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

const maintenanceColumns = `id, version, name_zh, name_en, binding, nth, weekdays, starts, ends, zone, to_char(valid_from, 'YYYY-MM-DD') AS valid_from,
	coalesce(to_char(valid_until, 'YYYY-MM-DD'), '') AS valid_until, services, items, ended, created_by, created_at, updated_at`

// maintenances is the store of maintenance windows.
type maintenances struct{}

func maintenanceArgs(m *Maintenance) db.Args {
	return db.Args{
		"id": m.ID, "version": m.Version, "name_zh": m.NameZh, "name_en": m.NameEn, "binding": m.Binding, "nth": m.Nth, "weekdays": m.Weekdays, "starts": m.Starts, "ends": m.Ends, "zone": m.Zone,
		"valid_from": m.ValidFrom, "valid_until": m.ValidUntil, "services": nonNil(m.Services), "items": nonNil(m.Items), "ended": m.Ended, "updated_at": m.UpdatedAt,
	}
}

// Insert queues a new window.
func (maintenances) Insert(b *pgx.Batch, m *Maintenance) {
	args := maintenanceArgs(m)
	args["created_by"], args["created_at"] = m.CreatedBy, m.CreatedAt
	b.Queue(`INSERT INTO change_maintenance (id, version, name_zh, name_en, binding, nth, weekdays, starts, ends, zone, valid_from, valid_until, services, items, ended, created_by, created_at, updated_at)
		VALUES (@id, @version, @name_zh, @name_en, @binding, @nth, @weekdays, @starts, @ends, @zone, @valid_from::text::date, nullif(@valid_until::text, '')::date, @services, @items, @ended, @created_by, @created_at, @updated_at)`, args)
}

// Update queues the changed window.
func (maintenances) Update(b *pgx.Batch, m *Maintenance) {
	b.Queue(`UPDATE change_maintenance SET version = @version, name_zh = @name_zh, name_en = @name_en, binding = @binding, nth = @nth, weekdays = @weekdays, starts = @starts, ends = @ends, zone = @zone,
		valid_from = @valid_from::text::date, valid_until = nullif(@valid_until::text, '')::date, services = @services, items = @items, ended = @ended, updated_at = @updated_at
		WHERE id = @id AND version = @version - 1`, maintenanceArgs(m))
}

// ForUpdate locks and reads one window.
func (maintenances) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Maintenance, error) {
	rows, _ := tx.Query(ctx, `SELECT `+maintenanceColumns+` FROM change_maintenance WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Maintenance])
}

// all are the windows that were not ended, by name: at most maxMaintenance. Every
// page of a change needs them, so they are kept.
func (maintenances) all(ctx context.Context, q db.Querier) ([]Maintenance, error) {
	return db.Kept(ctx, q, "change.maintenance", func() ([]Maintenance, error) {
		rows, _ := q.Query(ctx, `SELECT `+maintenanceColumns+` FROM change_maintenance WHERE NOT ended ORDER BY name_zh, id LIMIT @limit`, db.Args{"limit": maxMaintenance})
		out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Maintenance])
		return out, db.Map(err)
	})
}

// servicesOf are the services of some items.
func (maintenances) servicesOf(ctx context.Context, q db.Querier, items []uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT service_id FROM ci_items WHERE id = ANY(@items::uuid[]) AND service_id IS NOT NULL`, db.Args{"items": nonNil(items)})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// excepted is why a change may be made outside of a window, and who said so.
type excepted struct {
	Reason string    `db:"reason"`
	By     uuid.UUID `db:"by_id"`
}

// exceptions are those of a change, for the window, the items and the service that
// it has now.
func (maintenances) exceptions(ctx context.Context, q db.Querier, c Change) (map[uuid.UUID]excepted, error) {
	rows, _ := q.Query(ctx, `SELECT maintenance_id, reason, by_id FROM change_maintenance_exceptions WHERE change_id = @id AND from_at = @from AND to_at = @to AND about = @about`,
		db.Args{"id": c.ID, "from": c.WindowFrom, "to": c.WindowTo, "about": c.about()})
	out := map[uuid.UUID]excepted{}
	var id uuid.UUID
	var x excepted
	_, err := pgx.ForEachRow(rows, []any{&id, &x.Reason, &x.By}, func() error { out[id] = x; return nil })
	return out, db.Map(err)
}

func (maintenances) except(b *pgx.Batch, window uuid.UUID, c Change, by uuid.UUID, reason string, now time.Time) {
	b.Queue(`INSERT INTO change_maintenance_exceptions (maintenance_id, change_id, from_at, to_at, about, reason, by_id, at) VALUES (@window, @change, @from, @to, @about, @reason, @by, @now) ON CONFLICT DO NOTHING`,
		db.Args{"window": window, "change": c.ID, "from": c.WindowFrom, "to": c.WindowTo, "about": c.about(), "reason": reason, "by": by, "now": now})
}

package sla

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// repository is the only code that knows the tables of this package.
type repository struct{}

// calendarStore lets package work keep calendars.
type calendarStore struct{}

const calendarColumns = `id, version, name_zh, name_en, timeline, is_default, active, created_at, updated_at`

func (c *CalendarRecord) args() db.Args {
	return db.Args{
		"id": c.ID, "version": c.Version, "name_zh": c.NameZh, "name_en": c.NameEn, "timeline": c.Timeline, "is_default": c.Default, "active": c.Active,
		"created_at": c.CreatedAt, "updated_at": c.UpdatedAt,
	}
}

// Insert queues a new calendar.
func (calendarStore) Insert(b *pgx.Batch, c *CalendarRecord) {
	undefault(b, c)
	b.Queue(`INSERT INTO sla_calendars (`+calendarColumns+`)
		VALUES (@id, @version, @name_zh, @name_en, @timeline, @is_default, @active, @created_at, @updated_at)`, c.args())
	bump(b)
}

// Update queues the changed calendar.
func (calendarStore) Update(b *pgx.Batch, c *CalendarRecord) {
	undefault(b, c)
	b.Queue(`UPDATE sla_calendars SET version = @version, name_zh = @name_zh, name_en = @name_en, timeline = @timeline, is_default = @is_default,
		active = @active, created_at = @created_at, updated_at = @updated_at WHERE id = @id AND version = @version - 1`, c.args())
	bump(b)
}

// undefault: there is one default calendar.
func undefault(b *pgx.Batch, c *CalendarRecord) {
	if c.Default {
		b.Queue(`UPDATE sla_calendars SET is_default = false, version = version + 1, updated_at = @now WHERE is_default AND id <> @id`, db.Args{"id": c.ID, "now": c.UpdatedAt})
	}
}

// bump says that calendars or agreements are others now.
func bump(b *pgx.Batch) { b.Queue(`UPDATE sla_revision SET n = n + 1`) }

// ForUpdate locks and reads one calendar.
func (calendarStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (CalendarRecord, error) {
	rows, _ := tx.Query(ctx, `SELECT `+calendarColumns+` FROM sla_calendars WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[CalendarRecord])
}

// calendars reads all calendars, at most 200: a company has few.
func (repository) calendars(ctx context.Context, q db.Querier) ([]CalendarRecord, error) {
	rows, _ := q.Query(ctx, `SELECT `+calendarColumns+` FROM sla_calendars ORDER BY active DESC, is_default DESC, name_zh, id LIMIT 200`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[CalendarRecord])
	return out, db.Map(err)
}

func (repository) calendar(ctx context.Context, q db.Querier, id uuid.UUID) (CalendarRecord, error) {
	rows, _ := q.Query(ctx, `SELECT `+calendarColumns+` FROM sla_calendars WHERE id = @id`, db.Args{"id": id})
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[CalendarRecord])
	return c, db.Map(err)
}

func (repository) revision(ctx context.Context, q db.Querier) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT n FROM sla_revision`).Scan(&n)
	return n, db.Map(err)
}

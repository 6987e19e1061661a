package change

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const freezeColumns = `id, version, name_zh, name_en, hard, service_id, from_at, to_at, reason, lifted, created_by, created_at, updated_at`

// freezes is the store of freezes.
type freezes struct{}

func freezeArgs(f *Freeze) db.Args {
	return db.Args{
		"id": f.ID, "version": f.Version, "name_zh": f.NameZh, "name_en": f.NameEn, "hard": f.Hard, "service_id": f.ServiceID, "from_at": f.From, "to_at": f.To, "reason": f.Reason,
		"lifted": f.Lifted, "created_by": f.CreatedBy, "created_at": f.CreatedAt, "updated_at": f.UpdatedAt,
	}
}

// Insert queues a new freeze.
func (freezes) Insert(b *pgx.Batch, f *Freeze) {
	b.Queue(`INSERT INTO change_freezes (`+freezeColumns+`) VALUES (@id, @version, @name_zh, @name_en, @hard, @service_id, @from_at, @to_at, @reason, @lifted, @created_by, @created_at, @updated_at)`, freezeArgs(f))
}

// Update queues the changed freeze.
func (freezes) Update(b *pgx.Batch, f *Freeze) {
	b.Queue(`UPDATE change_freezes SET version = @version, lifted = @lifted, updated_at = @updated_at WHERE id = @id AND version = @version - 1`,
		db.Args{"id": f.ID, "version": f.Version, "lifted": f.Lifted, "updated_at": f.UpdatedAt})
}

// ForUpdate locks and reads one freeze.
func (freezes) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Freeze, error) {
	rows, _ := tx.Query(ctx, `SELECT `+freezeColumns+` FROM change_freezes WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Freeze])
}

// between lists the freezes in a span, at most one more than maxFreezes.
func (freezes) between(ctx context.Context, q db.Querier, from, to time.Time) ([]Freeze, error) {
	rows, _ := q.Query(ctx, `SELECT `+freezeColumns+` FROM change_freezes WHERE NOT lifted AND to_at > @from AND from_at < @to ORDER BY from_at, id LIMIT @limit`, db.Args{"from": from, "to": to, "limit": maxFreezes + 1})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Freeze])
	return out, db.Map(err)
}

// covering lists the freezes that cover the window of a change: of everything,
// of its service, and of the services of its items.
func (freezes) covering(ctx context.Context, q db.Querier, c Change) ([]Covering, error) {
	rows, _ := q.Query(ctx, `SELECT f.id, f.version, f.name_zh, f.name_en, f.hard, f.service_id, f.from_at, f.to_at, f.reason, f.lifted, f.created_by, f.created_at, f.updated_at,
			coalesce(x.reason, '') AS excepted, x.by_id
		FROM change_freezes f LEFT JOIN change_freeze_exceptions x ON x.freeze_id = f.id AND x.change_id = @id
		WHERE NOT f.lifted AND f.to_at > @from AND f.from_at < @to
			AND (f.service_id IS NULL OR f.service_id = @service::uuid OR f.service_id IN (SELECT i.service_id FROM ci_items i WHERE i.id = ANY(@items::uuid[])))
		ORDER BY f.from_at, f.id LIMIT 50`, db.Args{"id": c.ID, "from": c.WindowFrom, "to": c.WindowTo, "service": c.ServiceID, "items": nonNil(c.Items)})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Covering])
	return out, db.Map(err)
}

func (freezes) except(b *pgx.Batch, freeze, change, by uuid.UUID, reason string, now time.Time) {
	b.Queue(`INSERT INTO change_freeze_exceptions (freeze_id, change_id, reason, by_id, at) VALUES (@freeze, @change, @reason, @by, @now) ON CONFLICT DO NOTHING`,
		db.Args{"freeze": freeze, "change": change, "reason": reason, "by": by, "now": now})
}

// Slot is a change in the calendar.
type Slot struct {
	ID     uuid.UUID `db:"id" json:"id"`
	Number string    `db:"number" json:"number"`
	Title  string    `db:"title" json:"title"`
	State  State     `db:"state" json:"state"`
	Type   Type      `db:"type" json:"type"`
	Risk   Level     `db:"risk" json:"risk"`
	From   time.Time `db:"window_from" json:"from"`
	To     time.Time `db:"window_to" json:"to"`
	OnHold bool      `db:"on_hold" json:"on_hold"`
	// Version is the one that a move of the window speaks of.
	Version int        `db:"version" json:"version"`
	Serves  *uuid.UUID `db:"service_id" json:"service_id"`
}

// slots lists the changes of a span that may be seen, at most maxSlots, by
// when they begin. Windows last 31 days at most, so the index on their begin
// bounds what is read.
func (repository) slots(ctx context.Context, q db.Querier, v record.Visibility, s Span) ([]Slot, error) {
	cond, args := "", db.Args{"from": s.From, "to": s.To, "limit": maxSlots + 1}
	if s.Service != nil {
		cond, args["service"] = " AND c.service_id = @service", *s.Service
	}
	if s.Item != nil {
		cond, args["item"] = cond+" AND c.items @> ARRAY[@item::uuid]", *s.Item
	}
	rows, _ := q.Query(ctx, v.SQL(`SELECT c.id, r.number, c.title, c.state, c.type, c.risk, c.window_from, c.window_to, c.on_hold, c.version, c.service_id
		FROM changes c JOIN records r ON r.id = c.id
		WHERE c.window_from IS NOT NULL AND c.window_from < @to AND c.window_from > @from::timestamptz - interval '31 days' AND c.window_to > @from AND c.state <> 'cancelled'`+cond+` AND `,
		` ORDER BY c.window_from, c.id LIMIT @limit`), v.With(args))
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Slot])
	return out, db.Map(err)
}

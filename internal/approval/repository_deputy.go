package approval

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

const deputyColumns = `id, version, person_id, deputy_id, begins_at, ends_at, reason, begun, ended, created_at, updated_at`

// deputiesOf maps people to their deputies at an instant.
func (repository) deputiesOf(ctx context.Context, q db.Querier, people []uuid.UUID, now time.Time) (map[uuid.UUID][]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT person_id, deputy_id FROM deputies WHERE person_id = ANY(@people) AND begins_at <= @now AND ends_at > @now AND NOT ended ORDER BY begins_at, id`,
		db.Args{"people": people, "now": now})
	out := map[uuid.UUID][]uuid.UUID{}
	var p, d uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&p, &d}, func() error { out[p] = append(out[p], d); return nil })
	return out, db.Map(err)
}

// Insert, ForUpdate and Update make the repository a store of deputies.
func (repository) Insert(b *pgx.Batch, d *Deputy) {
	b.Queue(`INSERT INTO deputies (`+deputyColumns+`) VALUES (@id, @version, @person, @deputy, @begins, @ends, @reason, @begun, @ended, @created, @updated)`, d.args())
}

// Update saves what can change of an appointment: that it is over.
func (repository) Update(b *pgx.Batch, d *Deputy) {
	b.Queue(`UPDATE deputies SET version = @version, ended = @ended, updated_at = @updated WHERE id = @id`,
		db.Args{"id": d.ID, "version": d.Version, "ended": d.Ended, "updated": d.UpdatedAt})
}

// ForUpdate locks an appointment.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Deputy, error) {
	rows, _ := tx.Query(ctx, `SELECT `+deputyColumns+` FROM deputies WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Deputy])
	return d, db.Map(err)
}

func (d *Deputy) args() db.Args {
	return db.Args{
		"id": d.ID, "version": d.Version, "person": d.PersonID, "deputy": d.DeputyID, "begins": d.BeginsAt, "ends": d.EndsAt, "reason": d.Reason,
		"begun": d.Begun, "ended": d.Ended, "created": d.CreatedAt, "updated": d.UpdatedAt,
	}
}

// overlaps reports whether the person has another deputy in the same days.
func (repository) overlaps(ctx context.Context, q db.Querier, d Deputy) (yes bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM deputies WHERE person_id = @person AND NOT ended AND begins_at < @ends AND ends_at > @begins)`,
		db.Args{"person": d.PersonID, "begins": d.BeginsAt, "ends": d.EndsAt}).Scan(&yes)
	return yes, db.Map(err)
}

func (repository) appointed(ctx context.Context, q db.Querier, person uuid.UUID) ([]Deputy, error) {
	rows, _ := q.Query(ctx, `SELECT `+deputyColumns+` FROM deputies WHERE person_id = @person ORDER BY begins_at DESC, id DESC LIMIT 50`, db.Args{"person": person})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Deputy])
	return out, db.Map(err)
}

func (repository) standsFor(ctx context.Context, q db.Querier, deputy uuid.UUID, now time.Time) ([]Deputy, error) {
	rows, _ := q.Query(ctx, `SELECT `+deputyColumns+` FROM deputies WHERE deputy_id = @deputy AND ends_at > @now AND NOT ended ORDER BY begins_at, id LIMIT 50`, db.Args{"deputy": deputy, "now": now})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Deputy])
	return out, db.Map(err)
}

const (
	lookNow = `UPDATE approvals SET look_at = @now WHERE status = 'open' AND id IN (SELECT s.approval_id FROM record_waits w JOIN approval_seats s ON s.id = w.source_id WHERE w.person_id = @person)`
	dismiss = `WITH seats AS (SELECT id FROM approval_seats WHERE person_id = @person), gone AS (DELETE FROM record_waits WHERE person_id = @deputy AND source_id IN (SELECT id FROM seats))
		DELETE FROM record_participants WHERE person_id = @deputy AND source_id IN (SELECT id FROM seats)`
)

// lookNow has the desk look after what waits for a person, which gives it to
// their deputy too.
func (repository) lookNow(b *pgx.Batch, person uuid.UUID, now time.Time) {
	b.Queue(lookNow, db.Args{"person": person, "now": now})
}

// dismiss takes from a deputy what waited for the person they stood for.
func (repository) dismiss(b *pgx.Batch, person, deputy uuid.UUID) {
	b.Queue(dismiss, db.Args{"person": person, "deputy": deputy})
}

// turn begins and ends what is due, all of it.
func (r repository) turn(ctx context.Context, tx db.Tx, now time.Time) error {
	rows, _ := tx.Query(ctx, `SELECT `+deputyColumns+` FROM deputies WHERE NOT ended AND (begins_at <= @now AND NOT begun OR ends_at <= @now) FOR UPDATE`, db.Args{"now": now})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Deputy])
	if err != nil || len(list) == 0 {
		return err
	}
	b := &pgx.Batch{}
	for _, d := range list {
		if !d.EndsAt.After(now) {
			b.Queue(`UPDATE deputies SET ended = true, version = version + 1, updated_at = @now WHERE id = @id`, db.Args{"id": d.ID, "now": now})
			r.dismiss(b, d.PersonID, d.DeputyID)
			continue
		}
		b.Queue(`UPDATE deputies SET begun = true, version = version + 1, updated_at = @now WHERE id = @id`, db.Args{"id": d.ID, "now": now})
		r.lookNow(b, d.PersonID, now)
	}
	return tx.SendBatch(ctx, b).Close()
}

// due lists running processes that the desk should look after.
func (repository) due(ctx context.Context, q db.Querier, now time.Time, limit int) ([]uuid.UUID, error) {
	return list(ctx, q, `SELECT id FROM approvals WHERE status = 'open' AND look_at <= @now ORDER BY look_at LIMIT @limit`, db.Args{"now": now, "limit": limit})
}

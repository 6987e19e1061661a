package notify

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

func (repository) habits(ctx context.Context, q db.Querier, person uuid.UUID) (Habits, error) {
	var h Habits
	err := q.QueryRow(ctx, `SELECT habits FROM notification_habits WHERE person_id = @person`, db.Args{"person": person}).Scan(&h)
	if errors.Is(err, pgx.ErrNoRows) {
		return Habits{}, nil
	}
	return h, db.Map(err)
}

func (repository) setHabits(b *pgx.Batch, person uuid.UUID, h Habits, now time.Time) {
	b.Queue(`INSERT INTO notification_habits (person_id, habits, updated_at) VALUES (@person, @habits, @now)
		ON CONFLICT (person_id) DO UPDATE SET habits = excluded.habits, updated_at = excluded.updated_at`, db.Args{"person": person, "habits": h, "now": now})
}

// waiting locks mails of a state that are due, of one person where asked; those
// that another process has locked are its own.
func (repository) waiting(ctx context.Context, tx db.Tx, state string, person uuid.UUID, now time.Time, limit int) ([]heldMail, error) {
	rows, _ := tx.Query(ctx, `SELECT `+mailColumns+`, event, audience, kind, record_id, number, title, actor_name FROM outbox
		WHERE state = @state AND due_at <= @now AND (@person = '00000000-0000-0000-0000-000000000000'::uuid OR person_id = @person)
		ORDER BY due_at, created_at, id LIMIT @limit FOR UPDATE SKIP LOCKED`, db.Args{"state": state, "person": person, "now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[heldMail])
	return out, db.Map(err)
}

// nextDigest finds a person whose digest is due; the zero id for nobody. The
// row it is found by stays locked, so that one process makes it.
func (repository) nextDigest(ctx context.Context, tx db.Tx, now time.Time) (uuid.UUID, error) {
	rows, _ := tx.Query(ctx, `SELECT person_id FROM outbox WHERE state = 'digest' AND due_at <= @now ORDER BY due_at, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`, db.Args{"now": now})
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return uuid.Nil, db.Map(err)
	}
	return ids[0], nil
}

// settle says what became of a held mail; empty texts stay as they are.
func (repository) settle(b *pgx.Batch, id uuid.UUID, state, subject, body string, now time.Time) {
	b.Queue(`UPDATE outbox SET state = @state, subject = CASE WHEN @subject = '' THEN subject ELSE @subject END, body = CASE WHEN @body = '' THEN body ELSE @body END,
			updated_at = @now, version = version + 1 WHERE id = @id`, db.Args{"id": id, "state": state, "subject": subject, "body": body, "now": now})
}

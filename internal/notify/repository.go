package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// repository is the only code that knows notifications and outbox.
type repository struct{}

// Cursor is the place after the last row shown.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

func (c *Cursor) args() (*time.Time, *uuid.UUID) {
	if c == nil {
		return nil, nil
	}
	return &c.At, &c.ID
}

func (repository) notify(b *pgx.Batch, n Notification, event, person uuid.UUID) {
	b.Queue(`INSERT INTO notifications (id, person_id, event_id, event, audience, kind, record_id, number, title, actor_name, created_at, shown_at)
		VALUES (@id, @person, @event_id, @event, @audience, @kind, @record, @number, @title, @actor, @at, @at) ON CONFLICT DO NOTHING`,
		db.Args{
			"id": n.ID, "person": person, "event_id": event, "event": n.Event, "audience": n.Audience, "kind": n.Kind, "record": n.RecordID,
			"number": n.Number, "title": n.Title, "actor": n.ActorName, "at": n.CreatedAt,
		})
}

func (repository) post(ctx context.Context, tx db.Tx, m Mail, dedupe string) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO outbox (id, person_id, dedupe, address, subject, body, thread, secret, state, created_at, updated_at, due_at, event, audience, kind, record_id, number, title, actor_name)
		VALUES (@id, @person, @dedupe, @address, @subject, @body, @thread, @secret, @state, @now, @now, @due, @event, @audience, @kind, @record, @number, @title, @actor) ON CONFLICT DO NOTHING`,
		db.Args{
			"id": m.ID, "person": m.PersonID, "dedupe": dedupe, "address": m.Address, "subject": m.Subject, "body": m.Body, "thread": m.Thread,
			"secret": m.Secret, "state": m.State, "now": m.CreatedAt, "due": m.DueAt, "event": m.about.event, "audience": m.about.audience, "kind": m.about.kind,
			"record": m.about.record, "number": m.about.number, "title": m.about.title, "actor": m.about.actor,
		})
	return tag.RowsAffected() == 1, err
}

const mailColumns = `id, person_id, address, subject, body, thread, secret, state, attempts, last_error, created_at, sent_at, due_at`

func (repository) mail(ctx context.Context, q db.Querier, id uuid.UUID) (Mail, error) {
	rows, _ := q.Query(ctx, `SELECT `+mailColumns+` FROM outbox WHERE id = @id`, db.Args{"id": id})
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Mail])
	return m, db.Map(err)
}

// mark notes how an attempt went; the text of a secret mail is forgotten once
// it is sent.
func (repository) mark(ctx context.Context, tx db.Tx, id uuid.UUID, state, problem string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE outbox SET state = @state, attempts = attempts + 1, last_error = left(@problem, 1000), updated_at = @now, version = version + 1,
			sent_at = CASE WHEN @state = 'sent' THEN @now::timestamptz ELSE sent_at END, body = CASE WHEN secret AND @state = 'sent' THEN '' ELSE body END
		WHERE id = @id`, db.Args{"id": id, "state": state, "problem": problem, "now": now})
	return err
}

func (repository) requeue(ctx context.Context, tx db.Tx, id uuid.UUID, now time.Time) error {
	tag, err := tx.Exec(ctx, `UPDATE outbox SET state = 'queued', updated_at = @now, version = version + 1 WHERE id = @id AND state IN ('held', 'failed')`, db.Args{"id": id, "now": now})
	if err == nil && tag.RowsAffected() == 0 {
		return pgx.ErrNoRows
	}
	return err
}

func (repository) read(ctx context.Context, tx db.Tx, person uuid.UUID, ids []uuid.UUID, about uuid.UUID, now time.Time) (int64, error) {
	tag, err := tx.Exec(ctx, `UPDATE notifications SET read_at = @now WHERE person_id = @person AND read_at IS NULL
			AND (cardinality(@ids::uuid[]) = 0 OR id = ANY(@ids)) AND (@about = '00000000-0000-0000-0000-000000000000'::uuid OR record_id = @about)`,
		db.Args{"person": person, "ids": nonNil(ids), "about": about, "now": now})
	return tag.RowsAffected(), err
}

func (repository) unreadAbout(person, about uuid.UUID, to *int) db.Part {
	return db.Part{SQL: `SELECT count(*) FROM notifications WHERE person_id = @person AND read_at IS NULL AND record_id = @about`, Args: db.Args{"person": person, "about": about}, To: to}
}

func nonNil(ids []uuid.UUID) []uuid.UUID {
	if ids == nil {
		return []uuid.UUID{}
	}
	return ids
}

func (repository) outbox(ctx context.Context, q db.Querier, state string, after *Cursor, limit int) ([]Mail, error) {
	at, id := after.args()
	rows, _ := q.Query(ctx, `SELECT `+mailColumns+` FROM outbox
		WHERE (@state = '' OR state = @state) AND (@at::timestamptz IS NULL OR (created_at, id) < (@at, @id::uuid))
		ORDER BY created_at DESC, id DESC LIMIT @limit`, db.Args{"state": state, "at": at, "id": id, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Mail])
	return out, db.Map(err)
}

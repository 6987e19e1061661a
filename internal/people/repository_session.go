package people

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// access is the only code that knows sessions, tokens, links and credentials.
type access struct{}

type credential struct {
	PersonID    uuid.UUID  `db:"person_id"`
	Hash        string     `db:"hash"`
	LockedUntil *time.Time `db:"locked_until"`
	MustChange  bool       `db:"must_change"`
	ChangedAt   time.Time  `db:"changed_at"`
}

func (access) credential(ctx context.Context, q db.Querier, username string) (credential, error) {
	rows, _ := q.Query(ctx, `SELECT c.* FROM credentials c JOIN people p ON p.id = c.person_id AND p.active WHERE lower(p.username) = lower(@name)`, db.Args{"name": username})
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[credential])
	return c, db.Map(err)
}

func (access) credentialOf(ctx context.Context, q db.Querier, person uuid.UUID) (credential, error) {
	rows, _ := q.Query(ctx, `SELECT * FROM credentials WHERE person_id = @person`, db.Args{"person": person})
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[credential])
	return c, db.Map(err)
}

func (access) setPassword(b *pgx.Batch, person uuid.UUID, hash string, now time.Time) {
	b.Queue(`INSERT INTO credentials (person_id, hash, changed_at) VALUES (@person, @hash, @now)
		ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at, must_change = false, locked_until = NULL`,
		db.Args{"person": person, "hash": hash, "now": now})
}

// failures counts failed sign-ins of a bucket since an instant.
func (access) failures(ctx context.Context, q db.Querier, bucket string, since time.Time) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM sign_in_failures WHERE bucket = @bucket AND at > @since`, db.Args{"bucket": bucket, "since": since}).Scan(&n)
	return n, err
}

func (access) failed(b *pgx.Batch, now time.Time, buckets ...string) {
	b.Queue(`INSERT INTO sign_in_failures (bucket, at) SELECT unnest(@buckets::text[]), @now`, db.Args{"buckets": buckets, "now": now})
}

func (access) lock(b *pgx.Batch, person uuid.UUID, until time.Time) {
	b.Queue(`UPDATE credentials SET locked_until = @until WHERE person_id = @person`, db.Args{"person": person, "until": until})
}

func (access) forgive(b *pgx.Batch, bucket string) {
	b.Queue(`DELETE FROM sign_in_failures WHERE bucket = @bucket`, db.Args{"bucket": bucket})
}

func (access) open(b *pgx.Batch, hash []byte, s Session) {
	b.Queue(`INSERT INTO sessions (token_hash, id, person_id, created_at, last_seen_at, expires_at, ip, user_agent)
		VALUES (@hash, @id, @person, @created, @created, @expires, @ip, @agent)`,
		db.Args{"hash": hash, "id": s.ID, "person": s.PersonID, "created": s.CreatedAt, "expires": s.ExpiresAt, "ip": s.IP, "agent": s.UserAgent})
}

// keepNewest ends all but the newest sessions of a person.
func (access) keepNewest(b *pgx.Batch, person uuid.UUID, n int) {
	b.Queue(`DELETE FROM sessions WHERE person_id = @person AND token_hash NOT IN (SELECT token_hash FROM sessions WHERE person_id = @person ORDER BY created_at DESC LIMIT @n)`,
		db.Args{"person": person, "n": n})
}

func (access) endToken(b *pgx.Batch, hash []byte) {
	b.Queue(`DELETE FROM sessions WHERE token_hash = @hash`, db.Args{"hash": hash})
}

func (access) endAll(b *pgx.Batch, person uuid.UUID) {
	b.Queue(`DELETE FROM sessions WHERE person_id = @person`, db.Args{"person": person})
}

func (access) end(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`DELETE FROM sessions WHERE id = @id`, db.Args{"id": id})
}

func (access) sessions(ctx context.Context, q db.Querier, person uuid.UUID) ([]Session, error) {
	rows, _ := q.Query(ctx, `SELECT id, person_id, created_at, last_seen_at, expires_at, ip, user_agent, substr(encode(token_hash, 'hex'), 1, 12) AS hash
		FROM sessions WHERE person_id = @person ORDER BY created_at DESC LIMIT 50`, db.Args{"person": person})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Session])
	return out, db.Map(err)
}

func (access) session(ctx context.Context, q db.Querier, id uuid.UUID) (Session, error) {
	rows, _ := q.Query(ctx, `SELECT id, person_id, created_at, last_seen_at, expires_at, ip, user_agent, substr(encode(token_hash, 'hex'), 1, 12) AS hash
		FROM sessions WHERE id = @id`, db.Args{"id": id})
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Session])
	return s, db.Map(err)
}

func (access) link(b *pgx.Batch, hash []byte, purpose string, person *uuid.UUID, now, until time.Time) {
	b.Queue(`INSERT INTO one_time_links (token_hash, purpose, person_id, created_at, expires_at) VALUES (@hash, @purpose, @person, @now, @until)`,
		db.Args{"hash": hash, "purpose": purpose, "person": person, "now": now, "until": until})
}

func (access) dropLinks(b *pgx.Batch, purpose string, person *uuid.UUID) {
	b.Queue(`DELETE FROM one_time_links WHERE purpose = @purpose AND person_id IS NOT DISTINCT FROM @person::uuid`, db.Args{"purpose": purpose, "person": person})
}

// takeLink locks a link that is still good; a used or expired one is NotFound.
func (access) takeLink(ctx context.Context, tx db.Tx, hash []byte, purpose string, now time.Time) (person *uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `UPDATE one_time_links SET used_at = @now WHERE token_hash = @hash AND purpose = @purpose AND used_at IS NULL AND expires_at > @now RETURNING person_id`,
		db.Args{"hash": hash, "purpose": purpose, "now": now}).Scan(&person)
	return person, db.Map(err)
}

func (access) goodLink(ctx context.Context, q db.Querier, hash []byte, purpose string, now time.Time) (ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM one_time_links WHERE token_hash = @hash AND purpose = @purpose AND used_at IS NULL AND expires_at > @now)`,
		db.Args{"hash": hash, "purpose": purpose, "now": now}).Scan(&ok)
	return ok, db.Map(err)
}

func (access) tokens(ctx context.Context, q db.Querier, person uuid.UUID) ([]Token, error) {
	rows, _ := q.Query(ctx, `SELECT id, person_id, name, created_at, expires_at, last_used_at, revoked_at FROM api_tokens WHERE person_id = @person ORDER BY created_at DESC LIMIT 100`, db.Args{"person": person})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Token])
	return out, db.Map(err)
}

func (access) addToken(b *pgx.Batch, t Token, hash []byte) {
	b.Queue(`INSERT INTO api_tokens (id, token_hash, person_id, name, created_at, updated_at, expires_at) VALUES (@id, @hash, @person, @name, @now, @now, @until)`,
		db.Args{"id": t.ID, "hash": hash, "person": t.PersonID, "name": t.Name, "now": t.CreatedAt, "until": t.ExpiresAt})
}

func (access) revoke(ctx context.Context, tx db.Tx, id, person uuid.UUID, now time.Time) error {
	tag, err := tx.Exec(ctx, `UPDATE api_tokens SET revoked_at = @now, updated_at = @now WHERE id = @id AND person_id = @person AND revoked_at IS NULL`, db.Args{"id": id, "person": person, "now": now})
	if err == nil && tag.RowsAffected() == 0 {
		return pgx.ErrNoRows
	}
	return err
}

func (access) prune(ctx context.Context, tx db.Tx, now time.Time) error {
	var b pgx.Batch
	b.Queue(`DELETE FROM sessions WHERE expires_at < @now`, db.Args{"now": now})
	b.Queue(`DELETE FROM one_time_links WHERE expires_at < @before`, db.Args{"before": now.Add(-7 * 24 * time.Hour)})
	b.Queue(`DELETE FROM sign_in_failures WHERE at < @before`, db.Args{"before": now.Add(-24 * time.Hour)})
	b.Queue(`DELETE FROM idempotency_keys WHERE created_at < @before`, db.Args{"before": now.Add(-72 * time.Hour)})
	return tx.SendBatch(ctx, &b).Close()
}

func (access) endOthers(b *pgx.Batch, person uuid.UUID, keep []byte) {
	b.Queue(`DELETE FROM sessions WHERE person_id = @person AND token_hash <> @keep`, db.Args{"person": person, "keep": keep})
}

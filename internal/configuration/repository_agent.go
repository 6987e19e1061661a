package configuration

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Token is what lets agents report, without its secret.
type Token struct {
	ID         uuid.UUID  `db:"id" json:"id"`
	Name       string     `db:"name" json:"name"`
	CreatedAt  time.Time  `db:"created_at" json:"created_at"`
	LastUsedAt *time.Time `db:"last_used_at" json:"last_used_at"`
	RevokedAt  *time.Time `db:"revoked_at" json:"revoked_at"`
}

const tokenColumns = `id, name, created_at, last_used_at, revoked_at`

func (repository) tokens(ctx context.Context, q db.Querier) ([]Token, error) {
	return many[Token](ctx, q, `SELECT `+tokenColumns+` FROM ci_agent_tokens ORDER BY revoked_at IS NOT NULL, created_at DESC LIMIT 500`)
}

func (repository) addToken(b *pgx.Batch, t Token, hash []byte, by uuid.UUID) {
	b.Queue(`INSERT INTO ci_agent_tokens (id, name, token_hash, created_by, created_at) VALUES (@id, @name, @hash, @by, @now)`,
		db.Args{"id": t.ID, "name": t.Name, "hash": hash, "by": by, "now": t.CreatedAt})
}

// lockToken locks and reads a token; NotFound where there is none.
func (repository) lockToken(ctx context.Context, tx db.Tx, id uuid.UUID) (Token, error) {
	return single[Token](ctx, tx, `SELECT `+tokenColumns+` FROM ci_agent_tokens WHERE id = @id FOR UPDATE`, db.Args{"id": id})
}

func (repository) revokeToken(b *pgx.Batch, id uuid.UUID, now time.Time) {
	b.Queue(`UPDATE ci_agent_tokens SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL`, db.Args{"id": id, "now": now})
}

// tokenOf finds the token that a secret is, if it is in force.
func (repository) tokenOf(ctx context.Context, q db.Querier, hash []byte) (Token, error) {
	return single[Token](ctx, q, `SELECT `+tokenColumns+` FROM ci_agent_tokens WHERE token_hash = @hash AND revoked_at IS NULL`, db.Args{"hash": hash})
}

func (repository) tokenUsed(b *pgx.Batch, id uuid.UUID, now time.Time) {
	b.Queue(`UPDATE ci_agent_tokens SET last_used_at = @now WHERE id = @id`, db.Args{"id": id, "now": now})
}

// partsNow reads the parts of one kind that an item has.
func (repository) partsNow(ctx context.Context, q db.Querier, item uuid.UUID, kind string) (map[string]string, error) {
	rows, _ := q.Query(ctx, `SELECT key, detail FROM ci_parts WHERE item_id = @item AND kind = @kind AND ended_at IS NULL`, db.Args{"item": item, "kind": kind})
	out := map[string]string{}
	var k, d string
	_, err := pgx.ForEachRow(rows, []any{&k, &d}, func() error { out[k] = d; return nil })
	return out, db.Map(err)
}

// changeParts queues the end of some parts and the beginning of others.
func (repository) changeParts(b *pgx.Batch, item uuid.UUID, kind string, end []string, begin []Part, now time.Time) {
	if len(end) > 0 {
		b.Queue(`UPDATE ci_parts SET ended_at = @now WHERE item_id = @item AND kind = @kind AND ended_at IS NULL AND key = ANY(@keys)`, db.Args{"item": item, "kind": kind, "keys": end, "now": now})
	}
	if len(begin) == 0 {
		return
	}
	keys, details := make([]string, len(begin)), make([]string, len(begin))
	for n, p := range begin {
		keys[n], details[n] = p.Key, p.Detail
	}
	b.Queue(`INSERT INTO ci_parts (item_id, kind, key, detail, since) SELECT @item, @kind, k, d, @now FROM unnest(@keys::text[], @details::text[]) x (k, d)`,
		db.Args{"item": item, "kind": kind, "keys": keys, "details": details, "now": now})
}

// cards queues the addresses of an item's network cards.
func (repository) cards(b *pgx.Batch, item uuid.UUID, macs []string) {
	b.Queue(`DELETE FROM ci_identifiers WHERE item_id = @item AND part AND key = 'mac' AND NOT value = ANY(@macs)`, db.Args{"item": item, "macs": macs})
	b.Queue(`INSERT INTO ci_identifiers (item_id, key, value, part) SELECT @item, 'mac', m, true FROM unnest(@macs::text[]) m ON CONFLICT DO NOTHING`, db.Args{"item": item, "macs": macs})
}

// PartRow is a part in a list.
type PartRow struct {
	Kind   string    `db:"kind"`
	Key    string    `db:"key"`
	Detail string    `db:"detail"`
	Since  time.Time `db:"since"`
}

// partList lists the parts that an item has now, from a place on.
func (repository) partList(ctx context.Context, q db.Querier, item uuid.UUID, kind, after string, limit int) ([]PartRow, error) {
	return many[PartRow](ctx, q, `SELECT kind, key, detail, since FROM ci_parts WHERE item_id = @item AND ended_at IS NULL AND (@kind = '' OR kind = @kind) AND (kind || chr(1) || key) > @after
		ORDER BY kind || chr(1) || key LIMIT @limit`, db.Args{"item": item, "kind": kind, "after": after, "limit": limit})
}

// Drift is a change that nobody ordered, as far as the desk knows.
type Drift struct {
	ID        uuid.UUID `db:"id" json:"id"`
	ItemID    uuid.UUID `db:"item_id" json:"item_id"`
	Number    int64     `db:"number" json:"-"`
	Name      string    `db:"name" json:"name"`
	ClassID   uuid.UUID `db:"class_id" json:"class_id"`
	At        time.Time `db:"at" json:"at"`
	Source    string    `db:"source" json:"source"`
	SourceRef string    `db:"source_ref" json:"source_ref"`
	Changes   []Change  `db:"changes" json:"changes"`
	State     string    `db:"state" json:"state"`
	ChangeRef string    `db:"change_ref" json:"-"` // of a settled one: the number of the change
}

func (repository) drift(b *pgx.Batch, id, item uuid.UUID, c Cause, changes []Change, state string, now time.Time) error {
	raw, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	b.Queue(`INSERT INTO ci_drifts (id, item_id, at, source, source_ref, changes, state) VALUES (@id, @item, @now, @source, @ref, @changes, @state)`,
		db.Args{"id": id, "item": item, "now": now, "source": c.Source, "ref": c.Ref, "changes": raw, "state": state})
	return nil
}

// flapping lists the fields of an item that changed again and again since an
// instant.
func (repository) flapping(ctx context.Context, q db.Querier, item uuid.UUID, since time.Time, times int) ([]string, error) {
	rows, _ := q.Query(ctx, `SELECT c->>'field' FROM ci_drifts d, jsonb_array_elements(d.changes) c WHERE d.item_id = @item AND d.at > @since GROUP BY 1 HAVING count(*) >= @times`,
		db.Args{"item": item, "since": since, "times": times})
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return out, db.Map(err)
}

// drifts lists what waits to be disposed of, newest first, as far as visible.
func (repository) drifts(ctx context.Context, q db.Querier, v record.Visibility, limit int) ([]Drift, error) {
	return many[Drift](ctx, q, v.SQL(driftSQL+`JOIN records r ON r.id = i.id WHERE d.state = 'open' AND `, ` ORDER BY d.at DESC, d.id DESC LIMIT @limit`), v.With(db.Args{"limit": limit}))
}

// settleDrift queues how a drift was disposed of.
func (repository) settleDrift(b *pgx.Batch, id uuid.UUID, state, reason, ref string, by uuid.UUID, now time.Time) {
	b.Queue(`UPDATE ci_drifts SET state = @state, reason = @reason, change_ref = @ref, decided_by = @by, decided_at = @now WHERE id = @id AND state = 'open'`,
		db.Args{"id": id, "state": state, "reason": reason, "ref": ref, "by": by, "now": now})
}

// driftSQL reads drifts with what their items are called.
const driftSQL = `SELECT d.id, d.item_id, i.number, i.name, i.class_id, d.at, d.source, d.source_ref, d.changes, d.state, d.change_ref
	FROM ci_drifts d JOIN ci_items i ON i.id = d.item_id `

// lockDrift locks and reads one drift, whatever became of it.
func (repository) lockDrift(ctx context.Context, tx db.Tx, id uuid.UUID) (Drift, error) {
	return single[Drift](ctx, tx, driftSQL+`WHERE d.id = @id FOR UPDATE OF d`, db.Args{"id": id})
}

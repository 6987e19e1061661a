package routing

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// repository is the only code that knows the tables of routing.
type repository struct{}

const setColumns = `id, version, number, state, rules, note, created_by, created_at, updated_at, published_at, published_by`

func setArgs(s *Set) db.Args {
	rules := s.Rules
	if rules == nil {
		rules = []Rule{}
	}
	return db.Args{
		"id": s.ID, "version": s.Version, "number": s.Number, "state": s.State, "rules": rules, "note": s.Note, "created_by": s.CreatedBy,
		"created_at": s.CreatedAt, "updated_at": s.UpdatedAt, "published_at": s.PublishedAt, "published_by": s.PublishedBy,
	}
}

// Insert queues a new set.
func (repository) Insert(b *pgx.Batch, s *Set) {
	b.Queue(`INSERT INTO routing_sets (`+setColumns+`) VALUES (@id, @version, @number, @state, @rules, @note, @created_by, @created_at, @updated_at, @published_at, @published_by)`, setArgs(s))
}

// Update queues the changed set; its row is locked since ForUpdate.
func (repository) Update(b *pgx.Batch, s *Set) {
	b.Queue(`UPDATE routing_sets SET version = @version, number = @number, state = @state, rules = @rules, note = @note, created_by = @created_by, created_at = @created_at,
			updated_at = @updated_at, published_at = @published_at, published_by = @published_by
		WHERE id = @id AND version = @version - 1`, setArgs(s))
}

// ForUpdate locks and reads one set.
func (repository) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Set, error) {
	rows, _ := tx.Query(ctx, `SELECT `+setColumns+` FROM routing_sets WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Set])
}

// in reads the set of a state of which there is one at most; nil for none.
func (repository) in(ctx context.Context, q db.Querier, s State) (*Set, error) {
	rows, _ := q.Query(ctx, `SELECT `+setColumns+` FROM routing_sets WHERE state = @state LIMIT 1`, db.Args{"state": s})
	return one(rows)
}

func (repository) numbered(ctx context.Context, q db.Querier, n int) (Set, error) {
	rows, _ := q.Query(ctx, `SELECT `+setColumns+` FROM routing_sets WHERE number = @number AND number > 0`, db.Args{"number": n})
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Set])
	return s, db.Map(err)
}

func (repository) get(ctx context.Context, q db.Querier, id uuid.UUID) (Set, error) {
	rows, _ := q.Query(ctx, `SELECT `+setColumns+` FROM routing_sets WHERE id = @id`, db.Args{"id": id})
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Set])
	return s, db.Map(err)
}

func one(rows pgx.Rows) (*Set, error) {
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Set])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	return &list[0], nil
}

// published lists the published sets, newest first, at most 50.
func (repository) published(ctx context.Context, q db.Querier) ([]Set, error) {
	rows, _ := q.Query(ctx, `SELECT `+setColumns+` FROM routing_sets WHERE number > 0 ORDER BY number DESC LIMIT 50`)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Set])
	return out, db.Map(err)
}

// inForce is the id of the published set; the zero id where there is none.
func (repository) inForce(ctx context.Context, q db.Querier) (id uuid.UUID, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce((SELECT id FROM routing_sets WHERE state = 'published'), '00000000-0000-0000-0000-000000000000')`).Scan(&id)
	return id, db.Map(err)
}

func (repository) lastNumber(ctx context.Context, q db.Querier) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(max(number), 0) FROM routing_sets`).Scan(&n)
	return n, err
}

// retire ends the set in force.
func (repository) retire(b *pgx.Batch, now time.Time) {
	b.Queue(`UPDATE routing_sets SET state = 'retired', version = version + 1, updated_at = @now WHERE state = 'published'`, db.Args{"now": now})
}

// usable refuses a team that is retired or unknown.
func (repository) usable(ctx context.Context, q db.Querier, teams []uuid.UUID) error {
	var n int
	if err := q.QueryRow(ctx, `SELECT count(*) FROM teams WHERE id = ANY(@ids) AND active`, db.Args{"ids": teams}).Scan(&n); err != nil {
		return db.Map(err)
	}
	if n != len(teams) {
		return fault.OnField("team_id", "validation.unknown")
	}
	return nil
}

// applied queues what a rule did to a record.
func (repository) applied(b *pgx.Batch, a Application) {
	b.Queue(`INSERT INTO routing_applications (id, record_id, set_id, number, rule_id, rule, at) VALUES (@id, @record, @set, @number, @rule_id, @rule, @at)`,
		db.Args{"id": a.ID, "record": a.RecordID, "set": a.SetID, "number": a.Number, "rule_id": a.RuleID, "rule": a.Rule, "at": a.At})
}

func (repository) runs(ctx context.Context, q db.Querier, id uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT count(DISTINCT at) FROM routing_applications WHERE record_id = @id`, db.Args{"id": id}).Scan(&n)
	return n, err
}

// used counts how often each rule applied since an instant.
func (repository) used(ctx context.Context, q db.Querier, rules []uuid.UUID, since time.Time) (map[uuid.UUID]int, error) {
	rows, _ := q.Query(ctx, `SELECT rule_id, count(*) FROM routing_applications WHERE rule_id = ANY(@ids) AND at > @since GROUP BY rule_id`, db.Args{"ids": rules, "since": since})
	out := map[uuid.UUID]int{}
	var id uuid.UUID
	var n int
	_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error { out[id] = n; return nil })
	return out, db.Map(err)
}

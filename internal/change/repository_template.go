package change

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

const templateColumns = `id, version, family_id, number, state, name_zh, name_en, content, reason, effect, communication, steps, test_plan, rollback_trigger, back, rollback_minutes, rehearsal,
	critical_from, review_by, authors, approved_by, approved_at, remark, created_at, updated_at`

// templates is the store of templates, for the acts of one person.
type templates struct{ reader identity.Actor }

func templateArgs(t *Template) db.Args {
	return db.Args{
		"id": t.ID, "version": t.Version, "family_id": t.FamilyID, "number": t.Number, "state": t.State, "name_zh": t.NameZh, "name_en": t.NameEn, "content": t.Content, "reason": t.Reason,
		"effect": t.Effect, "communication": t.Communication, "steps": nonNil(t.Steps), "test_plan": t.TestPlan, "rollback_trigger": t.RollbackTrigger, "back": nonNil(t.Back),
		"rollback_minutes": t.RollbackMinutes, "rehearsal": t.Rehearsal, "critical_from": t.CriticalFrom, "review_by": t.ReviewBy, "authors": t.Authors, "approved_by": t.ApprovedBy,
		"approved_at": t.ApprovedAt, "remark": t.Remark, "created_at": t.CreatedAt, "updated_at": t.UpdatedAt,
	}
}

// Insert queues a new version.
func (templates) Insert(b *pgx.Batch, t *Template) {
	b.Queue(`INSERT INTO change_templates (`+templateColumns+`) VALUES (@id, @version, @family_id, @number, @state, @name_zh, @name_en, @content, @reason, @effect, @communication, @steps, @test_plan,
		@rollback_trigger, @back, @rollback_minutes, @rehearsal, @critical_from, @review_by, @authors, @approved_by, @approved_at, @remark, @created_at, @updated_at)`, templateArgs(t))
}

// Update queues the changed version.
func (templates) Update(b *pgx.Batch, t *Template) {
	args := templateArgs(t)
	delete(args, "family_id")
	delete(args, "number")
	delete(args, "created_at")
	b.Queue(`UPDATE change_templates SET version = @version, state = @state, name_zh = @name_zh, name_en = @name_en, content = @content, reason = @reason, effect = @effect,
		communication = @communication, steps = @steps, test_plan = @test_plan, rollback_trigger = @rollback_trigger, back = @back, rollback_minutes = @rollback_minutes, rehearsal = @rehearsal,
		critical_from = @critical_from, review_by = @review_by, authors = @authors, approved_by = @approved_by, approved_at = @approved_at, remark = @remark, updated_at = @updated_at
		WHERE id = @id AND version = @version - 1`, args)
}

// ForUpdate locks and reads one version.
func (s templates) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Template, error) {
	rows, _ := tx.Query(ctx, `SELECT `+templateColumns+` FROM change_templates WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Template])
	t.reader = s.reader
	return t, err
}

func (s templates) get(ctx context.Context, q db.Querier, id uuid.UUID) (Template, error) {
	rows, _ := q.Query(ctx, `SELECT `+templateColumns+` FROM change_templates WHERE id = @id`, db.Args{"id": id})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Template])
	t.reader = s.reader
	return t, db.Map(err)
}

// inForce is the version of a template that changes are made from; NotFound
// where there is none.
func (s templates) inForce(ctx context.Context, q db.Querier, family uuid.UUID) (Template, error) {
	rows, _ := q.Query(ctx, `SELECT `+templateColumns+` FROM change_templates WHERE family_id = @family AND state = 'approved'`, db.Args{"family": family})
	t, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Template])
	t.reader = s.reader
	return t, db.Map(err)
}

// lockInForce is inForce, locked, for the version that takes its place; nil
// where there is none.
func (templates) lockInForce(ctx context.Context, tx db.Tx, family uuid.UUID) (*Template, error) {
	rows, _ := tx.Query(ctx, `SELECT `+templateColumns+` FROM change_templates WHERE family_id = @family AND state = 'approved' FOR UPDATE`, db.Args{"family": family})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Template])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	return &list[0], nil
}

// next is the number of the next version of a template.
func (templates) next(ctx context.Context, q db.Querier, family uuid.UUID) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(max(number), 0) + 1 FROM change_templates WHERE family_id = @family`, db.Args{"family": family}).Scan(&n)
	return n, db.Map(err)
}

// maxTemplates bounds how many templates are listed, and how many versions of
// one.
const maxTemplates = 500

// list is, of each template, the version in force and the one being written, and
// of those without either the last, by name.
func (templates) list(ctx context.Context, q db.Querier) ([]Template, error) {
	rows, _ := q.Query(ctx, `SELECT `+templateColumns+` FROM change_templates t WHERE state <> 'retired' OR NOT EXISTS (SELECT 1 FROM change_templates o WHERE o.family_id = t.family_id
			AND (o.state <> 'retired' OR o.number > t.number))
		ORDER BY (state = 'retired'), name_zh, family_id, number DESC LIMIT @limit`, db.Args{"limit": maxTemplates})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Template])
	return out, db.Map(err)
}

// versions are those of one template, the newest first.
func (templates) versions(ctx context.Context, q db.Querier, family uuid.UUID) ([]Template, error) {
	rows, _ := q.Query(ctx, `SELECT `+templateColumns+` FROM change_templates WHERE family_id = @family ORDER BY number DESC LIMIT @limit`, db.Args{"family": family, "limit": maxTemplates})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Template])
	return out, db.Map(err)
}

// uses counts the changes made from versions since an instant, and those of
// them that went back or failed; at most 1,000 of a version are looked at.
func (templates) uses(ctx context.Context, q db.Querier, ids []uuid.UUID, since time.Time) (map[uuid.UUID]Uses, error) {
	rows, _ := q.Query(ctx, `SELECT i, count(c.result), count(*) FILTER (WHERE c.result IN ('rolled_back', 'failed')) FROM unnest(@ids::uuid[]) i
		CROSS JOIN LATERAL (SELECT result FROM changes WHERE template_id = i AND created_at >= @since LIMIT 1000) c GROUP BY i`, db.Args{"ids": ids, "since": since})
	out := map[uuid.UUID]Uses{}
	var id uuid.UUID
	var u Uses
	_, err := pgx.ForEachRow(rows, []any{&id, &u.All, &u.Failed}, func() error { out[id] = u; return nil })
	return out, db.Map(err)
}

package configuration

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const campaignColumns = `id, version, name_zh, name_en, ask, scope, not_since, due_at, state, items, reminded_at, overdue_at, ended_at, ended_by, remark, made_by, made_name, created_at, updated_at`

// campaignStore lets campaigns be written through work.
type campaignStore struct{}

func campaignArgs(c *Campaign) db.Args {
	return db.Args{
		"id": c.ID, "version": c.Version, "zh": c.NameZh, "en": c.NameEn, "ask": c.Ask, "scope": c.Scope, "since": c.NotSince, "due": c.DueAt, "state": c.State, "items": c.Items,
		"reminded": c.RemindedAt, "overdue": c.OverdueAt, "ended": c.EndedAt, "ended_by": c.EndedBy, "remark": c.Remark, "by": c.MadeBy, "name": c.MadeName, "created": c.CreatedAt, "updated": c.UpdatedAt,
	}
}

func (campaignStore) Insert(b *pgx.Batch, c *Campaign) {
	b.Queue(`INSERT INTO ci_campaigns (`+campaignColumns+`) VALUES (@id, @version, @zh, @en, @ask, @scope, @since, @due, @state, @items, @reminded, @overdue, @ended, @ended_by, @remark, @by, @name, @created, @updated)`, campaignArgs(c))
}

func (campaignStore) Update(b *pgx.Batch, c *Campaign) {
	b.Queue(`UPDATE ci_campaigns SET version = @version, name_zh = @zh, name_en = @en, ask = @ask, scope = @scope, not_since = @since, due_at = @due, state = @state, items = @items, reminded_at = @reminded, overdue_at = @overdue,
		ended_at = @ended, ended_by = @ended_by, remark = @remark, made_by = @by, made_name = @name, created_at = @created, updated_at = @updated WHERE id = @id AND version = @version - 1`, campaignArgs(c))
}

func (campaignStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Campaign, error) {
	rows, _ := tx.Query(ctx, `SELECT `+campaignColumns+` FROM ci_campaigns WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Campaign])
}

func (repository) campaign(ctx context.Context, q db.Querier, id uuid.UUID) (Campaign, error) {
	return single[Campaign](ctx, q, `SELECT `+campaignColumns+` FROM ci_campaigns WHERE id = @id`, db.Args{"id": id})
}

// campaigns lists campaigns, the newest first.
func (repository) campaigns(ctx context.Context, q db.Querier, after *MadeCursor, limit int) ([]Campaign, error) {
	place, args := "", db.Args{"limit": limit}
	if after != nil {
		place = "WHERE (created_at, id) < (@c_at, @c_id) "
		args["c_at"], args["c_id"] = after.At, after.ID
	}
	return many[Campaign](ctx, q, `SELECT `+campaignColumns+` FROM ci_campaigns `+place+`ORDER BY created_at DESC, id DESC LIMIT @limit`, args)
}

// standing counts the items of campaigns by how they stand.
func (repository) standing(ctx context.Context, q db.Querier, ids []uuid.UUID) (map[uuid.UUID]Standing, error) {
	rows, _ := q.Query(ctx, `SELECT campaign_id, state, count(*) FROM ci_campaign_items WHERE campaign_id = ANY (@ids) GROUP BY 1, 2`, db.Args{"ids": ids})
	out := map[uuid.UUID]Standing{}
	var id uuid.UUID
	var state string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&id, &state, &n}, func() error {
		if out[id] == nil {
			out[id] = Standing{}
		}
		out[id][state] = n
		return nil
	})
	return out, db.Map(err)
}

// dueCampaigns lists campaigns of which somebody is to be told that they are
// due soon, or that they were.
func (repository) dueCampaigns(ctx context.Context, q db.Querier, soon, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM ci_campaigns WHERE state = 'open' AND due_at <= @soon AND (reminded_at IS NULL OR due_at <= @now AND overdue_at IS NULL) ORDER BY due_at LIMIT @limit`,
		db.Args{"soon": soon, "now": now, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

// askCond are the items that a campaign would ask about, in the alias i.
func (c Campaign) askCond(m Model, ids []uuid.UUID) (string, db.Args) {
	cond, args := c.Scope.now(m, ids)
	cond += ` AND i.lifecycle NOT IN ('retired', 'disposed')`
	if c.NotSince != nil {
		cond += ` AND (i.verified_at IS NULL OR i.verified_at < @since)`
		args["since"] = *c.NotSince
	}
	return cond, args
}

// wouldAsk counts the items and the people that a campaign would ask, up to one
// more than it may; without are the items that nobody has in their care.
func (repository) wouldAsk(ctx context.Context, q db.Querier, v record.Visibility, c Campaign, m Model, ids []uuid.UUID) (out WouldAsk, err error) {
	cond, args := c.askCond(m, ids)
	args["limit"] = MaxCampaign + 1
	err = q.QueryRow(ctx, `SELECT count(*), count(DISTINCT asked), count(*) FILTER (WHERE asked IS NULL) FROM (`+
		v.SQL(`SELECT `+askedSQL+` AS asked FROM ci_items i JOIN records r ON r.id = i.id WHERE `+cond+` AND `, ` LIMIT @limit`)+`) x`, plan, v.With(args)).Scan(&out.Items, &out.People, &out.Nobody)
	return out, db.Map(err)
}

// askedSQL is who has an item in their care and still works here.
const askedSQL = `(SELECT p.id FROM people p WHERE p.active AND p.id IN (i.custodian_id, i.owner_id) ORDER BY p.id <> i.custodian_id NULLS LAST LIMIT 1)`

// asks writes the items of a campaign that its maker may see, in one statement,
// and returns how many; one more than fits says that there are too many.
func (repository) asks(ctx context.Context, tx db.Tx, v record.Visibility, c Campaign, m Model, ids []uuid.UUID) (int, error) {
	cond, args := c.askCond(m, ids)
	args["campaign"], args["now"], args["limit"] = c.ID, c.CreatedAt, MaxCampaign+1
	tag, err := tx.Exec(ctx, v.SQL(`INSERT INTO ci_campaign_items (campaign_id, item_id, number, asked_id, updated_at) SELECT @campaign, i.id, i.number, `+askedSQL+`, @now
		FROM ci_items i JOIN records r ON r.id = i.id WHERE `+cond+` AND `, ` LIMIT @limit`), plan, v.With(args))
	return int(tag.RowsAffected()), db.Map(err)
}

// asked lists whom a campaign asks and has no answer from.
func (repository) asked(ctx context.Context, q db.Querier, campaign uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT asked_id FROM ci_campaign_items WHERE campaign_id = @id AND state = 'open' AND asked_id IS NOT NULL`, db.Args{"id": campaign})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

const askColumns = `id, version, campaign_id, item_id, asked_id, answer, note, item_version, answered_by, answered_at, verified_by, verified_at, updated_at`

// askStore lets answers be written through work.
type askStore struct{}

// Insert is never asked for: a campaign writes its items itself.
func (askStore) Insert(*pgx.Batch, *Ask) {}

func (askStore) Update(b *pgx.Batch, a *Ask) {
	b.Queue(`UPDATE ci_campaign_items SET version = @version, answer = @answer, note = @note, item_version = @item_version, answered_by = @by, answered_at = @at, updated_at = @updated
		WHERE id = @id AND version = @version - 1`,
		db.Args{"id": a.ID, "version": a.Version, "answer": a.Answer, "note": a.Note, "item_version": a.ItemVersion, "by": a.AnsweredBy, "at": a.AnsweredAt, "updated": a.UpdatedAt})
}

func (askStore) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Ask, error) {
	rows, _ := tx.Query(ctx, `SELECT `+askColumns+` FROM ci_campaign_items WHERE id = @id FOR UPDATE`, db.Args{"id": id})
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Ask])
}

func (repository) question(ctx context.Context, q db.Querier, id uuid.UUID) (Ask, error) {
	return single[Ask](ctx, q, `SELECT `+askColumns+` FROM ci_campaign_items WHERE id = @id`, db.Args{"id": id})
}

// stands reads the state of a campaign and keeps it from ending until the
// transaction does, and the version that an item is in.
func (repository) stands(ctx context.Context, tx db.Tx, campaign, item uuid.UUID) (state string, version int, err error) {
	err = tx.QueryRow(ctx, `SELECT c.state, i.version FROM ci_campaigns c, ci_items i WHERE c.id = @campaign AND i.id = @item FOR SHARE OF c`, db.Args{"campaign": campaign, "item": item}).Scan(&state, &version)
	return state, version, db.Map(err)
}

// verifiedIn notes in the campaigns that are open that an item was verified.
func (repository) verifiedIn(b *pgx.Batch, item, by uuid.UUID, now time.Time) {
	b.Queue(`UPDATE ci_campaign_items x SET version = x.version + 1, verified_by = @by, verified_at = @now, updated_at = @now FROM ci_campaigns c
		WHERE c.id = x.campaign_id AND c.state = 'open' AND x.item_id = @item AND x.verified_at IS NULL`, db.Args{"item": item, "by": by, "now": now})
}

// changedSince says of an item `i` whether it is another than the one of which
// an answer `x` spoke. That a source saw it again, that somebody verified it or
// locked a field does not make it another.
const changedSince = `coalesce(x.item_version < i.version AND (SELECT v.state - '{verified_at,verified_by,locks}'::text[] FROM ci_versions v WHERE v.item_id = i.id AND v.version = x.item_version)
	IS DISTINCT FROM (SELECT v.state - '{verified_at,verified_by,locks}'::text[] FROM ci_versions v WHERE v.item_id = i.id AND v.version = i.version), false)`

// stillSame reports whether an item, in this version, is what a campaign was
// told to be as it stands here.
func (repository) stillSame(ctx context.Context, q db.Querier, campaign, item uuid.UUID, version int) (ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM ci_campaign_items x JOIN ci_items i ON i.id = x.item_id
		WHERE x.campaign_id = @campaign AND x.item_id = @item AND x.state = 'same' AND i.version = @version AND NOT `+changedSince+`)`,
		db.Args{"campaign": campaign, "item": item, "version": version}).Scan(&ok)
	return ok, db.Map(err)
}

const askRowColumns = `x.id, x.version, x.campaign_id, x.item_id, x.asked_id, x.answer, x.note, x.item_version, x.answered_by, x.answered_at, x.verified_by, x.verified_at, x.updated_at, x.state, x.number,
	i.name, i.class_id, i.location, coalesce(i.attributes->>'serial_number', '') AS serial, coalesce(i.attributes->>'asset_tag', '') AS asset_tag, ` + changedSince + ` AS changed`

// askRows lists the items of a campaign that the reader may see, by number from
// after on, in one state or all.
func (repository) askRows(ctx context.Context, q db.Querier, v record.Visibility, campaign uuid.UUID, state string, after int64, limit int) ([]AskRow, error) {
	cond, args := "", db.Args{"id": campaign, "after": after, "limit": limit}
	if state != "" {
		cond, args["state"] = "x.state = @state AND ", state
	}
	return many[AskRow](ctx, q, v.SQL(`SELECT `+askRowColumns+` FROM ci_campaign_items x JOIN ci_items i ON i.id = x.item_id JOIN records r ON r.id = i.id
		WHERE x.campaign_id = @id AND `+cond+`x.number > @after AND `, ` ORDER BY x.number LIMIT @limit`), plan, v.With(args))
}

func (repository) askRow(ctx context.Context, q db.Querier, v record.Visibility, campaign, id uuid.UUID) (AskRow, error) {
	return single[AskRow](ctx, q, v.SQL(`SELECT `+askRowColumns+` FROM ci_campaign_items x JOIN ci_items i ON i.id = x.item_id JOIN records r ON r.id = i.id
		WHERE x.id = @id AND x.campaign_id = @campaign AND `, ``), v.With(db.Args{"id": id, "campaign": campaign}))
}

// asksOf lists what open campaigns ask a person, what is unanswered first.
func (repository) asksOf(ctx context.Context, q db.Querier, person uuid.UUID, limit int) ([]AskRow, error) {
	return many[AskRow](ctx, q, `SELECT `+askRowColumns+` FROM ci_campaigns c JOIN ci_campaign_items x ON x.campaign_id = c.id JOIN ci_items i ON i.id = x.item_id
		WHERE c.state = 'open' AND x.asked_id = @person ORDER BY x.state <> 'open', c.due_at, x.number LIMIT @limit`, plan, db.Args{"person": person, "limit": limit})
}

// waiting counts what open campaigns ask a person and have no answer to.
func (repository) waiting(person uuid.UUID, limit int, to *int) db.Part {
	return db.Part{
		SQL:  `SELECT count(*) FROM (SELECT 1 FROM ci_campaigns c JOIN ci_campaign_items x ON x.campaign_id = c.id WHERE c.state = 'open' AND x.asked_id = @person AND x.state = 'open' LIMIT @asks) x`,
		Args: db.Args{"person": person, "asks": limit}, To: to,
	}
}

// asksAbout lists what the last campaigns found out about an item.
func (repository) asksAbout(ctx context.Context, q db.Querier, item uuid.UUID, limit int) ([]AskAbout, error) {
	return many[AskAbout](ctx, q, `SELECT c.id AS campaign_id, c.name_zh, c.name_en, c.state AS campaign_state, x.state, x.note, x.answered_by, x.answered_at, x.verified_by, x.verified_at
		FROM ci_campaign_items x JOIN ci_campaigns c ON c.id = x.campaign_id WHERE x.item_id = @item ORDER BY c.created_at DESC, c.id DESC LIMIT @limit`, db.Args{"item": item, "limit": limit})
}

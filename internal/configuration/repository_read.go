package configuration

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// touching lists the visible records that name one of the items as affected,
// the open ones first, at most limit.
func (repository) touching(ctx context.Context, q db.Querier, v record.Visibility, items []uuid.UUID, open bool, limit int) ([]record.Entry, error) {
	cond := ""
	if open {
		cond = "r.category IN ('new', 'active', 'pending') AND "
	}
	return many[record.Entry](ctx, q, v.SQL(`SELECT r.* FROM records r WHERE r.id = ANY(ARRAY(SELECT l.from_id FROM record_links l WHERE l.to_id = ANY(@items) AND l.relation = 'affects')) AND `+cond,
		` ORDER BY r.category IN ('new', 'active', 'pending') DESC, r.updated_at DESC, r.id DESC LIMIT @limit`), plan, v.With(db.Args{"items": items, "limit": limit}))
}

// itemNames reads the names of items by id, of those that are visible.
func (repository) itemNames(ctx context.Context, q db.Querier, v record.Visibility, ids []uuid.UUID) (map[uuid.UUID]Row, error) {
	out := map[uuid.UUID]Row{}
	if len(ids) == 0 {
		return out, nil
	}
	f := Filter{Sort: "name", Limit: len(ids)}
	list, err := repository{}.list(ctx, q, v, f, asked{exact: ids})
	for _, r := range list {
		out[r.ID] = r
	}
	return out, err
}

// Version is one state of an item in its history.
type Version struct {
	Version   int       `db:"version"`
	At        time.Time `db:"at"`
	ActorID   uuid.UUID `db:"actor_id"`
	ActorName string    `db:"actor_name"`
	Source    string    `db:"source"`
	SourceRef string    `db:"source_ref"`
	State     State     `db:"state"`
}

const versionColumns = `version, at, actor_id, actor_name, source, source_ref, state`

// versions lists the newest versions below one, newest first.
func (repository) versions(ctx context.Context, q db.Querier, id uuid.UUID, below, limit int) ([]Version, error) {
	return many[Version](ctx, q, `SELECT `+versionColumns+` FROM ci_versions WHERE item_id = @id AND version < @below ORDER BY version DESC LIMIT @limit`,
		db.Args{"id": id, "below": below, "limit": limit})
}

// versionAt is the version in force at an instant; NotFound before the first.
func (repository) versionAt(ctx context.Context, q db.Querier, id uuid.UUID, at time.Time) (Version, error) {
	return single[Version](ctx, q, `SELECT `+versionColumns+` FROM ci_versions WHERE item_id = @id AND at <= @at ORDER BY at DESC, version DESC LIMIT 1`, db.Args{"id": id, "at": at})
}

// versionsWithin lists the newest versions above one up to another, newest
// first, at most limit.
func (repository) versionsWithin(ctx context.Context, q db.Querier, id uuid.UUID, above, upto, limit int) ([]Version, error) {
	return many[Version](ctx, q, `SELECT `+versionColumns+` FROM ci_versions WHERE item_id = @id AND version > @above AND version <= @upto ORDER BY version DESC LIMIT @limit`,
		db.Args{"id": id, "above": above, "upto": upto, "limit": limit})
}

// expiring lists items whose warranty or contract ends by a day, and of whose
// end nobody was reminded, the earliest first.
func (repository) expiring(ctx context.Context, q db.Querier, by time.Time, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT id FROM ci_items WHERE lifecycle NOT IN ('retired', 'disposed') AND least(warranty_until, contract_until) <= @by
			AND (owner_id IS NOT NULL OR custodian_id IS NOT NULL) AND reminded_until IS DISTINCT FROM least(warranty_until, contract_until)
		ORDER BY least(warranty_until, contract_until) LIMIT @limit`, db.Args{"by": by, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

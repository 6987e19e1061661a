package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Alike is an open incident that may be about the same fault.
type Alike struct {
	ID          uuid.UUID  `db:"id" json:"id"`
	Number      string     `db:"number" json:"number"`
	Title       string     `db:"title" json:"title"`
	State       string     `db:"state" json:"state"`
	Priority    int        `db:"priority" json:"priority"`
	RequesterID uuid.UUID  `db:"requester_id" json:"requester_id"`
	CategoryID  *uuid.UUID `db:"category_id" json:"category_id"`
	CreatedAt   time.Time  `db:"created_at" json:"created_at"`
	Score       float64    `db:"score" json:"score"` // higher is more alike
}

// Bounds of the look for similar incidents: so many of the newest open ones, so
// far back; the open ones of so many that changed last of the requester's own,
// however old; so many shown.
const (
	alikeAmong = 1000
	alikeSince = 30 * 24 * time.Hour
	alikeOwn   = 200
	alikeShown = 5
)

// looksLike is what open incidents are compared with.
type looksLike struct {
	lexemes   []string // queries of one word each
	category  *uuid.UUID
	requester uuid.UUID
	device    string
	except    uuid.UUID
	since     time.Time
}

// alikeSQL looks at the newest open incidents that the reader may see, and at
// the requester's own, and at no others, however many there are: what it costs
// does not grow with the table. Of the words two must be shared and two fifths of
// them, or one and the device.
func alikeSQL(v record.Visibility, l looksLike) (string, db.Args) {
	const candidate = `SELECT r.id, r.number, r.title, r.state, r.priority, r.requester_id, r.created_at FROM records r WHERE r.kind = 'incident' AND ` + openOnly + ` AND r.id <> @except AND `
	newest := v.SQL(`SELECT c.id, c.number, c.title, c.state, c.priority, c.requester_id, i.category_id, c.created_at,
			(h.hits::float8 / cardinality(@lexemes::text[]) + CASE WHEN i.category_id = @category::uuid THEN 0.2 ELSE 0 END
				+ CASE WHEN c.requester_id = @requester::uuid THEN 0.1 ELSE 0 END + CASE WHEN i.device <> '' AND lower(i.device) = @device THEN 0.3 ELSE 0 END) AS score
		FROM ((`+candidate+`r.created_at > @since AND `, v.Few()+` ORDER BY r.created_at DESC, r.id DESC LIMIT @among) UNION (`)
	return v.SQL(newest+candidate+`r.id IN (SELECT x.id FROM records x WHERE x.requester_id = @requester::uuid ORDER BY x.updated_at DESC, x.id DESC LIMIT @own) AND `, v.Few()+`)) c
		JOIN incidents i ON i.id = c.id
		JOIN search_docs d ON d.record_id = c.id
		CROSS JOIN LATERAL (SELECT count(*) AS hits FROM unnest(@lexemes::text[]) w (q) WHERE d.terms @@ w.q::tsquery) h
		WHERE h.hits >= least(2, cardinality(@lexemes::text[])) AND h.hits >= 0.4 * cardinality(@lexemes::text[]) OR h.hits > 0 AND i.device <> '' AND lower(i.device) = @device
		ORDER BY score DESC, c.created_at DESC, c.id LIMIT @shown`),
		v.With(db.Args{
			"lexemes": l.lexemes, "category": l.category, "requester": l.requester, "device": l.device, "except": l.except, "since": l.since,
			"among": alikeAmong, "own": alikeOwn, "shown": alikeShown,
		})
}

func (repository) alike(ctx context.Context, q db.Querier, v record.Visibility, l looksLike) ([]Alike, error) {
	sql, args := alikeSQL(v, l)
	rows, _ := q.Query(ctx, sql, pgx.QueryExecModeCacheDescribe, args)
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Alike])
	return out, db.Map(err)
}

package record

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Relations between records, and how each reads from the other end.
var relations = map[string]string{
	"related": "related", "duplicates": "duplicated_by", "caused_by": "causes", "blocks": "blocked_by", "follows": "followed_by",
	// What a record of work affects; shown in a list of its own.
	"affects":    "affected_by",
	"split_from": "split_into",
}

// Relations lists the relations a person may choose, in the order offered.
var Relations = [...]string{"related", "duplicates", "caused_by", "blocks"}

// Inverse is how a relation reads from the other record.
func Inverse(relation string) string { return relations[relation] }

// Link relates two records.
func Link(b *pgx.Batch, from, to uuid.UUID, relation string, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO record_links (from_id, to_id, relation, created_by, created_at) VALUES (@from, @to, @relation, @by, @now) ON CONFLICT DO NOTHING`,
		db.Args{"from": from, "to": to, "relation": relation, "by": by, "now": now})
}

// Unlink removes a relation, whichever end it was made from.
func Unlink(b *pgx.Batch, a, c uuid.UUID, relation string) {
	b.Queue(`DELETE FROM record_links WHERE (from_id = @a AND to_id = @c AND relation = @relation) OR (from_id = @c AND to_id = @a AND relation = @inverse)`,
		db.Args{"a": a, "c": c, "relation": relation, "inverse": inverseOf(relation)})
}

func inverseOf(relation string) string {
	for k, v := range relations {
		if v == relation {
			return k
		}
	}
	return relation
}

// Linked summarises what is related to a record, leaving out what v does not
// let the reader see. At most 100.
func (k *Kinds) Linked(ctx context.Context, q db.Querier, v Visibility, id uuid.UUID) ([]Summary, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id, r.kind, r.number, r.title, r.state, r.category, l.relation, l.forward
		FROM (SELECT to_id AS other, relation, true AS forward FROM record_links WHERE from_id = @id AND relation <> 'affects'
			UNION ALL SELECT from_id, relation, false FROM record_links WHERE to_id = @id) l
		JOIN records r ON r.id = l.other WHERE `, ` ORDER BY r.updated_at DESC LIMIT 100`), v.With(db.Args{"id": id}))
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Summary, err error) {
		var forward bool
		if err = row.Scan(&s.Ref.ID, &s.Ref.Kind, &s.Number, &s.Title, &s.State, &s.Category, &s.Relation, &forward); err != nil {
			return s, err
		}
		if !forward {
			s.Relation = Inverse(s.Relation)
		}
		s.URL = k.URL(s.Ref.Kind, s.Number)
		return s, nil
	})
}

// AnyLinkFrom asks whether Linked has something to show that was linked from the
// record itself, to whom may see it all.
func AnyLinkFrom(id uuid.UUID, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM record_links WHERE from_id = @id AND relation <> 'affects')`, Args: db.Args{"id": id}, To: to}
}

// AnyLinkTo is AnyLinkFrom for links from other records.
func AnyLinkTo(id uuid.UUID, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM record_links WHERE to_id = @id)`, Args: db.Args{"id": id}, To: to}
}

// AnyItem asks whether a record names configuration items.
func AnyItem(id uuid.UUID, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM record_links WHERE from_id = @id AND relation = 'affects')`, Args: db.Args{"id": id}, To: to}
}

// Relink queues the links of a relation from a record so that they lead to
// these and to no others.
func Relink(b *pgx.Batch, from uuid.UUID, relation string, to []uuid.UUID, by uuid.UUID, now time.Time) {
	if to == nil {
		to = []uuid.UUID{}
	}
	b.Queue(`DELETE FROM record_links WHERE from_id = @from AND relation = @relation AND to_id <> ALL(@to::uuid[])`, db.Args{"from": from, "relation": relation, "to": to})
	for _, id := range to {
		Link(b, from, id, relation, by, now)
	}
}

// Affecting summarises the records of a kind that affect one of the items and
// were opened in a span, as far as v lets them through; the oldest first, at
// most 50.
func (k *Kinds) Affecting(ctx context.Context, q db.Querier, v Visibility, kind Kind, items []uuid.UUID, from, to time.Time) ([]Summary, error) {
	rows, _ := q.Query(ctx, v.SQL(`SELECT r.id, r.kind, r.number, r.title, r.state, r.category FROM records r
		WHERE r.id = ANY(ARRAY(SELECT l.from_id FROM record_links l WHERE l.to_id = ANY(@items::uuid[]) AND l.relation = 'affects')) AND r.kind = @kind
			AND r.created_at BETWEEN @from AND @to AND `, ` ORDER BY r.created_at, r.id LIMIT 50`), v.With(db.Args{"items": items, "kind": kind, "from": from, "to": to}))
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Summary, err error) {
		err = row.Scan(&s.Ref.ID, &s.Ref.Kind, &s.Number, &s.Title, &s.State, &s.Category)
		s.URL = k.URL(s.Ref.Kind, s.Number)
		return s, err
	})
}

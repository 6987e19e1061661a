// Package search finds records by what is written on them, in Chinese and
// English, without an extension of PostgreSQL: texts are cut into pairs of
// Chinese characters and words of other scripts, kept as a tsvector with a GIN
// index, and asked with a tsquery (capabilities, differentiator 6).
//
// What everybody who may read a record may read, and what only the desk may
// read, are two columns: a question by somebody who must not see notes cannot
// find a word of one.
package search

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

// Doc is what a record says of itself to be found by.
type Doc struct {
	ID    uuid.UUID
	Week  string // in which the record last changed, see Week
	Title string
	Texts []string
}

func (d Doc) vector() string {
	var t Terms
	t.AddTitle(d.Title)
	for _, x := range d.Texts {
		if x != "" {
			t.Add(x)
		}
	}
	return t.Vector()
}

// Queue adds a new record to the index, in the batch that makes it.
func Queue(b *pgx.Batch, d Doc) {
	args := d.args()
	args["week"] = []string{d.Week}
	b.Queue(`INSERT INTO search_docs (record_id, hash, terms, talk, notes, week, open) VALUES (@id, @hash, @terms::text::tsvector, '', '', @week,
		coalesce((SELECT record_open(kind, category) FROM records WHERE id = @id), true)) ON CONFLICT DO NOTHING`, args)
}

// QueueUpdate puts a record's own texts into the index again where they have
// changed; what was said on it stays.
func QueueUpdate(b *pgx.Batch, d Doc) {
	b.Queue(`UPDATE search_docs SET hash = @hash, terms = @terms::text::tsvector || talk WHERE record_id = @id AND hash <> @hash`, d.args())
}

func (d Doc) args() db.Args {
	v := d.vector()
	h := fnv.New64a()
	_, _ = h.Write([]byte(v)) // never fails
	return db.Args{"id": d.ID, "hash": int64(h.Sum64()), "terms": v}
}

// Say adds what was said on a record, or the name of a file on it. What is
// internal is found only by those who may read notes.
func Say(b *pgx.Batch, id uuid.UUID, text string, internal bool) {
	t := Terms{next: 2} // a phrase does not reach into it from what stands before
	t.Add(text)
	v := t.Vector()
	if v == "" {
		return
	}
	if internal {
		b.Queue(`UPDATE search_docs SET notes = notes || @v::text::tsvector WHERE record_id = @id AND length(notes) < 20000`, db.Args{"id": id, "v": v})
		return
	}
	b.Queue(`UPDATE search_docs SET talk = talk || @v::text::tsvector, terms = terms || @v::text::tsvector WHERE record_id = @id AND length(terms) < 20000`, db.Args{"id": id, "v": v})
}

// Scope is what a reader's questions may reach: the records, and among them
// those whose notes they may read. Open leaves out what is not open, and finds
// the rest by an index that has only that; Weeks leaves out what last changed in
// another of them (see Newest). Each is for words that many have (see Common):
// the records are read in the order of the list, and each is asked for the
// words, until the page is full.
type Scope struct {
	Read  record.Visibility
	Notes record.Visibility
	Open  bool
	Weeks []string
	Each  bool
	Rare  bool // few records have the words (see Rare): those are fetched first
}

// Match is the condition on `records r` that a record is found by the
// question, for a reader of this scope; it stands beside the access predicate,
// not in its place.
// people are those whom the words name: what they reported or work on is found
// as well, of each the newest.
func (s Scope) Match(q Query, people ...uuid.UUID) (string, db.Args) {
	cond, args := s.match(q)
	if len(people) > 0 {
		cond = `(` + cond + ` OR r.id = ANY(ARRAY((SELECT x.id FROM records x WHERE x.requester_id = ANY(@search_people) ORDER BY x.created_at DESC LIMIT 2000)
			UNION (SELECT x.id FROM records x WHERE x.assignee_id = ANY(@search_people) ORDER BY x.created_at DESC LIMIT 2000))))`
		args["search_people"] = people
	}
	return cond, args
}

func (s Scope) match(q Query) (string, db.Args) {
	head, tail := `EXISTS (SELECT 1 FROM search_docs d WHERE d.record_id = r.id AND `, `)`
	switch {
	case s.Each:
		tail = ` OFFSET 0)` // keeps the planner from turning it into a join
	case s.Rare && s.Weeks == nil:
		head, tail = `r.id = ANY(ARRAY(SELECT d.record_id FROM search_docs d WHERE `, `))`
	}
	if s.Open {
		head += `d.open AND `
	}
	args := db.Args{"search": q.sql}
	if s.Weeks != nil {
		head += `d.week && @search_weeks::text[] AND `
		args["search_weeks"] = s.Weeks
	}
	// What the index finds is looked at once more where it was asked for more than
	// is wanted; as a function, since an operator would be asked of the index.
	has := func(column string) string {
		if q.index == q.sql {
			return column + ` @@ @search::text::tsquery`
		}
		args["search_index"] = q.index
		return `(` + column + ` @@ @search_index::text::tsquery AND ts_match_vq(` + column + `, @search::text::tsquery))`
	}
	terms := head + has(`d.terms`) + tail
	both := head + `(` + has(`d.terms`) + ` OR ` + has(`d.notes`) + `)` + tail
	switch {
	case q.Empty():
		return "false", db.Args{}
	case s.Notes.Never():
		return terms, args
	case s.Notes.Always():
		return both, args
	}
	return "(" + both + " AND (" + s.Notes.SQL("") + " OR " + terms + "))", s.Notes.With(args)
}

// Unindexed lists records of a kind that are not in the index yet, by id.
func Unindexed(ctx context.Context, q db.Querier, kind record.Kind, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT r.id FROM records r WHERE r.kind = @kind AND r.id > @after AND NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.record_id = r.id) ORDER BY r.id LIMIT @limit`,
		db.Args{"kind": kind, "after": after, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

const setting = "search.glossary"

// LoadGlossary reads the glossary in force.
func LoadGlossary(ctx context.Context, q db.Querier) (Glossary, error) {
	return db.Kept(ctx, q, "search.glossary", func() (Glossary, error) {
		var raw []byte
		err := q.QueryRow(ctx, `SELECT coalesce((SELECT value FROM settings WHERE name = @name), 'null'::jsonb)`, db.Args{"name": setting}).Scan(&raw)
		if err != nil {
			return nil, db.Map(err)
		}
		g := DefaultGlossary()
		if string(raw) != "null" {
			g = nil
			err = json.Unmarshal(raw, &g)
		}
		return g, err
	})
}

// SaveGlossary queues another glossary.
func SaveGlossary(b *pgx.Batch, id uuid.UUID, g Glossary, by uuid.UUID, now time.Time) error {
	raw, err := json.Marshal(g)
	if err != nil {
		return err
	}
	b.Queue(`INSERT INTO settings (id, name, value, updated_at, updated_by) VALUES (@id, @name, @value, @now, @by)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		db.Args{"id": id, "name": setting, "value": raw, "now": now, "by": by})
	return nil
}

// Forget takes records out of the index, before they are put in anew.
func Forget(ctx context.Context, tx db.Tx, ids ...uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM search_docs WHERE record_id = ANY(@ids)`, db.Args{"ids": ids})
	return err
}

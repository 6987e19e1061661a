// Package comment keeps what people say on a record: public replies, which the
// requester reads, and internal notes, which stay within IT. They are two
// tables, so that no query for one can return the other (controls §4).
package comment

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// MaxBody is the longest reply or note, in characters.
const MaxBody = 20000

// Comment is one reply or note.
type Comment struct {
	ID         uuid.UUID `db:"id" json:"id"`
	RecordID   uuid.UUID `db:"record_id" json:"-"`
	AuthorID   uuid.UUID `db:"author_id" json:"author_id"`
	AuthorName string    `db:"author_name" json:"author_name"`
	Body       string    `db:"body" json:"body"`
	At         time.Time `db:"at" json:"at"`
	Internal   bool      `db:"internal" json:"internal"`
	// Of a note that its author mended or removed: when. Of one that is removed
	// nothing is left but that it was there.
	EditedAt  *time.Time `db:"edited_at" json:"edited_at,omitempty"`
	RemovedAt *time.Time `db:"removed_at" json:"removed_at,omitempty"`
}

// columns of the two tables, in the order of the other's.
const (
	replyColumns = `id, record_id, author_id, author_name, body, at, false AS internal, NULL::timestamptz AS edited_at, NULL::timestamptz AS removed_at`
	noteColumns  = `id, record_id, author_id, author_name, body, at, true AS internal, edited_at, removed_at`
)

// Reply adds a public reply within a use case, which has decided that the
// actor may. at is when it was said.
func Reply(u *work.Unit, ref record.Ref, body string, at time.Time) Comment {
	by, name := u.Author()
	c := Comment{ID: work.NewID(), RecordID: ref.ID, AuthorID: by, AuthorName: name, Body: body, At: at}
	u.Batch.Queue(`INSERT INTO comments (id, record_id, author_id, author_name, body, thanks, at) VALUES (@id, @record, @author, @name, @body, @thanks, @at)`,
		db.Args{"id": c.ID, "record": ref.ID, "author": c.AuthorID, "name": c.AuthorName, "body": body, "thanks": IsThanks(body), "at": at})
	search.Say(&u.Batch, ref.ID, body, false)
	u.Note("reply", nil, c.ID)
	return c
}

// AddNote adds an internal note within a use case.
func AddNote(u *work.Unit, ref record.Ref, body string, at time.Time) Comment {
	by, name := u.Author()
	c := Comment{ID: work.NewID(), RecordID: ref.ID, AuthorID: by, AuthorName: name, Body: body, At: at, Internal: true}
	u.Batch.Queue(`INSERT INTO notes (id, record_id, author_id, author_name, body, at) VALUES (@id, @record, @author, @name, @body, @at)`,
		db.Args{"id": c.ID, "record": ref.ID, "author": c.AuthorID, "name": c.AuthorName, "body": body, "at": at})
	search.Say(&u.Batch, ref.ID, body, true)
	u.Note("note", nil, c.ID)
	return c
}

// Replies lists the newest public replies of a record, oldest first, at most
// limit. Access to the record is the caller's to check.
func Replies(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]Comment, error) {
	return list(ctx, q, `SELECT `+replyColumns+` FROM comments WHERE record_id = @id ORDER BY at DESC, id DESC LIMIT @limit`, id, limit)
}

// Notes lists the newest internal notes of a record, oldest first, at most
// limit. Only for readers who may write notes.
func Notes(ctx context.Context, q db.Querier, id uuid.UUID, limit int) ([]Comment, error) {
	return list(ctx, q, `SELECT `+noteColumns+` FROM notes WHERE record_id = @id ORDER BY at DESC, id DESC LIMIT @limit`, id, limit)
}

// Said lists the newest replies of a record, at most limit, and, where inside,
// as many internal notes after them; the oldest first of each.
func Said(ctx context.Context, q db.Querier, id uuid.UUID, inside bool, limit int) ([]Comment, error) {
	rows, _ := q.Query(ctx, `(SELECT `+replyColumns+` FROM comments WHERE record_id = @id ORDER BY at DESC, id DESC LIMIT @limit)
		UNION ALL (SELECT `+noteColumns+` FROM notes WHERE @inside AND record_id = @id ORDER BY at DESC, id DESC LIMIT @limit)`,
		db.Args{"id": id, "inside": inside, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Comment])
	slices.SortStableFunc(out, func(a, b Comment) int {
		switch {
		case a.Internal != b.Internal:
			return map[bool]int{false: -1, true: 1}[a.Internal]
		case !a.At.Equal(b.At):
			return a.At.Compare(b.At)
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return out, err
}

func list(ctx context.Context, q db.Querier, sql string, id uuid.UUID, limit int) ([]Comment, error) {
	rows, _ := q.Query(ctx, sql, db.Args{"id": id, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Comment])
	slices.Reverse(out)
	return out, err
}

// Excerpt is the beginning of a public reply, for the message that announces
// it; "" if there is none.
func Excerpt(ctx context.Context, q db.Querier, id uuid.UUID) (string, error) {
	var body string
	err := q.QueryRow(ctx, `SELECT coalesce((SELECT left(body, 500) FROM comments WHERE id = @id), '')`, db.Args{"id": id}).Scan(&body)
	return body, err
}

// Index queues what was said on some records for the search index.
func Index(ctx context.Context, q db.Querier, b *pgx.Batch, ids []uuid.UUID) error {
	rows, _ := q.Query(ctx, `SELECT record_id, body, false FROM comments WHERE record_id = ANY(@ids) UNION ALL SELECT record_id, body, true FROM notes WHERE record_id = ANY(@ids)`, db.Args{"ids": ids})
	var id uuid.UUID
	var body string
	var internal bool
	_, err := pgx.ForEachRow(rows, []any{&id, &body, &internal}, func() error {
		search.Say(b, id, body, internal)
		return nil
	})
	return err
}

// thanks are texts that say nothing but thank you, once punctuation is gone.
var thanks = regexp.MustCompile(`^(好的?|ok|okay|收到|嗯|非常|多谢|谢谢?(你|您|大家|了|啦)?|感谢(你|您)?|辛苦(了|你了|您了)?|已?(解决|恢复|好)了?|可以了|没问题了?|thanks?( you)?( so| very)?( much)?|thx|many thanks|cheers|great|perfect|works( now)?|it works( now)?)+$`)

// IsThanks reports whether a reply only says thank you. Such a reply to a
// resolved incident does not reopen it.
func IsThanks(body string) bool {
	s := strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, body)
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || len(s) > 60 {
		return false
	}
	return thanks.MatchString(s) || thanks.MatchString(strings.ReplaceAll(s, " ", ""))
}

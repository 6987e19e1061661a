package comment

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// Moved are replies and notes that went from one record to another.
type Moved struct {
	Replies []uuid.UUID `json:"replies"`
	Notes   []uuid.UUID `json:"notes"`
}

// Move takes all that was said on one record to another within a use case,
// which has decided that the actor may, and sees to the search index. Notes
// stay notes.
func Move(ctx context.Context, u *work.Unit, from, to uuid.UUID) (m Moved, err error) {
	if m.Replies, err = moved(ctx, u, `UPDATE comments SET record_id = @to WHERE record_id = @from RETURNING id`, db.Args{"from": from, "to": to}); err != nil {
		return m, err
	}
	m.Notes, err = moved(ctx, u, `UPDATE notes SET record_id = @to WHERE record_id = @from RETURNING id`, db.Args{"from": from, "to": to})
	return m, err
}

// Return takes what was moved from one record back to another, as far as it is
// still there.
func (m Moved) Return(ctx context.Context, u *work.Unit, from, to uuid.UUID) error {
	if _, err := moved(ctx, u, `UPDATE comments SET record_id = @to WHERE record_id = @from AND id = ANY(@ids) RETURNING id`, db.Args{"from": from, "to": to, "ids": m.Replies}); err != nil {
		return err
	}
	_, err := moved(ctx, u, `UPDATE notes SET record_id = @to WHERE record_id = @from AND id = ANY(@ids) RETURNING id`, db.Args{"from": from, "to": to, "ids": m.Notes})
	return err
}

func moved(ctx context.Context, u *work.Unit, sql string, args db.Args) ([]uuid.UUID, error) {
	rows, _ := u.Tx.Query(ctx, sql, args)
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// Find returns one reply or note of a record.
func Find(ctx context.Context, q db.Querier, record, id uuid.UUID, internal bool) (Comment, error) {
	sql := `SELECT ` + replyColumns + ` FROM comments WHERE id = @id AND record_id = @record`
	if internal {
		sql = `SELECT ` + noteColumns + ` FROM notes WHERE id = @id AND record_id = @record`
	}
	rows, _ := q.Query(ctx, sql, db.Args{"id": id, "record": record})
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Comment])
	return c, db.Map(err)
}

// Count counts the replies and the notes on a record.
func Count(ctx context.Context, q db.Querier, id uuid.UUID) (replies, notes int, err error) {
	err = q.QueryRow(ctx, `SELECT (SELECT count(*) FROM comments WHERE record_id = @id), (SELECT count(*) FROM notes WHERE record_id = @id)`, db.Args{"id": id}).Scan(&replies, &notes)
	return replies, notes, err
}

// Copy says on another record what was said on one, in the name of whoever
// said it and at that time. A note stays a note.
func Copy(u *work.Unit, c Comment, to uuid.UUID) Comment {
	c.ID, c.RecordID = work.NewID(), to
	args := db.Args{"id": c.ID, "record": to, "author": c.AuthorID, "name": c.AuthorName, "body": c.Body, "at": c.At}
	if c.Internal {
		u.Batch.Queue(`INSERT INTO notes (id, record_id, author_id, author_name, body, at) VALUES (@id, @record, @author, @name, @body, @at)`, args)
	} else {
		args["thanks"] = IsThanks(c.Body)
		u.Batch.Queue(`INSERT INTO comments (id, record_id, author_id, author_name, body, thanks, at) VALUES (@id, @record, @author, @name, @body, @thanks, @at)`, args)
	}
	u.AfterRegister(func() error { search.Say(&u.Batch, to, c.Body, c.Internal); return nil })
	return c
}

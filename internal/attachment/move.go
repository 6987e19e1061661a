package attachment

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/work"
)

// same is the condition that a record has the content of a file already, as
// openly as the file itself.
const same = `EXISTS (SELECT 1 FROM attachments b WHERE b.record_id = @to AND b.sha256 = a.sha256 AND b.internal = a.internal)`

// Move takes the files of one record to another within a use case, which has
// decided that the actor may, and sees to the search index. What the other has
// already, by content, stays where it is.
func Move(ctx context.Context, u *work.Unit, from, to uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := u.Tx.Query(ctx, `UPDATE attachments a SET record_id = @to WHERE a.record_id = @from AND NOT `+same+` RETURNING a.id`, db.Args{"from": from, "to": to})
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// Return takes moved files back, as far as they are still there.
func Return(ctx context.Context, u *work.Unit, ids []uuid.UUID, from, to uuid.UUID) error {
	_, err := u.Tx.Exec(ctx, `UPDATE attachments SET record_id = @to WHERE record_id = @from AND id = ANY(@ids)`, db.Args{"from": from, "to": to, "ids": ids})
	return err
}

// Count counts the files of one record that would go to another, and those
// that it has already.
func Count(ctx context.Context, q db.Querier, from, to uuid.UUID) (move, stay int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE NOT `+same+`), count(*) FILTER (WHERE `+same+`) FROM attachments a WHERE a.record_id = @from`,
		db.Args{"from": from, "to": to}).Scan(&move, &stay)
	return move, stay, err
}

// Copy gives another record files of the same content as those of a comment
// within a use case: nothing is taken away, and the content is stored once.
func Copy(ctx context.Context, u *work.Unit, comment, to uuid.UUID, o BindOptions) ([]string, error) {
	var about *uuid.UUID
	if o.CommentID != uuid.Nil {
		about = &o.CommentID
	}
	rows, _ := u.Tx.Query(ctx, `SELECT `+columns+` FROM attachments WHERE comment_id = @comment ORDER BY created_at, id LIMIT 500`, db.Args{"comment": comment})
	files, err := pgx.CollectRows(rows, pgx.RowToStructByName[File])
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		u.Batch.Queue(`INSERT INTO attachments (id, record_id, comment_id, internal, name, size, media_type, sha256, uploaded_by, created_at, bound_at)
			VALUES (@id, @record, @comment, @internal, @name, @size, @type, @sum, @by, @at, @now)`,
			db.Args{
				"id": work.NewID(), "record": to, "comment": about, "internal": o.Internal || f.Internal, "name": f.Name, "size": f.Size, "type": f.MediaType,
				"sum": f.SHA256, "by": f.By, "at": f.CreatedAt, "now": u.Now,
			})
		names = append(names, f.Name)
	}
	return names, nil
}

// Release gives the files of a comment that is taken back to who uploaded them:
// nobody else reads them, and they are forgotten unless they are sent again. It
// returns their names.
func Release(ctx context.Context, u *work.Unit, comment uuid.UUID) ([]string, error) {
	rows, _ := u.Tx.Query(ctx, `UPDATE attachments SET record_id = NULL, comment_id = NULL, internal = false, bound_at = NULL WHERE comment_id = @comment RETURNING name`, db.Args{"comment": comment})
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, db.Map(err)
}

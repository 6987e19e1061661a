package comment

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/work"
)

// Unsay takes a public reply off a record within a use case, which has decided
// that its author may, and returns it. What was said stays in the trail; the
// caller puts the record into the search index anew.
func Unsay(ctx context.Context, u *work.Unit, record, id uuid.UUID) (Comment, error) {
	c, err := Find(ctx, u.Tx, record, id, false)
	if err != nil {
		return c, err
	}
	if _, err := u.Tx.Exec(ctx, `DELETE FROM comments WHERE id = @id AND record_id = @record`, db.Args{"id": id, "record": record}); err != nil {
		return c, db.Map(err)
	}
	u.Note("reply_undone", c.Body, nil)
	return c, nil
}

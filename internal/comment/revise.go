package comment

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// Edition names how a note stands, so that what somebody else read is not
// written over: when it was written, or mended last.
func (c Comment) Edition() string {
	at := c.At
	if c.EditedAt != nil {
		at = *c.EditedAt
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// Mine reports whether the note is one that a person may still mend or remove.
func (c Comment) Mine(person uuid.UUID) bool {
	return c.Internal && c.AuthorID == person && c.RemovedAt == nil
}

// Revise gives a note other words within a use case, which has decided that the
// actor may write notes on the record and holds its row. Only who wrote it may;
// was is the edition that they read, nil for any. What it said stays in the
// trail. The caller puts the record into the search index anew.
func Revise(ctx context.Context, u *work.Unit, record, id uuid.UUID, was *string, body string) error {
	c, err := ours(ctx, u, record, id, was)
	if err != nil || c.Body == body {
		return err
	}
	u.Note("note_edited", nil, id)
	u.Note("note_text", c.Body, body)
	_, err = u.Tx.Exec(ctx, `UPDATE notes SET body = @body, edited_at = @now WHERE id = @id`, db.Args{"id": id, "body": body, "now": u.Now})
	return db.Map(err)
}

// Remove takes a note off a record as Revise changes one: its place stays, and
// says that it was removed. The caller releases its files.
func Remove(ctx context.Context, u *work.Unit, record, id uuid.UUID, was *string) error {
	c, err := ours(ctx, u, record, id, was)
	if err != nil {
		return err
	}
	u.Note("note_removed", nil, id)
	u.Note("note_text", c.Body, nil)
	_, err = u.Tx.Exec(ctx, `UPDATE notes SET body = '', removed_at = @now WHERE id = @id`, db.Args{"id": id, "now": u.Now})
	return db.Map(err)
}

// ours finds a note that the actor wrote and that stands as they read it.
func ours(ctx context.Context, u *work.Unit, record, id uuid.UUID, was *string) (Comment, error) {
	c, err := Find(ctx, u.Tx, record, id, true)
	switch {
	case err != nil:
		return c, err
	case c.AuthorID != u.Actor.ID:
		return c, fault.New(fault.Forbidden, "ui.error.note_not_yours")
	case c.RemovedAt != nil:
		return c, fault.New(fault.Conflict, "ui.error.note_removed")
	case was != nil && *was != c.Edition():
		return c, fault.New(fault.Conflict, "ui.error.note_changed")
	}
	return c, nil
}

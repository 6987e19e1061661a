package record

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Wait says that something waits for a person: a line of their inbox that
// vanishes by itself once it is settled, and when its record is closed.
type Wait struct {
	RecordID, PersonID uuid.UUID
	// What names the words that say it: the text <what>.wait, such as
	// approval.asked.wait, with the placeholders number, title and detail.
	What string
	// Source is what waits: the seat, the task, the question. Settle names it.
	Source uuid.UUID
	Path   string // of the page to do it on; "" is the record's
	Detail string
	DueAt  *time.Time
	Since  time.Time
}

// Await adds a line to a person's inbox, once per source and person.
func Await(b *pgx.Batch, w Wait) {
	b.Queue(`INSERT INTO record_waits (id, record_id, person_id, what, source_id, path, detail, due_at, since, shown_at)
		VALUES (@id, @record, @person, @what, @source, @path, @detail, @due, @since, @since) ON CONFLICT ON CONSTRAINT record_waits_once DO NOTHING`,
		db.Args{
			"id": uuid.Must(uuid.NewV7()), "record": w.RecordID, "person": w.PersonID, "what": w.What, "source": w.Source, "path": w.Path,
			"detail": w.Detail, "due": w.DueAt, "since": w.Since,
		})
}

// Settle ends what waits for anybody because of source, or for the given
// people only.
func Settle(b *pgx.Batch, source uuid.UUID, people ...uuid.UUID) {
	if people == nil {
		people = []uuid.UUID{}
	}
	b.Queue(`DELETE FROM record_waits WHERE source_id = @source AND (cardinality(@people::uuid[]) = 0 OR person_id = ANY(@people))`,
		db.Args{"source": source, "people": people})
}

// Snooze puts a line of a person's inbox away until a moment, and reports how
// many lines that were.
func Snooze(ctx context.Context, tx db.Tx, person, id uuid.UUID, until time.Time) (int64, error) {
	tag, err := tx.Exec(ctx, `UPDATE record_waits SET shown_at = @until WHERE id = @id AND person_id = @person`, db.Args{"until": until, "id": id, "person": person})
	return tag.RowsAffected(), err
}

package record

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// Retract ends what one act of a person let others do with a record: those whom
// it made followers or put on the need-to-know list. Who was there before it
// stays. The act is known by its instant.
func Retract(b *pgx.Batch, id, by uuid.UUID, at time.Time) {
	args := db.Args{"id": id, "by": by, "at": at}
	b.Queue(`DELETE FROM record_watchers WHERE record_id = @id AND added_by = @by AND added_at = @at`, args)
	b.Queue(`DELETE FROM record_named WHERE record_id = @id AND added_by = @by AND added_at = @at`, args)
}

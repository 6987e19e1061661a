package incident

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

const reviewColumns = `incident_id, version, state, summary, impact, cause, went_well, went_badly, started_at, restored_at, authors, submitted_by, submitted_at,
	signed_by, signed_at, returned_by, returned_at, return_reason, created_at, updated_at`

// review is the review of a major incident with its actions; nil before
// anybody has written one.
func (r repository) review(ctx context.Context, q db.Querier, id uuid.UUID) (*Review, error) {
	rows, _ := q.Query(ctx, `SELECT `+reviewColumns+` FROM incident_major_reviews WHERE incident_id = @id`, db.Args{"id": id})
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Review])
	if err != nil || len(list) == 0 {
		return nil, db.Map(err)
	}
	v := &list[0]
	v.Actions, err = r.measures(ctx, q, id)
	return v, err
}

func (repository) measures(ctx context.Context, q db.Querier, id uuid.UUID) ([]Measure, error) {
	rows, _ := q.Query(ctx, `SELECT id, title, owner_id, due_on, done_at, done_by FROM incident_major_actions WHERE incident_id = @id ORDER BY due_on, id LIMIT 100`, db.Args{"id": id})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[Measure])
	return out, db.Map(err)
}

// saveReview queues the review; the incident's row is locked.
func (repository) saveReview(b *pgx.Batch, v Review, now time.Time) {
	b.Queue(`INSERT INTO incident_major_reviews (`+reviewColumns+`)
		VALUES (@id, 1, @state, @summary, @impact, @cause, @well, @badly, @started, @restored, @authors, @submitted_by, @submitted_at,
			@signed_by, @signed_at, @returned_by, @returned_at, @return_reason, @now, @now)
		ON CONFLICT (incident_id) DO UPDATE SET version = incident_major_reviews.version + 1, state = excluded.state, summary = excluded.summary, impact = excluded.impact,
			cause = excluded.cause, went_well = excluded.went_well, went_badly = excluded.went_badly, started_at = excluded.started_at, restored_at = excluded.restored_at,
			authors = excluded.authors, submitted_by = excluded.submitted_by, submitted_at = excluded.submitted_at, signed_by = excluded.signed_by, signed_at = excluded.signed_at,
			returned_by = excluded.returned_by, returned_at = excluded.returned_at, return_reason = excluded.return_reason, updated_at = excluded.updated_at`,
		db.Args{
			"id": v.IncidentID, "state": v.State, "summary": v.Summary, "impact": v.Impact, "cause": v.Cause, "well": v.WentWell, "badly": v.WentBadly, "started": v.StartedAt,
			"restored": v.RestoredAt, "authors": nonNil(v.Authors), "submitted_by": v.SubmittedBy, "submitted_at": v.SubmittedAt, "signed_by": v.SignedBy, "signed_at": v.SignedAt,
			"returned_by": v.ReturnedBy, "returned_at": v.ReturnedAt, "return_reason": v.ReturnReason, "now": now,
		})
}

func (repository) addMeasure(b *pgx.Batch, incident uuid.UUID, m Measure, by uuid.UUID, now time.Time) {
	b.Queue(`INSERT INTO incident_major_actions (id, incident_id, title, owner_id, due_on, created_by, created_at, updated_at) VALUES (@action, @id, @title, @owner, @due, @by, @now, @now)`,
		db.Args{"action": m.ID, "id": incident, "title": m.Title, "owner": m.OwnerID, "due": m.DueOn, "by": by, "now": now})
}

// dropMeasure removes an action, and returns what it was called.
func (repository) dropMeasure(ctx context.Context, tx db.Tx, incident, id uuid.UUID) (title string, err error) {
	err = tx.QueryRow(ctx, `DELETE FROM incident_major_actions WHERE id = @action AND incident_id = @id RETURNING title`, db.Args{"action": id, "id": incident}).Scan(&title)
	return title, db.Map(err)
}

// tickMeasure says that an action is done, or not after all, and returns what
// it is called.
func (repository) tickMeasure(ctx context.Context, tx db.Tx, incident, id uuid.UUID, done bool, by uuid.UUID, now time.Time) (title string, err error) {
	err = tx.QueryRow(ctx, `UPDATE incident_major_actions SET done_at = CASE WHEN @done THEN @now::timestamptz END, done_by = CASE WHEN @done THEN @by::uuid END, version = version + 1, updated_at = @now
		WHERE id = @action AND incident_id = @id RETURNING title`, db.Args{"action": id, "id": incident, "done": done, "by": by, "now": now}).Scan(&title)
	return title, db.Map(err)
}

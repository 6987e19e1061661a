package sla

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/work"
)

// JobRecount counts the open clocks of a calendar anew after it was changed.
const JobRecount = "sla.recount"

func (s *Service) register() error {
	if err := s.desk.Registry.Every(JobScan, time.Minute, 10*time.Minute, s.scan); err != nil {
		return err
	}
	if err := s.desk.Registry.Handle(JobReapply, 30*time.Minute, s.reapply); err != nil {
		return err
	}
	return s.desk.Registry.Handle(JobRecount, 30*time.Minute, s.recount)
}

// recountLater is called by whatever changes a calendar.
func recountLater(u *work.Unit, calendar uuid.UUID) {
	u.Enqueue(jobs.Job{Kind: JobRecount, Payload: calendar, Unique: calendar.String() + u.Now.Format(time.RFC3339Nano)})
}

// recountBatch is how many records are counted in one transaction.
const recountBatch = 200

// recount goes through the open clocks of a calendar. It can be broken off and
// run again: a clock is what its events say, however often it is asked.
func (s *Service) recount(ctx context.Context, payload json.RawMessage, _ jobs.Run) error {
	var calendar uuid.UUID
	if err := json.Unmarshal(payload, &calendar); err != nil {
		return jobs.Cancel(err)
	}
	ctx = identity.With(ctx, identity.NewSystem("sla"))
	var after uuid.UUID
	for {
		ids, err := s.repo.openOn(ctx, s.desk.DB, calendar, after, recountBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.desk.Do(ctx, func(u *work.Unit) error { return s.recountAll(ctx, u, ids) }); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

func (s *Service) recountAll(ctx context.Context, u *work.Unit, ids []uuid.UUID) error {
	known := make([]past, len(ids))
	for i, id := range ids {
		s.repo.queuePast(&u.Batch, id, Facts{}, &known[i])
	}
	if err := u.Flush(ctx); err != nil {
		return db.Map(err)
	}
	var errs []error
	for i, id := range ids {
		b, err := s.bookAt(ctx, u.Tx, known[i].revision)
		if err != nil {
			return err
		}
		w := writer{s: s, u: u, b: b, id: id, past: known[i]}
		errs = append(errs, w.count())
	}
	return errors.Join(errs...)
}

// openOn lists records with open clocks on a calendar, by id.
func (repository) openOn(ctx context.Context, q db.Querier, calendar, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	rows, _ := q.Query(ctx, `SELECT DISTINCT record_id FROM sla_clocks WHERE calendar_id = @calendar AND state IN ('running', 'paused') AND record_id > @after ORDER BY record_id LIMIT @limit`,
		db.Args{"calendar": calendar, "after": after, "limit": limit})
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return out, db.Map(err)
}

package incident

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// JobAutoClose looks for resolved incidents whose requester stayed silent.
const JobAutoClose = "incident.auto_close"

func (s *Service) register() error {
	if err := s.desk.Registry.Every(JobIndex, 10*time.Minute, 30*time.Minute, s.index); err != nil {
		return err
	}
	if err := s.desk.Registry.Every(JobMajors, time.Minute, 5*time.Minute, s.watchMajors); err != nil {
		return err
	}
	if err := s.desk.Registry.Handle(JobMeasure, time.Hour, s.measure); err != nil {
		return err
	}
	if err := s.desk.Registry.Handle(JobTell, 10*time.Minute, s.tell); err != nil {
		return err
	}
	if err := s.desk.Registry.Handle(JobCascade, 10*time.Minute, s.cascade); err != nil {
		return err
	}
	if err := s.desk.Registry.Every(JobUnassigned, time.Minute, 5*time.Minute, s.alarmUnassigned); err != nil {
		return err
	}
	return s.desk.Registry.Every(JobAutoClose, time.Minute, 5*time.Minute, s.autoClose)
}

// JobIndex puts incidents into the search index that were made before there
// was one.
const JobIndex = "incident.index"

func (s *Service) index(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	var after uuid.UUID
	for {
		ids, err := search.Unindexed(ctx, s.desk.DB, Kind, after, 500)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.index(ctx, tx, ids) }); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// autoClose closes what is due, each through the same guarded use case as a
// click. One that changed meanwhile is left alone.
func (s *Service) autoClose(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("auto-close"))
	var failed []error
	for {
		ids, err := s.repo.dueToClose(ctx, s.desk.DB, s.desk.Now(), 200)
		if err != nil {
			return err
		}
		done := 0
		for _, id := range ids {
			_, err := s.update(ctx, ActionAutoClose, id, 0, struct{}{}, func(u *work.Unit, i *Incident) error {
				if i.State != Resolved || i.AutoCloseAt == nil || i.AutoCloseAt.After(u.Now) {
					return nil
				}
				u.Emit("incident.closed", i.RequesterID)
				return i.close(MoveClose, u.Actor.ID, u.Now)
			})
			if err != nil && !fault.Is(err, fault.Conflict) {
				failed = append(failed, err)
				continue
			}
			done++
		}
		if len(ids) < 200 || done == 0 {
			return errors.Join(failed...)
		}
	}
}

package incident

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/work"
)

// JobAutoClose looks for resolved incidents whose requester stayed silent.
const JobAutoClose = "incident.auto_close"

func (s *Service) register() error {
	return s.desk.Registry.Every(JobAutoClose, time.Minute, 5*time.Minute, s.autoClose)
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

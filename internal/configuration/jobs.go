package configuration

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/work"
)

// JobRemind looks for warranties and contracts that end soon.
const JobRemind = "ci.remind"

// remindBefore is how long before its end somebody is reminded of a warranty
// or a contract.
const remindBefore = 30 * 24 * time.Hour

func (s *Service) register() error {
	return errors.Join(
		s.desk.Registry.Every(JobRemind, time.Hour, 10*time.Minute, s.remind),
		s.desk.Registry.Every("ci.campaigns", 10*time.Minute, 10*time.Minute, s.remindCampaigns),
	)
}

// remind tells owner and custodian, once for each end.
func (s *Service) remind(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("configuration"))
	by := s.desk.Now().Add(remindBefore)
	var failed []error
	for {
		ids, err := s.repo.expiring(ctx, s.desk.DB, by, 200)
		if err != nil {
			return err
		}
		done := 0
		for _, id := range ids {
			_, err := s.update(ctx, ActionRemind, id, 0, struct{}{}, func(u *work.Unit, _ Model, i *Item) error {
				end := earliest(i.WarrantyUntil, i.ContractUntil)
				if end == nil || end.After(by) || i.RemindedUntil != nil && i.RemindedUntil.Equal(*end) {
					return nil
				}
				i.RemindedUntil = end
				u.Emit("ci.expiring", people(i.OwnerID, i.CustodianID)...)
				return nil
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

func earliest(list ...*time.Time) *time.Time {
	var out *time.Time
	for _, t := range list {
		if t != nil && (out == nil || t.Before(*out)) {
			out = t
		}
	}
	return out
}

func people(ids ...*uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	for _, id := range ids {
		if id != nil {
			out = append(out, *id)
		}
	}
	return out
}

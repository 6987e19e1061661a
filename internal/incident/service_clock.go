package incident

import (
	"context"

	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// standing is how the incident stands, as far as its clocks are concerned.
func (i Incident) standing() sla.Standing {
	return sla.Standing{
		Facts:    sla.Facts{Priority: i.Priority, ServiceID: i.ServiceID, DepartmentID: i.DepartmentID, RequesterID: &i.RequesterID, TeamID: i.TeamID, Since: i.ReportedAt},
		Category: i.State.Category(), Waits: string(i.PendingReason), Responded: i.RespondedAt, Reopened: i.ReopenCount,
	}
}

// timed lets the clocks follow a change. Every change of an incident passes
// through it.
func (s *Service) timed(ctx context.Context, change func(*work.Unit, *Incident) error) func(*work.Unit, *Incident) error {
	return func(u *work.Unit, i *Incident) error {
		before := i.standing()
		if err := change(u, i); err != nil {
			return err
		}
		return s.sla.Follow(ctx, u, i.Ref(), before, i.standing())
	}
}

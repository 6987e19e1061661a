package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// PriorityInput says anew how far a request reaches and how urgent it is.
type PriorityInput struct {
	Version int    `json:"version"`
	Impact  int    `json:"impact" validate:"required,min=1,max=3"`
	Urgency int    `json:"urgency" validate:"required,min=1,max=3"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=500"`
}

// Prioritise changes impact and urgency of a request that is running; the
// matrix gives the priority. Its clocks are told, and keep what they consumed;
// why stands in the trail.
func (s *Service) Prioritise(ctx context.Context, id uuid.UUID, in PriorityInput) (Request, error) {
	return s.update(ctx, ActionPriority, id, in.Version, in, func(u *work.Unit, r *Request) (err error) {
		if !r.State.Open() || r.State == Draft {
			return fault.New(fault.Conflict, "servicerequest.error.not_open", "state", string(r.State))
		}
		before := r.Priority
		r.Impact, r.Urgency = in.Impact, in.Urgency
		if r.Priority, err = s.Priorities.Priority(ctx, u.Tx, r.Impact, r.Urgency); err != nil {
			return err
		}
		u.Note("priority_reason", nil, in.Reason)
		if r.Priority != before {
			u.Emit("servicerequest.prioritised", people(r.AssigneeID)...)
		}
		return nil
	})
}

package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// NudgeInput chases a request (催办), with a word if there is one to say.
type NudgeInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=1000"`
}

// Nudge reminds whoever answers for an open request now: those who are asked to
// approve it, or whoever has its next task. There is a cool-down for everybody
// together.
func (s *Service) Nudge(ctx context.Context, id uuid.UUID, in NudgeInput) (Request, error) {
	return s.update(ctx, ActionNudge, id, 0, in, func(u *work.Unit, r *Request) error {
		if !r.State.Open() || r.State == Draft {
			return fault.New(fault.Conflict, "servicerequest.error.not_open", "state", string(r.State))
		}
		to, err := s.Clocks.Nudge(ctx, u, r.Ref(), r.AssigneeID, r.TeamID)
		if err != nil {
			return err
		}
		if r.State == Approving {
			if to, err = s.Approvals.Awaited(ctx, u.Tx, r.Ref()); err != nil {
				return err
			}
		}
		if in.Remark != "" {
			comment.Reply(u, r.Ref(), in.Remark, u.Now)
		}
		u.Note("nudged", nil, true)
		u.Emit("servicerequest.nudged", to...)
		return nil
	})
}

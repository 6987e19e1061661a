package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// NudgeInput chases an incident (催办), with a word if there is one to say.
type NudgeInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=1000"`
}

// Nudge reminds whoever answers for an open incident now. There is a cool-down for everybody together.
func (s *Service) Nudge(ctx context.Context, id uuid.UUID, in NudgeInput) (Incident, error) {
	return s.update(ctx, ActionNudge, id, 0, in, func(u *work.Unit, i *Incident) error {
		if !i.State.Open() {
			return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
		}
		to, err := s.sla.Nudge(ctx, u, i.Ref(), i.AssigneeID, i.TeamID)
		if err != nil {
			return err
		}
		if in.Remark != "" {
			comment.Reply(u, i.Ref(), in.Remark, u.Now)
		}
		u.Note("nudged", nil, true)
		u.Emit("incident.nudged", to...)
		return nil
	})
}

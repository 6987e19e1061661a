package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/work"
)

// HandOver gives an open incident of somebody who leaves to a person, or to a
// team's queue. What that person is not responsible for any more is left alone.
func (s *Service) HandOver(ctx context.Context, id, from uuid.UUID, person, team *uuid.UUID) error {
	in := AssignInput{AssigneeID: person, TeamID: team}
	_, err := s.update(ctx, ActionAssign, id, 0, in, func(u *work.Unit, i *Incident) error {
		if i.AssigneeID == nil || *i.AssigneeID != from || !i.State.Open() {
			return nil
		}
		return s.hand(ctx, u, i, in)
	})
	return err
}

package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Priority is the matrix cell of impact and urgency, for every practice that
// has both.
func (s *Service) Priority(ctx context.Context, q db.Querier, impact, urgency int) (int, error) {
	n, err := s.repo.priority(ctx, q, impact, urgency)
	return n, db.Map(err)
}

// OpenIn opens an incident within a running unit, for another practice that
// needs one: it goes to a team, if one is named, and is related to the record
// that it comes from.
func (s *Service) OpenIn(ctx context.Context, u *work.Unit, in CreateInput, team *uuid.UUID, from record.Ref) (record.Ref, error) {
	var to *routed
	i, err := work.Insert(ctx, u, s.repo, ActionSucceed, nil, in, func(u *work.Unit) (i Incident, err error) {
		i, to, err = s.open(ctx, u, in)
		if team != nil {
			i.TeamID = team
		}
		u.AfterRegister(func() error {
			record.Link(&u.Batch, i.ID, from.ID, "related", u.Actor.ID, u.Now)
			return nil
		})
		return i, err
	})
	if err != nil {
		return record.Ref{}, err
	}
	return i.Ref(), s.routedTrail(u, i, to)
}

package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// HandOver gives the open tasks of somebody who leaves to a person, or back to a
// team's queue: all of the request's, or none. What that person does not hold
// any more is left alone.
func (s *Service) HandOver(ctx context.Context, id, from uuid.UUID, person, team *uuid.UUID) error {
	in := AssignTaskInput{AssigneeID: person, TeamID: team}
	return s.desk.Whole(ctx, ActionAssignTask, record.Ref{Kind: Kind, ID: id}, in, []string{"servicerequest.task_assigned"}, func(ctx context.Context) error {
		tasks, err := s.repo.tasks(ctx, s.desk.DB, id)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if t.AssigneeID == nil || *t.AssigneeID != from || t.State.ended() || t.elsewhere() {
				continue
			}
			if _, err := s.AssignTask(ctx, id, t.ID, in); err != nil {
				return err
			}
		}
		return nil
	})
}

// HeldBy lists the open requests on which a person holds tasks that are not
// done.
func (s *Service) HeldBy(ctx context.Context, q db.Querier, person uuid.UUID) ([]uuid.UUID, error) {
	return s.repo.heldBy(ctx, q, person)
}

// keyOf is the key of an act on one of several tasks: each is an act of its own.
func keyOf(ctx context.Context, task uuid.UUID) string {
	if key := work.Key(ctx); key != "" {
		return key + ":" + task.String()
	}
	return ""
}

package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/work"
)

// HandOver gives the open tasks of somebody who leaves to a person, or back to a
// team's queue. What that person does not hold any more is left alone.
func (s *Service) HandOver(ctx context.Context, id, from uuid.UUID, person, team *uuid.UUID) error {
	tasks, err := s.repo.tasks(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if t.AssigneeID == nil || *t.AssigneeID != from || t.State.ended() || t.elsewhere() {
			continue
		}
		if _, err := s.AssignTask(work.WithKey(ctx, keyOf(ctx, t.ID)), id, t.ID, AssignTaskInput{AssigneeID: person, TeamID: team}); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is the key of an act on one of several tasks: each is an act of its own.
func keyOf(ctx context.Context, task uuid.UUID) string {
	if key := work.Key(ctx); key != "" {
		return key + ":" + task.String()
	}
	return ""
}

package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// HandOver gives an open incident of somebody who leaves, and their open tasks
// on it, to a person or to a team's queue: both or neither. What that person is
// not responsible for any more is left alone.
func (s *Service) HandOver(ctx context.Context, id, from uuid.UUID, person, team *uuid.UUID) error {
	in := AssignInput{AssigneeID: person, TeamID: team}
	i, err := s.repo.get(ctx, s.desk.DB, id)
	if err != nil {
		return err
	}
	act := ActionTasks // the trail says what was handed on
	if i.AssigneeID != nil && *i.AssigneeID == from {
		act = ActionAssign
	}
	_, err = s.update(ctx, act, id, 0, in, func(u *work.Unit, i *Incident) error {
		if !i.State.Open() {
			return nil
		}
		if i.AssigneeID != nil && *i.AssigneeID == from {
			if err := s.hand(ctx, u, i, in); err != nil {
				return err
			}
		}
		return s.handTasks(ctx, u, *i, from, person)
	})
	return err
}

// HeldBy lists the open incidents on which a person holds open tasks.
func (s *Service) HeldBy(ctx context.Context, q db.Querier, person uuid.UUID) ([]uuid.UUID, error) {
	return s.repo.heldBy(ctx, q, person)
}

// handTasks gives the open tasks of one person to another, or to nobody: they
// wait for whoever is responsible for the incident.
func (s *Service) handTasks(ctx context.Context, u *work.Unit, i Incident, from uuid.UUID, to *uuid.UUID) error {
	to, err := s.standIn(ctx, u, to)
	if err != nil {
		return err
	}
	tasks, err := s.repo.takeTasks(ctx, u.Tx, i.ID, from, to, u.Now)
	if err != nil || len(tasks) == 0 {
		return err
	}
	if to != nil {
		if err := identity.Engage(ctx, u.Tx, *to, "assignee_id"); err != nil {
			return err
		}
	}
	var titles []string
	for _, t := range tasks {
		record.Withdraw(&u.Batch, i.ID, "task", t.ID)
		record.Settle(&u.Batch, t.ID)
		if to != nil {
			hand(u, i.ID, t.ID, *to, t.Title)
			u.EmitAbout("incident.task_assigned", t.ID, *to)
		}
		titles = append(titles, t.Title)
	}
	u.Note("tasks_handed", from, to)
	u.Note("tasks", nil, titles)
	return nil
}

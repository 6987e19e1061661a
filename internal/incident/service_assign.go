package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/presence"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// AssignInput hands the incident to a person of the same or another team.
type AssignInput struct {
	Version    int        `json:"version"`
	AssigneeID *uuid.UUID `json:"assignee_id"`
	TeamID     *uuid.UUID `json:"team_id"`
}

// Assign hands an open incident to a person, a team or both. Without a team it
// stays where it is; without a person it waits in the team's queue.
func (s *Service) Assign(ctx context.Context, id uuid.UUID, in AssignInput) (Incident, error) {
	return s.update(ctx, ActionAssign, id, in.Version, in, func(u *work.Unit, i *Incident) error { return s.hand(ctx, u, i, in) })
}

// hand is Assign within a unit.
func (s *Service) hand(ctx context.Context, u *work.Unit, i *Incident, in AssignInput) error {
	team := first(in.TeamID, i.TeamID)
	if err := s.repo.assignable(ctx, u.Tx, in.AssigneeID, team, u.Now); err != nil {
		return err
	}
	to, err := s.standIn(ctx, u, in.AssigneeID)
	if err != nil {
		return err
	}
	if err := i.assign(to, team); err != nil {
		return err
	}
	s.nameAssignee(u, *i)
	u.Emit("incident.assigned", people(i.AssigneeID)...)
	return nil
}

// Claim takes an unassigned incident. Of many who claim at once one wins and
// the others are told who did. A classified new incident is accepted by it.
func (s *Service) Claim(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionClaim, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if i.AssigneeID != nil && *i.AssigneeID != u.Actor.ID {
			name, err := s.repo.personName(ctx, u.Tx, *i.AssigneeID)
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "incident.error.claimed", "name", name)
		}
		team := i.TeamID
		if team == nil && len(u.Actor.Teams) == 1 {
			team = &u.Actor.Teams[0]
		}
		if err := i.assign(&u.Actor.ID, team); err != nil {
			return err
		}
		if i.State == New && i.CategoryID != nil {
			u.Emit("incident.accepted", i.RequesterID)
			return i.accept(u.Actor.ID, u.Now)
		}
		return nil
	})
}

// TransferInput gives the incident to another team; the remark says why and
// stays in the history.
type TransferInput struct {
	Version    int        `json:"version"`
	TeamID     uuid.UUID  `json:"team_id" validate:"required"`
	AssigneeID *uuid.UUID `json:"assignee_id"`
	Remark     string     `json:"remark" validate:"required,notblank,text,max=2000"`
}

// Transfer hands an open incident to another team.
func (s *Service) Transfer(ctx context.Context, id uuid.UUID, in TransferInput) (Incident, error) {
	return s.update(ctx, ActionTransfer, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if err := s.repo.assignable(ctx, u.Tx, in.AssigneeID, &in.TeamID, u.Now); err != nil {
			return err
		}
		to, err := s.standIn(ctx, u, in.AssigneeID)
		if err != nil {
			return err
		}
		if err := i.assign(to, &in.TeamID); err != nil {
			return err
		}
		s.nameAssignee(u, *i)
		comment.AddNote(u, i.Ref(), in.Remark, u.Now)
		u.Note("remark", nil, in.Remark)
		u.Emit("incident.transferred", people(to)...)
		return nil
	})
}

// standIn is who gets what is handed to a person: they themselves, or, while
// they are away, who stands in for them. The trail says for whom.
func (s *Service) standIn(ctx context.Context, u *work.Unit, person *uuid.UUID) (*uuid.UUID, error) {
	if person == nil || *person == u.Actor.ID {
		return person, nil
	}
	to, err := insteadOf(ctx, u.Tx, *person, u.Now)
	if err != nil {
		return nil, err
	}
	if to != *person {
		u.Note("stands_in_for", nil, *person)
	}
	return &to, nil
}

// insteadOf is who gets the work of a person now; where they are away and nobody
// stands in for them, it is refused.
func insteadOf(ctx context.Context, q db.Querier, person uuid.UUID, now time.Time) (uuid.UUID, error) {
	to, ok, err := presence.StandIn(ctx, q, person, now)
	if err == nil && !ok {
		err = fault.OnField("assignee_id", "incident.error.absent")
	}
	return to, err
}

// nameAssignee lets whoever is made responsible for a confidential incident
// see it.
func (s *Service) nameAssignee(u *work.Unit, i Incident) {
	if i.Confidential && i.AssigneeID != nil {
		record.Name(&u.Batch, i.ID, *i.AssigneeID, u.Actor.ID, "assigned", u.Now, u.Now.Add(namedFor))
	}
}

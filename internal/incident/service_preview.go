package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
)

// aim refuses a change of many whose aim no incident could have: somebody who is
// no engineer or away with nobody in their place, a category that is retired, a
// parent that is not there. It writes the parent's number as it is.
func (s *Service) aim(ctx context.Context, in *BulkInput) error {
	if err := s.repo.known(ctx, s.desk.DB, in.CategoryID, in.ServiceID); err != nil {
		return err
	}
	switch in.Act {
	case "assign":
		return s.mayHold(ctx, in.AssigneeID, in.TeamID)
	case "parent":
		p, err := s.parentNamed(ctx, in.ParentNumber)
		if err != nil {
			return err
		}
		in.ParentNumber = p.Label()
	}
	return nil
}

// mayHold refuses who could not be given an incident now.
func (s *Service) mayHold(ctx context.Context, person, team *uuid.UUID) error {
	if err := s.repo.assignable(ctx, s.desk.DB, person, team, s.desk.Now()); err != nil || person == nil {
		return err
	}
	who, err := identity.From(ctx)
	if err != nil || *person == who.ID {
		return err
	}
	_, err = insteadOf(ctx, s.desk.DB, *person, s.desk.Now())
	return err
}

// nearby is what stands around the incidents of a preview, asked for all of them
// at once.
type nearby struct {
	parent   *Incident         // that they would get
	children map[uuid.UUID]int // theirs
	tasks    map[uuid.UUID]int // theirs that are open
	parts    map[uuid.UUID]int // their children that must be done before
	retired  map[uuid.UUID]int // teams that some are with
	computed []Cell
}

// priority is what the matrix gives an incident.
func (a nearby) priority(i Incident) int {
	for _, c := range a.computed {
		if c.Impact == i.Impact && c.Urgency == i.Urgency {
			return c.Priority
		}
	}
	return 0
}

// preview looks at each of the incidents that the actor may see: whether they
// may make the change, and whether it could be made as things are now.
func (s *Service) preview(ctx context.Context, in BulkInput, ids []uuid.UUID) ([]batch.Row, error) {
	seen, err := s.desk.SeeAll(ctx, Kind, ids)
	if err != nil {
		return nil, err
	}
	ids = ids[:0:0]
	for _, x := range seen {
		ids = append(ids, x.ID)
	}
	list, err := s.repo.some(ctx, s.desk.DB, ids)
	if err != nil {
		return nil, err
	}
	near, err := s.lookAround(ctx, in, ids)
	if err != nil {
		return nil, err
	}
	act := bulkActs[in.Act].action
	out := make([]batch.Row, 0, len(seen))
	for _, x := range seen {
		i, ok := list[x.ID]
		if !ok {
			continue
		}
		row := batch.Row{RecordID: i.ID, Number: i.Label()}
		if row.Code, err = queue.Denied(ctx, s.desk, &x.Facts, act); err != nil {
			return nil, err
		}
		if row.Code == "" {
			if err := s.would(i, in, near); err != nil {
				row.Refuse(fault.Of(err))
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// lookAround asks for what the change looks at beside the incidents themselves.
func (s *Service) lookAround(ctx context.Context, in BulkInput, ids []uuid.UUID) (a nearby, err error) {
	switch in.Act {
	case "parent":
		var p Incident
		if p, err = s.parentNamed(ctx, in.ParentNumber); err != nil {
			return a, err
		}
		a.parent = &p
		a.children, err = s.repo.childrenOf(ctx, s.desk.DB, ids)
	case "resolve":
		if a.tasks, err = s.repo.openTasksOf(ctx, s.desk.DB, ids); err == nil {
			a.parts, err = s.repo.openPartsOf(ctx, s.desk.DB, ids)
		}
	case "priority":
		a.computed, err = s.repo.matrix(ctx, s.desk.DB)
	case "assign":
		if in.TeamID == nil {
			a.retired, err = s.repo.retiredTeams(ctx, s.desk.DB, ids)
		}
	}
	return a, err
}

// would makes the change to a copy of the incident, and says why it cannot be
// made.
func (s *Service) would(i Incident, in BulkInput, near nearby) error {
	act := bulkActs[in.Act].action
	if m, ok := moves[act]; ok {
		if _, err := i.State.Next(m[0]); err != nil {
			return err
		}
	}
	if !s.legal(i, act) {
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	}
	now := s.desk.Now()
	switch in.Act {
	case "assign":
		if i.TeamID != nil && near.retired[*i.TeamID] > 0 {
			return fault.OnField("team_id", "validation.unknown")
		}
		return i.assign(in.AssigneeID, first(in.TeamID, i.TeamID))
	case "priority":
		return i.override(in.Priority, near.priority(i), in.Reason)
	case "parent":
		return i.attach(*near.parent, or(in.ChildAs, SameFault), near.children[i.ID] > 0, now)
	case "resolve":
		if near.parts[i.ID] > 0 {
			return fault.OnField("force_reason", "incident.error.open_parts")
		}
		if n := near.tasks[i.ID]; n > 0 {
			return fault.New(fault.Conflict, "incident.error.open_tasks", "count", n)
		}
		return i.resolve(Resolution{in.Code, in.Cause, in.Process}, uuid.Nil, now, now)
	}
	return nil
}

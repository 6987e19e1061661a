package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/routing"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// actionVIP is the use case of package people that the ticket offers.
const actionVIP authz.Action = "person.mark_vip"

// RouteBy is called while wiring: from then on rules decide where new incidents
// go, and what conditions can name is known.
func (s *Service) RouteBy(r *routing.Service) {
	s.rules = r
	r.For(Kind, vocabulary{s})
	s.batches.Handle(trialKind, batch.Runner{All: s.tryRules, Title: "incident.trial.title"})
}

// vocabulary tells the rules what incidents can be about.
type vocabulary struct{ s *Service }

// Choices lists the categories or services.
func (v vocabulary) Choices(ctx context.Context, field string) ([]routing.Choice, error) {
	var list []Choice
	var err error
	switch field {
	case "category":
		list, err = v.s.repo.categories(ctx, v.s.desk.DB)
	case "service":
		list, err = v.s.repo.services(ctx, v.s.desk.DB)
	}
	out := make([]routing.Choice, len(list))
	for n, c := range list {
		out[n] = routing.Choice{ID: c.ID, NameZh: c.NameZh, NameEn: c.NameEn, Parent: c.ParentID, Active: c.Active}
	}
	return out, err
}

// decide asks the rules about an incident as it is.
func (s *Service) decide(ctx context.Context, q db.Querier, i Incident) (routing.Outcome, error) {
	return s.rules.Decide(ctx, q, i.ReportedAt, func() (routing.Facts, error) { return s.repo.facts(ctx, q, i) })
}

// follow does to the incident what the rules decided. computed is its priority by the matrix: raising it states the rule
// as the reason (INC-02).
func (i *Incident) follow(o routing.Outcome, computed int) {
	if o.Team != nil && (i.TeamID == nil || *i.TeamID != *o.Team) {
		i.TeamID, i.AssigneeID = o.Team, nil
	}
	if o.Floor > 0 && i.Priority > o.Floor {
		i.Priority, i.PriorityReason = o.Floor, ""
		if i.Priority != computed {
			i.PriorityReason = o.Rule()
		}
	}
}

// routed is what the rules decided about a report while it is being made.
type routed struct {
	routing.Outcome
	diff trail.Diff
}

// route lets the rules decide about a new incident, before it is stored.
func (s *Service) route(ctx context.Context, u *work.Unit, i *Incident) (*routed, error) {
	if s.rules == nil {
		return nil, nil
	}
	o, err := s.decide(ctx, u.Tx, *i)
	if err != nil || !o.Applied() {
		return nil, err
	}
	before := *i
	i.follow(o, i.Priority)
	if i.AssigneeID, err = s.rules.Pick(ctx, u, o); err != nil {
		return nil, err
	}
	return &routed{o, trail.Compare(before, *i)}, nil
}

// routedTrail writes what the rules did to a new incident under their own name,
// after the entry of the report itself.
func (s *Service) routedTrail(u *work.Unit, i Incident, r *routed) error {
	if r == nil {
		return nil
	}
	s.rules.Note(u, i.ID, r.Outcome)
	return u.Component(routing.System, ActionRoute, i.Ref(), i.Label(), i.Version, r.Trail(r.diff), func(u *work.Unit) {
		if i.AssigneeID != nil {
			u.Emit("incident.assigned", *i.AssigneeID)
		}
	})
}

// RouteInput asks for the rules in force to be applied once more.
type RouteInput struct {
	Version int `json:"version"`
}

// Route applies the rules in force to an open incident: after its category was
// set, or the rules were changed.
func (s *Service) Route(ctx context.Context, id uuid.UUID, in RouteInput) (Incident, error) {
	return s.update(ctx, ActionRoute, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if !i.State.Open() {
			return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
		}
		if s.rules == nil {
			return fault.New(fault.Conflict, "incident.error.no_rule")
		}
		if err := s.rules.MayRun(ctx, u.Tx, id); err != nil {
			return err
		}
		o, err := s.decide(ctx, u.Tx, *i)
		if err != nil {
			return err
		}
		if !o.Applied() {
			return fault.New(fault.Conflict, "incident.error.no_rule")
		}
		computed, err := s.repo.priority(ctx, u.Tx, i.Impact, i.Urgency)
		if err != nil {
			return err
		}
		i.follow(o, computed)
		if i.AssigneeID == nil {
			if i.AssigneeID, err = s.rules.Pick(ctx, u, o); err != nil {
				return err
			}
			s.nameAssignee(u, *i)
			if i.AssigneeID != nil {
				u.Emit("incident.assigned", *i.AssigneeID)
			}
		}
		s.rules.Note(u, id, o)
		for field, v := range o.Trail(nil) {
			u.Note(field, v[0], v[1])
		}
		return nil
	})
}

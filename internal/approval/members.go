package approval

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// The reasons that are not the matrix's own.
const (
	reasonApproved = "approval.reason.approved_before"
	reasonLeft     = "approval.reason.left"
	reasonConflict = "approval.reason.conflict"
	reasonExpired  = "approval.reason.waiver_expired"
)

// court knows all that entitles people to decide about one content.
type court struct {
	s       *Service
	q       db.Querier
	now     time.Time
	content Content
	named   map[uuid.UUID]bool
	before  []uuid.UUID // who may not decide again
	actors  map[uuid.UUID]identity.Actor
}

// court reads the facts for the running step of a process.
func (s *Service) court(ctx context.Context, q db.Querier, now time.Time, p *process, c Content) (*court, error) {
	k := &court{s: s, q: q, now: now, content: c, named: map[uuid.UUID]bool{}, actors: map[uuid.UUID]identity.Actor{}}
	if c.Entry.Confidential {
		list, err := record.NamedOn(ctx, q, c.Entry.ID, now)
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			k.named[n.PersonID] = true
		}
	}
	if p.Spec.Distinct {
		k.before = p.stand()
	}
	return k, nil
}

// load reads people as actors, those not known yet.
func (k *court) load(ctx context.Context, ids ...uuid.UUID) error {
	var more []uuid.UUID
	for _, id := range ids {
		if _, ok := k.actors[id]; !ok {
			more = append(more, id)
		}
	}
	if len(more) == 0 {
		return nil
	}
	list, err := identity.LoadActors(ctx, k.q, more, k.now)
	for id, a := range list {
		k.actors[id] = a
	}
	return err
}

// facts is how a person stands to the content. Whoever has a seat is a
// participant.
func (k *court) facts(id uuid.UUID) authz.Facts {
	f := k.content.Entry.Facts(record.Standing{Named: k.named[id], Participant: true})
	f.Implementer = slices.Contains(k.content.Involved, id)
	return f
}

// against says why a person may not have a seat in the step; "" if they may. It
// is asked when the step is opened and again at each vote.
func (k *court) against(ctx context.Context, id uuid.UUID, step Step, from SourceKind) (string, error) {
	if err := k.load(ctx, id); err != nil {
		return "", err
	}
	a, ok := k.actors[id]
	if !ok {
		return reasonLeft, nil
	}
	if slices.Contains(k.before, id) {
		return reasonApproved, nil
	}
	f := k.facts(id)
	d := k.s.desk.Matrix.Decide(a, step.Row, &f)
	if from == standIn {
		d = k.s.desk.Matrix.StandIn(a, &f)
	}
	if d.Allowed {
		return "", nil
	}
	return d.Reason, nil
}

// againstDeputy says why a person may not vote for the member of a seat (S11).
// The member's authority is borrowed and not widened: they must be entitled
// themselves, nothing may connect the deputy to the object, and the roles of
// both may not be ones that no single person could hold.
func (k *court) againstDeputy(ctx context.Context, deputy uuid.UUID, st seat, step Step) (string, error) {
	why, err := k.against(ctx, st.Person, step, st.Source)
	if err != nil || why != "" {
		return why, err
	}
	if err := k.load(ctx, deputy); err != nil {
		return "", err
	}
	d, ok := k.actors[deputy]
	if !ok {
		return reasonLeft, nil
	}
	if slices.Contains(k.before, deputy) {
		return reasonApproved, nil
	}
	m := k.actors[st.Person]
	lent := identity.Actor{ID: deputy, Roles: union(d.Roles, m.Roles), Teams: m.Teams, Departments: m.Departments, Services: m.Services}
	if len(authz.Conflicts(lent.Roles)) > 0 {
		return reasonConflict, nil
	}
	f := k.facts(deputy)
	dec := k.s.desk.Matrix.Decide(lent, step.Row, &f)
	if st.Source == standIn {
		dec = k.s.desk.Matrix.StandIn(lent, &f)
	}
	if dec.Allowed {
		return "", nil
	}
	return dec.Reason, nil
}

func union(a, b []identity.Role) []identity.Role {
	out := slices.Clone(a)
	for _, r := range b {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// resolve turns the sources of a step into seats, and says who was left out.
func (k *court) resolve(ctx context.Context, step Step) (seats []seat, out []leftOut, err error) {
	veto := 0
	for _, w := range step.Who {
		ids, err := k.people(ctx, step, w)
		if err != nil {
			return nil, nil, err
		}
		if err := k.load(ctx, ids...); err != nil {
			return nil, nil, err
		}
		for _, id := range ids {
			why, err := k.against(ctx, id, step, w.Kind)
			if err != nil {
				return nil, nil, err
			}
			if why != "" {
				if !slices.ContainsFunc(out, func(o leftOut) bool { return o.Person == id }) {
					out = append(out, leftOut{id, why})
				}
				continue
			}
			seats = k.take(seats, id, step, w, veto)
			if w.Kind == FromManager {
				break // the nearest is enough
			}
		}
		if w.Veto {
			veto++
		}
	}
	if len(seats) > maxMembers {
		return nil, nil, fault.New(fault.Conflict, "approval.error.too_many", "count", maxMembers)
	}
	return seats, out, nil
}

// take gives a person a seat, or adds to the one they have.
func (k *court) take(seats []seat, id uuid.UUID, step Step, w Source, veto int) []seat {
	i := slices.IndexFunc(seats, func(s seat) bool { return s.Person == id })
	if i < 0 {
		s := seat{Seat: Seat{ID: work.NewID(), Person: id, Groups: []int{}, Vetoes: []int{}}, Source: w.Kind}
		for g, r := range step.Must {
			if k.actors[id].Has(r) {
				s.Groups = append(s.Groups, g)
			}
		}
		seats = append(seats, s)
		i = len(seats) - 1
	}
	if w.Veto {
		seats[i].Vetoes = append(seats[i].Vetoes, veto)
	}
	seats[i].Chair = seats[i].Chair || w.Chair
	return seats
}

// people lists whom a source means, whether or not they may decide. The
// managers up the tree come nearest first.
func (k *court) people(ctx context.Context, step Step, w Source) ([]uuid.UUID, error) {
	r, q, e := k.s.repo, k.q, k.content.Entry
	switch w.Kind {
	case FromPerson:
		return []uuid.UUID{w.ID}, nil
	case FromTeam:
		return r.team(ctx, q, w.ID)
	case FromRole:
		return r.holders(ctx, q, []identity.Role{w.Role}, k.now)
	case FromRow:
		roles := slices.DeleteFunc(k.s.desk.Matrix.Roles(step.Row), func(x identity.Role) bool { return x == identity.Requester })
		return r.holders(ctx, q, roles, k.now)
	case FromService:
		return r.owner(ctx, q, or(w.ID, e.ServiceID))
	case FromManager:
		return r.managers(ctx, q, or(w.ID, e.DepartmentID))
	}
	return nil, fault.New(fault.Internal, "error.internal")
}

func or(id uuid.UUID, p *uuid.UUID) uuid.UUID {
	if id == uuid.Nil && p != nil {
		return *p
	}
	return id
}

// standIns finds managers of other departments for who is missing (S12), as
// many as are needed and no more. The first one stands for the groups that have
// nobody, and as many as attendance lacks for its group.
func (k *court) standIns(ctx context.Context, p *process) ([]seat, error) {
	m := p.state.Missing
	ids, err := k.s.repo.otherManagers(ctx, k.q)
	if err != nil {
		return nil, db.Map(err)
	}
	if err := k.load(ctx, ids...); err != nil {
		return nil, err
	}
	until := k.now.Add(waiver)
	var out []seat
	for _, id := range ids {
		if len(out) == m.Seats {
			break
		}
		if slices.ContainsFunc(p.Seats, func(s seat) bool { return s.Person == id && s.Round == p.state.Round }) {
			continue
		}
		why, err := k.against(ctx, id, p.step(), standIn)
		if err != nil {
			return nil, err
		}
		if why == "" {
			s := seat{Seat: Seat{ID: work.NewID(), Person: id, Groups: []int{}, Vetoes: []int{}}, Source: standIn, WaiverUntil: &until}
			if len(out) == 0 {
				s.Groups, s.Vetoes = append(s.Groups, m.Groups...), append(s.Vetoes, m.Vetoes...)
			}
			if g := p.rules[p.state.Step-1].AttendGroup - 1; g >= 0 && len(out) < m.Attend && !slices.Contains(s.Groups, g) {
				s.Groups = append(s.Groups, g)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

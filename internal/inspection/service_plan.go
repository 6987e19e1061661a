package inspection

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/work"
)

// PlanInput is a plan as it is written.
type PlanInput struct {
	Version      int         `json:"version"`
	NameZh       string      `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn       string      `json:"name_en" validate:"required,notblank,line,max=100"`
	Items        []uuid.UUID `json:"items" validate:"max=100"`
	Selection    *Selection  `json:"selection"`
	Points       []Point     `json:"points" validate:"max=40,dive"`
	Recurrence   Recurrence  `json:"recurrence"`
	CalendarID   *uuid.UUID  `json:"calendar_id"`
	AllowMinutes int         `json:"allow_minutes" validate:"min=15,max=44640"`
	TeamID       uuid.UUID   `json:"team_id" validate:"required"`
	PersonID     *uuid.UUID  `json:"person_id"`
	ServiceID    *uuid.UUID  `json:"service_id"`
}

// StepInput is an act without further fields.
type StepInput struct {
	Version int `json:"version"`
}

// ReasonInput says why.
type ReasonInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=1000"`
}

// fill puts what was written into a plan, after looking whether it can be done.
func (s *Service) fill(ctx context.Context, q db.Querier, p *Plan, in PlanInput) error {
	f := fault.New(fault.Invalid, "error.invalid")
	add := func(name, code string) { f.Fields = append(f.Fields, fault.Field{Name: name, Code: code}) }
	if err := in.Recurrence.check(); err != nil {
		f.Fields = append(f.Fields, fault.Of(err).Fields...)
	}
	in.Selection = in.selection()
	if (len(in.Items) > 0) == (in.Selection != nil) {
		add("items", "inspection.error.items")
	}
	if len(in.Points) == 0 {
		add("points", "inspection.error.no_points")
	}
	seen := map[string]bool{}
	in.Points = slices.Clone(in.Points) // what was asked for stays as it was, for its key
	for n := range in.Points {
		x := &in.Points[n]
		if x.Key == "" || seen[x.Key] || !keyed(x.Key) {
			x.Key = newKey()
		}
		if seen[x.Key] = true; x.Kind != Number {
			x.Unit, x.Lower, x.Upper = "", nil, nil
		}
		if !x.bounded() {
			add("points", "inspection.error.bounds")
		}
	}
	if err := s.refer(ctx, q, in, add); err != nil {
		return err
	}
	if len(f.Fields) > 0 {
		return f
	}
	p.NameZh, p.NameEn, p.Items, p.Selection, p.Points, p.Recurrence = in.NameZh, in.NameEn, unique(in.Items), in.Selection, in.Points, in.Recurrence
	p.CalendarID, p.AllowMinutes, p.TeamID, p.PersonID, p.ServiceID = in.CalendarID, in.AllowMinutes, in.TeamID, in.PersonID, in.ServiceID
	p.Recurrence.Weekdays = nonNil(slices.Sorted(slices.Values(in.Recurrence.Weekdays)))
	return nil
}

// selection is what the plan is to select by, if it selects.
func (in PlanInput) selection() *Selection {
	if in.Selection == nil || in.Selection.ClassID == uuid.Nil {
		return nil
	}
	return in.Selection
}

func unique(ids []uuid.UUID) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(ids))
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// refer names what points at nothing usable.
func (s *Service) refer(ctx context.Context, q db.Querier, in PlanInput, add func(name, code string)) error {
	teams, err := identity.Teams(ctx, q)
	if err != nil {
		return db.Map(err)
	}
	if !slices.ContainsFunc(teams, func(t identity.Team) bool { return t.ID == in.TeamID && t.Active }) {
		add("team_id", "validation.unknown")
	} else if in.PersonID != nil {
		members, err := identity.Members(ctx, q, in.TeamID)
		if err != nil {
			return db.Map(err)
		}
		if !slices.ContainsFunc(members, func(p identity.Person) bool { return p.ID == *in.PersonID && p.Active }) {
			add("person_id", "inspection.error.not_in_team")
		}
	}
	services, err := s.repo.services(ctx, q)
	if err != nil {
		return err
	}
	if !among(services, in.ServiceID) {
		add("service_id", "validation.unknown")
	}
	if x := in.Selection; x != nil {
		classes, err := s.Items.Classes(ctx)
		if err != nil {
			return err
		}
		if !among(classes, &x.ClassID) {
			add("class_id", "validation.unknown")
		}
		if !among(services, x.ServiceID) {
			add("of_service_id", "validation.unknown")
		}
	}
	if in.CalendarID != nil {
		b, err := s.Calendars.Book(ctx, q)
		if err != nil {
			return err
		}
		if c := b.Calendar(in.CalendarID); c == nil || c.ID != *in.CalendarID {
			add("calendar_id", "validation.unknown")
		}
	}
	known, err := s.names(ctx, q, in.Items)
	if err != nil {
		return err
	}
	for _, id := range in.Items {
		if x, ok := known[id]; !ok || x.Ref.Kind != kindItem {
			add("items", "inspection.error.no_such_item")
		}
	}
	return nil
}

// among reports whether id, if there is one, is in a list.
func among(list []Named, id *uuid.UUID) bool {
	return id == nil || slices.ContainsFunc(list, func(x Named) bool { return x.ID == *id })
}

// keyed reports whether a key is one that this package gives.
func keyed(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 16
}

func newKey() string {
	id := uuid.New()
	return hex.EncodeToString(id[:8])
}

// CreatePlan makes a plan; its first inspections follow within a minute.
func (s *Service) CreatePlan(ctx context.Context, in PlanInput) (Plan, error) {
	return work.Create(ctx, s.desk, plans{}, ActionPlan, in, func(u *work.Unit) (Plan, error) {
		p := Plan{ID: u.ID(), Version: 1, State: Active, CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now, MadeUntil: u.Now, LookAt: u.Now}
		draft.Clear(u, "inspection-plan:new")
		return p, s.fill(ctx, u.Tx, &p, in)
	})
}

// EditPlan changes a plan. What is under way keeps the checklist it began with;
// what was planned ahead follows, or is called off where it is not due any more.
func (s *Service) EditPlan(ctx context.Context, id uuid.UUID, in PlanInput) (Plan, error) {
	return s.onPlan(ctx, id, in.Version, in, "plan_changed", func(u *work.Unit, p *Plan) error {
		if p.State == Retired {
			return fault.New(fault.Conflict, "inspection.error.retired")
		}
		draft.Clear(u, "inspection-plan:"+p.ID.String())
		return s.fill(ctx, u.Tx, p, in)
	})
}

// PausePlan stops a plan for a while; nothing becomes due meanwhile.
func (s *Service) PausePlan(ctx context.Context, id uuid.UUID, in ReasonInput) (Plan, error) {
	return s.onPlan(ctx, id, in.Version, in, "plan_paused", func(_ *work.Unit, p *Plan) error {
		if p.State != Active {
			return fault.New(fault.Conflict, "inspection.error.plan_not_now")
		}
		p.State, p.Reason = Paused, in.Reason
		return nil
	})
}

// ResumePlan lets a paused plan go on from now.
func (s *Service) ResumePlan(ctx context.Context, id uuid.UUID, in StepInput) (Plan, error) {
	return s.onPlan(ctx, id, in.Version, in, "", func(u *work.Unit, p *Plan) error {
		if p.State != Paused {
			return fault.New(fault.Conflict, "inspection.error.plan_not_now")
		}
		p.State, p.Reason, p.MadeUntil = Active, "", u.Now
		return nil
	})
}

// RetirePlan ends a plan for good.
func (s *Service) RetirePlan(ctx context.Context, id uuid.UUID, in ReasonInput) (Plan, error) {
	return s.onPlan(ctx, id, in.Version, in, "plan_retired", func(_ *work.Unit, p *Plan) error {
		if p.State == Retired {
			return fault.New(fault.Conflict, "inspection.error.retired")
		}
		p.State, p.Reason = Retired, in.Reason
		return nil
	})
}

// onPlan changes a plan and lets what was planned ahead follow it.
func (s *Service) onPlan(ctx context.Context, id uuid.UUID, version int, in any, why string, change func(*work.Unit, *Plan) error) (Plan, error) {
	var out Plan
	err := s.desk.Do(ctx, func(u *work.Unit) (err error) {
		changed := false
		var keep Schedule
		out, err = work.Apply(ctx, u, plans{}, ActionPlan, id, version, in, func(u *work.Unit, p *Plan) error {
			if err := change(u, p); err != nil {
				return err
			}
			var err error
			if keep, err = s.schedule(ctx, u.Tx, *p); err != nil {
				return err
			}
			changed, p.LookAt = true, u.Now
			if p.MadeUntil.After(u.Now) {
				p.MadeUntil = u.Now // there may be more before what was made ahead
			}
			return nil
		})
		if err != nil || !changed {
			return err
		}
		return s.followAhead(ctx, u, out, keep, why)
	})
	return out, s.desk.Noted(ctx, ActionPlan, Plan{ID: id}.Ref(), err)
}

// followAhead gives inspections that lie ahead what their plan says now, and
// calls off those that are not due any more.
func (s *Service) followAhead(ctx context.Context, u *work.Unit, p Plan, keep Schedule, why string) error {
	ids, err := s.repo.ahead(ctx, u.Tx, p.ID, u.Now)
	if err != nil || len(ids) == 0 {
		return err
	}
	items, err := s.itemsOf(ctx, p)
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := work.Apply(work.WithMatch(ctx, 0), u, s.repo, ActionFollow, id, 0, struct{}{}, func(u *work.Unit, i *Inspection) error {
			if p.State == Active && keep.Has(i.ScheduledAt) {
				p.follow(i, items)
				i.DueAt = i.ScheduledAt.Add(p.Allow())
				return nil
			}
			i.Superseded = true
			return i.cancel(why, u.Now)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Preview is what a plan would do.
type Preview struct {
	Next  []time.Time `json:"next"`
	Items int         `json:"items"` // that it would be of now
}

// PreviewPlan says when a plan as it is written would be due next, without
// keeping anything.
func (s *Service) PreviewPlan(ctx context.Context, in PlanInput) (out Preview, err error) {
	if _, err := s.desk.Permit(ctx, ActionPlan); err != nil {
		return out, err
	}
	var p Plan
	if err := validate.Struct(in); err != nil {
		return out, err
	}
	if err := s.fill(ctx, s.desk.DB, &p, in); err != nil {
		return out, err
	}
	keep, err := s.schedule(ctx, s.desk.DB, p)
	if err != nil {
		return out, err
	}
	out.Next = keep.Next(s.desk.Now(), 6)
	items, err := s.itemsOf(ctx, p)
	out.Items = len(items)
	return out, err
}

// Plans lists the plans in some states that the actor may see, those in all
// without any, the last changed first; cursor is the second answer of the page
// before.
func (s *Service) Plans(ctx context.Context, states []string, cursor string) ([]PlanRow, string, error) {
	who, err := s.desk.Permit(ctx, ActionRead)
	if err != nil {
		return nil, "", err
	}
	after, err := db.ParseCursor[PlanCursor](cursor)
	if err != nil {
		return nil, "", err
	}
	const page = 50
	list, err := plans{}.list(ctx, s.desk.DB, s.desk.Matrix.ReadScope(who, Policies()[ActionRead]), states, after, s.desk.Now(), page+1)
	if err != nil || len(list) <= page {
		return list, "", err
	}
	last := list[page-1]
	return list[:page], db.Cursor(PlanCursor{last.UpdatedAt, last.ID}), nil
}

// Plan reads one plan that the actor may see.
func (s *Service) Plan(ctx context.Context, id uuid.UUID) (Plan, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Plan{}, err
	}
	p, err := plans{}.get(ctx, s.desk.DB, id)
	if facts := p.Facts(); err == nil && !s.desk.Can(ctx, ActionRead, &facts) {
		return Plan{}, fault.New(fault.NotFound, "error.not_found")
	}
	return p, err
}

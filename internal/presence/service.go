package presence

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Service holds the use cases of absences.
type Service struct {
	desk *work.Desk
}

// New registers the policies and texts of absences.
func New(d *work.Desk) (*Service, error) {
	d.Policies.Add(Policies())
	return &Service{desk: d}, d.Messages.Add(messages)
}

// EnterInput is an absence from one day to another, both included, in the
// person's own time zone. Nobody named means the actor.
type EnterInput struct {
	PersonID     *uuid.UUID `json:"person_id"`
	From         string     `json:"from" validate:"required,datetime=2006-01-02"`
	To           string     `json:"to" validate:"required,datetime=2006-01-02"`
	SubstituteID *uuid.UUID `json:"substitute_id"`
	Note         string     `json:"note" validate:"omitempty,line,max=200"`
}

// Enter adds an absence. While it lasts, rules and colleagues give the person
// no work; the substitute gets it.
func (s *Service) Enter(ctx context.Context, in EnterInput) (Absence, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Absence{}, err
	}
	person := who.ID
	if in.PersonID != nil {
		person = *in.PersonID
	}
	r := repository{who.Teams}
	team, err := r.shared(ctx, s.desk.DB, person)
	if err != nil {
		return Absence{}, err
	}
	f := Absence{PersonID: person, team: team}.Facts()
	var out Absence
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, r, ActionEnter, &f, in, func(u *work.Unit) (Absence, error) {
			a := Absence{ID: u.ID(), Version: 1, PersonID: person, SubstituteID: in.SubstituteID, Note: in.Note, CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now}
			if err := s.fit(ctx, u, &a, in); err != nil {
				return a, err
			}
			return a, s.announce(ctx, u, a)
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionEnter, record.Ref{Kind: KindAbsence}, err)
}

// fit fills in the absence's time and holds it against the rules.
func (s *Service) fit(ctx context.Context, u *work.Unit, a *Absence, in EnterInput) error {
	l, err := zone(ctx, u.Tx, a.PersonID)
	if err != nil {
		return err
	}
	from, ferr := time.ParseInLocation(time.DateOnly, in.From, l)
	to, terr := time.ParseInLocation(time.DateOnly, in.To, l)
	if ferr != nil || terr != nil {
		return fault.OnField("from", "validation.datetime")
	}
	a.FromAt, a.UntilAt = from.UTC(), to.AddDate(0, 0, 1).UTC()
	switch {
	case to.Before(from):
		return fault.OnField("to", "presence.error.order")
	case !from.AddDate(0, 0, MaxDays).After(to):
		return fault.OnField("to", "presence.error.too_long", "30")
	case !a.UntilAt.After(u.Now):
		return fault.OnField("to", "presence.error.past")
	case from.After(u.Now.AddDate(0, 0, maxAhead)):
		return fault.OnField("from", "presence.error.too_far")
	}
	if err := (repository{}).serialise(ctx, u.Tx); err != nil {
		return err
	}
	others, err := (repository{}).during(ctx, u.Tx, a.FromAt, a.UntilAt)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.PersonID == a.PersonID {
			return fault.OnField("from", "presence.error.overlap")
		}
	}
	return s.able(ctx, u, *a, others)
}

// able refuses a substitute who could not take the work.
func (s *Service) able(ctx context.Context, u *work.Unit, a Absence, others []Absence) error {
	if a.SubstituteID == nil {
		return nil
	}
	if *a.SubstituteID == a.PersonID {
		return fault.OnField("substitute_id", "presence.error.self")
	}
	ok, err := (repository{}).assignable(ctx, u.Tx, *a.SubstituteID, u.Now)
	if err != nil {
		return err
	}
	if !ok {
		return fault.OnField("substitute_id", "presence.error.unable")
	}
	if loops(a, others) {
		return fault.OnField("substitute_id", "presence.error.loop")
	}
	for _, o := range others {
		if o.PersonID == *a.SubstituteID && o.SubstituteID == nil {
			return fault.OnField("substitute_id", "presence.error.away_too")
		}
	}
	return nil
}

// announce tells the substitute and the leads.
func (s *Service) announce(ctx context.Context, u *work.Unit, a Absence) error {
	leads, err := (repository{}).leads(ctx, u.Tx, a.PersonID)
	if err != nil {
		return err
	}
	p, err := identity.People(ctx, u.Tx, a.PersonID)
	if err != nil {
		return err
	}
	l, err := zone(ctx, u.Tx, a.PersonID)
	if err != nil {
		return err
	}
	subject := event.Subject{Path: "/absences", Title: p[a.PersonID].Name + " " + a.FromAt.In(l).Format(time.DateOnly) + " – " + a.Last(l).Format(time.DateOnly)}
	if a.SubstituteID != nil {
		u.Announce("presence.substitute", subject, *a.SubstituteID)
		leads = slices.DeleteFunc(leads, func(id uuid.UUID) bool { return id == *a.SubstituteID })
	}
	leads = slices.DeleteFunc(leads, func(id uuid.UUID) bool { return id == u.Actor.ID })
	if len(leads) > 0 {
		u.Announce("presence.away", subject, leads...)
	}
	return nil
}

// EndInput names the version that was seen.
type EndInput struct {
	Version int `json:"version"`
}

// End ends an absence now, or takes back one that has not begun. The trail
// keeps it.
func (s *Service) End(ctx context.Context, id uuid.UUID, in EndInput) (Absence, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Absence{}, err
	}
	return work.Update(ctx, s.desk, repository{who.Teams}, ActionEnd, id, in.Version, in, func(u *work.Unit, a *Absence) error {
		switch {
		case a.Ended || !a.UntilAt.After(u.Now):
			return fault.New(fault.Conflict, "presence.error.over")
		case a.FromAt.Before(u.Now):
			a.UntilAt = u.Now
		default:
			a.Ended = true
		}
		return nil
	})
}

// Mine lists the absences of the actor that are not over, and, for those who
// lead, their teams'.
func (s *Service) Mine(ctx context.Context) (own, teams []Absence, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := repository{}
	if own, err = r.coming(ctx, s.desk.DB, []uuid.UUID{who.ID}, s.desk.Now()); err != nil {
		return nil, nil, err
	}
	if !who.Agent() || len(who.Teams) == 0 {
		return own, nil, nil
	}
	ids, err := r.colleagues(ctx, s.desk.DB, who.Teams)
	if err != nil {
		return nil, nil, err
	}
	ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool { return id == who.ID })
	teams, err = r.coming(ctx, s.desk.DB, ids, s.desk.Now())
	return own, teams, err
}

// MayEnd reports whether the actor may end the absence.
func (s *Service) MayEnd(ctx context.Context, a Absence) (bool, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return false, err
	}
	if a.team, err = (repository{who.Teams}).shared(ctx, s.desk.DB, a.PersonID); err != nil {
		return false, err
	}
	f := a.Facts()
	return s.desk.Can(ctx, ActionEnd, &f), nil
}

// MayEnterOthers reports whether the actor may enter absences of colleagues.
func (s *Service) MayEnterOthers(ctx context.Context) bool {
	who, err := identity.From(ctx)
	return err == nil && len(s.desk.Matrix.ReadScope(who, "absence.enter").Teams) > 0
}

// Hours reads the actor's working hours; nil where they have not said.
func (s *Service) Hours(ctx context.Context) (*Hours, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return (repository{}).hours(ctx, s.desk.DB, who.ID)
}

// HoursInput are working hours as minutes after midnight; both 0 means that the
// person does not say.
type HoursInput struct {
	From int `json:"work_from" validate:"min=0,max=1439"`
	To   int `json:"work_to" validate:"min=0,max=1440"`
}

// SetHours changes the actor's working hours: outside of them rules give the
// person no work.
func (s *Service) SetHours(ctx context.Context, in HoursInput) error {
	who, err := s.desk.Permit(ctx, ActionHours)
	if err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	var h *Hours
	if in.From != 0 || in.To != 0 {
		if in.From >= in.To {
			return fault.OnField("work_to", "presence.error.hours")
		}
		h = &Hours{in.From, in.To}
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := (repository{}).hours(ctx, u.Tx, who.ID)
		if err != nil {
			return db.Map(err)
		}
		(repository{}).setHours(&u.Batch, who.ID, h)
		return u.Record(ctx, ActionHours, record.Ref{Kind: "person", ID: who.ID}, trail.Diff{"working_hours": {before, h}})
	})
}

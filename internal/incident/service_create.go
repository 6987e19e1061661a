package incident

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// CreateInput reports a fault. Priority is computed, never asked. A report for
// somebody else names them in RequesterID.
type CreateInput struct {
	Title        string      `json:"title" validate:"omitempty,line,max=200"`
	Description  string      `json:"description" validate:"required,notblank,text,max=20000"`
	Impact       int         `json:"impact" validate:"required,min=1,max=3"`
	Urgency      int         `json:"urgency" validate:"required,min=1,max=3"`
	Location     string      `json:"location" validate:"omitempty,line,max=200"`
	Device       string      `json:"device" validate:"omitempty,line,max=200"`
	CategoryID   *uuid.UUID  `json:"category_id"`
	ServiceID    *uuid.UUID  `json:"service_id"`
	RequesterID  *uuid.UUID  `json:"requester_id"`
	Channel      string      `json:"channel" validate:"omitempty,oneof=portal phone api mail walk_in"`
	ReportedAt   *time.Time  `json:"reported_at"`
	Confidential bool        `json:"confidential"`
	Watchers     []uuid.UUID `json:"watchers" validate:"max=50"`
	Attachments  []uuid.UUID `json:"attachment_ids" validate:"max=20"`
}

// maxBackdate is how far back a report may be dated.
const maxBackdate = 366 * 24 * time.Hour

// Create opens an incident for the actor or, with the permission for it, for
// somebody else.
func (s *Service) Create(ctx context.Context, in CreateInput) (Incident, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Incident{}, err
	}
	act := ActionCreate
	var facts *authz.Facts
	if in.RequesterID == nil || *in.RequesterID == who.ID {
		in.RequesterID = &who.ID
	} else {
		act = ActionOnBehalf
		p, err := identity.People(ctx, s.desk.DB, *in.RequesterID)
		if err != nil {
			return Incident{}, err
		}
		facts = &authz.Facts{}
		if dep := p[*in.RequesterID].DepartmentID; dep != nil {
			facts.DepartmentID = *dep
		}
	}
	if in.Channel == "portal" && strings.TrimSpace(in.Location) == "" {
		if err := s.permitted(ctx, act, facts); err != nil {
			return Incident{}, err
		}
		return Incident{}, fault.OnField("location", "incident.error.location")
	}
	var out Incident
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		var to *routed
		out, err = work.Insert(ctx, u, s.repo, act, facts, in, func(u *work.Unit) (i Incident, err error) {
			draft.Clear(u, "incident:new")
			i, to, err = s.open(ctx, u, in)
			return i, err
		})
		if err != nil {
			return err
		}
		return s.routedTrail(u, out, to)
	})
	return out, s.desk.Noted(ctx, act, record.Ref{Kind: Kind}, err)
}

// permitted decides before a check that would answer otherwise.
func (s *Service) permitted(ctx context.Context, act authz.Action, f *authz.Facts) error {
	if s.desk.Can(ctx, act, f) {
		return nil
	}
	return s.desk.Noted(ctx, act, record.Ref{Kind: Kind}, fault.New(fault.Forbidden, "error.forbidden"))
}

// open builds the new incident within its unit, and lets the rules decide where
// it goes.
func (s *Service) open(ctx context.Context, u *work.Unit, in CreateInput) (Incident, *routed, error) {
	k, err := s.repo.intake(ctx, u.Tx, in)
	if err != nil {
		return Incident{}, nil, err
	}
	if err := k.check(in); err != nil {
		return Incident{}, nil, err
	}
	reported, err := reportedAt(in.ReportedAt, u.Now)
	if err != nil {
		return Incident{}, nil, err
	}
	i := Incident{
		ID: u.ID(), Version: 1, Number: k.Number, Title: title(in.Title, in.Description), Description: in.Description, State: New,
		Channel: in.Channel, Impact: in.Impact, Urgency: in.Urgency, Priority: *k.Priority, CategoryID: in.CategoryID, ServiceID: in.ServiceID,
		Location: in.Location, Device: in.Device, RequesterID: *in.RequesterID, CreatedBy: u.Actor.ID, DepartmentID: k.Department,
		TeamID: first(k.CategoryTeam, k.ServiceTeam, k.DefaultTeam), Confidential: in.Confidential || k.CategoryHidden != nil && *k.CategoryHidden,
		ReportedAt: reported, CreatedAt: u.Now, UpdatedAt: u.Now,
	}
	if i.Channel == "" {
		i.Channel = "api"
	}
	if i.Location == "" && k.Location != nil {
		i.Location = *k.Location
	}
	if reported.Before(u.Now) {
		u.Occurred = reported
	}
	to, err := s.route(ctx, u, &i)
	if err != nil {
		return i, nil, err
	}
	u.Emit("incident.created", i.RequesterID)
	if err := attachment.Bind(ctx, u, i.Ref(), in.Attachments, attachment.BindOptions{}); err != nil {
		return i, nil, err
	}
	u.AfterRegister(func() error {
		for _, w := range in.Watchers {
			record.Watch(&u.Batch, i.ID, w, u.Actor.ID, u.Now)
		}
		if i.Confidential {
			return s.nameFirst(ctx, u, i)
		}
		return nil
	})
	return i, to, s.sla.Start(ctx, u, i.Ref(), i.standing().Facts)
}

// nameFirst fills the need-to-know list of an incident that becomes
// confidential: without it nobody could see it.
func (s *Service) nameFirst(ctx context.Context, u *work.Unit, i Incident) error {
	ids, err := s.repo.trusted(ctx, u.Tx, i.TeamID, u.Now)
	if err != nil {
		return err
	}
	ids = append(ids, people(&i.RequesterID, &i.CreatedBy, i.AssigneeID, &u.Actor.ID)...)
	for _, id := range ids {
		record.Name(&u.Batch, i.ID, id, u.Actor.ID, "initial", u.Now, u.Now.Add(namedFor))
	}
	return nil
}

// namedFor is how long an entry of the need-to-know list holds (controls §6).
const namedFor = 30 * 24 * time.Hour

// check names the fields of the report that point at nothing usable.
func (k intake) check(in CreateInput) error {
	f := fault.New(fault.Invalid, "error.invalid")
	usable := func(field string, active *bool, asked bool) {
		if asked && (active == nil || !*active) {
			f.Fields = append(f.Fields, fault.Field{Name: field, Code: "validation.unknown"})
		}
	}
	usable("requester_id", k.Requester, true)
	usable("category_id", k.Category, in.CategoryID != nil)
	usable("service_id", k.Service, in.ServiceID != nil)
	if k.Priority == nil {
		f.Fields = append(f.Fields, fault.Field{Name: "impact", Code: "validation.unknown"})
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// reportedAt is when the report was made: now, or the earlier instant that a
// back-dated one states.
func reportedAt(at *time.Time, now time.Time) (time.Time, error) {
	if at == nil || at.IsZero() {
		return now, nil
	}
	t := at.UTC().Truncate(time.Microsecond)
	if t.After(now.Add(time.Minute)) {
		return t, fault.OnField("reported_at", "incident.error.reported_future")
	}
	if t.Before(now.Add(-maxBackdate)) {
		return t, fault.OnField("reported_at", "incident.error.reported_too_old")
	}
	if t.After(now) {
		t = now
	}
	return t, nil
}

// title is what the report is called: what was given, or the first line of
// what happened.
func title(given, text string) string {
	if t := strings.TrimSpace(given); t != "" {
		return t
	}
	for line := range strings.Lines(text) {
		t := strings.Join(strings.Fields(line), " ")
		if t == "" {
			continue
		}
		t = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, t)
		if utf8.RuneCountInString(t) > 80 {
			t = string([]rune(t)[:79]) + "…"
		}
		return t
	}
	return "…"
}

func first(ids ...*uuid.UUID) *uuid.UUID {
	for _, id := range ids {
		if id != nil {
			return id
		}
	}
	return nil
}

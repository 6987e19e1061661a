package sla

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

// DraftInput is a version of an agreement as people write it. Agreement names
// the one it continues; without it a new agreement begins.
type DraftInput struct {
	Version     int           `json:"version"`
	AgreementID *uuid.UUID    `json:"agreement_id"`
	Kind        string        `json:"kind" validate:"omitempty,oneof=sla ola"`
	TeamID      *uuid.UUID    `json:"team_id"`
	NameZh      string        `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn      string        `json:"name_en" validate:"required,notblank,line,max=100"`
	Kinds       []record.Kind `json:"kinds" validate:"max=10"`
	Services    []uuid.UUID   `json:"services" validate:"max=200"`
	Departments []uuid.UUID   `json:"departments" validate:"max=200"`
	VIP         bool          `json:"vip"`
	CalendarID  uuid.UUID     `json:"calendar_id" validate:"required"`
	Response1   Target        `json:"response_1" validate:"max=20"`
	Response2   Target        `json:"response_2" validate:"max=20"`
	Response3   Target        `json:"response_3" validate:"max=20"`
	Response4   Target        `json:"response_4" validate:"max=20"`
	Resolution1 Target        `json:"resolution_1" validate:"max=20"`
	Resolution2 Target        `json:"resolution_2" validate:"max=20"`
	Resolution3 Target        `json:"resolution_3" validate:"max=20"`
	Resolution4 Target        `json:"resolution_4" validate:"max=20"`
	Calendar1   *uuid.UUID    `json:"calendar_1"` // of P1; nil: the version's
	Calendar2   *uuid.UUID    `json:"calendar_2"`
	Calendar3   *uuid.UUID    `json:"calendar_3"`
	Calendar4   *uuid.UUID    `json:"calendar_4"`
	Marks       string        `json:"marks" validate:"max=1000"`
	ValidFrom   string        `json:"valid_from" validate:"required,datetime=2006-01-02"`
	ValidUntil  string        `json:"valid_until" validate:"omitempty,datetime=2006-01-02"`
	ReviewBy    string        `json:"review_by" validate:"required,datetime=2006-01-02"`
}

// Targets of the four priorities.
func (in DraftInput) promises() []Promise {
	return []Promise{
		{in.Response1, in.Resolution1, in.Calendar1},
		{in.Response2, in.Resolution2, in.Calendar2},
		{in.Response3, in.Resolution3, in.Calendar3},
		{in.Response4, in.Resolution4, in.Calendar4},
	}
}

// input is a version as its form shows it.
func (v Version) input(zone *time.Location) DraftInput {
	date := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
	t := v.Targets
	in := DraftInput{
		Version: v.Version, AgreementID: &v.AgreementID, Kind: v.Kind, TeamID: v.TeamID, NameZh: v.NameZh, NameEn: v.NameEn, Kinds: v.Kinds, Services: v.Services,
		Departments: v.Departments, VIP: v.VIP, CalendarID: v.CalendarID, Marks: stepsText(v.Marks), ValidFrom: date(v.ValidFrom), ReviewBy: v.ReviewBy.Format(time.DateOnly),
		Response1: t[0].Response, Response2: t[1].Response, Response3: t[2].Response, Response4: t[3].Response,
		Resolution1: t[0].Resolution, Resolution2: t[1].Resolution, Resolution3: t[2].Resolution, Resolution4: t[3].Resolution,
		Calendar1: t[0].CalendarID, Calendar2: t[1].CalendarID, Calendar3: t[2].CalendarID, Calendar4: t[3].CalendarID,
	}
	if v.ValidUntil != nil {
		in.ValidUntil = date(*v.ValidUntil)
	}
	return in
}

// fill puts the input into a version and checks it as a whole.
func (s *Service) fill(ctx context.Context, q db.Querier, v *Version, in DraftInput) error {
	b, err := s.Book(ctx, q)
	if err != nil {
		return err
	}
	for field, id := range map[string]*uuid.UUID{"calendar_id": &in.CalendarID, "calendar_1": in.Calendar1, "calendar_2": in.Calendar2, "calendar_3": in.Calendar3, "calendar_4": in.Calendar4} {
		if _, ok := b.calendars[deref(id)]; id != nil && !ok {
			return fault.OnField(field, "validation.unknown")
		}
	}
	ns, nd, team, err := s.repo.known(ctx, q, in.Services, in.Departments, v.TeamID)
	switch {
	case err != nil:
		return err
	case ns != len(in.Services):
		return fault.OnField("services", "validation.unknown")
	case nd != len(in.Departments):
		return fault.OnField("departments", "validation.unknown")
	case !team:
		return fault.OnField("team_id", "validation.unknown")
	}
	if v.Marks, err = parseSteps(in.Marks); in.Marks == "" {
		v.Marks, err = DefaultSteps(), nil
	}
	if err != nil {
		return err
	}
	last := b.Calendar(&in.CalendarID).Timeline
	zone := last[len(last)-1].Location()
	v.ValidFrom, v.ValidUntil = midnight(in.ValidFrom, zone), nil
	if in.ValidUntil != "" {
		t := midnight(in.ValidUntil, zone)
		v.ValidUntil = &t
	}
	v.ReviewBy = midnight(in.ReviewBy, time.UTC)
	v.NameZh, v.NameEn, v.Kinds, v.Services, v.Departments, v.VIP = in.NameZh, in.NameEn, in.Kinds, in.Services, in.Departments, in.VIP
	v.CalendarID, v.Targets = in.CalendarID, in.promises()
	if v.Kind == "ola" {
		v.Services, v.Departments, v.VIP = nil, nil, false
	}
	return v.check(b)
}

func deref(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// midnight is the beginning of a date that validation has read before.
func midnight(date string, zone *time.Location) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, date, zone)
	return t.UTC()
}

// Draft begins a new agreement, or the next version of one.
func (s *Service) Draft(ctx context.Context, in DraftInput) (Version, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Version{}, err
	}
	f := Version{Authors: []uuid.UUID{who.ID}, Services: in.Services, reader: who}.Facts()
	var out Version
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, versionStore{who}, ActionDraft, &f, in, func(u *work.Unit) (Version, error) {
			v := Version{ID: u.ID(), Version: 1, AgreementID: work.NewID(), Kind: in.Kind, TeamID: in.TeamID, Number: 1, State: Draft, Authors: []uuid.UUID{u.Actor.ID}, CreatedAt: u.Now, UpdatedAt: u.Now, reader: who}
			if in.AgreementID != nil {
				v.AgreementID = *in.AgreementID
				if v.Kind, v.TeamID, v.Number, err = s.repo.next(ctx, u.Tx, v.AgreementID); err != nil {
					return v, err
				}
			}
			if v.Kind == "" {
				v.Kind = "sla"
			}
			if (v.Kind == "ola") != (v.TeamID != nil) {
				return v, fault.OnField("team_id", "constraint.sla_agreements_team")
			}
			return v, s.fill(ctx, u.Tx, &v, in)
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionDraft, record.Ref{Kind: KindAgreement}, err)
}

func (s *Service) change(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, fn func(*work.Unit, *Version) error) (Version, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Version{}, err
	}
	return work.Update(ctx, s.desk, versionStore{who}, act, id, version, in, fn)
}

// EditDraft changes a draft; whoever does is one of its authors from then on
// and cannot approve it.
func (s *Service) EditDraft(ctx context.Context, id uuid.UUID, in DraftInput) (Version, error) {
	return s.change(ctx, ActionDraft, id, in.Version, in, func(u *work.Unit, v *Version) error {
		if v.State != Draft {
			return fault.New(fault.Conflict, "sla.error.not_draft", "state", string(v.State))
		}
		if !slices.Contains(v.Authors, u.Actor.ID) {
			v.Authors = append(slices.Clone(v.Authors), u.Actor.ID)
		}
		if err := s.fill(ctx, u.Tx, v, in); err != nil {
			return err
		}
		// The services may be others now; the right to them too.
		v.reader = u.Actor
		f := v.Facts()
		if !s.desk.Can(ctx, ActionDraft, &f) {
			return fault.OnField("services", "authz.denied.scope")
		}
		return nil
	})
}

// StepInput is a step that needs nothing but the version it saw.
type StepInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=1000"`
}

// Submit asks for the approval of a draft.
func (s *Service) Submit(ctx context.Context, id uuid.UUID, in StepInput) (Version, error) {
	return s.change(ctx, ActionDraft, id, in.Version, in, func(u *work.Unit, v *Version) error {
		if v.State != Draft {
			return fault.New(fault.Conflict, "sla.error.not_draft", "state", string(v.State))
		}
		v.State, v.Remark = Submitted, ""
		return nil
	})
}

// SendBack returns a submitted version to its authors, with the reason.
func (s *Service) SendBack(ctx context.Context, id uuid.UUID, in StepInput) (Version, error) {
	return s.change(ctx, ActionApprove, id, in.Version, in, func(_ *work.Unit, v *Version) error {
		if v.State != Submitted {
			return fault.New(fault.Conflict, "sla.error.not_submitted", "state", string(v.State))
		}
		if in.Remark == "" {
			return fault.OnField("remark", "validation.required")
		}
		v.State, v.Remark = Draft, in.Remark
		return nil
	})
}

// Withdraw takes a draft back for good.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, in StepInput) (Version, error) {
	return s.change(ctx, ActionDraft, id, in.Version, in, func(_ *work.Unit, v *Version) error {
		if v.State != Draft && v.State != Submitted {
			return fault.New(fault.Conflict, "sla.error.not_draft", "state", string(v.State))
		}
		v.State = Withdrawn
		return nil
	})
}

// ApproveInput puts a version into force. With Apply the open records it covers
// come under it at once; that needs a version whose date has come.
type ApproveInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=1000"`
	Apply   bool   `json:"apply"`
}

// Approve puts a submitted version into force from its date on. Whoever drafted
// it cannot (S7); the database holds to that as well. Records that are open
// keep the terms they have until they are classified anew, unless the approval
// says otherwise.
func (s *Service) Approve(ctx context.Context, id uuid.UUID, in ApproveInput) (Version, error) {
	return s.change(ctx, ActionApprove, id, in.Version, in, func(u *work.Unit, v *Version) error {
		if v.State != Submitted {
			return fault.New(fault.Conflict, "sla.error.not_submitted", "state", string(v.State))
		}
		b, err := s.Book(ctx, u.Tx)
		if err != nil {
			return err
		}
		if err := v.check(b); err != nil {
			return err
		}
		v.State, v.ApprovedBy, v.ApprovedAt = Approved, &u.Actor.ID, &u.Now
		if in.Apply && v.ValidFrom.After(u.Now) {
			return fault.OnField("apply", "sla.error.apply")
		}
		if in.Apply {
			u.Note("applied", nil, true)
			reapplyLater(u, v.ID)
		}
		return nil
	})
}

// Agreements lists every version, each agreement's latest first.
func (s *Service) Agreements(ctx context.Context) ([]Version, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	return s.repo.allVersions(ctx, s.desk.DB)
}

// Agreement reads one version.
func (s *Service) Agreement(ctx context.Context, id uuid.UUID) (Version, error) {
	who, err := s.desk.Permit(ctx, ActionRead)
	if err != nil {
		return Version{}, err
	}
	v, err := s.repo.version(ctx, s.desk.DB, id)
	v.reader = who
	return v, err
}

// Uncovered lists live services that no agreement covers now (control SLA-01).
func (s *Service) Uncovered(ctx context.Context) ([]Named, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	return s.repo.uncovered(ctx, s.desk.DB, s.desk.Now())
}

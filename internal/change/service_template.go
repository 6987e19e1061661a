package change

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// The use cases of templates.
const (
	ActionTemplateWrite   authz.Action = "change.template_write"
	ActionTemplateDecide  authz.Action = "change.template_decide"
	ActionTemplateRetire  authz.Action = "change.template_retire"
	ActionTemplateReplace authz.Action = "change.template_replace" // the old version, when a new one is approved
)

func templatePolicies() authz.Policies {
	return authz.Policies{ActionTemplateWrite: "change.assess", ActionTemplateDecide: "change.template_approve", ActionTemplateRetire: "change.template_retire", ActionTemplateReplace: "change.template_retire"}
}

// Uses is how often a version of a template was used within a year, and how
// often that went wrong.
type Uses struct {
	All    int `json:"all"`
	Failed int `json:"failed"`
}

// TemplateInput is a version of a template as its form gives it.
type TemplateInput struct {
	Version int `json:"version"`
	// FamilyID is the template that this is the next version of; none: a new one.
	FamilyID        *uuid.UUID `json:"family_id"`
	NameZh          string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn          string     `json:"name_en" validate:"required,notblank,line,max=100"`
	Content         string     `json:"content" validate:"omitempty,text,max=20000"`
	Reason          string     `json:"reason" validate:"omitempty,text,max=20000"`
	Effect          string     `json:"effect" validate:"omitempty,text,max=20000"`
	Communication   string     `json:"communication" validate:"omitempty,text,max=20000"`
	Steps           []PlanStep `json:"steps" validate:"max=60,dive"`
	TestPlan        string     `json:"test_plan" validate:"omitempty,text,max=20000"`
	RollbackTrigger string     `json:"rollback_trigger" validate:"omitempty,text,max=5000"`
	Back            []PlanStep `json:"back" validate:"max=60,dive"`
	RollbackMinutes int        `json:"rollback_minutes" validate:"min=0,max=10080"`
	Rehearsal       string     `json:"rehearsal" validate:"omitempty,text,max=5000"`
	CriticalFrom    int        `json:"critical_from" validate:"min=1,max=4"`
	ReviewBy        string     `json:"review_by" validate:"required,datetime=2006-01-02"`
}

// planner is the actor, if they are one of those who plan and make changes: they
// read templates, meetings, and when nothing is changed.
func (s *Service) planner(ctx context.Context) (identity.Actor, error) {
	_, who, err := s.desk.Visibility(ctx, Kind)
	if err == nil && !who.Agent() {
		err = fault.New(fault.Forbidden, "error.forbidden")
	}
	return who, err
}

// TemplateRow is a template in the list.
type TemplateRow struct {
	Template
	Uses Uses `json:"uses"`
	Live bool `json:"in_force"`
}

// Templates lists the templates, by name: of each the version in force and the
// one being written.
func (s *Service) Templates(ctx context.Context) ([]TemplateRow, error) {
	if _, err := s.planner(ctx); err != nil {
		return nil, err
	}
	list, err := templates{}.list(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	return s.templateRows(ctx, list)
}

func (s *Service) templateRows(ctx context.Context, list []Template) ([]TemplateRow, error) {
	ids := make([]uuid.UUID, len(list))
	for n, t := range list {
		ids[n] = t.ID
	}
	now := s.desk.Now()
	uses, err := templates{}.uses(ctx, s.desk.DB, ids, now.Add(-pastSpan))
	if err != nil {
		return nil, err
	}
	out := make([]TemplateRow, len(list))
	for n, t := range list {
		out[n] = TemplateRow{t, uses[t.ID], t.InForce(now)}
	}
	return out, nil
}

// TemplateDetail is one version, with the others of its template.
type TemplateDetail struct {
	TemplateRow
	Versions []TemplateRow
	People   map[uuid.UUID]identity.Person
	Able     []Named
	Draft    draft.Fields
	Now      time.Time
	// What the reader may do with it as it stands.
	MayUse, MayEdit, MayDecide, MayRetire, MayRenew bool
}

// Template reads one version.
func (s *Service) Template(ctx context.Context, id uuid.UUID) (d TemplateDetail, err error) {
	who, err := s.planner(ctx)
	if err != nil {
		return d, err
	}
	t, err := templates{who}.get(ctx, s.desk.DB, id)
	if err != nil {
		return d, err
	}
	versions, err := templates{}.versions(ctx, s.desk.DB, t.FamilyID)
	if err != nil {
		return d, err
	}
	if d.Versions, err = s.templateRows(ctx, versions); err != nil {
		return d, err
	}
	d.Now = s.desk.Now()
	d.TemplateRow = TemplateRow{Template: t, Live: t.InForce(d.Now)}
	if n := slices.IndexFunc(d.Versions, func(r TemplateRow) bool { return r.ID == id }); n >= 0 { // not so old that it is not listed
		d.TemplateRow = d.Versions[n]
	}
	d.reader = who
	if d.People, err = identity.People(ctx, s.desk.DB, slices.Concat(people(t.ApprovedBy), t.Authors, owners(t.Steps, t.Back))...); err != nil {
		return d, err
	}
	if d.Able, err = s.able(ctx, s.desk.DB); err != nil {
		return d, err
	}
	if d.Draft, _, err = draft.Load(ctx, s.desk.DB, who.ID, "change-template:"+id.String()); err != nil {
		return d, err
	}
	f := d.Facts()
	open := t.State == TemplateDraft || t.State == TemplateSubmitted
	pending := slices.ContainsFunc(versions, func(v Template) bool { return v.State == TemplateDraft || v.State == TemplateSubmitted })
	newest := versions[0].ID == t.ID
	write := s.desk.Can(ctx, ActionTemplateWrite, nil)
	d.MayUse = t.InForce(d.Now) && s.desk.Can(ctx, ActionCreate, nil)
	d.MayEdit, d.MayRenew = open && write, newest && !pending && write
	d.MayDecide = t.State == TemplateSubmitted && s.desk.Can(ctx, ActionTemplateDecide, &f)
	d.MayRetire = t.State == TemplateApproved && s.desk.Can(ctx, ActionTemplateRetire, nil)
	return d, nil
}

// BlankTemplate is what a new version begins with: empty, as a version before
// it, or as a change that went well.
func (s *Service) BlankTemplate(ctx context.Context, family, from *uuid.UUID) (d TemplateDetail, err error) {
	if d.reader, err = s.desk.Permit(ctx, ActionTemplateWrite); err != nil {
		return d, err
	}
	d.Now = s.desk.Now()
	d.CriticalFrom, d.ReviewBy, d.State = 2, d.Now.AddDate(1, 0, 0), TemplateDraft
	switch {
	case family != nil:
		list, err := templates{}.versions(ctx, s.desk.DB, *family)
		if err != nil {
			return d, err
		}
		if len(list) == 0 {
			return d, fault.New(fault.NotFound, "error.not_found")
		}
		t := list[0]
		t.ID, t.Version, t.State, t.ReviewBy, t.ApprovedAt, t.ApprovedBy = uuid.Nil, 0, TemplateDraft, d.ReviewBy, nil, nil
		d.Template = t
	case from != nil:
		c, _, err := s.Get(ctx, *from)
		if err != nil {
			return d, err
		}
		d.NameZh, d.NameEn, d.Content, d.Reason, d.Effect, d.Communication = c.Title, c.Title, c.Content, c.Reason, c.Effect, c.Communication
		d.TestPlan, d.RollbackTrigger, d.RollbackMinutes, d.Rehearsal = c.TestPlan, c.RollbackTrigger, c.RollbackMinutes, c.Rehearsal
		d.Steps, d.Back = planned(c.Steps), planned(c.Back)
	}
	if d.Draft, _, err = draft.Load(ctx, s.desk.DB, d.reader.ID, "change-template:"+familyKey(family)); err != nil {
		return d, err
	}
	d.Able, err = s.able(ctx, s.desk.DB)
	return d, err
}

// DraftTemplate begins a template, or the next version of one.
func (s *Service) DraftTemplate(ctx context.Context, in TemplateInput) (Template, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Template{}, err
	}
	return work.Create(ctx, s.desk, templates{who}, ActionTemplateWrite, in, func(u *work.Unit) (Template, error) {
		t := Template{ID: u.ID(), Version: 1, FamilyID: u.ID(), Number: 1, State: TemplateDraft, Authors: []uuid.UUID{u.Actor.ID}, CreatedAt: u.Now, UpdatedAt: u.Now, reader: who}
		if in.FamilyID != nil {
			t.FamilyID = *in.FamilyID
			if t.Number, err = (templates{}).next(ctx, u.Tx, t.FamilyID); err != nil {
				return t, err
			}
			if t.Number == 1 {
				return t, fault.OnField("family_id", "validation.unknown")
			}
		}
		draft.Clear(u, "change-template:"+familyKey(in.FamilyID))
		return t, s.fillTemplate(ctx, u.Tx, &t, in, u.Now)
	})
}

func familyKey(id *uuid.UUID) string {
	if id == nil {
		return "new"
	}
	return id.String()
}

func (s *Service) fillTemplate(ctx context.Context, q db.Querier, t *Template, in TemplateInput, now time.Time) error {
	steps, back := stepsOf(in.Steps), stepsOf(in.Back)
	n, err := s.repo.strangers(ctx, q, string(identity.Implementer), owners(steps, back), now)
	if err != nil {
		return err
	}
	if n > 0 {
		return fault.OnField("steps", "change.error.owner")
	}
	by, err := time.Parse(time.DateOnly, in.ReviewBy)
	if err != nil || by.After(now.Add(templateLasts)) || !by.After(now) {
		return fault.OnField("review_by", "change.error.review_by")
	}
	t.NameZh, t.NameEn, t.Content, t.Reason, t.Effect, t.Communication = in.NameZh, in.NameEn, in.Content, in.Reason, in.Effect, in.Communication
	t.Steps, t.TestPlan, t.RollbackTrigger, t.Back, t.RollbackMinutes, t.Rehearsal = steps, in.TestPlan, in.RollbackTrigger, back, in.RollbackMinutes, in.Rehearsal
	t.CriticalFrom, t.ReviewBy = in.CriticalFrom, by
	return nil
}

func (s *Service) onTemplate(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, fn func(*work.Unit, *Template) error) (Template, error) {
	who, err := s.planner(ctx)
	if err != nil {
		return Template{}, err
	}
	return work.Update(ctx, s.desk, templates{who}, act, id, version, in, fn)
}

func notTemplate(want, is TemplateState) error {
	return fault.New(fault.Conflict, "change.error.template_state", "want", string(want), "is", string(is))
}

// EditTemplate changes a draft; whoever does is one of its authors from then on
// and cannot approve it. What was handed in is a draft again.
func (s *Service) EditTemplate(ctx context.Context, id uuid.UUID, in TemplateInput) (Template, error) {
	return s.onTemplate(ctx, ActionTemplateWrite, id, in.Version, in, func(u *work.Unit, t *Template) error {
		if t.State != TemplateDraft && t.State != TemplateSubmitted {
			return notTemplate(TemplateDraft, t.State)
		}
		if !slices.Contains(t.Authors, u.Actor.ID) {
			t.Authors = append(slices.Clone(t.Authors), u.Actor.ID)
		}
		t.State = TemplateDraft
		draft.Clear(u, "change-template:"+t.ID.String())
		return s.fillTemplate(ctx, u.Tx, t, in, u.Now)
	})
}

// TemplateStep is an act on a template, with a remark where it needs one.
type TemplateStep struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=1000"`
}

// SubmitTemplate asks for the approval of a complete draft.
func (s *Service) SubmitTemplate(ctx context.Context, id uuid.UUID, in TemplateStep) (Template, error) {
	return s.onTemplate(ctx, ActionTemplateWrite, id, in.Version, in, func(_ *work.Unit, t *Template) error {
		if t.State != TemplateDraft {
			return notTemplate(TemplateDraft, t.State)
		}
		if !t.Complete() {
			return fault.New(fault.Conflict, "change.error.template_incomplete")
		}
		t.State, t.Remark = TemplateSubmitted, ""
		return nil
	})
}

// SendTemplateBack returns a template to its authors, with the reason.
func (s *Service) SendTemplateBack(ctx context.Context, id uuid.UUID, in TemplateStep) (Template, error) {
	return s.onTemplate(ctx, ActionTemplateDecide, id, in.Version, in, func(_ *work.Unit, t *Template) error {
		if t.State != TemplateSubmitted {
			return notTemplate(TemplateSubmitted, t.State)
		}
		if in.Remark == "" {
			return fault.OnField("remark", "validation.required")
		}
		t.State, t.Remark = TemplateDraft, in.Remark
		return nil
	})
}

// ApproveTemplate puts a version into force, and the one before out of it: in
// one transaction, so that there is never none or two. None of its authors can
// (S4); the database holds to that as well.
func (s *Service) ApproveTemplate(ctx context.Context, id uuid.UUID, in TemplateStep) (Template, error) {
	return s.onTemplate(ctx, ActionTemplateDecide, id, in.Version, in, func(u *work.Unit, t *Template) error {
		if t.State != TemplateSubmitted {
			return notTemplate(TemplateSubmitted, t.State)
		}
		if !t.ReviewBy.After(u.Now) {
			return fault.OnField("review_by", "change.error.review_by")
		}
		old, err := templates{}.lockInForce(ctx, u.Tx, t.FamilyID)
		if err != nil {
			return err
		}
		if old != nil {
			if _, err := work.Apply(ctx, u, templates{u.Actor}, ActionTemplateReplace, old.ID, 0, in, func(_ *work.Unit, o *Template) error {
				o.State = TemplateRetired
				return nil
			}); err != nil {
				return err
			}
		}
		t.State, t.ApprovedBy, t.ApprovedAt, t.Remark = TemplateApproved, &u.Actor.ID, &u.Now, in.Remark
		return nil
	})
}

// RetireTemplate takes a template out of force, with the reason. Changes that
// are being carried out go on; drafts made from it cannot be handed in.
func (s *Service) RetireTemplate(ctx context.Context, id uuid.UUID, in TemplateStep) (Template, error) {
	return s.onTemplate(ctx, ActionTemplateRetire, id, in.Version, in, func(_ *work.Unit, t *Template) error {
		if t.State != TemplateApproved {
			return notTemplate(TemplateApproved, t.State)
		}
		if in.Remark == "" {
			return fault.OnField("remark", "validation.required")
		}
		t.State, t.Remark = TemplateRetired, in.Remark
		return nil
	})
}

// Retake takes the version of the template over that is in force now, for a
// standard change that was begun from an older one.
func (s *Service) Retake(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionEdit, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if c.Type != Standard || !c.State.Planned() {
			return fault.New(fault.Conflict, "change.error.not_now")
		}
		old, err := templates{}.get(ctx, u.Tx, *c.TemplateID)
		if err != nil {
			return err
		}
		t, err := templates{}.inForce(ctx, u.Tx, old.FamilyID)
		if fault.Is(err, fault.NotFound) || err == nil && !t.InForce(u.Now) {
			return fault.New(fault.Conflict, "change.error.no_template")
		}
		if err != nil {
			return err
		}
		before := c.Hash()
		c.TemplateID = &t.ID
		t.fix(c, c.Steps, c.Back)
		return s.replanned(ctx, u, c, before)
	})
}

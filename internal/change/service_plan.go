package change

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// PlanStep is one step as it is planned.
type PlanStep struct {
	Title   string     `json:"title" validate:"required,notblank,text,max=300"`
	OwnerID *uuid.UUID `json:"owner_id"`
	Minutes int        `json:"minutes" validate:"min=0,max=10080"`
	Check   string     `json:"check" validate:"omitempty,text,max=500"`
	GoNoGo  bool       `json:"go_no_go"`
}

// Plan is the application for a change: each part of it a field of its own.
type Plan struct {
	Title           string      `json:"title" validate:"required,notblank,text,max=200"`
	Content         string      `json:"content" validate:"omitempty,text,max=20000"`
	Reason          string      `json:"reason" validate:"omitempty,text,max=20000"`
	Effect          string      `json:"effect" validate:"omitempty,text,max=20000"`
	Communication   string      `json:"communication" validate:"omitempty,text,max=20000"`
	Items           []uuid.UUID `json:"items" validate:"max=500"`
	ServiceID       *uuid.UUID  `json:"service_id"`
	Steps           []PlanStep  `json:"steps" validate:"max=60,dive"`
	TestPlan        string      `json:"test_plan" validate:"omitempty,text,max=20000"`
	RollbackTrigger string      `json:"rollback_trigger" validate:"omitempty,text,max=5000"`
	Back            []PlanStep  `json:"back" validate:"max=60,dive"`
	RollbackMinutes int         `json:"rollback_minutes" validate:"min=0,max=10080"`
	Rehearsal       string      `json:"rehearsal" validate:"omitempty,text,max=5000"`
	WindowFrom      *time.Time  `json:"window_from"`
	WindowTo        *time.Time  `json:"window_to"`
	ImplementerID   *uuid.UUID  `json:"implementer_id"`
}

// CreateInput begins a change as a draft.
type CreateInput struct {
	Type Type `json:"type" validate:"required,oneof=normal standard emergency"`
	// TemplateID is the version of a template that a standard change is made
	// from; what it fixes is taken from it, whatever the plan says.
	TemplateID *uuid.UUID `json:"template_id"`
	Plan
}

// Create begins a change. It may be as short as a title; what is missing is
// asked for when it is submitted.
func (s *Service) Create(ctx context.Context, in CreateInput) (Change, error) {
	return work.Create(ctx, s.desk, s.repo, ActionCreate, in, func(u *work.Unit) (Change, error) {
		if draft.Clear(u, "change:new"); in.TemplateID != nil {
			draft.Clear(u, "change:new:"+in.TemplateID.String())
		}
		if (in.Type == Standard) != (in.TemplateID != nil) {
			return Change{}, fault.OnField("template_id", "change.error.template_needed")
		}
		if in.TemplateID != nil {
			t, err := templates{}.get(ctx, u.Tx, *in.TemplateID)
			if fault.Is(err, fault.NotFound) || err == nil && !t.InForce(u.Now) {
				err = fault.OnField("template_id", "change.error.no_template")
			}
			if err != nil {
				return Change{}, err
			}
		}
		return s.make(ctx, u, in.Type, in.TemplateID, in.Plan)
	})
}

func (s *Service) make(ctx context.Context, u *work.Unit, t Type, template *uuid.UUID, p Plan) (Change, error) {
	n, err := s.repo.next(ctx, u.Tx)
	if err != nil {
		return Change{}, err
	}
	by, _ := u.Author()
	c := Change{ID: u.ID(), Version: 1, Number: n, Type: t, TemplateID: template, State: Draft, RequesterID: by, CreatedBy: by, CreatedAt: u.Now, UpdatedAt: u.Now}
	if u.Actor.Department != uuid.Nil {
		c.DepartmentID = &u.Actor.Department
	}
	err = s.fillIn(ctx, u.Tx, &c, p)
	u.AfterRegister(func() error {
		record.Relink(&u.Batch, c.ID, "affects", c.Items, c.CreatedBy, c.CreatedAt)
		return nil
	})
	return c, err
}

// EditInput changes the plan.
type EditInput struct {
	Version int  `json:"version"`
	Type    Type `json:"type" validate:"omitempty,oneof=normal emergency"`
	Plan
}

// Edit changes the plan. The type changes only in a draft; an approved plan
// that is edited is not the approved one any more: the change goes back to its
// assessment, and those who were asked are told.
func (s *Service) Edit(ctx context.Context, id uuid.UUID, in EditInput) (Change, error) {
	return s.update(ctx, ActionEdit, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if !c.State.Planned() {
			return fault.New(fault.Conflict, "change.error.not_planned")
		}
		before := c.Hash()
		if in.Type != "" && in.Type != c.Type {
			if c.State != Draft || c.Type == Standard {
				return fault.OnField("type", "change.error.type_fixed")
			}
			c.Type = in.Type
		}
		if err := s.fillIn(ctx, u.Tx, c, in.Plan); err != nil {
			return err
		}
		draft.Clear(u, "change:"+c.ID.String())
		return s.replanned(ctx, u, c, before)
	})
}

// MoveInput puts the window of a change elsewhere; it stays as long as it is.
type MoveInput struct {
	Version int        `json:"version"`
	From    *time.Time `json:"from" validate:"required"`
	// Void: whoever moves it knows that a review which was asked for, or given,
	// is void afterwards.
	Void bool `json:"void"`
}

// MoveWindow puts the window elsewhere, as by dragging it in the calendar. It is
// an edit of the plan with all that follows from one, and it is refused where
// the window could not be booked: in the past, under a freeze, outside a binding
// maintenance window, or while another change holds one of the items.
func (s *Service) MoveWindow(ctx context.Context, id uuid.UUID, in MoveInput) (Change, error) {
	return s.update(ctx, ActionEdit, id, in.Version, in, func(u *work.Unit, c *Change) error {
		switch {
		case !c.State.Planned():
			return fault.New(fault.Conflict, "change.error.not_planned")
		case !c.windowReady():
			return fault.New(fault.Conflict, "change.gate.window")
		case c.State.asked() && !in.Void:
			return fault.New(fault.Conflict, "change.error.would_void")
		}
		before, from := c.Hash(), whole(in.From)
		to := from.Add(c.WindowTo.Sub(*c.WindowFrom))
		c.WindowFrom, c.WindowTo = from, &to
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		if err := refuse(c.windowGates(at)); err != nil {
			return err
		}
		return s.replanned(ctx, u, c, before)
	})
}

// replanned draws the consequences of an edited plan.
func (s *Service) replanned(ctx context.Context, u *work.Unit, c *Change, before string) error {
	was := c.State
	if !c.replan(before) {
		return nil
	}
	if was.asked() {
		told, err := s.Approvals.Awaited(ctx, u.Tx, c.Ref())
		if err != nil {
			return err
		}
		if err := s.Approvals.Void(ctx, u, c.Ref(), "change.reason.replanned"); err != nil {
			return err
		}
		u.Emit("change.replanned", append(append(told, c.approvers...), c.RequesterID)...)
	}
	return nil
}

// fillIn takes the plan over, after checking that whoever and whatever it names
// exists.
func (s *Service) fillIn(ctx context.Context, q db.Querier, c *Change, p Plan) error {
	f := fault.New(fault.Invalid, "error.invalid")
	bad := func(name, code string) { f.Fields = append(f.Fields, fault.Field{Name: name, Code: code}) }
	if p.WindowFrom != nil && p.WindowTo != nil && !p.WindowTo.After(*p.WindowFrom) {
		bad("window_to", "change.error.window")
	} else if p.WindowFrom != nil && p.WindowTo != nil && p.WindowTo.Sub(*p.WindowFrom) > 31*24*time.Hour {
		bad("window_to", "change.error.window_long")
	}
	known, err := s.names(ctx, q, p.Items)
	if err != nil {
		return err
	}
	for _, i := range p.Items {
		if _, ok := known[i]; !ok && !slices.Contains(c.Items, i) { // what stands in the plan may stay there
			bad("items", "validation.unknown")
			break
		}
	}
	steps, back := stepsOf(p.Steps), stepsOf(p.Back)
	for _, l := range []struct {
		name string
		ids  []uuid.UUID
	}{{"steps", owners(steps)}, {"back", owners(back)}, {"implementer_id", people(p.ImplementerID)}} {
		n, err := s.repo.strangers(ctx, q, string(identity.Implementer), l.ids, s.desk.Now())
		if err != nil {
			return err
		}
		if n > 0 {
			bad(l.name, "change.error.owner")
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	if c.Type == Standard {
		t, err := templates{}.get(ctx, q, *c.TemplateID)
		if err != nil {
			return err
		}
		t.fix(c, steps, back)
	} else {
		c.Content, c.Reason, c.Effect, c.Steps, c.Back = p.Content, p.Reason, p.Effect, steps, back
		c.TestPlan, c.RollbackTrigger, c.RollbackMinutes, c.Rehearsal = p.TestPlan, p.RollbackTrigger, p.RollbackMinutes, p.Rehearsal
	}
	c.Title, c.Communication, c.Items, c.ServiceID = p.Title, p.Communication, unique(p.Items), p.ServiceID
	c.WindowFrom, c.WindowTo, c.ImplementerID = whole(p.WindowFrom), whole(p.WindowTo), p.ImplementerID
	return nil
}

// able are people whom a plan may give work to.
func (s *Service) able(ctx context.Context, q db.Querier) ([]Named, error) {
	return s.repo.withRole(ctx, q, string(identity.Implementer), s.desk.Now())
}

// stepsOf makes steps of a plan; nothing has happened to them yet.
func stepsOf(in []PlanStep) []Step {
	out := make([]Step, len(in))
	for i, p := range in {
		out[i] = Step{Title: p.Title, OwnerID: p.OwnerID, Minutes: p.Minutes, Check: p.Check, GoNoGo: p.GoNoGo}
	}
	return out
}

// whole is an instant to the minute, as plans are made.
func whole(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	m := t.UTC().Truncate(time.Minute)
	return &m
}

func unique(ids []uuid.UUID) []uuid.UUID {
	out, known := make([]uuid.UUID, 0, len(ids)), make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		if !known[id] {
			known[id] = true
			out = append(out, id)
		}
	}
	return out
}

// ItemInput adds or takes away one item.
type ItemInput struct {
	Version int    `json:"version"`
	Item    string `json:"item" validate:"required,max=200"` // its id, or its number
	Remove  bool   `json:"remove"`
}

// SetItem adds an item to the plan, or takes it away: an edit like any other.
func (s *Service) SetItem(ctx context.Context, id uuid.UUID, in ItemInput) (Change, error) {
	return s.update(ctx, ActionEdit, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if !c.State.Planned() {
			return fault.New(fault.Conflict, "change.error.not_planned")
		}
		item, err := s.picked(ctx, in.Item)
		if err != nil {
			return err
		}
		before := c.Hash()
		if in.Remove {
			c.Items = slices.DeleteFunc(slices.Clone(c.Items), func(x uuid.UUID) bool { return x == item })
		} else {
			c.Items = unique(append(slices.Clone(c.Items), item))
		}
		return s.replanned(ctx, u, c, before)
	})
}

// Submit hands the application in. What it lacks is listed.
func (s *Service) Submit(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionSubmit, id, in.Version, in, func(u *work.Unit, c *Change) error {
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		u.Emit("change.submitted", c.RequesterID)
		return c.submit(at)
	})
}

// Return sends an application back to its author before the review.
func (s *Service) Return(ctx context.Context, id uuid.UUID, in ReasonInput) (Change, error) {
	return s.update(ctx, ActionReturn, id, in.Version, in, func(u *work.Unit, c *Change) error {
		u.Emit("change.returned", c.RequesterID)
		return c.reject(MoveReturn, in.Reason)
	})
}

// AssessInput is an assessment of the risk.
type AssessInput struct {
	Version    int    `json:"version"`
	Answers    []int  `json:"answers" validate:"len=6,dive,min=1,max=5"` // in the order of Questions
	Mitigation string `json:"mitigation" validate:"omitempty,text,max=10000"`
	Impact     int    `json:"impact" validate:"min=0,max=5"`     // after mitigation; 0: as before
	Likelihood int    `json:"likelihood" validate:"min=0,max=5"` // after mitigation; 0: as before
}

// Assess notes the risk. What the desk knows of the items weighs in.
func (s *Service) Assess(ctx context.Context, id uuid.UUID, in AssessInput) (Change, error) {
	return s.update(ctx, ActionAssess, id, in.Version, in, func(u *work.Unit, c *Change) error {
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		f, err := s.facts(ctx, u.Tx, *c, at)
		if err != nil {
			return err
		}
		u.Emit("change.assessed", c.RequesterID)
		return c.assess(Assessment{in.Answers, in.Mitigation, in.Impact, in.Likelihood, f}, u.Actor.ID, u.Now)
	})
}

// TestInput is how the test ended.
type TestInput struct {
	Version  int        `json:"version"`
	Result   TestResult `json:"result" validate:"required,oneof=passed failed"`
	Evidence string     `json:"evidence" validate:"omitempty,text,max=20000"` // what was seen, and where it is kept
	// Files are uploads that show it; evidence is needed in words or in files.
	Files []uuid.UUID `json:"attachment_ids" validate:"max=20"`
}

// Test notes the result of the test and its evidence: that of this run, and of no
// earlier one.
func (s *Service) Test(ctx context.Context, id uuid.UUID, in TestInput) (Change, error) {
	return s.update(ctx, ActionTest, id, in.Version, in, func(u *work.Unit, c *Change) error {
		files, err := s.evidence(ctx, u, c, in)
		if err != nil {
			return err
		}
		if err := c.test(in.Result, in.Evidence, u.Actor.ID, u.Now); err != nil {
			return err
		}
		c.TestFiles = files
		u.Emit("change.tested", c.RequesterID)
		return nil
	})
}

// Ask opens the review: by the change manager, and by the board where the risk
// is not low; an emergency is authorised by one person (CHG-03, CHG-05).
func (s *Service) Ask(ctx context.Context, id uuid.UUID, in StepInput) (Change, error) {
	return s.update(ctx, ActionAsk, id, in.Version, in, func(u *work.Unit, c *Change) error {
		if err := c.move(MoveAsk, Situation{Now: u.Now}); err != nil {
			return err
		}
		what, err := s.content(ctx, u.Tx, *c)
		if err != nil {
			return err
		}
		board, err := boards{}.get(ctx, u.Tx)
		if err != nil {
			return err
		}
		must, err := s.heard(ctx, u.Tx, board)
		if err != nil {
			return err
		}
		u.Emit("change.asked", c.RequesterID)
		_, err = s.Approvals.Open(ctx, u, what, spec(*c, board, must))
		return err
	})
}

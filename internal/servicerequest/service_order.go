package servicerequest

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// OrderInput asks for an item, for oneself or for the person of RequesterID.
// Answers are by the keys of the item's form. With Draft it is kept and not
// sent.
type OrderInput struct {
	ItemID      uuid.UUID  `json:"item_id" validate:"required"`
	VersionID   *uuid.UUID `json:"version_id"` // that the form was read in; another one is a conflict
	Answers     form.Raw   `json:"answers"`
	Remark      string     `json:"remark" validate:"omitempty,text,max=5000"`
	Urgency     int        `json:"urgency" validate:"omitempty,min=1,max=3"`
	RequesterID *uuid.UUID `json:"requester_id"`
	Draft       bool       `json:"draft"`
}

// Order makes a request from an item of the catalogue.
func (s *Service) Order(ctx context.Context, in OrderInput) (Request, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Request{}, err
	}
	requester, act, facts, err := s.forWhom(ctx, who, in.RequesterID)
	if err != nil {
		return Request{}, err
	}
	o, err := s.Offer(ctx, in.ItemID, requester)
	if err != nil {
		return Request{}, err
	}
	if !s.desk.Can(ctx, act, facts) {
		return Request{}, s.desk.Noted(ctx, act, record.Ref{Kind: Kind}, fault.New(fault.Forbidden, "error.forbidden"))
	}
	if !o.MayOrder {
		return Request{}, s.desk.Noted(ctx, act, record.Ref{Kind: Kind}, fault.New(fault.Forbidden, "servicerequest.error.not_for"))
	}
	if in.VersionID != nil && *in.VersionID != o.VersionID {
		return Request{}, fault.New(fault.Conflict, "servicerequest.error.form_changed")
	}
	answers, err := s.accept(ctx, o.Content, in.Answers, in.Draft)
	if err != nil {
		return Request{}, err
	}
	var out Request
	err = s.do(ctx, func(u *work.Unit, later *aftermath) (err error) {
		out, err = work.Insert(ctx, u, repository{o.Content.Form}, act, facts, in, func(u *work.Unit) (Request, error) {
			r, err := s.make(ctx, u, o, requester, answers, in)
			if err != nil {
				return r, err
			}
			draft.Clear(u, "request:"+in.ItemID.String())
			if err := attachment.Bind(ctx, u, r.Ref(), o.Content.Form.Files(answers), attachment.BindOptions{}); err != nil {
				return r, err
			}
			if in.Draft {
				return r, nil
			}
			s.startClocks(ctx, u, &r)
			err = s.send(ctx, u, &r, o.Content, later, true)
			return r, err
		})
		return err
	})
	return out, s.desk.Noted(ctx, act, record.Ref{Kind: Kind}, err)
}

// forWhom decides for whom a request is and by which use case: one's own, or
// somebody else's.
func (s *Service) forWhom(ctx context.Context, who identity.Actor, id *uuid.UUID) (uuid.UUID, authz.Action, *authz.Facts, error) {
	if id == nil || *id == uuid.Nil || *id == who.ID {
		return who.ID, ActionCreate, nil, nil
	}
	p, err := identity.People(ctx, s.desk.DB, *id)
	if err != nil {
		return *id, ActionOnBehalf, nil, err
	}
	x, ok := p[*id]
	if !ok || !x.Active {
		return *id, ActionOnBehalf, nil, fault.OnField("requester_id", "validation.unknown")
	}
	f := &authz.Facts{}
	if x.DepartmentID != nil {
		f.DepartmentID = *x.DepartmentID
	}
	return *id, ActionOnBehalf, f, nil
}

// accept checks answers against the item's form, and that whoever and whatever
// they name exists. A draft is kept as it is.
func (s *Service) accept(ctx context.Context, c Content, raw form.Raw, isDraft bool) (form.Raw, error) {
	if isDraft {
		return c.Form.Keep(raw, s.today()), nil
	}
	answers, err := c.Form.Accept(raw, s.today())
	if err != nil {
		return answers, err
	}
	out := fault.New(fault.Invalid, "error.invalid")
	known, err := identity.People(ctx, s.desk.DB, c.Form.People(answers)...)
	if err != nil {
		return answers, err
	}
	var assets map[uuid.UUID]string
	if s.Assets != nil {
		if assets, err = s.Assets.Names(ctx, c.Form.Assets(answers)); err != nil {
			return answers, err
		}
	}
	for _, x := range c.Form.Fields {
		v := answers.First(x.Key)
		if v == "" {
			continue
		}
		id, _ := uuid.Parse(v) // nothing is nobody
		_, isAsset := assets[id]
		if x.Type == form.Person && !known[id].Active || x.Type == form.Asset && id != uuid.Nil && !isAsset {
			out.Fields = append(out.Fields, fault.Field{Name: form.Prefix + x.Key, Code: "validation.unknown", Param: x.Key})
		}
	}
	if len(out.Fields) > 0 {
		return answers, out
	}
	return answers, nil
}

// make builds the new request within its unit, as a draft.
func (s *Service) make(ctx context.Context, u *work.Unit, o Offered, requester uuid.UUID, answers form.Raw, in OrderInput) (Request, error) {
	k, err := s.repo.intake(ctx, u.Tx, requester)
	if err != nil {
		return Request{}, err
	}
	r := Request{
		ID: u.ID(), Version: 1, Number: k.Number, ItemID: o.ID, VersionID: o.VersionID, Title: o.Content.Name("zh-CN"), State: Draft, Answers: answers, Remark: in.Remark,
		Impact: o.Content.Impact, Urgency: or(in.Urgency, 3), Price: o.Content.Price, Access: o.Content.Access, RequesterID: requester, CreatedBy: u.Actor.ID,
		DepartmentID: k.Department, ServiceID: o.ServiceID, CreatedAt: u.Now, UpdatedAt: u.Now,
	}
	r.Priority, err = s.Priorities.Priority(ctx, u.Tx, r.Impact, r.Urgency)
	return r, err
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// send submits a draft: the quota is held against what was asked for before,
// and approvals begin, or the work does where none are asked for.
func (s *Service) send(ctx context.Context, u *work.Unit, r *Request, c Content, later *aftermath, creating bool) error {
	if err := s.withinQuota(ctx, u, *r, c); err != nil {
		return err
	}
	if err := r.submit(u.Now); err != nil {
		return err
	}
	steps := c.stepsFor(r.Answers, s.today())
	u.Emit("servicerequest.submitted", r.RequesterID)
	if len(steps) == 0 {
		if err := r.move(MoveWaive); err != nil {
			return err
		}
		return s.begin(ctx, u, r, c, later)
	}
	if err := r.move(MoveAsk); err != nil {
		return err
	}
	return s.askApproval(ctx, u, r, c, steps, creating)
}

func (s *Service) withinQuota(ctx context.Context, u *work.Unit, r Request, c Content) error {
	if c.QuotaCount == 0 {
		return nil
	}
	n, err := s.repo.ordered(ctx, u.Tx, r.ItemID, r.RequesterID, r.ID, u.Now.AddDate(0, 0, -c.QuotaDays))
	if err != nil {
		return err
	}
	if n >= c.QuotaCount {
		return fault.New(fault.Conflict, "servicerequest.error.quota", "count", c.QuotaCount, "days", c.QuotaDays)
	}
	return nil
}

// stepsFor are the steps of approval that answers call for.
func (c Content) stepsFor(answers form.Raw, today string) []Step {
	return slices.DeleteFunc(slices.Clone(c.Steps), func(st Step) bool { return !c.Form.Holds(st.When, answers, today) })
}

// begin starts fulfilment of what is approved: tasks are planned by the
// answers, and the first ones handed to their teams.
func (s *Service) begin(ctx context.Context, u *work.Unit, r *Request, c Content, later *aftermath) error {
	expected, err := s.Days.AddDays(ctx, u, u.Now, c.Days)
	if err != nil {
		return err
	}
	r.ApprovedAt, r.ExpectedAt = &u.Now, &expected
	tasks := planTasks(c, r.Answers, s.today(), work.NewID)
	later.tasks, later.request = tasks, r.ID
	return s.handOver(ctx, u, r, later)
}

// handOver makes the next tasks ready and tells their teams; when nothing is
// left to do the request is delivered.
func (s *Service) handOver(ctx context.Context, u *work.Unit, r *Request, later *aftermath) error {
	for _, i := range release(later.tasks, u.Now) {
		t := later.tasks[i]
		if t.Output == OutputIncident {
			later.incidents = append(later.incidents, i)
			continue
		}
		await(u, *r, t) // where somebody was chosen before it was ready
		to, err := s.repo.teamPeople(ctx, u.Tx, t.TeamID)
		if err != nil {
			return err
		}
		u.EmitAbout("servicerequest.task_ready", t.ID, to...)
	}
	r.TeamID, r.AssigneeID = front(later.tasks)
	if !allEnded(later.tasks) {
		return nil
	}
	if r.State == Approved {
		if err := r.move(MoveStart); err != nil {
			return err
		}
	}
	set, err := s.settings(ctx, u.Tx)
	if err != nil {
		return err
	}
	closes, err := s.Days.AddDays(ctx, u, u.Now, set.AutoCloseDays)
	if err != nil {
		return err
	}
	u.Emit("servicerequest.fulfilled", r.RequesterID)
	return r.deliver(u.Actor.ID, u.Now, closes)
}

// aftermath is what follows an act on a request in the same transaction, once
// the request's own rows are queued: its tasks, and records that they make.
type aftermath struct {
	request   uuid.UUID
	tasks     []Task
	incidents []int // tasks that open an incident
}

// do runs an act on a request, and then what follows from it.
func (s *Service) do(ctx context.Context, fn func(*work.Unit, *aftermath) error) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		var later aftermath
		if err := fn(u, &later); err != nil {
			return err
		}
		return s.follow(ctx, u, &later)
	})
}

// follow writes the tasks and opens the incidents that tasks stand for.
func (s *Service) follow(ctx context.Context, u *work.Unit, later *aftermath) error {
	if len(later.tasks) == 0 {
		return nil
	}
	if len(later.incidents) > 0 {
		if err := u.Flush(ctx); err != nil {
			return err
		}
		r, err := s.repo.get(ctx, u.Tx, later.request)
		if err != nil {
			return err
		}
		for _, i := range later.incidents {
			t := &later.tasks[i]
			ref, err := s.Incidents.OpenIn(ctx, u, IncidentOrder{
				Title: t.Title("zh-CN"), Text: r.Title + "\n" + r.Label() + "\n" + r.Remark, Impact: r.Impact, Urgency: r.Urgency, RequesterID: r.RequesterID, ServiceID: r.ServiceID, TeamID: t.TeamID, From: r.Ref(),
			})
			if err != nil {
				return err
			}
			t.MadeKind, t.MadeID = ref.Kind, &ref.ID
		}
	}
	s.repo.saveTasks(&u.Batch, later.request, later.tasks...)
	return nil
}

// EditInput changes what is asked for, while it is a draft or being approved.
// A nil field stays as it is.
type EditInput struct {
	Version int       `json:"version"`
	Answers *form.Raw `json:"answers"`
	Remark  *string   `json:"remark" validate:"omitempty,text,max=5000"`
	Urgency *int      `json:"urgency" validate:"omitempty,min=1,max=3"`
	// Submit sends the draft as well.
	Submit bool `json:"submit"`
}

// Edit changes a request of one's own. What others have approved meanwhile is
// void where it is about something else now.
func (s *Service) Edit(ctx context.Context, id uuid.UUID, in EditInput) (Request, error) {
	c, err := s.contentOf(ctx, id)
	if err != nil {
		return Request{}, err
	}
	var out Request
	err = s.do(ctx, func(u *work.Unit, later *aftermath) (err error) {
		out, err = work.Apply(ctx, u, repository{c.Form}, ActionEdit, id, in.Version, in, s.timed(ctx, func(u *work.Unit, r *Request) error {
			if r.State != Draft && r.State != Approving {
				return fault.New(fault.Conflict, "servicerequest.error.not_editable", "state", string(r.State))
			}
			if err := s.change(ctx, u, r, c, in); err != nil {
				return err
			}
			draft.Clear(u, "request:"+id.String())
			switch {
			case r.State == Approving:
				return s.changedApproval(ctx, u, *r, c)
			case in.Submit:
				return s.send(ctx, u, r, c, later, false)
			}
			return nil
		}))
		return err
	})
	return out, s.desk.Noted(ctx, ActionEdit, record.Ref{Kind: Kind, ID: id}, err)
}

func (s *Service) change(ctx context.Context, u *work.Unit, r *Request, c Content, in EditInput) (err error) {
	before := r.Answers
	raw := r.Answers
	if in.Answers != nil {
		raw = *in.Answers
	}
	if r.Answers, err = s.accept(ctx, c, raw, r.State == Draft && !in.Submit); err != nil {
		return err
	}
	if in.Remark != nil {
		r.Remark = *in.Remark
	}
	if in.Urgency != nil {
		r.Urgency = *in.Urgency
	}
	if r.Priority, err = s.Priorities.Priority(ctx, u.Tx, r.Impact, r.Urgency); err != nil {
		return err
	}
	had := c.Form.Files(before)
	fresh := slices.DeleteFunc(c.Form.Files(r.Answers), func(f uuid.UUID) bool { return contains(had, f) })
	return attachment.Bind(ctx, u, r.Ref(), fresh, attachment.BindOptions{})
}

// contentOf is what the item said when the request was made.
func (s *Service) contentOf(ctx context.Context, id uuid.UUID) (Content, error) {
	r, err := s.repo.get(ctx, s.desk.DB, id)
	if err != nil {
		return Content{}, err
	}
	v, err := s.items.version(ctx, s.desk.DB, r.VersionID)
	return v.Content, err
}

// Copy begins a new draft from a request, on the form in force now: answers to
// questions that are gone are left out.
func (s *Service) Copy(ctx context.Context, id uuid.UUID) (Request, error) {
	r, _, err := s.Get(ctx, id)
	if err != nil {
		return r, err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return r, err
	}
	o, err := s.Offer(ctx, r.ItemID, who.ID)
	if err != nil {
		return r, err
	}
	if !o.MayOrder {
		return r, fault.New(fault.Forbidden, "servicerequest.error.not_for")
	}
	raw := form.Raw{}
	for _, x := range o.Content.Form.Fields {
		if x.Type != form.File { // files stay where they are
			raw[x.Key] = r.Answers[x.Key]
		}
	}
	in := OrderInput{ItemID: r.ItemID, Remark: r.Remark, Urgency: r.Urgency, Draft: true}
	out, err := work.Create(ctx, s.desk, repository{o.Content.Form}, ActionCreate, in, func(u *work.Unit) (Request, error) {
		n, err := s.make(ctx, u, o, who.ID, o.Content.Form.Keep(raw, s.today()), in)
		n.CopyOf = &r.ID
		return n, err
	})
	return out, err
}

// settings reads the settings in force.
func (s *Service) settings(ctx context.Context, q db.Querier) (Settings, error) {
	v := Settings{AutoCloseDays: 5, ReopenDays: 14}
	raw, err := s.repo.settings(ctx, q)
	if err != nil || raw == nil {
		return v, err
	}
	return v, json.Unmarshal(raw, &v)
}

package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/draft"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
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
		Impact: o.Content.Impact, Urgency: or(in.Urgency, 3), Price: o.Content.Price, Access: o.Content.Access, Confidential: o.Content.Confidential, RequesterID: requester, CreatedBy: u.Actor.ID,
		DepartmentID: k.Department, ServiceID: o.ServiceID, CreatedAt: u.Now, UpdatedAt: u.Now,
	}
	if r.Confidential {
		nameOwn(u, r)
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

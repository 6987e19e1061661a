package servicerequest

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/draft"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

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
			if err := r.only(u.Actor); err != nil {
				return err
			}
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
		if r.Confidential && !n.Confidential { // its words never become open
			n.Confidential = true
			nameOwn(u, n)
		}
		return n, err
	})
	return out, err
}

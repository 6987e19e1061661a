package servicerequest

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/attachment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// askApproval opens the approval of a request that is being sent.
func (s *Service) askApproval(ctx context.Context, u *work.Unit, r *Request, c Content, steps []Step, creating bool) error {
	open := func() error {
		spec, err := s.spec(ctx, u.Tx, steps)
		if err != nil {
			return err
		}
		what, err := s.contentToApprove(ctx, u.Tx, *r, c)
		if err != nil {
			return err
		}
		if err := s.nameAsked(ctx, u, *r, steps); err != nil {
			return err
		}
		_, err = s.Approvals.Open(ctx, u, what, spec)
		return err
	}
	if creating {
		u.AfterRegister(open) // the process refers to the register's line
		return nil
	}
	return open()
}

// spec puts the steps of an item into those of a process: two steps are two
// people.
func (s *Service) spec(ctx context.Context, q db.Querier, steps []Step) (approval.Spec, error) {
	out := approval.Spec{Distinct: true}
	teams, err := identity.Teams(ctx, q)
	if err != nil {
		return out, err
	}
	for _, st := range steps {
		x := approval.Step{Key: "servicerequest.approver." + string(st.From), Row: "request.approve", Mode: approval.Mode(st.Mode), N: st.N}
		switch st.From {
		case ByOwner:
			x.Row, x.Who = "request.approve_service", []approval.Source{{Kind: approval.FromService}}
		case ByManager:
			x.Who = []approval.Source{{Kind: approval.FromManager}}
		case ByTeamLead:
			for _, t := range teams {
				if st.TeamID != nil && t.ID == *st.TeamID && t.LeadID != nil {
					x.Who = []approval.Source{{Kind: approval.FromPerson, ID: *t.LeadID}}
				}
			}
			if len(x.Who) == 0 {
				// The team has no lead: any lead of the desk.
				x.Who = []approval.Source{{Kind: approval.FromRole, Role: identity.Lead}}
			}
		default:
			for _, id := range st.People {
				x.Who = append(x.Who, approval.Source{Kind: approval.FromPerson, ID: id})
			}
		}
		out.Steps = append(out.Steps, x)
	}
	return out, nil
}

// changedApproval voids approvals of another content than the request has now,
// and asks again by the steps that its answers call for.
func (s *Service) changedApproval(ctx context.Context, u *work.Unit, r Request, c Content) error {
	what, err := s.contentToApprove(ctx, u.Tx, r, c)
	if err != nil {
		return err
	}
	steps := c.stepsFor(r.Answers, s.today())
	if len(steps) == 0 {
		steps = c.Steps // somebody was asked before, so somebody is asked again
	}
	spec, err := s.spec(ctx, u.Tx, steps)
	if err != nil {
		return err
	}
	if err := s.nameAsked(ctx, u, r, steps); err != nil {
		return err
	}
	_, err = s.Approvals.Changed(ctx, u, what, &spec)
	return err
}

func (s *Service) withdrawApproval(ctx context.Context, u *work.Unit, ref record.Ref) error {
	return s.Approvals.Withdraw(ctx, u, ref, "servicerequest.act.withdraw")
}

// approvers lists who approved a request: none of them fulfils it where it
// gives access (S5), and the matrix says so for all.
func (s *Service) approvers(ctx context.Context, q db.Querier, id uuid.UUID) ([]uuid.UUID, error) {
	return s.Approvals.Approvers(ctx, q, record.Ref{Kind: Kind, ID: id})
}

// contentToApprove is what approvals of a request are about, and what people
// see when they decide.
func (s *Service) contentToApprove(ctx context.Context, q db.Querier, r Request, c Content) (approval.Content, error) {
	out := approval.Content{
		Entry: r.Entry(),
		Fields: map[string]any{
			"item": r.VersionID, "requester": r.RequesterID, "answers": r.Answers, "remark": r.Remark, "price": r.Price, "access": r.Access,
		},
		Involved: []uuid.UUID{r.RequesterID},
	}
	ids := append(c.Form.People(r.Answers), r.RequesterID)
	// Whom an access item is for is involved as well.
	if r.Access {
		out.Involved = append(out.Involved, c.Form.People(r.Answers)...)
	}
	names, err := identity.People(ctx, q, ids...)
	if err != nil {
		return out, err
	}
	files, err := attachment.List(ctx, q, r.ID, false)
	if err != nil {
		return out, db.Map(err)
	}
	lang := i18n.Lang(ctx)
	card := approval.Card{Title: r.Label() + " " + c.Name(lang), Facts: []approval.Fact{{Label: i18n.T(ctx, "servicerequest.field.requester"), Value: nameAndDepartment(names[r.RequesterID], lang)}}}
	if r.Remark != "" {
		card.Lines = append(card.Lines, r.Remark)
	}
	if r.Price > 0 {
		card.Facts = append(card.Facts, approval.Fact{Label: i18n.T(ctx, "servicerequest.field.price"), Value: i18n.T(ctx, "servicerequest.price", "amount", price(r.Price))})
	}
	people, assets := map[string]string{}, map[string]string{}
	for id, x := range names {
		people[id.String()] = x.Display(lang)
	}
	if s.Assets != nil {
		known, err := s.Assets.Names(ctx, c.Form.Assets(r.Answers))
		if err != nil {
			return out, err
		}
		for id, n := range known {
			assets[id.String()] = n
		}
	}
	for _, a := range c.Form.Answers(r.Answers, lang, people, assets) {
		value := strings.Join(a.Lines, ", ")
		for _, row := range a.Cells {
			value += strings.Join(row, " · ") + "\n"
		}
		if len(a.Files) > 0 {
			value = i18n.T(ctx, "form.files", "count", len(a.Files))
		}
		card.Facts = append(card.Facts, approval.Fact{Label: a.Label, Value: strings.TrimSpace(value)})
	}
	for _, f := range files {
		card.Files = append(card.Files, approval.File{Name: f.Name, URL: f.URL()})
	}
	out.Card = card
	return out, nil
}

// subject is how requests are approved.
type subject struct{ *Service }

// Lock locks a request.
func (a subject) Lock(ctx context.Context, tx db.Tx, id uuid.UUID) error {
	_, err := a.repo.ForUpdate(ctx, tx, id)
	return db.Map(err)
}

// Content reads what of a request stands to be approved.
func (a subject) Content(ctx context.Context, q db.Querier, id uuid.UUID) (approval.Content, error) {
	r, err := a.repo.get(ctx, q, id)
	if err != nil {
		return approval.Content{}, err
	}
	v, err := a.items.version(ctx, q, r.VersionID)
	if err != nil {
		return approval.Content{}, err
	}
	return a.contentToApprove(ctx, q, r, v.Content)
}

// Decided carries the outcome out: work begins, the request ends with the
// reason, or it goes back to its requester because it changed meanwhile.
func (a subject) Decided(ctx context.Context, u *work.Unit, o approval.Outcome) error {
	var later aftermath
	_, err := work.Apply(ctx, u, repository{}, ActionDecided, o.Ref.ID, 0, struct{}{}, a.timed(ctx, func(u *work.Unit, r *Request) error {
		switch o.Status {
		case approval.Approved:
			if err := r.move(MoveApprove); err != nil {
				return err
			}
			v, err := a.items.version(ctx, u.Tx, r.VersionID)
			if err != nil {
				return err
			}
			u.Emit("servicerequest.approved", r.RequesterID)
			return a.begin(ctx, u, r, v.Content, &later)
		case approval.Rejected:
			u.Emit("servicerequest.rejected", r.RequesterID)
			return r.reject(o.Reason, o.By, u.Now)
		}
		u.Emit("servicerequest.revised", r.RequesterID)
		if err := r.revise(); err != nil {
			return err
		}
		if o.Status == approval.Returned {
			r.RejectReason = o.Reason // until it is sent again
		}
		return nil
	}))
	if err != nil {
		return err
	}
	return a.follow(ctx, u, &later)
}

func nameAndDepartment(p identity.Person, lang string) string {
	if d := p.Department(lang); d != "" {
		return p.Display(lang) + " · " + d
	}
	return p.Display(lang)
}

package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// SplitInput makes a new incident of something that was said on another one.
type SplitInput struct {
	CommentID uuid.UUID `json:"comment_id" validate:"required"`
	// Internal says that it is a note. A note stays one: what the requester will
	// read as the new incident is Description.
	Internal    bool   `json:"internal"`
	Title       string `json:"title" validate:"required,notblank,line,max=200"`
	Description string `json:"description" validate:"omitempty,text,max=20000"`
}

// Split opens a new incident for a matter that came up on another one, linked
// to it, and returns the new one. What was said stays where it was said; the
// new incident has a copy of the text and of its files. It is for whoever wrote
// the reply, or for the other's requester where an engineer or a note did.
//
// It stays with the team that has the other one; no routing rule is asked.
//
// Of a confidential incident it is confidential, and exactly those who are named
// on the one are named on the other (controls §6).
func (s *Service) Split(ctx context.Context, id uuid.UUID, in SplitInput) (Incident, error) {
	var out Incident
	e, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return out, err
	}
	err = s.desk.Do(ctx, func(u *work.Unit) (err error) {
		out, err = work.Insert(ctx, u, s.repo, ActionSplit, &facts, in, func(u *work.Unit) (Incident, error) {
			return s.splitOff(ctx, u, e.ID, in)
		})
		if err != nil {
			return err
		}
		_, err = work.Apply(ctx, u, s.repo, ActionSplit, id, 0, in, func(u *work.Unit, i *Incident) error {
			u.Note("split_into", nil, out.Label())
			return afterMerge(ActionSplit, *i)
		})
		return err
	})
	return out, s.desk.Noted(ctx, ActionSplit, record.Ref{Kind: Kind, ID: id}, err)
}

// splitOff builds the new incident within its unit.
func (s *Service) splitOff(ctx context.Context, u *work.Unit, id uuid.UUID, in SplitInput) (Incident, error) {
	from, err := s.repo.ForUpdate(ctx, u.Tx, id)
	if err != nil {
		return Incident{}, db.Map(err)
	}
	c, err := comment.Find(ctx, u.Tx, id, in.CommentID, in.Internal)
	if fault.Is(err, fault.NotFound) || c.RemovedAt != nil {
		return Incident{}, fault.OnField("comment_id", "incident.error.split_nothing")
	}
	if err != nil {
		return Incident{}, err
	}
	i := Incident{
		ID: u.ID(), Version: 1, Title: in.Title, Description: c.Body, State: New, Channel: from.Channel, Impact: from.Impact, Urgency: from.Urgency,
		Priority: from.Priority, PriorityReason: from.PriorityReason, CategoryID: from.CategoryID, ServiceID: from.ServiceID, Location: from.Location, Device: from.Device,
		RequesterID: from.RequesterID, CreatedBy: u.Actor.ID, DepartmentID: from.DepartmentID, TeamID: from.TeamID, Confidential: from.Confidential,
		ReportedAt: c.At, CreatedAt: u.Now, UpdatedAt: u.Now,
	}
	if in.Internal {
		if i.Description = in.Description; in.Description == "" {
			return i, fault.OnField("description", "validation.required")
		}
	} else if err := s.author(ctx, u, c.AuthorID, &i); err != nil {
		return i, err
	}
	if i.Number, err = s.repo.nextNumber(ctx, u.Tx); err != nil {
		return i, err
	}
	u.Emit("incident.created", i.RequesterID)
	u.Note("split_from", nil, from.Label())
	about := attachment.BindOptions{}
	if in.Internal {
		about = attachment.BindOptions{CommentID: comment.Copy(u, c, i.ID).ID, Internal: true}
	}
	names, err := attachment.Copy(ctx, u, c.ID, i.ID, about)
	if len(names) > 0 {
		u.Note("attachments", nil, names)
	}
	u.AfterRegister(func() error {
		record.Link(&u.Batch, i.ID, from.ID, "split_from", u.Actor.ID, u.Now)
		if !from.Confidential {
			return nil
		}
		named, err := record.NamedOn(ctx, u.Tx, from.ID, u.Now)
		for _, n := range named {
			record.Name(&u.Batch, i.ID, n.PersonID, u.Actor.ID, n.Reason, u.Now, n.Until)
		}
		return db.Map(err)
	})
	return i, err
}

// author makes whoever wrote a reply the requester, unless an engineer did.
func (s *Service) author(ctx context.Context, u *work.Unit, id uuid.UUID, i *Incident) error {
	a, err := identity.LoadActors(ctx, u.Tx, []uuid.UUID{id}, u.Now)
	if who, ok := a[id]; ok && !engineer(who) {
		i.RequesterID, i.DepartmentID = id, nil
		if who.Department != uuid.Nil {
			i.DepartmentID = &who.Department
		}
	}
	return err
}

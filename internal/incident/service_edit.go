package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// EditInput changes fields; a nil field is left alone. Impact and urgency
// bring the priority along unless it was set by hand.
type EditInput struct {
	Version     int        `json:"version"`
	Title       *string    `json:"title" validate:"omitempty,notblank,line,max=200"`
	Description *string    `json:"description" validate:"omitempty,notblank,text,max=20000"`
	CategoryID  *uuid.UUID `json:"category_id"`
	ServiceID   *uuid.UUID `json:"service_id"`
	Impact      *int       `json:"impact" validate:"omitempty,min=1,max=3"`
	Urgency     *int       `json:"urgency" validate:"omitempty,min=1,max=3"`
	Location    *string    `json:"location" validate:"omitempty,line,max=200"`
	Device      *string    `json:"device" validate:"omitempty,line,max=200"`
}

// Edit changes fields of an incident that is not closed.
func (s *Service) Edit(ctx context.Context, id uuid.UUID, in EditInput) (Incident, error) {
	return s.update(ctx, ActionEdit, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if err := i.archived(); err != nil {
			return err
		}
		if err := s.repo.known(ctx, u.Tx, in.CategoryID, in.ServiceID); err != nil {
			return err
		}
		set(&i.Title, in.Title)
		set(&i.Description, in.Description)
		set(&i.Location, in.Location)
		set(&i.Device, in.Device)
		i.CategoryID, i.ServiceID = first(in.CategoryID, i.CategoryID), first(in.ServiceID, i.ServiceID)
		if in.Impact == nil && in.Urgency == nil {
			return nil
		}
		set(&i.Impact, in.Impact)
		set(&i.Urgency, in.Urgency)
		p, err := s.repo.priority(ctx, u.Tx, i.Impact, i.Urgency)
		if err == nil && i.PriorityReason == "" {
			i.Priority = p
		}
		return err
	})
}

// archived refuses to change what is over.
func (i Incident) archived() error {
	if i.State == Closed || i.State == Cancelled || i.State == Merged {
		return fault.New(fault.Conflict, "incident.error.archived", "state", string(i.State))
	}
	return nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// PriorityInput overrides the computed priority, with the reason.
type PriorityInput struct {
	Version  int    `json:"version"`
	Priority int    `json:"priority" validate:"required,min=1,max=4"`
	Reason   string `json:"reason" validate:"omitempty,text,max=500"`
}

// Prioritise sets the priority by hand. A priority other than the matrix gives
// needs a reason; the computed one needs none and ends the override.
func (s *Service) Prioritise(ctx context.Context, id uuid.UUID, in PriorityInput) (Incident, error) {
	return s.update(ctx, ActionPriority, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		computed, err := s.repo.priority(ctx, u.Tx, i.Impact, i.Urgency)
		if err != nil {
			return err
		}
		return i.override(in.Priority, computed, in.Reason)
	})
}

// Hide makes an incident confidential: from now on only named people see it.
// The way up is free; the way down needs two people.
func (s *Service) Hide(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionHide, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if i.Confidential {
			return nil
		}
		i.Confidential = true
		s.changedNotices()
		i.leaveParent() // what is known of it must not reach a family
		return s.nameFirst(ctx, u, *i)
	})
}

// Unhide ends the confidentiality of an incident.
func (s *Service) Unhide(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionUnhide, id, in.Version, in, func(_ *work.Unit, i *Incident) error {
		i.Confidential = false
		return nil
	})
}

// NameInput adds a person to the need-to-know list.
type NameInput struct {
	Version  int       `json:"version"`
	PersonID uuid.UUID `json:"person_id" validate:"required"`
	Reason   string    `json:"reason" validate:"required,notblank,line,max=500"`
	Days     int       `json:"days" validate:"min=0,max=30"`
}

// NamePerson lets one more person see a confidential incident, for at most 30
// days (controls §6).
func (s *Service) NamePerson(ctx context.Context, id uuid.UUID, in NameInput) (Incident, error) {
	return s.update(ctx, ActionName, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		if !i.Confidential {
			return fault.New(fault.Conflict, "incident.error.not_confidential")
		}
		if err := identity.Engage(ctx, u.Tx, in.PersonID, "person_id"); err != nil {
			return err
		}
		until := u.Now.Add(namedFor)
		if in.Days > 0 {
			until = u.Now.AddDate(0, 0, in.Days)
		}
		record.Name(&u.Batch, i.ID, in.PersonID, u.Actor.ID, in.Reason, u.Now, until)
		u.Note("named", nil, in.PersonID)
		u.Note("named_reason", nil, in.Reason)
		u.Emit("incident.named", in.PersonID)
		return nil
	})
}

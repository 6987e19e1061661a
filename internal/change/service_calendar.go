package change

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// The use cases of the calendar.
const (
	ActionFreeze authz.Action = "change.freeze"
	ActionLift   authz.Action = "change.lift_freeze"
	ActionExcept authz.Action = "change.except"
)

func calendarPolicies() authz.Policies {
	return authz.Policies{ActionFreeze: "change.calendar_blackout", ActionLift: "change.calendar_blackout", ActionMaintain: "change.calendar_blackout"}
}

// Span is what a calendar is asked for: [From, To), at most 62 days.
type Span struct {
	From, To      time.Time
	Service, Item *uuid.UUID
}

// maxSlots and maxFreezes bound what one calendar shows.
const (
	maxSlots   = 1000
	maxFreezes = 200
)

const longestSpan = 62 * 24 * time.Hour

// Calendar is the changes and the freezes of a span.
type Calendar struct {
	Slots       []Slot
	Freezes     []Freeze
	Bands       []Band // times of maintenance windows
	More        bool   // there are more changes than a calendar shows
	MoreFreezes bool   // and more freezes
	MoreBands   bool   // and more times of windows
}

// Calendar lists what the actor may see of a span.
func (s *Service) Calendar(ctx context.Context, span Span) (c Calendar, err error) {
	if !span.To.After(span.From) || span.To.Sub(span.From) > longestSpan {
		return c, fault.OnField("to", "change.error.span")
	}
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return c, err
	}
	if !who.Agent() { // freezes are for those who plan and make changes
		return c, fault.New(fault.Forbidden, "error.forbidden")
	}
	err = db.Together(ctx, s.desk.DB,
		func(q db.Querier) (err error) { c.Slots, err = s.repo.slots(ctx, q, v, span); return err },
		func(q db.Querier) (err error) {
			c.Freezes, err = freezes{}.between(ctx, q, span.From, span.To)
			return err
		},
		func(q db.Querier) error {
			all, err := maintenances{}.all(ctx, q)
			c.Bands, c.MoreBands = bands(all, span)
			return err
		})
	if len(c.Slots) > maxSlots {
		c.Slots, c.More = c.Slots[:maxSlots], true
	}
	if len(c.Freezes) > maxFreezes {
		c.Freezes, c.MoreFreezes = c.Freezes[:maxFreezes], true
	}
	return c, db.Map(err)
}

// FreezeInput sets a freeze.
type FreezeInput struct {
	NameZh    string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn    string     `json:"name_en" validate:"required,notblank,line,max=100"`
	Hard      bool       `json:"hard"`
	ServiceID *uuid.UUID `json:"service_id"` // none: everything
	From      time.Time  `json:"from" validate:"required"`
	To        time.Time  `json:"to" validate:"required"`
	Reason    string     `json:"reason" validate:"omitempty,text,max=2000"`
}

// Freeze sets a time in which nothing is changed. Changes that are scheduled in
// it already are stopped by it when they begin.
func (s *Service) Freeze(ctx context.Context, in FreezeInput) (Freeze, error) {
	of := Freeze{NameZh: in.NameZh, NameEn: in.NameEn, Hard: in.Hard, ServiceID: in.ServiceID, From: in.From.UTC().Truncate(time.Minute), To: in.To.UTC().Truncate(time.Minute), Reason: in.Reason}
	return set(ctx, s.desk, freezes{}, ActionFreeze, of, in, func(u *work.Unit, f *Freeze) error {
		if !f.To.After(f.From) || f.To.Sub(f.From) > 366*24*time.Hour {
			return fault.OnField("to", "change.error.freeze_span")
		}
		f.ID, f.Version, f.CreatedBy, f.CreatedAt, f.UpdatedAt = u.ID(), 1, u.Actor.ID, u.Now, u.Now
		return nil
	})
}

// set makes what says when changes are made, a freeze or a maintenance window,
// for those who may by what it is for.
func set[T interface {
	work.Record
	Facts() authz.Facts
}](ctx context.Context, d *work.Desk, store work.Store[T], act authz.Action, of T, in any, fill func(*work.Unit, *T) error) (T, error) {
	var out T
	facts := of.Facts()
	err := d.Do(ctx, func(u *work.Unit) (err error) {
		facts.CreatedBy = u.Actor.ID
		out, err = work.Insert(ctx, u, store, act, &facts, in, func(u *work.Unit) (T, error) {
			made := of
			err := fill(u, &made)
			return made, err
		})
		return err
	})
	return out, d.Noted(ctx, act, out.Ref(), err)
}

// Lift ends a freeze.
func (s *Service) Lift(ctx context.Context, id uuid.UUID, in StepInput) (Freeze, error) {
	return work.Update(ctx, s.desk, freezes{}, ActionLift, id, in.Version, in, func(_ *work.Unit, f *Freeze) error {
		f.Lifted = true
		return nil
	})
}

// Except lets a change through the hard freezes that cover its window and makes
// it possible outside of binding maintenance windows, for a reason and by name:
// not by whoever asks for the change or works on it.
func (s *Service) Except(ctx context.Context, id uuid.UUID, in ReasonInput) (Change, error) {
	return s.update(ctx, ActionExcept, id, in.Version, in, func(u *work.Unit, c *Change) error {
		for _, p := range append(c.people(), c.RequesterID, c.CreatedBy) {
			if p == u.Actor.ID {
				return fault.New(fault.Forbidden, "change.error.own_exception")
			}
		}
		list, err := s.covering(ctx, u.Tx, *c)
		if err != nil {
			return err
		}
		at, _, err := s.situation(ctx, u.Tx, u.Actor, *c, u.Now)
		if err != nil {
			return err
		}
		n := 0
		for _, f := range list {
			if f.Shut() {
				freezes{}.except(&u.Batch, f.ID, c.ID, u.Actor.ID, in.Reason, u.Now)
				u.Note("exception", nil, f.NameZh+" "+f.NameEn+": "+in.Reason)
				n++
			}
		}
		if n += s.exceptOutside(u, *c, at.Outside, in.Reason); n == 0 {
			return fault.New(fault.Conflict, "change.error.no_freeze")
		}
		u.Emit("change.excepted", append(c.people(), c.RequesterID)...)
		return nil
	})
}

// covering lists the freezes in the window of a change.
func (s *Service) covering(ctx context.Context, q db.Querier, c Change) ([]Covering, error) {
	if !c.windowReady() {
		return nil, nil
	}
	return freezes{}.covering(ctx, q, c)
}

// Services lists the services in use, for pickers.
func (s *Service) Services(ctx context.Context) ([]Named, error) {
	return s.repo.services(ctx, s.desk.DB)
}

package configuration

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Drifts lists what waits to be disposed of, at most 200.
func (s *Service) Drifts(ctx context.Context) ([]Drift, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	return s.repo.drifts(ctx, s.desk.DB, v, 200)
}

// SettleInput disposes of a drift: accept it with a reason, or link it to the
// change under which it was made.
type SettleInput struct {
	Decision string `json:"decision" validate:"required,oneof=accepted linked"`
	Reason   string `json:"reason" validate:"omitempty,text,max=1000"`
	Change   string `json:"change" validate:"omitempty,line,max=40"`
}

// Settle disposes of a drift; the item's trail says how. Twice is refused.
func (s *Service) Settle(ctx context.Context, id uuid.UUID, in SettleInput) error {
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		_, err := s.dispose(ctx, u, id, in, in.Decision+" "+in.Reason+in.Change, func() error {
			if in.Decision == "accepted" && in.Reason == "" {
				return fault.OnField("reason", "validation.required")
			}
			if in.Decision == "linked" {
				if err := s.changeCalled(ctx, u, in.Change); err != nil {
					return err
				}
			}
			s.repo.settleDrift(&u.Batch, id, in.Decision, in.Reason, in.Change, u.Actor.ID, u.Now)
			return nil
		})
		return err
	})
	return s.desk.Noted(ctx, ActionSettle, record.Ref{Kind: Kind}, err)
}

// RaiseInput says what is known of a change that nobody ordered.
type RaiseInput struct {
	Remark string `json:"remark" validate:"omitempty,text,max=1000"`
}

// Raise disposes of a drift by drafting an emergency change of the item, marked
// as unauthorised (CHG-10), that says what a source saw; it answers with the
// number of that change. Drift and change stand or fall together, and the same
// key twice makes one change.
func (s *Service) Raise(ctx context.Context, id uuid.UUID, in RaiseInput) (number string, err error) {
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		fresh := false
		d, err := s.dispose(ctx, u, id, in, "raised "+in.Remark, func() error {
			fresh = true
			return nil
		})
		if err != nil {
			return err
		}
		if !fresh {
			number = d.ChangeRef
			return nil
		}
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		title := i18n.T(ctx, "configuration.drifts.raised_title", "item", Label(d.Number))
		if number, err = s.changes.RaiseIn(ctx, u, d.ItemID, title, d.account(ctx, m, in.Remark)); err != nil {
			return err
		}
		s.repo.settleDrift(&u.Batch, id, "linked", in.Remark, number, u.Actor.ID, u.Now)
		return nil
	})
	return number, s.desk.Noted(ctx, ActionSettle, record.Ref{Kind: Kind}, err)
}

// account is the drift in words: which source saw what, and what is known.
func (d Drift) account(ctx context.Context, m Model, remark string) string {
	lines := []string{d.Name + " · " + i18n.T(ctx, "configuration.source."+d.Source) + " " + d.SourceRef}
	for _, c := range d.Changes {
		v := func(x any) string { return orNone(ctx, Names{}.show(ctx, m, d.ClassID, c.Field, x)) }
		lines = append(lines, "- "+fieldName(ctx, m, d.ClassID, c.Field)+": "+v(c.Before)+" → "+v(c.After))
	}
	if remark != "" {
		lines = append(lines, remark)
	}
	out := []rune(strings.Join(lines, "\n"))
	return string(out[:min(len(out), 20000)])
}

// dispose notes on the trail of the item how a drift is disposed of; how does
// the rest, and is not called for a key that was used before.
func (s *Service) dispose(ctx context.Context, u *work.Unit, id uuid.UUID, in any, said string, how func() error) (Drift, error) {
	d, err := s.repo.lockDrift(ctx, u.Tx, id)
	if err != nil {
		return d, err
	}
	_, err = work.Apply(ctx, u, s.repo, ActionSettle, d.ItemID, 0, in, func(u *work.Unit, i *Item) error {
		if d.State != "open" {
			return fault.New(fault.Conflict, "configuration.error.decided")
		}
		if err := how(); err != nil {
			return err
		}
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		i.Cause = by(u)
		i.index(m)
		u.Note("drift", id, said)
		return nil
	})
	return d, err
}

// changeCalled: a drift is linked to a record that there is and that the actor
// may see.
func (s *Service) changeCalled(ctx context.Context, u *work.Unit, number string) error {
	v, err := s.desk.VisibilityAcross(ctx, Kind)
	if err != nil {
		return err
	}
	_, err = record.FindNumber(ctx, u.Tx, v, number)
	if fault.Is(err, fault.NotFound) {
		return fault.OnField("change", "configuration.error.no_such_change")
	}
	return err
}

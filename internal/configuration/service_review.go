package configuration

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Reviews lists what waits for a person to say which item it is.
func (s *Service) Reviews(ctx context.Context) ([]Review, error) {
	if _, err := s.desk.Permit(ctx, ActionImport); err != nil {
		return nil, err
	}
	return s.repo.reviews(ctx, s.desk.DB, 200)
}

// DecideInput says which item a sighting speaks of: one, a new one, or none.
type DecideInput struct {
	Decision string     `json:"decision" validate:"required,oneof=item new dismissed"`
	ItemID   *uuid.UUID `json:"item_id"`
}

// Decide settles a review and takes the sighting in. Decided twice it is
// refused.
func (s *Service) Decide(ctx context.Context, id uuid.UUID, in DecideInput) error {
	if _, err := s.desk.Permit(ctx, ActionImport); err != nil {
		return err
	}
	if in.Decision == "item" && in.ItemID == nil {
		return fault.OnField("item_id", "validation.required")
	}
	var r Review
	err := s.desk.Do(ctx, func(u *work.Unit) (err error) {
		if r, err = s.repo.lockReview(ctx, u.Tx, id); err != nil {
			return err
		}
		if r.Decided != "" {
			return fault.New(fault.Conflict, "configuration.error.decided")
		}
		if in.Decision == "item" && !slices.Contains(r.Candidates, *in.ItemID) {
			return fault.OnField("item_id", "validation.unknown")
		}
		s.repo.decide(&u.Batch, id, in.Decision, in.ItemID, u.Actor.ID, u.Now)
		return u.Record(ctx, ActionImport, record.Ref{Kind: KindImport, ID: id}, trail.Diff{"review": {r.Name, in.Decision}, "item": {nil, in.ItemID}})
	})
	if err != nil || in.Decision == "dismissed" {
		return err
	}
	var c Content
	if err := json.Unmarshal(r.Content, &c); err != nil || c.Sighting == nil {
		return err
	}
	_, _, err = s.take(ctx, *c.Sighting, Cause{Source: FromImport, Ref: r.Source}, in.ItemID, in.Decision == "new")
	return err
}

// Precedence reads which source may overwrite which.
func (s *Service) Precedence(ctx context.Context) (Precedence, error) {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
		return nil, err
	}
	return s.repo.precedence(ctx, s.desk.DB)
}

// SetPrecedence changes which source may overwrite which.
func (s *Service) SetPrecedence(ctx context.Context, p Precedence) error {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
		return err
	}
	if len(p["*"]) == 0 || len(p) > 200 {
		return fault.OnField("precedence", "configuration.error.precedence")
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := s.repo.precedence(ctx, u.Tx)
		if err != nil {
			return err
		}
		if err := s.repo.savePrecedence(&u.Batch, work.NewID(), p, u.Actor.ID, u.Now); err != nil {
			return err
		}
		return u.Record(ctx, ActionConfigure, record.Ref{Kind: KindImport, ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte("opsdesk:"+precedenceSetting))}, trail.Diff{"precedence": {before, p}})
	})
}

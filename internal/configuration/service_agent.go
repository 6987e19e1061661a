package configuration

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Tokens lists what lets agents report.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
		return nil, err
	}
	return s.repo.tokens(ctx, s.desk.DB)
}

// TokenInput names a new token.
type TokenInput struct {
	Name string `json:"name" validate:"required,notblank,line,max=100"`
}

// CreateToken makes a token; its secret is in this answer only.
func (s *Service) CreateToken(ctx context.Context, in TokenInput) (t Token, secret string, err error) {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
		return t, "", err
	}
	if err := validate.Struct(in); err != nil {
		return t, "", err
	}
	secret = identity.NewSecret()
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		t = Token{ID: work.NewID(), Name: in.Name, CreatedAt: u.Now}
		s.repo.addToken(&u.Batch, t, identity.HashSecret(secret), u.Actor.ID)
		return u.Record(ctx, ActionConfigure, record.Ref{Kind: KindImport, ID: t.ID}, trail.Diff{"agent_token": {nil, in.Name}})
	})
	return t, secret, err
}

// RevokeToken ends a token at once. One that has ended stays as it is.
func (s *Service) RevokeToken(ctx context.Context, id uuid.UUID) error {
	if _, err := s.desk.Permit(ctx, ActionConfigure); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		if t, err := s.repo.lockToken(ctx, u.Tx, id); err != nil || t.RevokedAt != nil {
			return err
		}
		s.repo.revokeToken(&u.Batch, id, u.Now)
		return u.Record(ctx, ActionConfigure, record.Ref{Kind: KindImport, ID: id}, trail.Diff{"agent_token": {"valid", "revoked"}})
	})
}

// Agent finds the token that a secret is; a wrong one is Unauthenticated.
func (s *Service) Agent(ctx context.Context, secret string) (Token, error) {
	t, err := s.repo.tokenOf(ctx, s.desk.DB, identity.HashSecret(secret))
	if secret == "" || fault.Is(err, fault.NotFound) {
		return t, fault.New(fault.Unauthenticated, "error.unauthenticated")
	}
	return t, err
}

// Take takes an agent's inventory in: its item is recognised like a row of an
// import, and its parts are held against those known.
func (s *Service) Take(ctx context.Context, t Token, r Report) error {
	ctx = identity.With(ctx, identity.NewSystem("configuration"))
	cause := Cause{Source: FromAgent, Ref: t.Name}
	back, changes, err := s.take(ctx, r.Sighting, cause, nil, false)
	if fault.Is(err, fault.Conflict) && (fault.Of(err).Code == reasonSeveral || fault.Of(err).Code == reasonDiffers) {
		return nil // a person decides; the agent has done its part
	}
	if err != nil {
		return err
	}
	if err := s.drifted(ctx, back, changes, cause); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.repo.tokenUsed(&u.Batch, t.ID, u.Now)
		ids, err := s.repo.knownBy(ctx, u.Tx, FromAgent, []string{r.Sighting.Key})
		item := ids[r.Sighting.Key]
		if err != nil || item == uuid.Nil {
			return err
		}
		if _, err := s.repo.lockItem(ctx, u.Tx, item); err != nil { // one report of an item at a time
			return err
		}
		if len(r.MACs) > 0 {
			s.repo.cards(&u.Batch, item, r.MACs)
		}
		for _, kind := range sortedKeys(r.Parts) {
			now, err := s.repo.partsNow(ctx, u.Tx, item, kind)
			if err != nil {
				return err
			}
			end, begin := partDiff(now, r.Parts[kind])
			s.repo.changeParts(&u.Batch, item, kind, end, begin, u.Now)
		}
		return nil
	})
}

// partDiff tells which parts are gone or changed, and which are new or changed.
func partDiff(now map[string]string, reported []Part) (end []string, begin []Part) {
	seen := map[string]bool{}
	for _, p := range reported {
		seen[p.Key] = true
		old, ok := now[p.Key]
		if ok && old == p.Detail {
			continue
		}
		if ok {
			end = append(end, p.Key)
		}
		begin = append(begin, p)
	}
	for _, k := range sortedKeys(now) {
		if !seen[k] {
			end = append(end, k)
		}
	}
	return end, begin
}

// Parts lists the parts of an item that the actor may see.
func (s *Service) Parts(ctx context.Context, id uuid.UUID, kind, after string) ([]PartRow, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	return s.repo.partList(ctx, s.desk.DB, id, kind, after, PageSize+1)
}

// Changes is what the module asks of the practice of changes.
type Changes interface {
	// OpenFor reports whether an approved change of an item is being carried
	// out, and its number.
	OpenFor(ctx context.Context, item uuid.UUID) (number string, open bool, err error)
	// RaiseIn drafts, within the unit, the change of an item that was made
	// without one, and answers with its number.
	RaiseIn(ctx context.Context, u *work.Unit, item uuid.UUID, title, content string) (number string, err error)
}

// AskChanges says who answers for changes. It is called while wiring; until
// then no change covers anything.
func (s *Service) AskChanges(c Changes) { s.changes = c }

// A field that changed this often within this span is flapping: it is muted.
const (
	flaps    = 5
	flapSpan = 30 * 24 * time.Hour
)

// quiet are fields that change in daily use and are no drift.
var quiet = []string{"stale_at", "attributes.last_user", "attributes.pages"}

// drifted notes a change that a source saw on something in use, unless an
// approved change covers it. Fields that change again and again are learned and
// muted.
func (s *Service) drifted(ctx context.Context, back undo, changes []Change, cause Cause) error {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Before == nil || slices.Contains(quiet, c.Field) })
	if back.Created || back.Item == uuid.Nil || len(changes) == 0 {
		return nil
	}
	i, err := s.repo.get(ctx, s.desk.DB, back.Item)
	if err != nil || !i.Lifecycle.InUse() {
		return err
	}
	if s.changes != nil {
		if _, open, err := s.changes.OpenFor(ctx, i.ID); err != nil || open {
			return err
		}
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		muted, err := s.repo.flapping(ctx, u.Tx, i.ID, u.Now.Add(-flapSpan), flaps-1)
		if err != nil {
			return err
		}
		state := "open"
		if !slices.ContainsFunc(changes, func(c Change) bool { return !slices.Contains(muted, c.Field) }) {
			state = "muted"
		}
		return s.repo.drift(&u.Batch, work.NewID(), i.ID, cause, changes, state, u.Now)
	})
}

// VerifyInput confirms that an item is as it stands here.
type VerifyInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=1000"`
}

// Verify confirms an item: who and when stay on it (control CFG-01). Whoever
// entered it does not confirm it.
func (s *Service) Verify(ctx context.Context, id uuid.UUID, in VerifyInput) (Item, error) {
	return s.update(ctx, ActionVerify, id, in.Version, in, func(u *work.Unit, _ Model, i *Item) error {
		s.verified(u, i)
		if in.Remark != "" {
			u.Note("remark", nil, in.Remark)
		}
		return nil
	})
}

// verified notes who confirmed an item, on it and in the campaigns that ask
// about it.
func (s *Service) verified(u *work.Unit, i *Item) {
	i.VerifiedAt, i.VerifiedBy, i.StaleAt = &u.Now, &u.Actor.ID, nil
	s.repo.verifiedIn(&u.Batch, i.ID, u.Actor.ID, u.Now)
}

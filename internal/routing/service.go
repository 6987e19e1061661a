package routing

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// Service holds the use cases of rules, and runs them.
type Service struct {
	desk    *work.Desk
	repo    repository
	sla     *sla.Service // knows the working time
	sources map[record.Kind]Source

	mu     sync.Mutex
	cached *engine // the set in force, as this process saw it last
}

// Source is what a module offers about its kind of records.
type Source interface {
	// Choices are what conditions on a field can name: category, service.
	Choices(ctx context.Context, field string) ([]Choice, error)
}

// New registers the policies and texts of routing.
func New(d *work.Desk, levels *sla.Service) (*Service, error) {
	d.Policies.Add(Policies())
	return &Service{desk: d, sla: levels, sources: map[record.Kind]Source{}}, d.Messages.Add(messages)
}

// For is called while wiring by the module whose records are routed.
func (s *Service) For(kind record.Kind, src Source) { s.sources[kind] = src }

// Rules is what the page of rules shows: the set being edited, or the one in
// force where nobody edits.
type Rules struct {
	Set
	Editing bool // Set is a draft
	InForce int  // number of the published set; 0 where there is none
}

// Rules reads the draft, or the set in force.
func (s *Service) Rules(ctx context.Context) (Rules, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Rules{}, err
	}
	return s.rules(ctx, s.desk.DB)
}

func (s *Service) rules(ctx context.Context, q db.Querier) (Rules, error) {
	var r Rules
	pub, err := s.repo.in(ctx, q, Published)
	if err != nil {
		return r, err
	}
	if pub != nil {
		r.Set, r.InForce = *pub, pub.Number
	}
	draft, err := s.repo.in(ctx, q, Draft)
	if err != nil {
		return r, err
	}
	if draft != nil {
		r.Set, r.Editing = *draft, true
	}
	return r, nil
}

// History lists the published sets, newest first.
func (s *Service) History(ctx context.Context) ([]Set, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	return s.repo.published(ctx, s.desk.DB)
}

// Numbered reads a published set as it was.
func (s *Service) Numbered(ctx context.Context, n int) (Set, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return Set{}, err
	}
	return s.repo.numbered(ctx, s.desk.DB, n)
}

// Used counts how often each rule of a set applied in the last 30 days.
func (s *Service) Used(ctx context.Context, set Set) (map[uuid.UUID]int, error) {
	var ids []uuid.UUID
	for _, r := range set.Rules {
		ids = append(ids, r.ID)
	}
	return s.repo.used(ctx, s.desk.DB, ids, s.desk.Now().AddDate(0, 0, -30))
}

// DraftInput replaces all rules of the draft. Version is that of the draft
// which was seen; 0 where there was none.
type DraftInput struct {
	Version int    `json:"version"`
	Rules   []Rule `json:"rules" validate:"required"`
}

// SaveDraft replaces the rules that are being edited.
func (s *Service) SaveDraft(ctx context.Context, in DraftInput) (Set, error) {
	return s.edit(ctx, in.Version, in, func(u *work.Unit, set *Set) error {
		for n := range in.Rules {
			if in.Rules[n].ID == uuid.Nil {
				in.Rules[n].ID = work.NewID()
			}
		}
		set.Rules = in.Rules
		return nil
	})
}

// RuleInput adds a rule to the draft or replaces one.
type RuleInput struct {
	Version int  `json:"version"`
	Rule    Rule `json:"rule"`
}

// SaveRule puts one rule into the draft.
func (s *Service) SaveRule(ctx context.Context, in RuleInput) (Set, error) {
	return s.edit(ctx, in.Version, in, func(_ *work.Unit, set *Set) error {
		if in.Rule.ID == uuid.Nil {
			in.Rule.ID = work.NewID()
		}
		set.put(in.Rule)
		return nil
	})
}

// MoveInput moves, switches or removes a rule of the draft.
type MoveInput struct {
	Version int    `json:"version"`
	Do      string `json:"do" validate:"required,oneof=up down on off remove"`
}

// Move does to one rule what its row's buttons say.
func (s *Service) Move(ctx context.Context, id uuid.UUID, in MoveInput) (Set, error) {
	return s.edit(ctx, in.Version, in, func(_ *work.Unit, set *Set) error {
		r, n := set.rule(id)
		if n < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		switch in.Do {
		case "up":
			set.move(id, -1)
		case "down":
			set.move(id, 1)
		case "remove":
			set.drop(id)
		default:
			r.Active = in.Do == "on"
			set.put(r)
		}
		return nil
	})
}

// edit changes the draft. Where there is none, one begins as a copy of the set
// in force.
func (s *Service) edit(ctx context.Context, version int, in any, change func(*work.Unit, *Set) error) (Set, error) {
	checked := func(u *work.Unit, set *Set) error {
		if set.State != Draft {
			return fault.New(fault.Conflict, "routing.error.published")
		}
		if err := change(u, set); err != nil {
			return err
		}
		return s.check(ctx, u.Tx, set.Rules)
	}
	now, err := s.rules(ctx, s.desk.DB)
	if err != nil {
		return Set{}, err
	}
	if now.Editing {
		return work.Update(ctx, s.desk, s.repo, ActionEdit, now.ID, version, in, checked)
	}
	return work.Create(ctx, s.desk, s.repo, ActionEdit, in, func(u *work.Unit) (Set, error) {
		set := Set{ID: u.ID(), Version: 1, State: Draft, Rules: slices.Clone(now.Rules), CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now}
		return set, checked(u, &set)
	})
}

// check holds every rule against its limits, and what the rules name against
// what there is.
func (s *Service) check(ctx context.Context, q db.Querier, rules []Rule) error {
	if len(rules) > MaxRules {
		return fault.New(fault.Conflict, "routing.error.too_many", "count", MaxRules)
	}
	var teams []uuid.UUID
	seen := map[uuid.UUID]bool{}
	for _, r := range rules {
		if err := r.check(); err != nil {
			return err
		}
		if seen[r.ID] {
			return fault.OnField("rules", "routing.error.twice")
		}
		seen[r.ID] = true
		if r.Team != nil && r.Active && !slices.Contains(teams, *r.Team) {
			teams = append(teams, *r.Team)
		}
		if r.Floor > 0 && !s.desk.Can(ctx, ActionFloor, nil) {
			return fault.OnField("floor", "routing.error.floor")
		}
	}
	return s.repo.usable(ctx, q, teams)
}

// PublishInput puts the draft into force.
type PublishInput struct {
	Version int    `json:"version"`
	Note    string `json:"note" validate:"required,notblank,line,max=300"`
}

// Publish makes the draft the next version of the rules. Every process uses it
// from the next record on.
func (s *Service) Publish(ctx context.Context, in PublishInput) (Set, error) {
	id, err := s.draft(ctx, ActionPublish)
	if err != nil {
		return Set{}, err
	}
	return work.Update(ctx, s.desk, s.repo, ActionPublish, id, in.Version, in, func(u *work.Unit, set *Set) error {
		if set.State != Draft {
			return fault.New(fault.Conflict, "routing.error.published")
		}
		if err := s.check(ctx, u.Tx, set.Rules); err != nil {
			return err
		}
		n, err := s.repo.lastNumber(ctx, u.Tx)
		if err != nil {
			return err
		}
		s.repo.retire(&u.Batch, u.Now)
		set.State, set.Number, set.Note, set.PublishedAt, set.PublishedBy = Published, n+1, in.Note, &u.Now, &u.Actor.ID
		u.Note("number", nil, set.Number)
		return nil
	})
}

// DiscardInput names the draft that was seen.
type DiscardInput struct {
	Version int `json:"version"`
}

// Discard drops the draft: the set in force stays as it is.
func (s *Service) Discard(ctx context.Context, in DiscardInput) (Set, error) {
	id, err := s.draft(ctx, ActionEdit)
	if err != nil {
		return Set{}, err
	}
	return work.Update(ctx, s.desk, s.repo, ActionEdit, id, in.Version, in, func(_ *work.Unit, set *Set) error {
		if set.State != Draft {
			return fault.New(fault.Conflict, "routing.error.published")
		}
		set.State = Dropped
		return nil
	})
}

// draft finds the draft for somebody who may act on it.
func (s *Service) draft(ctx context.Context, act authz.Action) (uuid.UUID, error) {
	if _, err := s.desk.Permit(ctx, act); err != nil {
		return uuid.Nil, err
	}
	d, err := s.repo.in(ctx, s.desk.DB, Draft)
	if err != nil {
		return uuid.Nil, err
	}
	if d == nil {
		return uuid.Nil, fault.New(fault.Conflict, "routing.error.no_draft")
	}
	return d.ID, nil
}

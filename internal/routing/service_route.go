package routing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// Application is one rule that moved a record.
type Application struct {
	ID, RecordID, SetID, RuleID uuid.UUID

	Number int
	Rule   string
	At     time.Time
}

// engine returns the set in force, ready to run; nil where there is none. Its
// id is read each time, so that a set published by another process counts at
// once; the set itself is read and compiled once.
func (s *Service) engine(ctx context.Context, q db.Querier) (*engine, error) {
	id, err := s.repo.inForce(ctx, q)
	if err != nil || id == uuid.Nil {
		return nil, err
	}
	s.mu.Lock()
	e := s.cached
	s.mu.Unlock()
	if e != nil && e.set.ID == id {
		return e, nil
	}
	set, err := s.repo.get(ctx, q, id)
	if err != nil {
		return nil, err
	}
	if e, err = newEngine(set); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.cached = e
	s.mu.Unlock()
	return e, nil
}

// Decide runs the rules in force on a record. facts is asked only where there
// are rules; made is when the record was made.
func (s *Service) Decide(ctx context.Context, q db.Querier, made time.Time, facts func() (Facts, error)) (Outcome, error) {
	e, err := s.engine(ctx, q)
	if err != nil || e == nil {
		return Outcome{}, err
	}
	f, err := facts()
	if err != nil {
		return Outcome{}, err
	}
	book, err := s.sla.Book(ctx, q)
	if err != nil {
		return Outcome{}, err
	}
	f.At(made, &book.Calendar(nil).Calendar)
	o := e.run(ctx, f)
	if o.Cut {
		s.desk.Log.WarnContext(ctx, "routing rules took too long", "version", o.Number)
	}
	return o, nil
}

// MayRun refuses to route a record that rules have moved too often: something
// sends it in circles, and a person must look.
func (s *Service) MayRun(ctx context.Context, q db.Querier, id uuid.UUID) error {
	n, err := s.repo.runs(ctx, q, id)
	if err == nil && n >= MaxRuns {
		return fault.New(fault.Conflict, "routing.error.loop", "count", MaxRuns)
	}
	return db.Map(err)
}

// Note keeps which rules moved a record, in the unit that moved it.
func (s *Service) Note(u *work.Unit, id uuid.UUID, o Outcome) {
	for _, x := range o.Steps {
		s.repo.applied(&u.Batch, Application{ID: work.NewID(), RecordID: id, SetID: o.Set, RuleID: x.RuleID, Number: o.Number, Rule: x.Rule, At: u.Now})
	}
}

// Trail names the rule and its version in the trail entry of the act that moved
// the record.
func (o Outcome) Trail(diff trail.Diff) trail.Diff {
	if diff == nil {
		diff = trail.Diff{}
	}
	diff["rule"], diff["rule_version"] = [2]any{nil, o.Rule()}, [2]any{nil, o.Number}
	return diff
}

package configuration

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// maxSteps is how many changes between two instants are looked through for who
// made them.
const maxSteps = 200

// Diff is an item at two instants, side by side.
type Diff struct {
	From, To      time.Time
	Before, After *Version // Before is nil where the item was not entered yet
	Fields        []FieldDiff
	Ties          []TieDiff
	Steps         []Version // the changes between, newest first, at most 200
	More          bool      // there were more
	Names         Names
}

// FieldDiff is one field at both instants. By is the last change of it between
// them: also where it came back to what it was.
type FieldDiff struct {
	Change
	By *Version
}

// Changed reports whether the field differs.
func (f FieldDiff) Changed() bool { return f.Before != f.After }

// TieDiff is a relation that there was at some time from one instant to the
// other.
type TieDiff struct {
	Tie
	Before, After bool // whether it was there at each of them
}

// Diff compares what an item was at two instants: its fields, with who last
// changed each between them, and what it hung together with.
func (s *Service) Diff(ctx context.Context, id uuid.UUID, from, to time.Time) (Diff, error) {
	d := Diff{From: from, To: to}
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return d, err
	}
	switch now := s.desk.Now(); {
	case from.After(to):
		return d, fault.OnField("to", "configuration.error.reversed")
	case to.After(now.Add(time.Minute)): // a clock that is a little ahead is no future
		return d, fault.OnField("to", "configuration.error.future")
	}
	var before, after Version
	var beforeErr, afterErr error
	var ties []Relation
	err := db.Together(ctx, s.desk.DB,
		func(q db.Querier) error { before, beforeErr = s.repo.versionAt(ctx, q, id, from); return nil },
		func(q db.Querier) error { after, afterErr = s.repo.versionAt(ctx, q, id, to); return nil },
		func(q db.Querier) (err error) {
			ties, err = s.repo.relationsDuring(ctx, q, id, from, to, maxTies)
			return err
		},
	)
	switch {
	case err != nil:
		return d, err
	case fault.Is(afterErr, fault.NotFound):
		return d, fault.OnField("to", "configuration.error.before_it_was")
	case afterErr != nil:
		return d, afterErr
	case beforeErr == nil:
		d.Before = &before
	case !fault.Is(beforeErr, fault.NotFound):
		return d, beforeErr
	}
	d.After = &after
	if d.Steps, err = s.repo.versionsWithin(ctx, s.desk.DB, id, before.Version, after.Version, maxSteps+1); err != nil {
		return d, err
	}
	d.lay(before.State, after.State)
	return d, s.laid(ctx, id, &d, ties)
}

// lay compares the fields and finds who changed each. The oldest of more steps
// than are looked through only serves as what was before.
func (d *Diff) lay(before, after State) {
	by := map[string]*Version{}
	for n := range d.Steps {
		older := before
		if n+1 < len(d.Steps) {
			older = d.Steps[n+1].State
		} else if len(d.Steps) > maxSteps {
			break
		}
		for _, c := range Compare(older, d.Steps[n].State) {
			if by[c.Field] == nil {
				by[c.Field] = &d.Steps[n]
			}
		}
	}
	if d.More = len(d.Steps) > maxSteps; d.More {
		d.Steps = d.Steps[:maxSteps]
	}
	keys := map[string]bool{}
	for _, list := range []State{before, after} {
		for k := range list {
			keys[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		d.Fields = append(d.Fields, FieldDiff{Change{k, before[k], after[k]}, by[k]})
	}
	slices.SortStableFunc(d.Fields, func(a, b FieldDiff) int { return rank(a) - rank(b) })
}

// rank puts what differs first, then what was changed and came back.
func rank(f FieldDiff) int {
	switch {
	case f.Changed():
		return 0
	case f.By != nil:
		return 1
	}
	return 2
}

// laid adds the relations and what the ids are called.
func (s *Service) laid(ctx context.Context, id uuid.UUID, d *Diff, list []Relation) error {
	ties, err := s.ties(ctx, id, list)
	if err != nil {
		return err
	}
	for _, t := range ties {
		d.Ties = append(d.Ties, TieDiff{t, t.At(d.From), t.At(d.To)})
	}
	slices.SortStableFunc(d.Ties, func(a, b TieDiff) int { return tieRank(a) - tieRank(b) })
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	states := []State{d.After.State}
	if d.Before != nil {
		states = append(states, d.Before.State)
	}
	d.Names, err = s.names(ctx, m, states...)
	return err
}

func tieRank(t TieDiff) int {
	if t.Before && t.After {
		return 1
	}
	return 0
}

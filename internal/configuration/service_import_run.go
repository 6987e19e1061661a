package configuration

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// batchImport and batchUndo are the kinds of batches that do the work.
const (
	batchImport = "ci.import"
	batchUndo   = "ci.import_undo"
)

type batchInput struct {
	Import uuid.UUID `json:"import"`
}

// StartImport does what the preview shows, in the background. What is missing
// from a complete file becomes stale at the end; nothing is deleted.
func (s *Service) StartImport(ctx context.Context, id uuid.UUID, version int) (Import, error) {
	imp, err := s.GetImport(ctx, id)
	if err != nil {
		return imp, err
	}
	if imp.State == "started" && work.Key(ctx) != "" {
		// Sent again by a program that did not hear the answer. Its job may still be a
		// draft; another's is left to them.
		if _, err := s.batches.Start(ctx, deref(imp.BatchID)); !fault.Is(err, fault.NotFound) {
			return imp, err
		}
		return imp, nil
	}
	if imp.State != "ready" {
		return imp, fault.New(fault.Conflict, "configuration.error.import_started")
	}
	rows, err := s.repo.importRows(ctx, s.desk.DB, id, "", 0, maxRows*2)
	if err != nil {
		return imp, err
	}
	var list []int
	var steps []batch.Row
	for _, r := range rows {
		if r.Action == doFailed || r.Action == doSkip && r.content().Sighting == nil {
			continue
		}
		list = append(list, r.N)
		steps = append(steps, batch.Row{Number: cut(r.Name(), 80)})
	}
	if imp.Complete {
		steps = append(steps, batch.Row{Number: imp.Source})
	}
	if len(steps) == 0 {
		return imp, fault.New(fault.Conflict, "configuration.error.nothing_to_do")
	}
	b, err := s.batches.Draft(work.WithKey(ctx, "ci-import:"+id.String()), batchImport, batchInput{id}, steps)
	if err != nil {
		return imp, err
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		var err error
		imp, err = work.Apply(ctx, u, importStore{}, ActionImport, id, version, nil, func(u *work.Unit, i *Import) error {
			i.State, i.BatchID = "started", &b.ID
			s.repo.steps(&u.Batch, id, list)
			return nil
		})
		if err != nil {
			return err
		}
		return s.batches.StartIn(ctx, u, b.ID) // an import that has started has work that does it
	})
	return imp, s.desk.Noted(ctx, ActionImport, record.Ref{Kind: KindImport, ID: id}, err)
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// importStep does one row of an import.
func (s *Service) importStep(ctx context.Context, b batch.Batch, r batch.Row) (any, error) {
	var in batchInput
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return nil, err
	}
	imp, err := s.repo.getImport(ctx, s.desk.DB, in.Import)
	if err != nil {
		return nil, err
	}
	row, err := s.repo.atStep(ctx, s.desk.DB, imp.ID, r.N)
	if fault.Is(err, fault.NotFound) {
		return nil, s.goneStale(ctx, imp)
	}
	if err != nil {
		return nil, err
	}
	cause := Cause{Source: FromImport, Ref: imp.Source}
	c := row.content()
	if c.Bond != nil {
		return s.tie(ctx, *c.Bond, cause)
	}
	back, changes, err := s.take(ctx, *c.Sighting, cause, nil, false)
	if err != nil || back.Item == uuid.Nil {
		return nil, err
	}
	if err := s.drifted(ctx, back, changes, cause); err != nil {
		return nil, err
	}
	return back, nil
}

// tie makes a relation that a source speaks of.
func (s *Service) tie(ctx context.Context, b Bond, cause Cause) (any, error) {
	ends, err := s.repo.knownBy(ctx, s.desk.DB, b.Source, []string{b.From, b.To})
	if err != nil {
		return nil, err
	}
	from, to := ends[b.From], ends[b.To]
	if from == uuid.Nil || to == uuid.Nil {
		return nil, fault.New(fault.Invalid, "configuration.error.bond")
	}
	id := work.NewID()
	_, err = work.Update(ctx, s.desk, s.repo, ActionImport, from, 0, nil, func(u *work.Unit, i *Item) error {
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		i.Cause = cause
		i.Cause.ActorID, i.Cause.ActorName = u.Actor.ID, u.Actor.Name
		i.index(m)
		types, err := s.repo.relationTypes(ctx, u.Tx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(types, func(t RelationType) bool { return t.Key == b.Type && t.Active })
		if at < 0 {
			return fault.New(fault.Invalid, "configuration.error.bond")
		}
		other, err := s.repo.lockItem(ctx, u.Tx, to)
		if err != nil {
			return err
		}
		if err := s.allows(ctx, u, m, types[at], *i, other); err != nil {
			return err
		}
		s.repo.relate(&u.Batch, id, types[at].ID, from, to, i.Cause, u.Now)
		u.Note("relation", nil, b.Type+" "+i.Label()+" → "+other.Label())
		return nil
	})
	return undo{Item: from, Relation: &id}, err
}

// goneStale marks what the source knew and no longer speaks of.
func (s *Service) goneStale(ctx context.Context, imp Import) error {
	ids, err := s.repo.missing(ctx, s.desk.DB, imp.Source, imp.CreatedAt)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.mark(ctx, id, Cause{Source: FromImport, Ref: imp.Source}, func(u *work.Unit, i *Item) { i.StaleAt = &u.Now }); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// mark changes an item on behalf of a source.
func (s *Service) mark(ctx context.Context, id uuid.UUID, cause Cause, change func(*work.Unit, *Item)) error {
	_, err := work.Update(ctx, s.desk, s.repo, ActionImport, id, 0, nil, func(u *work.Unit, i *Item) error {
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		i.Cause = cause
		i.Cause.ActorID, i.Cause.ActorName = u.Actor.ID, u.Actor.Name
		change(u, i)
		i.index(m)
		return nil
	})
	return err
}

// undoStep takes one row of an import back: a new item is disposed of, for
// nothing is deleted; changed fields get their old values where nobody has
// changed them since.
func (s *Service) undoStep(ctx context.Context, _ batch.Batch, r batch.Row) (any, error) {
	var back undo
	if err := json.Unmarshal(r.Undo, &back); err != nil {
		return nil, err
	}
	left := 0
	err := s.mark(ctx, back.Item, Cause{Source: FromImport, Ref: "undo"}, func(u *work.Unit, i *Item) {
		switch {
		case back.Relation != nil:
			s.repo.part(&u.Batch, *back.Relation, i.Cause, u.Now)
			u.Note("relation", *back.Relation, nil)
		case back.Created:
			i.Lifecycle, i.Install, i.Operational = Disposed, Removed, Off
			i.Attributes = i.Attributes.without("asset_tag")
			s.repo.forget(&u.Batch, i.ID)
		default:
			left = i.restore(back.Changes)
		}
	})
	if err == nil && left > 0 && left == len(back.Changes) {
		return nil, fault.New(fault.Conflict, "configuration.error.changed_since")
	}
	return nil, err
}

// UndoImport begins to take an import back, for whoever started it.
func (s *Service) UndoImport(ctx context.Context, id uuid.UUID) (batch.Batch, error) {
	imp, err := s.GetImport(ctx, id)
	if err != nil {
		return batch.Batch{}, err
	}
	if imp.BatchID == nil {
		return batch.Batch{}, fault.New(fault.Conflict, "batch.error.no_undo")
	}
	return s.batches.Undo(ctx, *imp.BatchID)
}

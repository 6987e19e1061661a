package configuration

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// ImportInput brings a file in. Source names whose file it is: files of one
// source speak of the same things.
type ImportInput struct {
	Source   string     `json:"source" validate:"required,notblank,line,max=60,excludesall= "`
	ClassID  *uuid.UUID `json:"class_id"` // of what a table lists
	Complete bool       `json:"complete"`
	FileName string     `json:"-"`
	Body     []byte     `json:"-"`
	// Sum is the hash of the body, so that another file under the same
	// idempotency key is told from the same one.
	Sum string `json:"sum"`
}

// BeginImport reads a file. Of a table the columns are shown next; a NetBox
// export needs no mapping.
func (s *Service) BeginImport(ctx context.Context, in ImportInput) (Import, error) {
	if _, err := s.desk.Permit(ctx, ActionImport); err != nil {
		return Import{}, err
	}
	m, err := s.repo.model(ctx, s.desk.DB)
	if err != nil {
		return Import{}, err
	}
	in.Sum = fmt.Sprintf("%x", sha256.Sum256(in.Body))
	imp := Import{Source: in.Source, FileName: in.FileName, Complete: in.Complete, ClassID: in.ClassID, State: "mapping", Format: "table"}
	var rows []ImportRow
	if trimmed := strings.TrimSpace(string(in.Body[:min(64, len(in.Body))])); strings.HasPrefix(trimmed, "[") {
		list, err := netbox(in.Body)
		if err != nil {
			return imp, err
		}
		imp.Format, imp.Source, imp.State, imp.ClassID = "netbox", netboxSource, "ready", nil
		if rows, err = s.previews(ctx, m, imp.Source, list, nil); err != nil {
			return imp, err
		}
	} else {
		c, ok := m.Classes[deref(in.ClassID)]
		if !ok || c.Abstract || !c.Active {
			return imp, fault.OnField("class_id", "configuration.error.class")
		}
		columns, cells, err := table(in.Body)
		if err != nil {
			return imp, err
		}
		imp.Columns, imp.Mapping = columns, m.guess(c, columns)
		for n, r := range cells {
			rows = append(rows, ImportRow{N: n + 1, Raw: r})
		}
	}
	return work.Create(ctx, s.desk, importStore{}, ActionImport, in, func(u *work.Unit) (Import, error) {
		imp.ID, imp.Version, imp.OwnerID, imp.CreatedAt, imp.UpdatedAt = u.ID(), 1, u.Actor.ID, u.Now, u.Now
		u.AfterRegister(func() error { return s.repo.saveRows(&u.Batch, imp.ID, rows) })
		return imp, nil
	})
}

func deref(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// MapInput says which column holds which field.
type MapInput struct {
	Version int               `json:"version"`
	Mapping map[string]string `json:"mapping"`
}

// MapColumns sets the mapping of a table and says what each row would do.
func (s *Service) MapColumns(ctx context.Context, id uuid.UUID, in MapInput) (Import, error) {
	return work.Update(ctx, s.desk, importStore{}, ActionImport, id, in.Version, in, func(u *work.Unit, imp *Import) error {
		if imp.Format != "table" || imp.State != "mapping" && imp.State != "ready" {
			return fault.New(fault.Conflict, "configuration.error.import_started")
		}
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		class := m.Classes[deref(imp.ClassID)]
		used := map[string]bool{}
		for c, f := range in.Mapping {
			if f == "" {
				continue
			}
			if k, ok := attributeOf(f); ok {
				if _, ok := m.Attribute(class.ID, k); !ok {
					return fault.OnField("mapping", "validation.oneof")
				}
			} else if f != "key" && !slices.Contains(sourceFields, f) {
				return fault.OnField("mapping", "validation.oneof")
			}
			if used[f] || !slices.Contains(imp.Columns, c) {
				return fault.OnField("mapping", "configuration.error.mapped_twice")
			}
			used[f] = true
		}
		if !used["name"] {
			return fault.OnField("mapping", "configuration.error.no_name_column")
		}
		imp.Mapping, imp.State = in.Mapping, "ready"
		old, err := s.repo.importRows(ctx, u.Tx, id, "", 0, maxRows)
		if err != nil {
			return err
		}
		raw := make([][]string, len(old))
		for n, r := range old {
			raw[n] = r.Raw
		}
		rows, err := s.previews(ctx, m, imp.Source, contents(*imp, class, imp.Columns, raw), raw)
		if err != nil {
			return err
		}
		return s.repo.saveRows(&u.Batch, id, rows)
	})
}

// previews says what rows would do, a thousand at a time.
func (s *Service) previews(ctx context.Context, m Model, source string, list []Content, raw [][]string) ([]ImportRow, error) {
	rows := make([]ImportRow, 0, len(list))
	things := map[string]bool{}
	for from := 0; from < len(list); from += 1000 {
		part := list[from:min(from+1000, len(list))]
		var sightings []Sighting
		for _, c := range part {
			if c.Sighting != nil {
				sightings = append(sightings, *c.Sighting)
			}
		}
		k, err := s.look(ctx, s.desk.DB, m, source, sightings)
		if err != nil {
			return nil, err
		}
		for _, c := range part {
			r := ImportRow{Action: doRelate}
			if c.Sighting != nil {
				r = k.preview(*c.Sighting)
				things[c.Sighting.Key] = r.Action != doFailed
			}
			rows = append(rows, r)
		}
	}
	bonds, err := s.repo.bondsOf(ctx, s.desk.DB, source)
	if err != nil {
		return nil, err
	}
	for n, c := range list {
		if b := c.Bond; b != nil {
			switch {
			case bonds[*b]:
				rows[n].Action = doSkip
			case !things[b.From] || !things[b.To]:
				rows[n].Action, rows[n].Code = doFailed, "configuration.error.bond"
			}
		}
		if rows[n].Content, err = json.Marshal(c); err != nil {
			return nil, err
		}
		if rows[n].N = n + 1; raw != nil {
			rows[n].Raw = raw[n]
		}
	}
	return rows, nil
}

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

// GetImport reads an import, for those who may import.
func (s *Service) GetImport(ctx context.Context, id uuid.UUID) (Import, error) {
	if _, err := s.desk.Permit(ctx, ActionImport); err != nil {
		return Import{}, err
	}
	return s.repo.getImport(ctx, s.desk.DB, id)
}

// Imports lists the newest 100 imports.
func (s *Service) Imports(ctx context.Context) ([]Import, error) {
	if _, err := s.desk.Permit(ctx, ActionImport); err != nil {
		return nil, err
	}
	return s.repo.imports(ctx, s.desk.DB, 100)
}

// ImportRows lists rows of an import, of one action or all, and counts them
// by action.
func (s *Service) ImportRows(ctx context.Context, id uuid.UUID, action string, after, limit int) ([]ImportRow, map[string]int, error) {
	if _, err := s.GetImport(ctx, id); err != nil {
		return nil, nil, err
	}
	rows, err := s.repo.importRows(ctx, s.desk.DB, id, action, after, limit)
	if err != nil {
		return nil, nil, err
	}
	counts, err := s.repo.counts(ctx, s.desk.DB, id)
	return rows, counts, err
}

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

package configuration

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
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

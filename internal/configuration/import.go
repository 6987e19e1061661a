package configuration

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/record"
)

// KindImport names imports in the trail.
const KindImport record.Kind = "ci_import"

// Import is a file that somebody brings in.
type Import struct {
	ID        uuid.UUID         `db:"id" json:"id"`
	Version   int               `db:"version" json:"version"`
	OwnerID   uuid.UUID         `db:"owner_id" json:"owner_id"`
	Source    string            `db:"source" json:"source" audit:"source"`
	Format    string            `db:"format" json:"format" audit:"format"`
	FileName  string            `db:"file_name" json:"file_name" audit:"file_name"`
	Columns   []string          `db:"columns" json:"columns"`
	Mapping   map[string]string `db:"mapping" json:"mapping" audit:"mapping"`
	ClassID   *uuid.UUID        `db:"class_id" json:"class_id" audit:"class"`
	Complete  bool              `db:"complete" json:"complete" audit:"complete"`
	State     string            `db:"state" json:"state" audit:"state"`
	BatchID   *uuid.UUID        `db:"batch_id" json:"batch_id"`
	CreatedAt time.Time         `db:"created_at" json:"created_at"`
	UpdatedAt time.Time         `db:"updated_at" json:"updated_at"`
}

// Ref names the import in the trail.
func (i Import) Ref() record.Ref { return record.Ref{Kind: KindImport, ID: i.ID} }

// CurrentVersion counts the changes, from 1.
func (i Import) CurrentVersion() int { return i.Version }

// Touch notes a change.
func (i *Import) Touch(now time.Time) { i.Version++; i.UpdatedAt = now }

// ImportRow is one row of an import and what it would do.
type ImportRow struct {
	N       int             `db:"n" json:"n"`
	Raw     []string        `db:"raw" json:"raw,omitempty"`
	Content json.RawMessage `db:"content" json:"content"`
	Action  string          `db:"action" json:"action"`
	Code    string          `db:"code" json:"code"`
	Param   string          `db:"param" json:"param"` // what the text of the code names, such as a limit
	ItemID  *uuid.UUID      `db:"item_id" json:"item_id"`
	Changes []Change        `db:"changes" json:"changes"`
}

// content decodes what the row speaks of.
func (r ImportRow) content() (c Content) {
	if json.Unmarshal(r.Content, &c) != nil {
		return Content{} // rows hold what was encoded here
	}
	return c
}

// Name is what the row is about, for lists.
func (r ImportRow) Name() string {
	switch c := r.content(); {
	case c.Sighting != nil:
		return c.Sighting.Fields["name"]
	case c.Bond != nil:
		return c.Bond.From + " " + c.Bond.Type + " " + c.Bond.To
	}
	return strings.Join(r.Raw[:min(3, len(r.Raw))], " · ")
}

// What a row would do.
const (
	doAdd    = "add"
	doChange = "change"
	doSkip   = "skip"
	doFailed = "failed"
	doReview = "review"
	doRelate = "relate"
)

// Actions are what rows may do, in the order shown.
var Actions = [...]string{doAdd, doChange, doRelate, doReview, doFailed, doSkip}

// contents makes what the rows of a table speak of, by the mapping.
func contents(imp Import, class Class, columns []string, rows [][]string) []Content {
	out := make([]Content, len(rows))
	for n, row := range rows {
		s := Sighting{Source: imp.Source, Class: class.Key, Fields: map[string]string{}}
		for at, c := range columns {
			f := imp.Mapping[c]
			if f == "" || at >= len(row) || row[at] == "" {
				continue
			}
			switch f {
			case "key":
				s.Key = row[at]
			case "lifecycle":
				s.Fields[f] = lifecycleCalled(row[at])
			default:
				s.Fields[f] = row[at]
			}
		}
		out[n] = Content{Sighting: &s}
	}
	return out
}

// undo is what takes one row of an import back.
type undo struct {
	Item     uuid.UUID  `json:"item"`
	Created  bool       `json:"created,omitempty"`
	Changes  []Change   `json:"changes,omitempty"`
	Relation *uuid.UUID `json:"relation,omitempty"`
}

// restore puts back the fields that still have the value that the import gave
// them.
func (i *Item) restore(list []Change) (left int) {
	now := i.state()
	i.Attributes, i.Origins = maps.Clone(i.Attributes), maps.Clone(i.Origins)
	for _, c := range list {
		if now[c.Field] != c.After {
			left++
			continue
		}
		key, attribute := attributeOf(c.Field)
		switch {
		case attribute && c.Before == nil:
			delete(i.Attributes, key)
		case attribute:
			i.Attributes[key] = c.Before
		case c.Before != nil:
			i.say(c.Field, text(c.Before))
		default:
			i.empty(c.Field)
		}
		delete(i.Origins, c.Field)
	}
	return left
}

func (i *Item) empty(f string) {
	for name, to := range map[string]*string{"description": &i.Description, "location": &i.Location, "supplier": &i.Supplier, "contract": &i.Contract} {
		if name == f {
			*to = ""
		}
	}
	for name, to := range map[string]**uuid.UUID{"owner": &i.OwnerID, "department": &i.DepartmentID, "service": &i.ServiceID} {
		if name == f {
			*to = nil
		}
	}
	for name, to := range map[string]**time.Time{"warranty_until": &i.WarrantyUntil, "contract_until": &i.ContractUntil, "stale_at": &i.StaleAt} {
		if name == f {
			*to = nil
		}
	}
}

// told notes which source said the fields that differ now.
func (i *Item) told(before State, source string) []Change {
	list := Compare(before, i.state())
	if i.Origins == nil {
		i.Origins = map[string]string{}
	}
	for _, c := range list {
		if slices.Contains(sourceFields, c.Field) || strings.HasPrefix(c.Field, "attributes.") {
			i.Origins[c.Field] = source
		}
	}
	return list
}

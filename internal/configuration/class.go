package configuration

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// KindClass and KindAttribute name classes and attributes in the trail.
const (
	KindClass     record.Kind = "ci_class"
	KindAttribute record.Kind = "ci_attribute"
)

// Class is a class of items.
type Class struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	ParentID  *uuid.UUID `db:"parent_id" json:"parent_id" audit:"parent"`
	Key       string     `db:"key" json:"key" audit:"key"`
	NameZh    string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn    string     `db:"name_en" json:"name_en" audit:"name_en"`
	Icon      string     `db:"icon" json:"icon" audit:"icon"`
	Abstract  bool       `db:"abstract" json:"abstract" audit:"abstract"`
	Active    bool       `db:"active" json:"active" audit:"active"`
	Position  int        `db:"position" json:"position"`
	Identity  []string   `db:"identity" json:"identity" audit:"identity"` // rules in order: keys joined by "+"
	CreatedAt time.Time  `db:"created_at" json:"-"`
	UpdatedAt time.Time  `db:"updated_at" json:"-"`
}

// Ref names the class in the trail.
func (c Class) Ref() record.Ref { return record.Ref{Kind: KindClass, ID: c.ID} }

// CurrentVersion counts the changes, from 1.
func (c Class) CurrentVersion() int { return c.Version }

// Touch notes a change.
func (c *Class) Touch(now time.Time) { c.Version++; c.UpdatedAt = now }

// Name is what the class is called in the reader's language.
func (c Class) Name(ctx context.Context) string { return i18n.Pick(ctx, c.NameZh, c.NameEn) }

// The types of attributes.
const (
	TypeText   = "text"
	TypeNumber = "number"
	TypeBool   = "bool"
	TypeDate   = "date"
	TypeChoice = "choice"
	TypeIP     = "ip"
	TypeMAC    = "mac"
	TypeURL    = "url"
	TypePerson = "person"
	TypeItem   = "item"
)

// Types are the types of attributes in the order offered.
var Types = [...]string{TypeText, TypeNumber, TypeBool, TypeDate, TypeChoice, TypeIP, TypeMAC, TypeURL, TypePerson, TypeItem}

// Choice is one value of an attribute of type choice.
type Choice struct {
	Value string `json:"value"`
	Zh    string `json:"zh"`
	En    string `json:"en"`
}

// Attribute is a typed field of a class.
type Attribute struct {
	ID         uuid.UUID  `db:"id" json:"id"`
	Version    int        `db:"version" json:"version"`
	ClassID    uuid.UUID  `db:"class_id" json:"class_id"`
	Key        string     `db:"key" json:"key" audit:"key"`
	NameZh     string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn     string     `db:"name_en" json:"name_en" audit:"name_en"`
	Type       string     `db:"type" json:"type" audit:"type"`
	Required   bool       `db:"required" json:"required" audit:"required"`
	Unique     bool       `db:"is_unique" json:"unique" audit:"unique"`
	Identifier bool       `db:"identifier" json:"identifier" audit:"identifier"`
	Options    []Choice   `db:"options" json:"options" audit:"options"`
	RefClassID *uuid.UUID `db:"ref_class_id" json:"ref_class_id" audit:"ref_class"`
	Pattern    string     `db:"pattern" json:"pattern" audit:"pattern"`
	Min        *float64   `db:"min" json:"min" audit:"min"`
	Max        *float64   `db:"max" json:"max" audit:"max"`
	Unit       string     `db:"unit" json:"unit" audit:"unit"`
	Position   int        `db:"position" json:"position" audit:"position"`
	Active     bool       `db:"active" json:"active" audit:"active"`
	CreatedAt  time.Time  `db:"created_at" json:"-"`
	UpdatedAt  time.Time  `db:"updated_at" json:"-"`
}

// Ref names the attribute in the trail.
func (a Attribute) Ref() record.Ref { return record.Ref{Kind: KindAttribute, ID: a.ID} }

// CurrentVersion counts the changes, from 1.
func (a Attribute) CurrentVersion() int { return a.Version }

// Touch notes a change.
func (a *Attribute) Touch(now time.Time) { a.Version++; a.UpdatedAt = now }

// Name is what the attribute is called in the reader's language.
func (a Attribute) Name(ctx context.Context) string { return i18n.Pick(ctx, a.NameZh, a.NameEn) }

// Option is what a value of a choice is called in the reader's language.
func (a Attribute) Option(ctx context.Context, value string) string {
	for _, o := range a.Options {
		if o.Value == value {
			return i18n.Pick(ctx, o.Zh, o.En)
		}
	}
	return value
}

// Model is all classes with their attributes, as they are now.
type Model struct {
	Classes    map[uuid.UUID]Class
	byKey      map[string]uuid.UUID
	attributes map[uuid.UUID][]Attribute // own ones, by class
	below      map[uuid.UUID][]uuid.UUID // direct subclasses, in order
	roots      []uuid.UUID
}

func newModel(classes []Class, attributes []Attribute) Model {
	m := Model{Classes: map[uuid.UUID]Class{}, byKey: map[string]uuid.UUID{}, attributes: map[uuid.UUID][]Attribute{}, below: map[uuid.UUID][]uuid.UUID{}}
	slices.SortFunc(classes, func(a, b Class) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.NameEn, b.NameEn), strings.Compare(a.Key, b.Key))
	})
	for _, c := range classes {
		m.Classes[c.ID], m.byKey[c.Key] = c, c.ID
		if c.ParentID == nil {
			m.roots = append(m.roots, c.ID)
		} else {
			m.below[*c.ParentID] = append(m.below[*c.ParentID], c.ID)
		}
	}
	slices.SortFunc(attributes, func(a, b Attribute) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Key, b.Key))
	})
	for _, a := range attributes {
		m.attributes[a.ClassID] = append(m.attributes[a.ClassID], a)
	}
	return m
}

// Key finds a class by its key.
func (m Model) Key(key string) (Class, bool) {
	c, ok := m.Classes[m.byKey[key]]
	return c, ok
}

// Path is the class and those above it, the topmost first.
func (m Model) Path(id uuid.UUID) []Class {
	var out []Class
	for range len(m.Classes) {
		c, ok := m.Classes[id]
		if !ok {
			break
		}
		out = append(out, c)
		if c.ParentID == nil {
			break
		}
		id = *c.ParentID
	}
	slices.Reverse(out)
	return out
}

// Within reports whether a class is another or below it.
func (m Model) Within(id, top uuid.UUID) bool {
	return slices.ContainsFunc(m.Path(id), func(c Class) bool { return c.ID == top })
}

// Below lists a class and all below it.
func (m Model) Below(id uuid.UUID) []uuid.UUID {
	out := []uuid.UUID{id}
	for n := 0; n < len(out); n++ {
		out = append(out, m.below[out[n]]...)
	}
	return out
}

// Attributes are the active attributes of a class, inherited ones first.
func (m Model) Attributes(id uuid.UUID) []Attribute {
	var out []Attribute
	for _, c := range m.Path(id) {
		for _, a := range m.attributes[c.ID] {
			if a.Active {
				out = append(out, a)
			}
		}
	}
	return out
}

// Attribute finds an attribute of a class, its own or inherited, by key.
func (m Model) Attribute(class uuid.UUID, key string) (Attribute, bool) {
	for _, a := range m.Attributes(class) {
		if a.Key == key {
			return a, true
		}
	}
	return Attribute{}, false
}

// personFields are the fields of a state that name a person, whatever the class.
var personFields = []string{"owner", "custodian", "verified_by"}

// personal reports whether a field of a state tells of a person: by what it is,
// or, as what an agent saw last does, by what stands in it.
func (m Model) personal(class uuid.UUID, field string) bool {
	key, ok := attributeOf(field)
	if !ok {
		return slices.Contains(personFields, field)
	}
	a, _ := m.Attribute(class, key)
	return a.Type == TypePerson || key == "last_user"
}

// Own are the attributes that the class itself adds, retired ones too.
func (m Model) Own(id uuid.UUID) []Attribute { return m.attributes[id] }

// Identity are the identification rules of a class, its own or the nearest
// above: each a list of keys that must all be the same.
func (m Model) Identity(id uuid.UUID) [][]string {
	path := m.Path(id)
	for n := len(path) - 1; n >= 0; n-- {
		if len(path[n].Identity) == 0 {
			continue
		}
		var out [][]string
		for _, r := range path[n].Identity {
			out = append(out, strings.Split(r, "+"))
		}
		return out
	}
	return [][]string{{"name"}}
}

// Branch is a class in the tree with its depth, for lists and selects.
type Branch struct {
	Class
	Depth int
}

// Tree is every class, parents before children.
func (m Model) Tree() []Branch {
	var out []Branch
	var walk func(ids []uuid.UUID, depth int)
	walk = func(ids []uuid.UUID, depth int) {
		for _, id := range ids {
			out = append(out, Branch{m.Classes[id], depth})
			walk(m.below[id], depth+1)
		}
	}
	walk(m.roots, 0)
	return out
}

var keyRE = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

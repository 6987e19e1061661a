package configuration

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Sighting is what a source says of one thing: the fields it knows, in the
// names that states have ("name", "location", "attributes.os"), as text.
type Sighting struct {
	Source string            `json:"source"`
	Key    string            `json:"key,omitempty"` // the source's own
	Class  string            `json:"class"`         // key of the class
	Fields map[string]string `json:"fields"`
}

// Bond is what a source says of two things, by its own keys.
type Bond struct {
	Source string `json:"source"`
	From   string `json:"from"`
	Type   string `json:"type"` // key of the relation type
	To     string `json:"to"`
}

// Content is one row of an import: a thing or a relation.
type Content struct {
	Sighting *Sighting `json:"sighting,omitempty"`
	Bond     *Bond     `json:"bond,omitempty"`
}

// identity is what tells two sightings of one source apart.
func (s Sighting) identity() string {
	if s.Key != "" {
		return s.Key
	}
	b, err := json.Marshal(s)
	if err != nil {
		return s.Fields["name"] // plain texts always encode
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// value is what the sighting says of an identification key, in the writing in
// which values are compared; "" for nothing that identifies.
func (s Sighting) value(a Attribute, key string) string {
	raw := s.Fields["attributes."+key]
	if key == "name" {
		raw = s.Fields["name"]
	} else if v, code, _ := a.parse(raw); code == "" {
		raw = text(v)
	}
	v := exactly(raw)
	if junk(key, v) {
		return ""
	}
	return v
}

// Why a sighting goes to a person.
const (
	reasonSeveral  = "configuration.review.several"
	reasonDiffers  = "configuration.review.differs"
	reasonNameless = "configuration.error.nameless"
)

// strong are the attributes of which two different values mean two different
// things, whatever else agrees.
var strong = []string{"uuid", "serial_number"}

// match finds the item that a sighting speaks of among candidates, by the
// rules of its class in order. One candidate is the item; several, or one that
// contradicts, are for a person to decide.
func (m Model) match(s Sighting, class uuid.UUID, candidates []Item) (found *Item, unsure []uuid.UUID, reason string) {
	for _, rule := range m.Identity(class) {
		var hits []*Item
		for n := range candidates {
			if m.agrees(s, class, rule, candidates[n]) {
				hits = append(hits, &candidates[n])
			}
		}
		if len(hits) == 0 {
			continue
		}
		differ := slices.DeleteFunc(slices.Clone(hits), func(i *Item) bool { return !m.contradicts(s, class, *i) })
		same := slices.DeleteFunc(hits, func(i *Item) bool { return m.contradicts(s, class, *i) })
		switch {
		case len(same) == 1:
			return same[0], nil, ""
		case len(same) > 1:
			return nil, ids(same), reasonSeveral
		}
		return nil, ids(differ), reasonDiffers
	}
	return nil, nil, ""
}

func ids(list []*Item) []uuid.UUID {
	var out []uuid.UUID
	for _, i := range list {
		out = append(out, i.ID)
	}
	return out
}

func (m Model) agrees(s Sighting, class uuid.UUID, rule []string, i Item) bool {
	if m.family(class) != m.family(i.ClassID) {
		return false
	}
	for _, key := range rule {
		a, _ := m.Attribute(class, key)
		v := s.value(a, key)
		own := exactly(i.Name)
		if key != "name" {
			own = exactly(i.Attributes.Text(key))
		}
		if v == "" || v != own && (key != "mac" || !slices.Contains(i.parts, v)) {
			return false
		}
	}
	return true
}

func (m Model) contradicts(s Sighting, class uuid.UUID, i Item) bool {
	for _, key := range strong {
		a, ok := m.Attribute(class, key)
		own := exactly(i.Attributes.Text(key))
		if v := s.value(a, key); ok && v != "" && own != "" && !junk(key, own) && v != own {
			return true
		}
	}
	return false
}

// alike reports whether the sighting and the item share a value that only one
// thing has.
func (m Model) alike(s Sighting, class uuid.UUID, i Item) bool {
	for _, key := range strong {
		a, ok := m.Attribute(class, key)
		if v := s.value(a, key); ok && v != "" && v == exactly(i.Attributes.Text(key)) {
			return true
		}
	}
	return false
}

// family is the highest class below the root: a server may turn out to be a
// computer, but never a site.
func (m Model) family(class uuid.UUID) uuid.UUID {
	p := m.Path(class)
	switch len(p) {
	case 0:
		return uuid.Nil
	case 1:
		return p[0].ID
	}
	return p[1].ID
}

// Precedence is which source may overwrite which: for a field, or "*" for the
// others, the sources in order. A source overwrites what itself or one after it
// said; one that is not listed comes before "person".
type Precedence map[string][]string

func defaultPrecedence() Precedence { return Precedence{"*": {"agent", "netbox", "csv", "person"}} }

func (p Precedence) rank(field, source string) int {
	order, ok := p[field]
	if !ok {
		order = p["*"]
	}
	if n := slices.Index(order, source); n >= 0 {
		return n * 2
	}
	if n := slices.Index(order, "person"); n >= 0 {
		return n*2 - 1
	}
	return len(order) * 2
}

// may reports whether a source may set a field that another said last.
func (p Precedence) may(field, source, last string) bool {
	return last == "" || p.rank(field, source) <= p.rank(field, last)
}

// Own fields of an item that sources may say, beside attributes.
var sourceFields = []string{"name", "description", "lifecycle", "operational", "location", "supplier", "contract", "warranty_until", "contract_until", "criticality", "owner", "department", "service"}

// merge puts what the source says into the item, as far as it may, and returns
// the attribute values that change.
func (i *Item) merge(m Model, s Sighting, p Precedence) (values map[string]any) {
	values = map[string]any{}
	before := i.state()
	for _, f := range sortedKeys(s.Fields) {
		v := strings.TrimSpace(s.Fields[f])
		if v == "" || slices.Contains(i.Locks, f) || before[f] != nil && !p.may(f, s.Source, i.Origins[f]) {
			continue
		}
		if key, ok := attributeOf(f); ok {
			if a, ok := m.Attribute(i.ClassID, key); ok {
				if x, code, _ := a.parse(v); code != "" || x != i.Attributes[key] {
					values[key] = v
				}
			}
			continue
		}
		i.say(f, v)
	}
	return values
}

// say sets one of the item's own fields from text. States are set so that they
// agree.
func (i *Item) say(f, v string) {
	day := func(to **time.Time) {
		if d, ok := parseDate(v); ok {
			*to = &d
		}
	}
	switch f {
	case "name":
		i.Name = v
	case "description":
		i.Description = v
	case "location":
		i.Location = v
	case "supplier":
		i.Supplier = v
	case "contract":
		i.Contract = v
	case "warranty_until":
		day(&i.WarrantyUntil)
	case "contract_until":
		day(&i.ContractUntil)
	case "criticality":
		if n := strings.Index("1234", v); n >= 0 && len(v) == 1 {
			i.Criticality = n + 1
		}
	case "lifecycle":
		if l := Lifecycle(v); slices.Contains(Lifecycles[:], l) {
			i.Lifecycle = l
		}
	case "operational":
		if o := Operational(v); slices.Contains(Operationals[:], o) {
			i.Operational = o
		}
	case "owner", "department", "service":
		if id, err := uuid.Parse(v); err == nil {
			*map[string]**uuid.UUID{"owner": &i.OwnerID, "department": &i.DepartmentID, "service": &i.ServiceID}[f] = &id
		}
	}
	i.settle()
}

// settle makes the three states agree after a source has said one of them.
func (i *Item) settle() {
	switch {
	case i.Lifecycle.InUse():
		i.Install = Installed
	case i.Lifecycle == Planned || i.Lifecycle == Ordered:
		i.Install, i.Operational = NotInstalled, Unknown
	case i.Lifecycle == Disposed:
		i.Install, i.Operational = Removed, Off
	case i.Lifecycle == Retired && (i.Operational == Up || i.Operational == Degraded):
		i.Operational = Off
	}
	if i.Install != Installed && i.Operational != Unknown && i.Operational != Off {
		i.Operational = Unknown
	}
}

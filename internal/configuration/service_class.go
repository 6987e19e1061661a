package configuration

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// ClassInput makes or changes a class. Its key is for good.
type ClassInput struct {
	Version  int        `json:"version"`
	ParentID *uuid.UUID `json:"parent_id"`
	Key      string     `json:"key" validate:"omitempty,line,max=40"`
	NameZh   string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn   string     `json:"name_en" validate:"required,notblank,line,max=100"`
	Abstract bool       `json:"abstract"`
	Active   bool       `json:"active"`
	// Identity are the identification rules in order, such as
	// "serial_number+manufacturer"; none: those of the class above.
	Identity []string `json:"identity" validate:"max=20"`
}

// CreateClass makes a class, below another.
func (s *Service) CreateClass(ctx context.Context, in ClassInput) (Class, error) {
	return work.Create(ctx, s.desk, classStore{}, ActionConfigure, in, func(u *work.Unit) (Class, error) {
		c := Class{ID: u.ID(), Version: 1, Key: in.Key, CreatedAt: u.Now}
		c.Icon = "category"
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return c, err
		}
		if !keyRE.MatchString(in.Key) {
			return c, fault.OnField("key", "configuration.error.key")
		}
		if _, dup := m.Key(in.Key); dup {
			return c, fault.OnField("key", "configuration.error.key_taken")
		}
		c.Position = len(m.Classes)
		return c, s.shape(ctx, u, m, &c, in)
	})
}

// EditClass changes a class. One with items stays as concrete as it is, and no
// class comes to stand below itself.
func (s *Service) EditClass(ctx context.Context, id uuid.UUID, in ClassInput) (Class, error) {
	return work.Update(ctx, s.desk, classStore{}, ActionConfigure, id, in.Version, in, func(u *work.Unit, c *Class) error {
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		return s.shape(ctx, u, m, c, in)
	})
}

func (s *Service) shape(ctx context.Context, u *work.Unit, m Model, c *Class, in ClassInput) error {
	_, existed := m.Classes[c.ID]
	moved := existed && idText(c.ParentID) != idText(in.ParentID)
	used := false
	if existed {
		var err error
		if used, err = s.repo.classUsed(ctx, u.Tx, m.Below(c.ID)); err != nil {
			return err
		}
	}
	switch {
	case in.ParentID == nil && (!existed || c.ParentID != nil):
		return fault.OnField("parent_id", "validation.required")
	case in.ParentID != nil && m.Classes[*in.ParentID].ID == uuid.Nil:
		return fault.OnField("parent_id", "validation.unknown")
	case moved && in.ParentID != nil && m.Within(*in.ParentID, c.ID):
		return fault.OnField("parent_id", "configuration.error.class_loop")
	case moved && used:
		return fault.OnField("parent_id", "configuration.error.class_used")
	}
	if in.Abstract && !c.Abstract && existed {
		own, err := s.repo.classUsed(ctx, u.Tx, []uuid.UUID{c.ID})
		if err != nil {
			return err
		}
		if own {
			return fault.OnField("abstract", "configuration.error.class_used")
		}
	}
	c.ParentID, c.NameZh, c.NameEn, c.Abstract, c.Active = in.ParentID, in.NameZh, in.NameEn, in.Abstract, in.Active
	rules, err := s.rules(m, *c, in.Identity)
	c.Identity, c.UpdatedAt = rules, u.Now
	return err
}

// rules checks identification rules: keys of the class's attributes, or "name".
func (s *Service) rules(m Model, c Class, in []string) ([]string, error) {
	known := map[string]bool{"name": true}
	place := c.ID
	if _, ok := m.Classes[place]; !ok && c.ParentID != nil {
		place = *c.ParentID
	}
	for _, a := range m.Attributes(place) {
		known[a.Key] = true
	}
	out := []string{}
	for _, line := range in {
		rule := strings.ReplaceAll(strings.TrimSpace(line), " ", "")
		if rule == "" {
			continue
		}
		for _, k := range strings.Split(rule, "+") {
			if !known[k] {
				return nil, fault.OnField("identity", "configuration.error.identity", k)
			}
		}
		if !slices.Contains(out, rule) {
			out = append(out, rule)
		}
	}
	return out, nil
}

// AttributeInput makes or changes an attribute of a class. Its key and class
// are for good, and its type is once an item has a value.
type AttributeInput struct {
	Version    int        `json:"version"`
	ClassID    uuid.UUID  `json:"class_id"`
	Key        string     `json:"key" validate:"omitempty,line,max=40"`
	NameZh     string     `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn     string     `json:"name_en" validate:"required,notblank,line,max=100"`
	Type       string     `json:"type" validate:"required,oneof=text number bool date choice ip mac url person item"`
	Required   bool       `json:"required"`
	Unique     bool       `json:"unique"`
	Identifier bool       `json:"identifier"`
	Options    []Choice   `json:"options" validate:"max=200"`
	RefClassID *uuid.UUID `json:"ref_class_id"`
	Pattern    string     `json:"pattern" validate:"omitempty,line,max=200"`
	Min        *float64   `json:"min"`
	Max        *float64   `json:"max"`
	Unit       string     `json:"unit" validate:"omitempty,line,max=20"`
	Active     bool       `json:"active"`
}

// CreateAttribute adds an attribute to a class, and to all below it.
func (s *Service) CreateAttribute(ctx context.Context, in AttributeInput) (Attribute, error) {
	return work.Create(ctx, s.desk, attributeStore{}, ActionConfigure, in, func(u *work.Unit) (Attribute, error) {
		a := Attribute{ID: u.ID(), Version: 1, ClassID: in.ClassID, Key: in.Key, CreatedAt: u.Now}
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return a, err
		}
		if _, ok := m.Classes[in.ClassID]; !ok {
			return a, fault.OnField("class_id", "validation.unknown")
		}
		if !keyRE.MatchString(in.Key) || in.Key == "name" {
			return a, fault.OnField("key", "configuration.error.key")
		}
		if m.clashes(in.ClassID, in.Key) {
			return a, fault.OnField("key", "configuration.error.key_taken")
		}
		a.Position = 1000 + len(m.attributes[in.ClassID])
		return a, in.shape(m, &a, u)
	})
}

// clashes reports whether a class, one above or one below has the key already.
func (m Model) clashes(class uuid.UUID, key string) bool {
	has := func(c uuid.UUID) bool {
		return slices.ContainsFunc(m.attributes[c], func(a Attribute) bool { return a.Key == key })
	}
	return slices.ContainsFunc(m.Path(class), func(c Class) bool { return has(c.ID) }) || slices.ContainsFunc(m.Below(class), has)
}

// EditAttribute changes an attribute. To be required or unique from now on is
// asked of items when they are next changed.
func (s *Service) EditAttribute(ctx context.Context, id uuid.UUID, in AttributeInput) (Attribute, error) {
	return work.Update(ctx, s.desk, attributeStore{}, ActionConfigure, id, in.Version, in, func(u *work.Unit, a *Attribute) error {
		m, err := s.repo.model(ctx, u.Tx)
		if err != nil {
			return err
		}
		if in.Type != a.Type {
			used, err := s.repo.attributeUsed(ctx, u.Tx, m.Below(a.ClassID), a.Key)
			if err != nil {
				return err
			}
			if used {
				return fault.OnField("type", "configuration.error.attribute_used")
			}
		}
		return in.shape(m, a, u)
	})
}

func (in AttributeInput) shape(m Model, a *Attribute, u *work.Unit) error {
	a.NameZh, a.NameEn, a.Type, a.Required, a.Unique, a.Identifier, a.Active = in.NameZh, in.NameEn, in.Type, in.Required, in.Unique, in.Identifier, in.Active
	a.Options, a.RefClassID, a.Pattern, a.Min, a.Max, a.Unit, a.UpdatedAt = nil, nil, "", nil, nil, in.Unit, u.Now
	switch in.Type {
	case TypeChoice:
		if len(in.Options) == 0 {
			return fault.OnField("options", "configuration.error.options")
		}
		seen := map[string]bool{}
		for _, o := range in.Options {
			if strings.TrimSpace(o.Value) == "" || strings.TrimSpace(o.Zh) == "" || strings.TrimSpace(o.En) == "" || seen[o.Value] || len(o.Value)+len(o.Zh)+len(o.En) > 400 {
				return fault.OnField("options", "configuration.error.options")
			}
			seen[o.Value] = true
		}
		a.Options = in.Options
	case TypeItem:
		if in.RefClassID != nil {
			if _, ok := m.Classes[*in.RefClassID]; !ok {
				return fault.OnField("ref_class_id", "validation.unknown")
			}
		}
		a.RefClassID = in.RefClassID
	case TypeNumber:
		if in.Min != nil && in.Max != nil && *in.Min > *in.Max {
			return fault.OnField("max", "configuration.error.range")
		}
		a.Min, a.Max = in.Min, in.Max
	case TypeText:
		if _, err := regexp.Compile(in.Pattern); err != nil {
			return fault.OnField("pattern", "configuration.error.regexp")
		}
		a.Pattern = in.Pattern
	}
	return nil
}

// mayConfigure reports whether the actor may change classes.
func (s *Service) may(ctx context.Context, act authz.Action) bool {
	return s.desk.Can(ctx, act, &authz.Facts{})
}

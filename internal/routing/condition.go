package routing

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// fieldSpec is a field of the builder: how it may be compared, and what kind
// of value it takes.
type fieldSpec struct {
	name string
	ops  []string
	kind string // choice: an id of a list; words: free text; one of: fixed words; flag: yes or no
}

// Channels are the ways a record can come in, as the builder offers them.
var Channels = []string{"portal", "phone", "mail", "walk_in", "api", "monitoring"}

// fields are what the builder offers, in its order.
var fields = []fieldSpec{
	{"category", []string{"within", "not_within"}, "choice"},
	{"service", []string{"is", "is_not"}, "choice"},
	{"department", []string{"within", "not_within"}, "choice"},
	{"text", []string{"any", "all", "none"}, "words"},
	{"title", []string{"any", "all", "none"}, "words"},
	{"priority", []string{"is", "is_not"}, "priority"},
	{"channel", []string{"is", "is_not"}, "channel"},
	{"vip", []string{"is"}, "flag"},
	{"location", []string{"begins", "any", "none"}, "words"},
	{"in_hours", []string{"is"}, "flag"},
	{"team", []string{"is", "is_not"}, "choice"},
}

func fieldOf(name string) (fieldSpec, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return fieldSpec{}, false
}

// check holds one row against what its field can be compared with.
func (c Condition) check() error {
	f, ok := fieldOf(c.Field)
	if !ok {
		return fault.OnField("conditions", "routing.error.field", c.Field)
	}
	if !slices.Contains(f.ops, c.Op) {
		return fault.OnField("conditions", "routing.error.op", c.Op)
	}
	if len(c.values()) == 0 {
		return fault.OnField("conditions", "routing.error.empty")
	}
	if len(c.Values) > MaxValues {
		return fault.OnField("conditions", "routing.error.too_many_values", strconv.Itoa(MaxValues))
	}
	for _, v := range c.values() {
		ok := len(v) <= 200 && !strings.ContainsAny(v, "\x00\r\n")
		switch f.kind {
		case "choice":
			_, err := uuid.Parse(v)
			ok = err == nil
		case "priority":
			ok = len(v) == 1 && v >= "1" && v <= "4"
		case "channel":
			ok = slices.Contains(Channels, v)
		case "flag":
			ok = v == "yes" || v == "no"
		}
		if !ok {
			return fault.OnField("conditions", "routing.error.value", v)
		}
	}
	return nil
}

// values are those that say something.
func (c Condition) values() []string {
	var out []string
	for _, v := range c.Values {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// expr is the row in the expression language. names puts a word beside each id,
// as a comment, for whoever reads it.
func (c Condition) expr(names func(field, id string) string) string {
	v := c.values()
	f, _ := fieldOf(c.Field)
	switch {
	case c.Op == "within" || c.Op == "not_within":
		return negated(c.Op == "not_within", "within("+c.Field+", "+list(c.Field, v, names)+")")
	case f.kind == "choice":
		return negated(c.Op == "is_not", c.Field+" in ["+list(c.Field, v, names)+"]")
	case c.Field == "priority":
		return negated(c.Op == "is_not", "priority in ["+strings.Join(v, ", ")+"]")
	case f.kind == "channel":
		return negated(c.Op == "is_not", "channel in ["+list("", v, nil)+"]")
	case f.kind == "flag":
		return negated(!slices.Contains(v, "yes"), c.Field)
	case c.Op == "begins":
		return "begins(" + c.Field + ", " + list("", v, nil) + ")"
	case c.Op == "all":
		var each []string
		for _, w := range v {
			each = append(each, "mentions("+c.Field+", "+strconv.Quote(w)+")")
		}
		return "(" + strings.Join(each, " and ") + ")"
	}
	return negated(c.Op == "none", "mentions("+c.Field+", "+list("", v, nil)+")")
}

func negated(not bool, s string) string {
	if not {
		return "not (" + s + ")"
	}
	return s
}

func list(field string, values []string, names func(field, id string) string) string {
	var out []string
	for _, v := range values {
		s := strconv.Quote(v)
		if names != nil {
			if n := strings.NewReplacer("*/", "", "/*", "", "\n", " ").Replace(names(field, v)); n != "" {
				s += " /* " + n + " */"
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// Source is the rule's condition in the expression language: what the expert
// wrote, or what the builder's rows mean. A rule without conditions applies
// always.
func (r Rule) Source(names func(field, id string) string) string {
	if strings.TrimSpace(r.Expr) != "" {
		return r.Expr
	}
	if len(r.Conditions) == 0 {
		return "true"
	}
	word := " and\n"
	if r.Match == "any" {
		word = " or\n"
	}
	var rows []string
	for _, c := range r.Conditions {
		rows = append(rows, c.expr(names))
	}
	return strings.Join(rows, word)
}

// check holds a rule against its limits and compiles it. What it names must be
// looked up by the caller.
func (r Rule) check() error {
	switch {
	case strings.TrimSpace(r.Name) == "":
		return fault.OnField("name", "validation.required")
	case len([]rune(r.Name)) > 100 || strings.ContainsAny(r.Name, "\x00\r\n\t"):
		return fault.OnField("name", "validation.max", "100")
	case r.Match != "all" && r.Match != "any":
		return fault.OnField("match", "validation.oneof")
	case r.Floor < 0 || r.Floor > 4:
		return fault.OnField("floor", "validation.oneof")
	case r.Team == nil && r.Floor == 0:
		return fault.OnField("team_id", "routing.error.does_nothing")
	case r.Person != "" && !slices.Contains(Strategies, r.Person):
		return fault.OnField("person", "validation.oneof")
	case r.Person != "" && r.Team == nil:
		return fault.OnField("person", "routing.error.person_team")
	case len(r.Conditions) > MaxConditions:
		return fault.OnField("conditions", "routing.error.too_many_conditions", strconv.Itoa(MaxConditions))
	}
	for _, c := range r.Conditions {
		if err := c.check(); err != nil {
			return err
		}
	}
	if _, err := compile(r.Source(nil)); err != nil {
		return fault.OnField("expr", "routing.error.expr", firstLine(err.Error()))
	}
	return nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

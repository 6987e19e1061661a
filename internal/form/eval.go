package form

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// env is what an expression sees: the values of the fields and the day. Values
// are string, float64, nil, bool or []string; of a table, the filled cells.
type env struct {
	values map[string]any
	today  string
}

// eval evaluates a checked node. Arithmetic with nothing gives nothing, and so
// does what has no finite result; an order with nothing in it does not hold.
func (e env) eval(n *Node) any {
	switch n.Op {
	case "v":
		return n.Value
	case "f":
		return e.values[n.Value.(string)]
	case Today:
		return e.today
	case "!":
		return !e.flag(n.Args[0])
	case "&&":
		return e.flag(n.Args[0]) && e.flag(n.Args[1])
	case "||":
		return e.flag(n.Args[0]) || e.flag(n.Args[1])
	case "len":
		return size(e.eval(n.Args[0]))
	case "filled":
		return filled(e.eval(n.Args[0]))
	case "neg":
		if x, ok := e.eval(n.Args[0]).(float64); ok {
			return -x
		}
		return nil
	}
	return operate(n.Op, e.eval(n.Args[0]), e.eval(n.Args[1]))
}

func (e env) flag(n *Node) bool { b, _ := e.eval(n).(bool); return b }

func operate(op string, a, b any) any {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "in":
		s, _ := a.(string)
		l, _ := b.([]string)
		return slices.Contains(l, s)
	}
	if s, ok := a.(string); ok {
		t, _ := b.(string)
		switch op {
		case "contains":
			return strings.Contains(s, t)
		case "startsWith":
			return strings.HasPrefix(s, t)
		case "endsWith":
			return strings.HasSuffix(s, t)
		}
		return s != "" && t != "" && ordered(op, strings.Compare(s, t))
	}
	x, xok := a.(float64)
	y, yok := b.(float64)
	if strings.Contains("+-*/", op) {
		if !xok || !yok {
			return nil
		}
		return arithmetic(op, x, y)
	}
	switch {
	case !xok || !yok:
		return false
	case x < y:
		return ordered(op, -1)
	case x > y:
		return ordered(op, 1)
	}
	return ordered(op, 0)
}

func ordered(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func arithmetic(op string, x, y float64) any {
	var r float64
	switch op {
	case "+":
		r = x + y
	case "-":
		r = x - y
	case "*":
		r = x * y
	default:
		r = x / y
	}
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return nil
	}
	return r
}

func size(v any) any {
	switch x := v.(type) {
	case string:
		return float64(utf8.RuneCountInString(x))
	case []string:
		return float64(len(x))
	}
	return float64(0)
}

func filled(v any) bool {
	switch x := v.(type) {
	case string:
		return x != ""
	case []string:
		return len(x) > 0
	}
	return v != nil
}

var numberRE = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,6})?$`)

// value is what an expression sees of what was filled in.
func (f Field) value(raw []string) any {
	switch f.kind() {
	case number:
		if len(raw) == 0 || !numberRE.MatchString(raw[0]) {
			return nil
		}
		x, _ := strconv.ParseFloat(raw[0], 64) // the pattern parses
		return x
	case date:
		if len(raw) == 0 || !dayRE.MatchString(raw[0]) {
			return ""
		}
		return raw[0]
	case list, table:
		out := []string{}
		for _, s := range raw {
			if s != "" {
				out = append(out, s)
			}
		}
		return out
	}
	if len(raw) == 0 {
		return ""
	}
	return raw[0]
}

// State is how a form stands for what is filled in.
type State struct {
	Shown, Required, Invalid map[string]bool
}

// State evaluates the form's conditions: what is shown from the top down, each
// field by what is above it; then what is required and what is refused. A field
// that is not shown is empty for all others.
func (f Form) State(raw Raw, today string) State {
	s := State{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	e := env{values: map[string]any{}, today: today}
	for _, x := range f.Fields {
		e.values[x.Key] = x.value(nil)
		if s.Shown[x.Key] = f.holds(e, x.Show, true); s.Shown[x.Key] {
			e.values[x.Key] = x.value(raw[x.Key])
		}
	}
	for _, x := range f.Fields {
		if !s.Shown[x.Key] || x.Type == Info {
			continue
		}
		s.Required[x.Key] = x.Required || f.holds(e, x.RequiredIf, false)
		s.Invalid[x.Key] = filled(e.values[x.Key]) && !f.holds(e, x.Valid, true)
	}
	return s
}

// holds evaluates a condition; where there is none, or one that no check would
// let through, it is otherwise.
func (f Form) holds(e env, src string, otherwise bool) bool {
	if src == "" {
		return otherwise
	}
	n, err := f.compile(src)
	if err != nil {
		return otherwise
	}
	return e.flag(n)
}

// Holds evaluates a condition over answers that were accepted, such as whether
// a task is needed. "" holds.
func (f Form) Holds(src string, answers Raw, today string) bool {
	e := env{values: map[string]any{}, today: today}
	for _, x := range f.Fields {
		e.values[x.Key] = x.value(answers[x.Key])
	}
	return f.holds(e, src, true)
}

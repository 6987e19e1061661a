package form

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

func itoa(n int) string { return strconv.Itoa(n) }

// valueType is what an expression's part is.
type valueType int

const (
	none   valueType = iota
	text             // "" is empty
	date             // YYYY-MM-DD, "" is empty
	number           // or nil
	flag             // true or false
	list             // of texts
	table            // only counted
	empty            // the literal nil
)

// Node is a checked expression: an operator and its parts. As JSON it is an
// array that begins with the operator, which form.js evaluates.
type Node struct {
	Op    string
	Args  []*Node
	Value any // of "v" (a literal) and "f" (the key of a field)
}

// MarshalJSON writes [op, …].
func (n *Node) MarshalJSON() ([]byte, error) {
	out := []any{n.Op}
	if n.Op == "v" || n.Op == "f" {
		out = append(out, n.Value)
	}
	for _, a := range n.Args {
		out = append(out, a)
	}
	return json.Marshal(out)
}

// keys lists the fields that the expression speaks of.
func (n *Node) keys() []string {
	if n.Op == "f" {
		return []string{n.Value.(string)}
	}
	var out []string
	for _, a := range n.Args {
		out = append(out, a.keys()...)
	}
	return out
}

// ExprError says why an expression is refused: a message key and what it is
// about.
type ExprError struct{ Code, Param string }

func (e *ExprError) Error() string { return e.Code + " " + e.Param }

// MaxExpr is the longest expression, in bytes.
const MaxExpr = 2000

// CompileFlag checks an expression about a form's answers, as the conditions of
// its fields and of what follows from them.
func (f Form) CompileFlag(src string) (*Node, *ExprError) { return f.compile(src) }

// compile parses and checks an expression that must be true or false. The
// language is a part of expr-lang: literals, fields, today, and or not, == != <
// <= > >=, + - * /, in, contains, startsWith, endsWith, len(x), filled(x).
func (f Form) compile(src string) (*Node, *ExprError) {
	if len(src) > MaxExpr {
		return nil, &ExprError{"form.error.expr_long", itoa(MaxExpr)}
	}
	tree, err := parser.Parse(src)
	if err != nil {
		return nil, &ExprError{"form.error.expr_syntax", firstLine(err.Error())}
	}
	c := compiler{form: f}
	n, t, e := c.node(tree.Node, 0)
	if e != nil {
		return nil, e
	}
	if t != flag {
		return nil, &ExprError{"form.error.expr_flag", ""}
	}
	return n, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

type compiler struct{ form Form }

// maxDepth keeps evaluation in bounds, in both places.
const maxDepth = 50

func (c compiler) node(n ast.Node, depth int) (*Node, valueType, *ExprError) {
	if depth > maxDepth {
		return nil, none, &ExprError{"form.error.expr_long", itoa(MaxExpr)}
	}
	switch x := n.(type) {
	case *ast.StringNode:
		return &Node{Op: "v", Value: x.Value}, text, nil
	case *ast.IntegerNode:
		return &Node{Op: "v", Value: float64(x.Value)}, number, nil
	case *ast.FloatNode:
		return &Node{Op: "v", Value: x.Value}, number, nil
	case *ast.BoolNode:
		return &Node{Op: "v", Value: x.Value}, flag, nil
	case *ast.NilNode:
		return &Node{Op: "v"}, empty, nil
	case *ast.ArrayNode:
		return c.array(x)
	case *ast.IdentifierNode:
		return c.name(x.Value)
	case *ast.UnaryNode:
		return c.unary(x, depth)
	case *ast.BinaryNode:
		return c.binary(x, depth)
	case *ast.BuiltinNode:
		return c.call(x.Name, x.Arguments, depth)
	case *ast.CallNode:
		if id, ok := x.Callee.(*ast.IdentifierNode); ok {
			return c.call(id.Value, x.Arguments, depth)
		}
	}
	return nil, none, &ExprError{"form.error.expr_unsupported", n.String()}
}

func (c compiler) array(x *ast.ArrayNode) (*Node, valueType, *ExprError) {
	out := []string{}
	for _, e := range x.Nodes {
		s, ok := e.(*ast.StringNode)
		if !ok {
			return nil, none, &ExprError{"form.error.expr_unsupported", x.String()}
		}
		out = append(out, s.Value)
	}
	return &Node{Op: "v", Value: out}, list, nil
}

func (c compiler) name(key string) (*Node, valueType, *ExprError) {
	if key == Today {
		return &Node{Op: Today}, date, nil
	}
	i := c.form.Find(key)
	if i < 0 || c.form.Fields[i].kind() == none {
		return nil, none, &ExprError{"form.error.expr_unknown", key}
	}
	return &Node{Op: "f", Value: key}, c.form.Fields[i].kind(), nil
}

func (c compiler) unary(x *ast.UnaryNode, depth int) (*Node, valueType, *ExprError) {
	a, t, e := c.node(x.Node, depth+1)
	switch {
	case e != nil:
		return nil, none, e
	case (x.Operator == "!" || x.Operator == "not") && t == flag:
		return &Node{Op: "!", Args: []*Node{a}}, flag, nil
	case x.Operator == "-" && t == number:
		return &Node{Op: "neg", Args: []*Node{a}}, number, nil
	}
	return nil, none, &ExprError{"form.error.expr_type", x.String()}
}

var words = map[string]string{"and": "&&", "or": "||"}

func (c compiler) binary(x *ast.BinaryNode, depth int) (*Node, valueType, *ExprError) {
	a, ta, e := c.node(x.Left, depth+1)
	if e != nil {
		return nil, none, e
	}
	b, tb, e := c.node(x.Right, depth+1)
	if e != nil {
		return nil, none, e
	}
	op := x.Operator
	if w, ok := words[op]; ok {
		op = w
	}
	t, known := result(op, a, b, ta, tb)
	if !known {
		return nil, none, &ExprError{"form.error.expr_unsupported", x.Operator}
	}
	if t == none {
		return nil, none, &ExprError{"form.error.expr_type", x.String()}
	}
	return &Node{Op: op, Args: []*Node{a, b}}, t, nil
}

// result is the type of an operation, none where its parts do not fit.
func result(op string, a, b *Node, ta, tb valueType) (t valueType, known bool) {
	texts := func(t valueType) bool { return t == text || t == date }
	when := func(ok bool, t valueType) (valueType, bool) {
		if ok {
			return t, true
		}
		return none, true
	}
	switch op {
	case "&&", "||":
		return when(ta == flag && tb == flag, flag)
	case "==", "!=":
		return when(texts(ta) && texts(tb) || ta == tb && (ta == number || ta == flag) || ta == number && tb == empty || ta == empty && tb == number, flag)
	case "<", "<=", ">", ">=":
		return when(ta == number && tb == number || day(a, ta) && day(b, tb), flag)
	case "+", "-", "*", "/":
		return when(ta == number && tb == number, number)
	case "in":
		return when(texts(ta) && tb == list, flag)
	case "contains", "startsWith", "endsWith":
		return when(texts(ta) && texts(tb), flag)
	}
	return none, false
}

var dayRE = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)

// day reports whether a part is a date; a text counts if it is written as one.
func day(n *Node, t valueType) bool {
	s, ok := n.Value.(string)
	return t == date || t == text && n.Op == "v" && ok && dayRE.MatchString(s)
}

func (c compiler) call(name string, args []ast.Node, depth int) (*Node, valueType, *ExprError) {
	if !slices.Contains([]string{"len", "filled"}, name) || len(args) != 1 {
		return nil, none, &ExprError{"form.error.expr_unsupported", name}
	}
	a, t, e := c.node(args[0], depth+1)
	if e != nil {
		return nil, none, e
	}
	if t == flag || t == empty || name == "len" && (t == number || t == date) {
		return nil, none, &ExprError{"form.error.expr_type", name}
	}
	if name == "len" {
		return &Node{Op: "len", Args: []*Node{a}}, number, nil
	}
	return &Node{Op: "filled", Args: []*Node{a}}, flag, nil
}

package form

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Row is one line of a condition as people put it together: a field, an
// operator and a value.
type Row struct{ Field, Op, Value string }

// Ops lists the operators of rows for a field, in the order they are offered.
func (f Field) Ops() []string {
	switch f.kind() {
	case number:
		return []string{"eq", "ne", "gt", "ge", "lt", "le", "filled", "empty"}
	case date:
		return []string{"gt", "ge", "lt", "le", "eq", "filled", "empty"}
	case list:
		if f.Type == File {
			return []string{"filled", "empty"}
		}
		return []string{"has", "lacks", "filled", "empty"}
	case table:
		return []string{"filled", "empty"}
	case none:
		return nil
	}
	if f.Type == Person {
		return []string{"filled", "empty"}
	}
	if f.Type == Choice {
		return []string{"eq", "ne", "filled", "empty"}
	}
	return []string{"eq", "ne", "contains", "filled", "empty"}
}

var signs = map[string]string{"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}

// Expression writes rows as an expression; any joins them with or.
func (f Form) Expression(rows []Row, any bool) string {
	var parts []string
	for _, r := range rows {
		i := f.Find(r.Field)
		if i < 0 {
			// An unknown field is left to the check of the expression to name.
			parts = append(parts, "filled("+r.Field+")")
			continue
		}
		parts = append(parts, f.Fields[i].row(r))
	}
	if any {
		return strings.Join(parts, " or ")
	}
	return strings.Join(parts, " and ")
}

func (f Field) row(r Row) string {
	value := quote(r.Value)
	if f.kind() == number && numberRE.MatchString(r.Value) {
		value = r.Value
	}
	if f.kind() == date && r.Value == Today {
		value = Today
	}
	switch r.Op {
	case "filled":
		return "filled(" + f.Key + ")"
	case "empty":
		return "not filled(" + f.Key + ")"
	case "has":
		return value + " in " + f.Key
	case "lacks":
		return "not (" + value + " in " + f.Key + ")"
	case "contains":
		return f.Key + " contains " + value
	}
	return f.Key + " " + signs[r.Op] + " " + value
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text always encodes
	return strings.TrimSpace(b.String())
}

// Rows reads an expression back as rows, where it is one that rows could have
// written.
func (f Form) Rows(src string) (rows []Row, any, ok bool) {
	if src == "" {
		return nil, false, true
	}
	tree, err := parser.Parse(src)
	if err != nil {
		return nil, false, false
	}
	parts := []ast.Node{tree.Node}
	if b, is := tree.Node.(*ast.BinaryNode); is && joins(b.Operator) != "" {
		any = joins(b.Operator) == "or"
		parts = flatten(tree.Node, joins(b.Operator))
	}
	for _, p := range parts {
		r, is := f.rowOf(p)
		if !is {
			return nil, false, false
		}
		rows = append(rows, r)
	}
	return rows, any, true
}

func joins(op string) string {
	switch op {
	case "and", "&&":
		return "and"
	case "or", "||":
		return "or"
	}
	return ""
}

func flatten(n ast.Node, op string) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && joins(b.Operator) == op {
		return append(flatten(b.Left, op), flatten(b.Right, op)...)
	}
	return []ast.Node{n}
}

func (f Form) rowOf(n ast.Node) (Row, bool) {
	switch x := n.(type) {
	case *ast.UnaryNode:
		r, ok := f.rowOf(x.Node)
		opposite := map[string]string{"filled": "empty", "has": "lacks"}[r.Op]
		return Row{r.Field, opposite, r.Value}, ok && opposite != "" && x.Operator != "-"
	case *ast.CallNode:
		c, ok := x.Callee.(*ast.IdentifierNode)
		if !ok || c.Value != "filled" || len(x.Arguments) != 1 {
			return Row{}, false
		}
		k, ok := x.Arguments[0].(*ast.IdentifierNode)
		if !ok {
			return Row{}, false
		}
		return f.offered(Row{Field: k.Value, Op: "filled"})
	case *ast.BinaryNode:
		left, right, op := x.Left, x.Right, x.Operator
		if op == "in" {
			left, right, op = right, left, "has"
		}
		for name, sign := range signs {
			if op == sign {
				op = name
			}
		}
		k, isField := left.(*ast.IdentifierNode)
		v, isValue := literal(right)
		if !isField || !isValue {
			return Row{}, false
		}
		return f.offered(Row{k.Value, op, v})
	}
	return Row{}, false
}

func (f Form) offered(r Row) (Row, bool) {
	i := f.Find(r.Field)
	return r, i >= 0 && slices.Contains(f.Fields[i].Ops(), r.Op)
}

func literal(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.IntegerNode:
		return itoa(x.Value), true
	case *ast.FloatNode:
		return strconv.FormatFloat(x.Value, 'f', -1, 64), true
	case *ast.IdentifierNode:
		return x.Value, x.Value == Today
	case *ast.UnaryNode:
		v, ok := literal(x.Node)
		return "-" + v, ok && x.Operator == "-"
	}
	return "", false
}

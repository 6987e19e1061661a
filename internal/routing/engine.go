package routing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
	"github.com/google/uuid"
)

// timeLimit bounds one run of all rules, so that no set of rules holds up a
// report. Ordinary sets take well under a millisecond; a single rule at its
// limits some twenty.
const timeLimit = 250 * time.Millisecond

// maxNodes and maxSource bound the size of one expression.
const (
	maxNodes  = 400
	maxSource = 10000
)

// operators are those an expression may use: none of them costs more than the
// length of what it compares. There is no "matches" (regular expressions), no
// range, no loop and no arithmetic.
var operators = []string{"==", "!=", "<", "<=", ">", ">=", "and", "or", "&&", "||", "not", "!", "in", "contains", "startsWith", "endsWith", "-"}

// functions are those an expression may call.
var functions = []string{"mentions", "begins", "within"}

func options() []expr.Option {
	return []expr.Option{
		expr.Env(Facts{}), expr.AsBool(), expr.DisableAllBuiltins(), expr.MaxNodes(maxNodes),
		expr.Function("mentions", func(p ...any) (any, error) { return mentions(p[0].(string), texts(p[1:])...), nil }, new(func(string, ...string) bool)),
		expr.Function("begins", func(p ...any) (any, error) { return begins(p[0].(string), texts(p[1:])...), nil }, new(func(string, ...string) bool)),
		expr.Function("within", func(p ...any) (any, error) { return within(p[0].([]string), texts(p[1:])...), nil }, new(func([]string, ...string) bool)),
	}
}

func texts(in []any) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = v.(string)
	}
	return out
}

// compile checks an expression against Facts and makes it runnable. Its error
// says in the library's English what is wrong and where.
func compile(source string) (*vm.Program, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("longer than %d bytes", maxSource)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, err
	}
	w := &whitelist{}
	ast.Walk(&tree.Node, w)
	if w.err != nil {
		return nil, w.err
	}
	return expr.Compile(source, options()...)
}

// whitelist refuses whatever could cost more than its own length.
type whitelist struct{ err error }

// Visit looks at one node of the expression.
func (w *whitelist) Visit(node *ast.Node) {
	bad := func(format string, args ...any) {
		if w.err == nil {
			w.err = fmt.Errorf(format, args...)
		}
	}
	switch n := (*node).(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.StringNode, *ast.IdentifierNode, *ast.ArrayNode, *ast.ConditionalNode:
	case *ast.UnaryNode:
		if !slices.Contains(operators, n.Operator) {
			bad("operator %q cannot be used here", n.Operator)
		}
	case *ast.BinaryNode:
		if !slices.Contains(operators, n.Operator) || n.Operator == "-" {
			bad("operator %q cannot be used here", n.Operator)
		}
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); !ok || !slices.Contains(functions, id.Value) {
			bad("only mentions(), begins() and within() can be called")
		}
	case *ast.BuiltinNode:
		bad("%s() cannot be used here", n.Name)
	default:
		bad("%T cannot be used here", n)
	}
}

// engine is a set of rules, ready to run.
type engine struct {
	set      Set
	programs []*vm.Program // nil for rules that are switched off
}

// newEngine compiles a set. A rule that does not compile is a fault of the set.
func newEngine(s Set) (*engine, error) {
	e := &engine{set: s, programs: make([]*vm.Program, len(s.Rules))}
	for n, r := range s.Rules {
		if !r.Active {
			continue
		}
		p, err := compile(r.Source(nil))
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", r.Name, err)
		}
		e.programs[n] = p
	}
	return e, nil
}

// Step is one rule that applied.
type Step struct {
	RuleID uuid.UUID `json:"rule_id"`
	Rule   string    `json:"rule"`
}

// Outcome is what the rules decided about one record.
type Outcome struct {
	Set    uuid.UUID // the version of the rules
	Number int
	Steps  []Step
	// Team is where the record goes; nil where no rule said so.
	Team *uuid.UUID
	// Person says how somebody of the team is chosen; "" for nobody.
	Person string
	// Floor is the lowest priority the record keeps; 0 where no rule said so.
	Floor int
	// Cut says that time ran out before every rule was asked.
	Cut bool
}

// Applied reports whether any rule applied.
func (o Outcome) Applied() bool { return len(o.Steps) > 0 }

// Rule names the rules that applied, in their order.
func (o Outcome) Rule() string {
	s := ""
	for n, x := range o.Steps {
		if n > 0 {
			s += " + "
		}
		s += x.Rule
	}
	return s
}

// run applies the rules to a record. A rule that applies and lets others act
// changes the facts, and the rules are asked again from the first: each
// applies at most once, and at most MaxSteps of them do, so that it ends
// whatever the rules say. A rule whose evaluation fails is skipped.
func (e *engine) run(ctx context.Context, f Facts) Outcome {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	out := Outcome{Set: e.set.ID, Number: e.set.Number}
	used := make([]bool, len(e.set.Rules))
	for n := 0; n < len(e.set.Rules) && len(out.Steps) < MaxSteps && ctx.Err() == nil; n++ {
		r := e.set.Rules[n]
		if used[n] || e.programs[n] == nil || f.Confidential && !r.Confidential {
			continue
		}
		yes, err := expr.Run(e.programs[n], f)
		if err != nil || yes != true {
			continue
		}
		used[n] = true
		out.Steps = append(out.Steps, Step{r.ID, r.Name})
		if r.Team != nil {
			out.Team, out.Person, f.Team = r.Team, r.Person, r.Team.String()
		}
		if r.Floor > 0 && (out.Floor == 0 || r.Floor < out.Floor) {
			out.Floor = r.Floor
		}
		if out.Floor > 0 {
			f.Priority = min(f.Priority, out.Floor)
		}
		if !r.Continue {
			break
		}
		n = -1 // the facts changed: ask again from the first
	}
	out.Cut = ctx.Err() != nil
	return out
}

package incident

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// views are the lists by name that the navigation offers.
var views = []string{"open", "mine", "team", "unassigned", "pending", "resolved", "closed", "all"}

// openViews hold open incidents only. They stay small whatever the age of the
// desk, so only they can be grouped by anything.
var openViews = []string{"", "open", "mine", "team", "unassigned", "pending"}

// Filter narrows and orders a list; zero values mean any.
type Filter struct {
	View    string
	Clauses []Clause
	Text    string // words, a phrase or a number
	Sort    string // due, priority, updated, created
	Group   string // "", due, priority, state, team, assignee
	After   *Cursor
	Limit   int
	CountTo int // up to where matches are counted; 0: CountLimit
}

// Clause is one condition: a field, an operator and its values. Addresses
// write it field.operator.value,value.
type Clause struct {
	Field, Op string
	Values    []string
}

// String is the clause as addresses write it.
func (c Clause) String() string { return c.Field + "." + c.Op + "." + strings.Join(c.Values, ",") }

// sort of value that a field compares.
type valueKind int

const (
	isWord valueKind = iota
	isID
	isNumber
	isDate
	isFlag
)

// fieldSpec says what a filter may ask of a field.
type fieldSpec struct {
	kind  valueKind
	ops   []string
	words []string // of isWord
}

var (
	choiceOps = []string{"is", "not"}
	maybeOps  = []string{"is", "not", "none", "any"}
	dateOps   = []string{"after", "before", "within", "older"}
)

// filterFields are the fields of the filter builder, by the names that
// addresses use.
var filterFields = map[string]fieldSpec{
	"state":    {kind: isWord, ops: choiceOps, words: text(States[:])},
	"priority": {kind: isNumber, ops: choiceOps},
	"team":     {kind: isID, ops: maybeOps},
	"assignee": {kind: isID, ops: maybeOps},
	// A requester is one person: the list of a person's reports.
	"requester":    {kind: isID, ops: choiceOps},
	"department":   {kind: isID, ops: maybeOps},
	"category":     {kind: isID, ops: maybeOps},
	"service":      {kind: isID, ops: maybeOps},
	"major":        {kind: isWord, ops: choiceOps, words: Majors[:]},
	"parent":       {kind: isID, ops: []string{"any", "none", "is"}},
	"pending":      {kind: isWord, ops: choiceOps, words: text(PendingReasons[:])},
	"channel":      {kind: isWord, ops: choiceOps, words: Channels[:]},
	"vip":          {kind: isFlag, ops: []string{"is"}},
	"confidential": {kind: isFlag, ops: []string{"is"}},
	"created":      {kind: isDate, ops: dateOps},
	"updated":      {kind: isDate, ops: dateOps},
}

// filterOrder is how the builder offers them.
var filterOrder = []string{"priority", "state", "assignee", "team", "category", "service", "requester", "department", "major", "parent", "pending", "channel", "vip", "confidential", "created", "updated"}

func text[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}

const (
	maxClauses = 10
	maxValues  = 20
	maxSpan    = 3660 // days of within and older
)

// me is the value that stands for the reader.
const me = "me"

// ParseFilter reads a filter from an address. Unknown values are refused, so that
// a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{View: q.Get("view"), Sort: q.Get("sort"), Group: q.Get("group"), Text: strings.TrimSpace(q.Get("q"))}
	bad := func(name, code string) (Filter, error) { return f, fault.OnField(name, code) }
	if f.View != "" && !slices.Contains(views, f.View) {
		return bad("view", "validation.oneof")
	}
	if _, ok := orders[f.Sort]; f.Sort != "" && !ok {
		return bad("sort", "validation.oneof")
	}
	if _, ok := groups[f.Group]; f.Group != "" && !ok {
		return bad("group", "validation.oneof")
	}
	if len(f.Text) > 200 || strings.ContainsRune(f.Text, 0) || !utf8.ValidString(f.Text) {
		return bad("q", "validation.text")
	}
	for _, s := range q["f"] {
		c, err := parseClause(s)
		if err != nil {
			return f, err
		}
		f.Clauses = append(f.Clauses, c)
	}
	// The short way to write "is".
	for _, field := range []string{"state", "priority", "team", "assignee", "requester", "category", "service"} {
		if v := words(q[field]); len(v) > 0 {
			c, err := parseClause(Clause{field, "is", v}.String())
			if err != nil {
				return f, err
			}
			f.Clauses = append(f.Clauses, c)
		}
	}
	if len(f.Clauses) > maxClauses {
		return bad("f", "incident.error.filter_long")
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 200 {
			return bad("limit", "validation.number")
		}
		f.Limit = n
	}
	if !f.groupable() {
		f.Group = ""
	}
	// The same conditions in another order are the same statement.
	slices.SortStableFunc(f.Clauses, func(a, b Clause) int { return strings.Compare(a.Field+a.Op, b.Field+b.Op) })
	return f, nil
}

// groupable: only lists of open incidents may be in an order that no index has.
func (f Filter) groupable() bool {
	return f.Group == "" || f.Group == f.sorted() || slices.Contains(openViews, f.View)
}

// sorted is the order in force: by time left where only open incidents are
// listed, unless another was chosen.
func (f Filter) sorted() string {
	open := slices.Contains(openViews, f.View)
	switch {
	case open && (f.Group == "due" || f.Group == "priority"):
		return f.Group
	case f.Sort != "" && (f.Sort != "due" || open):
		return f.Sort
	case open:
		return "due"
	}
	return "priority"
}

func parseClause(s string) (Clause, error) {
	bad := fault.OnField("f", "incident.error.filter")
	field, rest, _ := strings.Cut(s, ".")
	op, value, _ := strings.Cut(rest, ".")
	spec, ok := filterFields[field]
	if !ok || !slices.Contains(spec.ops, op) || len(value) > 2000 {
		return Clause{}, bad
	}
	c := Clause{Field: field, Op: op}
	if op == "none" || op == "any" {
		return c, nil
	}
	c.Values = words([]string{value})
	if len(c.Values) == 0 || len(c.Values) > maxValues {
		return c, bad
	}
	for _, v := range c.Values {
		if !spec.takes(field, op, v) {
			return c, bad
		}
	}
	if spec.kind == isDate || spec.kind == isFlag {
		c.Values = c.Values[:1]
	}
	return c, nil
}

func (s fieldSpec) takes(field, op, v string) bool {
	switch s.kind {
	case isWord:
		return slices.Contains(s.words, v)
	case isID:
		if v == me && (field == "assignee" || field == "requester") {
			return true
		}
		_, err := uuid.Parse(v)
		return err == nil
	case isNumber:
		n, err := strconv.Atoi(v)
		return err == nil && n >= 1 && n <= 4
	case isFlag:
		return v == "yes" || v == "no"
	}
	if op == "within" || op == "older" {
		_, err := days(v)
		return err == nil
	}
	_, err := time.Parse(time.DateOnly, v)
	return err == nil
}

// days reads a span such as 7d or 12h.
func days(v string) (time.Duration, error) {
	unit := map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour}
	n, err := strconv.Atoi(strings.TrimRight(v, "dh"))
	u := unit[strings.TrimLeft(v, "0123456789")]
	if err != nil || u == 0 || n < 1 || n > maxSpan {
		return 0, fault.OnField("f", "incident.error.filter")
	}
	return time.Duration(n) * u, nil
}

// words are the values of a parameter that may be repeated or separated by
// commas.
func words(in []string) []string {
	var out []string
	for _, s := range in {
		for w := range strings.SplitSeq(s, ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
	}
	return out
}

// Query writes the filter as an address; ParseFilter reads it back.
func (f Filter) Query() url.Values {
	q := url.Values{}
	set := func(k, v string) {
		if v != "" {
			q.Set(k, v)
		}
	}
	set("view", f.View)
	set("q", f.Text)
	set("sort", f.Sort)
	set("group", f.Group)
	for _, c := range f.Clauses {
		q.Add("f", c.String())
	}
	return q
}

// Without is the filter without one of its clauses.
func (f Filter) Without(c Clause) Filter {
	f.Clauses = slices.DeleteFunc(slices.Clone(f.Clauses), func(x Clause) bool { return x.String() == c.String() })
	return f
}

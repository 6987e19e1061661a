package queue

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

// Filter narrows and orders a list; zero values mean any.
type Filter struct {
	View    string
	Clauses []Clause
	Text    string // words, a phrase or a number
	Sort    string // due, priority, updated, created
	Group   string // "", due, priority, state, team, assignee
	After   *Cursor
	Back    bool // from there to the beginning, the nearest first
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

// Compares is what sort of value a field compares.
type Compares int

// The sorts of values.
const (
	Words Compares = iota
	IDs
	Numbers
	Dates
	Flags
)

// Field says what a filter may ask of a field, and of which column.
type Field struct {
	Name  string
	Is    Compares
	Ops   []string
	Words []string // of Words
	// Col is the column; one of the register unless From names the table.
	Col string
	// From is the kind's own table and its alias, and Key its column that is the
	// record's id. Where narrows it further.
	From, Key, Where string
	// Many: the table has several rows for a record; "is not" means that none is.
	Many bool
	// Yes is the condition of a flag.
	Yes string
	// Person fields take "me".
	Person bool
	// Below widens the values to what is under them.
	Below Below
	// Short: the address may name the field itself, for "is".
	Short bool
}

// The operators of fields.
var (
	Choice = []string{"is", "not"}
	Maybe  = []string{"is", "not", "none", "any"}
	OfDate = []string{"after", "before", "within", "older"}
)

// Common are the fields of the register, which every list may offer.
func Common(states []string) []Field {
	return []Field{
		{Name: "priority", Is: Numbers, Ops: Choice, Col: "r.priority", Short: true},
		{Name: "state", Is: Words, Ops: Choice, Words: states, Col: "r.state", Short: true},
		{Name: "assignee", Is: IDs, Ops: Maybe, Col: "r.assignee_id", Person: true, Short: true},
		{Name: "team", Is: IDs, Ops: Maybe, Col: "r.team_id", Short: true},
		{Name: "service", Is: IDs, Ops: Maybe, Col: "r.service_id", Short: true},
		{Name: "requester", Is: IDs, Ops: Choice, Col: "r.requester_id", Person: true, Short: true},
		{Name: "department", Is: IDs, Ops: Maybe, Col: "r.department_id"},
		{Name: "vip", Is: Flags, Ops: []string{"is"}, Yes: "EXISTS (SELECT 1 FROM people v WHERE v.id = r.requester_id AND v.vip)"},
		{Name: "confidential", Is: Flags, Ops: []string{"is"}, Yes: "r.confidential"},
		{Name: "created", Is: Dates, Ops: OfDate, Col: "r.created_at"},
		{Name: "updated", Is: Dates, Ops: OfDate, Col: "r.updated_at"},
	}
}

// With puts fields of a kind's own after the common field of a name.
func With(list []Field, after string, more ...Field) []Field {
	n := slices.IndexFunc(list, func(f Field) bool { return f.Name == after })
	return slices.Insert(slices.Clone(list), n+1, more...)
}

const (
	maxClauses = 10
	maxValues  = 20
	maxSpan    = 3660 // days of within and older
)

// Me is the value that stands for the reader.
const Me = "me"

// ParseQuery reads a filter from what follows the question mark of an address.
func (s *Spec) ParseQuery(query string) (Filter, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return Filter{}, fault.OnField("query", "queue.error.filter")
	}
	return s.Parse(q)
}

// Parse reads a filter from an address. Unknown values are refused, so that a
// mistyped filter never shows more than was meant.
func (s *Spec) Parse(q url.Values) (Filter, error) {
	f := Filter{View: q.Get("view"), Sort: q.Get("sort"), Group: q.Get("group"), Text: strings.TrimSpace(q.Get("q"))}
	bad := func(name, code string) (Filter, error) { return f, fault.OnField(name, code) }
	if v, ok := s.view(f.View); !ok || v.Hidden {
		return bad("view", "validation.oneof")
	}
	if _, ok := orders[f.Sort]; f.Sort != "" && !ok {
		return bad("sort", "validation.oneof")
	}
	if f.Group != "" && !slices.Contains(Groups, f.Group) {
		return bad("group", "validation.oneof")
	}
	if len(f.Text) > 200 || strings.ContainsRune(f.Text, 0) || !utf8.ValidString(f.Text) {
		return bad("q", "validation.text")
	}
	var err error
	if f.Clauses, err = s.clauses(q); err != nil {
		return f, err
	}
	if len(f.Clauses) > maxClauses {
		return bad("f", "queue.error.filter_long")
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxRows {
			return bad("limit", "validation.number")
		}
		f.Limit = n
	}
	if !s.groupable(f) {
		f.Group = ""
	}
	return f, nil
}

// clauses are the conditions of an address, in an order of their own: the same
// conditions in another order are the same statement.
func (s *Spec) clauses(q url.Values) (out []Clause, err error) {
	add := func(text string) error {
		c, err := s.clause(text)
		out = append(out, c)
		return err
	}
	for _, text := range q["f"] {
		if err := add(text); err != nil {
			return nil, err
		}
	}
	for _, f := range s.Fields { // the short way to write "is"
		if v := split(q[f.Name]); f.Short && len(v) > 0 {
			if err := add(Clause{f.Name, "is", v}.String()); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Clause) int { return strings.Compare(a.Field+a.Op, b.Field+b.Op) })
	return out, nil
}

// groupable: only lists of open records may be in an order that no index has.
func (s *Spec) groupable(f Filter) bool {
	return f.Group == "" || f.Group == s.Sorted(f) || s.open(f.View)
}

// Sorted is the order in force: by time left where only open records are
// listed, unless another was chosen. By time left and by priority go open
// records only: what is closed grows without end and has no index for these.
func (s *Spec) Sorted(f Filter) string {
	open := s.open(f.View)
	switch {
	case open && (f.Group == "due" || f.Group == "priority"):
		return f.Group
	case f.Sort != "" && (open || f.Sort != "due" && f.Sort != "priority"):
		return f.Sort
	case open:
		return "due"
	}
	return s.Sort
}

func (s *Spec) clause(text string) (Clause, error) {
	bad := fault.OnField("f", "queue.error.filter")
	name, rest, _ := strings.Cut(text, ".")
	op, value, _ := strings.Cut(rest, ".")
	field, ok := s.field(name)
	if !ok || !slices.Contains(field.Ops, op) || len(value) > 2000 {
		return Clause{}, bad
	}
	c := Clause{Field: name, Op: op}
	if op == "none" || op == "any" {
		return c, nil
	}
	c.Values = split([]string{value})
	if len(c.Values) == 0 || len(c.Values) > maxValues {
		return c, bad
	}
	for _, v := range c.Values {
		if !field.takes(op, v) {
			return c, bad
		}
	}
	if field.Is == Dates || field.Is == Flags {
		c.Values = c.Values[:1]
	}
	return c, nil
}

func (f Field) takes(op, v string) bool {
	switch f.Is {
	case Words:
		return slices.Contains(f.Words, v)
	case IDs:
		if v == Me && f.Person {
			return true
		}
		_, err := uuid.Parse(v)
		return err == nil
	case Numbers:
		n, err := strconv.Atoi(v)
		return err == nil && n >= 1 && n <= 4
	case Flags:
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
		return 0, fault.OnField("f", "queue.error.filter")
	}
	return time.Duration(n) * u, nil
}

// split takes the values of a parameter that may be repeated or separated by
// commas.
func split(in []string) []string {
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

// Query writes the filter as an address; Parse reads it back.
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

// IDs are the records that the clauses on a field name.
func (f Filter) IDs(fields ...string) []uuid.UUID {
	var out []uuid.UUID
	for _, c := range f.Clauses {
		if !slices.Contains(fields, c.Field) {
			continue
		}
		for _, v := range c.Values {
			if id, err := uuid.Parse(v); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}

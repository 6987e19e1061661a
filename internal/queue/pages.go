package queue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/sla"
	"opsdesk/internal/ui"
	"opsdesk/internal/view"
)

// Props is the page of a list with what its filters offer.
type Props struct {
	*Spec
	Lines  []Line
	Next   string
	Total  int
	Limit  int
	Filter Filter
	Query  url.Values
	Now    time.Time

	Saved     *view.View // open by its name
	MayChange bool       // the saved view
	Left      []Left     // of what was saved: not known any more
	Changed   bool       // the list is not as it was saved
	Display   view.Display
	MayExport bool

	Teams       []identity.Team
	People      map[uuid.UUID]identity.Person
	Departments map[uuid.UUID]identity.Department

	Selected string // the row that keys act on first, and that the preview is of
	Look     Look
}

// Look is how the records of a kind look in their list.
type Look struct {
	// StateKey begins the keys of the names of states.
	StateKey string
	// Status is a state with its name, Lamp its sign alone.
	Status, Lamp func(state string) templ.Component
	// Name is what the row n is called, Badges stand beside it.
	Name   func(ctx context.Context, n int) string
	Badges func(n int) templ.Component
	// When is what a row says of its time, for kinds without a clock; may be nil.
	When func(n int) templ.Component
	// Cell is the cell of an own column; nil for the columns of all lists.
	Cell func(n int, column string) templ.Component
	// Word is a value of an own field in words; "" if it is gone.
	Word func(ctx context.Context, field, value string) string
	// Offer are the values that the builder offers for an own field.
	Offer func(ctx context.Context, field string) []ui.Option
	// PendingKey begins the keys of the names of pending reasons.
	PendingKey string
	// Previewed says that a row has a preview, at its address and /preview. Keys
	// press the buttons of that, also where the page does not show it.
	Previewed bool
	// Top stands at the right of the heading, Preview beside the list.
	Top, Preview templ.Component
	// Acts change several at once; where there are none, rows are not marked.
	Acts  []Act
	Hints [][2]string
}

// shared are the fields and columns whose names all lists have in common.
var shared = []string{"assignee", "confidential", "department", "due", "number", "pending", "priority", "service", "state", "team", "title", "updated"}

// Label is the key of the name of a field or a column.
func (s *Spec) Label(field string) string {
	if slices.Contains(shared, field) {
		return "queue.field." + field
	}
	return s.Text + "filter." + field
}

// AtQuery is the address of the list with a query.
func (s *Spec) AtQuery(q url.Values) string {
	if len(q) == 0 {
		return s.Path
	}
	return s.Path + "?" + q.Encode()
}

// Link is the list's address with some parameters changed; "" removes one.
func (p Props) Link(pairs ...string) string {
	q := url.Values{}
	if len(pairs) > 0 && slices.Contains([]string{"q", "sort", "group"}, pairs[0]) {
		q = p.base(p.Filter) // another list than the one a view was saved with
	}
	for k, v := range p.Query {
		if k != "cursor" && k != "limit" && k != "sel" && k != "next" && k != "since" && k != "add" && k != "edit" {
			q[k] = v
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return p.AtQuery(q)
}

// At is the row that is selected: the one asked for or, where an act has taken
// it out of the list, the one that stood after it.
func (p Props) At() int {
	for _, number := range []string{p.Query.Get("sel"), p.Query.Get("next")} {
		if at := slices.IndexFunc(p.Lines, func(x Line) bool { return x.Number == number }); at >= 0 {
			return at
		}
	}
	return 0
}

// BackTo is the list as it is with a row selected, for acts that return to it.
func (p Props) BackTo(at int) string {
	next := ""
	if at+1 < len(p.Lines) {
		next = p.Lines[at+1].Number
	}
	return p.Link("cursor", p.Query.Get("cursor"), "limit", p.Query.Get("limit"), "sel", p.Lines[at].Number, "next", next)
}

// more is the address of this list with a page more of its rows, at the place
// where they begin; "" where it ends or has as many as one address may ask for.
func (p Props) more() string {
	n := cmp.Or(p.Filter.Limit, PageSize) + PageSize
	if p.Next == "" || n > maxRows {
		return ""
	}
	return p.Link("cursor", p.Query.Get("cursor"), "limit", strconv.Itoa(n), "sel", p.Query.Get("sel")) + "#more"
}

// begins reports whether the rows that were asked for last begin after a row.
func (p Props) begins(n int) bool {
	return p.Filter.Limit > PageSize && n == p.Filter.Limit-PageSize-1
}

// Previews reports whether the page shows a row beside the list.
func (p Props) Previews() bool { return len(p.Lines) > 0 && !p.table() }

// without is the list's address without one of its conditions.
func (p Props) without(c chip) string {
	if c.Clause == nil {
		return p.Link("q", "")
	}
	return p.AtQuery(p.base(p.Filter.Without(*c.Clause)))
}

// base is the address of another filter of the same page.
func (p Props) base(f Filter) url.Values {
	q := f.Query()
	if v := p.Query.Get("v"); v != "" {
		// With its own conditions the address stands for itself, also where they
		// are none.
		q.Set("v", v)
		q.Set("view", p.view())
	}
	return q
}

// plainURL is the same list without conditions.
func (p Props) plainURL() string { return p.AtQuery(p.base(Filter{View: p.view()})) }

func (p Props) view() string {
	v, _ := p.Spec.view(p.Filter.View)
	return v.Name
}

// direction is how a column is sorted, as aria-sort says it; "" where the list
// is not in its order.
func (p Props) direction(column string) string {
	switch {
	case column != p.sort() || p.groupBy(p.Filter.Group) != "":
		return ""
	case orders[column].desc:
		return "descending"
	}
	return "ascending"
}

func (p Props) sort() string { return p.Sorted(p.Filter) }

// sorts are the orders that the list offers.
func (p Props) sorts() []string {
	if p.open(p.Filter.View) {
		return []string{"due", "priority", "updated", "created"}
	}
	return []string{"updated", "created"}
}

// listName is the list as displays are kept for.
func (p Props) listName() string {
	if p.Saved != nil {
		return p.Saved.ID.String()
	}
	if p.Nav == "view-" {
		return p.view()
	}
	return p.Nav + p.view()
}

// cur is the entry of the navigation that the list is.
func (p Props) cur() string {
	if p.Saved != nil {
		return "view-" + p.Saved.ID.String()
	}
	return p.Nav + p.view()
}

// title is what the list is called.
func (p Props) title(ctx context.Context) string {
	if p.Saved != nil {
		return p.Saved.Name
	}
	return ui.T(ctx, p.Text+"view."+p.view())
}

// allOf offers the whole list to a change of many, with its number where it was
// counted to the end; the preview has the true one.
func (p Props) allOf(ctx context.Context) string {
	if p.Total > p.Limit {
		return ui.T(ctx, "queue.bulk.all_more", "count", p.Limit)
	}
	return ui.T(ctx, "queue.bulk.all", "count", p.Total)
}

// onThisPage says what the number beside a heading counts where the list has
// more pages: a group may go on there.
func (p Props) onThisPage(ctx context.Context, n int) string {
	if p.Next == "" && p.Query.Get("cursor") == "" {
		return ""
	}
	return ui.T(ctx, "queue.group.here", "count", n)
}

func (p Props) table() bool { return p.Display.Layout == "table" }

func (p Props) shows(column string) bool { return slices.Contains(p.Display.Columns, column) }

// chip is one filter in force.
type chip struct {
	Clause          *Clause // nil for the words looked for
	Label, Op, Text string
}

func (p Props) chips(ctx context.Context) []chip {
	var out []chip
	if p.Filter.Text != "" {
		out = append(out, chip{nil, ui.T(ctx, "queue.filter.q"), "", p.Filter.Text})
	}
	for _, c := range p.Filter.Clauses {
		var w []string
		for _, v := range c.Values {
			w = append(w, p.word(ctx, c.Field, v))
		}
		x := chip{&c, ui.T(ctx, p.Label(c.Field)), "", strings.Join(w, ui.T(ctx, "queue.filter.or"))}
		if c.Op != "is" {
			x.Op = ui.T(ctx, "queue.filter.op."+c.Op)
		}
		out = append(out, x)
	}
	return out
}

// word is one value of a field in words.
func (p Props) word(ctx context.Context, name, v string) string {
	f, _ := p.field(name)
	switch {
	case v == Me && f.Person:
		return ui.T(ctx, "queue.filter.me")
	case f.Is == Dates:
		return v
	case f.Is == Flags:
		return ui.T(ctx, "ui."+v)
	case name == "priority":
		return "P" + v
	case name == "state":
		return ui.T(ctx, p.Look.StateKey+v)
	case name == "pending":
		return ui.T(ctx, p.Look.PendingKey+v)
	}
	s := p.called(ctx, f, v)
	if s == "" {
		return ui.T(ctx, "queue.filter.gone")
	}
	return s
}

// called is the name of a thing that a field points at; "" if it is gone.
func (p Props) called(ctx context.Context, f Field, v string) string {
	id, err := uuid.Parse(v)
	switch {
	case err != nil:
		return p.Look.Word(ctx, f.Name, v)
	case f.Person:
		if x, ok := p.People[id]; ok {
			return x.Display(i18n.Lang(ctx))
		}
		return ""
	case f.Name == "team":
		return teamName(i18n.Lang(ctx), p.Teams, &id)
	case f.Name == "department":
		return p.Departments[id].Display(i18n.Lang(ctx))
	}
	return p.Look.Word(ctx, f.Name, v)
}

// options are what the builder offers for a field.
func (p Props) options(ctx context.Context, name string) []ui.Option {
	f, _ := p.field(name)
	keyed := func(prefix string, list []string) (out []ui.Option) {
		for _, w := range list {
			out = append(out, ui.Option{Value: w, Label: ui.T(ctx, prefix+w)})
		}
		return out
	}
	switch {
	case f.Is == Flags:
		return keyed("ui.", []string{"yes", "no"})
	case name == "priority":
		return Priorities(ctx)
	case name == "state":
		return keyed(p.Look.StateKey, f.Words)
	case name == "pending":
		return keyed(p.Look.PendingKey, f.Words)
	case name == "team":
		return teamOptions(ctx, p.Teams)
	case name == "department":
		var out []ui.Option
		for id, d := range p.Departments {
			out = append(out, ui.Option{Value: id.String(), Label: d.Display(i18n.Lang(ctx))})
		}
		slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
		return out
	}
	return p.Look.Offer(ctx, name)
}

// Priorities are the four of them, to choose from.
func Priorities(ctx context.Context) []ui.Option {
	var out []ui.Option
	for n := 1; n <= 4; n++ {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: fmt.Sprintf("P%d · %s", n, ui.T(ctx, fmt.Sprintf("ui.priority.%d", n)))})
	}
	return out
}

func teamOptions(ctx context.Context, list []identity.Team) []ui.Option {
	var out []ui.Option
	for _, t := range list {
		if t.Active {
			out = append(out, ui.Option{Value: t.ID.String(), Label: t.Display(i18n.Lang(ctx))})
		}
	}
	return out
}

// group is a run of rows under one heading; Rows are their places in the list.
type group struct {
	Priority int
	Label    string
	Rows     []int
}

func (p Props) groups(ctx context.Context) []group {
	by := p.Filter.Group
	if s := p.sort(); by == "" && (s == "priority" || s == "due") {
		by = s
	}
	if by == "" || (by == "priority" || by == "due") && p.sort() != by {
		all := make([]int, len(p.Lines))
		for n := range all {
			all[n] = n
		}
		return []group{{Rows: all}}
	}
	var out []group
	last := ""
	for n, l := range p.Lines {
		k := p.group(by, l)
		if by == "due" {
			k = sla.Bucket(l.DueAt, p.Now, ui.Zone(ctx))
		}
		if n == 0 || k != last {
			last = k
			out = append(out, p.heading(ctx, by, k, l))
		}
		out[len(out)-1].Rows = append(out[len(out)-1].Rows, n)
	}
	return out
}

// heading begins a group with its first row.
func (p Props) heading(ctx context.Context, by, key string, l Line) group {
	switch by {
	case "due":
		return group{Label: ui.T(ctx, "queue.due."+key)}
	case "state":
		return group{Label: ui.T(ctx, p.Look.StateKey+l.State)}
	case "team":
		return group{Label: orNone(ctx, teamName(i18n.Lang(ctx), p.Teams, l.TeamID))}
	case "assignee":
		return group{Label: orNone(ctx, i18n.Pick(ctx, l.AssigneeName, l.AssigneeEn))}
	}
	return group{Priority: l.Priority}
}

// name is what the group's region is called.
func (g group) name() string {
	if g.Priority > 0 {
		return fmt.Sprintf("P%d", g.Priority)
	}
	return g.Label
}

// kept are the parts of the page's address that a form carries along.
func (p Props) kept(except ...string) [][2]string {
	var out [][2]string
	q := p.base(p.Filter)
	for _, k := range slices.Sorted(maps.Keys(q)) {
		for _, v := range q[k] {
			if !slices.Contains(except, k) {
				out = append(out, [2]string{k, v})
			}
		}
	}
	return out
}

func (c Clause) has(v string) bool { return slices.Contains(c.Values, v) }

// first is the clause's value where it is a span, or where it is not.
func (c Clause) first(span bool) string {
	if len(c.Values) == 0 || span != (c.Op == "within" || c.Op == "older") {
		return ""
	}
	return c.Values[0]
}

func (p Props) isBuilding() bool {
	_, ok := p.building()
	return ok
}

// building is the condition whose form is open: one of those in force, or a
// new one of the field that add names.
func (p Props) building() (Clause, bool) {
	for _, c := range p.Filter.Clauses {
		if c.String() == p.Query.Get("edit") {
			return c, true
		}
	}
	f, ok := p.field(p.Query.Get("add"))
	if !ok {
		return Clause{}, false
	}
	return Clause{Field: f.Name, Op: f.Ops[0]}, true
}

func (p Props) fieldOf(c Clause) Field { f, _ := p.field(c.Field); return f }

// bulkProps is the form of a change of many records.
type bulkProps struct {
	*Spec
	Chosen Chosen
	Fields templ.Component
	Fault  *fault.Error
}

func intText(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func orNone(ctx context.Context, s string) string {
	if s == "" {
		return ui.T(ctx, "ui.none")
	}
	return s
}

package change

import (
	"net/url"
	"slices"
	"time"

	"opsdesk/internal/queue"
)

// The words of package queue, for the list of changes.
type (
	Filter = queue.Filter
	Clause = queue.Clause
	Page   = queue.Page[Row]
)

// Row is a line of the list.
type Row struct {
	queue.Line
	Type         Type       `db:"type"`
	Risk         Level      `db:"risk"`
	OnHold       bool       `db:"on_hold"`
	Unauthorised bool       `db:"unauthorised"`
	GlassAt      *time.Time `db:"glass_at"`
	WindowFrom   *time.Time `db:"window_from"`
	WindowTo     *time.Time `db:"window_to"`
}

const openOnly = "r.category IN ('new', 'active', 'pending')"

// list says what the list of changes is. What is due is the window, and the
// review after it.
var list = queue.Spec{
	Kind: Kind, Path: "/changes", Text: "change.", Icon: "git-pull-request", Nav: "changes-", Sort: "updated",
	Views: []queue.View{
		{Name: "open", Open: true, Where: openOnly},
		{Name: "mine", Open: true, Where: openOnly + " AND (r.requester_id = @me OR r.assignee_id = @me)"},
		{Name: "planning", Open: true, Where: openOnly + " AND r.state IN ('draft', 'submitted', 'assessing', 'testing', 'reviewing')"},
		{Name: "scheduled", Open: true, Where: openOnly + " AND r.state IN ('approved', 'scheduled')"},
		{Name: "running", Open: true, Where: openOnly + " AND r.state IN ('implementing', 'rolling_back', 'verifying')"},
		{Name: "review", Where: "r.state = 'review'"},
		{Name: "closed", Where: "r.state IN ('closed', 'cancelled')"},
		{Name: "all"},
	},
	Fields: fields(),
	Flow:   flow(),
	Select: ", x.type, x.risk, x.on_hold, x.unauthorised, x.glass_at, x.window_from, x.window_to", Joins: "JOIN changes x ON x.id = r.id", Pending: "''",
	Number: Label, ParseNumber: ParseLabel,
	Columns: []string{"priority", "type", "risk", "window", "requester", "assignee", "service", "created", "updated"},
	Chosen:  []string{"type", "risk", "window", "assignee"},
	Exports: []string{"number", "title", "type", "state", "risk", "priority", "window", "service", "created", "updated"},
}

// fields are what a filter may ask of changes. They belong to no team, and none
// is confidential.
func fields() []queue.Field {
	states := make([]string, len(States))
	for n, s := range States {
		states[n] = string(s)
	}
	own := func(name, col string, is queue.Compares, ops []string, words ...string) queue.Field {
		return queue.Field{Name: name, Is: is, Ops: ops, Words: words, Col: col, From: "changes x", Key: "x.id", Short: is == queue.Words}
	}
	out := queue.With(queue.Common(states), "state",
		own("type", "x.type", queue.Words, queue.Choice, string(Normal), string(Standard), string(Emergency)),
		own("risk", "x.risk", queue.Words, queue.Choice, string(Low), string(Medium), string(High)))
	out = queue.With(out, "department", own("window", "x.window_from", queue.Dates, []string{"after", "before"}))
	return slices.DeleteFunc(out, func(f queue.Field) bool { return f.Name == "team" || f.Name == "vip" || f.Name == "confidential" })
}

// flow is the order in which a list by state puts its groups.
func flow() []string {
	var out []string
	for _, s := range States {
		if s.Category().Open() {
			out = append(out, string(s))
		}
	}
	return out
}

// ParseFilter reads a filter from an address. Unknown values are refused, so
// that a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) { return list.Parse(q) }

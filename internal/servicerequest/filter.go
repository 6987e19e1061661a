package servicerequest

import (
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/queue"
)

// The words of package queue, for the list of requests.
type (
	Filter = queue.Filter
	Clause = queue.Clause
	Cursor = queue.Cursor
	Page   = queue.Page[Row]
)

// Row is a line of a list of requests.
type Row struct {
	queue.Line
	ItemID     uuid.UUID  `db:"item_id"`
	ExpectedAt *time.Time `db:"expected_at"`
	HeldSince  *time.Time `db:"held_since"`
	TitleEn    string     `db:"title_en"`
}

// everything is the view that also holds drafts; only one's own are asked for
// with it.
const everything = "everything"

const (
	// openOnly leaves out what is still being filled in.
	openOnly = "r.category IN ('new', 'active', 'pending') AND r.state <> 'draft'"
	// through finds the requests in which a team or a person has a task to do now.
	through = " AND r.id IN (SELECT t.request_id FROM service_request_tasks t WHERE t.state = 'ready' AND "
)

// list says what the list of requests is. A request is in the lists of every
// team that has something to do for it, not only of the first.
var list = queue.Spec{
	Kind: Kind, Path: "/requests", Text: "servicerequest.", Icon: "category", TitleEn: "ci.name_en", Nav: "requests-", Sort: "updated",
	Views: []queue.View{
		{Name: "open", Open: true, Where: openOnly},
		{Name: "mine", Open: true, Where: openOnly + through + "t.assignee_id = @me)"},
		{Name: "team", Open: true, Where: openOnly + through + "t.team_id = ANY(@my_teams))"},
		{Name: "approving", Open: true, Where: openOnly + " AND r.state = 'approving'"},
		{Name: "pending", Open: true, Where: openOnly + " AND r.state = 'pending'"},
		{Name: "fulfilled", Where: "r.state = 'fulfilled'"},
		{Name: "closed", Where: "r.state IN ('closed', 'rejected', 'cancelled')"},
		{Name: "all", Where: "r.state <> 'draft'"},
		{Name: everything, Hidden: true},
	},
	Fields: fields(),
	Flow:   []string{string(Sent), string(Approving), string(Approved), string(Fulfilling)},
	Select: ", x.item_id, x.expected_at, x.held_since, ci.name_en AS title_en", Joins: "JOIN service_requests x ON x.id = r.id JOIN catalog_items ci ON ci.id = x.item_id", Pending: "x.pending_reason",
	Number: Label, ParseNumber: ParseLabel,
	Columns: []string{"priority", "due", "requester", "assignee", "team", "service", "pending", "expected", "created", "updated"},
	Chosen:  []string{"priority", "due", "requester", "assignee", "team", "expected"},
	Exports: []string{"number", "title", "state", "priority", "due", "team", "service", "pending", "expected", "created", "updated"},
}

// fields are what a filter may ask of requests.
func fields() []queue.Field {
	states := make([]string, 0, len(States))
	for _, s := range States[1:] { // a draft is in no list
		states = append(states, string(s))
	}
	reasons := make([]string, 0, len(PendingReasons))
	for _, s := range PendingReasons {
		reasons = append(reasons, string(s))
	}
	own := func(name, col string, is queue.Compares, ops, words []string) queue.Field {
		return queue.Field{Name: name, Is: is, Ops: ops, Words: words, Col: col, From: "service_requests x", Key: "x.id"}
	}
	item := own("item", "x.item_id", queue.IDs, queue.Choice, nil)
	item.Short = true
	out := queue.With(queue.Common(states), "state", item)
	out = queue.With(out, "department", own("pending", "x.pending_reason", queue.Words, queue.Choice, reasons), own("expected", "x.expected_at", queue.Dates, []string{"after", "before"}, nil))
	team := slices.IndexFunc(out, func(f queue.Field) bool { return f.Name == "team" })
	out[team] = queue.Field{
		Name: "team", Is: queue.IDs, Ops: queue.Choice, Col: "t.team_id", From: "service_request_tasks t", Key: "t.request_id", Where: "t.state = 'ready'", Many: true, Short: true,
	}
	return out
}

// ParseFilter reads a filter from an address. Unknown values are refused, so
// that a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) { return list.Parse(q) }

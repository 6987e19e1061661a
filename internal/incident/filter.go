package incident

import (
	"net/url"

	"github.com/google/uuid"

	"opsdesk/internal/queue"
)

// The words of package queue, for the list of incidents.
type (
	Filter = queue.Filter
	Clause = queue.Clause
	Cursor = queue.Cursor
	Page   = queue.Page[Row]
)

// Row is a line of a list.
type Row struct {
	queue.Line
	Channel    string     `db:"channel"`
	ParentID   *uuid.UUID `db:"parent_id"`
	Major      string     `db:"major"`
	CategoryID *uuid.UUID `db:"category_id"`
}

const openOnly = "r.category IN ('new', 'active', 'pending')"

// list says what the list of incidents is.
var list = queue.Spec{
	Kind: Kind, Path: "/incidents", Text: "incident.", Icon: "alert-circle", Nav: "view-", Sort: "updated",
	Views: []queue.View{
		{Name: "open", Open: true, Where: openOnly},
		{Name: "mine", Open: true, Where: openOnly + " AND r.assignee_id = @me"},
		{Name: "team", Open: true, Where: openOnly + " AND r.team_id = ANY(@my_teams)"},
		{Name: "unassigned", Open: true, Where: openOnly + " AND r.assignee_id IS NULL"},
		{Name: "pending", Open: true, Where: openOnly + " AND r.state = 'pending'"},
		{Name: "resolved", Where: "r.state = 'resolved'"},
		{Name: "closed", Where: "r.state IN ('closed', 'cancelled')"},
		{Name: "all"},
	},
	Fields: fields(),
	Flow:   []string{string(New), string(Accepted), string(InProgress)},
	Select: ", i.channel, i.parent_id, i.major, i.category_id", Joins: "JOIN incidents i ON i.id = r.id", Pending: "i.pending_reason",
	Number: Label, ParseNumber: ParseLabel,
	Columns: []string{"priority", "due", "requester", "assignee", "team", "category", "service", "pending", "channel", "created", "updated"},
	Chosen:  []string{"priority", "due", "requester", "assignee", "team", "updated"},
	Exports: []string{"number", "title", "state", "priority", "team", "category", "service", "pending", "channel", "created", "updated"},
}

// fields are what a filter may ask of incidents.
func fields() []queue.Field {
	own := func(name string, is queue.Compares, ops, words []string) queue.Field {
		col := map[string]string{"parent": "x.parent_id", "major": "x.major", "category": "x.category_id", "pending": "x.pending_reason", "channel": "x.channel"}[name]
		return queue.Field{Name: name, Is: is, Ops: ops, Words: words, Col: col, From: "incidents x", Key: "x.id"}
	}
	category := own("category", queue.IDs, queue.Maybe, nil)
	category.Short, category.Below = true, categoriesBelow
	out := queue.With(queue.Common(text(States[:])), "team", category)
	return queue.With(out, "department",
		own("major", queue.Words, queue.Choice, Majors[:]),
		own("parent", queue.IDs, []string{"any", "none", "is"}, nil),
		own("pending", queue.Words, queue.Choice, text(PendingReasons[:])),
		own("channel", queue.Words, queue.Choice, Channels[:]),
	)
}

func text[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}

// ParseFilter reads a filter from an address. Unknown values are refused, so that
// a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) { return list.Parse(q) }

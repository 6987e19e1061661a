package inspection

import (
	"net/url"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/queue"
)

// The words of package queue, for the list of inspections.
type (
	Filter = queue.Filter
	Page   = queue.Page[Row]
)

// Row is a line of the list.
type Row struct {
	queue.Line
	NameEn      string     `db:"name_en"`
	PlanID      uuid.UUID  `db:"plan_id"`
	ScheduledAt time.Time  `db:"scheduled_at"`
	EndedAt     *time.Time `db:"ended_at"`
	Findings    int        `db:"findings"`
	ItemCount   int        `db:"item_count"`
	Superseded  bool       `db:"superseded"`
	Reason      string     `db:"cancel_reason"`
}

// Overdue reports whether it should have been finished before an instant.
func (r Row) Overdue(now time.Time) bool {
	return r.Category.Open() && r.DueAt != nil && !r.DueAt.After(now)
}

const openOnly = "r.category IN ('new', 'active', 'pending')"

// list says what the list of inspections is. What is due is when it must be
// finished.
var list = queue.Spec{
	Kind: Kind, Path: "/inspections", Text: "inspection.", Icon: "list-check", TitleEn: "x.name_en", Nav: "inspections-", Sort: "updated",
	Views: []queue.View{
		{Name: "open", Open: true, Where: openOnly},
		{Name: "mine", Open: true, Where: openOnly + " AND r.assignee_id = @me"},
		{Name: "team", Open: true, Where: openOnly + " AND r.team_id = ANY(@my_teams)"},
		{Name: "overdue", Open: true, Where: openOnly + " AND r.due_at <= @now"},
		{Name: "today", Open: true, Where: openOnly + " AND r.due_at < @tomorrow"},
		{Name: "coming", Open: true, Where: openOnly + " AND r.due_at >= @tomorrow"},
		{Name: "done", Where: "r.state = 'done'"},
		{Name: "missed", Where: "r.state = 'missed'"},
		{Name: "all"},
	},
	Fields: fields(),
	Flow:   []string{string(InProgress), string(Planned)},
	Select: ", x.name_en, x.plan_id, x.scheduled_at, x.ended_at, x.findings, cardinality(x.items) AS item_count, x.superseded, x.cancel_reason", Joins: "JOIN inspections x ON x.id = r.id", Pending: "''",
	Number: Label, ParseNumber: ParseLabel,
	Columns: []string{"due", "items", "findings", "team", "assignee", "service", "created", "updated"},
	Chosen:  []string{"due", "items", "findings", "team", "assignee"},
	Exports: []string{"number", "title", "state", "due", "items", "findings", "service", "created", "updated"},
}

// fields are what a filter may ask of inspections.
func fields() []queue.Field {
	states := make([]string, len(States))
	for n, s := range States {
		states[n] = string(s)
	}
	var out []queue.Field
	for _, f := range queue.Common(states) {
		switch f.Name {
		case "state", "assignee", "team", "service", "created", "updated":
			out = append(out, f)
		}
	}
	return append(out,
		queue.Field{Name: "found", Is: queue.Flags, Ops: []string{"is"}, Yes: "EXISTS (SELECT 1 FROM inspections f WHERE f.id = r.id AND f.findings > 0)"},
		queue.Field{Name: "plan", Is: queue.IDs, Ops: []string{"is"}, Col: "p.plan_id", From: "inspections p", Key: "p.id", Short: true},
	)
}

// ParseFilter reads a filter from an address. Unknown values are refused, so
// that a mistyped filter never shows more than was meant.
func ParseFilter(q url.Values) (Filter, error) { return list.Parse(q) }

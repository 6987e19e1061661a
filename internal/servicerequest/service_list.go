package servicerequest

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/queue"
	"opsdesk/internal/view"
)

// JobViews looks whether a view that somebody watches holds too much.
const JobViews = "servicerequest.views"

// PageSize is how many rows one page of a list has.
const PageSize = queue.PageSize

// lists makes the queue of requests.
func (s *Service) lists(views *view.Service, batches *batch.Service) (err error) {
	s.queue, err = queue.New(s.desk, queue.Options[Row]{
		Spec: list, Zone: s.zone, Saves: views, Batches: batches, Note: ActionNote, Export: ActionExport, Cells: s.cells, Complete: s.completeRows, Job: JobViews, Over: "servicerequest.view_over",
		Counted: map[string]Filter{"mine": {View: "mine"}, "team": {View: "team"}},
	})
	return err
}

// completeRows moves the day that was told by how long a request has waited, as
// its page does.
func (s *Service) completeRows(ctx context.Context, rows []Row) error {
	return s.movedDays(ctx, len(rows), func(n int) (**time.Time, *time.Time) { return &rows[n].ExpectedAt, rows[n].HeldSince })
}

// List lists the requests that the actor may see and the filter asks for.
// cursor is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	return s.queue.List(ctx, f, cursor)
}

// Mine lists what the actor asked for or was asked for them, newest change
// first, after a row of which the instant and the id are known. Words narrow
// it.
func (s *Service) Mine(ctx context.Context, text string, after *Cursor, limit int) ([]Row, error) {
	own := Clause{Field: "requester", Op: "is", Values: []string{queue.Me}}
	return s.queue.Rows(ctx, Filter{View: everything, Clauses: []Clause{own}, Text: text, Sort: "updated", After: after, Limit: limit})
}

// Source is where the command palette finds records of this list.
func (s *Service) Source() queue.Source { return s.queue.Source() }

// Navigation returns the saved views of the actor and how much the lists of the
// navigation hold.
func (s *Service) Navigation(ctx context.Context) ([]view.View, map[string]int) {
	return s.queue.Navigation(ctx)
}

// Forget drops what was counted for a person, so that the next page shows
// their own act.
func (s *Service) Forget(person uuid.UUID) { s.queue.Forget(person) }

// Export writes the rows of a list that the actor may see and may take out.
func (s *Service) Export(ctx context.Context, in queue.ExportInput, open func(name string) io.Writer) (queue.Exported, error) {
	return s.queue.Take(ctx, in, open)
}

// cells puts what only requests have into words, for exports.
func (s *Service) cells(ctx context.Context, m *i18n.Messages, zone *time.Location) (func(string, Row) (string, bool), error) {
	list, err := s.Services(ctx)
	services := map[uuid.UUID]string{}
	for _, x := range list {
		services[x.ID] = x.Name(m.Lang)
	}
	return func(column string, r Row) (string, bool) {
		switch column {
		case "title":
			return pick(m.Lang, r.Title, r.TitleEn), true
		case "state":
			return m.T("servicerequest.state." + r.State), true
		case "service":
			if r.ServiceID == nil {
				return "", true
			}
			return services[*r.ServiceID], true
		case "pending":
			if r.PendingReason == "" {
				return "", true
			}
			return m.T("servicerequest.pending_reason." + r.PendingReason), true
		case "expected":
			if r.ExpectedAt == nil {
				return "", true
			}
			return r.ExpectedAt.In(zone).Format("2006-01-02 15:04"), true
		}
		return "", false
	}, err
}

// TodoPage is one page of tasks.
type TodoPage struct {
	Rows []Todo
	Next string
}

// Todo lists the tasks that wait for the actor, or for their teams.
func (s *Service) Todo(ctx context.Context, mine bool, cursor string) (p TodoPage, err error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return p, err
	}
	if !who.Agent() {
		return p, fault.New(fault.Forbidden, "error.forbidden")
	}
	after, err := db.ParseCursor[TodoCursor](cursor)
	if err != nil {
		return p, err
	}
	if p.Rows, err = s.repo.todo(ctx, s.desk.DB, v, who.ID, who.Teams, mine, after, PageSize+1); err != nil {
		return p, err
	}
	if err := s.movedDays(ctx, len(p.Rows), func(n int) (**time.Time, *time.Time) { return &p.Rows[n].ExpectedAt, p.Rows[n].HeldSince }); err != nil {
		return p, err
	}
	if len(p.Rows) <= PageSize {
		return p, nil
	}
	p.Rows = p.Rows[:PageSize]
	last := p.Rows[PageSize-1]
	p.Next = db.Cursor(TodoCursor{*last.ReadyAt, last.ID})
	return p, nil
}

package servicerequest

import (
	"context"
	"time"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// PageSize is how many rows one page of a list has.
const PageSize = 50

// Page is one page of a list.
type Page struct {
	Rows []Row
	Next string // cursor of the following page; "" at the end
}

// List lists the requests that the actor may see and the filter asks for.
// cursor is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (p Page, err error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = PageSize
	}
	if f.After, err = db.ParseCursor[Cursor](cursor); err != nil {
		return p, err
	}
	want := f.Limit
	f.Limit++
	if p.Rows, err = s.rows(ctx, f); err != nil || len(p.Rows) <= want {
		return p, err
	}
	p.Rows = p.Rows[:want]
	last := p.Rows[want-1]
	c := Cursor{Priority: last.Priority, Due: "infinity", At: last.CreatedAt, ID: last.ID}
	if last.DueAt != nil {
		c.Due = last.DueAt.UTC().Format(time.RFC3339Nano)
	}
	if f.sorted() == "updated" {
		c.At = last.UpdatedAt
	}
	p.Next = db.Cursor(c)
	return p, nil
}

func (s *Service) rows(ctx context.Context, f Filter) ([]Row, error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	a := asked{me: who.ID, teams: who.Teams}
	if _, number := ParseLabel(f.Text); f.Text != "" && !number {
		g, err := search.LoadGlossary(ctx, s.desk.DB)
		if err != nil {
			return nil, err
		}
		named, err := identity.Called(ctx, s.desk.DB, f.Text)
		if err != nil {
			return nil, err
		}
		a.found, a.args = s.scope(who, v).Match(search.Parse(f.Text, g), named...)
	}
	return s.repo.list(ctx, s.desk.DB, v, f, a)
}

// scope is what a reader's questions may reach.
func (s *Service) scope(who identity.Actor, v record.Visibility) search.Scope {
	row, err := s.desk.Row(ActionNote)
	if err != nil {
		return search.Scope{Read: v}
	}
	return search.Scope{Read: v, Notes: record.Visible(s.desk.Matrix.ReadScope(who, row), who, s.desk.Now())}
}

// Mine lists what the actor asked for or was asked for them, newest change
// first, after a row of which the instant and the id are known. Words narrow
// it.
func (s *Service) Mine(ctx context.Context, text string, after *Cursor, limit int) ([]Row, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.rows(ctx, Filter{View: everything, Text: text, Sort: "updated", After: after, Limit: limit, requester: &who.ID})
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
	if p.Rows, err = s.repo.todo(ctx, s.desk.DB, v, who.ID, who.Teams, mine, after, PageSize+1); err != nil || len(p.Rows) <= PageSize {
		return p, err
	}
	p.Rows = p.Rows[:PageSize]
	last := p.Rows[PageSize-1]
	p.Next = db.Cursor(TodoCursor{*last.ReadyAt, last.ID})
	return p, nil
}

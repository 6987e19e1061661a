package incident

import (
	"context"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// CountLimit is up to where lists are counted; more is shown as "10 000+".
const CountLimit = 10000

// PageSize is how many rows one page of a list has.
const PageSize = 50

// Page is one page of a list.
type Page struct {
	Rows  []Row
	Next  string // cursor of the following page; "" at the end
	Total int    // at most CountLimit+1
}

// List lists the incidents that the actor may see and the filter asks for.
// cursor is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return Page{}, err
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = PageSize
	}
	if f.After, err = db.ParseCursor[Cursor](cursor); err != nil {
		return Page{}, err
	}
	want := f.Limit
	f.Limit++
	rows, err := s.repo.list(ctx, s.desk.DB, v, f, who.ID, who.Teams)
	if err != nil {
		return Page{}, err
	}
	p := Page{Rows: rows}
	if len(rows) > want {
		p.Rows = rows[:want]
		p.Next = cursorOf(p.Rows[want-1], f.Sort)
	}
	p.Total, err = s.repo.count(ctx, s.desk.DB, v, f, who.ID, who.Teams, CountLimit)
	return p, err
}

// Count counts a view for the navigation, up to limit+1.
func (s *Service) Count(ctx context.Context, view string, limit int) (int, error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return 0, err
	}
	return s.repo.count(ctx, s.desk.DB, v, Filter{View: view}, who.ID, who.Teams, limit)
}

// Mine lists what the actor reported or follows, newest first.
func (s *Service) Mine(ctx context.Context, cursor string) (Page, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Page{}, err
	}
	return s.List(ctx, Filter{View: "all", Requester: &who.ID, Sort: "updated"}, cursor)
}

func cursorOf(r Row, sort string) string {
	c := Cursor{Priority: r.Priority, At: r.CreatedAt, ID: r.ID}
	if sort == "updated" {
		c.At = r.UpdatedAt
	}
	return db.Cursor(c)
}

package incident

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// CountLimit is up to where pages count a list; more is shown as "1 000+". Each
// record must be looked at to be counted, and nobody reads that many. Programs
// get ProgramLimit.
const (
	CountLimit   = 1000
	ProgramLimit = 10000
)

// PageSize is how many rows one page of a list has.
const PageSize = 50

// Page is one page of a list.
type Page struct {
	Rows  []Row
	Next  string // cursor of the following page; "" at the end
	Total int    // at most Limit+1
	Limit int    // up to where it was counted
}

// asked looks up what a filter needs to be put as a question: who asks, what
// the words mean, what is below the categories.
func (s *Service) asked(ctx context.Context, f Filter) (record.Visibility, asked, error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	a := asked{me: who.ID, teams: who.Teams, now: s.desk.Now(), zone: s.zone}
	if err != nil {
		return v, a, err
	}
	if z, err := time.LoadLocation(who.TimeZone); err == nil && who.TimeZone != "" {
		a.zone = z
	}
	var below []uuid.UUID
	for _, c := range f.Clauses {
		if c.Field == "category" {
			for _, x := range c.Values {
				below = append(below, uuid.MustParse(x))
			}
		}
	}
	if len(below) > 0 {
		if a.below, err = s.repo.categoriesBelow(ctx, s.desk.DB, below); err != nil {
			return v, a, err
		}
	}
	if _, number := ParseLabel(f.Text); f.Text != "" && !number {
		g, err := search.LoadGlossary(ctx, s.desk.DB)
		if err != nil {
			return v, a, err
		}
		people, err := identity.Called(ctx, s.desk.DB, f.Text)
		if err != nil {
			return v, a, err
		}
		a.found, a.args = s.scope(who, v).Match(search.Parse(f.Text, g), people...)
	}
	return v, a, nil
}

// scope is what a reader's questions may reach.
func (s *Service) scope(who identity.Actor, v record.Visibility) search.Scope {
	row, err := s.desk.Row(ActionNote)
	if err != nil {
		return search.Scope{Read: v}
	}
	return search.Scope{Read: v, Notes: record.Visible(s.desk.Matrix.ReadScope(who, row), who, s.desk.Now())}
}

func (s *Service) rows(ctx context.Context, f Filter) ([]Row, error) {
	v, a, err := s.asked(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.repo.list(ctx, s.desk.DB, v, f, a)
}

func (s *Service) count(ctx context.Context, f Filter, limit int) (int, error) {
	v, a, err := s.asked(ctx, f)
	if err != nil {
		return 0, err
	}
	return s.repo.count(ctx, s.desk.DB, v, f, a, limit)
}

// List lists the incidents that the actor may see and the filter asks for.
// cursor is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	p, err := s.page(ctx, f, cursor)
	if err != nil {
		return p, err
	}
	if p.Limit = f.CountTo; p.Limit == 0 {
		p.Limit = CountLimit
	}
	if p.Next == "" && cursor == "" {
		p.Total = len(p.Rows)
		return p, nil
	}
	p.Total, err = s.count(ctx, f, p.Limit)
	return p, err
}

// page is List without the count.
func (s *Service) page(ctx context.Context, f Filter, cursor string) (p Page, err error) {
	if f.Limit <= 0 || f.Limit > maxPage {
		f.Limit = PageSize
	}
	if f.After, err = db.ParseCursor[Cursor](cursor); err != nil {
		return p, err
	}
	want := f.Limit
	f.Limit++
	if p.Rows, err = s.rows(ctx, f); err != nil {
		return p, err
	}
	if len(p.Rows) > want {
		p.Rows = p.Rows[:want]
		p.Next = f.cursor(p.Rows[want-1])
	}
	return p, nil
}

// maxPage is the largest page that anything may ask for; exports use it.
const maxPage = 1000

// Mine lists what the actor reported, newest first.
func (s *Service) Mine(ctx context.Context, text, cursor string) (Page, error) {
	return s.List(ctx, Filter{View: "all", Clauses: []Clause{{"requester", "is", []string{me}}}, Text: text, Sort: "updated"}, cursor)
}

func (f Filter) cursor(r Row) string { return db.Cursor(*f.place(r)) }

// place is where the list goes on after a row.
func (f Filter) place(r Row) *Cursor {
	c := Cursor{Priority: r.Priority, At: r.CreatedAt, ID: r.ID}
	if c.Due = "infinity"; r.DueAt != nil {
		c.Due = r.DueAt.UTC().Format(time.RFC3339Nano)
	}
	if f.sorted() == "updated" && groups[f.Group] == "" {
		c.At = r.UpdatedAt
	}
	if groups[f.Group] != "" {
		c.Group = f.group(r)
	}
	return &c
}

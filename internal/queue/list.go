package queue

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// CountLimit is up to where pages count a list; more is shown as "1 000+". Each
// record must be looked at to be counted, and nobody reads that many. Programs
// get ProgramLimit.
const (
	CountLimit   = 1000
	ProgramLimit = 10000
)

// PageSize is how many rows one page of a list has; maxRows is how many an
// address may ask for; maxPage is the largest that anything may: exports use it.
const (
	PageSize = 50
	maxRows  = 200
	maxPage  = 1000
)

// Page is one page of a list.
type Page[R Row] struct {
	Rows  []R
	Next  string // cursor of the following page; "" at the end
	Total int    // at most Limit+1
	Limit int    // up to where it was counted
}

// Ask looks up what a filter needs to be put as a question: who asks, what the
// words mean, what is below the values.
func (q *Queue[R]) Ask(ctx context.Context, f Filter) (Ask, error) {
	v, who, err := q.desk.Visibility(ctx, q.Kind)
	a := Ask{Visible: v, Me: who.ID, Teams: who.Teams, Now: q.desk.Now(), Zone: q.Zone}
	if err != nil {
		return a, err
	}
	if z, err := time.LoadLocation(who.TimeZone); err == nil && who.TimeZone != "" {
		a.Zone = z
	}
	for _, field := range q.Fields {
		if ids := f.IDs(field.Name); field.Below != nil && len(ids) > 0 {
			below, err := field.Below(ctx, q.desk.DB, ids)
			if err != nil {
				return a, err
			}
			a.below = map[string]map[uuid.UUID][]uuid.UUID{field.Name: below}
		}
	}
	if _, alone := q.numbered(f.Text); f.Text != "" && !alone {
		g, err := search.LoadGlossary(ctx, q.desk.DB)
		if err != nil {
			return a, err
		}
		people, err := identity.Called(ctx, q.desk.DB, f.Text)
		if err != nil {
			return a, err
		}
		scope := q.Scope(who, v)
		view, _ := q.view(f.View)
		scope.Open = view.Open
		words := search.Parse(f.Text, g)
		if len(people) == 0 && !words.Empty() && q.plain(f) {
			if scope.Each, err = search.Common(ctx, q.desk.DB, words, cmp.Or(f.Limit, PageSize)); err != nil {
				return a, err
			}
		}
		if !scope.Open && !words.Empty() {
			if scope.Rare, err = search.Rare(ctx, q.desk.DB, words); err != nil {
				return a, err
			}
		}
		a.found, a.args = scope.Match(words, people...)
		if len(people) == 0 && !words.Empty() && !scope.Open && q.Sorted(f) == "updated" && q.groupBy(f.Group) == "" {
			a.words = words
			a.since = func(weeks []string) (string, db.Args) {
				scope.Weeks = weeks
				return scope.Match(words)
			}
		}
	}
	return a, nil
}

// plain reports whether a list holds all that is open, in the order of an index:
// words that many have are looked for record by record there. A narrower list
// would have to look at many that are not in it.
func (s *Spec) plain(f Filter) bool {
	view, _ := s.view(f.View)
	return view.Open && view.Name == s.Views[0].Name && len(f.Clauses) == 0 && s.groupBy(f.Group) == ""
}

// Scope is what a reader's questions may reach.
func (q *Queue[R]) Scope(who identity.Actor, v record.Visibility) search.Scope {
	return scope(q.desk, q.Note, who, v)
}

func scope(d *work.Desk, note authz.Action, who identity.Actor, v record.Visibility) search.Scope {
	row, err := d.Row(note)
	if err != nil {
		return search.Scope{Read: v}
	}
	return search.Scope{Read: v, Notes: record.Visible(d.Matrix.ReadScope(who, row), who, d.Now())}
}

// Rows lists at most f.Limit rows that the actor may see.
func (q *Queue[R]) Rows(ctx context.Context, f Filter) ([]R, error) {
	a, err := q.Ask(ctx, f)
	if err != nil {
		return nil, err
	}
	return q.read(ctx, q.desk.DB, f, a)
}

// read asks for rows and completes them. The record that a bare number names
// stands before those that say it: to look for both in one question would cost
// the index of words its use.
func (q *Queue[R]) read(ctx context.Context, from db.Querier, f Filter, a Ask) ([]R, error) {
	ask := func(a Ask) ([]R, error) { return rows[R](ctx, from, &q.Spec, f, a) }
	out, err := []R(nil), error(nil)
	if a.since == nil {
		out, err = ask(a)
	} else {
		at := a.Now
		if f.After != nil {
			at = f.After.At
		}
		out, err = search.Newest(ctx, from, a.words, q.Kind, at, f.Limit, func(weeks []string) ([]R, error) {
			part := a
			part.found, part.args = a.since(weeks)
			return ask(part)
		})
	}
	if err == nil && f.After == nil {
		out, err = q.first(ctx, from, f, a, out)
	}
	if err != nil || q.Complete == nil {
		return out, err
	}
	return out, q.Complete(ctx, out)
}

// Count counts at most limit+1 of them.
func (q *Queue[R]) Count(ctx context.Context, f Filter, limit int) (int, error) {
	f.Limit = limit // of what it asks for
	a, err := q.Ask(ctx, f)
	if err != nil {
		return 0, err
	}
	return q.count(ctx, q.desk.DB, f, a, limit)
}

// count counts at most limit+1 rows.
func (q *Queue[R]) count(ctx context.Context, from db.Querier, f Filter, a Ask, limit int) (int, error) {
	n, err := q.countRows(ctx, from, f, a, limit)
	if err != nil || n > limit {
		return n, err
	}
	one, err := q.first(ctx, from, f, a, nil)
	return n + len(one), err
}

// first puts the record that a bare number names before others, of which there
// are as many as were asked for at most.
func (q *Queue[R]) first(ctx context.Context, from db.Querier, f Filter, a Ask, others []R) ([]R, error) {
	label, alone := q.numbered(f.Text)
	if label == "" || alone {
		return others, nil
	}
	most := f.Limit
	f.Text, f.After, f.Limit = label, nil, 1
	one, err := rows[R](ctx, from, &q.Spec, f, a)
	if err != nil || len(one) == 0 {
		return others, err
	}
	out := append(one, others...)
	return out[:min(len(out), max(most, 1))], nil
}

// List lists the records that the actor may see and the filter asks for. cursor
// is the Next of the page before. The rows are read and counted at the same time:
// to count takes as long where there are many.
func (q *Queue[R]) List(ctx context.Context, f Filter, cursor string) (Page[R], error) {
	if f.Limit <= 0 || f.Limit > maxPage {
		f.Limit = PageSize
	}
	limit := f.CountTo
	if limit == 0 {
		limit = CountLimit
	}
	// A word may stand in every record there is, and to count only some of them
	// the index must still read all: "more than a page" has to do.
	counts := f.CountTo != 0 || f.Text == ""
	var p Page[R]
	var total int
	err := db.Beside(
		func() (err error) { p, err = q.page(ctx, f, cursor); return err },
		func() (err error) {
			if counts {
				total, err = q.Count(ctx, f, limit)
			}
			return err
		})
	switch p.Limit = limit; {
	case err != nil:
		return p, err
	case p.Next == "" && cursor == "":
		p.Total = len(p.Rows)
	case counts:
		p.Total = total
	default:
		p.Limit, p.Total = f.Limit, f.Limit+1
	}
	return p, nil
}

// page is List without the count.
func (q *Queue[R]) page(ctx context.Context, f Filter, cursor string) (p Page[R], err error) {
	if f.After, err = db.ParseCursor[Cursor](cursor); err != nil {
		return p, err
	}
	want := f.Limit
	f.Limit++
	if p.Rows, err = q.Rows(ctx, f); err != nil {
		return p, err
	}
	if len(p.Rows) > want {
		p.Rows = p.Rows[:want]
		p.Next = db.Cursor(*q.place(f, p.Rows[want-1].Base()))
	}
	return p, nil
}

// beginning is before every row, in every order.
var beginning = Cursor{Due: "-infinity", At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// place is where the list goes on after a row. After the record that a bare
// number names, which stands before the others, that is where these begin.
func (s *Spec) place(f Filter, l Line) *Cursor {
	if label, alone := s.numbered(f.Text); label == l.Number && !alone {
		return &beginning
	}
	c := Cursor{Priority: l.Priority, At: l.CreatedAt, ID: l.ID}
	if c.Due = "infinity"; l.DueAt != nil {
		c.Due = l.DueAt.UTC().Format(time.RFC3339Nano)
	}
	grouped := s.groupBy(f.Group) != ""
	if s.Sorted(f) == "updated" && !grouped {
		c.At = l.UpdatedAt
	}
	if grouped {
		c.Group = s.group(f.Group, l)
	}
	return &c
}

// ParseCursor reads the place in a list by last change that a cursor names; nil
// is its beginning.
func ParseCursor(cursor string) (*Cursor, error) { return db.ParseCursor[Cursor](cursor) }

// Cursor writes a place in a list by last change.
func (c Cursor) Cursor() string { return db.Cursor(c) }

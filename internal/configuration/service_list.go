package configuration

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/queue"
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

// PageSize is how many rows one page of the list has.
const PageSize = 50

// Page is one page of the list.
type Page struct {
	Rows  []Row
	Next  string // cursor of the following page; "" at the end
	Total int    // at most Limit+1
	Limit int
}

// asked looks up what a filter needs to be put as a question.
func (s *Service) asked(ctx context.Context, f Filter, m Model) (record.Visibility, asked, error) {
	v, who, err := s.desk.Visibility(ctx, Kind)
	a := asked{me: who.ID}
	if err != nil {
		return v, a, err
	}
	if f.Class != nil {
		a.classes = m.Below(*f.Class)
	}
	if f.Text == "" {
		return v, a, nil
	}
	if n, ok := ParseLabel(f.Text); ok {
		id, err := s.repo.idOf(ctx, s.desk.DB, n)
		if err == nil {
			a.exact = []uuid.UUID{id}
			return v, a, nil
		}
	}
	if a.exact, err = s.repo.exactly(ctx, s.desk.DB, writings(f.Text)); err != nil || len(a.exact) > 0 {
		return v, a, err
	}
	a.exact = nil
	g, err := search.LoadGlossary(ctx, s.desk.DB)
	if err != nil {
		return v, a, err
	}
	none := record.Visible(authz.ReadScope{}, who, s.desk.Now()) // items have no notes
	scope, words := search.Scope{Read: v, Notes: none}, search.Parse(f.Text, g)
	a.found, a.args = scope.Match(words)
	if f.Sort != "name" && !words.Empty() {
		a.words = words
		a.since = func(weeks []string) (string, db.Args) {
			scope.Weeks = weeks
			return scope.Match(words)
		}
	}
	return v, a, nil
}

// writings are the forms in which a text may stand among the exact values: as
// it is, and as addresses are kept.
func writings(s string) []string {
	out := []string{exactly(s)}
	for _, t := range []string{TypeIP, TypeMAC} {
		if v, code, _ := (Attribute{Type: t}).parse(s); code == "" && v != nil {
			out = append(out, exactly(text(v)))
		}
	}
	return out
}

// List lists the items that the actor may see and the filter asks for. cursor
// is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	var p Page
	m, err := s.Model(ctx)
	if err != nil {
		return p, err
	}
	return s.list(ctx, m, f, cursor)
}

func (s *Service) list(ctx context.Context, m Model, f Filter, cursor string) (p Page, err error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = PageSize
	}
	v, a, err := s.asked(ctx, f, m)
	if err != nil {
		return p, err
	}
	if a.after, err = db.ParseCursor[Cursor](cursor); err != nil {
		return p, err
	}
	want := f.Limit
	f.Limit++
	if p.Rows, err = s.read(ctx, v, f, a); err != nil {
		return p, err
	}
	if len(p.Rows) > want {
		p.Rows = p.Rows[:want]
		last := p.Rows[want-1]
		p.Next = db.Cursor(Cursor{At: last.UpdatedAt, Name: last.SortName, ID: last.ID})
	}
	if p.Limit = f.CountTo; p.Limit == 0 {
		p.Limit = CountLimit
	}
	if p.Next == "" && cursor == "" {
		p.Total = len(p.Rows)
		return p, nil
	}
	if f.CountTo == 0 && (a.found != "" || f.Location != "") {
		// A word may stand in every item there is, and to count only some of them
		// the index must still read all; those of a place are in no order, so that
		// each must be looked at for whatever else is asked. "More than a page" has
		// to do.
		p.Limit, p.Total = want, want+1
		return p, nil
	}
	p.Total, err = s.repo.count(ctx, s.desk.DB, v, f, a, p.Limit)
	return p, err
}

// Source is what the command palette shows of items that a person opened last.
func (s *Service) Source() queue.Source {
	return queue.Source{Spec: &queue.Spec{Kind: Kind, Path: "/configuration", Icon: "topology-star-3"}}
}

// Look finds items for the command palette, as Pick does; those who may not
// read items find none.
func (s *Service) Look(ctx context.Context, text string, limit int) ([]record.Summary, error) {
	if !s.may(ctx, ActionRead) {
		return nil, nil
	}
	found, err := s.Pick(ctx, text, nil, limit)
	var out []record.Summary
	for _, r := range found {
		out = append(out, record.Summary{
			Ref: record.Ref{Kind: Kind, ID: r.ID}, Number: r.Label(), Title: r.Name, State: string(r.Lifecycle), Category: r.Lifecycle.Category(), URL: s.desk.Kinds.URL(Kind, r.Label()),
		})
	}
	return out, err
}

// Pick finds items for a picker: by number, exact value, beginning of the name
// or words; of a class or any.
func (s *Service) Pick(ctx context.Context, text string, class *uuid.UUID, limit int) ([]Row, error) {
	m, err := s.Model(ctx)
	if err != nil {
		return nil, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	var classes []uuid.UUID
	if class != nil {
		classes = m.Below(*class)
	}
	found, err := s.repo.beginning(ctx, s.desk.DB, v, strings.ToLower(text), classes, limit)
	if err != nil || len(found) > 0 || text == "" {
		return found, err
	}
	v, a, err := s.asked(ctx, Filter{Text: text, Class: class}, m)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, v, Filter{Text: text, Limit: limit}, a)
}

// read reads rows; those with some words, where the last changed come first, of
// the newest weeks first.
func (s *Service) read(ctx context.Context, v record.Visibility, f Filter, a asked) ([]Row, error) {
	if a.since == nil {
		return s.repo.list(ctx, s.desk.DB, v, f, a)
	}
	at := s.desk.Now()
	if a.after != nil {
		at = a.after.At
	}
	return search.Newest(ctx, s.desk.DB, a.words, Kind, at, f.Limit, func(weeks []string) ([]Row, error) {
		a.found, a.args = a.since(weeks)
		return s.repo.list(ctx, s.desk.DB, v, f, a)
	})
}

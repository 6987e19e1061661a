package sla

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// Book is all that clocks are told by at one revision. It is read-only.
type Book struct {
	revision  int64
	calendars map[uuid.UUID]*Entry
	fallback  uuid.UUID // the default calendar
	versions  map[uuid.UUID]*Version
	byTeam    map[uuid.UUID][]*Version // operational, approved
	agreed    []*Version               // service levels, approved
	settings  Settings
}

// Entry is a calendar of the book, with its names.
type Entry struct {
	Calendar
	ID             uuid.UUID
	NameZh, NameEn string
}

// Calendar returns a calendar by id; the default one for nil and for what is
// not there.
func (b *Book) Calendar(id *uuid.UUID) *Entry {
	if id != nil {
		if c, ok := b.calendars[*id]; ok {
			return c
		}
	}
	return b.calendars[b.fallback]
}

// Version returns a version of an agreement by id.
func (b *Book) Version(id uuid.UUID) (*Version, bool) { v, ok := b.versions[id]; return v, ok }

// Subject is what an agreement is picked by.
type Subject struct {
	Kind        record.Kind
	Service     *uuid.UUID
	Departments []uuid.UUID // the requester's, with those above it
	VIP         bool
}

// Select picks the agreement that holds for a subject at an instant: of those
// whose scope it falls under the most particular, a service before a
// department before VIP before a kind; of equals the one that holds longest.
func (b *Book) Select(s Subject, at time.Time) (*Version, bool) {
	var best *Version
	score := -1
	for _, v := range b.current(b.agreed, at) {
		n, ok := v.fits(s)
		if ok && (n > score || n == score && v.ValidFrom.After(best.ValidFrom)) {
			best, score = v, n
		}
	}
	return best, best != nil
}

// SelectTeam picks the operational agreement of a team at an instant.
func (b *Book) SelectTeam(team uuid.UUID, at time.Time) (*Version, bool) {
	list := b.current(b.byTeam[team], at)
	if len(list) == 0 {
		return nil, false
	}
	return list[0], true
}

// current keeps of each agreement the last version that holds at an instant.
func (b *Book) current(list []*Version, at time.Time) []*Version {
	var out []*Version
	for _, v := range list { // by agreement, the latest first
		if v.inForce(at) && (len(out) == 0 || out[len(out)-1].AgreementID != v.AgreementID) {
			out = append(out, v)
		}
	}
	return out
}

// fits reports whether a subject falls under the version, and how particular
// the version is.
func (v *Version) fits(s Subject) (score int, ok bool) {
	if len(v.Kinds) > 0 {
		if !slices.Contains(v.Kinds, s.Kind) {
			return 0, false
		}
		score++
	}
	if v.VIP {
		if !s.VIP {
			return 0, false
		}
		score += 2
	}
	if len(v.Departments) > 0 {
		if !slices.ContainsFunc(s.Departments, func(d uuid.UUID) bool { return slices.Contains(v.Departments, d) }) {
			return 0, false
		}
		score += 4
	}
	if len(v.Services) > 0 {
		if s.Service == nil || !slices.Contains(v.Services, *s.Service) {
			return 0, false
		}
		score += 8
	}
	return score, true
}

// lengths are the targets of a promise in working time.
func (b *Book) lengths(v Version, p Promise) (response, resolution time.Duration) {
	id := &v.CalendarID
	if p.CalendarID != nil {
		id = p.CalendarID
	}
	r := b.Calendar(id).Timeline
	last := r[len(r)-1]
	return p.Response.Duration(last), p.Resolution.Duration(last)
}

// Rule is the Lookup of the book.
func (b *Book) Rule(e Event, m Metric) (Rule, bool) {
	terms := e.TermsID
	if m == Team {
		terms = e.TeamTermsID
	}
	if terms == nil {
		return Rule{}, false
	}
	v, ok := b.versions[*terms]
	if !ok {
		return Rule{}, false
	}
	p, ok := v.promise(e.Priority)
	if !ok {
		return Rule{}, false
	}
	target := p.Resolution
	if m == Response {
		target = p.Response
	}
	id := &v.CalendarID
	if p.CalendarID != nil {
		id = p.CalendarID
	}
	c := b.Calendar(id)
	goal := target.Duration(c.At(e.At))
	return Rule{TermsID: v.ID, CalendarID: c.ID, Target: target, Goal: goal, Calendar: &c.Calendar}, goal > 0
}

// read builds the book anew.
func (s *Service) read(ctx context.Context, q db.Querier, revision int64) (*Book, error) {
	b := &Book{revision: revision, calendars: map[uuid.UUID]*Entry{}, versions: map[uuid.UUID]*Version{}, byTeam: map[uuid.UUID][]*Version{}}
	var err error
	if b.settings, err = s.repo.settings(ctx, q); err != nil {
		return nil, err
	}
	list, err := s.repo.calendars(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		b.put(c)
	}
	if b.Calendar(nil) == nil {
		return nil, fault.New(fault.Conflict, "sla.error.no_calendar")
	}
	versions, err := s.repo.approved(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range versions {
		v := &versions[i]
		b.versions[v.ID] = v
		if v.Kind == "ola" {
			b.byTeam[*v.TeamID] = append(b.byTeam[*v.TeamID], v)
		} else {
			b.agreed = append(b.agreed, v)
		}
	}
	return b, nil
}

func (b *Book) put(c CalendarRecord) {
	b.calendars[c.ID] = &Entry{Calendar: Calendar{Timeline: c.Timeline}, ID: c.ID, NameZh: c.NameZh, NameEn: c.NameEn}
	if c.Default {
		b.fallback = c.ID
	}
}

// bookAt returns the book at a revision that the caller has just read, from
// memory if it is the same.
func (s *Service) bookAt(ctx context.Context, q db.Querier, revision int64) (*Book, error) {
	s.mu.Lock()
	b := s.cached
	s.mu.Unlock()
	if b != nil && b.revision == revision {
		return b, nil
	}
	b, err := s.read(ctx, q, revision)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.cached == nil || s.cached.revision < revision {
		s.cached = b
	}
	s.mu.Unlock()
	return b, nil
}

// Book returns what holds now.
func (s *Service) Book(ctx context.Context, q db.Querier) (*Book, error) {
	n, err := s.repo.revision(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.bookAt(ctx, q, n)
}

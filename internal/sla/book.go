package sla

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// Book is all that clocks are told by at one revision. It is read-only.
type Book struct {
	revision  int64
	calendars map[uuid.UUID]*Entry
	fallback  uuid.UUID // the default calendar
}

// Entry is a calendar of the book, with its names.
type Entry struct {
	Calendar
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

// read builds the book anew.
func (s *Service) read(ctx context.Context, q db.Querier, revision int64) (*Book, error) {
	b := &Book{revision: revision, calendars: map[uuid.UUID]*Entry{}}
	list, err := s.repo.calendars(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		b.calendars[c.ID] = &Entry{Calendar: Calendar{Timeline: c.Timeline}, NameZh: c.NameZh, NameEn: c.NameEn}
		if c.Default {
			b.fallback = c.ID
		}
	}
	if b.Calendar(nil) == nil {
		return nil, fault.New(fault.Conflict, "sla.error.no_calendar")
	}
	return b, nil
}

// book returns the book at a revision that the caller has just read, from
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

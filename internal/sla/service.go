package sla

import (
	"context"
	"embed"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// The use cases.
const (
	ActionRead     authz.Action = "sla.read"
	ActionCalendar authz.Action = "sla.calendar"
	ActionDraft    authz.Action = "sla.draft"
	ActionApprove  authz.Action = "sla.approve"
	ActionEscalate authz.Action = "sla.escalate"
	ActionExclude  authz.Action = "sla.exclude"
	// ActionReapply puts an open record under the version of an agreement.
	ActionReapply authz.Action = "sla.reapply"
)

// Service holds the use cases of calendars, agreements and clocks.
type Service struct {
	desk *work.Desk
	repo repository

	mu     sync.Mutex
	cached *Book
}

// New registers policies, texts and jobs and returns the use cases.
func New(d *work.Desk) (*Service, error) {
	d.Policies.Add(authz.Policies{ActionRead: "sla.read", ActionCalendar: "desk.classify", ActionDraft: "catalog_sla.draft", ActionApprove: "catalog_sla.approve", ActionEscalate: "sla.escalate", ActionExclude: "sla.exclude", ActionReapply: "sla.escalate"})
	s := &Service{desk: d}
	if err := s.register(); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// AddDays is the instant n working days after t by the default calendar.
func (s *Service) AddDays(ctx context.Context, u *work.Unit, t time.Time, n int) (time.Time, error) {
	b, err := s.Book(ctx, u.Tx)
	if err != nil {
		return t, err
	}
	return b.Calendar(nil).AddDays(t, n), nil
}

// Pauses reports whether waiting for a reason stops the clocks.
func (s *Service) Pauses(ctx context.Context, q db.Querier, reason string) (bool, error) {
	b, err := s.Book(ctx, q)
	if err != nil {
		return false, err
	}
	return b.pauses(reason), nil
}

// Later is t put off by the working time between two instants, by the default
// calendar: a promise that stood still in between.
func (s *Service) Later(ctx context.Context, q db.Querier, t, from, to time.Time) (time.Time, error) {
	b, err := s.Book(ctx, q)
	if err != nil {
		return t, err
	}
	return b.Later(t, from, to), nil
}

// Later is t put off by the working time between two instants, by the default
// calendar; t itself where that calendar has no such hours.
func (b *Book) Later(t, from, to time.Time) time.Time {
	c := b.Calendar(nil)
	if later, ok := c.Add(t, c.Elapsed(from, to)); ok {
		return later
	}
	return t
}

// Covers answers whether an agreement for everybody holds for a service
// (control SLA-01).
func (s *Service) Covers(ctx context.Context, q db.Querier, service uuid.UUID, at time.Time) (bool, error) {
	b, err := s.Book(ctx, q)
	if err != nil {
		return false, err
	}
	_, ok := b.Select(Subject{Kind: "incident", Service: &service}, at)
	return ok, nil
}

// pauses reports whether waiting for a reason stops the clocks.
func (b *Book) pauses(reason string) bool { return slices.Contains(b.settings.Pausing, reason) }

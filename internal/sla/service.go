package sla

import (
	"context"
	"embed"
	"sync"
	"time"

	"opsdesk/internal/authz"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// The use cases.
const (
	ActionRead     authz.Action = "sla.read"
	ActionCalendar authz.Action = "sla.calendar"
)

// Service holds the use cases of calendars, agreements and clocks.
type Service struct {
	desk *work.Desk
	repo repository

	mu     sync.Mutex
	cached *Book
}

// New registers policies and texts and returns the use cases.
func New(d *work.Desk) (*Service, error) {
	d.Policies.Add(authz.Policies{ActionRead: "sla.read", ActionCalendar: "desk.classify"})
	return &Service{desk: d}, d.Messages.Add(messages)
}

// AddDays is the instant n working days after t by the default calendar.
func (s *Service) AddDays(ctx context.Context, u *work.Unit, t time.Time, n int) (time.Time, error) {
	b, err := s.Book(ctx, u.Tx)
	if err != nil {
		return t, err
	}
	return b.Calendar(nil).AddDays(t, n), nil
}

package routing

import (
	"context"
	"time"
)

// Alarms returns when the lead is told that nobody took a record: from since
// when nobody is responsible and its priority, by the working time of the
// default calendar. It answers false for priorities that are never told.
func (s *Service) Alarms(ctx context.Context) (func(since time.Time, priority int) (time.Time, bool), error) {
	v, err := s.settings(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	book, err := s.sla.Book(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	c := &book.Calendar(nil).Calendar
	return func(since time.Time, priority int) (time.Time, bool) {
		n := v.Alarm(priority)
		if n == 0 {
			return since, false
		}
		return c.Add(since, time.Duration(n)*time.Minute)
	}, nil
}

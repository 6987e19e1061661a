package routing

import (
	"context"
	"time"
)

// Alarms returns when it is next told that nobody took a record: from since when
// nobody is responsible, when that was told last (nil or before since: not yet),
// and its priority, by the working time of the default calendar. It is told after
// the minutes of the priority, after twice as many, four times as many and so on:
// who has heard hears again, and a backlog does not fill an inbox. It answers
// false for priorities that are never told.
func (s *Service) Alarms(ctx context.Context) (func(since time.Time, told *time.Time, priority int) (time.Time, bool), error) {
	v, err := s.settings(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	book, err := s.sla.Book(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	c := &book.Calendar(nil).Calendar
	return func(since time.Time, told *time.Time, priority int) (time.Time, bool) {
		n := v.Alarm(priority)
		if n == 0 {
			return since, false
		}
		wait := time.Duration(n) * time.Minute
		at, ok := c.Add(since, wait)
		for ok && told != nil && !at.After(*told) {
			wait *= 2
			at, ok = c.Add(since, wait)
		}
		return at, ok
	}, nil
}

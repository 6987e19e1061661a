package incident

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// navLimit is up to where the navigation counts: beyond, "99+" says enough.
const navLimit = 99

// countsFor is how long the counts beside the navigation may be old. They are
// on every page; a view of thousands of rows is not counted for each.
const countsFor = 8 * time.Second

// counts remembers what the navigation counted, by person and view.
type counts struct {
	mu  sync.Mutex
	all map[uuid.UUID]*personCounts
}

type personCounts struct {
	at     time.Time
	counts map[string]int
}

// Forget drops what was counted for a person, so that the next page shows
// their own act.
func (s *Service) Forget(person uuid.UUID) {
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	delete(s.counted.all, person)
}

// Navigation returns the saved views of the actor and how much the lists of the
// navigation hold, by view name or id, up to 100 each. A count that cannot be
// had is missing: the page itself will say why.
func (s *Service) Navigation(ctx context.Context) ([]view.View, map[string]int) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil
	}
	saved, err := s.views.List(ctx, Kind)
	if err != nil {
		return nil, nil
	}
	now := s.desk.Now()
	s.counted.mu.Lock()
	known := s.counted.all[who.ID]
	s.counted.mu.Unlock()
	if known == nil || now.Sub(known.at) > countsFor || now.Before(known.at) {
		known = &personCounts{now, map[string]int{}}
	}
	fresh := make(map[string]int, len(saved)+2)
	count := func(key string, f func() (Filter, error)) {
		n, ok := known.counts[key]
		if !ok {
			filter, err := f()
			if err != nil {
				return
			}
			if n, err = s.count(ctx, filter, navLimit); err != nil {
				return
			}
		}
		fresh[key] = n
	}
	for _, name := range []string{"mine", "unassigned"} {
		count(name, func() (Filter, error) { return Filter{View: name}, nil })
	}
	count("majors", func() (Filter, error) {
		return Filter{View: "all", Clauses: []Clause{{"major", "is", []string{Declared}}}}, nil
	})
	for _, v := range saved {
		count(v.ID.String(), func() (Filter, error) { return savedFilter(v) })
	}
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	if s.counted.all == nil || len(s.counted.all) > 5000 {
		s.counted.all = map[uuid.UUID]*personCounts{}
	}
	s.counted.all[who.ID] = &personCounts{known.at, fresh}
	return saved, fresh
}

// savedFilter is the filter that a view was saved with.
func savedFilter(v view.View) (Filter, error) {
	q, err := url.ParseQuery(v.Query)
	if err != nil {
		return Filter{}, fault.OnField("query", "incident.error.filter")
	}
	return ParseFilter(q)
}

// Saved lists the actor's views with how much each holds, up to 100.
func (s *Service) Saved(ctx context.Context) ([]view.View, map[string]int, error) {
	if _, err := s.views.List(ctx, Kind); err != nil {
		return nil, nil, err
	}
	list, n := s.Navigation(ctx)
	return list, n, nil
}

// alarmViews tells people once when a view that they watch holds more than
// they wanted, and again only after it had not.
func (s *Service) alarmViews(ctx context.Context) error {
	list, err := s.views.Watched(ctx, Kind)
	if err != nil {
		return err
	}
	for _, v := range list {
		a, err := identity.LoadActor(ctx, s.desk.DB, v.OwnerID, s.desk.Now())
		if fault.Is(err, fault.Unauthenticated) {
			continue // left; nobody reads this view
		}
		if err != nil {
			return err
		}
		f, err := savedFilter(v)
		if err != nil {
			continue // saved by an older desk that knew another field
		}
		n, err := s.count(identity.With(ctx, a), f, *v.AlertAbove)
		if err != nil {
			return err
		}
		to := []uuid.UUID{v.OwnerID}
		if v.TeamID != nil {
			teams, err := identity.Teams(ctx, s.desk.DB)
			if err != nil {
				return err
			}
			for _, t := range teams {
				if t.ID == *v.TeamID && t.LeadID != nil && *t.LeadID != v.OwnerID {
					to = append(to, *t.LeadID)
				}
			}
		}
		over := n > *v.AlertAbove
		if over == v.Alerted {
			continue
		}
		err = s.desk.Do(ctx, func(u *work.Unit) error {
			news, err := s.views.Alerted(ctx, u.Tx, v.ID, over)
			if err != nil || !news || !over {
				return err
			}
			u.Announce("incident.view_over", event.Subject{Title: v.Name, Path: "/incidents?v=" + v.ID.String()}, to...)
			return u.Record(ctx, view.ActionAlarm, record.Ref{Kind: view.KindView, ID: v.ID}, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

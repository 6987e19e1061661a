package queue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// navLimit is up to where the navigation counts: beyond, "99+" says enough.
const navLimit = 99

// countsFor is how long the counts beside the navigation may be old. They are
// on every page; a view of thousands of rows is not counted for each.
const countsFor = 8 * time.Second

// personCounts is what the navigation counted for a person, by view.
type personCounts struct {
	at     time.Time
	counts map[string]int
}

// Forget drops what was counted for a person, so that the next page shows
// their own act.
func (q *Queue[R]) Forget(person uuid.UUID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.counted, person)
}

// Navigation returns the saved views of the actor and how much the lists of the
// navigation hold, by view name or id, up to 100 each. A count that cannot be
// had is missing: the page itself will say why.
func (q *Queue[R]) Navigation(ctx context.Context) ([]view.View, map[string]int) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil
	}
	saved, err := q.Saves.List(ctx, q.Kind)
	if err != nil {
		return nil, nil
	}
	known := q.known(who.ID)
	fresh := make(map[string]int, len(saved)+len(q.Counted))
	count := func(key string, filter func() (Filter, error)) {
		n, ok := known.counts[key]
		if !ok {
			f, err := filter()
			if err == nil {
				n, err = q.Count(ctx, f, navLimit)
			}
			if err != nil {
				return
			}
		}
		fresh[key] = n
	}
	for name, f := range q.Counted {
		count(name, func() (Filter, error) { return f, nil })
	}
	for _, v := range saved {
		count(v.ID.String(), func() (Filter, error) { return q.ParseQuery(v.Query) })
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.counted == nil || len(q.counted) > 5000 {
		q.counted = map[uuid.UUID]*personCounts{}
	}
	q.counted[who.ID] = &personCounts{known.at, fresh}
	return saved, fresh
}

// known is what was counted for a person lately.
func (q *Queue[R]) known(person uuid.UUID) *personCounts {
	now := q.desk.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	if k := q.counted[person]; k != nil && now.Sub(k.at) <= countsFor && !now.Before(k.at) {
		return k
	}
	return &personCounts{now, map[string]int{}}
}

// Saved lists the actor's views with how much each holds, up to 100.
func (q *Queue[R]) Saved(ctx context.Context) ([]view.View, map[string]int, error) {
	if _, err := q.Saves.List(ctx, q.Kind); err != nil {
		return nil, nil, err
	}
	list, n := q.Navigation(ctx)
	return list, n, nil
}

// alarm tells people once when a view that they watch holds more than they
// wanted, and again only after it had not.
func (q *Queue[R]) alarm(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("views"))
	list, err := q.Saves.Watched(ctx, q.Kind)
	if err != nil {
		return err
	}
	for _, v := range list {
		if err := q.watch(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue[R]) watch(ctx context.Context, v view.View) error {
	a, err := identity.LoadActor(ctx, q.desk.DB, v.OwnerID, q.desk.Now())
	if fault.Is(err, fault.Unauthenticated) {
		return nil // left; nobody reads this view
	}
	if err != nil {
		return err
	}
	f, err := q.ParseQuery(v.Query)
	if err != nil {
		return nil //nolint:nilerr // saved by an older desk that knew another field
	}
	n, err := q.Count(identity.With(ctx, a), f, *v.AlertAbove)
	over := n > *v.AlertAbove
	if err != nil || over == v.Alerted {
		return err
	}
	to, err := q.watchers(ctx, v)
	if err != nil {
		return err
	}
	return q.desk.Do(ctx, func(u *work.Unit) error {
		news, err := q.Saves.Alerted(ctx, u.Tx, v.ID, over)
		if err != nil || !news || !over {
			return err
		}
		u.Announce(q.Over, event.Subject{Title: v.Name, Path: q.Path + "?v=" + v.ID.String()}, to...)
		return u.Record(ctx, view.ActionAlarm, record.Ref{Kind: view.KindView, ID: v.ID}, nil)
	})
}

// watchers are the owner of a view and, of a team's, its lead.
func (q *Queue[R]) watchers(ctx context.Context, v view.View) ([]uuid.UUID, error) {
	to := []uuid.UUID{v.OwnerID}
	if v.TeamID == nil {
		return to, nil
	}
	teams, err := identity.Teams(ctx, q.desk.DB)
	for _, t := range teams {
		if t.ID == *v.TeamID && t.LeadID != nil && *t.LeadID != v.OwnerID {
			to = append(to, *t.LeadID)
		}
	}
	return to, err
}

package queue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
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
	count := func(key string, f Filter) {
		n, ok := known.counts[key]
		if !ok {
			var err error
			if n, err = q.Count(ctx, f, navLimit); err != nil {
				return
			}
		}
		fresh[key] = n
	}
	for name, f := range q.Counted {
		count(name, f)
	}
	for _, v := range saved {
		f, _ := q.ParseSaved(v.Query)
		count(v.ID.String(), f)
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
	return q.Saves.EachWatched(ctx, q.Kind, func(v view.View) error { return q.watch(ctx, v) })
}

func (q *Queue[R]) watch(ctx context.Context, v view.View) error {
	reader, to, err := q.watchers(ctx, v)
	if err != nil || len(to) == 0 {
		return err // nobody reads this view any more
	}
	f, _ := q.ParseSaved(v.Query)
	n, err := q.Count(identity.With(ctx, reader), f, *v.AlertAbove)
	over := n > *v.AlertAbove
	if err != nil || over == v.Alerted {
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

// watchers are the owner of a view and, of a team's, its lead; where neither is
// here any more, everybody of the team: its view outlives whoever saved it. The
// first of them is whom the view is counted for.
func (q *Queue[R]) watchers(ctx context.Context, v view.View) (reader identity.Actor, to []uuid.UUID, err error) {
	if v.TeamID == nil {
		return q.present(ctx, v.OwnerID)
	}
	people := []uuid.UUID{v.OwnerID}
	teams, err := identity.Teams(ctx, q.desk.DB)
	for _, t := range teams {
		if t.ID == *v.TeamID && t.LeadID != nil && *t.LeadID != v.OwnerID {
			people = append(people, *t.LeadID)
		}
	}
	if err != nil {
		return reader, nil, err
	}
	if reader, to, err = q.present(ctx, people...); err != nil || len(to) > 0 {
		return reader, to, err
	}
	members, err := identity.Members(ctx, q.desk.DB, *v.TeamID)
	if err != nil {
		return reader, nil, err
	}
	for _, p := range members {
		people = append(people, p.ID)
	}
	return q.present(ctx, people...)
}

// present are those of some people who have not left, and the first of them as
// an actor.
func (q *Queue[R]) present(ctx context.Context, people ...uuid.UUID) (first identity.Actor, here []uuid.UUID, err error) {
	actors, err := identity.LoadActors(ctx, q.desk.DB, people, q.desk.Now())
	for _, id := range people {
		if a, ok := actors[id]; ok {
			if len(here) == 0 {
				first = a
			}
			here = append(here, id)
		}
	}
	return first, here, err
}

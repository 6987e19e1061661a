package record

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

// What is decided in memory about an announcement is what the access predicate
// says in the database, for every scope and every record.
func TestAdmitsAsVisible(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(1, 2))
	w := world(t, pool, now)
	for _, scope := range scopes(w) {
		for range 12 {
			e := w.entry(r)
			var announced Change
			err := pool.InTx(t.Context(), func(tx db.Tx) error {
				var b pgx.Batch
				Queue(&b, e)
				w.people(r, &b, e.ID, now)
				return tx.SendBatch(t.Context(), &b).Close()
			})
			if err != nil {
				t.Fatal(err)
			}
			announced = announce(t, pool, e, now)
			st, err := StandingOf(t.Context(), pool, e.ID, w.me.ID, now)
			if err != nil {
				t.Fatal(err)
			}
			var sees bool
			v := Visible(scope, w.me, now)
			if err := pool.QueryRow(t.Context(), v.SQL(`SELECT EXISTS (SELECT 1 FROM records r WHERE r.id = @id AND `, `)`), v.With(db.Args{"id": e.ID})).Scan(&sees); err != nil {
				t.Fatal(err)
			}
			if got := Admits(scope, w.me.ID, e.Facts(st)); got != sees {
				t.Errorf("%+v admits %t, the predicate says %t, of %+v %+v", scope, got, sees, e, st)
			}
			if got := announced.Reaches(scope, w.me.ID, nil) == Shown; got != sees {
				t.Errorf("%+v is told %t, the predicate says %t, of %+v", scope, got, sees, announced)
			}
		}
	}
}

// announce is what QueueChange would send.
func announce(t *testing.T, pool *db.Pool, e Entry, now time.Time) Change {
	t.Helper()
	var b pgx.Batch
	if err := QueueChange(&b, nil, e, 1, e.CreatedBy, now); err != nil {
		t.Fatal(err)
	}
	args := b.QueuedQueries[0].Arguments[0].(db.Args)
	delete(args, "channel")
	var payload string
	if err := pool.QueryRow(t.Context(), payloadSQL, args).Scan(&payload); err != nil {
		t.Fatal(err)
	}
	if len(payload) >= 8000 {
		t.Errorf("a payload of %d bytes", len(payload))
	}
	var c Change
	if err := json.Unmarshal([]byte(payload), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// The largest announcement fits, and says that it is not complete.
func TestAnnouncementsAreBounded(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	w := world(t, pool, now)
	e := w.entry(rand.New(rand.NewPCG(1, 1)))
	err := pool.InTx(t.Context(), func(tx db.Tx) error {
		var b pgx.Batch
		Queue(&b, e)
		for n := range 60 {
			p := w.person(&b, fmt.Sprint("follower", n), now)
			Watch(&b, e.ID, p, e.CreatedBy, now)
			Name(&b, e.ID, p, e.CreatedBy, "x", now, now.Add(time.Hour))
			Participate(&b, e.ID, p, "task", uuid.New())
			Participate(&b, e.ID, p, "task", uuid.New())
		}
		return tx.SendBatch(t.Context(), &b).Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	c := announce(t, pool, e, now)
	if !c.More || len(c.Watchers) != 50 || len(c.Named) != 50 || len(c.Participants) != 50 {
		t.Errorf("more %t, %d followers, %d named, %d participants", c.More, len(c.Watchers), len(c.Named), len(c.Participants))
	}
	all, err := Watchers(t.Context(), pool, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Standings(t.Context(), pool, e.ID, append(all, w.me.ID), now)
	if err != nil || len(m) != 60 {
		t.Fatalf("%d standings, %v", len(m), err)
	}
	for _, p := range all {
		if m[p] != (Standing{Watcher: true, Named: true, Participant: true}) {
			t.Errorf("standing %+v", m[p])
		}
		if c.Reaches(authz.ReadScope{Own: true}, p, func() Standing { return m[p] }) != Shown && !e.Confidential {
			t.Error("a follower beyond the limit is not told")
		}
	}
}

type fixture struct {
	me, other   identity.Actor
	teams       []uuid.UUID
	departments []uuid.UUID
	services    []uuid.UUID
}

func (w fixture) person(b *pgx.Batch, name string, now time.Time) uuid.UUID {
	id := uuid.New()
	b.Queue(`INSERT INTO people (id, username, name, created_at, updated_at) VALUES (@id, @name, @name, @now, @now)`, db.Args{"id": id, "name": name, "now": now})
	return id
}

func world(t *testing.T, pool *db.Pool, now time.Time) fixture {
	t.Helper()
	var w fixture
	err := pool.InTx(t.Context(), func(tx db.Tx) error {
		var b pgx.Batch
		w.me.ID, w.other.ID = w.person(&b, "me-"+uuid.NewString(), now), w.person(&b, "other-"+uuid.NewString(), now)
		for range 3 {
			team, dep, svc := uuid.New(), uuid.New(), uuid.New()
			b.Queue(`INSERT INTO teams (id, name_zh, name_en, created_at, updated_at) VALUES (@id, @name, @name, @now, @now)`, db.Args{"id": team, "name": team.String(), "now": now})
			b.Queue(`INSERT INTO departments (id, name_zh, name_en, created_at, updated_at) VALUES (@id, @name, @name, @now, @now)`, db.Args{"id": dep, "name": dep.String(), "now": now})
			b.Queue(`INSERT INTO services (id, name_zh, name_en, created_at, updated_at) VALUES (@id, @name, @name, @now, @now)`, db.Args{"id": svc, "name": svc.String(), "now": now})
			w.teams, w.departments, w.services = append(w.teams, team), append(w.departments, dep), append(w.services, svc)
		}
		return tx.SendBatch(t.Context(), &b).Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w fixture) entry(r *rand.Rand) Entry {
	one := func(list []uuid.UUID) *uuid.UUID {
		if n := r.IntN(len(list) + 1); n > 0 {
			return &list[n-1]
		}
		return nil
	}
	e := Entry{
		ID: uuid.New(), Kind: "incident", Number: fmt.Sprintf("T%s", uuid.NewString()[:8]), Title: "x", State: "new", Category: New, Priority: 3, CreatedBy: w.other.ID,
		TeamID: one(w.teams), DepartmentID: one(w.departments), ServiceID: one(w.services), RequesterID: one([]uuid.UUID{w.me.ID, w.other.ID}), Confidential: r.IntN(3) == 0,
	}
	if r.IntN(4) == 0 {
		e.CreatedBy = w.me.ID
	}
	return e
}

func (w fixture) people(r *rand.Rand, b *pgx.Batch, id uuid.UUID, now time.Time) {
	if r.IntN(4) == 0 {
		Watch(b, id, w.me.ID, w.other.ID, now)
	}
	if r.IntN(3) == 0 {
		Name(b, id, w.me.ID, w.other.ID, "x", now.Add(-time.Hour), now.Add(time.Duration(r.IntN(3)-1)*time.Minute))
	}
	if r.IntN(4) == 0 {
		Participate(b, id, w.me.ID, "task", uuid.New())
	}
}

func scopes(w fixture) []authz.ReadScope {
	var out []authz.ReadScope
	for n := range 1 << 7 {
		s := authz.ReadScope{All: n&1 != 0, Own: n&2 != 0, Participant: n&4 != 0, Named: n&8 != 0}
		if n&16 != 0 {
			s.Teams = w.teams[:2]
		}
		if n&32 != 0 {
			s.Departments = w.departments[:1]
		}
		if n&64 != 0 {
			s.Services = w.services[1:]
		}
		out = append(out, s)
	}
	return out
}

package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"opsdesk/internal/app"
	"opsdesk/internal/demo"
	"opsdesk/internal/identity"
	"opsdesk/internal/importer"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/config"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/pgembed"
)

// machine is a desk on a durable cluster of its own: what users get, not what
// tests get.
type machine struct {
	*app.App
	pool    *db.Pool
	url     string
	dir     string
	server  *httptest.Server
	token   string
	company demo.Company
	next    atomic.Int64
}

// watch changes how the desks connect, for looking at what they ask.
var watch []func(*pgxpool.Config)

// cluster starts a durable server; a folder that keeps worlds has it under name.
func cluster(b *testing.B, name string) (c *pgembed.Cluster, dir string) {
	b.Helper()
	// OPSDESK_BENCH_KEEP is a folder that keeps the worlds, for reading plans and
	// for measuring again without an hour of making them.
	dir = os.Getenv("OPSDESK_BENCH_KEEP")
	kept := dir != ""
	var err error
	if !kept {
		dir, err = os.MkdirTemp("", "opsdesk-bench-") //nolint:usetesting // its parents must let the server's user pass
	} else {
		dir = filepath.Join(dir, name)
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	c, err = pgembed.Start(ctx, pgembed.Options{Dir: dir + "/pg"})
	if errors.Is(err, pgembed.ErrNoServer) {
		b.Skip("SKIPPED: " + err.Error())
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.Stop(ctx)
		if !kept {
			_ = os.RemoveAll(dir)
		}
	})
	if err := migrate.Up(c.URL()); err != nil {
		b.Fatal(err)
	}
	return c, dir
}

func start(b *testing.B) *machine {
	b.Helper()
	c, dir := cluster(b, "one")
	return open(b, c.URL(), dir)
}

// open makes a desk with the demo company on an empty database.
func open(b *testing.B, url, dir string) *machine {
	b.Helper()
	ctx := context.Background()
	cfg, err := config.Read([]string{"OPSDESK_DATA=" + dir})
	if err != nil {
		b.Fatal(err)
	}
	m := &machine{url: url, dir: dir}
	m.next.Store(1e9) // beyond the numbers of the desk
	if m.pool, err = db.Open(ctx, url, 20, watch...); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.pool.Close)
	if m.App, err = app.New(app.Options{Config: cfg, Pool: m.pool, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Version: "bench"}); err != nil {
		b.Fatal(err)
	}
	m.company = demo.Company{Desk: m.Desk, People: m.People, Incidents: m.Incidents, Services: m.Services, SLA: m.SLA, Configuration: m.Configuration, Requests: m.Requests, At: func(time.Time) {}}
	if _, err := m.company.Fill(ctx, password); err != nil {
		b.Fatal(err)
	}
	m.server = httptest.NewServer(m.Handler)
	b.Cleanup(m.server.Close)
	if m.token, err = m.People.CreateToken(identity.With(ctx, identity.NewSystem("bench")), "staff", "bench", time.Hour); err != nil {
		b.Fatal(err)
	}
	return m
}

const password = "velvet-otter-4821"

// clients sends requests from eight clients.
func clients(b *testing.B, send func(n int64) error) float64 {
	b.Helper()
	var n atomic.Int64
	b.SetParallelism(max(1, 8/runtime.GOMAXPROCS(0))) // eight clients in all
	began := time.Now()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := send(n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	rate := float64(n.Load()) / time.Since(began).Seconds()
	b.ReportMetric(rate, "req/s")
	return rate
}

// BenchmarkCreate compares an incident made through the API (authorised,
// validated, with its trail entry, register line, idempotency key and
// notification job, all durable) with two bare handlers: one that inserts the
// same five rows into the same tables in one transaction and does nothing else,
// and one that inserts five rows into tables without indexes and constraints.
func BenchmarkCreate(b *testing.B) {
	m := start(b)
	var bare, plain float64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	post := func(url, key string) error {
		r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"description":"The printer on floor 3 does not print since this morning.","impact":2,"urgency":2,"location":"A-3F"}`))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+m.token)
		r.Header.Set("Idempotency-Key", key)
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
		if res.StatusCode != http.StatusCreated {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	}
	for _, tables := range []bool{false, true} {
		name := "bare-plain-tables"
		if tables {
			name = "bare"
		}
		b.Run(name, func(b *testing.B) {
			s := httptest.NewServer(m.bareHandler(b, tables))
			defer s.Close()
			rate := clients(b, func(n int64) error { return post(s.URL, uuid.NewString()) })
			if tables {
				bare = max(bare, rate)
			} else {
				plain = max(plain, rate)
			}
		})
	}
	b.Run("desk", func(b *testing.B) {
		run := uuid.NewString()
		rate := clients(b, func(n int64) error { return post(m.server.URL+"/api/v1/incidents", fmt.Sprint(run, n)) })
		b.ReportMetric(100*rate/bare, "%-of-bare")
		b.ReportMetric(100*rate/plain, "%-of-plain")
	})
}

// bareHandler inserts the five rows that one incident is: itself, its register
// line, its trail entry, its idempotency key and its job. It checks nothing.
func (m *machine) bareHandler(b *testing.B, real bool) http.Handler {
	b.Helper()
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, m.url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	for _, t := range plainTables {
		if _, err := pool.Exec(ctx, "CREATE TABLE IF NOT EXISTS bare_"+t+" (id uuid PRIMARY KEY, a text, b text, c text, at timestamptz, body text)"); err != nil {
			b.Fatal(err)
		}
	}
	var person uuid.UUID
	if err := pool.QueryRow(ctx, "SELECT id FROM people WHERE username = 'staff'").Scan(&person); err != nil {
		b.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		id, now := uuid.Must(uuid.NewV7()), time.Now()
		var q pgx.Batch
		if real {
			n := m.next.Add(1)
			q.Queue(`INSERT INTO incidents (id, number, title, description, state, channel, impact, urgency, priority, location, requester_id, created_by, reported_at, created_at, updated_at)
				VALUES ($1, $2, $3, $4, 'new', 'api', 2, 2, 3, 'A-3F', $5, $5, $6, $6, $6)`, id, n, "The printer", string(body), person, now)
			q.Queue(`INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, created_at, updated_at)
				VALUES ($1, 'incident', $2, $3, 'new', 'new', 3, $4, $4, $5, $5)`, id, fmt.Sprintf("INC-%06d", n), "The printer", person, now)
			q.Queue(`INSERT INTO trail_entries (at, occurred_at, actor_id, actor_name, action, kind, record_id, number, version, outcome, reason, diff, session, request_id, ip, user_agent, app)
				VALUES ($1, $1, $2, 'x', 'incident.create', 'incident', $3, $4, 1, 'success', '', $5, '', '', '', '', '')`, now, person, id, fmt.Sprintf("INC-%06d", n), string(body))
			q.Queue(`INSERT INTO idempotency_keys (actor_id, key, action, input_hash, result_id, created_at) VALUES ($1, $2, 'a', $3, $4, $5)`, person, r.Header.Get("Idempotency-Key"), []byte("x"), id, now)
			q.Queue(`INSERT INTO river_job (args, kind, max_attempts) VALUES ($1, 'bare', 25)`, body)
		} else {
			for _, t := range plainTables {
				q.Queue("INSERT INTO bare_"+t+" (id, a, b, c, at, body) VALUES ($1, $2, $3, $4, $5, $6)", uuid.Must(uuid.NewV7()), "new", "portal", "A-3F", now, string(body))
			}
		}
		if err := pgx.BeginFunc(r.Context(), pool, func(tx pgx.Tx) error { return tx.SendBatch(r.Context(), &q).Close() }); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
}

var plainTables = []string{"incident", "record", "trail", "key", "job"}

const log = "../../../shared/data/datasets/uci-498-incident_event_log.csv.xz"

// BenchmarkImport reads the whole real log.
func BenchmarkImport(b *testing.B) {
	f, err := os.Open(log)
	if err != nil {
		b.Skip("SKIPPED: the real log is not on this machine: " + err.Error())
	}
	defer f.Close()
	m := start(b)
	for range b.N {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		res, err := importer.New(m.Desk, m.People, m.Incidents).ServiceNowLog(context.Background(), f, time.UTC, importer.Options{Workers: 4})
		if err != nil {
			b.Fatal(err)
		}
		if res.Events == 0 {
			b.Skip("imported already: one round is enough")
		}
		b.ReportMetric(float64(res.Events)/time.Since(began).Seconds(), "events/s")
		began = time.Now()
		n, err := m.Audit.Seal(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/time.Since(began).Seconds(), "sealed/s")
		began = time.Now()
		r, err := m.Audit.Verify(context.Background(), nil)
		if err != nil || len(r.Findings) > 0 {
			b.Fatal(err, r.Findings)
		}
		b.ReportMetric(float64(r.Size)/time.Since(began).Seconds(), "verified/s")
	}
}

// actor is ctx of somebody of the demo company.
func actor(b *testing.B, m *machine, who string) context.Context {
	b.Helper()
	ctx := context.Background()
	ids, err := identity.ByUsername(ctx, m.pool, who)
	if err != nil {
		b.Fatal(err)
	}
	a, err := identity.LoadActor(ctx, m.pool, ids[who], time.Now())
	if err != nil {
		b.Fatal(err)
	}
	return identity.With(ctx, a)
}

// BenchmarkMillion lists, counts and finds among a million incidents.
func BenchmarkMillion(b *testing.B) {
	m := start(b)
	ctx := context.Background()
	if err := m.pool.InTx(ctx, func(tx db.Tx) error {
		for _, s := range million {
			if _, err := tx.Exec(ctx, s); err != nil {
				return fmt.Errorf("%.60s: %w", s, err)
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, m.url)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		b.Fatal(err)
	}
	eng, staff := actor(b, m, "engineer"), actor(b, m, "staff")
	for name, run := range map[string]func() error{
		"queue": func() error { _, err := m.Incidents.List(eng, incident.Filter{}, ""); return err },
		"mine": func() error {
			_, err := m.Incidents.List(eng, incident.Filter{View: "mine", Sort: "updated"}, "")
			return err
		},
		"team": func() error { _, err := m.Incidents.List(eng, incident.Filter{View: "team"}, ""); return err },
		"all": func() error {
			_, err := m.Incidents.List(eng, incident.Filter{View: "all", Sort: "updated"}, "")
			return err
		},
		"p1": func() error {
			_, err := m.Incidents.List(eng, incident.Filter{View: "all", Clauses: []incident.Clause{{Field: "priority", Op: "is", Values: []string{"1"}}}, Sort: "created"}, "")
			return err
		},
		"find": func() error {
			_, err := m.Incidents.List(eng, incident.Filter{View: "open", Text: "printer 77"}, "")
			return err
		},
		"number": func() error {
			_, err := m.Incidents.List(eng, incident.Filter{View: "all", Text: "INC-500000"}, "")
			return err
		},
		"requests": func() error { _, err := m.Incidents.Mine(staff, "", ""); return err },
		"palette":  func() error { _, err := m.Incidents.Find(eng, "printer 77"); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// million makes a million incidents of which one in fifty is open, as desks
// have them after some years.
var million = []string{
	`INSERT INTO incidents (id, number, title, description, state, channel, impact, urgency, priority, requester_id, created_by, team_id, assignee_id, reported_at, resolved_at, closed_at,
		resolution_code, cause, process, created_at, updated_at)
	 SELECT gen_random_uuid(), 100000 + n, 'Fault of printer ' || n % 1000, 'text', CASE WHEN n % 50 = 0 THEN 'in_progress' ELSE 'closed' END, 'portal', 2, 2, 1 + n % 4,
		(SELECT id FROM people WHERE username = CASE WHEN n % 10000 = 0 THEN 'staff' ELSE 'gu.yan' END), (SELECT id FROM people WHERE username = 'gu.yan'),
		(SELECT id FROM teams WHERE name_en = CASE WHEN n % 3 = 0 THEN 'Network' ELSE 'Applications' END),
		CASE WHEN n % 100 = 0 THEN NULL ELSE (SELECT id FROM people WHERE username = CASE WHEN n % 1000 = 50 THEN 'engineer' ELSE 'tang.yi' END) END,
		t, t + interval '1 hour', CASE WHEN n % 50 = 0 THEN NULL ELSE t + interval '1 day' END, 'fixed', 'c', 'p', t, t + interval '1 day'
	 FROM (SELECT n, now() - n * interval '2 minutes' AS t FROM generate_series(1, 1000000) n) x`,
	`INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, assignee_id, team_id, created_at, updated_at, closed_at)
	 SELECT id, 'incident', 'INC-' || lpad(number::text, greatest(6, length(number::text)), '0'), title, state, CASE WHEN state = 'closed' THEN 'closed' ELSE 'active' END, priority, requester_id, created_by, assignee_id, team_id, created_at, updated_at, closed_at
	 FROM incidents WHERE number > 100000`,
}

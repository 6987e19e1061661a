package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
)

// BenchmarkLive keeps 200 streams open, of twenty people with ten browsers
// each, and measures what they cost the process (its clients, which live in the
// same one, included) and how long a change takes to reach the last of them.
// That they ask the database nothing is a test of package live.
func BenchmarkLive(b *testing.B) {
	const streams, bound = 200, 50
	m := start(b)
	ctx := context.Background()
	var tokens []string
	for n := range 20 {
		tokens = append(tokens, m.browser(b, fmt.Sprintf("listener%02d", n)))
	}
	m.Live.Start(ctx)
	before := held()
	var heard atomic.Int64
	hello := make(chan struct{}, streams)
	for n := range streams {
		go m.listen(b, tokens[n%len(tokens)], func(event string) {
			switch event {
			case "hello":
				hello <- struct{}{}
			case "change":
				heard.Add(1)
			}
		})
	}
	for range streams {
		<-hello
	}
	cost := held() - before
	if cost > bound<<20 {
		b.Errorf("%d streams cost %d MB, the bound is %d", streams, cost>>20, bound)
	}
	ids, err := identity.ByUsername(ctx, m.pool, "staff")
	if err != nil {
		b.Fatal(err)
	}
	who, err := identity.LoadActor(ctx, m.pool, ids["staff"], time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		want := heard.Load() + streams
		if _, err := m.Incidents.Create(identity.With(ctx, who), incident.CreateInput{Description: "The printer on floor 3.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"}); err != nil {
			b.Fatal(err)
		}
		for began := time.Now(); heard.Load() < want; runtime.Gosched() {
			if time.Since(began) > 10*time.Second {
				b.Fatalf("%d streams did not hear of it", want-heard.Load())
			}
		}
	}
	b.ReportMetric(float64(cost)/(1<<20), "MB-200-streams")
}

// held is the memory in use after collection: heap and stacks.
func held() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse + s.StackInuse
}

// browser makes an engineer and signs them in ten times over.
func (m *machine) browser(b *testing.B, name string) string {
	b.Helper()
	ctx := context.Background()
	token := identity.NewSecret()
	err := m.pool.InTx(ctx, func(tx db.Tx) error {
		id := uuid.New()
		for _, sql := range []string{
			`INSERT INTO people (id, username, name, created_at, updated_at) VALUES (@id, @name, @name, @now, @now)`,
			`INSERT INTO role_grants (person_id, role, granted_by, granted_at) SELECT @id, 'L1', p.id, @now FROM people p WHERE p.username = 'admin' AND @name <> ''`,
		} {
			if _, err := tx.Exec(ctx, sql, db.Args{"id": id, "name": name, "now": time.Now()}); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO sessions (token_hash, id, person_id, created_at, last_seen_at, expires_at, ip, user_agent) VALUES (@hash, @sid, @id, @now, @now, @until, '', '')`,
			db.Args{"hash": identity.HashSecret(token), "sid": uuid.New(), "id": id, "now": time.Now(), "until": time.Now().Add(time.Hour)})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return token
}

// listen reads one stream until the benchmark ends.
func (m *machine) listen(b *testing.B, token string, got func(event string)) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, m.server.URL+"/live", nil)
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(&http.Cookie{Name: "opsdesk", Value: token})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		if event, ok := strings.CutPrefix(s.Text(), "event: "); ok {
			got(event)
		}
	}
}

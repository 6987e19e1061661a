package bench_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/search"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// requestSteps are what people do with requests all day (issue 4): the lists by
// time left within the bar of the queue of incidents.
var requestSteps = []step{
	{name: "requests by time left", bar: 1.5, run: func(v *visitor, _ place) error { return v.get("/requests?view=open&sort=due") }},
	{name: "requests, last updated", bar: 1.5, run: func(v *visitor, _ place) error { return v.get("/requests?view=all&sort=updated") }},
	{name: "requests of my teams", bar: 1.5, run: func(v *visitor, _ place) error { return v.get("/requests?view=team&sort=due") }},
	{name: "saved view, three filters", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/requests?v=" + at.view) }},
	{name: "by the day that was promised", bar: 1.5, run: func(v *visitor, _ place) error {
		return v.get("/requests?view=open&f=expected.before." + time.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	}},
	{name: "tasks that wait for my teams", bar: 1.5, run: func(v *visitor, _ place) error { return v.get("/requests/tasks") }},
	{name: "request page", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/requests/" + at.number) }},
	{name: "search, two Chinese characters", bar: 3, p95: 300 * time.Millisecond, run: func(v *visitor, _ place) error {
		return v.get("/requests?view=all&sort=updated&q=" + url.QueryEscape("显示"))
	}},
	{name: "export of 1,000 rows", bar: 1.5, run: func(v *visitor, at place) error {
		code, body, err := v.do(http.MethodPost, v.m.server.URL, "/requests/export", url.Values{"query": {fmt.Sprintf("view=all&f=created.within.%dh", at.hours)}, "format": {"csv"}})
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("export: %d %.200s", code, body)
		}
		return err
	}},
}

// BenchmarkRequests compares a desk with a million requests with one of a
// thousand, page by page through HTTP.
func BenchmarkRequests(b *testing.B) {
	if b.N > 1 {
		b.Skip("one round is enough")
	}
	small, large := pair(b, "requests", fillRequests)
	compare(b, "requests", requestSteps, small, large, small.request(b), large.request(b))
}

// request finds a request that is being fulfilled and saves a view.
func (m *machine) request(b *testing.B) place {
	b.Helper()
	var p place
	if err := m.pool.QueryRow(b.Context(), `SELECT r.number FROM records r WHERE r.kind = 'servicerequest' AND r.state = 'fulfilling' ORDER BY r.created_at DESC LIMIT 1`).Scan(&p.number); err != nil {
		b.Fatal(err)
	}
	var since time.Time
	if err := m.pool.QueryRow(b.Context(), `SELECT min(created_at) FROM (SELECT created_at FROM records WHERE kind = 'servicerequest' ORDER BY created_at DESC LIMIT 960) x`).Scan(&since); err != nil {
		b.Fatal(err)
	}
	p.hours = int(time.Since(since).Hours())
	v, err := m.Views.Save(m.as(b, "lead"), "servicerequest", view.SaveInput{Name: "bench " + work.NewID().String()[:18], Query: "view=open&f=priority.is.2,3&f=state.is.fulfilling&f=pending.not.vendor"})
	if err != nil {
		b.Fatal(err)
	}
	p.view = v.ID.String()
	return p
}

// requestTables are what a request is written to.
var requestTables = []string{"service_requests", "service_request_tasks", "records", "search_docs", "sla_clocks", "sla_events", "trail_entries"}

// fillRequests makes size requests of the items that are in force, of which open
// are being fulfilled or wait for an approval, each with two tasks.
func fillRequests(b *testing.B, url string, size, open int) {
	b.Helper()
	w := newWorld(b, url, size, 4)
	defer w.conn.Close(context.Background())
	rows, _ := w.conn.Query(b.Context(), `SELECT i.id, v.id FROM catalog_items i JOIN catalog_versions v ON v.item_id = i.id ORDER BY i.id, v.no`)
	var items [][2]uuid.UUID
	var item, version uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&item, &version}, func() error { items = append(items, [2]uuid.UUID{item, version}); return nil }); err != nil || len(items) == 0 {
		b.Fatalf("%d items in force: %v", len(items), err)
	}
	w.fill(b, size, requestTables, func(ctx context.Context, from, to int) error { return w.requests(ctx, items, from, to, size, open) })
}

func (w *world) requests(ctx context.Context, items [][2]uuid.UUID, from, to, size, open int) error {
	req := &table{name: "service_requests", columns: strings.Fields("id number item_id version_id title state answers impact urgency priority access requester_id created_by service_id team_id assignee_id submitted_at approved_at expected_at fulfilled_at fulfilled_by closed_at created_at updated_at")}
	tsk := &table{name: "service_request_tasks", columns: strings.Fields("id request_id key title_zh title_en output state team_id assignee_id position after ready_at done_at done_by")}
	reg := &table{name: "records", columns: strings.Fields("id kind number title state category priority requester_id created_by assignee_id team_id service_id created_at updated_at closed_at due_at")}
	clk := &table{name: "sla_clocks", columns: clockColumns}
	evt := &table{name: "sla_events", columns: clockEventColumns}
	doc := &table{name: "search_docs", columns: strings.Fields("record_id hash terms talk notes open week")}
	trl := &table{name: "trail_entries", columns: trailColumns}
	for n := from; n < to; n++ {
		rid, at := w.id(), w.when(n, size)
		number := servicerequest.Label(int64(100_000 + n))
		it := pick(w, items)
		what := pick(w, placesZh) + pick(w, thingsZh)
		if w.r.IntN(3) == 0 {
			what = pick(w, thingsEn) + " for " + pick(w, placesEn)
		}
		by, agent, team, then := w.people[w.zipf.Uint64()], pick(w, w.agents), pick(w, w.teams), pick(w, w.teams)
		service := pick(w, w.svcs)
		priority := 2 + w.r.IntN(3)
		submitted, approved := at, ptr(at.Add(2*time.Hour))
		expected := at.AddDate(0, 0, 3)
		state, category := "closed", "closed"
		responded, fulfilled, closed := ptr(at.Add(3*time.Hour)), ptr(at.Add(26*time.Hour)), ptr(at.Add(80*time.Hour))
		updated, assignee, fulfiller := at.Add(80*time.Hour), &agent, &agent
		if n >= size-open {
			fulfilled, closed, fulfiller = nil, nil, nil
			state, category, updated = "fulfilling", "active", at.Add(3*time.Hour)
			if w.r.IntN(4) == 0 {
				state, approved, responded, assignee, updated = "approving", nil, nil, nil, at
			}
		}
		due := w.clocks(clk, evt, rid, agent, at, responded, fulfilled, priority)
		req.rows = append(req.rows, []any{rid, 100_000 + n, it[0], it[1], what, state, "{}", 3, 2, priority, false, by, by, service, team, assignee, submitted, approved, expected, fulfilled, fulfiller, closed, at, updated})
		for k, tm := range []uuid.UUID{team, then} {
			st, ready, done, doer, after := "done", approved, fulfilled, fulfiller, []string{}
			if k == 1 {
				after = []string{"t1"}
			}
			if fulfilled == nil {
				st, done, doer = "waiting", nil, nil
				if approved == nil || k == 1 {
					ready = nil
				} else {
					st = "ready"
				}
			}
			tsk.rows = append(tsk.rows, []any{w.id(), rid, fmt.Sprintf("t%d", k+1), "准备", "Prepare", "task", st, tm, assignee, k, after, ready, done, doer})
		}
		reg.rows = append(reg.rows, []any{rid, "servicerequest", number, what, state, category, priority, by, by, assignee, team, service, at, updated, closed, due})
		var t search.Terms
		t.AddTitle(what)
		doc.rows = append(doc.rows, []any{rid, int64(n), t.Vector(), "", "", category != "closed", search.Week(servicerequest.Kind, updated)})
		for e := range w.events {
			trl.rows = append(trl.rows, w.entry(at.Add(time.Duration(e)*time.Hour), agent, requestActs[e%len(requestActs)], "servicerequest", rid, number, e+1))
		}
	}
	return w.copy(ctx, req, tsk, reg, doc, trl, evt, clk)
}

var requestActs = strings.Fields("servicerequest.create servicerequest.submit servicerequest.take servicerequest.done")

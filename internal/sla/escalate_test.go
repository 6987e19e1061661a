package sla_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/presence"
	"opsdesk/internal/sla"
)

// scan does what the worker does every minute.
func scan(t *testing.T, d *apptest.Desk) {
	t.Helper()
	if err := d.SLA.Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Drain()
}

// told lists the events about promised times in somebody's inbox, oldest
// first.
func told(t *testing.T, d *apptest.Desk, who string, i incident.Incident) []string {
	t.Helper()
	list, err := d.Notify.Lines(d.As(who), notify.All, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range list {
		if n.RecordID == i.ID && (strings.HasPrefix(n.Event, "sla.") || n.Event == "incident.nudged") {
			out = append(out, n.Event)
		}
	}
	slices.Reverse(out)
	return out
}

// TestEachLevelIsToldOnce, on time, and by working time.
func TestEachLevelIsToldOnce(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i := report(t, d, 2, 2) // P3: answer in 2 h, solve in 24 h
	id := person(t, d, "engineer")
	if _, err := d.Incidents.Assign(d.As("lead"), i.ID, incident.AssignInput{AssigneeID: &id}); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ at, engineer, lead string }{
		{"2026-03-02 10:29", "", ""},
		{"2026-03-02 10:30", "sla.response_warned", ""},                                        // 75 %
		{"2026-03-02 10:31", "sla.response_warned", ""},                                        // and not again
		{"2026-03-02 10:48", "sla.response_warned sla.response_warned", "sla.response_warned"}, // 90 %: the lead too
		{"2026-03-02 11:00", "sla.response_warned sla.response_warned sla.response_breached", "sla.response_warned sla.response_breached"},
		{"2026-03-02 11:59", "sla.response_warned sla.response_warned sla.response_breached", "sla.response_warned sla.response_breached"},
		{"2026-03-02 13:00", "sla.response_warned sla.response_warned sla.response_breached", "sla.response_warned sla.response_breached sla.response_escalated"}, // 150 %: noon to one does not count
	} {
		d.SetClock(on(t, x.at).UTC())
		scan(t, d)
		if got := strings.Join(told(t, d, "engineer", i), " "); got != x.engineer {
			t.Errorf("%s: the engineer heard %q, want %q", x.at, got, x.engineer)
		}
		if got := strings.Join(told(t, d, "lead", i), " "); got != x.lead {
			t.Errorf("%s: the lead heard %q, want %q", x.at, got, x.lead)
		}
	}
	if got := told(t, d, "staff", i); len(got) != 0 {
		t.Errorf("the requester heard %q", got)
	}
}

// TestTheWorkerWasDown: what fell due meanwhile is told when it is back, each
// once, whether or not two of them look at the same time.
func TestTheWorkerWasDown(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i := report(t, d, 1, 1) // P1: 15 min around the clock
	d.Advance(20 * time.Minute)
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			errs <- d.SLA.Scan(t.Context())
		}()
	}
	for range 4 {
		if err := <-errs; err != nil && !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	scan(t, d)
	if got := strings.Join(told(t, d, "lead", i), " "); got != "sla.response_warned sla.response_warned sla.response_breached" {
		t.Errorf("the lead of an unassigned incident heard %q", got)
	}
	var n int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM sla_breaches WHERE record_id = $1`, i.ID).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d breaches, %v", n, err)
	}
}

// TestNudge: the people who hold it hear of it, at most once in the cool-down.
func TestNudge(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i := report(t, d, 2, 2)
	if _, err := d.Incidents.Nudge(d.As("staff"), i.ID, incident.NudgeInput{Remark: "Any news?"}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if got := told(t, d, "lead", i); !slices.Equal(got, []string{"incident.nudged"}) {
		t.Errorf("the lead heard %q", got)
	}
	d.Advance(time.Hour)
	_, err := d.Incidents.Nudge(d.As("staff"), i.ID, incident.NudgeInput{})
	if !fault.Is(err, fault.TooMany) || fault.Of(err).RetryAfter != 3*time.Hour {
		t.Errorf("%+v", fault.Of(err))
	}
	if _, err := d.Incidents.Nudge(d.As("implementer"), i.ID, incident.NudgeInput{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody who may not see it: %v", err)
	}
	d.Advance(3 * time.Hour)
	if _, err := d.Incidents.Nudge(d.As("staff"), i.ID, incident.NudgeInput{}); err != nil {
		t.Error(err)
	}
}

// TestPlans: the scan reads due rows only, and the queue by time left reads its
// own index.
func TestPlans(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if _, err := pool.PGX().Exec(t.Context(), `
		INSERT INTO sla_agreements VALUES ('00000000-0000-0000-0000-000000000001', 'sla', NULL, now());
		INSERT INTO sla_versions (id, agreement_id, number, state, name_zh, name_en, calendar_id, targets, marks, valid_from, review_by, authors, created_at, updated_at)
			VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 1, 'draft', 'a', 'a', '0197d2a0-0000-7000-8000-000000000001', '[1,2,3,4]', '[]', now(), now(), '{00000000-0000-0000-0000-000000000003}', now(), now());
		INSERT INTO records (id, kind, number, title, state, category, priority, created_by, due_at, created_at, updated_at)
			SELECT gen_random_uuid(), 'incident', 'T' || n, 't', CASE WHEN n % 20 = 0 THEN 'new' ELSE 'closed' END, CASE WHEN n % 20 = 0 THEN 'new' ELSE 'closed' END, 3, gen_random_uuid(), now() + n * interval '1 minute', now(), now() FROM generate_series(1, 20000) n;
		INSERT INTO sla_clocks (record_id, metric, stint, state, terms_id, calendar_id, target, goal_us, spent_us, as_of, started_at, next_at)
			SELECT id, 'resolution', 1, 'running', '00000000-0000-0000-0000-000000000002', '0197d2a0-0000-7000-8000-000000000001', '4h', 1, 0, now(), now(), CASE WHEN category = 'new' THEN due_at END FROM records;
		ANALYZE records; ANALYZE sla_clocks;`); err != nil {
		t.Fatal(err)
	}
	plans := dbtest.Plans(t, pool)
	for name, x := range map[string]struct{ sql, index string }{
		"scan":  {`SELECT record_id FROM sla_clocks WHERE next_at IS NOT NULL AND next_at <= now() ORDER BY next_at, record_id LIMIT 200`, "sla_clocks_next_idx"},
		"queue": {`SELECT r.* FROM records r WHERE r.kind = 'incident' AND r.category IN ('new', 'active', 'pending') AND (NOT r.confidential) AND (coalesce(r.due_at, 'infinity'::timestamptz), r.id) > ('2026-01-01'::text::timestamptz, '00000000-0000-0000-0000-000000000001') ORDER BY coalesce(r.due_at, 'infinity'::timestamptz), r.id LIMIT 51`, "records_open_due_idx"},
	} {
		plan := plans.Of(x.sql)
		if !strings.Contains(plan, x.index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
			t.Errorf("%s:\n%s", name, plan)
		}
	}
}

// TestExclusion: with a reason, by somebody who is not involved, once; and the
// breach stays where everybody sees it.
func TestExclusion(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i := report(t, d, 1, 1)
	id := person(t, d, "engineer")
	if _, err := d.Incidents.Assign(d.As("lead"), i.ID, incident.AssignInput{AssigneeID: &id}); err != nil {
		t.Fatal(err)
	}
	d.Advance(time.Hour)
	scan(t, d)
	in := sla.ExcludeInput{Number: i.Label(), Metric: sla.Response, Stint: 1, Reason: "The building had no power."}
	for who, want := range map[string]fault.Kind{"engineer": fault.Forbidden, "staff": fault.Forbidden, "implementer": fault.NotFound} {
		if err := d.SLA.Exclude(d.As(who), in); !fault.Is(err, want) {
			t.Errorf("%s: %v", who, err)
		}
	}
	bad := in
	bad.Reason = " "
	if err := d.SLA.Exclude(d.As("lead"), bad); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := d.SLA.Exclude(d.As("lead"), in); err != nil {
		t.Fatal(err)
	}
	if err := d.SLA.Exclude(d.As("lead"), in); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	for filter, want := range map[string]int{"": 1, "only": 1, "without": 0} {
		list, _, err := d.SLA.Breaches(d.As("lead"), sla.BreachFilter{Excluded: filter, Metric: sla.Response, Priority: 1}, "")
		n := 0
		for _, b := range list {
			if b.Number == i.Label() {
				n++
			}
		}
		if err != nil || n != want {
			t.Errorf("%q: %d, %v", filter, n, err)
		}
	}
	if list, _, err := d.SLA.Breaches(d.As("implementer"), sla.BreachFilter{}, ""); err != nil || len(list) != 0 {
		t.Errorf("somebody who may not see it: %d %v", len(list), err)
	}
	page := d.Client("lead").Get("/service-levels/" + i.Label()).Text()
	if !strings.Contains(page, "The building had no power.") || !strings.Contains(page, "Around the clock") {
		t.Error("the page does not tell the exclusion and the calendar")
	}
	if a := d.Client("staff").Get("/service-levels/" + i.Label()); a.Status != 403 {
		t.Errorf("the reporter sees the working: %d", a.Status)
	}
}

// TestAgreementPages: drafting, submitting and approving by forms alone; what
// was typed comes back.
func TestAgreementPages(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead, manager := d.Client("lead"), d.Client("manager")
	in := draft(t, d)
	form := url.Values{
		"kind": {"sla"}, "name_zh": {"贵宾"}, "name_en": {"Very important"}, "vip": {"true"}, "calendar_id": {in.CalendarID.String()}, "valid_from": {"2026-01-01"}, "review_by": {"2026-12-31"},
		"response_1": {"5m"}, "response_2": {"10m"}, "response_3": {"20m"}, "response_4": {"30m"}, "resolution_1": {"3h"}, "resolution_2": {"2h"}, "resolution_3": {"4h"}, "resolution_4": {"8h"},
	}
	a := lead.Post("/settings/agreements", form)
	if a.Status != 422 || !strings.Contains(a.Text(), `value="Very important"`) || !strings.Contains(a.Text(), "P1 must not be slower") {
		t.Fatalf("%d", a.Status)
	}
	form.Set("resolution_1", "1h")
	if a = lead.Post("/settings/agreements", form); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	page := a.Header.Get("Location")
	for _, x := range []struct {
		who  *apptest.Client
		path string
		want int
	}{{manager, "/approve", 409}, {lead, "/submit", 303}, {lead, "/approve", 403}, {manager, "/return", 422}, {manager, "/approve", 303}} {
		if a := x.who.Post(page+x.path, url.Values{}); a.Status != x.want {
			t.Errorf("%s: %d, want %d", x.path, a.Status, x.want)
		}
	}
	if text := lead.Get(page).Text(); !strings.Contains(text, "approved by Emma Clarke") {
		t.Error("the page does not say who approved")
	}
	if text := lead.Get("/settings/agreements").Text(); !strings.Contains(text, "Very important") {
		t.Error("the list does not have it")
	}
	for _, p := range []string{"/settings/agreements/new?kind=ola", "/settings/services", "/service-levels/breaches?metric=response&priority=1", "/settings/calendars"} {
		if a := lead.Get(p); a.Status != 200 {
			t.Errorf("%s: %d", p, a.Status)
		}
	}
}

// A lead who is away is told through who stands in for them, or, where nobody
// does, the next level is.
func TestEscalationWhileAway(t *testing.T) {
	t.Parallel()
	d := desk(t)
	if _, err := d.Pool.PGX().Exec(t.Context(), `DELETE FROM role_grants WHERE role = 'LEAD' AND person_id <> $1`, person(t, d, "lead")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE teams SET lead_id = $1`, person(t, d, "lead")); err != nil {
		t.Fatal(err)
	}
	away := func(who string, in presence.EnterInput) presence.Absence {
		t.Helper()
		in.From, in.To = "2026-03-02", "2026-03-03"
		a, err := d.Presence.Enter(d.As(who), in)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	second := person(t, d, "engineer2")
	away("lead", presence.EnterInput{SubstituteID: &second})
	i := report(t, d, 2, 2) // P3: answer in 2 h
	d.SetClock(on(t, "2026-03-02 10:50"))
	scan(t, d)
	if a, b := told(t, d, "lead", i), told(t, d, "engineer2", i); len(a) > 0 || len(b) == 0 {
		t.Errorf("the lead heard %q, who stands in %q", a, b)
	}
	before := len(told(t, d, "engineer2", i))
	away("engineer2", presence.EnterInput{})
	if _, err := d.Pool.PGX().Exec(t.Context(), `INSERT INTO role_grants (person_id, role, granted_by, granted_at) SELECT id, 'MGR', $1, now() FROM people WHERE username = 'engineer' ON CONFLICT DO NOTHING`, second); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `DELETE FROM role_grants WHERE role = 'MGR' AND person_id <> $1`, person(t, d, "engineer")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE departments SET manager_id = NULL`); err != nil {
		t.Fatal(err)
	}
	d.SetClock(on(t, "2026-03-02 11:00"))
	scan(t, d)
	if a, b, c := told(t, d, "lead", i), told(t, d, "engineer2", i), told(t, d, "engineer", i); len(a) > 0 || len(b) != before || len(c) == 0 {
		t.Errorf("the lead heard %q, who stands in %q, the manager of the desk %q", a, b, c)
	}
}

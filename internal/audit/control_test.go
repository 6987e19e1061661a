package audit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/audit"
	"opsdesk/internal/change"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/inspection"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/trail"
)

// broken are the objects that a control finds now.
func broken(t *testing.T, d *apptest.Desk, id string) []uuid.UUID {
	t.Helper()
	if _, err := d.Audit.RunControl(d.As("auditor"), id); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	c, err := d.Audit.ControlOf(d.As("auditor"), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []uuid.UUID
	for _, x := range c.Found {
		out = append(out, x.ID)
	}
	return out
}

// laptop is a request that two approvals are asked for.
func laptop(t *testing.T, d *apptest.Desk, who string) servicerequest.Request {
	t.Helper()
	list, err := d.Requests.ManagedItems(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(i servicerequest.Managed) bool { return i.NameEn == "Laptop" })
	r, err := d.Requests.Order(d.As(who), servicerequest.OrderInput{ItemID: list[at].ID, Answers: form.Raw{"model": {"light"}, "place": {"A-1"}, "extras": {"mouse"}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func approved(t *testing.T, d *apptest.Desk, r servicerequest.Request, who string) {
	t.Helper()
	x, err := d.Requests.Detail(d.As("lead"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	seats := x.Approval.Steps[x.Approval.Step-1].Seats
	if err := d.Approvals.Vote(d.As(who), x.Approval.ID, approval.VoteInput{SeatID: seats[0].ID, Choice: approval.Approve, Hash: x.Approval.Hash}); err != nil {
		t.Fatal(err)
	}
}

// carriedOut is a change that began as it should, among four that did not begin,
// and who approved it.
func carriedOut(t *testing.T, d *apptest.Desk) (id, manager uuid.UUID) {
	t.Helper()
	must := func(c change.Change, err error) change.Change {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.Of(err).Fields)
		}
		return c
	}
	known, err := identity.ByUsername(t.Context(), d.Pool, "implementer", "changemanager")
	if err != nil {
		t.Fatal(err)
	}
	var item uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT id FROM ci_items WHERE lifecycle = 'production' ORDER BY criticality DESC, id LIMIT 1`).Scan(&item); err != nil {
		t.Fatal(err)
	}
	from := d.Desk.Now().Add(time.Hour).Truncate(time.Minute)
	to, hands := from.Add(4*time.Hour), known["implementer"]
	step := []change.PlanStep{{Title: "Restart", OwnerID: &hands, Minutes: 10}}
	p := change.Plan{
		Title: "Firmware", Content: "17.12", Reason: "A leak", Effect: "90 s", Items: []uuid.UUID{item}, Steps: step, TestPlan: "Lab", RollbackTrigger: "No neighbours", Back: step, RollbackMinutes: 15,
		WindowFrom: &from, WindowTo: &to, ImplementerID: &hands,
	}
	for range 4 {
		must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: change.Plan{Title: "Draft"}}))
	}
	c := must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
	must(d.Changes.Assess(d.As("lead"), c.ID, change.AssessInput{Answers: []int{1, 1, 1, 1, 1, 1}}))
	must(d.Changes.Test(d.As("lead"), c.ID, change.TestInput{Result: change.Passed, Evidence: "log 17"}))
	c = must(d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{}))
	v, err := d.Approvals.Of(d.As("changemanager"), d.Pool, c.Ref())
	if err != nil {
		t.Fatal(err)
	}
	seats := v.Steps[v.Step-1].Seats
	at := slices.IndexFunc(seats, func(x approval.SeatView) bool { return x.PersonID == known["changemanager"] })
	if err := d.Approvals.Vote(d.As("changemanager"), v.ID, approval.VoteInput{SeatID: seats[at].ID, Choice: approval.Approve, Hash: v.Hash}); err != nil {
		t.Fatal(err)
	}
	must(d.Changes.Schedule(d.As("engineer2"), c.ID, change.StepInput{}))
	d.Advance(61 * time.Minute)
	must(d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{}))
	return c.ID, known["changemanager"]
}

// planned is an inspection that is to be done tomorrow.
func planned(t *testing.T, d *apptest.Desk) (id uuid.UUID) {
	t.Helper()
	var item, team uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT i.id, t.id FROM ci_items i, teams t WHERE i.lifecycle = 'production' AND t.active ORDER BY i.id, t.id LIMIT 1`).Scan(&item, &team); err != nil {
		t.Fatal(err)
	}
	at := d.Desk.Now().AddDate(0, 0, 1)
	p, err := d.Inspections.CreatePlan(d.As("configmanager"), inspection.PlanInput{
		NameZh: "巡检", NameEn: "Round", Items: []uuid.UUID{item}, Points: []inspection.Point{{Zh: "灯", Kind: inspection.Check}}, TeamID: team, AllowMinutes: 60,
		Recurrence: inspection.Recurrence{Unit: inspection.Days, Every: 1, At: "09:00", From: at.Format(time.DateOnly)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Jobs.Tick(t.Context(), inspection.JobMake); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if err := d.Pool.QueryRow(t.Context(), `SELECT id FROM inspections WHERE plan_id = $1`, p.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestEveryControlFires: what the desk itself made keeps every rule, and one
// change behind its back breaks each.
func TestEveryControlFires(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "Lamp", Description: "It is dark", Impact: 3, Urgency: 3})
	if err != nil {
		t.Fatal(err)
	}
	r := laptop(t, d, "staff")
	approved(t, d, r, "du.heng")
	early := laptop(t, d, "anna.kowalska")
	people, err := identity.ByUsername(t.Context(), d.Pool, "du.heng")
	if err != nil {
		t.Fatal(err)
	}
	boss := people["du.heng"]
	var version, service uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT v.id FROM sla_versions v JOIN sla_agreements a ON a.id = v.agreement_id WHERE a.kind = 'sla' AND v.state = 'approved' AND NOT v.vip AND v.services = '{}' LIMIT 1`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	if err := d.Pool.QueryRow(t.Context(), `SELECT id FROM services WHERE active ORDER BY id LIMIT 1`).Scan(&service); err != nil {
		t.Fatal(err)
	}
	c, manager := carriedOut(t, d)
	ins := planned(t, d)
	args := db.Args{"ins": ins, "i": i.ID, "r": r.ID, "early": early.ID, "boss": boss, "version": version, "c": c, "manager": manager, "now": d.Desk.Now()}
	covered := map[string]bool{}
	for _, c := range []struct {
		id     string
		object uuid.UUID
		change string
	}{
		{"CFG-02", ins, `UPDATE inspections SET scheduled_at = @now::timestamptz - interval '40 hours', due_at = @now::timestamptz - interval '30 hours' WHERE id = @ins`},
		{"INC-03", i.ID, `INSERT INTO sla_breaches (record_id, metric, stint, due_at, detected_at, terms_id, priority) VALUES (@i, 'response', 1, @now, @now, @version, 4)`},
		{"INC-04", i.ID, `UPDATE sla_clocks SET due_at = @now::timestamptz - interval '1 hour' WHERE record_id = @i AND metric = 'resolution'`},
		{"KPI-05", i.ID, `WITH e AS (INSERT INTO sla_events (record_id, n, at, kind, priority, actor_id, created_at) SELECT @i, 90 + n, @now, 'reclassified', n, @boss, @now FROM generate_series(1, 4, 3) n)
			INSERT INTO sla_fired (record_id, metric, stint, mark, goal_us, due_at, fired_at, told) VALUES (@i, 'resolution', 1, '90%', 1, @now, @now, '{}')`},
		{"KPI-04", i.ID, `WITH k AS (UPDATE sla_clocks SET state = 'met', started_at = @now::timestamptz - interval '10 hours', ended_at = @now WHERE record_id = @i AND metric = 'resolution')
			INSERT INTO sla_events (record_id, n, at, kind, reason, pauses, actor_id, created_at) VALUES (@i, 99, @now::timestamptz - interval '6 hours', 'paused', 'vendor', true, @boss, @now)`},
		{"REQ-01", early.ID, `UPDATE service_requests SET state = 'fulfilling', approved_at = @now WHERE id = @early`},
		{"REQ-03", r.ID, `WITH t AS (UPDATE service_request_tasks SET state = 'done', done_at = @now, done_by = @boss WHERE request_id = @r) UPDATE service_requests SET access = true, state = 'fulfilling', approved_at = @now WHERE id = @r`},
		{"REQ-02", r.ID, `UPDATE service_requests SET requester_id = @boss WHERE id = @r`},
		{"REQ-04", early.ID, `UPDATE catalog_items SET state = 'retired' WHERE id = (SELECT item_id FROM service_requests WHERE id = @early)`},
		{"SLA-02", version, `UPDATE sla_versions SET review_by = '2020-01-01' WHERE id = @version`},
		{"SLA-03", version, `UPDATE sla_versions SET targets = jsonb_set(targets, '{0,resolution}', '"99h"') WHERE id = @version`},
		{"CHG-08", c, `UPDATE changes SET window_from = started_at - interval '5 hours', window_to = started_at - interval '1 hour' WHERE id = @c`},
		{"CHG-07", c, `INSERT INTO change_freezes (id, name_zh, name_en, hard, from_at, to_at, created_by, created_at, updated_at)
			SELECT gen_random_uuid(), '封网', 'Freeze', true, started_at - interval '1 hour', started_at + interval '1 hour', @manager, @now, @now FROM changes WHERE id = @c`},
		{"CHG-04", c, `UPDATE changes SET test_evidence = '' WHERE id = @c`},
		{"CHG-03", c, `UPDATE changes SET risk = 'high' WHERE id = @c`},
		{"CHG-01", c, `UPDATE changes SET approved_at = @now::timestamptz + interval '1 hour' WHERE id = @c`},
		{"CHG-02", c, `UPDATE changes SET requester_id = @manager WHERE id = @c`},
		{"CHG-06", c, `UPDATE changes SET result = 'failed', state = 'closed', closed_at = @now, items_confirmed = true WHERE id = @c`},
		{"CHG-09", c, `UPDATE changes SET items_confirmed = false WHERE id = @c`},
		{"CHG-05", c, `UPDATE changes SET type = 'emergency', started_at = @now::timestamptz - interval '4 days' WHERE id = @c`},
		{"CHG-10", c, `UPDATE changes SET unauthorised = true, created_at = @now::timestamptz - interval '4 days' WHERE id = @c`},
		{"CHG-12", c, `UPDATE changes SET type = 'emergency', approved_hash = 'x', approved_at = @now::timestamptz - interval '9 days', started_at = @now::timestamptz - CASE WHEN id = @c THEN interval '4 days' ELSE interval '5 days' END`},
		{"CHG-11", c, `WITH t AS (INSERT INTO change_templates (id, family_id, number, state, name_zh, name_en, review_by, authors, created_at, updated_at)
				VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'draft', 'a', 'a', (@now::timestamptz)::date, ARRAY[@manager::uuid], @now::timestamptz, @now::timestamptz) RETURNING id)
			UPDATE changes SET type = 'standard', submitted_at = @now::timestamptz, template_id = (SELECT id FROM t) WHERE id = @c`},
		{"SLA-01", service, `UPDATE sla_versions SET state = 'withdrawn', approved_by = NULL, approved_at = NULL WHERE state = 'approved' AND @version::uuid IS NOT NULL`},
	} {
		covered[c.id] = true
		if slices.Contains(broken(t, d, c.id), c.object) {
			t.Errorf("%s finds what is in order", c.id)
		}
		used := db.Args{}
		for k, v := range args {
			if containsName(c.change, k) {
				used[k] = v
			}
		}
		if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), `SET LOCAL dbtest.tamper = 'on'`)
			if err == nil {
				_, err = tx.Exec(t.Context(), c.change, used)
			}
			return err
		}); err != nil {
			t.Fatalf("%s: %v", c.id, err)
		}
		if !slices.Contains(broken(t, d, c.id), c.object) {
			t.Errorf("%s does not fire", c.id)
		}
	}
	for _, c := range audit.Controls {
		if !covered[c.ID] {
			t.Errorf("%s is not tested", c.ID)
		}
	}
}

func containsName(sql, name string) bool {
	for n := 0; n+len(name) < len(sql); n++ {
		if sql[n] == '@' && sql[n+1:n+1+len(name)] == name && (n+1+len(name) == len(sql) || !isLetter(sql[n+1+len(name)])) {
			return true
		}
	}
	return false
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b == '_' }

// TestControlsAreKept: every night, for auditors only, in the trail, and without
// showing what is confidential.
func TestControlsAreKept(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for who, kind := range map[string]fault.Kind{"lead": fault.Forbidden, "staff": fault.Forbidden, "security": fault.Forbidden} {
		if _, err := d.Audit.RunControl(d.As(who), "INC-03"); !fault.Is(err, kind) {
			t.Errorf("%s ran a control: %v", who, err)
		}
	}
	if err := d.Jobs.Tick(t.Context(), audit.JobControls); err != nil {
		t.Fatal(err)
	}
	list, err := d.Audit.Overview(d.As("auditor"))
	if err != nil || len(list) != len(audit.Controls) {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.Last == nil || c.Last.SQLHash != c.Hash() {
			t.Errorf("%s did not run", c.ID)
			continue
		}
		entries, err := trail.OfRecord(t.Context(), d.Pool, c.Last.ID, 10)
		if err != nil || len(entries) != 1 {
			t.Errorf("%s is %d times in the trail: %v", c.ID, len(entries), err)
		}
	}
	hidden, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "Payroll", Description: "Somebody reads it", Impact: 3, Urgency: 3, Confidential: true})
	if err != nil {
		t.Fatal(err)
	}
	d.Advance(30 * time.Second)
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO sla_breaches (record_id, metric, stint, due_at, detected_at, terms_id, priority) SELECT @i, 'response', 9, @now, @now, id, 4 FROM sla_versions LIMIT 1`, db.Args{"i": hidden.ID, "now": d.Desk.Now()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(broken(t, d, "INC-03"), hidden.ID) {
		t.Error("an auditor was shown a confidential ticket")
	}
	if c, err := d.Audit.ControlOf(d.As("auditor"), "INC-03"); err != nil || c.Hidden != 1 {
		t.Errorf("%d are hidden: %v", c.Hidden, err)
	}
	if a := d.Client("auditor").Get("/controls/INC-03"); a.Status != 200 {
		t.Errorf("the page: %d", a.Status)
	}
	if a := d.Client("auditor").Post("/controls/run", nil); a.Status != 303 {
		t.Errorf("running all: %d", a.Status)
	}
}

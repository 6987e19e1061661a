package sla_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/sla"
)

// desk is a desk whose clock stands on a Monday at nine in Shanghai.
func desk(t *testing.T) *apptest.Desk {
	t.Helper()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(on(t, "2026-03-02 09:00").UTC())
	return d
}

func person(t *testing.T, d *apptest.Desk, name string) uuid.UUID {
	t.Helper()
	m, err := identity.ByUsername(t.Context(), d.Pool, name)
	if err != nil {
		t.Fatal(err)
	}
	return m[name]
}

// report opens an incident; impact and urgency 1 make P1, 3 and 2 P4.
func report(t *testing.T, d *apptest.Desk, impact, urgency int, mod ...func(*incident.CreateInput)) incident.Incident {
	t.Helper()
	in := incident.CreateInput{Title: "Clock", Description: "It stands.", Impact: impact, Urgency: urgency}
	for _, m := range mod {
		m(&in)
	}
	i, err := d.Incidents.Create(d.As("staff"), in)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func clock(t *testing.T, d *apptest.Desk, i incident.Incident, m sla.Metric) sla.ClockRow {
	t.Helper()
	list, err := d.SLA.Clocks(t.Context(), d.Pool, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.Metric == m {
			return c
		}
	}
	t.Fatalf("%s has no clock of %s: %+v", i.Label(), m, list)
	return sla.ClockRow{}
}

func dueAt(t *testing.T, c sla.ClockRow, want string) {
	t.Helper()
	if (c.Due == nil) != (want == "") || c.Due != nil && !c.Due.Equal(on(t, want)) {
		t.Errorf("%s is due %v, want %q", c.Metric, c.Due, want)
	}
}

// registered is the due instant of an incident in the register.
func registered(t *testing.T, d *apptest.Desk, id uuid.UUID) *time.Time {
	t.Helper()
	var at *time.Time
	if err := d.Pool.QueryRow(t.Context(), `SELECT due_at FROM records WHERE id = $1`, id).Scan(&at); err != nil {
		t.Fatal(err)
	}
	return at
}

// TestClocksFollowAnIncident through its whole life.
func TestClocksFollowAnIncident(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead := d.As("lead")
	i := report(t, d, 2, 2) // P3: 2h and 3d of 8h
	dueAt(t, clock(t, d, i, sla.Response), "2026-03-02 11:00")
	dueAt(t, clock(t, d, i, sla.Resolution), "2026-03-05 09:00")
	if at := registered(t, d, i.ID); at == nil || !at.Equal(on(t, "2026-03-02 11:00")) {
		t.Errorf("the register says %v", at)
	}
	cfg, err := d.Incidents.Config(lead)
	if err != nil {
		t.Fatal(err)
	}
	category := cfg.Categories[0].ID
	step := func(name string, fn func() (incident.Incident, error)) {
		t.Helper()
		if i, err = fn(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	d.Advance(time.Hour) // 10:00
	step("accept", func() (incident.Incident, error) {
		return d.Incidents.Accept(lead, i.ID, incident.AcceptInput{CategoryID: &category})
	})
	if c := clock(t, d, i, sla.Response); c.State != sla.Met {
		t.Errorf("answered in time: %s", c.State)
	}
	if at := registered(t, d, i.ID); at == nil || !at.Equal(on(t, "2026-03-05 09:00")) {
		t.Errorf("the register says %v", at)
	}
	step("pend", func() (incident.Incident, error) {
		return d.Incidents.Pend(lead, i.ID, incident.PendInput{Reason: incident.OnUser})
	})
	if c := clock(t, d, i, sla.Resolution); c.State != sla.Held || c.Due != nil || registered(t, d, i.ID) != nil {
		t.Errorf("pending: %+v", c)
	}
	d.Advance(48 * time.Hour)
	step("resume", func() (incident.Incident, error) { return d.Incidents.Resume(lead, i.ID, incident.StepInput{}) })
	dueAt(t, clock(t, d, i, sla.Resolution), "2026-03-09 09:00") // two days later, and a weekend
	step("pend for the desk's own problem", func() (incident.Incident, error) {
		return d.Incidents.Pend(lead, i.ID, incident.PendInput{Reason: incident.OnProblem})
	})
	if c := clock(t, d, i, sla.Resolution); c.State != sla.Running {
		t.Errorf("that reason does not pause: %s", c.State)
	}
	step("priority", func() (incident.Incident, error) {
		return d.Incidents.Prioritise(lead, i.ID, incident.PriorityInput{Priority: 2, Reason: "the plant stands"})
	})
	dueAt(t, clock(t, d, i, sla.Resolution), "2026-03-05 09:00") // 1 h of 8 h is used
	d.SetClock(on(t, "2026-03-05 10:00").UTC())
	step("resolve", func() (incident.Incident, error) {
		return d.Incidents.Resolve(lead, i.ID, incident.ResolveInput{Code: "fixed", Cause: "Dust.", Process: "Wiped."})
	})
	if c := clock(t, d, i, sla.Resolution); c.State != sla.Missed || registered(t, d, i.ID) != nil {
		t.Errorf("solved late: %+v", c)
	}
	var breaches int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM sla_breaches WHERE record_id = $1`, i.ID).Scan(&breaches); err != nil || breaches != 1 {
		t.Errorf("%d breaches are on record, %v", breaches, err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE sla_breaches SET due_at = now() WHERE record_id = $1`, i.ID); err == nil {
		t.Error("a breach was rewritten")
	}
}

// TestBackdatedReportHasItsTrueClock: what was reported an hour ago is an hour
// nearer.
func TestBackdatedReportHasItsTrueClock(t *testing.T) {
	t.Parallel()
	d := desk(t)
	d.SetClock(on(t, "2026-03-03 10:00").UTC())
	since, staff := on(t, "2026-03-02 17:00"), person(t, d, "staff")
	i, err := d.Incidents.Create(d.As("lead"), incident.CreateInput{Description: "Since yesterday.", Impact: 2, Urgency: 2, RequesterID: &staff, Channel: "phone", ReportedAt: &since})
	if err != nil {
		t.Fatal(err)
	}
	dueAt(t, clock(t, d, i, sla.Response), "2026-03-03 10:00") // half an hour on Monday, an hour and a half today
}

// TestStoredClocksAreWhatTheEventsSay: every clock of the demo company, counted
// again from its events, stands as it is kept.
func TestStoredClocksAreWhatTheEventsSay(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	rows, err := d.Pool.Query(t.Context(), `SELECT id FROM records WHERE kind = 'incident'`)
	if err != nil {
		t.Fatal(err)
	}
	var ids []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) < 20 {
		t.Fatalf("%d incidents, %v", len(ids), err)
	}
	for _, id := range ids {
		stored, err := d.SLA.Clocks(t.Context(), d.Pool, id)
		if err != nil || len(stored) < 2 {
			t.Fatalf("%s: %d clocks, %v", id, len(stored), err)
		}
		told, err := d.SLA.Explain(d.As("lead"), id)
		if fault.Is(err, fault.NotFound) {
			continue // confidential
		}
		if err != nil {
			t.Fatal(err)
		}
		for n, x := range told {
			c := stored[n]
			if c.Metric != x.Metric || c.State != x.State || c.SpentUS != x.Spent.Microseconds() || (c.Due == nil) != (x.Due == nil) || c.Due != nil && !c.Due.Equal(*x.Due) {
				t.Errorf("%s: kept %+v, counted %+v", id, c, x)
			}
		}
	}
}

func draft(t *testing.T, d *apptest.Desk, mod ...func(*sla.DraftInput)) sla.DraftInput {
	t.Helper()
	list, err := d.SLA.Calendars(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	in := sla.DraftInput{
		Kind: "sla", NameZh: "贵宾", NameEn: "VIP", VIP: true, CalendarID: list[0].ID, ValidFrom: "2026-01-01", ReviewBy: "2026-12-31",
		Response1: "5m", Response2: "10m", Response3: "20m", Response4: "30m", Resolution1: "1h", Resolution2: "2h", Resolution3: "4h", Resolution4: "8h",
	}
	for _, m := range mod {
		m(&in)
	}
	return in
}

// TestAgreementsNeedTwoPeople (S7, SLA-01) and good targets (SLA-03).
func TestAgreementsNeedTwoPeople(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead, manager := d.As("lead"), d.As("manager")
	for who, may := range map[string]bool{"staff": false, "engineer": false, "auditor": false, "admin": false} {
		if _, err := d.SLA.Draft(d.As(who), draft(t, d)); (err == nil) != may {
			t.Errorf("%s drafts: %v", who, err)
		}
	}
	v, err := d.SLA.Draft(lead, draft(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SLA.Approve(manager, v.ID, sla.ApproveInput{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a draft was approved: %v", err)
	}
	// Whoever touches the draft is an author and cannot approve.
	in := draft(t, d)
	in.Version, in.Response1 = v.Version, "6m"
	if v, err = d.SLA.EditDraft(manager, v.ID, in); err != nil || len(v.Authors) != 2 {
		t.Fatalf("%v %v", err, v.Authors)
	}
	if v, err = d.SLA.Submit(lead, v.ID, sla.StepInput{Version: v.Version}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SLA.Approve(manager, v.ID, sla.ApproveInput{}); !fault.Is(err, fault.Forbidden) || fault.Of(err).Code != "authz.denied.involved" {
		t.Errorf("an author approved: %v", err)
	}
	if _, err := d.SLA.Approve(lead, v.ID, sla.ApproveInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lead approved: %v", err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE sla_versions SET state = 'approved', approved_by = authors[1], approved_at = now() WHERE id = $1`, v.ID); err == nil {
		t.Error("the database let an author approve")
	}
	for field, mod := range map[string]func(*sla.DraftInput){
		"resolution_2": func(in *sla.DraftInput) { in.Resolution2 = "30m" }, // P1 is slower than P2
		"response_3":   func(in *sla.DraftInput) { in.Response3 = "" },
		"response_4":   func(in *sla.DraftInput) { in.Response4 = "2d" }, // after its resolution
		"valid_until":  func(in *sla.DraftInput) { in.ValidUntil = "2025-01-01" },
		"marks":        func(in *sla.DraftInput) { in.Marks = "75% nobody" },
		"calendar_1":   func(in *sla.DraftInput) { x := uuid.New(); in.Calendar1 = &x },
		"services":     func(in *sla.DraftInput) { in.Services = []uuid.UUID{uuid.New()} },
	} {
		_, err := d.SLA.Draft(lead, draft(t, d, mod))
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Name != field {
			t.Errorf("%s: %+v", field, f)
		}
	}
}

// TestTheMostParticularAgreementHolds, from its date on.
func TestTheMostParticularAgreementHolds(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead, manager := d.As("lead"), d.As("tao.lin")
	erp := uuid.Nil
	all, err := d.Services.All(lead)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.NameEn == "ERP system" {
			erp = s.ID
		}
	}
	i := report(t, d, 1, 1, func(in *incident.CreateInput) { in.ServiceID = &erp })
	if c := clock(t, d, i, sla.Resolution); c.Target != "2h" {
		t.Errorf("the service's own agreement: %s", c.Target)
	}
	if c := clock(t, d, report(t, d, 1, 1), sla.Resolution); c.Target != "4h" {
		t.Errorf("the agreement for all: %s", c.Target)
	}
	// The next version holds from its date; what is open keeps its terms.
	var old sla.Version
	list, err := d.SLA.Agreements(lead)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if v.NameEn == "ERP priority support" {
			old = v
		}
	}
	in := draft(t, d, func(in *sla.DraftInput) {
		in.AgreementID, in.VIP, in.Services, in.ValidFrom, in.Resolution1 = &old.AgreementID, false, []uuid.UUID{erp}, "2026-03-10", "90m"
	})
	v, err := d.SLA.Draft(lead, in)
	if err == nil {
		v, err = d.SLA.Submit(lead, v.ID, sla.StepInput{})
	}
	if err == nil {
		v, err = d.SLA.Approve(manager, v.ID, sla.ApproveInput{})
	}
	if err != nil || v.Number != 2 {
		t.Fatal(err, v.Number)
	}
	target := func() sla.Target {
		return clock(t, d, report(t, d, 1, 1, func(in *incident.CreateInput) { in.ServiceID = &erp }), sla.Resolution).Target
	}
	if got := target(); got != "2h" {
		t.Errorf("before its date: %s", got)
	}
	d.SetClock(on(t, "2026-03-10 09:00").UTC())
	if got := target(); got != "90m" {
		t.Errorf("from its date on: %s", got)
	}
	if c := clock(t, d, i, sla.Resolution); c.Target != "2h" {
		t.Errorf("the open one: %s", c.Target)
	}
}

package sla_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/sla"
	"opsdesk/internal/trail"
)

// standard is the demo's agreement for everything, as the form of its next
// version shows it.
func standard(t *testing.T, d *apptest.Desk) sla.DraftInput {
	t.Helper()
	var out struct {
		Items []struct {
			Terms sla.DraftInput `json:"terms"`
		} `json:"items"`
	}
	if a := d.API("lead").JSON("GET", "/api/v1/agreements", nil, &out); a.Status != 200 {
		t.Fatal(a.Status)
	}
	for _, x := range out.Items {
		if x.Terms.NameEn == "Standard support" {
			x.Terms.Version, x.Terms.ValidFrom = 0, "2026-03-01"
			return x.Terms
		}
	}
	t.Fatal("no agreement")
	return sla.DraftInput{}
}

func flip(p sla.Preview, number string, m sla.Metric) *sla.Flip {
	for _, f := range p.Flips {
		if f.Number == number && f.Metric == m {
			return &f
		}
	}
	return nil
}

// TestPreviewOfAnAgreement lists which open tickets would change sides, and
// saves nothing; approving may put them under it.
func TestPreviewOfAnAgreement(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i := report(t, d, 2, 2) // P3
	d.Advance(3 * time.Hour)
	before := clock(t, d, i, sla.Resolution)
	in := standard(t, d)
	in.Response1, in.Response2, in.Response3 = "5m", "10m", "30m"
	in.Resolution1, in.Resolution2, in.Resolution3 = "30m", "45m", "1h"
	p, err := d.SLA.PreviewDraft(d.As("lead"), in)
	if err != nil {
		t.Fatal(err)
	}
	if f := flip(p, i.Label(), sla.Resolution); f == nil || f.Late != "becomes" || !f.Before.Equal(*before.Due) || p.Late == 0 {
		t.Errorf("%+v", p)
	}
	if _, err := d.SLA.PreviewDraft(d.As("staff"), in); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff: %v", err)
	}
	if list, err := d.SLA.Agreements(d.As("lead")); err != nil || len(list) != 3 {
		t.Errorf("a preview saved something: %d %v", len(list), err)
	}
	v, err := d.SLA.Draft(d.As("lead"), in)
	if err == nil {
		v, err = d.SLA.Submit(d.As("lead"), v.ID, sla.StepInput{})
	}
	if err != nil {
		t.Fatal(err)
	}
	// Each sees only tickets that they may see.
	for who, want := range map[string]bool{"lead": true, "manager": false} {
		page := d.Client(who).Get("/settings/agreements/" + v.ID.String() + "?preview=1")
		if got := strings.Contains(page.Text(), i.Label()); page.Status != 200 || got != want {
			t.Errorf("%s: %d, sees the ticket: %v", who, page.Status, got)
		}
	}
	if _, err = d.SLA.Approve(d.As("manager"), v.ID, sla.ApproveInput{}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if c := clock(t, d, i, sla.Resolution); !c.Due.Equal(*before.Due) {
		t.Errorf("open tickets keep their terms, but it is due %s", c.Due)
	}
	// The next one is applied at once.
	in.Resolution3, in.AgreementID = "2h", &v.AgreementID
	if v, err = d.SLA.Draft(d.As("lead"), in); err == nil {
		v, err = d.SLA.Submit(d.As("lead"), v.ID, sla.StepInput{})
	}
	if err == nil {
		_, err = d.SLA.Approve(d.As("manager"), v.ID, sla.ApproveInput{Apply: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if c := clock(t, d, i, sla.Resolution); c.Target != "2h" || c.Breached == nil {
		t.Errorf("applied: target %s, breached %v", c.Target, c.Breached)
	}
	entries, err := trail.OfRecord(t.Context(), d.Pool, i.ID, 100)
	if err != nil || !slices.ContainsFunc(entries, func(e trail.Entry) bool { return e.Action == sla.ActionReapply }) {
		t.Errorf("the trail of the ticket does not say so: %v", err)
	}
}

func TestAnAgreementOfLaterIsNotAppliedNow(t *testing.T) {
	t.Parallel()
	d := desk(t)
	in := standard(t, d)
	in.ValidFrom = "2026-06-01"
	v, err := d.SLA.Draft(d.As("lead"), in)
	if err == nil {
		v, err = d.SLA.Submit(d.As("lead"), v.ID, sla.StepInput{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.SLA.Approve(d.As("manager"), v.ID, sla.ApproveInput{Apply: true}); !fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Name != "apply" {
		t.Error(err)
	}
}

// TestPreviewOfTheMatrix leaves out what somebody chose with a reason.
func TestPreviewOfTheMatrix(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i, chosen := report(t, d, 2, 2), report(t, d, 2, 2)
	if _, err := d.Incidents.Prioritise(d.As("lead"), chosen.ID, incident.PriorityInput{Priority: 4, Reason: "It can wait."}); err != nil {
		t.Fatal(err)
	}
	d.Advance(9 * time.Hour)
	cfg, err := d.Incidents.Config(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"preview": {"1"}}
	for n, c := range cfg.Matrix {
		if c.Impact == 2 && c.Urgency == 2 {
			cfg.Matrix[n].Priority = 1
		}
		form.Set("p"+string(rune('0'+c.Impact))+string(rune('0'+c.Urgency)), string(rune('0'+cfg.Matrix[n].Priority)))
	}
	p, err := d.Incidents.PreviewMatrix(d.As("lead"), cfg.Matrix)
	if err != nil {
		t.Fatal(err)
	}
	if f := flip(p, i.Label(), sla.Resolution); f == nil || f.Late != "becomes" {
		t.Errorf("%+v", p)
	}
	if f := flip(p, chosen.Label(), sla.Resolution); f != nil {
		t.Errorf("chosen by hand: %+v", f)
	}
	if a := d.Client("lead").Post("/settings/incidents/matrix", form); a.Status != 200 || !strings.Contains(a.Text(), i.Label()) {
		t.Errorf("the page: %d", a.Status)
	}
	now, err := d.Incidents.Config(d.As("lead"))
	if err != nil || slices.Equal(now.Matrix, cfg.Matrix) {
		t.Errorf("the preview saved the matrix: %v", err)
	}
	if _, err := d.Incidents.PreviewMatrix(d.As("engineer"), cfg.Matrix); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer: %v", err)
	}
}

// TestTheMatrixIsAppliedToWhatIsOpen: the job tells each ticket anew, with a
// line in its trail, but for what somebody chose.
func TestTheMatrixIsAppliedToWhatIsOpen(t *testing.T) {
	t.Parallel()
	d := desk(t)
	i, chosen := report(t, d, 2, 2), report(t, d, 2, 2)
	if _, err := d.Incidents.Prioritise(d.As("lead"), chosen.ID, incident.PriorityInput{Priority: 4, Reason: "It can wait."}); err != nil {
		t.Fatal(err)
	}
	cfg, err := d.Incidents.Config(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	matrix := slices.Clone(cfg.Matrix)
	for n, c := range matrix {
		if c.Impact == 2 && c.Urgency == 2 {
			matrix[n].Priority = 1
		}
	}
	for _, apply := range []bool{false, true} {
		if err := d.Incidents.SetMatrix(d.As("lead"), matrix, apply); err != nil {
			t.Fatal(err)
		}
		d.Drain()
		for id, want := range map[uuid.UUID]int{i.ID: map[bool]int{false: i.Priority, true: 1}[apply], chosen.ID: 4} {
			if x, _, err := d.Incidents.Get(d.As("lead"), id); err != nil || x.Priority != want {
				t.Errorf("applied %v: P%d, want P%d (%v)", apply, x.Priority, want, err)
			}
		}
	}
	entries, err := trail.OfRecord(t.Context(), d.Pool, i.ID, 100)
	if err != nil || !slices.ContainsFunc(entries, func(e trail.Entry) bool { return e.Action == incident.ActionPriority }) {
		t.Errorf("the trail has no line of it: %v", err)
	}
}

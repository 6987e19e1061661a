package servicerequest_test

import (
	"testing"
	"time"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/form"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/servicerequest"
)

// TestTwoApproversOneDeputyTwoTeams: a request for access needs the manager of
// the requester and the owner of the service. The manager is away and their
// deputy decides, in their name. Then an engineer of one team grants, and one of
// another checks; neither does the other's part, and nobody who decided does
// either.
func TestTwoApproversOneDeputyTwoTeams(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	deputy := "manager"
	in := approval.DeputyInput{DeputyID: *person(t, d, deputy), From: d.Desk.Now().Add(-time.Hour), Until: d.Desk.Now().Add(5 * 24 * time.Hour), Reason: "On leave"}
	if _, err := d.Approvals.Appoint(d.As("du.heng"), in); err != nil {
		t.Fatal(err)
	}
	r := order(t, d, "staff", servicerequest.OrderInput{
		ItemID: items(t, d)["ERP access"], Answers: form.Raw{"who": {person(t, d, "staff").String()}, "modules": {"pay"}, "until": {"2099-01-01"}},
	})
	if err := vote(d, "tang.yi", r, approval.Approve); err == nil {
		t.Fatal("somebody who is not asked decided")
	}
	if err := vote(d, deputy, r, approval.Approve); err != nil {
		t.Fatalf("the deputy: %v", err)
	}
	if r = get(t, d, r); r.State != servicerequest.Approving || len(tasks(t, d, r)) > 0 {
		t.Fatalf("work began after one of two approvals: %s", r.State)
	}
	x, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	seat := x.Approval.Steps[0].Seats[0]
	if seat.PersonID != *person(t, d, "du.heng") || seat.ByID == nil || *seat.ByID != *person(t, d, deputy) {
		t.Errorf("who decided, and for whom, is not said: %+v", seat)
	}
	if err := vote(d, "tao.lin", r, approval.Approve); err != nil {
		t.Fatalf("the owner: %v", err)
	}
	if r = get(t, d, r); r.State != servicerequest.Approved {
		t.Fatal(r.State)
	}
	if got := states(tasks(t, d, r)); got != "check:waiting grant:ready" {
		t.Fatal(got)
	}
	for _, who := range []string{deputy, "qian.fei"} {
		if _, err := d.Requests.CompleteTask(d.As(who), r.ID, tasks(t, d, r)["grant"].ID, servicerequest.TaskInput{}); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s granted the access: %v", who, err)
		}
	}
	done(t, d, "tang.yi", r, "grant")
	if _, err := d.Requests.CompleteTask(d.As("tang.yi"), r.ID, tasks(t, d, r)["check"].ID, servicerequest.TaskInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("one team did the part of the other: %v", err)
	}
	if r = done(t, d, "engineer2", r, "check"); r.State != servicerequest.Fulfilled {
		t.Fatal(r.State)
	}
	if r, err = d.Requests.Confirm(d.As("staff"), r.ID, servicerequest.StepInput{}); err != nil || r.State != servicerequest.Closed {
		t.Error(r.State, err)
	}
}

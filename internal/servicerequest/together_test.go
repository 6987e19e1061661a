package servicerequest_test

import (
	"strings"
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

// TestARejectionMayAskForAChange: the voter says where it leads. Back to the
// requester means that it can be changed and sent again, and that everybody is
// asked anew; back to a step, that those of the step decide once more.
func TestARejectionMayAskForAChange(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", servicerequest.OrderInput{
		ItemID: items(t, d)["ERP access"], Answers: form.Raw{"who": {person(t, d, "staff").String()}, "modules": {"pay"}, "until": {"2099-01-01"}},
	})
	reject := func(who string, to int) error {
		t.Helper()
		x, err := d.Requests.Detail(d.As("lead"), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		seat := x.Approval.Steps[x.Approval.Step-1].Seats[0]
		return d.Approvals.Vote(d.As(who), x.Approval.ID, approval.VoteInput{SeatID: seat.ID, Choice: approval.Reject, Hash: x.Approval.Hash, Reason: "Until when, exactly?", BackTo: to})
	}
	if err := reject("du.heng", 2); code(err) != "back_to approval.error.back_to" {
		t.Errorf("to a step that is still to come: %s", code(err))
	}
	if err := vote(d, "du.heng", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	if err := reject("tao.lin", 1); err != nil {
		t.Fatal(err)
	}
	x, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil || x.State != servicerequest.Approving || x.Approval.Step != 1 || x.Approval.Round != 3 {
		t.Fatalf("%v %s %+v", err, x.State, x.Approval)
	}
	if err := reject("du.heng", approval.ToRequester); err != nil {
		t.Fatal(err)
	}
	if r, _, err = d.Requests.Get(d.As("staff"), r.ID); err != nil || r.State != servicerequest.Draft {
		t.Fatal(r.State, err)
	}
	if a := d.Client("staff").Get("/requests/" + r.Label()); a.Status != 200 || !strings.Contains(a.Text(), "Until when, exactly?") {
		t.Errorf("the requester is not told why: %d", a.Status)
	}
	answers := form.Raw{"who": x.Answers["who"], "modules": {"stock"}}
	if r, err = d.Requests.Edit(d.As("staff"), r.ID, servicerequest.EditInput{Answers: &answers, Submit: true}); err != nil || r.State != servicerequest.Approving || r.RejectReason != "" {
		t.Fatal(r.State, err)
	}
	if err := vote(d, "du.heng", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	if r = get(t, d, r); r.State != servicerequest.Approved {
		t.Error(r.State)
	}
}

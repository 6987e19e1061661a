package servicerequest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/sla"
	"opsdesk/internal/work"
)

// morning is a Tuesday in a week without holidays.
var morning = time.Date(2026, 3, 3, 1, 0, 0, 0, time.UTC)

// atMorning is a desk whose clock stands at nine on a working day.
func atMorning(t *testing.T) *apptest.Desk {
	t.Helper()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(morning)
	return d
}

// stand writes how the clocks of a request stand: metric and state, response
// first.
func stand(t *testing.T, d *apptest.Desk, r servicerequest.Request) string {
	t.Helper()
	list, err := d.SLA.Clocks(t.Context(), d.Pool, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		if c.Metric != sla.Team {
			out = append(out, string(c.Metric)+":"+string(c.State))
		}
	}
	return strings.Join(out, " ")
}

// registered is the due instant of a request in the register.
func registered(t *testing.T, d *apptest.Desk, id uuid.UUID) *time.Time {
	t.Helper()
	var due *time.Time
	if err := d.Pool.QueryRow(t.Context(), `SELECT due_at FROM records WHERE id = @id`, db.Args{"id": id}).Scan(&due); err != nil {
		t.Fatal(err)
	}
	return due
}

// heard lists the events of one request that somebody was told of.
func heard(t *testing.T, d *apptest.Desk, who string, r servicerequest.Request) []string {
	t.Helper()
	d.Drain()
	me, err := identity.ByUsername(t.Context(), d.Pool, who)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := d.Pool.Query(t.Context(), `SELECT event FROM notifications WHERE person_id = @p AND record_id = @r`, db.Args{"p": me[who], "r": r.ID})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestClocksFollowARequest from its sending on: they stand still while
// approvals are asked for and while the requester is waited for.
func TestClocksFollowARequest(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	in := laptop(t, d)
	in.Draft = true
	r := order(t, d, "staff", in)
	if got := stand(t, d, r); got != "" {
		t.Errorf("a draft: %s", got)
	}
	r, err := d.Requests.Edit(d.As("staff"), r.ID, servicerequest.EditInput{Submit: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:paused resolution:paused" || registered(t, d, r.ID) != nil {
		t.Errorf("while approvals are asked for: %s, due %v", got, registered(t, d, r.ID))
	}
	d.Advance(48 * time.Hour)
	if err := vote(d, "du.heng", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:running resolution:running" {
		t.Errorf("approved: %s", got)
	}
	due := registered(t, d, r.ID)
	if due == nil || due.Before(d.Desk.Now()) {
		t.Fatalf("approved: due %v", due)
	}
	r = done(t, d, "qian.fei", r, "order")
	if got := stand(t, d, r); got != "response:met resolution:running" {
		t.Errorf("the first task is done: %s", got)
	}
	if _, err := d.Requests.Pend(d.As("qian.fei"), r.ID, servicerequest.PendInput{Reason: servicerequest.OnUser}); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:met resolution:paused" || registered(t, d, r.ID) != nil {
		t.Errorf("pending: %s", got)
	}
	d.Advance(24 * time.Hour)
	if r, err = d.Requests.Reply(d.As("staff"), r.ID, servicerequest.ReplyInput{Body: "Here."}); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:met resolution:running" {
		t.Errorf("answered: %s", got)
	}
	done(t, d, "engineer", r, "account")
	r = done(t, d, "qian.fei", r, "install")
	if got := stand(t, d, r); r.State != servicerequest.Fulfilled || got != "response:met resolution:met" {
		t.Errorf("delivered: %s %s", r.State, got)
	}
	if r, err = d.Requests.Return(d.As("staff"), r.ID, servicerequest.ReasonInput{Reason: "It does not start."}); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:met resolution:running" {
		t.Errorf("returned: %s", got)
	}
	// Whoever may see the request reads its clocks by program, requesters too.
	var out servicerequest.Out
	if a := d.API("staff").JSON("GET", "/api/v1/requests/"+r.Label(), nil, &out); a.Status != 200 || len(out.Clocks) < 2 || out.Clocks[1].DueAt == nil {
		t.Errorf("%d: %+v", a.Status, out.Clocks)
	}
	if page := d.Client("lead").Get("/service-levels/" + r.Label()); page.Status != 200 {
		t.Errorf("why: %d", page.Status)
	}
	for who, want := range map[string]bool{"lead": true, "staff": false} {
		if got := strings.Contains(d.Client(who).Get("/requests/"+r.Label()).Text(), "/service-levels/"+r.Label()); got != want {
			t.Errorf("%s is led to the working: %v", who, got)
		}
	}
}

func TestClocksOfRequestsThatEndEarlyAreVoid(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	r := order(t, d, "staff", laptop(t, d))
	if _, err := d.Requests.Withdraw(d.As("staff"), r.ID, servicerequest.WithdrawInput{}); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:void resolution:void" {
		t.Errorf("withdrawn: %s", got)
	}
	r = order(t, d, "staff", laptop(t, d))
	if err := vote(d, "du.heng", r, approval.Reject); err != nil {
		t.Fatal(err)
	}
	if got := stand(t, d, r); got != "response:void resolution:void" {
		t.Errorf("rejected: %s", got)
	}
}

// TestRequestsBreachAndEscalate like incidents: each level once, and the breach
// is in the list.
func TestRequestsBreachAndEscalate(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	in := move(t, d)
	in.Answers["day"] = []string{"2027-01-05"}
	r := order(t, d, "staff", in)
	d.Advance(30 * 24 * time.Hour)
	for range 2 {
		if err := d.SLA.Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var told int
	for _, who := range []string{"lead", "engineer", "qian.fei", "tao.lin", "manager", "he.ming"} {
		list := heard(t, d, who, r)
		slices.Sort(list)
		for i, e := range list {
			if strings.HasPrefix(e, "sla.") {
				told++
				if i > 0 && list[i-1] == e && strings.HasSuffix(e, "breached") {
					t.Errorf("%s was told twice of %s", who, e)
				}
			}
		}
	}
	if told == 0 {
		t.Error("nobody was told")
	}
	breaches, _, err := d.SLA.Breaches(d.As("lead"), sla.BreachFilter{}, "")
	if err != nil {
		t.Fatal(err)
	}
	var metrics []string
	for _, b := range breaches {
		if b.RecordID == r.ID && b.Metric != sla.Team {
			metrics = append(metrics, string(b.Metric))
		}
	}
	slices.Sort(metrics)
	if !slices.Equal(metrics, []string{"resolution", "response"}) {
		t.Errorf("missed: %v", metrics)
	}
}

// TestRequestsAreChased reaches whoever answers for it now, with a cool-down.
func TestRequestsAreChased(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	r := order(t, d, "staff", laptop(t, d))
	if _, err := d.Requests.Nudge(d.As("implementer"), r.ID, servicerequest.NudgeInput{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := d.Requests.Nudge(d.As("staff"), r.ID, servicerequest.NudgeInput{Remark: "I start on Monday."}); err != nil {
		t.Fatal(err)
	}
	if got := heard(t, d, "du.heng", r); !slices.Contains(got, "servicerequest.nudged") {
		t.Errorf("who is asked to approve heard %v", got)
	}
	if _, err := d.Requests.Nudge(d.As("staff"), r.ID, servicerequest.NudgeInput{}); !fault.Is(err, fault.TooMany) {
		t.Errorf("at once again: %v", err)
	}
	if err := vote(d, "du.heng", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Requests.ClaimTask(d.As("qian.fei"), r.ID, tasks(t, d, r)["order"].ID, servicerequest.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.Advance(5 * time.Hour)
	if a := d.Client("staff").Post("/requests/"+r.Label()+"/nudge", nil); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if got := heard(t, d, "qian.fei", r); !slices.Contains(got, "servicerequest.nudged") {
		t.Errorf("who has the task heard %v", got)
	}
	for _, k := range []string{"account", "install"} {
		if k == "account" {
			done(t, d, "qian.fei", r, "order")
		}
		done(t, d, map[string]string{"account": "engineer", "install": "qian.fei"}[k], r, k)
	}
	d.Advance(5 * time.Hour)
	if _, err := d.Requests.Nudge(d.As("staff"), r.ID, servicerequest.NudgeInput{}); code(err) != "servicerequest.error.not_open" {
		t.Errorf("delivered: %v", err)
	}
}

// TestQueueInTheOrderOfTimeLeft, over its pages, with what stands still last.
func TestQueueInTheOrderOfTimeLeft(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	in := move(t, d)
	in.Answers["day"] = []string{"2027-01-05"}
	waits := order(t, d, "staff", laptop(t, d))
	late := order(t, d, "staff", in)
	d.Advance(time.Hour)
	in.Urgency = 1
	order(t, d, "anna.kowalska", in)
	var got []uuid.UUID
	var last *time.Time
	cursor, ended := "", false
	for range 20 {
		p, err := d.Requests.List(d.As("lead"), servicerequest.Filter{Limit: 1}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rows {
			got = append(got, r.ID)
			switch {
			case r.DueAt == nil:
				ended = true
			case ended, last != nil && r.DueAt.Before(*last):
				t.Errorf("%s is out of order", r.Number)
			default:
				last = r.DueAt
			}
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if i, j := slices.Index(got, late.ID), slices.Index(got, waits.ID); i < 0 || j < 0 || i > j || !ended {
		t.Errorf("what runs stands at %d, what waits at %d of %d", i, j, len(got))
	}
	if page := d.Client("lead").Get("/requests"); !strings.Contains(page.Text(), `data-due="`) {
		t.Error("the queue shows no clocks")
	}
}

// TestDeputiesAreLedToApprovals from the portal, though they have no desk.
func TestDeputiesAreLedToApprovals(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	link := func(who string) bool {
		return strings.Contains(d.Client(who).Get("/my").Text(), `href="/approvals"`)
	}
	order(t, d, "anna.kowalska", laptop(t, d))
	if link("staff") {
		t.Error("staff for whom nothing waits are led to approvals")
	}
	me, err := identity.ByUsername(t.Context(), d.Pool, "staff")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Desk.Do(d.As("lead"), func(u *work.Unit) error {
		r := order(t, d, "anna.kowalska", move(t, d))
		record.Await(&u.Batch, record.Wait{RecordID: r.ID, PersonID: me["staff"], What: "approval.asked", Source: work.NewID(), Path: "/approvals", Since: u.Now})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !link("staff") {
		t.Error("a deputy is not led to what waits for them")
	}
}

// TestTheToldDayMovesWhileTheRequesterIsWaitedFor, by the working time of the
// wait, already while it lasts.
func TestTheToldDayMovesWhileTheRequesterIsWaitedFor(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	in := move(t, d)
	in.Answers["day"] = []string{"2027-01-05"}
	r := order(t, d, "staff", in)
	told := *r.ExpectedAt
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	shown := func() time.Time {
		x, err := d.Requests.Detail(d.As("staff"), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.Requests.List(d.As("lead"), servicerequest.Filter{View: "all", Text: r.Label()}, "")
		if err != nil || len(p.Rows) != 1 || !p.Rows[0].ExpectedAt.Equal(*x.ExpectedAt) {
			t.Errorf("the page says %v, the list %+v: %v", x.ExpectedAt, p.Rows, err)
		}
		todo, err := d.Requests.Todo(d.As("qian.fei"), false, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range todo.Rows {
			if k.RequestID == r.ID && !k.ExpectedAt.Equal(*x.ExpectedAt) {
				t.Errorf("the page says %v, the list of tasks %v", x.ExpectedAt, k.ExpectedAt)
			}
		}
		if file := exported(t, d, r); file != x.ExpectedAt.In(zone).Format("2006-01-02 15:04") {
			t.Errorf("the page says %v, the file %s", x.ExpectedAt, file)
		}
		return *x.ExpectedAt
	}
	done(t, d, "he.ming", r, "port")
	if _, err := d.Requests.Pend(d.As("engineer"), r.ID, servicerequest.PendInput{Reason: servicerequest.OnUser}); err != nil {
		t.Fatal(err)
	}
	if got := shown(); !got.Equal(told) {
		t.Errorf("at once: %v, told %v", got, told)
	}
	d.Advance(7 * 24 * time.Hour)
	during := shown()
	if !during.After(told.Add(6 * 24 * time.Hour)) {
		t.Errorf("after a week of waiting it is still %v", during)
	}
	if _, err := d.Requests.Reply(d.As("staff"), r.ID, servicerequest.ReplyInput{Body: "Here."}); err != nil {
		t.Fatal(err)
	}
	d.Advance(48 * time.Hour)
	if got := shown(); !got.Equal(during) {
		t.Errorf("when work went on: %v, then %v", during, got)
	}
}

package change_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/change"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// code is what a refusal says: the fields, or the message.
func code(err error) string {
	f := fault.Of(err)
	switch {
	case err == nil:
		return "ok"
	case len(f.Fields) > 0:
		var out []string
		for _, x := range f.Fields {
			out = append(out, x.Name)
		}
		return strings.Join(out, " ")
	}
	return f.Code
}

func person(t *testing.T, d *apptest.Desk, name string) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT id FROM people WHERE username = $1`, name).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// itemIDs are some items of the demo's data centre.
func itemIDs(t *testing.T, d *apptest.Desk, n int) []uuid.UUID {
	t.Helper()
	rows, err := d.Pool.Query(t.Context(), `SELECT id FROM ci_items WHERE lifecycle = 'production' ORDER BY criticality DESC, number LIMIT $1`, n)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		out = append(out, id)
	}
	if len(out) < n || rows.Err() != nil {
		t.Fatalf("%d items, %v", len(out), rows.Err())
	}
	return out
}

// plan is a sound plan for a window that begins in an hour.
func plan(t *testing.T, d *apptest.Desk) change.Plan {
	t.Helper()
	imp := person(t, d, "implementer")
	from := d.Desk.Now().Add(time.Hour).Truncate(time.Minute)
	to := from.Add(4 * time.Hour)
	step := func(s string, n int) change.PlanStep {
		return change.PlanStep{Title: s, OwnerID: &imp, Minutes: n, Check: "ok"}
	}
	return change.Plan{
		Title: "核心交换机固件升级", Content: "17.9 → 17.12", Reason: "内存泄漏", Effect: "办公网中断 90 秒", Items: itemIDs(t, d, 1), Steps: []change.PlanStep{step("备份配置", 20), step("升级", 60)},
		TestPlan: "实验室", RollbackTrigger: "邻居少于 46", Back: []change.PlanStep{step("启动备用分区", 12)}, RollbackMinutes: 15, Rehearsal: "11-18 实验室", WindowFrom: &from, WindowTo: &to,
		ImplementerID: &imp,
	}
}

type desk struct {
	*apptest.Desk
	t *testing.T
}

func (d desk) must(c change.Change, err error) change.Change {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%v: %s", err, code(err))
	}
	return c
}

// proposed is a change that waits for its review.
func (d desk) proposed(p change.Plan, answers ...int) change.Change {
	d.t.Helper()
	if len(answers) == 0 {
		answers = []int{2, 2, 1, 2, 2, 1}
	}
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
	d.must(d.Changes.Assess(d.As("lead"), c.ID, change.AssessInput{Answers: answers}))
	d.must(d.Changes.Test(d.As("lead"), c.ID, change.TestInput{Result: change.Passed, Evidence: "log 17"}))
	return d.must(d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{}))
}

// vote approves, or rejects, what waits for a person.
func (d desk) vote(who string, c change.Change, yes bool) error {
	d.t.Helper()
	v, err := d.Approvals.Of(d.As(who), d.Pool, c.Ref())
	if err != nil || v == nil {
		d.t.Fatal(v, err)
	}
	in := approval.VoteInput{Hash: v.Hash, Choice: approval.Approve}
	if !yes {
		in.Choice, in.Reason = approval.Reject, "回退步骤不清楚"
	}
	me := person(d.t, d.Desk, who)
	for _, st := range v.Steps {
		for _, x := range st.Seats {
			if st.State == "current" && x.PersonID == me {
				in.SeatID = x.ID
			}
		}
	}
	err = d.Approvals.Vote(d.As(who), v.ID, in)
	return err
}

func (d desk) get(id uuid.UUID) change.Change {
	d.t.Helper()
	c, _, err := d.Changes.Get(d.As("lead"), id)
	return d.must(c, err)
}

func newDesk(t *testing.T) desk { return desk{apptest.New(t, apptest.Options{}), t} }

// A normal change from the application to the review, by different people, and
// what each of them must not do.
func TestALife(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bad := plan(t, d.Desk)
	bad.Reason, bad.Back = "", nil
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: bad}))
	if _, err := d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}); code(err) != "content rollback" {
		t.Errorf("submitted half a plan: %s", code(err))
	}
	c = d.must(d.Changes.Edit(d.As("engineer2"), c.ID, change.EditInput{Version: c.Version, Plan: plan(t, d.Desk)}))
	d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
	if _, err := d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{}); code(err) != "change.error.illegal" {
		t.Errorf("asked before the assessment: %s", code(err))
	}
	d.must(d.Changes.Assess(d.As("lead"), c.ID, change.AssessInput{Answers: []int{2, 2, 1, 3, 2, 1}}))
	if _, err := d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{}); code(err) != "tested" {
		t.Errorf("asked before the test: %s", code(err))
	}
	d.must(d.Changes.Test(d.As("lead"), c.ID, change.TestInput{Result: change.Passed, Evidence: "log"}))
	d.must(d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{}))
	for _, who := range []string{"changemanager", "reviewer"} {
		if err := d.vote(who, c, true); err != nil {
			t.Fatalf("%s: %v", who, err)
		}
	}
	if c = d.get(c.ID); c.State != change.Approved || !c.IsApproved() {
		t.Fatalf("%s %t", c.State, c.IsApproved())
	}
	d.must(d.Changes.Schedule(d.As("engineer2"), c.ID, change.StepInput{}))
	if _, err := d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{}); code(err) != "in_window" {
		t.Errorf("began before the window: %s", code(err))
	}
	d.Advance(90 * time.Minute)
	for _, who := range []string{"engineer2", "changemanager", "reviewer", "staff"} {
		if _, err := d.Changes.Start(d.As(who), c.ID, change.StepInput{}); err == nil {
			t.Errorf("%s began it", who)
		}
	}
	c = d.must(d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{}))
	if number, open, err := d.Changes.OpenFor(d.As("implementer"), c.Items[0]); err != nil || !open || number != c.Label() {
		t.Errorf("drift is not covered: %s %t %v", number, open, err)
	}
	if _, err := d.Changes.Finish(d.As("implementer"), c.ID, change.StepInput{}); code(err) != "steps_closed" {
		t.Errorf("finished with steps open: %s", code(err))
	}
	for n := 1; n <= 2; n++ {
		d.must(d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "steps", Step: n, Do: "start"}))
		d.must(d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "steps", Step: n, Do: "end"}))
	}
	d.must(d.Changes.Finish(d.As("implementer"), c.ID, change.StepInput{}))
	if _, err := d.Changes.Verify(d.As("implementer"), c.ID, change.VerifyInput{Result: change.Success, Note: "x"}); code(err) != "other_verifier" {
		t.Errorf("verified their own work: %s", code(err))
	}
	d.must(d.Changes.Verify(d.As("lead"), c.ID, change.VerifyInput{Result: change.Success, Note: "48/48"}))
	if _, err := d.Changes.Close(d.As("changemanager"), c.ID, change.ReviewInput{}); code(err) != "items_confirmed" {
		t.Errorf("closed without a look at the items: %s", code(err))
	}
	c = d.must(d.Changes.Close(d.As("changemanager"), c.ID, change.ReviewInput{ItemsConfirmed: true, Lessons: "提前通知"}))
	if c.State != change.Closed || c.ClosedAt == nil {
		t.Errorf("%+v", c.State)
	}
}

// Editing what was approved voids it: the change is assessed again, and cannot
// begin.
func TestAnEditVoidsTheApproval(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.proposed(plan(t, d.Desk))
	for _, who := range []string{"changemanager"} {
		if err := d.vote(who, c, true); err != nil {
			t.Fatal(err)
		}
	}
	c = d.get(c.ID)
	p := plan(t, d.Desk)
	p.RollbackTrigger = "另一个条件"
	c = d.must(d.Changes.Edit(d.As("engineer2"), c.ID, change.EditInput{Version: c.Version, Plan: p}))
	if c.State != change.Assessing || c.IsApproved() {
		t.Errorf("%s %t", c.State, c.IsApproved())
	}
	if v, err := d.Approvals.Of(d.As("lead"), d.Pool, c.Ref()); err != nil || v.Status == approval.Open {
		t.Errorf("votes go on: %+v %v", v, err)
	}
}

func TestRejectedMeansDraftWithReasons(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.proposed(plan(t, d.Desk))
	if err := d.vote("changemanager", c, false); err != nil {
		t.Fatal(err)
	}
	if c = d.get(c.ID); c.State != change.Draft || c.RejectReason != "回退步骤不清楚" {
		t.Errorf("%s %q", c.State, c.RejectReason)
	}
	d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
}

// On hold nobody is waited for; afterwards the votes count that were cast.
func TestHold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.proposed(plan(t, d.Desk))
	d.must(d.Changes.Hold(d.As("lead"), c.ID, change.ReasonInput{Reason: "等备件"}))
	if err := d.vote("changemanager", c, true); err == nil {
		t.Error("voted on a change on hold")
	}
	if _, err := d.Changes.Hold(d.As("lead"), c.ID, change.ReasonInput{Reason: "again"}); code(err) != "change.error.not_now" {
		t.Error(code(err))
	}
	d.must(d.Changes.Release(d.As("lead"), c.ID, change.StepInput{}))
	if err := d.vote("changemanager", c, true); err != nil {
		t.Error(err)
	}
}

// An emergency is authorised by one person before, and reviewed after; one that
// goes back opens the steps of the way back.
func TestAnEmergencyThatGoesBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Emergency, Plan: p}))
	d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
	c = d.must(d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{}))
	if err := d.vote("changemanager", c, true); err != nil {
		t.Fatal(err)
	}
	d.must(d.Changes.Schedule(d.As("engineer2"), c.ID, change.StepInput{}))
	d.Advance(61 * time.Minute)
	c = d.must(d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{}))
	if c.ReviewDueAt == nil || c.ReviewDueAt.Sub(*c.StartedAt) != 72*time.Hour {
		t.Errorf("review due %v", c.ReviewDueAt)
	}
	d.must(d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "steps", Step: 1, Do: "start"}))
	if _, err := d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "back", Step: 1, Do: "start"}); code(err) != "change.error.not_now" {
		t.Errorf("the way back was open: %s", code(err))
	}
	c = d.must(d.Changes.RollBack(d.As("implementer"), c.ID, change.ReasonInput{Reason: "邻居 40"}))
	if c.Steps[0].Outcome != change.NotDone || c.Steps[1].Outcome != change.LeftOut {
		t.Errorf("%+v", c.Steps)
	}
	d.must(d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "back", Step: 1, Do: "start"}))
	d.must(d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "back", Step: 1, Do: "end"}))
	d.must(d.Changes.Finish(d.As("implementer"), c.ID, change.StepInput{}))
	if _, err := d.Changes.Verify(d.As("lead"), c.ID, change.VerifyInput{Result: change.Success, Note: "x"}); code(err) != "result" {
		t.Errorf("went back and was a success: %s", code(err))
	}
	d.must(d.Changes.Verify(d.As("lead"), c.ID, change.VerifyInput{Result: change.RolledBack, Note: "恢复"}))
	if _, err := d.Changes.Close(d.As("changemanager"), c.ID, change.ReviewInput{ItemsConfirmed: true}); code(err) != "reviewed" {
		t.Errorf("closed without a review: %s", code(err))
	}
	d.must(d.Changes.Close(d.As("changemanager"), c.ID, change.ReviewInput{ItemsConfirmed: true, Lessons: "先在备机上"}))
}

// The glass can be broken: at once, by few, for a while, and everybody hears.
func TestBreakingTheGlass(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Emergency, Plan: plan(t, d.Desk)}))
	for _, who := range []string{"engineer2", "changemanager", "reviewer", "staff"} {
		if _, err := d.Changes.BreakGlass(d.As(who), c.ID, change.ReasonInput{Reason: "x"}); err == nil {
			t.Errorf("%s broke the glass", who)
		}
	}
	c = d.must(d.Changes.BreakGlass(d.As("implementer"), c.ID, change.ReasonInput{Reason: "机房进水"}))
	if c.State != change.Implementing || c.ReviewDueAt == nil || !c.NeedsReview() {
		t.Errorf("%+v", c.State)
	}
	d.Drain()
	var told int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM notifications n JOIN people p ON p.id = n.person_id WHERE n.record_id = $1 AND p.username = 'changemanager'`, c.ID).Scan(&told); err != nil || told != 1 {
		t.Errorf("the change manager was told %d times, %v", told, err)
	}
	d.Advance(5 * time.Hour)
	if _, err := d.Changes.Run(d.As("implementer"), c.ID, change.RunInput{List: "steps", Step: 1, Do: "start"}); code(err) != "change.error.glass_over" {
		t.Errorf("worked on after the time was over: %s", code(err))
	}
	d.must(d.Changes.RollBack(d.As("implementer"), c.ID, change.ReasonInput{Reason: "时限已过"}))
}

// Of many that book one item and window at the same instant one stands.
func TestOneBookingStands(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const n = 50
	var ids []uuid.UUID
	p := plan(t, d.Desk)
	for range n {
		ids = append(ids, d.approvedQuickly(p))
	}
	var wg sync.WaitGroup
	errs := make([]error, n)
	ctx := d.As("engineer2")
	for i, id := range ids {
		wg.Go(func() { _, errs[i] = d.Changes.Schedule(ctx, id, change.StepInput{}) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch c := code(err); {
		case err == nil:
			won++
		case c != "conflict" && c != "constraint.change_bookings_item_taken":
			t.Errorf("refused with %s", c)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d stand", won, n)
	}
	// A window that begins when the booked one ends collides with nothing.
	from := *p.WindowTo
	to := from.Add(3 * time.Hour)
	p.WindowFrom, p.WindowTo = &from, &to
	d.must(d.Changes.Schedule(ctx, d.approvedQuickly(p), change.StepInput{}))
}

// approvedQuickly is an approved change, made by the database alone: that is
// not what the test is about.
func (d desk) approvedQuickly(p change.Plan) uuid.UUID {
	d.t.Helper()
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	err := d.Pool.InTx(d.t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(d.t.Context(), `UPDATE changes SET state = 'approved', approved_at = now(), approved_hash = @hash WHERE id = @id`, db.Args{"id": c.ID, "hash": c.Hash()})
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return c.ID
}

func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: plan(t, d.Desk)}))
	for who, may := range map[string]bool{"staff": false, "engineer": true, "implementer": true, "reviewer": true, "auditor": true} {
		if _, _, err := d.Changes.Get(d.As(who), c.ID); (err == nil) != may {
			t.Errorf("%s reads: %v", who, err)
		}
	}
	if _, err := d.Changes.Create(d.As("staff"), change.CreateInput{Type: change.Normal, Plan: change.Plan{Title: "x"}}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	l, err := d.Changes.List(d.As("staff"), change.Filter{View: "all"}, "")
	if err != nil || len(l.Rows) != 0 {
		t.Errorf("%d rows, %v", len(l.Rows), err)
	}
	found, err := d.Changes.List(d.As("lead"), change.Filter{View: "open", Text: "内存泄漏"}, "")
	if err != nil || !slices.ContainsFunc(found.Rows, func(r change.Row) bool { return r.ID == c.ID }) {
		t.Errorf("not found by its words: %v", err)
	}
	of, err := d.Changes.Of(d.As("lead"), d.Pool, c.Items...)
	if err != nil || len(of) == 0 {
		t.Errorf("not on its item: %v", err)
	}
	d.onIncident(c)
}

// TestClashesThatMayNotBeSeen: they weigh in the assessment and are counted, but
// who may not see the other change is not shown it, nor its number.
func TestClashesThatMayNotBeSeen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	other := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	mine := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	d.must(d.Changes.Submit(d.As("engineer2"), other.ID, change.StepInput{}))
	look := func() change.Detail {
		t.Helper()
		x, err := d.Changes.Detail(d.As("reviewer"), mine.ID)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if x := look(); len(x.Clashes) != 1 || x.Clashes[0].ID != other.ID || x.Known.Conflicts != 1 {
		t.Fatalf("before: %d shown, %d counted", len(x.Clashes), x.Known.Conflicts)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE records SET confidential = true WHERE id = @id`, db.Args{"id": other.ID})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if x := look(); len(x.Clashes) != 0 || x.Known.Conflicts != 1 {
		t.Errorf("hidden: %d shown, %d counted", len(x.Clashes), x.Known.Conflicts)
	}
	if page := d.Client("reviewer").Get("/changes/" + mine.Label()); page.Status != 200 || strings.Contains(page.Text(), other.Label()) {
		t.Errorf("the page shows %s: %d", other.Label(), page.Status)
	}
}

// TestCausedBy: an incident on an item that was opened after the change began is
// shown with it, and linked as caused by it from there.
func TestCausedBy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.proposed(plan(t, d.Desk))
	if err := d.vote("changemanager", c, true); err != nil { // the risk is low
		t.Fatal(err)
	}
	d.must(d.Changes.Schedule(d.As("engineer2"), c.ID, change.StepInput{}))
	d.Advance(90 * time.Minute)
	c = d.must(d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{}))
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "No network", Description: "Since just now", Impact: 3, Urgency: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `WITH r AS (UPDATE records SET state = state WHERE id = @i RETURNING id) INSERT INTO record_links (from_id, to_id, relation, created_by, created_at) SELECT r.id, @item, 'affects', @by, now() FROM r`, db.Args{"i": i.ID, "item": c.Items[0], "by": i.CreatedBy})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	lead := d.Client("lead")
	if page := lead.Get("/changes/" + c.Label()); !strings.Contains(page.Text(), i.Label()) || !strings.Contains(page.Text(), "/incidents/"+i.Label()+"/links") {
		t.Fatalf("the page does not offer %s: %d", i.Label(), page.Status)
	}
	a := lead.Post("/incidents/"+i.Label()+"/links", url.Values{"number": {c.Label()}, "relation": {"caused_by"}, "return": {"/changes/" + c.Label()}})
	if a.Status != 303 || a.Header.Get("Location") != "/changes/"+c.Label() {
		t.Fatalf("%d to %s", a.Status, a.Header.Get("Location"))
	}
	x, err := d.Changes.Detail(d.As("lead"), c.ID)
	if err != nil || len(x.Links) != 1 || x.Links[0].Relation != "causes" {
		t.Errorf("%+v, %v", x.Links, err)
	}
	if page := lead.Get("/changes/" + c.Label()); strings.Contains(page.Text(), "/incidents/"+i.Label()+"/links") {
		t.Error("it is offered again")
	}
}

// onIncident: an incident about the item shows the change to those who see both.
func (d desk) onIncident(c change.Change) {
	d.t.Helper()
	var number string
	err := d.Pool.InTx(d.t.Context(), func(tx db.Tx) error {
		return tx.QueryRow(d.t.Context(), `WITH i AS (UPDATE records SET state = state WHERE id = (SELECT id FROM records WHERE kind = 'incident' AND NOT confidential ORDER BY number LIMIT 1) RETURNING id, number, created_by),
			l AS (INSERT INTO record_links (from_id, to_id, relation, created_by, created_at) SELECT id, @item, 'affects', created_by, now() FROM i ON CONFLICT DO NOTHING)
			SELECT number FROM i`, db.Args{"item": c.Items[0]}).Scan(&number)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	if page := d.Client("lead").Get("/incidents/" + number); !strings.Contains(page.Text(), c.Label()) {
		d.t.Errorf("%s does not show %s: %d", number, c.Label(), page.Status)
	}
}

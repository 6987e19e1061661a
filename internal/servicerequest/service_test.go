package servicerequest_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/work"
)

func code(err error) string {
	f := fault.Of(err)
	switch {
	case f == nil:
		return "ok"
	case len(f.Fields) > 0:
		return f.Fields[0].Name + " " + f.Fields[0].Code
	}
	return f.Code
}

// items are the demo's items by their English names.
func items(t *testing.T, d *apptest.Desk) map[string]uuid.UUID {
	t.Helper()
	list, err := d.Requests.ManagedItems(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uuid.UUID{}
	for _, i := range list {
		out[i.NameEn] = i.ID
	}
	return out
}

// move is a sound order of the item that needs no approval.
func move(t *testing.T, d *apptest.Desk) servicerequest.OrderInput {
	t.Helper()
	return servicerequest.OrderInput{ItemID: items(t, d)["Move to another place"], Urgency: 2, Answers: form.Raw{"from": {"A-1"}, "to": {"B-2"}, "day": {"2099-01-05"}, "socket": {"works"}}}
}

func order(t *testing.T, d *apptest.Desk, who string, in servicerequest.OrderInput) servicerequest.Request {
	t.Helper()
	r, err := d.Requests.Order(d.As(who), in)
	if err != nil {
		t.Fatalf("%v %+v", err, fault.Of(err).Fields)
	}
	return r
}

func tasks(t *testing.T, d *apptest.Desk, r servicerequest.Request) map[string]servicerequest.TaskView {
	t.Helper()
	x, err := d.Requests.Detail(d.As("lead"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]servicerequest.TaskView{}
	for _, k := range x.Tasks {
		out[k.Key] = k
	}
	return out
}

func states(m map[string]servicerequest.TaskView) string {
	var out []string
	for k, t := range m {
		out = append(out, k+":"+string(t.State))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func done(t *testing.T, d *apptest.Desk, who string, r servicerequest.Request, key string) servicerequest.Request {
	t.Helper()
	out, err := d.Requests.CompleteTask(d.As(who), r.ID, tasks(t, d, r)[key].ID, servicerequest.TaskInput{Remark: "done"})
	if err != nil {
		t.Fatalf("%s by %s: %v", key, who, err)
	}
	return out
}

func TestLifeOfARequest(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", move(t, d))
	if r.State != servicerequest.Approved || r.ExpectedAt == nil || r.ApprovedAt == nil || r.Priority != 4 {
		t.Fatalf("%+v", r)
	}
	if got := states(tasks(t, d, r)); got != "move:ready port:ready socket:skipped test:waiting" {
		t.Fatal(got)
	}
	// Who is in no team of the task does not work on it.
	if _, err := d.Requests.CompleteTask(d.As("tang.yi"), r.ID, tasks(t, d, r)["port"].ID, servicerequest.TaskInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a stranger to the team: %v", err)
	}
	if _, err := d.Requests.CompleteTask(d.As("engineer2"), r.ID, tasks(t, d, r)["test"].ID, servicerequest.TaskInput{}); code(err) == "ok" {
		t.Error("a waiting task was ended")
	}
	r = done(t, d, "he.ming", r, "port")
	if r.State != servicerequest.Fulfilling {
		t.Fatal(r.State)
	}
	if got := states(tasks(t, d, r)); got != "move:ready port:done socket:skipped test:waiting" {
		t.Fatal(got)
	}
	r = done(t, d, "qian.fei", r, "move")
	if got := states(tasks(t, d, r)); got != "move:done port:done socket:skipped test:ready" {
		t.Fatal(got)
	}
	if _, err := d.Requests.Pend(d.As("engineer"), r.ID, servicerequest.PendInput{Reason: servicerequest.OnUser, Remark: "Are you at your desk?"}); err != nil {
		t.Fatal(err)
	}
	// The requester's answer takes it up again.
	r, err := d.Requests.Reply(d.As("staff"), r.ID, servicerequest.ReplyInput{Body: "Yes."})
	if err != nil || r.State != servicerequest.Fulfilling {
		t.Fatal(r.State, err)
	}
	r = done(t, d, "engineer", r, "test")
	if r.State != servicerequest.Fulfilled || r.AutoCloseAt == nil {
		t.Fatalf("%+v", r)
	}
	if _, err := d.Requests.Confirm(d.As("engineer"), r.ID, servicerequest.StepInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who delivered confirmed: %v", err)
	}
	r, err = d.Requests.Return(d.As("staff"), r.ID, servicerequest.ReasonInput{Reason: "The phone is missing."})
	if err != nil || r.State != servicerequest.Fulfilling || r.ReopenCount != 1 {
		t.Fatal(r.State, err)
	}
	r = done(t, d, "engineer", r, "test")
	if r, err = d.Requests.Confirm(d.As("staff"), r.ID, servicerequest.StepInput{}); err != nil || r.State != servicerequest.Closed {
		t.Fatal(r.State, err)
	}
	d.Advance(15 * 24 * time.Hour)
	if _, err := d.Requests.Reopen(d.As("staff"), r.ID, servicerequest.ReasonInput{Reason: "Still no phone."}); code(err) != "servicerequest.error.reopen_too_late" {
		t.Error(code(err))
	}
	d.Drain()
}

// tick runs a periodic job, and what it enqueues.
func tick(t *testing.T, d *apptest.Desk, job string) {
	t.Helper()
	if err := d.Jobs.Tick(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	d.Drain()
}

func TestSilenceCloses(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", move(t, d))
	for who, key := range map[string]string{"he.ming": "port", "qian.fei": "move"} {
		r = done(t, d, who, r, key)
	}
	r = done(t, d, "engineer", r, "test")
	d.SetClock(r.AutoCloseAt.Add(-time.Minute))
	tick(t, d, servicerequest.JobAutoClose)
	if r, _, _ = d.Requests.Get(d.As("staff"), r.ID); r.State != servicerequest.Fulfilled {
		t.Fatal("closed too early")
	}
	d.SetClock(r.AutoCloseAt.Add(time.Minute))
	tick(t, d, servicerequest.JobAutoClose)
	if r, _, _ = d.Requests.Get(d.As("staff"), r.ID); r.State != servicerequest.Closed {
		t.Fatal(r.State)
	}
}

// TestOneFormYieldsSeveralRecords: the broken socket becomes an incident, and
// its end goes on with the request.
func TestOneFormYieldsSeveralRecords(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	in := move(t, d)
	in.Answers["socket"] = []string{"broken"}
	r := order(t, d, "staff", in)
	k := tasks(t, d, r)["socket"]
	if k.State != servicerequest.TaskReady || k.Made == nil || !strings.HasPrefix(k.Made.Number, "INC-") {
		t.Fatalf("%+v", k)
	}
	if _, err := d.Requests.CompleteTask(d.As("lead"), r.ID, k.ID, servicerequest.TaskInput{}); code(err) != "servicerequest.error.task_elsewhere" {
		t.Error(code(err))
	}
	if _, err := d.Incidents.Cancel(d.As("lead"), k.Made.Ref.ID, cancelled()); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if got := tasks(t, d, r)["socket"].State; got != servicerequest.TaskDone {
		t.Error(got)
	}
}

// TestAnEndTakenBackEndsNoTask: the task goes on with the incident that goes on.
func TestAnEndTakenBackEndsNoTask(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Undo: 10 * time.Second})
	in := move(t, d)
	in.Answers["socket"] = []string{"broken"}
	r := order(t, d, "staff", in)
	made := tasks(t, d, r)["socket"].Made
	over, err := d.Incidents.Cancel(d.As("lead"), made.Ref.ID, cancelled())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Undo(d.As("lead"), made.Ref.ID, incident.UndoInput{Version: over.Version}); err != nil {
		t.Fatal(err)
	}
	d.Advance(time.Minute)
	d.Drain()
	if got := tasks(t, d, r)["socket"].State; got != servicerequest.TaskReady {
		t.Error(got)
	}
}

func TestOrdersAreChecked(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for name, c := range map[string]struct {
		who    string
		change func(*servicerequest.OrderInput)
		want   string
	}{
		"sound":                  {"staff", func(*servicerequest.OrderInput) {}, "ok"},
		"nothing filled in":      {"staff", func(in *servicerequest.OrderInput) { in.Answers = nil }, "f_from validation.required"},
		"refused by a condition": {"staff", func(in *servicerequest.OrderInput) { in.Answers["to"] = []string{"A-1"} }, "f_to form.error.refused"},
		"no such item":           {"staff", func(in *servicerequest.OrderInput) { in.ItemID = uuid.New() }, "error.not_found"},
		"form changed meanwhile": {"staff", func(in *servicerequest.OrderInput) { v := uuid.New(); in.VersionID = &v }, "servicerequest.error.form_changed"},
		"for somebody, as staff": {"staff", func(in *servicerequest.OrderInput) { in.RequesterID = person(t, d, "gu.yan") }, "error.forbidden"},
		"for somebody, by lead":  {"lead", func(in *servicerequest.OrderInput) { in.RequesterID = person(t, d, "gu.yan") }, "ok"},
		"for nobody":             {"lead", func(in *servicerequest.OrderInput) { id := uuid.New(); in.RequesterID = &id }, "requester_id validation.unknown"},
		"urgency out of range":   {"staff", func(in *servicerequest.OrderInput) { in.Urgency = 9 }, "urgency validation.max"},
		"forged hidden value":    {"staff", func(in *servicerequest.OrderInput) { in.Answers["nothing"] = []string{"x"} }, "ok"},
	} {
		in := move(t, d)
		c.change(&in)
		r, err := d.Requests.Order(d.As(c.who), in)
		if got := code(err); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if _, ok := r.Answers["nothing"]; ok {
			t.Errorf("%s: what is no field was kept", name)
		}
	}
}

func person(t *testing.T, d *apptest.Desk, username string) *uuid.UUID {
	t.Helper()
	ids, err := identity.ByUsername(t.Context(), d.Pool, username)
	if err != nil {
		t.Fatal(err)
	}
	id := ids[username]
	return &id
}

// newItem drafts, submits and approves an item.
func newItem(t *testing.T, d *apptest.Desk, change func(*servicerequest.Content)) uuid.UUID {
	t.Helper()
	lead, owner := d.As("lead"), d.As("tao.lin")
	cats, err := d.Requests.Categories(lead)
	if err != nil {
		t.Fatal(err)
	}
	services, err := d.Requests.Services(lead)
	if err != nil {
		t.Fatal(err)
	}
	teams, err := identity.Teams(lead, d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	c := servicerequest.Content{NameEn: "Thing", Impact: 3, Order: servicerequest.Audience{Everyone: true}, Tasks: []servicerequest.Plan{{Key: "t1", TitleEn: "Do it", Output: servicerequest.OutputTask, TeamID: &teams[0].ID}}}
	for _, x := range teams {
		if x.NameEn == "Service Desk" {
			c.Tasks[0].TeamID = &x.ID
		}
	}
	change(&c)
	i, err := d.Requests.NewItem(lead, servicerequest.NewItemInput{CategoryID: cats[0].ID, ServiceID: services[0].ID, NameEn: c.NameEn})
	if err == nil {
		i, err = d.Requests.Replace(lead, i.ID, servicerequest.ContentInput{Content: c})
	}
	if err == nil {
		i, err = d.Requests.SubmitItem(lead, i.ID, servicerequest.StepInput{})
	}
	if err == nil {
		i, err = d.Requests.ApproveItem(owner, i.ID, servicerequest.ApproveInput{})
	}
	if err != nil {
		t.Fatalf("%v %+v", err, fault.Of(err).Fields)
	}
	return i.ID
}

// TestAudience: who may neither order nor see an item does not find it, by
// its address either; whoever may see it cannot order it.
func TestAudience(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	deps, err := identity.Departments(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	dep := func(name string) []uuid.UUID {
		for id, x := range deps {
			if x.NameEn == name {
				return []uuid.UUID{id}
			}
		}
		t.Fatal(name)
		return nil
	}
	id := newItem(t, d, func(c *servicerequest.Content) {
		c.Order = servicerequest.Audience{Departments: dep("Production"), Roles: []identity.Role{identity.Auditor}}
		c.See = servicerequest.Audience{Departments: dep("Finance")}
	})
	for who, want := range map[string]string{
		"tom.becker": "ok", // Production itself
		"luo.qiang":  "ok", // a plant below it
		"auditor":    "ok", // by role
		"gu.yan":     "servicerequest.error.not_for",
		"staff":      "error.not_found",
		"lead":       "error.not_found",
	} {
		_, err := d.Requests.Order(d.As(who), servicerequest.OrderInput{ItemID: id})
		if got := code(err); got != want {
			t.Errorf("%s: %s, want %s", who, got, want)
		}
		shelves, err := d.Requests.Browse(d.As(who), "", false)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(shelves, func(s servicerequest.Shelf) bool {
			return slices.ContainsFunc(s.Offers, func(o servicerequest.Offer) bool { return o.ID == id })
		})
		if found != (want != "error.not_found") {
			t.Errorf("%s finds it in the catalogue: %v", who, found)
		}
	}
	// For somebody else, it is that person's audience that counts.
	if _, err := d.Requests.Order(d.As("lead"), servicerequest.OrderInput{ItemID: id, RequesterID: person(t, d, "luo.qiang")}); err != nil {
		t.Error(err)
	}
	if _, err := d.Requests.Manage(d.As("staff"), id); !fault.Is(err, fault.NotFound) {
		t.Errorf("staff manage: %v", err)
	}
}

func TestQuotaHoldsForTwoAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	id := newItem(t, d, func(c *servicerequest.Content) { c.QuotaCount, c.QuotaDays = 1, 30 })
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		ctx := d.As("staff")
		wg.Go(func() { _, errs[i] = d.Requests.Order(ctx, servicerequest.OrderInput{ItemID: id}) })
	}
	wg.Wait()
	passed := 0
	for _, err := range errs {
		switch code(err) {
		case "ok":
			passed++
		case "servicerequest.error.quota":
		default:
			t.Error(err)
		}
	}
	if passed != 1 {
		t.Errorf("%d of 4 fit a quota of one", passed)
	}
	d.Advance(31 * 24 * time.Hour)
	if _, err := d.Requests.Order(d.As("staff"), servicerequest.OrderInput{ItemID: id}); err != nil {
		t.Errorf("after the quota's days: %v", err)
	}
}

// TestRunningRequestsKeepTheirForm: a new version of the item changes nothing
// for a request of the old one.
func TestRunningRequestsKeepTheirForm(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	id := newItem(t, d, func(c *servicerequest.Content) {
		c.Form = form.Form{Fields: []form.Field{{Key: "size", Type: form.Text, LabelEn: "Size"}}}
	})
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: id, Answers: form.Raw{"size": {"M"}}, Draft: true})
	lead := d.As("lead")
	if _, err := d.Requests.RemoveField(lead, id, "size", servicerequest.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Requests.AddField(lead, id, servicerequest.AddFieldInput{Type: form.Text, LabelEn: "Colour"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Requests.SubmitItem(lead, id, servicerequest.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Requests.ApproveItem(d.As("tao.lin"), id, servicerequest.ApproveInput{}); err != nil {
		t.Fatal(err)
	}
	x, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil || x.Content.Form.Find("size") < 0 || x.Answers.First("size") != "M" {
		t.Fatalf("%v %+v", err, x.Content.Form)
	}
	if r, err = d.Requests.Edit(d.As("staff"), r.ID, servicerequest.EditInput{Submit: true}); err != nil || r.Answers.First("size") != "M" {
		t.Errorf("%v %+v", err, r)
	}
	// A copy is made on the form in force: what is gone is left out.
	n, err := d.Requests.Copy(d.As("staff"), r.ID)
	if err != nil || n.VersionID == r.VersionID || len(n.Answers) != 0 || n.State != servicerequest.Draft || *n.CopyOf != r.ID {
		t.Errorf("%v %+v", err, n)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE catalog_versions SET hash = ''`, db.Args{})
		return err
	}); err == nil {
		t.Error("a version was changed")
	}
}

func TestDraftsAreTheirWritersAlone(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	in := move(t, d)
	in.Draft, in.Answers = true, form.Raw{"from": {"A-1"}}
	r := order(t, d, "staff", in)
	if r.State != servicerequest.Draft || len(tasks0(d, r)) != 0 {
		t.Fatalf("%+v", r)
	}
	if _, _, err := d.Requests.Get(d.As("lead"), r.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the lead reads a draft: %v", err)
	}
	if _, err := d.Requests.Edit(d.As("gu.yan"), r.ID, servicerequest.EditInput{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a colleague edits a draft: %v", err)
	}
	p, err := d.Requests.List(d.As("lead"), servicerequest.Filter{View: "all"}, "")
	if err != nil || slices.ContainsFunc(p.Rows, func(x servicerequest.Row) bool { return x.ID == r.ID }) {
		t.Errorf("a draft is in the queue: %v", err)
	}
	if _, err := d.Requests.Edit(d.As("staff"), r.ID, servicerequest.EditInput{Submit: true}); code(err) != "f_to validation.required" {
		t.Error(code(err))
	}
	if r, err = d.Requests.Withdraw(d.As("staff"), r.ID, servicerequest.WithdrawInput{}); err != nil || r.State != servicerequest.Cancelled {
		t.Error(err, r.State)
	}
}

func tasks0(d *apptest.Desk, r servicerequest.Request) []servicerequest.TaskView {
	x, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil {
		return make([]servicerequest.TaskView, 1)
	}
	return x.Tasks
}

func TestOrderingTwiceWithOneKeyIsOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	in := move(t, d)
	ctx := work.WithKey(d.As("staff"), "k-1")
	a, err := d.Requests.Order(ctx, in)
	b, err2 := d.Requests.Order(ctx, in)
	if err := errors.Join(err, err2); err != nil || a.ID != b.ID {
		t.Errorf("%v: %s %s", err, a.Label(), b.Label())
	}
}

// TestTwoTeamsEndTasksAtOnce: parallel tasks that end together still hand over.
func TestTwoTeamsEndTasksAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", move(t, d))
	k := tasks(t, d, r)
	var wg sync.WaitGroup
	for who, key := range map[string]string{"he.ming": "port", "qian.fei": "move"} {
		ctx := d.As(who)
		wg.Go(func() {
			if _, err := d.Requests.CompleteTask(ctx, r.ID, k[key].ID, servicerequest.TaskInput{}); err != nil {
				t.Errorf("%s: %v", who, err)
			}
		})
	}
	wg.Wait()
	if got := states(tasks(t, d, r)); got != "move:done port:done socket:skipped test:ready" {
		t.Error(got)
	}
}

func TestReviewIsRemindedOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	id := newItem(t, d, func(*servicerequest.Content) {})
	count := func() (n int) {
		if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM notifications WHERE event = 'catalogue.review_due' AND record_id = '`+id.String()+`'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	d.Drain()
	d.Advance(servicerequest.ReviewEvery + time.Hour)
	tick(t, d, servicerequest.JobReview)
	first := count()
	d.Advance(48 * time.Hour)
	tick(t, d, servicerequest.JobReview)
	if first == 0 || count() != first {
		t.Errorf("%d reminders, then %d", first, count())
	}
	i, err := d.Requests.ReviewItem(d.As("lead"), id, servicerequest.StepInput{})
	if err != nil || i.RemindedAt != nil {
		t.Errorf("%v %+v", err, i)
	}
}

func TestListsCanBeRead(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for name, read := range map[string]func() error{
		"queue": func() error { _, err := d.Requests.List(d.As("lead"), servicerequest.Filter{}, ""); return err },
		"mine":  func() error { _, err := d.Requests.Mine(d.As("staff"), "", nil, 10); return err },
		"words": func() error { _, err := d.Requests.Mine(d.As("staff"), "搬迁", nil, 10); return err },
		"team": func() error {
			_, err := d.Requests.List(d.As("engineer"), servicerequest.Filter{View: "team"}, "")
			return err
		},
		"todo":       func() error { _, err := d.Requests.Todo(d.As("engineer"), false, ""); return err },
		"todo, mine": func() error { _, err := d.Requests.Todo(d.As("engineer"), true, ""); return err },
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// vote lets somebody decide about a request.
func vote(d *apptest.Desk, who string, r servicerequest.Request, how approval.Kind) error {
	x, err := d.Requests.Detail(d.As("lead"), r.ID)
	if err != nil {
		return err
	}
	if x.Approval == nil {
		return errors.New("nobody is asked")
	}
	me, err := identity.ByUsername(d.As(who), d.Pool, who)
	if err != nil {
		return err
	}
	seats := x.Approval.Steps[x.Approval.Step-1].Seats
	seat := seats[0]
	for _, s := range seats {
		if s.PersonID == me[who] {
			seat = s
		}
	}
	return d.Approvals.Vote(d.As(who), x.Approval.ID, approval.VoteInput{SeatID: seat.ID, Choice: how, Hash: x.Approval.Hash, Reason: "Because."})
}

func laptop(t *testing.T, d *apptest.Desk) servicerequest.OrderInput {
	t.Helper()
	return servicerequest.OrderInput{ItemID: items(t, d)["Laptop"], Answers: form.Raw{"model": {"light"}, "place": {"A-1"}, "extras": {"mouse"}}}
}

func get(t *testing.T, d *apptest.Desk, r servicerequest.Request) servicerequest.Request {
	t.Helper()
	out, _, err := d.Requests.Get(d.As("lead"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestApprovalBeginsTheWork(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", laptop(t, d))
	if r.State != servicerequest.Approving || r.ApprovedAt != nil || len(tasks(t, d, r)) != 0 {
		t.Fatalf("%+v", r)
	}
	// Nobody who was not asked decides, the requester least of all (REQ-02).
	for _, who := range []string{"staff", "lead", "tao.lin", "manager"} {
		if err := vote(d, who, r, approval.Approve); err == nil {
			t.Errorf("%s approved", who)
		}
	}
	if err := vote(d, "du.heng", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	r = get(t, d, r)
	if got := states(tasks(t, d, r)); r.State != servicerequest.Approved || got != "account:ready dock:skipped install:waiting order:ready" {
		t.Errorf("%s %s", r.State, got)
	}
	d.Drain()
}

func TestRejectionEndsItWithTheReason(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", laptop(t, d))
	if err := vote(d, "du.heng", r, approval.Reject); err != nil {
		t.Fatal(err)
	}
	if r = get(t, d, r); r.State != servicerequest.Rejected || r.RejectReason != "Because." {
		t.Errorf("%+v", r)
	}
	if _, err := d.Requests.Copy(d.As("staff"), r.ID); err != nil {
		t.Error(err)
	}
}

// TestEditingVoidsApprovals: what was approved was something else.
func TestEditingVoidsApprovals(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	in := servicerequest.OrderInput{ItemID: items(t, d)["ERP access"], Answers: form.Raw{"who": {person(t, d, "anna.kowalska").String()}, "modules": {"pay"}, "until": {"2099-01-01"}}}
	r := order(t, d, "staff", in)
	if err := vote(d, "du.heng", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	if r = get(t, d, r); r.State != servicerequest.Approving {
		t.Fatalf("one of two approvals is enough: %s", r.State)
	}
	before, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	answers := form.Raw{"who": in.Answers["who"], "modules": {"pay", "buy"}, "until": {"2099-01-01"}}
	if r, err = d.Requests.Edit(d.As("staff"), r.ID, servicerequest.EditInput{Answers: &answers}); err != nil || r.State != servicerequest.Approving {
		t.Fatal(err, r.State)
	}
	after, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil || after.Approval.ID == before.Approval.ID || after.Approval.Step != 1 {
		t.Fatalf("%v %+v", err, after.Approval)
	}
	for _, who := range []string{"du.heng", "tao.lin"} {
		if err := vote(d, who, r, approval.Approve); err != nil {
			t.Fatalf("%s: %v", who, err)
		}
	}
	if r = get(t, d, r); r.State != servicerequest.Approved {
		t.Error(r.State)
	}
}

// TestWhoApprovedDoesNotFulfil (S5, REQ-03).
func TestWhoApprovedDoesNotFulfil(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	id := newItem(t, d, func(c *servicerequest.Content) {
		c.Access = true
		c.Steps = []servicerequest.Step{{From: servicerequest.ByPeople, People: []uuid.UUID{*person(t, d, "lead")}, Mode: "all"}}
	})
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: id})
	if err := vote(d, "lead", r, approval.Approve); err != nil {
		t.Fatal(err)
	}
	k := tasks(t, d, r)["t1"]
	if !k.Approved || k.MayDone || k.MayClaim {
		t.Errorf("%+v", k)
	}
	if _, err := d.Requests.CompleteTask(d.As("lead"), r.ID, k.ID, servicerequest.TaskInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the approver fulfilled: %v", err)
	}
	if _, err := d.Requests.ClaimTask(d.As("lead"), r.ID, k.ID, servicerequest.StepInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the approver took the task: %v", err)
	}
	if r = done(t, d, "engineer", r, "t1"); r.State != servicerequest.Fulfilled {
		t.Error(r.State)
	}
}

func TestWithdrawnRequestsAskNobody(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", laptop(t, d))
	if _, err := d.Requests.Refuse(d.As("lead"), r.ID, servicerequest.ReasonInput{Reason: "No."}); code(err) != "servicerequest.error.in_approval" && !fault.Is(err, fault.Forbidden) {
		t.Error(code(err))
	}
	r, err := d.Requests.Withdraw(d.As("staff"), r.ID, servicerequest.WithdrawInput{})
	if err != nil || r.State != servicerequest.Cancelled {
		t.Fatal(err, r.State)
	}
	if err := vote(d, "du.heng", r, approval.Approve); err == nil {
		t.Error("a withdrawn request was approved")
	}
}

package servicerequest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/change"
	"opsdesk/internal/draft"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/work"
)

// rollOut is an item that opens a change beside the work of a team; with wait
// the request ends no sooner than the change.
func rollOut(t *testing.T, d *apptest.Desk, wait bool) servicerequest.OrderInput {
	t.Helper()
	apps, desk := team(t, d, "Applications").ID, team(t, d, "Service Desk").ID
	item := newItem(t, d, func(c *servicerequest.Content) {
		c.NameEn, c.NameZh = "Install a bassoon", "安装巴松管"
		c.Form = form.Form{Fields: []form.Field{{Key: "where", Type: form.Text, LabelEn: "Where", LabelZh: "位置"}}}
		c.Tasks = []servicerequest.Plan{
			{Key: "open", TitleEn: "Put it into service", TitleZh: "投产", Output: servicerequest.OutputChange, TeamID: &apps, Wait: wait},
			{Key: "tell", TitleEn: "Tell them", TitleZh: "告知", Output: servicerequest.OutputTask, TeamID: &desk},
		}
	})
	return servicerequest.OrderInput{ItemID: item, Answers: form.Raw{"where": {"Hall 7"}}, Remark: "Before the concert"}
}

// TestARequestOpensAChange: whoever works on the task begins the draft in their
// own name, once, with what was asked for; by the item's setting the request
// waits for the change or does not.
func TestARequestOpensAChange(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for _, wait := range []bool{false, true} {
		r := order(t, d, "staff", rollOut(t, d, wait))
		task := tasks(t, d, r)["open"]
		in := servicerequest.ChangeInput{Title: "Bassoon in hall 7"}
		if task.State != servicerequest.TaskReady || task.MadeID != nil {
			t.Fatalf("%+v", task)
		}
		if _, err := d.Requests.CompleteTask(d.As("engineer2"), r.ID, task.ID, servicerequest.TaskInput{}); code(err) != "servicerequest.error.task_change" {
			t.Errorf("ended without a change: %s", code(err))
		}
		// Not in the team; in the team of another task, and without the right.
		if _, err := d.Requests.OpenChange(d.As("changemanager"), r.ID, task.ID, in); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a stranger to the team: %v", err)
		}
		if _, err := d.Requests.OpenChange(d.As("engineer"), r.ID, task.ID, in); !fault.Is(err, fault.Forbidden) {
			t.Errorf("without the right: %v", err)
		}
		if _, err := d.Requests.OpenChange(d.As("engineer2"), r.ID, task.ID, servicerequest.ChangeInput{Title: " "}); code(err) != "title validation.required" && fault.Of(err).Kind != fault.Invalid {
			t.Errorf("without a title: %s", code(err))
		}
		if _, err := d.Requests.OpenChange(d.As("engineer2"), r.ID, tasks(t, d, r)["tell"].ID, in); err == nil {
			t.Error("a task of a team opened a change")
		}
		// What the engineer is typing as a new change of their own stays.
		me := *person(t, d, "engineer2")
		if err := draft.Save(t.Context(), d.Pool, me, "change:new", draft.Fields{"title": "Mine"}, d.Desk.Now()); err != nil {
			t.Fatal(err)
		}
		r, err := d.Requests.OpenChange(work.WithKey(d.As("engineer2"), "k"+r.Label()), r.ID, task.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		if typed, _, err := draft.Load(t.Context(), d.Pool, me, "change:new"); err != nil || typed["title"] != "Mine" {
			t.Errorf("what was typed elsewhere: %v %v", typed, err)
		}
		task = tasks(t, d, r)["open"]
		if task.Made == nil || !strings.HasPrefix(task.Made.Number, "CHG-") || task.MadeKind != change.Kind {
			t.Fatalf("%+v", task)
		}
		c, err := d.Changes.Detail(d.As("lead"), *task.MadeID)
		if err != nil {
			t.Fatal(err)
		}
		if c.State != change.Draft || c.RequesterID != me || c.Unauthorised || !strings.Contains(c.Content, "Hall 7") || !strings.Contains(c.Reason, r.Label()) || !strings.Contains(c.Reason, "Before the concert") {
			t.Errorf("the draft: %+v", c.Change)
		}
		if a := d.Client("lead").Get("/requests/" + r.Label()); !strings.Contains(a.Text(), `href="`+task.Made.URL+`"`) {
			t.Error("the page of the request does not lead to the change")
		}
		if a := d.Client("lead").Get(task.Made.URL); !strings.Contains(a.Text(), r.Label()) {
			t.Error("the page of the change does not lead to the request")
		}
		// Pressed again it is the same change.
		if _, err := d.Requests.OpenChange(work.WithKey(d.As("engineer2"), "k"+r.Label()), r.ID, task.ID, in); err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("pressed twice: %v", err)
		}
		if again := tasks(t, d, r)["open"]; *again.MadeID != *task.MadeID {
			t.Error("two changes for one task")
		}
		done(t, d, "engineer", r, "tell")
		x, _, err := d.Requests.Get(d.As("staff"), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !wait {
			if x.State != servicerequest.Fulfilled {
				t.Errorf("it waits for the change: %s", x.State)
			}
			continue
		}
		if x.State != servicerequest.Fulfilling || tasks(t, d, r)["open"].State != servicerequest.TaskReady {
			t.Fatalf("it does not wait for the change: %s", x.State)
		}
		todo, err := d.Requests.Todo(d.As("engineer2"), true, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range todo.Rows {
			if k.ID == task.ID {
				t.Error("what waits for a change is still something to do")
			}
		}
		if err := d.Requests.HandOver(identity.With(d.As("lead"), identity.NewSystem("handover")), r.ID, me, person(t, d, "tang.yi"), nil); err != nil {
			t.Errorf("somebody leaves: %v", err)
		}
		if _, err := d.Changes.Cancel(d.As("engineer2"), *task.MadeID, change.ReasonInput{Reason: "The concert is off"}); err != nil {
			t.Fatal(err)
		}
		d.Drain()
		if x, _, err = d.Requests.Get(d.As("staff"), r.ID); err != nil || x.State != servicerequest.Fulfilled {
			t.Errorf("the change has ended: %s %v", x.State, err)
		}
	}
}

// TestTheFormOfAChangeWorksWithoutScript, keeps what was typed, and says who
// may not open one what to do.
func TestTheFormOfAChangeWorksWithoutScript(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	members(t, d, "Applications", "engineer", "engineer2")
	r := order(t, d, "staff", rollOut(t, d, true))
	at := "/requests/" + r.Label() + "/tasks/" + tasks(t, d, r)["open"].ID.String() + "/change"
	c := d.Client("engineer2")
	if a := c.Get(at); a.Status != 200 || !strings.Contains(a.Text(), r.Label()+")") {
		t.Fatalf("the form: %d", a.Status)
	}
	if a := c.Post(at, url.Values{"title": {strings.Repeat("x", 201)}}); a.Status != 422 || !strings.Contains(a.Text(), strings.Repeat("x", 201)) {
		t.Errorf("too long: %d", a.Status)
	}
	if a := d.Client("engineer").Get("/requests/" + r.Label()); !strings.Contains(a.Text(), "needs the right to hand one in") {
		t.Error("who may not open a change is not told so")
	}
	if a := d.Client("engineer").Get(at); a.Status != 403 {
		t.Errorf("the form without the right: %d", a.Status)
	}
	if a := c.Post(at, url.Values{"title": {"Bassoon"}}); a.Status != 303 {
		t.Fatalf("opened: %d", a.Status)
	}
	if a := c.Get(at); a.Status != 409 {
		t.Errorf("the form of what is open: %d", a.Status)
	}
}

// TestConfidentialItemsOpenNoChanges: those are read by all who work on systems.
func TestConfidentialItemsOpenNoChanges(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	c := servicerequest.Content{Confidential: true, Tasks: []servicerequest.Plan{{Key: "t1", TitleEn: "Open", Output: servicerequest.OutputChange, TeamID: &id}}}
	if bad := c.CheckTask(0); len(bad) != 1 || bad[0].Code != "servicerequest.error.change_confidential" {
		t.Errorf("%v", bad)
	}
}

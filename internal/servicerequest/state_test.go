package servicerequest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/platform/fault"
)

// TestMachine writes the whole table of states and moves and compares it with
// the one that was read and agreed.
func TestMachine(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range States {
		for _, m := range Moves {
			to, err := s.Next(m)
			line := string(to)
			if err != nil {
				f := fault.Of(err)
				if f.Kind != fault.Conflict || f.Code != "servicerequest.error.illegal."+string(m) || to != s {
					t.Errorf("%s %s: %v", s, m, err)
				}
				line = "-"
			}
			if s.Offers(m) != (err == nil) {
				t.Errorf("%s offers %s: %v, but it gives %v", s, m, s.Offers(m), err)
			}
			fmt.Fprintf(&b, "%-10s %-10s %s\n", s, m, line)
		}
	}
	const path = "testdata/machine.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("the machine has changed; UPDATE=1 writes %s, and read it:\n%s", path, b.String())
	}
}

// TestNothingIsFulfilledUnapproved walks every path of moves: none reaches
// fulfilment without approval, or its waiver, since the last draft (REQ-01).
func TestNothingIsFulfilledUnapproved(t *testing.T) {
	t.Parallel()
	type at struct {
		s        State
		approved bool
	}
	seen := map[at]bool{}
	var walk func(at)
	walk = func(a at) {
		if seen[a] {
			return
		}
		seen[a] = true
		if !a.approved && (a.s == Fulfilling || a.s == Pending || a.s == Fulfilled || a.s == Closed) {
			t.Errorf("%s is reached without approval", a.s)
		}
		for _, m := range Moves {
			to, err := a.s.Next(m)
			if err != nil {
				continue
			}
			walk(at{to, (a.approved || m == MoveApprove || m == MoveWaive) && to != Draft})
		}
	}
	walk(at{Draft, false})
	if len(seen) < len(States) {
		t.Errorf("only %d of %d states are reached", len(seen), len(States))
	}
}

func plan(key string, team uuid.UUID, when string, after ...string) Plan {
	return Plan{Key: key, TitleEn: key, Output: OutputTask, TeamID: &team, When: when, After: after}
}

// TestHandOver: tasks begin when all before them have ended, side by side where
// nothing is between, and those whose condition does not hold are passed over.
func TestHandOver(t *testing.T) {
	t.Parallel()
	now, team, me := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), uuid.New(), uuid.New()
	c := Content{
		Form: form.Form{Fields: []form.Field{{Key: "dock", Type: form.Choice, LabelEn: "Dock", Options: []form.Option{{Value: "yes"}, {Value: "no"}}}}},
		Tasks: []Plan{
			plan("order", team, ""), plan("account", team, ""), plan("dock", team, `dock == "yes"`, "order"), plan("install", team, "", "dock", "account"), plan("hand", team, "", "install"),
		},
	}
	for dock, want := range map[string][]string{
		"yes": {"order account", "account", "account dock", "dock", "install", "hand", ""},
		"no":  {"order account", "account", "account", "install", "hand", ""},
	} {
		tasks := planTasks(c, form.Raw{"dock": {dock}}, "2026-03-02", uuid.New)
		release(tasks, now)
		ready := func() string {
			var out []string
			for _, x := range tasks {
				if x.State == TaskReady {
					out = append(out, x.Key)
				}
			}
			return strings.Join(out, " ")
		}
		if got := ready(); got != want[0] {
			t.Errorf("dock %s, first: %q, want %q", dock, got, want[0])
		}
		// Always end the first one that is ready.
		var order []string
		for range 10 {
			done := false
			for i := range tasks {
				if tasks[i].State == TaskReady {
					if err := tasks[i].complete(me, "", now); err != nil {
						t.Fatal(err)
					}
					order = append(order, tasks[i].Key)
					release(tasks, now)
					done = true
					break
				}
			}
			if !done {
				break
			}
		}
		wantOrder := "order account dock install hand"
		if dock == "no" {
			wantOrder = "order account install hand"
		}
		if got := strings.Join(order, " "); got != wantOrder || !allEnded(tasks) {
			t.Errorf("dock %s: %q, want %q; all ended: %v", dock, got, wantOrder, allEnded(tasks))
		}
	}
}

// TestNoPlanWaitsForEver: whatever the plan, tasks that may be ended end.
func TestNoPlanWaitsForEver(t *testing.T) {
	t.Parallel()
	team, now := uuid.New(), time.Now()
	for seed := range 400 {
		var c Content
		for i := range 1 + seed%7 {
			p := plan(fmt.Sprint("t", i), team, map[int]string{0: "", 1: "true", 2: "false"}[(seed/(i+1))%3])
			for j := range i {
				if (seed>>(i+j))&1 == 1 {
					p.After = append(p.After, fmt.Sprint("t", j))
				}
			}
			c.Tasks = append(c.Tasks, p)
			if bad := c.CheckTask(i); len(bad) > 0 {
				t.Fatal(bad)
			}
		}
		tasks := planTasks(c, nil, "2026-03-02", uuid.New)
		for range len(tasks) + 1 {
			release(tasks, now)
			for i := range tasks {
				if tasks[i].State == TaskReady {
					if err := tasks[i].complete(team, "", now); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if !allEnded(tasks) {
			t.Fatalf("seed %d waits for ever: %+v", seed, tasks)
		}
	}
	c := Content{Tasks: []Plan{plan("a", team, "", "b"), plan("b", team, "", "a")}}
	if len(c.CheckTask(0)) == 0 {
		t.Error("a circle of tasks was accepted")
	}
}

func TestNobodyApprovesWhatTheyDrafted(t *testing.T) {
	t.Parallel()
	service, a, b, c := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	i := Item{ID: uuid.New(), State: ItemDraft, ServiceID: &service}
	content := Content{NameEn: "Laptop", Impact: 3, Order: Audience{Everyone: true}, Tasks: []Plan{plan("t1", service, "")}}
	if err := i.edit(content, a); err != nil {
		t.Fatal(err)
	}
	if err := i.edit(content, b); err != nil {
		t.Fatal(err)
	}
	if err := i.submit(); err != nil {
		t.Fatalf("%+v", fault.Of(err).Fields)
	}
	now := time.Now()
	for _, who := range []uuid.UUID{a, b} {
		if _, err := i.approve(uuid.New(), "", who, now); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an editor approved: %v", err)
		}
	}
	if _, err := i.approve(uuid.New(), "other", c, now); !fault.Is(err, fault.Conflict) {
		t.Errorf("another draft than was read was approved: %v", err)
	}
	v, err := i.approve(uuid.New(), i.DraftHash, c, now)
	if err != nil || v.No != 1 || i.State != ItemApproved || i.Draft != nil || len(v.Editors) != 2 || !i.ReviewAt.Equal(now.Add(ReviewEvery)) {
		t.Errorf("%v %+v %+v", err, v, i)
	}
	// A change of an approved item leaves the version in force alone.
	if err := i.edit(content, a); err != nil || i.State != ItemApproved || *i.CurrentID != v.ID {
		t.Errorf("%v %+v", err, i)
	}
}

func TestIncompleteItemsAreNotSubmitted(t *testing.T) {
	t.Parallel()
	team := uuid.New()
	good := func() Content {
		return Content{NameEn: "Laptop", Impact: 3, Order: Audience{Everyone: true}, Tasks: []Plan{plan("t1", team, "")}}
	}
	if err := good().Check(); err != nil {
		t.Fatalf("%+v", fault.Of(err).Fields)
	}
	for name, spoil := range map[string]func(*Content){
		"name_zh":     func(c *Content) { c.NameEn = " " },
		"order":       func(c *Content) { c.Order = Audience{} },
		"quota_count": func(c *Content) { c.QuotaCount = 1 },
		"tasks":       func(c *Content) { c.Tasks = nil },
		"tasks.0":     func(c *Content) { c.Tasks[0].TeamID = nil },
		"steps.0":     func(c *Content) { c.Steps = []Step{{From: ByPeople, Mode: "any"}} },
		"steps.1":     func(c *Content) { c.Steps = []Step{{From: ByManager, Mode: "any"}, {From: ByManager, Mode: "count"}} },
		"fields.0.show": func(c *Content) {
			c.Form.Fields = []form.Field{{Key: "a", Type: form.Text, LabelEn: "A", Show: "b == 1"}}
		},
	} {
		c := good()
		spoil(&c)
		err := c.Check()
		if err == nil || fault.Of(err).Fields[0].Name != name {
			t.Errorf("%s: %+v", name, err)
		}
	}
	c := good()
	c.Tasks[0].When = "gone > 1"
	if c.Check() == nil {
		t.Error("a task with a broken condition was accepted")
	}
}

func TestReopenLast(t *testing.T) {
	t.Parallel()
	early, late := time.Now(), time.Now().Add(time.Hour)
	tasks := []Task{{Key: "a", Output: OutputTask, State: TaskDone, DoneAt: &late}, {Key: "b", Output: OutputTask, State: TaskDone, DoneAt: &early}, {Key: "c", Output: OutputIncident, State: TaskDone, DoneAt: &late}, {Key: "d", State: TaskSkipped}}
	reopenLast(tasks)
	if tasks[0].State != TaskReady || tasks[0].DoneAt != nil || tasks[1].State != TaskDone || tasks[2].State != TaskDone {
		t.Errorf("%+v", tasks)
	}
	only := []Task{{Key: "c", Output: OutputIncident, State: TaskDone, DoneAt: &late}}
	reopenLast(only)
	if only[0].State != TaskReady || only[0].Output != OutputTask {
		t.Errorf("%+v", only)
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"REQ-000123": 123, "req123": 123, "#REQ 7": 7, "INC-000001": 0, "123": 0, "REQ-": 0, "REQ-0": 0} {
		if n, ok := ParseLabel(in); n != want && ok || ok != (want > 0) {
			t.Errorf("%s: %d %v", in, n, ok)
		}
	}
}

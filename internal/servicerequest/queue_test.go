package servicerequest_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/batch"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/trail"
	"opsdesk/internal/view"
)

// found are the requests that a list holds for somebody.
func found(t *testing.T, d *apptest.Desk, ctx context.Context, query string) []uuid.UUID {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	f, err := servicerequest.ParseFilter(q)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	f.Limit = 200
	p, err := d.Requests.List(ctx, f, "")
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var out []uuid.UUID
	for _, r := range p.Rows {
		out = append(out, r.ID)
	}
	return out
}

// TestFiltersOfRequests: each condition finds what it says and nothing else. A
// request is with every team that has something to do for it.
func TestFiltersOfRequests(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	moved, held, asked := order(t, d, "staff", move(t, d)), order(t, d, "staff", move(t, d)), order(t, d, "staff", laptop(t, d))
	if _, err := d.Requests.Pend(d.As("engineer"), done(t, d, "he.ming", held, "port").ID, servicerequest.PendInput{Reason: servicerequest.OnParts}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Requests.ClaimTask(d.As("qian.fei"), moved.ID, tasks(t, d, moved)["move"].ID, servicerequest.StepInput{}); err != nil {
		t.Fatal(err)
	}
	team := func(key string) string { return tasks(t, d, moved)[key].TeamID.String() }
	item := items(t, d)["Move to another place"].String()
	for query, want := range map[string][]uuid.UUID{
		"":                             {moved.ID, held.ID, asked.ID},
		"view=approving":               {asked.ID},
		"view=pending":                 {held.ID},
		"item=" + item:                 {moved.ID, held.ID},
		"f=item.not." + item:           {asked.ID},
		"team=" + team("port"):         {moved.ID},
		"f=team.not." + team("port"):   {held.ID, asked.ID},
		"f=pending.is.parts":           {held.ID},
		"f=state.is.approving":         {asked.ID},
		"f=expected.after.2001-01-01":  {moved.ID, held.ID},
		"f=expected.before.2001-01-01": nil,
		"q=" + held.Label():            {held.ID},
		"group=team":                   {moved.ID, held.ID, asked.ID},
		"group=state":                  {moved.ID, held.ID, asked.ID},
		"group=assignee":               {moved.ID, held.ID, asked.ID},
	} {
		got := found(t, d, lead, query)
		for name, id := range map[string]uuid.UUID{"moved": moved.ID, "held": held.ID, "asked": asked.ID} {
			if slices.Contains(got, id) != slices.Contains(want, id) {
				t.Errorf("%q: %s is in it: %v", query, name, slices.Contains(got, id))
			}
		}
	}
	if got := found(t, d, d.As("qian.fei"), "view=mine"); !slices.Contains(got, moved.ID) || slices.Contains(got, held.ID) {
		t.Errorf("my tasks are in %v", got)
	}
	for _, bad := range []string{"view=everything", "f=state.is.draft", "f=category.is.x", "sort=name", "group=item"} {
		q, _ := url.ParseQuery(bad)
		if _, err := servicerequest.ParseFilter(q); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// TestABareNumberOfARequest finds the request of that number and those that say it.
func TestABareNumberOfARequest(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	named := order(t, d, "staff", laptop(t, d))
	bare := strconv.FormatInt(named.Number, 10)
	in := move(t, d)
	in.Answers["to"] = []string{"机房 " + bare}
	said := order(t, d, "staff", in)
	for text, want := range map[string][]uuid.UUID{bare: {named.ID, said.ID}, named.Label(): {named.ID}} {
		got := found(t, d, d.As("lead"), "q="+text)
		slices.SortFunc(got, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(got, want) {
			t.Errorf("%s found %v, want %v", text, got, want)
		}
	}
}

// TestRequestsAreSavedExportedAndShown as incidents are: by the same queue.
func TestRequestsAreSavedExportedAndShown(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", move(t, d))
	in := view.SaveInput{Name: "Moves", Query: "view=open&f=state.is.approved"}
	v, err := d.Views.Save(d.As("engineer"), servicerequest.Kind, in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Views.Save(d.As("engineer"), servicerequest.Kind, view.SaveInput{Name: "x", Query: "f=channel.is.portal"}); code(err) != "query queue.error.filter" && code(err) != "f queue.error.filter" {
		t.Errorf("a filter of incidents: %v", code(err))
	}
	views, n := d.Requests.Navigation(d.As("engineer"))
	if len(views) != 1 || n[v.ID.String()] == 0 {
		t.Errorf("the navigation has %v with %v", views, n)
	}
	c := d.Client("engineer")
	if a := c.Get("/requests?v=" + v.ID.String()); a.Status != 200 || !strings.Contains(a.Text(), `<h1 class="cut">Moves</h1>`) || !strings.Contains(a.Text(), `id="preview"`) {
		t.Errorf("the page of the view: %d", a.Status)
	}
	if a := c.Get("/incidents/views/" + v.ID.String()); a.Status != 404 {
		t.Errorf("the view of another list: %d", a.Status)
	}
	c.Post("/requests/display", url.Values{"list": {v.ID.String()}, "layout": {"table"}, "columns": {"due", "expected", "nonsense"}, "return": {"/requests"}})
	if a := c.Get("/requests?v=" + v.ID.String()); !strings.Contains(a.Text(), "q-table") {
		t.Error("the list is no table")
	}
	if a := c.Get("/requests/" + r.Label() + "/preview"); a.Status != 200 || !strings.Contains(a.Text(), r.Label()) {
		t.Errorf("the preview: %d", a.Status)
	}
	if a := d.Client("staff").Get("/requests"); a.Status != 303 {
		t.Errorf("staff are shown the queue: %d", a.Status)
	}
	var file bytes.Buffer
	if _, err := d.Requests.Export(d.As("lead"), queue.ExportInput{Query: "item=" + r.ItemID.String(), Format: "csv", Columns: []string{"due", "expected"}}, func(string) io.Writer { return &file }); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file.Bytes(), []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) < 2 || len(rows[0]) != 5 {
		t.Fatalf("%v: %v", rows, err)
	}
	if at := slices.IndexFunc(rows, func(x []string) bool { return x[0] == r.Label() }); at < 0 || rows[at][4] == "" {
		t.Errorf("the file has %v", rows)
	}
	if _, err := d.Requests.Export(d.As("staff"), queue.ExportInput{Format: "csv"}, func(string) io.Writer { return &file }); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff took the list out: %v", err)
	}
}

// exported is the day that a file of the list says a request comes.
func exported(t *testing.T, d *apptest.Desk, r servicerequest.Request) string {
	t.Helper()
	var file bytes.Buffer
	if _, err := d.Requests.Export(d.As("lead"), queue.ExportInput{Query: "view=all&q=" + r.Label(), Format: "csv", Columns: []string{"expected"}}, func(string) io.Writer { return &file }); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file.Bytes(), []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v: %v", rows, err)
	}
	return rows[1][len(rows[1])-1]
}

// many changes requests as a batch, to its end.
func many(t *testing.T, d *apptest.Desk, who string, in servicerequest.BulkInput) batch.Batch {
	t.Helper()
	b, err := d.Requests.Bulk(d.As(who), in)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = d.Batches.Start(d.As(who), b.ID); err != nil {
		t.Fatal(err)
	}
	return drained(t, d, who, b)
}

func drained(t *testing.T, d *apptest.Desk, who string, b batch.Batch) batch.Batch {
	t.Helper()
	d.Drain()
	b, err := d.Batches.Get(d.As(who), b.ID)
	if err != nil || b.State != batch.Done {
		t.Fatalf("%+v: %v", b, err)
	}
	return b
}

// TestManyRequestsAreTakenBack: each becomes what it was, except those that
// somebody has touched since; what was said stays said.
func TestManyRequestsAreTakenBack(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	undo := func(b batch.Batch) batch.Batch {
		t.Helper()
		u, err := d.Batches.Undo(lead, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		return drained(t, d, "lead", u)
	}
	get := func(r servicerequest.Request) servicerequest.Request {
		t.Helper()
		x, _, err := d.Requests.Get(lead, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	a, touched := order(t, d, "staff", move(t, d)), order(t, d, "staff", move(t, d))
	both := []uuid.UUID{a.ID, touched.ID}

	was := tasks(t, d, a)
	b := many(t, d, "lead", servicerequest.BulkInput{Act: "assign", IDs: both, AssigneeID: person(t, d, "he.ming"), TeamID: was["port"].TeamID})
	if got := tasks(t, d, a); *got["move"].TeamID != *was["port"].TeamID || got["move"].AssigneeID == nil {
		t.Fatalf("handed on: %+v", got["move"])
	}
	if _, err := d.Requests.Note(lead, touched.ID, servicerequest.ReplyInput{Body: "Mine now."}); err != nil {
		t.Fatal(err)
	}
	if u := undo(b); u.Succeeded != 1 || u.Refused != 1 {
		t.Errorf("taken back %d, left %d", u.Succeeded, u.Refused)
	}
	for key, k := range tasks(t, d, a) {
		if *k.TeamID != *was[key].TeamID || k.AssigneeID != nil {
			t.Errorf("%s is with %v of %v, was of %v", key, k.AssigneeID, k.TeamID, was[key].TeamID)
		}
	}
	if k := tasks(t, d, touched)["move"]; k.AssigneeID == nil {
		t.Error("what somebody changed since was taken back")
	}
	if _, err := d.Batches.Undo(lead, b.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("taken back twice: %v", err)
	}

	before := get(a)
	b = many(t, d, "lead", servicerequest.BulkInput{Act: "priority", IDs: both[:1], Impact: 1, Urgency: 1, Reason: "Payday"})
	if x := get(a); x.Priority == before.Priority {
		t.Fatal("the priority is the same")
	}
	undo(b)
	if x := get(a); x.Priority != before.Priority || x.Impact != before.Impact || x.Urgency != before.Urgency {
		t.Errorf("P%d %d %d", x.Priority, x.Impact, x.Urgency)
	}

	done(t, d, "he.ming", a, "port")
	b = many(t, d, "lead", servicerequest.BulkInput{Act: "pend", IDs: both[:1], PendReason: servicerequest.OnParts})
	again := many(t, d, "lead", servicerequest.BulkInput{Act: "pend", IDs: both[:1], PendReason: servicerequest.OnVendor})
	undo(again)
	if x := get(a); x.State != servicerequest.Pending || x.PendingReason != servicerequest.OnParts {
		t.Errorf("%s for %s", x.State, x.PendingReason)
	}
	if u := undo(b); u.Refused != 1 {
		t.Error("an older change was taken back under a newer one")
	}
	b = many(t, d, "lead", servicerequest.BulkInput{Act: "resume", IDs: both[:1]})
	undo(b)
	if x := get(a); x.State != servicerequest.Pending || x.PendingReason != servicerequest.OnParts {
		t.Errorf("%s for %s", x.State, x.PendingReason)
	}
	b = many(t, d, "lead", servicerequest.BulkInput{Act: "note", IDs: both, Body: "Seen."})
	if ok, err := d.Batches.Undoable(lead, b); ok || err != nil {
		t.Errorf("a note can be taken back: %v %v", ok, err)
	}
}

// TestManyRequestsAtOnce: the preview says what would be refused, and the job
// decides each anew.
func TestManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	a, b, waits := order(t, d, "staff", move(t, d)), order(t, d, "staff", move(t, d)), order(t, d, "staff", laptop(t, d))
	to := person(t, d, "he.ming")
	if _, err := d.Requests.Bulk(lead, servicerequest.BulkInput{Act: "assign", IDs: []uuid.UUID{a.ID}}); code(err) != "team_id servicerequest.error.bulk_assign" {
		t.Errorf("to nobody: %s", code(err))
	}
	x, err := d.Requests.Bulk(lead, servicerequest.BulkInput{Act: "assign", IDs: []uuid.UUID{a.ID, b.ID, waits.ID}, AssigneeID: to})
	if err != nil || x.Total != 3 || x.Refused != 1 {
		t.Fatalf("%+v %v", x, err)
	}
	if x, err = d.Batches.Start(lead, x.ID); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if x, err = d.Batches.Get(lead, x.ID); err != nil || x.Succeeded != 2 {
		t.Fatalf("%+v %v", x, err)
	}
	for _, r := range []servicerequest.Request{a, b} {
		for key, k := range tasks(t, d, r) {
			if ready := k.State == servicerequest.TaskReady; ready != (k.AssigneeID != nil && *k.AssigneeID == *to) {
				t.Errorf("%s is %s with %v", key, k.State, k.AssigneeID)
			}
		}
	}
	if p := d.Client("lead").Post("/requests/bulk/form", url.Values{"act": {"priority"}, "ids": {a.ID.String()}}); p.Status != 200 || !strings.Contains(p.Text(), `name="impact"`) {
		t.Errorf("the form: %d", p.Status)
	}
	if p := d.Client("lead").Post("/requests/bulk", url.Values{"act": {"note"}, "ids": {a.ID.String()}, "body": {" "}}); p.Status != 422 {
		t.Errorf("an empty note: %d", p.Status)
	}
}

// TestAnotherPriorityKeepsTheTimeUsed: the matrix gives it, the clock is told,
// and the trail says why.
func TestAnotherPriorityKeepsTheTimeUsed(t *testing.T) {
	t.Parallel()
	d := atMorning(t)
	in := move(t, d)
	in.Answers["day"] = []string{"2027-01-05"}
	r := order(t, d, "staff", in)
	d.Advance(time.Hour)
	spent := func() (out time.Duration) {
		x, err := d.Requests.Detail(d.As("lead"), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		book, err := d.SLA.Book(t.Context(), d.Pool)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range x.Clocks {
			if c.Metric == "resolution" {
				out = time.Duration(c.GoalUS)*time.Microsecond - book.Left(c, d.Desk.Now())
			}
		}
		return out
	}
	used := spent()
	if used <= 0 {
		t.Fatalf("used %v", used)
	}
	if _, err := d.Requests.Prioritise(d.As("staff"), r.ID, servicerequest.PriorityInput{Impact: 1, Urgency: 1, Reason: "I want it"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the requester: %v", err)
	}
	if _, err := d.Requests.Prioritise(d.As("lead"), r.ID, servicerequest.PriorityInput{Impact: 1, Urgency: 1}); code(err) != "reason validation.required" {
		t.Errorf("without a reason: %s", code(err))
	}
	before := r.Priority
	r, err := d.Requests.Prioritise(d.As("lead"), r.ID, servicerequest.PriorityInput{Impact: 1, Urgency: 1, Reason: "The whole floor moves"})
	if err != nil || r.Priority >= before {
		t.Fatalf("P%d: %v", r.Priority, err)
	}
	if got := spent(); got != used {
		t.Errorf("%v were used, now %v", used, got)
	}
	entries, err := trail.OfRecord(t.Context(), d.Pool, r.ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	said := slices.ContainsFunc(entries, func(e trail.Entry) bool {
		diff, err := e.Changes()
		return err == nil && diff["priority_reason"][1] == "The whole floor moves" && diff["impact"][1] != nil
	})
	if !said {
		t.Error("the trail does not say why")
	}
}

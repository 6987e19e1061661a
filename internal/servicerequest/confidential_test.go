package servicerequest_test

import (
	"bytes"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/trail"
)

func team(t *testing.T, d *apptest.Desk, name string) identity.Team {
	t.Helper()
	list, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.NameEn == name {
			return x
		}
	}
	t.Fatal(name)
	return identity.Team{}
}

// members makes a team of some people.
func members(t *testing.T, d *apptest.Desk, name string, who ...string) {
	t.Helper()
	view, err := d.People.Team(d.As("admin"), team(t, d, name).ID)
	if err != nil {
		t.Fatal(err)
	}
	in := people.TeamInput{Version: view.Version, NameZh: view.NameZh, NameEn: view.NameEn, Active: true}
	for _, x := range who {
		in.Members = append(in.Members, *person(t, d, x))
	}
	if _, err := d.People.EditTeam(d.As("admin"), view.ID, in); err != nil {
		t.Fatal(err)
	}
}

// secret is an item about what is nobody else's business: the manager approves,
// the security team does the work.
func secret(t *testing.T, d *apptest.Desk, change ...func(*servicerequest.Content)) uuid.UUID {
	t.Helper()
	worker := team(t, d, "Security").ID
	members(t, d, "Security", "engineer2")
	return newItem(t, d, func(c *servicerequest.Content) {
		c.NameEn, c.NameZh, c.Confidential = "Xylophone matter", "木琴事项", true
		c.Form = form.Form{Fields: []form.Field{{Key: "what", Type: form.Text, LabelEn: "What", LabelZh: "什么"}}}
		c.Steps = []servicerequest.Step{{From: servicerequest.ByManager, Mode: "any"}}
		c.Tasks = []servicerequest.Plan{{Key: "do", TitleEn: "Do", TitleZh: "办", Output: servicerequest.OutputTask, TeamID: &worker}}
		for _, f := range change {
			f(c)
		}
	})
}

// seen lists, by door, where a person meets a request.
func seen(t *testing.T, d *apptest.Desk, who string, r servicerequest.Request) []string {
	t.Helper()
	var out []string
	door := func(name string, open bool) {
		if open {
			out = append(out, name)
		}
	}
	ctx, c, api := d.As(who), d.Client(who), d.API(who)
	has := func(path string) bool {
		a := c.Get(path)
		return strings.Contains(a.Text(), r.Label()) || strings.Contains(a.Text(), "Xylophone") || strings.Contains(a.Text(), "木琴")
	}
	_, _, err := d.Requests.Get(ctx, r.ID)
	door("page", err == nil)
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Errorf("%s is answered %v", who, err)
	}
	door("address", c.Get("/requests/"+r.Label()).Status == 200)
	door("preview", c.Get("/requests/"+r.Label()+"/preview").Status == 200)
	door("api", api.Get("/api/v1/requests/"+r.Label()).Status == 200)
	door("api list", strings.Contains(api.Get("/api/v1/requests?view=all&q="+r.Label()).Text(), r.ID.String()))
	door("list", slices.Contains(found(t, d, ctx, "view=all&item="+r.ItemID.String()), r.ID))
	door("search", slices.Contains(found(t, d, ctx, "view=all&q=marimba"), r.ID))
	door("palette", has("/palette?q="+r.Label()))
	door("my requests", has("/my"))
	door("tasks", has("/requests/tasks") || strings.Contains(api.Get("/api/v1/request-tasks").Text(), r.Label()))
	door("inbox", has("/inbox"))
	door("approvals", has("/approvals"))
	door("trail", has("/trail/log"))
	f, err := servicerequest.ParseFilter(url.Values{"view": {"all"}, "item": {r.ItemID.String()}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Requests.List(ctx, f, "")
	if err != nil {
		t.Fatal(err)
	}
	door("count", p.Total > 0)
	var file bytes.Buffer
	_, err = d.Requests.Export(ctx, queue.ExportInput{Query: "view=all&item=" + r.ItemID.String(), Format: "csv"}, func(string) io.Writer { return &file })
	door("export", err == nil && strings.Contains(file.String(), r.Label()))
	b, err := d.Requests.Bulk(ctx, servicerequest.BulkInput{Act: "note", IDs: []uuid.UUID{r.ID}, Body: "Hello."})
	door("bulk", err == nil && b.Total > 0 && b.Refused == 0)
	_, err = d.Requests.Note(ctx, r.ID, servicerequest.ReplyInput{Body: "I was here."})
	door("note", err == nil)
	return out
}

// TestConfidentialRequestsAreSeenByThoseConcerned and are not there for anybody
// else, by any door: not for those who otherwise see everything, not for those
// who ordered the item to be made, and not for the team before its turn.
func TestConfidentialRequestsAreSeenByThoseConcerned(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item := secret(t, d)
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: item, Answers: form.Raw{"what": {"marimba"}}})
	if !r.Confidential || r.State != servicerequest.Approving {
		t.Fatalf("%+v", r)
	}
	nobody := func(list ...string) {
		t.Helper()
		for _, who := range list {
			if doors := seen(t, d, who, r); len(doors) > 0 {
				t.Errorf("%s sees it by %v", who, doors)
			}
		}
	}
	must := func(who string, doors ...string) {
		t.Helper()
		got := seen(t, d, who, r)
		for _, x := range doors {
			if !slices.Contains(got, x) {
				t.Errorf("%s does not see it by %s, only by %v", who, x, got)
			}
		}
	}
	nobody("lead", "tao.lin", "auditor", "engineer2", "engineer", "admin", "security")
	must("staff", "page", "address", "api", "my requests")
	must("du.heng", "page", "address", "inbox", "approvals")
	// What somebody else is let in on is not theirs to change.
	for name, err := range map[string]error{
		"edit": func() error { _, err := d.Requests.Edit(d.As("du.heng"), r.ID, servicerequest.EditInput{}); return err }(),
		"withdraw": func() error {
			_, err := d.Requests.Withdraw(d.As("du.heng"), r.ID, servicerequest.WithdrawInput{})
			return err
		}(),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s by whoever is asked: %v", name, err)
		}
	}
	x, err := d.Requests.Detail(d.As("staff"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	boss := *person(t, d, "du.heng")
	if err := d.Approvals.Vote(d.As("du.heng"), x.Approval.ID, approval.VoteInput{SeatID: x.Approval.Steps[0].Seats[0].ID, Choice: approval.Approve, Hash: x.Approval.Hash}); err != nil || x.Approval.Steps[0].Seats[0].PersonID != boss {
		t.Fatalf("the manager: %v", err)
	}
	nobody("lead", "tao.lin", "auditor", "engineer")
	must("engineer2", "page", "address", "preview", "api", "api list", "list", "search", "tasks", "count", "export", "bulk", "note")
	must("du.heng", "page")
	if _, err := d.Requests.Confirm(d.As("engineer2"), r.ID, servicerequest.StepInput{}); fault.Of(err) == nil {
		t.Error("an engineer confirmed for the requester")
	}

	// Handed to another team: its people see it, and so does whoever is named.
	if _, err := d.Requests.NamePerson(d.As("engineer2"), r.ID, servicerequest.NameInput{PersonID: *person(t, d, "tao.lin"), Reason: "Knows the matter", Days: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Requests.NamePerson(d.As("qian.fei"), r.ID, servicerequest.NameInput{PersonID: *person(t, d, "qian.fei"), Reason: "Curious"}); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
		t.Errorf("an outsider named themselves: %v", err)
	}
	must("tao.lin", "page")
	entries, err := trail.OfRecord(t.Context(), d.Pool, r.ID, 100)
	if err != nil || !slices.ContainsFunc(entries, func(e trail.Entry) bool {
		return string(e.Action) == "servicerequest.name_person" && e.Outcome == trail.Success
	}) {
		t.Errorf("the trail does not say who was let in: %v", err)
	}
	d.Advance(3 * 24 * time.Hour)
	nobody("tao.lin")
	if a := d.Client("engineer2").Get("/requests/" + r.Label()); a.Status != 200 || !strings.Contains(a.Text(), "Need to know") {
		t.Errorf("the page says nothing of who may see it: %d", a.Status)
	}
	if a := d.Client("engineer2").Get("/requests/" + r.Label() + "/act/names"); a.Status != 200 {
		t.Errorf("the form: %d", a.Status)
	}
	if a := d.Client("engineer2").Post("/requests/"+r.Label()+"/names", url.Values{"person_id": {person(t, d, "tao.lin").String()}, "reason": {" "}, "days": {"5"}}); a.Status != 422 || !strings.Contains(a.Text(), `value="5"`) {
		t.Errorf("without a reason: %d", a.Status)
	}
	r = func() servicerequest.Request { x, _, _ := d.Requests.Get(d.As("engineer2"), r.ID); return x }()
	if r.Version == 0 {
		t.Fatal("lost")
	}
}

// TestReadingAConfidentialRequestIsInTheTrail: once an hour for each person,
// whichever way they read it; who may not see it leaves a refusal.
func TestReadingAConfidentialRequestIsInTheTrail(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: secret(t, d, func(c *servicerequest.Content) { c.Steps = nil }), Answers: form.Raw{"what": {"marimba"}}})
	reads := func(outcome trail.Outcome, who string) (n int) {
		t.Helper()
		if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM trail_entries WHERE record_id = @id AND outcome = @outcome AND actor_id = @who AND action IN ('ticket.read', 'ticket.read_confidential')`,
			db.Args{"id": r.ID, "outcome": outcome, "who": person(t, d, who)}).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	c := d.Client("engineer2")
	for range 2 {
		if a := c.Get("/requests/" + r.Label()); a.Status != 200 || strings.Contains(a.Text(), "read_confidential") {
			t.Fatal(a.Status)
		}
	}
	if a := d.API("engineer2").Get("/api/v1/requests/" + r.Label()); a.Status != 200 || reads(trail.Success, "engineer2") != 1 {
		t.Errorf("%d: %d reads of engineer2", a.Status, reads(trail.Success, "engineer2"))
	}
	d.Advance(61 * time.Minute)
	if _, _, err := d.Requests.Get(d.As("engineer2"), r.ID); err != nil || reads(trail.Success, "engineer2") != 2 {
		t.Errorf("%v: %d reads of engineer2 an hour later", err, reads(trail.Success, "engineer2"))
	}
	if a := d.Client("auditor").Get("/requests/" + r.Label()); a.Status != 404 || reads(trail.Success, "auditor") != 0 {
		t.Errorf("an outsider: %d", a.Status)
	}
}

// TestTheNeedToKnowListFollowsTheTeam: who joins a team that works on a
// confidential request is let in, who leaves it is not any more, and what runs
// out while the request is open is renewed.
func TestTheNeedToKnowListFollowsTheTeam(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: secret(t, d, func(c *servicerequest.Content) { c.Steps = nil }), Answers: form.Raw{"what": {"marimba"}}})
	sees := func(who string) bool {
		t.Helper()
		_, _, err := d.Requests.Get(d.As(who), r.ID)
		return err == nil
	}
	if !sees("engineer2") || sees("qian.fei") {
		t.Fatal("the list is not that of the team")
	}
	version := func() int { x, _, _ := d.Requests.Get(d.As("staff"), r.ID); return x.Version }
	was := version()
	tick(t, d, servicerequest.JobNeedToKnow)
	if version() != was {
		t.Error("a list that is right was written anew")
	}
	members(t, d, "Security", "qian.fei")
	tick(t, d, servicerequest.JobNeedToKnow)
	if !sees("qian.fei") || sees("engineer2") {
		t.Errorf("after the teams changed: joined %v, left %v", sees("qian.fei"), sees("engineer2"))
	}
	d.Advance(25 * 24 * time.Hour)
	tick(t, d, servicerequest.JobNeedToKnow)
	d.Advance(25 * 24 * time.Hour)
	tick(t, d, servicerequest.JobNeedToKnow)
	if !sees("qian.fei") || !sees("staff") {
		t.Error("those concerned lost sight of an open request")
	}
	// Once it is over nobody but its requester sees it for ever.
	if _, err := d.Requests.Refuse(d.As("qian.fei"), r.ID, servicerequest.ReasonInput{Reason: "Not ours"}); err != nil {
		t.Fatal(err)
	}
	d.Advance(40 * 24 * time.Hour)
	tick(t, d, servicerequest.JobNeedToKnow)
	if sees("qian.fei") || !sees("staff") {
		t.Errorf("long after: the team %v, the requester %v", sees("qian.fei"), sees("staff"))
	}
}

// TestWhatAConfidentialRequestMakesIsConfidential: the incident that it orders,
// and its copy by whoever may read it.
func TestWhatAConfidentialRequestMakesIsConfidential(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	workplace := team(t, d, "Workplace").ID
	item := secret(t, d, func(c *servicerequest.Content) {
		c.Steps = nil
		c.Tasks = append(c.Tasks, servicerequest.Plan{Key: "fault", TitleEn: "Fault", TitleZh: "故障", Output: servicerequest.OutputIncident, TeamID: &workplace})
	})
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: item, Answers: form.Raw{"what": {"marimba"}}})
	var id uuid.UUID
	if err := d.Pool.PGX().QueryRow(t.Context(), `SELECT made_id FROM service_request_tasks WHERE request_id = $1 AND made_id IS NOT NULL`, r.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	e, err := record.Get(t.Context(), d.Pool, id)
	if err != nil || !e.Confidential {
		t.Fatalf("the incident: %+v %v", e, err)
	}
	if _, _, err := d.Incidents.Get(d.As("qian.fei"), id); err != nil {
		t.Errorf("the team of the incident: %v", err)
	}
	if _, _, err := d.Incidents.Get(d.As("tang.yi"), id); !fault.Is(err, fault.NotFound) {
		t.Errorf("another engineer: %v", err)
	}
	c, err := d.Requests.Copy(d.As("staff"), r.ID)
	if err != nil || !c.Confidential {
		t.Errorf("the copy: %v %v", c.Confidential, err)
	}
}

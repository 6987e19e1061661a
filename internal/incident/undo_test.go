package incident_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
)

var undoForm = regexp.MustCompile(`<form method="post" action="([^"]+)"><input type="hidden" name="_key" value="[^"]+"> ?<input type="hidden" name="undo" value="([^"]*)"`)

// offered is the undo that a page offers.
func offered(page string) (path, value string) {
	m := undoForm.FindStringSubmatch(page)
	if m == nil {
		return "", ""
	}
	return html.UnescapeString(m[1]), html.UnescapeString(m[2])
}

// TestUndoOfOneAct: the next page offers it once, it is an act like any other,
// and it is refused once somebody else has changed the ticket.
func TestUndoOfOneAct(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.Client("lead")
	for _, c := range []struct {
		act  string
		form url.Values
		same func(before, after incident.Incident) bool
	}{
		{"priority", url.Values{"priority": {"1"}, "reason": {"board"}}, func(b, a incident.Incident) bool {
			return a.Priority == b.Priority && a.PriorityReason == b.PriorityReason
		}},
		{"assign", url.Values{"assignee_id": {personID(t, d, "he.ming").String()}}, func(b, a incident.Incident) bool { return a.AssigneeID != nil && *a.AssigneeID == *b.AssigneeID }},
		{"transfer", url.Values{"team_id": {teamID(t, d, "Applications").String()}, "remark": {"theirs"}}, func(b, a incident.Incident) bool {
			return same(b.TeamID, a.TeamID) && same(b.AssigneeID, a.AssigneeID)
		}},
		{"edit", url.Values{"category_id": {category(t, d, "Network").String()}, "title": {"other"}}, func(b, a incident.Incident) bool {
			return same(b.CategoryID, a.CategoryID) && b.Title == a.Title
		}},
		{"pend", url.Values{"reason": {"vendor"}}, func(b, a incident.Incident) bool { return a.State == b.State }},
	} {
		i := report(t, d, "staff")
		bring(t, d, i, incident.InProgress)
		before, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := "/incidents/" + i.Label()
		do := func(key string) (string, string) {
			c.form.Set("_key", key+i.Label()+c.act)
			if a := lead.Post(at+"/"+c.act, c.form); a.Status != 303 {
				t.Fatalf("%s: %d", c.act, a.Status)
			}
			return offered(lead.Get(at).Text())
		}
		path, value := do("1")
		if path != at+"/undo" {
			t.Fatalf("%s offers no undo: %q", c.act, path)
		}
		if p, _ := offered(lead.Get(at).Text()); p != "" {
			t.Errorf("%s: the undo is offered for ever", c.act)
		}
		if a := d.Client("staff").Post(path, url.Values{"undo": {value}}); a.Status != 403 {
			t.Errorf("%s undone by staff: %d", c.act, a.Status)
		}
		if a := lead.Post(path, url.Values{"undo": {value}, "_key": {"u" + c.act}}); a.Status != 303 {
			t.Fatalf("%s undone: %d", c.act, a.Status)
		}
		after, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil || !c.same(before, after) {
			t.Errorf("%s is not undone: %+v %v", c.act, after, err)
		}
		if a := lead.Post(path, url.Values{"undo": {value}, "_key": {"v" + c.act}}); a.Status != 409 || !strings.Contains(a.Text(), i.Label()) {
			t.Errorf("%s undone twice: %d", c.act, a.Status)
		}
	}
	i := report(t, d, "staff")
	for bad, status := range map[string]int{"": 400, "{}": 400, "x": 400, "0": 400, "1": 409, "7": 409} {
		if a := lead.Post("/incidents/"+i.Label()+"/undo", url.Values{"undo": {bad}}); a.Status != status {
			t.Errorf("%q: %d", bad, a.Status)
		}
	}
}

func category(t *testing.T, d *apptest.Desk, name string) uuid.UUID {
	t.Helper()
	c, err := d.Incidents.Config(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range c.Categories {
		if x.NameEn == name {
			return x.ID
		}
	}
	t.Fatalf("no category %s", name)
	return uuid.Nil
}

func same[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// TestUndoOfTheFirstAnswer: accepting and beginning are taken back to where the
// ticket was, its clock goes on, and what the ticket had not is not there again.
func TestUndoOfTheFirstAnswer(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead, i := d.As("lead"), report(t, d, "staff")
	net := category(t, d, "Network")
	do := func(act func() (incident.Incident, error), state incident.State) {
		t.Helper()
		before, _, err := d.Incidents.Get(lead, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		done, err := act()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Incidents.Undo(d.As("he.ming"), i.ID, incident.UndoInput{Version: done.Version}); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken back by another: %v", err)
		}
		after, err := d.Incidents.Undo(lead, i.ID, incident.UndoInput{Version: done.Version})
		if err != nil || after.State != state || !same(after.CategoryID, before.CategoryID) || !same(after.AssigneeID, before.AssigneeID) || (after.RespondedAt == nil) != (before.RespondedAt == nil) {
			t.Fatalf("%+v %v", after, err)
		}
		if _, err := act(); err != nil {
			t.Errorf("it cannot be done again: %v", err)
		}
	}
	clock := func() string {
		var state string
		if err := d.Pool.QueryRow(t.Context(), `SELECT state FROM sla_clocks WHERE record_id = $1 AND metric = 'response'`, i.ID).Scan(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	accepted, err := d.Incidents.Accept(lead, i.ID, incident.AcceptInput{CategoryID: &net})
	if err != nil || clock() != "met" {
		t.Fatal(clock(), err)
	}
	if _, err := d.Incidents.Undo(lead, i.ID, incident.UndoInput{Version: accepted.Version}); err != nil || clock() != "running" {
		t.Fatalf("the clock is %s after the answer was taken back: %v", clock(), err)
	}
	do(func() (incident.Incident, error) {
		return d.Incidents.Accept(lead, i.ID, incident.AcceptInput{CategoryID: &net})
	}, incident.New)
	do(func() (incident.Incident, error) { return d.Incidents.Start(lead, i.ID, incident.StepInput{}) }, incident.Accepted)
	now, _, err := d.Incidents.Get(lead, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.Advance(3 * time.Minute)
	if _, err := d.Incidents.Undo(lead, i.ID, incident.UndoInput{Version: now.Version}); fault.Of(err).Code != "incident.error.undo_late" {
		t.Errorf("taken back for ever: %v", err)
	}
}

// TestUndoOfAReply: it is gone for its reader everywhere, nobody is told of it,
// its author finds it as a draft, and what was said stands in the history.
func TestUndoOfAReply(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Undo: 10 * time.Second})
	i := report(t, d, "staff")
	bring(t, d, i, incident.InProgress)
	d.Advance(time.Minute)
	d.Drain()
	d.Mail.Sent = nil
	at := "/incidents/" + i.Label()
	lead, staff := d.Client("lead"), d.Client("staff")
	body := "the quetzalcoatl is broken @he.ming"
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("body", body)
	_ = m.WriteField("_key", "r")
	file, err := m.CreateFormFile("files", "secret.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write([]byte("zeppelin"))
	_ = m.Close()
	if a := lead.Do("POST", at+"/replies", m.FormDataContentType(), &form); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	d.Drain()
	if len(d.Mail.Sent) != 0 {
		t.Fatalf("mail left before the reply stood: %+v", d.Mail.Sent)
	}
	seen := func() (where []string) {
		for _, path := range []string{at, "/my?q=quetzalcoatl"} {
			if strings.Contains(staff.Get(path).Text(), "quetzalcoatl is broken") || strings.Contains(path, "?") && strings.Contains(staff.Get(path).Text(), i.Label()) {
				where = append(where, path)
			}
		}
		api := d.API("staff")
		for _, path := range []string{"/replies", "/attachments", "/history"} {
			text := api.Get("/api/v1/incidents/" + i.Label() + path).Text()
			if strings.Contains(text, "quetzalcoatl") || strings.Contains(text, "secret.txt") {
				where = append(where, path)
			}
		}
		return where
	}
	if got := seen(); len(got) != 4 {
		t.Fatalf("the reply was seen at %v", got)
	}
	path, value := offered(lead.Get(at).Text())
	if a := lead.Post(path, url.Values{"undo": {value}, "_key": {"u"}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	if got := seen(); len(got) != 0 {
		t.Errorf("the reply is still seen at %v", got)
	}
	d.Advance(time.Minute)
	d.Drain()
	if len(d.Mail.Sent) != 0 {
		t.Errorf("mail of a reply that was taken back: %+v", d.Mail.Sent)
	}
	var told int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM notifications WHERE record_id = $1 AND event IN ('incident.replied', 'incident.mentioned')`, i.ID).Scan(&told); err != nil || told != 0 {
		t.Errorf("%d were told in the inbox: %v", told, err)
	}
	w, err := d.Incidents.Watchers(d.As("lead"), i.ID)
	if err != nil || slices.Contains(w, personID(t, d, "he.ming")) {
		t.Errorf("who was called still follows: %v %v", w, err)
	}
	page := lead.Get(at).Text()
	if !strings.Contains(page, "<del>"+body) {
		t.Error("the history does not show what was taken back")
	}
	if !strings.Contains(page, ">"+body+"</textarea>") {
		t.Error("its author has lost the text")
	}

	// One that stands is sent, and cannot be taken back any more.
	if a := lead.Post(at+"/replies", url.Values{"body": {"second"}, "_key": {"s"}}); a.Status != 303 {
		t.Fatal(a.Status)
	}
	path, value = offered(lead.Get(at).Text())
	d.Advance(11 * time.Second)
	d.Drain()
	if len(d.Mail.Sent) != 2 || !strings.Contains(d.Mail.Sent[0].Text, "second") {
		t.Errorf("%+v", d.Mail.Sent)
	}
	if a := lead.Post(path, url.Values{"undo": {value}, "_key": {"v"}}); a.Status != 409 {
		t.Errorf("taken back after it was sent: %d", a.Status)
	}
	// What was said with a step of the life is not in the step's history either.
	held, err := d.Incidents.Pend(d.As("lead"), i.ID, incident.PendInput{Reason: incident.OnUser, Remark: "quetzalcoatl is broken"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Undo(d.As("lead"), i.ID, incident.UndoInput{Version: held.Version}); err != nil {
		t.Fatal(err)
	}
	if got := seen(); len(got) != 0 {
		t.Errorf("what was said while the ticket was put on hold is still seen at %v", got)
	}
	steps := d.API("staff").Get("/api/v1/incidents/" + i.Label() + "/history").Text()
	if !strings.Contains(steps, `"pending"`) || strings.Contains(steps, "reply") {
		t.Error("the requester's history: " + steps)
	}
	// A requester's answer that took the ticket up again stays said.
	if _, err := d.Incidents.Pend(d.As("lead"), i.ID, incident.PendInput{Reason: incident.OnUser}); err != nil {
		t.Fatal(err)
	}
	if a := staff.Post(at+"/replies", url.Values{"body": {"answer"}, "_key": {"x"}}); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if p, _ := offered(staff.Get(at).Text()); p != "" {
		t.Error("an answer that took the ticket up again offers undo")
	}
}

// TestUndoOfAMerge: the page after it offers to take it back.
func TestUndoOfAMerge(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	a, b := report(t, d, "staff"), report(t, d, "staff")
	lead := d.Client("lead")
	if r := lead.Post("/incidents/"+a.Label()+"/merge", url.Values{"number": {b.Label()}, "_key": {"m"}}); r.Status != 303 {
		t.Fatal(r.Status)
	}
	path, _ := offered(lead.Get("/incidents/" + b.Label()).Text())
	if r := lead.Post(path, url.Values{"_key": {"u"}}); path == "" || r.Status != 303 {
		t.Fatalf("%q: %d", path, r.Status)
	}
	if i, _, err := d.Incidents.Get(d.As("lead"), a.ID); err != nil || i.State != incident.New {
		t.Errorf("%s %v", i.State, err)
	}
}

// TestUndoOfAnEnd: what ends a ticket, or takes it up again, is taken back
// while the messages wait: its life, its clocks and what was typed are as they
// were, and nobody hears of it.
func TestUndoOfAnEnd(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Undo: 10 * time.Second})
	net := category(t, d, "Network")
	solved := url.Values{"resolution_code": {"fixed"}, "cause": {"a loose plug"}, "process": {"pushed it in"}, "message": {"try again"}, "category_id": {net.String()}}
	for _, c := range []struct {
		who, act string
		from     incident.State
		form     url.Values
	}{
		{"engineer", "resolve", incident.InProgress, solved},
		{"engineer", "resolve", incident.Pending, solved},
		{"staff", "confirm", incident.Resolved, url.Values{}},
		{"staff", "reject", incident.Resolved, url.Values{"reason": {"still loose"}}},
		{"engineer", "reopen", incident.Closed, url.Values{"reason": {"it came back"}}},
		{"staff", "cancel", incident.New, url.Values{"reason": {"withdrawn"}, "remark": {"never mind"}}},
	} {
		i := report(t, d, "staff")
		bring(t, d, i, c.from)
		d.Advance(time.Minute)
		d.Drain()
		d.Mail.Sent = nil
		before, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		clocks := clocksOf(t, d, i.ID)
		at, who := "/incidents/"+i.Label(), d.Client(c.who)
		do := func(key string) (string, string) {
			c.form.Set("_key", key+i.Label())
			if a := who.Post(at+"/"+c.act, c.form); a.Status != 303 {
				t.Fatalf("%s: %d %s", c.act, a.Status, a.Text())
			}
			return offered(who.Get(at).Text())
		}
		path, value := do("1")
		d.Advance(5 * time.Second)
		d.Drain()
		if a := who.Post(path, url.Values{"undo": {value}, "_key": {"u" + i.Label()}}); path == "" || a.Status != 303 {
			t.Fatalf("%s of what was %s: %q %d %s", c.act, c.from, path, a.Status, a.Text())
		}
		after, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := clocksOf(t, d, i.ID); got != clocks {
			t.Errorf("%s of what was %s: the clocks were %s and are %s", c.act, c.from, clocks, got)
		}
		after.Version, after.UpdatedAt = before.Version, before.UpdatedAt
		if !reflect.DeepEqual(after, before) {
			t.Errorf("%s of what was %s:\n%+v\n%+v", c.act, c.from, before, after)
		}
		d.Advance(time.Minute)
		d.Drain()
		if len(d.Mail.Sent) != 0 {
			t.Errorf("%s: mail of what was taken back: %+v", c.act, d.Mail.Sent)
		}
		if c.act == "resolve" {
			if page := who.Get(at + "/act/resolve").Text(); !strings.Contains(page, ">pushed it in</textarea>") || !strings.Contains(page, ">try again</textarea>") {
				t.Error("what was typed is lost")
			}
		}
		// Once its messages have left, it stands.
		path, value = do("2")
		d.Advance(11 * time.Second)
		if a := who.Post(path, url.Values{"undo": {value}, "_key": {"v" + i.Label()}}); a.Status != 409 {
			t.Errorf("%s taken back after it was told: %d", c.act, a.Status)
		}
	}
}

// clocksOf is how the clocks of a ticket stand.
func clocksOf(t *testing.T, d *apptest.Desk, id uuid.UUID) (out string) {
	t.Helper()
	err := d.Pool.QueryRow(t.Context(), `SELECT string_agg(concat_ws(' ', metric, state, ended_at, breached_at), '; ' ORDER BY metric) FROM sla_clocks WHERE record_id = $1`, id).Scan(&out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestUndoOfAnEndThatWentOn: what children took part in, and what an
// announcement told, is not taken back, and says why.
func TestUndoOfAnEndThatWentOn(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Undo: 10 * time.Second})
	lead := d.As("lead")
	parent, child := report(t, d, "staff"), report(t, d, "staff")
	bring(t, d, parent, incident.InProgress)
	if _, err := d.Incidents.Attach(lead, child.ID, incident.AttachInput{Number: parent.Label(), As: incident.SameFault}); err != nil {
		t.Fatal(err)
	}
	done, err := d.Incidents.Resolve(lead, parent.ID, resolution())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Undo(lead, parent.ID, incident.UndoInput{Version: done.Version}); fault.Of(err).Code != "incident.error.undo_family" {
		t.Errorf("with a child: %v", err)
	}
	told := report(t, d, "staff")
	bring(t, d, told, incident.InProgress)
	if _, err := d.Incidents.Announce(lead, told.ID, incident.AnnounceInput{AnnounceFields: incident.AnnounceFields{TitleEn: "The net is down", TextEn: "We know.", Audience: "all"}}); err != nil {
		t.Fatal(err)
	}
	if done, err = d.Incidents.Resolve(lead, told.ID, resolution()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Undo(lead, told.ID, incident.UndoInput{Version: done.Version}); fault.Of(err).Code != "incident.error.undo_announced" {
		t.Errorf("with an announcement: %v", err)
	}
}

// TestUndoLeadsBack: to the page that offered it, and nowhere else.
func TestUndoLeadsBack(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	lead, at := d.Client("lead"), "/incidents/"+i.Label()
	for back, want := range map[string]string{"/incidents?view=unassigned&sel=" + i.Label(): "/incidents?view=unassigned&sel=" + i.Label(), "": at, "https://example.org/": "/"} {
		if a := lead.Post(at+"/claim", url.Values{"_key": {"c" + back}, "return": {"/incidents?q=x"}}); a.Status != 303 {
			t.Fatal(a.Status, a.Text())
		}
		page := lead.Get("/incidents?q=x").Text()
		path, value := offered(page)
		if !strings.Contains(page, `name="return" value="/incidents?q=x"`) {
			t.Error("the page does not say where it is")
		}
		a := lead.Post(path, url.Values{"undo": {value}, "_key": {"u" + back}, "return": {back}})
		if a.Status != 303 || a.Header.Get("Location") != want {
			t.Errorf("%q: %d to %q", back, a.Status, a.Header.Get("Location"))
		}
	}
}

package incident_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/golden"
	"opsdesk/internal/work"
)

func report(t *testing.T, d *apptest.Desk, who string, change ...func(*incident.CreateInput)) incident.Incident {
	t.Helper()
	c, err := d.Incidents.Config(d.As(who))
	if err != nil {
		t.Fatal(err)
	}
	in := incident.CreateInput{Description: "The printer on floor 3 does not print.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"}
	for _, x := range c.Categories {
		if x.NameEn == "Wireless" {
			in.CategoryID = &x.ID
		}
	}
	for _, f := range change {
		f(&in)
	}
	i, err := d.Incidents.Create(d.As(who), in)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func code(err error) string {
	f := fault.Of(err)
	switch {
	case f == nil:
		return "ok"
	case len(f.Fields) > 0:
		return f.Fields[0].Code
	}
	return f.Code
}

// bring takes a new incident to a state.
func bring(t *testing.T, d *apptest.Desk, i incident.Incident, to incident.State) {
	t.Helper()
	eng, req := d.As("engineer"), d.As("staff")
	var err error
	step := func(e error) { err = errors.Join(err, e) }
	if to == incident.Cancelled {
		_, e := d.Incidents.Cancel(req, i.ID, incident.CancelInput{Reason: "withdrawn"})
		step(e)
	}
	if to == incident.Merged {
		other := report(t, d, "staff")
		_, e := d.Incidents.Merge(d.As("lead"), i.ID, incident.MergeInput{Number: other.Label()})
		step(e)
		return
	}
	if to != incident.New && to != incident.Cancelled {
		_, e := d.Incidents.Claim(eng, i.ID, incident.StepInput{})
		step(e)
		if to != incident.Accepted {
			_, e = d.Incidents.Start(eng, i.ID, incident.StepInput{})
			step(e)
		}
	}
	if to == incident.Pending {
		_, e := d.Incidents.Pend(eng, i.ID, incident.PendInput{Reason: incident.OnVendor})
		step(e)
	}
	if to == incident.Resolved || to == incident.Closed {
		_, e := d.Incidents.Resolve(eng, i.ID, resolution())
		step(e)
	}
	if to == incident.Closed {
		_, e := d.Incidents.Confirm(req, i.ID, incident.StepInput{})
		step(e)
	}
	if err != nil {
		t.Fatalf("bring to %s: %v", to, err)
	}
}

func resolution() incident.ResolveInput {
	return incident.ResolveInput{Code: "fixed", Cause: "Paper dust.", Process: "Cleaned it."}
}

// TestEveryActionInEveryState runs each use case as the lead on an incident in
// each state: the table says which pass and how the others are refused.
func TestEveryActionInEveryState(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	lead := d.As("lead")
	other, err := identity.ByUsername(t.Context(), d.Pool, "engineer2")
	if err != nil {
		t.Fatal(err)
	}
	person := other["engineer2"]
	target := report(t, d, "staff")
	title := "Another title"
	actions := []struct {
		name string
		run  func(id uuid.UUID) error
	}{
		{"accept", func(id uuid.UUID) error { _, err := s.Accept(lead, id, incident.AcceptInput{}); return err }},
		{"start", func(id uuid.UUID) error { _, err := s.Start(lead, id, incident.StepInput{}); return err }},
		{"pend", func(id uuid.UUID) error {
			_, err := s.Pend(lead, id, incident.PendInput{Reason: incident.OnUser})
			return err
		}},
		{"resume", func(id uuid.UUID) error { _, err := s.Resume(lead, id, incident.StepInput{}); return err }},
		{"resolve", func(id uuid.UUID) error { _, err := s.Resolve(lead, id, resolution()); return err }},
		{"confirm", func(id uuid.UUID) error { _, err := s.Confirm(d.As("staff"), id, incident.StepInput{}); return err }},
		{"reject", func(id uuid.UUID) error {
			_, err := s.Reject(d.As("staff"), id, incident.RejectInput{Reason: "no"})
			return err
		}},
		{"reopen", func(id uuid.UUID) error { _, err := s.Reopen(lead, id, incident.RejectInput{Reason: "no"}); return err }},
		{"cancel", func(id uuid.UUID) error {
			_, err := s.Cancel(lead, id, incident.CancelInput{Reason: "duplicate"})
			return err
		}},
		{"assign", func(id uuid.UUID) error {
			_, err := s.Assign(lead, id, incident.AssignInput{AssigneeID: &person})
			return err
		}},
		{"edit", func(id uuid.UUID) error { _, err := s.Edit(lead, id, incident.EditInput{Title: &title}); return err }},
		{"priority", func(id uuid.UUID) error {
			_, err := s.Prioritise(lead, id, incident.PriorityInput{Priority: 1, Reason: "r"})
			return err
		}},
		{"reply", func(id uuid.UUID) error { _, err := s.Reply(lead, id, incident.ReplyInput{Body: "hello"}); return err }},
		{"note", func(id uuid.UUID) error { _, err := s.Note(lead, id, incident.ReplyInput{Body: "hello"}); return err }},
		{"task", func(id uuid.UUID) error { _, err := s.AddTask(lead, id, incident.TaskInput{Title: "t"}); return err }},
		{"link", func(id uuid.UUID) error {
			_, err := s.Link(lead, id, incident.LinkInput{Number: target.Label(), Relation: "related"})
			return err
		}},
		{"watch", func(id uuid.UUID) error { _, err := s.Watch(lead, id, incident.WatchInput{Watch: true}); return err }},
		{"hide", func(id uuid.UUID) error { _, err := s.Hide(lead, id, incident.StepInput{}); return err }},
	}
	var lines []string
	for _, state := range incident.States {
		for _, a := range actions {
			i := report(t, d, "staff")
			bring(t, d, i, state)
			err := a.run(i.ID)
			after, _, gerr := s.Get(lead, i.ID)
			if gerr != nil {
				t.Fatalf("%s after %s: %v", state, a.name, gerr)
			}
			lines = append(lines, fmt.Sprintf("%-12s %-9s %-12s %s", state, a.name, after.State, code(err)))
		}
	}
	golden.Text(t, "actions.txt", strings.Join(lines, "\n")+"\n")
}

func TestOneOfManyClaimsWins(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	names := []string{"engineer", "engineer2", "lead", "he.ming"}
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for n, who := range names {
		ctx := d.As(who)
		wg.Go(func() { _, errs[n] = d.Incidents.Claim(ctx, i.ID, incident.StepInput{Version: i.Version}) })
	}
	wg.Wait()
	won := 0
	for n, err := range errs {
		if err == nil {
			won++
			continue
		}
		if f := fault.Of(err); f.Code != "incident.error.claimed" || f.Kind != fault.Conflict {
			t.Errorf("%s: %v", names[n], err)
		}
	}
	if won != 1 {
		t.Errorf("%d claims won", won)
	}
}

func TestEditsMergeOrClashByField(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	a, b, dev := "Title of A", "Title of B", "LT-1"
	if _, err := d.Incidents.Edit(d.As("engineer"), i.ID, incident.EditInput{Version: i.Version, Title: &a}); err != nil {
		t.Fatal(err)
	}
	// Another field of the same old version: both edits stand.
	if _, err := d.Incidents.Edit(d.As("lead"), i.ID, incident.EditInput{Version: i.Version, Device: &dev}); err != nil {
		t.Fatalf("an edit of another field was refused: %v", err)
	}
	_, err := d.Incidents.Edit(d.As("lead"), i.ID, incident.EditInput{Version: i.Version, Title: &b})
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Conflict || len(f.Clashes) != 1 || f.Clashes[0].Field != "title" || f.Clashes[0].Theirs != a || f.Clashes[0].Yours != b || f.By == "" {
		t.Fatalf("%+v", f)
	}
	got, _, err := d.Incidents.Get(d.As("lead"), i.ID)
	if err != nil || got.Title != a || got.Device != dev {
		t.Errorf("%v: %q %q", err, got.Title, got.Device)
	}
}

func TestAKeyHasOneEffect(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := work.WithKey(d.As("staff"), "k1")
	in := incident.CreateInput{Description: "once", Impact: 3, Urgency: 3, Location: "x", Channel: "portal"}
	var ids [4]uuid.UUID
	var wg sync.WaitGroup
	for n := range ids {
		wg.Go(func() {
			i, err := d.Incidents.Create(ctx, in)
			if err != nil {
				t.Error(err)
			}
			ids[n] = i.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == uuid.Nil {
			t.Fatalf("one key made several incidents: %v", ids)
		}
	}
	in.Description = "something else"
	if _, err := d.Incidents.Create(ctx, in); code(err) != "error.idempotency_mismatch" {
		t.Errorf("another input under the same key: %v", err)
	}
	// Changes too: two replies with one key are one.
	rk := work.WithKey(d.As("staff"), "k2")
	for range 2 {
		if _, err := d.Incidents.Reply(rk, ids[0], incident.ReplyInput{Body: "hello"}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := d.Incidents.Replies(d.As("staff"), ids[0])
	if err != nil || len(l) != 1 {
		t.Errorf("%d replies, %v", len(l), err)
	}
}

func TestSilenceClosesAfterWorkingDays(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	// A Friday afternoon: five working days end on the next Friday.
	d.SetClock(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))
	i := report(t, d, "staff")
	bring(t, d, i, incident.Resolved)
	d.SetClock(time.Date(2026, 11, 27, 7, 0, 0, 0, time.UTC))
	if err := d.Jobs.Tick(t.Context(), incident.JobAutoClose); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := d.Incidents.Get(d.As("staff"), i.ID); got.State != incident.Resolved {
		t.Fatalf("closed too early: %s, due %v", got.State, got.AutoCloseAt)
	}
	d.SetClock(time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC))
	if err := d.Jobs.Tick(t.Context(), incident.JobAutoClose); err != nil {
		t.Fatal(err)
	}
	got, _, err := d.Incidents.Get(d.As("staff"), i.ID)
	if err != nil || got.State != incident.Closed {
		t.Errorf("%v: %s", err, got.State)
	}
}

func TestAnswersReopenOrFollow(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC))
	s := d.Incidents
	i := report(t, d, "staff")
	bring(t, d, i, incident.Resolved)
	if got, err := s.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "谢谢！"}); err != nil || got.State != incident.Resolved {
		t.Fatalf("thanks reopened it: %v %s", err, got.State)
	}
	got, err := s.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "It is still broken."})
	if err != nil || got.State != incident.InProgress || got.ReopenCount != 1 {
		t.Fatalf("%v %+v", err, got)
	}
	if _, err := s.Resolve(d.As("engineer"), i.ID, resolution()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Confirm(d.As("staff"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	d.Advance(15 * 24 * time.Hour)
	if _, err := s.Reopen(d.As("staff"), i.ID, incident.RejectInput{Reason: "again"}); code(err) != "incident.error.reopen_too_late" {
		t.Errorf("reopened after the time: %v", err)
	}
	next, err := s.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "Broken again."})
	if err != nil || next.ID == i.ID || next.State != incident.New {
		t.Fatalf("%v %+v", err, next)
	}
	links, err := s.Links(d.As("staff"), next.ID)
	if err != nil || len(links) != 1 || links[0].Relation != "follows" || links[0].Ref.ID != i.ID {
		t.Errorf("%v %+v", err, links)
	}
	more, err := s.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "And again."})
	if err != nil || more.ID != next.ID {
		t.Errorf("a second answer made another incident: %v %s", err, more.Label())
	}
}

func TestConfidentialExistsForTheNamedOnly(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "Zanzibar payroll leak"; in.Confidential = true })
	for who, sees := range map[string]bool{"staff": true, "lead": true, "security": true, "engineer": false, "engineer2": false, "auditor": false, "admin": false, "changemanager": false} {
		_, _, err := s.Get(d.As(who), i.ID)
		if (err == nil) != sees || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", who, err)
		}
		p, err := s.List(d.As(who), incident.Filter{View: "all", Text: "zanzibar"}, "")
		if err != nil || (len(p.Rows) == 1) != sees || (p.Total == 1) != sees {
			t.Errorf("%s: list %d, count %d, %v", who, len(p.Rows), p.Total, err)
		}
	}
	if _, err := s.NamePerson(d.As("lead"), i.ID, incident.NameInput{PersonID: id(t, d, "engineer"), Reason: "forensics", Days: 2}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(d.As("engineer"), i.ID); err != nil {
		t.Errorf("named, and still blind: %v", err)
	}
	d.Advance(3 * 24 * time.Hour)
	if _, _, err := s.Get(d.As("engineer"), i.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the time on the list is over, and still: %v", err)
	}
	if _, err := s.Unhide(d.As("security"), i.ID, incident.StepInput{}); code(err) != "error.four_eyes" {
		t.Errorf("one person ended the confidentiality: %v", err)
	}
}

func id(t *testing.T, d *apptest.Desk, who string) uuid.UUID {
	t.Helper()
	m, err := identity.ByUsername(t.Context(), d.Pool, who)
	if err != nil {
		t.Fatal(err)
	}
	return m[who]
}

func TestPeopleAreToldOnceInTheirLanguage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	d.Mail.Sent = nil
	i := report(t, d, "staff")
	bring(t, d, i, incident.Accepted)
	if _, err := d.Incidents.Note(d.As("engineer"), i.ID, incident.ReplyInput{Body: "secret suspicion"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Reply(d.As("engineer"), i.ID, incident.ReplyInput{Body: "Which floor?"}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	list, err := d.Notify.Lines(d.As("staff"), notify.Unread, nil, 50)
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]int{}
	for _, n := range list {
		if n.RecordID == i.ID {
			events[n.Event]++
		}
	}
	if events["incident.accepted"] != 1 || events["incident.replied"] != 1 || events["incident.noted"] != 0 || events["incident.created"] != 0 {
		t.Errorf("told: %v", events)
	}
	toStaff := 0
	for _, m := range d.Mail.Sent {
		if strings.Contains(m.Text, "secret suspicion") {
			t.Errorf("a note left the desk: %s", m.Text)
		}
		if m.To == "staff@qiming.example" && strings.Contains(m.Subject, i.Label()) {
			toStaff++
			if !strings.Contains(m.Text, "您好") {
				t.Errorf("not in the reader's language: %s", m.Text)
			}
		}
	}
	if toStaff != 2 {
		t.Errorf("%d mails to the requester", toStaff)
	}
}

func TestBackDatedReportOnBehalf(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	staff, past := id(t, d, "staff"), d.Desk.Now().Add(-26*time.Hour)
	in := incident.CreateInput{Description: "By phone.", Impact: 3, Urgency: 2, RequesterID: &staff, Channel: "phone", ReportedAt: &past}
	i, err := d.Incidents.Create(d.As("engineer"), in)
	if err != nil || !i.ReportedAt.Equal(past) || i.RequesterID != staff || i.CreatedBy != id(t, d, "engineer") {
		t.Fatalf("%v %+v", err, i)
	}
	if _, err := d.Incidents.Create(d.As("auditor"), in); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an auditor reports for somebody else: %v", err)
	}
	future := d.Desk.Now().Add(time.Hour)
	in.ReportedAt = &future
	if _, err := d.Incidents.Create(d.As("engineer"), in); code(err) != "incident.error.reported_future" {
		t.Errorf("%v", err)
	}
}

func TestPagesOfAListMeetExactly(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for _, sort := range []string{"priority", "updated", "created"} {
		seen := map[uuid.UUID]bool{}
		cursor := ""
		for range 100 {
			p, err := d.Incidents.List(d.As("lead"), incident.Filter{View: "all", Sort: sort, Limit: 7}, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Rows {
				if seen[r.ID] {
					t.Fatalf("%s: %s stands on two pages", sort, r.Number)
				}
				seen[r.ID] = true
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		all, err := d.Incidents.List(d.As("lead"), incident.Filter{View: "all", Limit: 200}, "")
		if err != nil || len(seen) != len(all.Rows) || all.Total != len(all.Rows) {
			t.Errorf("%s: %d of %d rows, %v", sort, len(seen), len(all.Rows), err)
		}
	}
	if _, err := d.Incidents.List(d.As("lead"), incident.Filter{}, "not-a-cursor"); !fault.Is(err, fault.Malformed) {
		t.Errorf("a made-up cursor: %v", err)
	}
}

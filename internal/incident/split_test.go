package incident_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// TestSplit: a reply becomes an incident of its author's; a note stays a note.
func TestSplit(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	i := report(t, d, "staff")
	if _, err := s.ChangeWatcher(lead, i.ID, incident.WatcherInput{PersonID: personID(t, d, "manager"), Watch: true}); err != nil {
		t.Fatal(err)
	}
	said := func(who, body string) uuid.UUID {
		t.Helper()
		if _, err := s.Reply(d.As(who), i.ID, incident.ReplyInput{Body: body}); err != nil {
			t.Fatal(err)
		}
		r, err := s.Replies(lead, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		return r[len(r)-1].ID
	}
	reply := said("manager", "By the way, the scanner hums.")
	if _, err := s.Note(lead, i.ID, incident.ReplyInput{Body: "vendor password rotated"}); err != nil {
		t.Fatal(err)
	}
	notes, err := s.Notes(lead, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Split(lead, i.ID, incident.SplitInput{CommentID: reply, Title: "Scanner hums"})
	if err != nil || out.Description != "By the way, the scanner hums." || out.RequesterID != personID(t, d, "manager") || out.State != incident.New {
		t.Fatalf("%+v %v", out, err)
	}
	links, err := s.Links(lead, out.ID)
	if err != nil || !slices.ContainsFunc(links, func(l record.Summary) bool { return l.Number == i.Label() && l.Relation == "split_from" }) {
		t.Errorf("links: %+v %v", links, err)
	}
	if r, err := s.Replies(lead, i.ID); err != nil || len(r) != 1 {
		t.Errorf("the reply left its ticket: %d %v", len(r), err)
	}
	if _, err := s.Split(lead, i.ID, incident.SplitInput{CommentID: notes[0].ID, Internal: true, Title: "Rotation"}); code(err) != "validation.required" {
		t.Errorf("a note without a text for the requester: %v", err)
	}
	// Asked for as a reply, a note is not there to be published.
	if _, err := s.Split(lead, i.ID, incident.SplitInput{CommentID: notes[0].ID, Title: "Rotation"}); code(err) != "incident.error.split_nothing" {
		t.Errorf("a note as a reply: %v", err)
	}
	own, err := s.Split(lead, i.ID, incident.SplitInput{CommentID: notes[0].ID, Internal: true, Title: "Rotation", Description: "We check something else."})
	if err != nil {
		t.Fatal(err)
	}
	page := d.Client("staff").Get("/incidents/" + own.Label())
	if page.Status != 200 || strings.Contains(page.Text(), "rotated") {
		t.Error("the requester reads a note, or nothing")
	}
	if n, err := s.Notes(lead, own.ID); err != nil || len(n) != 1 || n[0].Body != "vendor password rotated" || n[0].At != notes[0].At {
		t.Errorf("the note: %+v %v", n, err)
	}
	if found := titles(t, d, d.As("staff"), "view=all&q=rotated"); len(found) != 0 {
		t.Errorf("the requester finds %v", found)
	}
	for who, want := range map[string]string{"staff": "authz.denied.role", "engineer": "authz.denied.role", "admin": "error.not_found"} {
		if _, err := s.Split(d.As(who), i.ID, incident.SplitInput{CommentID: reply, Title: "x"}); code(err) != want {
			t.Errorf("%s: %v, want %s", who, err, want)
		}
	}
	other := report(t, d, "staff")
	if _, err := s.Split(lead, other.ID, incident.SplitInput{CommentID: reply, Title: "x"}); code(err) != "incident.error.split_nothing" {
		t.Errorf("what was said elsewhere: %v", err)
	}
}

// TestSplitOfConfidential: exactly those who are named on the one are named on
// the other.
func TestSplitOfConfidential(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	if _, err := s.NamePerson(lead, i.ID, incident.NameInput{PersonID: personID(t, d, "he.ming"), Reason: "helps", Days: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reply(lead, i.ID, incident.ReplyInput{Body: "second matter"}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Replies(lead, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Split(lead, i.ID, incident.SplitInput{CommentID: r[0].ID, Title: "Second"})
	if err != nil || !out.Confidential {
		t.Fatal(out, err)
	}
	names := func(id uuid.UUID) (l []string) {
		n, err := s.Names(lead, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range n {
			l = append(l, x.PersonID.String()+x.Until.String())
		}
		slices.Sort(l)
		return l
	}
	if a, b := names(i.ID), names(out.ID); !slices.Equal(a, b) {
		t.Errorf("named on the one %v, on the other %v", a, b)
	}
	if _, _, err := s.Get(d.As("engineer2"), out.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody of the team: %v", err)
	}
}

// TestSplitPage, without script.
func TestSplitPage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	if _, err := d.Incidents.Note(d.As("lead"), i.ID, incident.ReplyInput{Body: "note to split"}); err != nil {
		t.Fatal(err)
	}
	lead, at := d.Client("lead"), "/incidents/"+i.Label()+"/split"
	_, id, ok := strings.Cut(lead.Get("/incidents/"+i.Label()).Text(), at+"?comment=")
	if !ok {
		t.Fatal("the note does not offer to be split off")
	}
	id, _, _ = strings.Cut(id, `"`)
	if a := lead.Get(at + "?comment=" + id); a.Status != 200 || !strings.Contains(a.Text(), "note to split") {
		t.Errorf("the form: %d", a.Status)
	}
	form := url.Values{"comment_id": {id}, "internal": {"true"}, "title": {"Kept title"}, "_key": {"s"}}
	if a := lead.Post(at, form); a.Status != 422 || !strings.Contains(a.Text(), "Kept title") {
		t.Errorf("without a text: %d", a.Status)
	}
	form.Set("description", "We look into it.")
	form.Set("_key", "s2")
	if a := lead.Post(at, form); a.Status != 303 || a.Header.Get("Location") == "/incidents/"+i.Label() {
		t.Errorf("split: %d", a.Status)
	}
	if a := d.Client("staff").Get(at + "?comment=" + id); a.Status != 403 {
		t.Errorf("staff: %d", a.Status)
	}
}

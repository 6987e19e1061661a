package incident_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/comment"
	"opsdesk/internal/incident"
	"opsdesk/internal/trail"
)

// noteOf is the newest note on a ticket.
func noteOf(t *testing.T, d *apptest.Desk, id uuid.UUID) comment.Comment {
	t.Helper()
	l, err := d.Incidents.Notes(d.As("lead"), id)
	if err != nil || len(l) == 0 {
		t.Fatalf("%d notes: %v", len(l), err)
	}
	return l[len(l)-1]
}

// TestANoteIsMendedByItsAuthor: and by nobody else; what it said stays in the
// trail and is found there only.
func TestANoteIsMendedByItsAuthor(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	eng, s := d.As("engineer"), d.Incidents
	i := report(t, d, "staff")
	if _, err := s.Note(eng, i.ID, incident.ReplyInput{Body: "the quokka toner is empty"}); err != nil {
		t.Fatal(err)
	}
	n := noteOf(t, d, i.ID)
	first := n.Edition()
	in := incident.NoteInput{Was: &first, Body: "the wombat toner is empty"}
	for who, want := range map[string]string{"lead": "ui.error.note_not_yours", "auditor": "authz.denied", "staff": "authz.denied"} {
		_, err := s.EditNote(d.As(who), i.ID, n.ID, in)
		if got := code(err); got == "ok" || who == "lead" && got != want {
			t.Errorf("%s edits another's note: %s", who, got)
		}
		_, err = s.RemoveNote(d.As(who), i.ID, n.ID, incident.RemoveNoteInput{})
		if got := code(err); got == "ok" || who == "lead" && got != want {
			t.Errorf("%s removes another's note: %s", who, got)
		}
	}
	other := report(t, d, "staff")
	if _, err := s.EditNote(eng, other.ID, n.ID, in); code(err) != "error.not_found" {
		t.Errorf("a note of another ticket: %v", err)
	}
	if _, err := s.EditNote(eng, i.ID, n.ID, in); err != nil {
		t.Fatal(err)
	}
	if n = noteOf(t, d, i.ID); n.Body != in.Body || n.EditedAt == nil {
		t.Fatalf("not edited: %+v", n)
	}
	in.Body = "from a tab that was open before"
	if _, err := s.EditNote(eng, i.ID, n.ID, in); code(err) != "ui.error.note_changed" {
		t.Errorf("written over: %v", err)
	}
	found := func(word string) bool {
		return strings.Contains(d.Client("engineer").Get("/incidents?q="+word).Text(), i.Label())
	}
	if found("quokka") || !found("wombat") {
		t.Errorf("found by the old words %t, by the new %t", found("quokka"), found("wombat"))
	}
	said := func() (out []string) {
		entries, err := trail.OfRecord(t.Context(), d.Pool, i.ID, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			diff, err := e.Changes()
			if err != nil {
				t.Fatal(err)
			}
			if v, ok := diff["note_text"]; ok {
				out = append(out, v[0].(string))
			}
		}
		return out
	}
	if got := said(); len(got) != 1 || got[0] != "the quokka toner is empty" {
		t.Errorf("the trail keeps %q", got)
	}
	if _, err := s.RemoveNote(eng, i.ID, n.ID, incident.RemoveNoteInput{}); err != nil {
		t.Fatal(err)
	}
	if n = noteOf(t, d, i.ID); n.Body != "" || n.RemovedAt == nil || found("wombat") {
		t.Errorf("still there: %+v", n)
	}
	if got := said(); len(got) != 2 || got[1] != "the wombat toner is empty" {
		t.Errorf("the trail keeps %q", got)
	}
	if _, err := s.RemoveNote(eng, i.ID, n.ID, incident.RemoveNoteInput{}); code(err) != "ui.error.note_removed" {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := s.Split(d.As("lead"), i.ID, incident.SplitInput{CommentID: n.ID, Internal: true, Title: "x", Description: "y"}); code(err) != "incident.error.split_nothing" {
		t.Errorf("split off what is removed: %v", err)
	}
	for _, who := range []string{"staff", "auditor"} { // neither reads notes
		if api := d.API(who).Get("/api/v1/incidents/" + i.Label() + "/history").Text(); strings.Contains(api, "quokka") || strings.Contains(api, "wombat") {
			t.Errorf("%s reads the note in the history", who)
		}
	}
	if _, err := s.Note(eng, other.ID, incident.ReplyInput{Body: "seen"}); err != nil {
		t.Fatal(err)
	}
	bring(t, d, other, incident.Closed)
	if _, err := s.EditNote(eng, other.ID, noteOf(t, d, other.ID).ID, incident.NoteInput{Body: "seen it"}); code(err) != "incident.error.archived" {
		t.Errorf("changed what is closed: %v", err)
	}
}

// TestNotePages: the pencil is the author's only, also where timelines are kept
// ready for readers; what is refused comes back as it was typed.
func TestNotePages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	if _, err := d.Incidents.Note(d.As("engineer"), i.ID, incident.ReplyInput{Body: "toner is empty"}); err != nil {
		t.Fatal(err)
	}
	n := noteOf(t, d, i.ID)
	at := "/incidents/" + i.Label() + "/notes/" + n.ID.String()
	eng, lead, staff := d.Client("engineer"), d.Client("lead"), d.Client("staff")
	for range 2 {
		for who, c := range map[string]*apptest.Client{"engineer": eng, "lead": lead, "staff": staff} {
			if has := strings.Contains(c.Get("/incidents/"+i.Label()).Text(), at); has != (who == "engineer") {
				t.Errorf("the page of %s leads to the note: %t", who, has)
			}
		}
	}
	for who, want := range map[*apptest.Client]int{eng: 200, lead: 403, staff: 404} {
		if a := who.Get(at); a.Status != want {
			t.Errorf("form: %d, want %d", a.Status, want)
		}
	}
	if a := eng.Post(at, url.Values{"was": {n.Edition()}, "body": {"   "}}); a.Status != 422 || !strings.Contains(a.Text(), `name="body"`) {
		t.Errorf("an empty note: %d", a.Status)
	}
	if a := eng.Post(at, url.Values{"was": {n.Edition()}, "body": {"toner <b>ordered</b>"}}); a.Status != 303 {
		t.Errorf("saved: %d %.200s", a.Status, a.Text())
	}
	a := eng.Post(at, url.Values{"was": {n.Edition()}, "body": {"typed in another tab"}})
	if text := a.Text(); a.Status != 409 || !strings.Contains(text, "typed in another tab") || !strings.Contains(text, "toner &lt;b&gt;ordered") {
		t.Errorf("collided: %d", a.Status)
	}
	if page := lead.Get("/incidents/" + i.Label()).Text(); !strings.Contains(page, "ordered") || !strings.Contains(page, "edited") {
		t.Error("the lead does not see that it was edited")
	}
	d.Advance(time.Minute)
	if a := eng.Post(at+"/remove", url.Values{}); a.Status != 303 {
		t.Errorf("removed: %d", a.Status)
	}
	if page := lead.Get("/incidents/" + i.Label()).Text(); strings.Contains(page, "ordered") || !strings.Contains(page, "The author removed this note") {
		t.Error("the lead does not see that it was removed")
	}
	if preview := lead.Get("/incidents/" + i.Label() + "/preview").Text(); strings.Contains(preview, `class="msg note"`) {
		t.Error("the preview shows an empty note")
	}
	if a := eng.Get(at); a.Status != 409 {
		t.Errorf("form of what is removed: %d", a.Status)
	}
}

// TestANoteBegunIsKept: what was typed instead of a note is there when its author
// comes back, beside what the note says if it was mended meanwhile, and gone once
// it was saved.
func TestANoteBegunIsKept(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	if _, err := d.Incidents.Note(d.As("engineer"), i.ID, incident.ReplyInput{Body: "toner is empty"}); err != nil {
		t.Fatal(err)
	}
	n := noteOf(t, d, i.ID)
	at := "/incidents/" + i.Label() + "/notes/" + n.ID.String()
	c := d.Client("engineer")
	key := "incident:" + i.ID.String() + ":note:" + n.ID.String()
	if text := c.Get(at).Text(); !strings.Contains(text, `data-draft="`+key+`"`) {
		t.Fatalf("the form saves no draft: %s", text)
	}
	begin := func() {
		t.Helper()
		body := strings.NewReader(`{"body": "toner is or", "was": "` + n.Edition() + `"}`)
		if a := c.Do("PUT", "/drafts/"+url.PathEscape(key), "application/json", body); a.Status >= 300 {
			t.Fatalf("draft: %d", a.Status)
		}
	}
	begin()
	if text := c.Get(at).Text(); !strings.Contains(text, "toner is or") || strings.Contains(text, "edited elsewhere") {
		t.Error("what was begun is not there")
	}
	if _, err := d.Incidents.EditNote(d.As("engineer"), i.ID, n.ID, incident.NoteInput{Body: "toner is here"}); err != nil {
		t.Fatal(err)
	}
	if text := c.Get(at).Text(); strings.Contains(text, "toner is or") {
		t.Error("a draft outlives what was saved")
	}
	begin() // in a tab that was open before
	if text := c.Get(at).Text(); !strings.Contains(text, "toner is or") || !strings.Contains(text, "toner is here") || !strings.Contains(text, "edited elsewhere") {
		t.Error("what was begun before the note was mended hides what it says now")
	}
}

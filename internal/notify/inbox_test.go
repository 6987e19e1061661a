package notify_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// lines reads a part of somebody's inbox, all pages of it, a few lines at a
// time.
func lines(t *testing.T, d *apptest.Desk, who, part string) []notify.Line {
	t.Helper()
	var out []notify.Line
	var after *notify.Place
	for range 200 {
		page, err := d.Notify.Lines(d.As(who), part, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page...)
		if len(page) < 3 {
			return out
		}
		last := page[len(page)-1]
		after = &notify.Place{Waiting: last.Waiting, At: last.ShownAt, ID: last.ID}
		if part == notify.Done {
			after.At = *last.DoneAt
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func find(list []notify.Line, id uuid.UUID) bool {
	for _, l := range list {
		if l.ID == id {
			return true
		}
	}
	return false
}

// TestWhatWaitsVanishes: an approval waits first in the inbox, is counted, can
// be snoozed and not ticked off, and is gone once decided.
func TestWhatWaitsVanishes(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	papers := d.NewPapers()
	// The next Wednesday, ten in Shanghai: later than all that the demo did.
	today := time.Now().UTC()
	now := time.Date(today.Year(), today.Month(), today.Day()+7+int(time.Wednesday-today.Weekday()), 2, 0, 0, 0, time.UTC)
	d.SetClock(now)
	d.Drain()
	count := func() int {
		n := 0
		p, err := d.Notify.Unread(d.As("lead"), &n)
		if err == nil {
			err = db.Ask(t.Context(), d.Desk.DB, p)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	p, err := papers.Create(d.As("staff"), apptest.Paper{Title: "New door", Plan: "Green"}, approval.Spec{Steps: []approval.Step{{
		NameEn: "Lead", Row: "request.approve", Mode: approval.Any, Who: []approval.Source{{Kind: approval.FromRole, Role: identity.Lead}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	d.Drain()
	all := lines(t, d, "lead", notify.All)
	if len(all) == 0 || !all[0].Waiting || all[0].Number != p.Number || count() != min(before+1, 100) {
		t.Fatalf("%d → %d: %+v", before, count(), all)
	}
	seen := map[uuid.UUID]bool{}
	for i, l := range all {
		if seen[l.ID] || i > 0 && l.Waiting && !all[i-1].Waiting {
			t.Fatalf("line %d stands twice or out of order", i)
		}
		seen[l.ID] = true
	}
	wait := all[0]
	if err := d.Notify.Finish(d.As("lead"), wait.ID, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("what waits was ticked off: %v", err)
	}
	if err := d.Notify.Finish(d.As("staff"), wait.ID, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's line: %v", err)
	}
	if err := d.Notify.Snooze(d.As("lead"), wait.ID, notify.SnoozeInput{Until: "week"}); err != nil {
		t.Fatal(err)
	}
	snoozed := lines(t, d, "lead", notify.Snoozed)
	if find(lines(t, d, "lead", notify.All), wait.ID) || count() != before || len(snoozed) != 1 {
		t.Error("it was not put away")
	}
	if want := now.AddDate(0, 0, 5).Add(-time.Hour); !snoozed[0].ShownAt.Equal(want) {
		t.Errorf("it comes back %s, not on Monday at nine in Shanghai", snoozed[0].ShownAt)
	}
	d.SetClock(now.AddDate(0, 0, 5))
	if !find(lines(t, d, "lead", notify.Waiting), wait.ID) {
		t.Error("it did not come back by itself")
	}
	v, err := d.Approvals.Of(t.Context(), d.Pool, p.Ref())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Approvals.Vote(d.As("lead"), v.ID, approval.VoteInput{SeatID: v.Steps[0].Seats[0].ID, Hash: v.Hash, Choice: approval.Approve}); err != nil {
		t.Fatal(err)
	}
	if find(lines(t, d, "lead", notify.All), wait.ID) {
		t.Error("it still waits after the decision")
	}
}

// TestDoneAndSnoozedByForm works without script and comes back to the list.
func TestDoneAndSnoozedByForm(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	report(t, d)
	d.Drain()
	told := lines(t, d, "staff", notify.Unread)
	if len(told) == 0 {
		t.Fatal("nothing was told")
	}
	c, id := d.Client("staff"), told[0].ID
	a := c.Post("/inbox/"+id.String()+"/done", url.Values{"part": {"unread"}, "sel": {uuid.NewString()}})
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/inbox?part=unread&sel=") {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Location"))
	}
	if find(lines(t, d, "staff", notify.All), id) || !find(lines(t, d, "staff", notify.Done), id) {
		t.Error("it is not done")
	}
	if a := c.Post("/inbox/"+id.String()+"/undone", nil); a.Status != http.StatusSeeOther || !find(lines(t, d, "staff", notify.All), id) {
		t.Error("it did not come back")
	}
	for _, bad := range []url.Values{{}, {"until": {"never"}}, {"until": {"date"}}, {"until": {"date"}, "date": {"2001-01-01"}}, {"until": {"date"}, "date": {"3001-01-01"}}} {
		if a := c.Post("/inbox/"+id.String()+"/snooze", bad); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v is %d", bad, a.Status)
		}
	}
	if a := c.Post("/inbox/"+id.String()+"/snooze", url.Values{"until": {"tomorrow"}}); a.Status != http.StatusSeeOther || find(lines(t, d, "staff", notify.All), id) || !find(lines(t, d, "staff", notify.Snoozed), id) {
		t.Errorf("not snoozed: %d", a.Status)
	}
	if a := c.Post("/inbox/"+id.String()+"/wake", nil); a.Status != http.StatusSeeOther || !find(lines(t, d, "staff", notify.Unread), id) {
		t.Error("not woken as unread")
	}
	for _, part := range []string{"all", "waiting", "unread", "snoozed", "done", "nonsense"} {
		if a := c.Get("/inbox?part=" + part); a.Status != http.StatusOK {
			t.Errorf("%s is %d", part, a.Status)
		}
	}
}

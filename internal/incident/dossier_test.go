package incident_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
)

// page is what a desk shows somebody of an incident, as text.
func page(t *testing.T, s *incident.Service, ctx context.Context, id uuid.UUID) string {
	t.Helper()
	d, err := s.Detail(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	d.Now = time.Time{}
	out, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestWhatIsKeptIsNeverOld: a desk that has looked at an incident shows, after
// whatever was done to it at another desk, what a desk shows that has not.
func TestWhatIsKeptIsNeverOld(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	far := d.Twin(apptest.Options{})
	s, lead, staff := far.Incidents, d.As("lead"), d.As("staff")
	i, other, third := report(t, d, "staff"), report(t, d, "staff"), report(t, d, "staff")
	var task uuid.UUID
	do := func(f func() (incident.Incident, error)) func() error {
		return func() error { _, err := f(); return err }
	}
	title := "Another title"
	for n, step := range []struct {
		what string
		do   func() error
	}{
		{"reply", do(func() (incident.Incident, error) {
			return s.Reply(lead, i.ID, incident.ReplyInput{Body: "We look at it"})
		})},
		{"answer", do(func() (incident.Incident, error) {
			return s.Reply(staff, i.ID, incident.ReplyInput{Body: "It is urgent"})
		})},
		{"note", do(func() (incident.Incident, error) {
			return s.Note(lead, i.ID, incident.ReplyInput{Body: "Third time this week"})
		})},
		{"edit", do(func() (incident.Incident, error) { return s.Edit(lead, i.ID, incident.EditInput{Title: &title}) })},
		{"watch", do(func() (incident.Incident, error) { return s.Watch(lead, i.ID, incident.WatchInput{Watch: true}) })},
		{"add a task", do(func() (incident.Incident, error) { return s.AddTask(lead, i.ID, incident.TaskInput{Title: "Ask Li"}) })},
		{"tick the task", func() error {
			x, err := s.Detail(lead, i.ID)
			if err != nil || len(x.Tasks) != 1 {
				return fmt.Errorf("%d tasks: %w", len(x.Tasks), err)
			}
			task = x.Tasks[0].ID
			_, err = s.TickTask(lead, i.ID, task, incident.TaskDoneInput{Done: true})
			return err
		}},
		{"a file", func() error { fileOn(t, far, i.ID, strings.Repeat("0", 64)); return nil }},
		{"a link from it", do(func() (incident.Incident, error) {
			return s.Link(lead, i.ID, incident.LinkInput{Number: other.Label(), Relation: "related"})
		})},
		{"the link undone", do(func() (incident.Incident, error) {
			return s.Unlink(lead, i.ID, incident.LinkInput{Number: other.Label(), Relation: "related"})
		})},
		{"a link to it", do(func() (incident.Incident, error) {
			return s.Link(lead, other.ID, incident.LinkInput{Number: i.Label(), Relation: "caused_by"})
		})},
		{"a child", do(func() (incident.Incident, error) {
			return s.Attach(lead, third.ID, incident.AttachInput{Number: i.Label()})
		})},
		{"no child", do(func() (incident.Incident, error) { return s.Detach(lead, third.ID, incident.StepInput{}) })},
		{"merged into it", do(func() (incident.Incident, error) {
			return s.Merge(lead, third.ID, incident.MergeInput{Number: i.Label()})
		})},
		{"unmerged", do(func() (incident.Incident, error) { return s.Unmerge(lead, third.ID, incident.StepInput{}) })},
		{"claim", do(func() (incident.Incident, error) { return s.Claim(lead, i.ID, incident.StepInput{}) })},
		{"promises told by jobs", func() error {
			d.Advance(30 * 24 * time.Hour)
			far.Drain()
			return nil
		}},
	} {
		for _, who := range []context.Context{lead, staff} { // it is kept now
			page(t, d.Incidents, who, i.ID)
		}
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		fresh := d.Twin(apptest.Options{})
		for name, who := range map[string]context.Context{"lead": lead, "staff": staff} {
			want := page(t, fresh.Incidents, who, i.ID)
			if got := page(t, d.Incidents, who, i.ID); got != want {
				t.Errorf("%d %s: %s is shown what was\n%s\nand not what is\n%s", n, step.what, name, got, want)
			}
		}
	}
}

// TestWhatIsKeptIsForItsReader: what an engineer's look has left in memory shows
// a requester nothing of it.
func TestWhatIsKeptIsForItsReader(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	if _, err := d.Incidents.Note(d.As("lead"), i.ID, incident.ReplyInput{Body: "Between us"}); err != nil {
		t.Fatal(err)
	}
	fileOn(t, d, i.ID, strings.Repeat("0", 64))
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `WITH f AS (UPDATE attachments SET internal = true, name = 'inside.png' WHERE record_id = $1) UPDATE records SET state = state WHERE id = $1`, i.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := page(t, d.Incidents, d.As("lead"), i.ID); !strings.Contains(got, "Between us") || !strings.Contains(got, "inside.png") {
			t.Errorf("an engineer does not see the note and its file:\n%s", got)
		}
		if got := page(t, d.Incidents, d.As("staff"), i.ID); strings.Contains(got, "Between us") || strings.Contains(got, "inside.png") {
			t.Errorf("the requester sees the note or its file:\n%s", got)
		}
	}
	var refused int
	if _, err := d.Incidents.Detail(d.As("implementer"), i.ID); code(err) != "error.not_found" {
		t.Errorf("a stranger: %v", err)
	}
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM trail_entries WHERE record_id = $1 AND outcome = 'denied'`, i.ID).Scan(&refused); err != nil || refused != 1 {
		t.Errorf("a stranger's attempt stands in the trail %d times, %v", refused, err)
	}
	if _, err := d.Incidents.Hide(d.As("lead"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Detail(d.As("engineer2"), i.ID); code(err) != "error.not_found" {
		t.Errorf("not named on it: %v", err)
	}
	// Each hour that a person reads it stands in the trail, read from memory or not.
	var noted int
	for n := range 3 {
		page(t, d.Incidents, d.As("lead"), i.ID)
		page(t, d.Incidents, d.As("lead"), i.ID)
		if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM trail_entries WHERE record_id = $1 AND action = 'ticket.read_confidential'`, i.ID).Scan(&noted); err != nil || noted != n+1 {
			t.Errorf("hour %d: noted %d times, %v", n, noted, err)
		}
		d.Advance(61 * time.Minute)
	}
}

// TestWhoReadsAfterAnActSeesIt: while one desk writes, another that keeps what it
// reads shows at least what was acknowledged before it was asked.
func TestWhoReadsAfterAnActSeesIt(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	far := d.Twin(apptest.Options{})
	lead := d.As("lead")
	i := report(t, d, "staff")
	var said atomic.Int64
	read := func() error {
		least := int(said.Load())
		x, err := d.Incidents.Detail(lead, i.ID)
		if err != nil {
			return err
		}
		n := 0
		for _, it := range x.Timeline {
			if it.Comment != nil {
				n++
			}
		}
		if n < least {
			return fmt.Errorf("%d replies are shown after %d were acknowledged", n, least)
		}
		return nil
	}
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := read(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 150 {
		if _, err := far.Incidents.Reply(lead, i.ID, incident.ReplyInput{Body: fmt.Sprintf("Reply %d", n)}); err != nil {
			t.Error(err)
			break
		}
		said.Add(1)
	}
	close(done)
	readers.Wait()
}

// TestTheEditionIsReadFirst: what the desk asks about a record together with the
// question whether it may be seen is answered before what is read with it.
func TestTheEditionIsReadFirst(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `CREATE SEQUENCE turns`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		var first int
		var then [3]int
		var reads []func(db.Querier) error
		for n := range then {
			reads = append(reads, func(q db.Querier) error { return q.QueryRow(t.Context(), `SELECT nextval('turns')`).Scan(&then[n]) })
		}
		if _, _, err := d.Desk.SeeWith(d.As("lead"), i.Ref(), []db.Part{{SQL: `SELECT nextval('turns')`, To: &first}}, reads...); err != nil {
			t.Fatal(err)
		}
		if first > then[0] || then[0] > then[1] || then[1] > then[2] {
			t.Fatalf("the part had turn %d, the reads %v", first, then)
		}
	}
}

// TestTheGuardGuards: the databases of tests refuse a commit that leaves
// something on an incident without its line in the register.
func TestTheGuardGuards(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	say := func(more string) error {
		return d.Pool.InTx(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO comments (id, record_id, author_id, author_name, body, at) SELECT gen_random_uuid(), $1, id, name, 'x', now() FROM people LIMIT 1`, i.ID)
			if err == nil && more != "" {
				_, err = tx.Exec(t.Context(), more)
			}
			return err
		})
	}
	if err := say(""); err == nil || !strings.Contains(err.Error(), i.Label()+" wrote to comments.record_id without") {
		t.Errorf("a reply alone: %v", err)
	}
	if err := say(`UPDATE records SET state = state WHERE number = '` + i.Label() + `'`); err != nil {
		t.Errorf("a reply with the line: %v", err)
	}
}

// formKeys are other each time a form is written.
var formKeys = regexp.MustCompile(`name="_key" value="[^"]*"`)

// TestWhatIsToldIsNeverOld: the timeline in words, which a desk keeps as well, is
// what a desk writes that has kept nothing, for each reader, hour and language.
func TestWhatIsToldIsNeverOld(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 12, 30, 10, 0, 0, 0, time.UTC))
	s, lead := d.Incidents, d.As("lead")
	i := report(t, d, "staff")
	must := func(_ incident.Incident, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Reply(lead, i.ID, incident.ReplyInput{Body: "We look at it: https://example.com/a?b=1&c=2"}))
	must(s.Note(lead, i.ID, incident.ReplyInput{Body: "Third time this week"}))
	must(s.Claim(lead, i.ID, incident.StepInput{}))
	type reader struct{ who, lang string }
	readers := []reader{{"lead", "en"}, {"lead", "zh-CN"}, {"engineer", "en"}, {"auditor", "en"}, {"staff", "zh-CN"}}
	// pages are the timeline at two desks, by reader.
	pages := func(desks ...*apptest.Desk) (out [][]string) {
		for _, r := range readers {
			d.Advance(time.Second) // no two sessions of one hour
			c := d.Client(r.who)
			var each []string
			for _, desk := range desks {
				base, err := url.Parse(desk.Server.URL)
				if err != nil {
					t.Fatal(err)
				}
				c.Base = desk.Server.URL
				c.Jar.SetCookies(base, []*http.Cookie{{Name: "lang", Value: r.lang, Path: "/"}})
				a := c.Get("/incidents/" + i.Label())
				text := formKeys.ReplaceAllString(a.Text(), "")
				from, to := strings.Index(text, "<ol "), strings.LastIndex(text, "</ol>")
				if a.Status != 200 || from < 0 || to < from {
					t.Fatalf("%s sees no timeline: %d", r.who, a.Status)
				}
				each = append(each, text[from:to])
			}
			out = append(out, each)
		}
		return out
	}
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"nothing", func() {}},
		{"two hours later", func() { d.Advance(2 * time.Hour) }},
		{"the next year", func() { d.Advance(3 * 24 * time.Hour) }},
		{"another name", func() {
			if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE people SET name = '赵敏敏', name_en = 'Zhao Minmin' WHERE username = 'lead'`)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}},
		{"another reply", func() { must(s.Reply(lead, i.ID, incident.ReplyInput{Body: "Done, @engineer has it"})) }},
	} {
		pages(d)
		step.do()
		both := pages(d, d.Twin(apptest.Options{}))
		for n, r := range readers {
			got, want := both[n][0], both[n][1]
			if got != want {
				t.Errorf("%s: %v is told\n%s\nand not\n%s", step.what, r, got, want)
			}
			if r.who == "staff" && strings.Contains(got, "Third time") {
				t.Errorf("%s: the requester is told the note", step.what)
			}
		}
	}
}

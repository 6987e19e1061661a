package incident_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// belongings is all that a merge may touch of some incidents, as text.
func belongings(t *testing.T, d *apptest.Desk, ids ...uuid.UUID) string {
	t.Helper()
	var out strings.Builder
	for _, sql := range []string{
		`SELECT concat_ws(' ', 'incident', number, state, pending_reason, reported_at, created_at, parent_id, child_as, assignee_id, title) FROM incidents WHERE id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'register', id, state, category, created_at) FROM records WHERE id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'reply', record_id, id, body) FROM comments WHERE record_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'note', record_id, id, body) FROM notes WHERE record_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'file', record_id, id, comment_id) FROM attachments WHERE record_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'task', incident_id, id, position) FROM incident_tasks WHERE incident_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'follower', record_id, person_id) FROM record_watchers WHERE record_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'part', record_id, person_id, source_id) FROM record_participants WHERE record_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'link', from_id, relation, to_id) FROM record_links WHERE from_id = ANY($1) OR to_id = ANY($1) ORDER BY 1`,
		`SELECT concat_ws(' ', 'found by', record_id, array_to_string(tsvector_to_array(terms), ' '), '/', array_to_string(tsvector_to_array(notes), ' ')) FROM search_docs WHERE record_id = ANY($1) ORDER BY 1`,
	} {
		rows, err := d.Pool.Query(t.Context(), sql, ids)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out.WriteString(s + "\n")
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
	return out.String()
}

// fileOn puts a file on an incident as if it had been uploaded.
func fileOn(t *testing.T, d *apptest.Desk, id uuid.UUID, sum string) {
	t.Helper()
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO attachments (id, record_id, name, size, media_type, sha256, uploaded_by, created_at) SELECT gen_random_uuid(), $1, 'print', 1, 'image/png', $2, id, now() FROM people LIMIT 1`, id, sum)
		if err == nil {
			_, err = tx.Exec(t.Context(), `UPDATE records SET state = state WHERE id = $1`, id) // as every act does
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// furnish gives an incident something of everything.
func furnish(t *testing.T, d *apptest.Desk, i incident.Incident, n int, other string) {
	t.Helper()
	s, lead := d.Incidents, d.As("lead")
	must := func(_ incident.Incident, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Reply(lead, i.ID, incident.ReplyInput{Body: fmt.Sprintf("reply number%d", n)}))
	must(s.Note(lead, i.ID, incident.ReplyInput{Body: fmt.Sprintf("note number%d", n)}))
	holder := personID(t, d, []string{"implementer", "reviewer"}[n%2])
	must(s.AddTask(lead, i.ID, incident.TaskInput{Title: fmt.Sprintf("task %d", n), AssigneeID: &holder}))
	for _, w := range [][]string{{"he.ming", "tang.yi"}, {"he.ming", "gu.yan"}, {"gu.yan"}, {"tang.yi"}}[n%4] {
		must(s.ChangeWatcher(lead, i.ID, incident.WatcherInput{PersonID: personID(t, d, w), Watch: true}))
	}
	must(s.Link(lead, i.ID, incident.LinkInput{Number: other, Relation: []string{"related", "caused_by"}[n%2]}))
	fileOn(t, d, i.ID, "same")
	fileOn(t, d, i.ID, fmt.Sprintf("own%d", n))
}

// TestMergeAndUnmergeInAnyOrder: whatever is merged into whatever, and in
// whatever order it is taken back, in the end everything is as it was.
func TestMergeAndUnmergeInAnyOrder(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	third := report(t, d, "staff")
	var all []incident.Incident
	var ids []uuid.UUID
	for n, who := range []string{"staff", "manager", "staff", "auditor"} {
		at := time.Now().Add(-time.Duration(n*7%5+1) * time.Hour)
		i := report(t, d, who, func(in *incident.CreateInput) { in.Title, in.ReportedAt = fmt.Sprintf("report%d", n), &at })
		furnish(t, d, i, n, third.Label())
		all, ids = append(all, i), append(ids, i.ID)
	}
	before := belongings(t, d, ids...)
	rng := rand.New(rand.NewPCG(7, 11))
	merged := func(n int) bool {
		i, _, err := s.Get(lead, ids[n])
		if err != nil {
			t.Fatal(err)
		}
		return i.State == incident.Merged
	}
	for round := range 12 {
		for range 6 {
			a, b := rng.IntN(len(all)), rng.IntN(len(all))
			if _, err := s.Merge(lead, ids[a], incident.MergeInput{Number: all[b].Label()}); err != nil && fault.Is(err, fault.Internal) {
				t.Fatal(err)
			}
			if c := rng.IntN(len(all)); rng.IntN(3) == 0 {
				if _, err := s.Unmerge(lead, ids[c], incident.StepInput{}); err != nil && fault.Is(err, fault.Internal) {
					t.Fatal(err)
				}
			}
		}
		for left := 1; left > 0; {
			left = 0
			for _, n := range rng.Perm(len(all)) {
				if !merged(n) {
					continue
				}
				if _, err := s.Unmerge(lead, ids[n], incident.StepInput{}); err != nil {
					if code(err) != "incident.error.unmerge_first" {
						t.Fatal(err)
					}
					left++
				}
			}
		}
		if after := belongings(t, d, ids...); after != before {
			t.Fatalf("round %d: not as it was:\n%s", round, difference(before, after))
		}
	}
}

func difference(before, after string) string {
	b, a := strings.Split(before, "\n"), strings.Split(after, "\n")
	var out []string
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

// TestMerge: what goes, what stays, what leads where.
func TestMerge(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	early := time.Now().Add(-3 * time.Hour)
	third := report(t, d, "staff")
	from := report(t, d, "manager", func(in *incident.CreateInput) { in.Title, in.ReportedAt = "theremin broken", &early })
	into := report(t, d, "staff")
	furnish(t, d, from, 0, third.Label())
	furnish(t, d, into, 1, third.Label())
	d.Drain()
	p, err := s.PreviewMerge(lead, from.ID, into.Label())
	if err != nil || p.Refusal != nil || p.Replies != 1 || p.Notes != 1 || p.Files != 1 || p.SameFiles != 1 || p.Tasks != 1 || p.Links != 1 || len(p.Followers) != 2 {
		t.Errorf("preview: %+v %v", p, err)
	}
	out, err := s.Merge(lead, from.ID, incident.MergeInput{Number: into.Label()})
	if err != nil || out.ID != into.ID {
		t.Fatal(out.Label(), err)
	}
	if !out.ReportedAt.Equal(from.ReportedAt) {
		t.Errorf("reported at %s, want the earlier %s", out.ReportedAt, from.ReportedAt)
	}
	det, err := s.Detail(d.As("manager"), into.ID) // she follows it now
	if err != nil || len(det.Absorbed) != 1 || det.Absorbed[0].Title != "theremin broken" {
		t.Fatalf("the requester of the one that went: %v", err)
	}
	if r, err := s.Replies(lead, into.ID); err != nil || len(r) != 2 {
		t.Errorf("replies: %d %v", len(r), err)
	}
	if tasks, err := s.Tasks(lead, into.ID); err != nil || len(tasks) != 2 || tasks[1].Title != "task 0" {
		t.Errorf("tasks: %+v %v", tasks, err)
	}
	if files, err := s.Files(lead, into.ID); err != nil || len(files) != 3 {
		t.Errorf("files: %d %v", len(files), err)
	}
	// The holder of a task that moved may see where it moved to.
	if _, _, err := s.Get(d.As("implementer"), into.ID); err != nil {
		t.Errorf("the holder of a task: %v", err)
	}
	if found := titles(t, d, lead, "view=all&q=theremin"); len(found) != 2 {
		t.Errorf("its words find %v", found)
	}
	if h := heard(t, d, "manager", from.ID); h["incident.merged"] != 1 {
		t.Errorf("its requester heard %v", h)
	}
	// It counts as merged, not as closed, and not as open.
	mine := func(view string) bool { return slices.Contains(titles(t, d, lead, view), "theremin broken") }
	if mine("view=closed") || mine("view=open") || !mine("view=all&f=state.is.merged") || mine("view=all&f=state.is.closed,cancelled,resolved") {
		t.Error("the tombstone is in the wrong lists")
	}
	// What is written to it goes to the other.
	if i, err := s.Reply(d.As("manager"), from.ID, incident.ReplyInput{Body: "still so"}); err != nil || i.ID != into.ID {
		t.Errorf("a reply to the tombstone: %v", err)
	}
	if i, err := s.Note(lead, from.ID, incident.ReplyInput{Body: "typed while it was merged"}); err != nil || i.ID != into.ID {
		t.Errorf("a note on the tombstone: %v", err)
	}
	if _, err := s.Note(d.As("manager"), from.ID, incident.ReplyInput{Body: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a note of who may write none: %v", err)
	}
	for name, err := range map[string]error{
		"claim":  second(s.Claim(lead, from.ID, incident.StepInput{})),
		"edit":   second(s.Edit(lead, from.ID, incident.EditInput{})),
		"cancel": second(s.Cancel(d.As("manager"), from.ID, incident.CancelInput{Reason: "withdrawn"})),
	} {
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s on a tombstone: %v", name, err)
		}
	}
	// Undone in time it is what it was; what was said since stays.
	d.Advance(7*24*time.Hour - time.Minute)
	if i, err := s.Unmerge(lead, from.ID, incident.StepInput{}); err != nil || i.State != incident.New {
		t.Fatalf("unmerge: %v", err)
	}
	if r, err := s.Replies(lead, into.ID); err != nil || len(r) != 2 || r[1].Body != "still so" {
		t.Errorf("replies after: %+v %v", r, err)
	}
	if _, err := s.Merge(lead, from.ID, incident.MergeInput{Number: into.Label()}); err != nil {
		t.Fatal(err)
	}
	d.Advance(7*24*time.Hour + time.Minute)
	if _, err := s.Unmerge(lead, from.ID, incident.StepInput{}); code(err) != "incident.error.unmerge_too_late" {
		t.Errorf("too late: %v", err)
	}
}

func second(_ incident.Incident, err error) error { return err }

// TestMergesThatAreRefused, and how.
func TestMergesThatAreRefused(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	secret := func(in *incident.CreateInput) { in.Confidential = true }
	a, b := report(t, d, "staff"), report(t, d, "staff")
	hidden, own := report(t, d, "staff", secret), report(t, d, "manager", secret)
	states := map[incident.State]incident.Incident{}
	for _, st := range []incident.State{incident.Resolved, incident.Closed, incident.Cancelled} {
		states[st] = report(t, d, "staff")
		bring(t, d, states[st], st)
	}
	parent, child := report(t, d, "staff"), report(t, d, "staff")
	if _, err := s.Attach(lead, child.ID, incident.AttachInput{Number: parent.Label()}); err != nil {
		t.Fatal(err)
	}
	gone := report(t, d, "staff")
	if _, err := s.Merge(lead, gone.ID, incident.MergeInput{Number: b.Label()}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		who  context.Context
		from incident.Incident
		into string
		want string
	}{
		{"itself", lead, a, a.Label(), "incident.error.merge_self"},
		{"nothing", lead, a, "INC-999999", "incident.error.no_such_number"},
		{"a resolved one", lead, a, states[incident.Resolved].Label(), "incident.error.merge_not_open"},
		{"a closed one", lead, a, states[incident.Closed].Label(), "incident.error.merge_not_open"},
		{"a cancelled one", lead, a, states[incident.Cancelled].Label(), "incident.error.merge_not_open"},
		{"a tombstone", lead, a, gone.Label(), "incident.error.merge_tombstone"},
		{"its own tombstone", lead, b, gone.Label(), "incident.error.merge_tombstone"},
		{"twice", lead, gone, a.Label(), "incident.error.merged"},
		{"from closed", lead, states[incident.Closed], a.Label(), "incident.error.not_open"},
		{"into confidential", lead, a, hidden.Label(), "incident.error.merge_confidential"},
		{"from confidential", lead, hidden, a.Label(), "incident.error.merge_confidential"},
		{"across need to know", lead, hidden, own.Label(), "incident.error.merge_named"},
		{"a parent", lead, parent, a.Label(), "incident.error.merge_parent"},
		{"by staff", d.As("staff"), a, b.Label(), "authz.denied.role"},
		{"by first line", d.As("engineer"), a, b.Label(), "authz.denied.role"},
		{"into a hidden one", d.As("engineer2"), a, own.Label(), "incident.error.no_such_number"},
	} {
		if _, err := s.Merge(c.who, c.from.ID, incident.MergeInput{Number: c.into}); code(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, code(err), c.want)
		}
	}
	// A child that is merged follows its parent no longer, and again when undone.
	if _, err := s.Merge(lead, child.ID, incident.MergeInput{Number: a.Label()}); err != nil {
		t.Fatal(err)
	}
	if i, err := s.Unmerge(lead, child.ID, incident.StepInput{}); err != nil || i.ParentID == nil || *i.ParentID != parent.ID {
		t.Errorf("the child after: %v", err)
	}
	// Made confidential after the merge, nothing goes back to an open tombstone.
	if _, err := s.Hide(lead, b.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unmerge(lead, gone.ID, incident.StepInput{}); code(err) != "incident.error.unmerge_confidential" {
		t.Errorf("from confidential to open: %v", err)
	}
}

// TestTwoMergesAtOnce: one wins, whichever way they cross.
func TestTwoMergesAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s, lead := d.Incidents, d.As("lead")
	for range 4 {
		a, b, c := report(t, d, "staff"), report(t, d, "staff"), report(t, d, "staff")
		for _, pair := range [][2][2]incident.Incident{{{a, b}, {b, a}}, {{c, a}, {c, b}}} {
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for n, p := range pair {
				wg.Go(func() { _, errs[n] = s.Merge(lead, p[0].ID, incident.MergeInput{Number: p[1].Label()}) })
			}
			wg.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else if f := fault.Of(err); f.Kind != fault.Conflict && f.Kind != fault.Invalid {
					t.Errorf("the loser: %v", err)
				}
			}
			if won > 1 {
				t.Fatal("both merges went through")
			}
			// c may find the one it goes to merged away: then neither wins.
			if won == 0 && pair[0][0].ID == a.ID {
				t.Fatal("no merge went through")
			}
		}
	}
}

// TestMergePages: preview, redirect, tombstone, undo, all without script.
func TestMergePages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	from, into := report(t, d, "manager", func(in *incident.CreateInput) { in.Title = "theremin broken" }), report(t, d, "staff")
	lead, at := d.Client("lead"), "/incidents/"+from.Label()
	if a := lead.Get(at + "/merge?into=" + from.Label()); a.Status != 422 || !strings.Contains(a.Text(), "cannot go into itself") {
		t.Errorf("into itself: %d", a.Status)
	}
	if a := lead.Get(at + "/merge?into=" + into.Label()); a.Status != 200 || !strings.Contains(a.Text(), "Merge into "+into.Label()) || !strings.Contains(a.Text(), "Emma Clarke will follow") {
		t.Errorf("preview: %d", a.Status)
	}
	if a := lead.Post(at+"/merge", url.Values{"number": {into.Label()}, "version": {"1"}, "_key": {"m"}}); a.Status != 303 || a.Header.Get("Location") != "/incidents/"+into.Label() {
		t.Fatalf("merge: %d %s", a.Status, a.Header.Get("Location"))
	}
	if a := lead.Get(at); a.Status != 303 || a.Header.Get("Location") != "/incidents/"+into.Label()+"?from="+from.Label() {
		t.Errorf("the old address: %d %s", a.Status, a.Header.Get("Location"))
	}
	if page := lead.Get("/incidents/" + into.Label() + "?from=" + from.Label()).Text(); !strings.Contains(page, "was merged into") || !strings.Contains(page, "theremin broken") {
		t.Error("the page of the other does not tell")
	}
	if a := d.Client("staff").Get(at); a.Status != 404 {
		t.Errorf("somebody else's tombstone: %d", a.Status)
	}
	api := d.API("lead")
	api.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if a := api.Get("/api/v1/incidents/" + from.Label()); a.Status != 303 || a.Header.Get("Location") != "/api/v1/incidents/"+into.Label() {
		t.Errorf("API: %d %s", a.Status, a.Header.Get("Location"))
	}
	var out struct{ State string }
	if a := api.JSON("GET", "/api/v1/incidents/"+from.Label()+"?tombstone=true", nil, &out); a.Status != 200 || out.State != "merged" {
		t.Errorf("API, the tombstone itself: %d %+v", a.Status, out)
	}
	page := lead.Get(at + "?tombstone").Text()
	if !strings.Contains(page, at+"/unmerge") || strings.Contains(page, `id="composer"`) {
		t.Error("the tombstone's page")
	}
	if a := lead.Post(at+"/unmerge", url.Values{"_key": {"u"}}); a.Status != 303 {
		t.Errorf("unmerge: %d", a.Status)
	}
	if a := lead.Get(at); a.Status != 200 {
		t.Errorf("after it: %d", a.Status)
	}
}

// TestAStrangerWritesToATombstone and does not learn that it is one.
func TestAStrangerWritesToATombstone(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	from, into := report(t, d, "manager"), report(t, d, "manager")
	if _, err := d.Incidents.Merge(d.As("lead"), from.ID, incident.MergeInput{Number: into.Label()}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"a reply": second(d.Incidents.Reply(d.As("staff"), from.ID, incident.ReplyInput{Body: "x"})),
		"a note":  second(d.Incidents.Note(d.As("staff"), from.ID, incident.ReplyInput{Body: "x"})),
	} {
		if code(err) != "error.not_found" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

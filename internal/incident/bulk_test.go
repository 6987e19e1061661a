package incident_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/xuri/excelize/v2"

	"opsdesk/internal/apptest"
	"opsdesk/internal/batch"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/presence"
	"opsdesk/internal/queue"
	"opsdesk/internal/work"
)

func rowsOf(t *testing.T, d *apptest.Desk, who string, b batch.Batch) map[string]batch.Row {
	t.Helper()
	rows, err := d.Batches.Rows(d.As(who), b.ID, false, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]batch.Row{}
	for _, r := range rows {
		out[r.Number] = r
	}
	return out
}

func ended(t *testing.T, d *apptest.Desk, who string, id uuid.UUID) batch.Batch {
	t.Helper()
	d.Drain()
	b, err := d.Batches.Get(d.As(who), id)
	if err != nil || !b.Ended() {
		t.Fatalf("batch is %s (%s): %v", b.State, b.Problem, err)
	}
	return b
}

// TestBulkPreviewsChangesAndUndoes: a change of many says beforehand what it
// would do, does it row by row with the rights and states of that moment, and
// takes back only what nobody has touched since.
func TestBulkPreviewsChangesAndUndoes(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	eng := d.As("engineer")
	var list []incident.Incident
	for n := range 4 {
		list = append(list, report(t, d, "staff", func(in *incident.CreateInput) { in.Title = fmt.Sprint("bulk ", n) }))
	}
	bring(t, d, list[3], incident.Closed)
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Title, in.Confidential = "bulk hidden", true })
	ids := []uuid.UUID{hidden.ID}
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	in := incident.BulkInput{Act: "priority", IDs: ids, Priority: 1, Reason: "Payday"}
	b, err := d.Incidents.Bulk(work.WithKey(eng, "k1"), in)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Incidents.Bulk(work.WithKey(eng, "k1"), in); err != nil || again.ID != b.ID {
		t.Errorf("the same form made another batch: %v", err)
	}
	in.Priority = 2
	if _, err := d.Incidents.Bulk(work.WithKey(eng, "k1"), in); fault.Of(err) == nil || fault.Of(err).Code != "error.idempotency_mismatch" {
		t.Errorf("the key of another change was taken: %v", err)
	}
	rows := rowsOf(t, d, "engineer", b)
	if len(rows) != 4 || rows[list[3].Label()].Code == "" || rows[list[0].Label()].Code != "" || b.Refused != 1 {
		t.Fatalf("preview: %+v", rows)
	}
	d.Drain()
	if i, _, _ := d.Incidents.Get(eng, list[0].ID); i.Priority == 1 {
		t.Fatal("a preview changed something")
	}
	if _, err := d.Batches.Start(d.As("lead"), b.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's batch was started: %v", err)
	}
	// One is closed between preview and start: decided anew.
	bring(t, d, list[2], incident.Closed)
	for range 2 { // pressed twice
		if b, err = d.Batches.Start(eng, b.ID); err != nil {
			t.Fatal(err)
		}
	}
	b = ended(t, d, "engineer", b.ID)
	if b.Succeeded != 2 || b.Refused != 2 {
		t.Fatalf("%d done, %d refused", b.Succeeded, b.Refused)
	}
	rows = rowsOf(t, d, "engineer", b)
	if rows[list[2].Label()].Outcome != "refused" || rows[list[2].Label()].Code == "" {
		t.Errorf("the closed one: %+v", rows[list[2].Label()])
	}
	title := "touched since"
	if _, err := d.Incidents.Edit(d.As("lead"), list[1].ID, incident.EditInput{Title: &title}); err != nil {
		t.Fatal(err)
	}
	u, err := d.Batches.Undo(eng, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	u = ended(t, d, "engineer", u.ID)
	if u.Succeeded != 1 || u.Refused != 1 {
		t.Errorf("undo: %d done, %d refused", u.Succeeded, u.Refused)
	}
	if i, _, _ := d.Incidents.Get(eng, list[0].ID); i.Priority == 1 || i.PriorityReason != "" {
		t.Errorf("not taken back: P%d %q", i.Priority, i.PriorityReason)
	}
	if i, _, _ := d.Incidents.Get(eng, list[1].ID); i.Priority != 1 {
		t.Error("what somebody changed since was taken back")
	}
	if _, err := d.Batches.Undo(eng, b.ID); fault.Of(err) == nil {
		t.Error("undone twice")
	}
}

// TestBulkCancelStops: what is done stays done, the rest is left.
func TestBulkCancelStops(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff")
	b, err := d.Incidents.Bulk(d.As("lead"), incident.BulkInput{Act: "note", IDs: []uuid.UUID{i.ID}, Body: "seen"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Batches.Start(d.As("lead"), b.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Batches.Cancel(d.As("lead"), b.ID); err != nil {
		t.Fatal(err)
	}
	if b = ended(t, d, "lead", b.ID); b.State != batch.Cancelled || b.Succeeded != 0 {
		t.Errorf("%s with %d done", b.State, b.Succeeded)
	}
}

// TestBulkOfAWholeList touches what the list shows and nothing else, and says
// what is missing in its input.
func TestBulkOfAWholeList(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	var newest []string
	for range 3 {
		newest = append([]string{report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "clavichord" }).Label()}, newest...)
		d.Advance(time.Minute)
	}
	other := report(t, d, "staff")
	b, err := d.Incidents.Bulk(lead, incident.BulkInput{Act: "note", All: true, Query: "view=open&sort=created&q=clavichord", Body: "one note"})
	if err != nil || b.Total != 3 {
		t.Fatalf("%d rows: %v", b.Total, err)
	}
	for label, r := range rowsOf(t, d, "lead", b) {
		if newest[r.N-1] != label { // in the order of the list
			t.Errorf("row %d is %s, want %s", r.N, label, newest[r.N-1])
		}
	}
	for _, bad := range []incident.BulkInput{
		{Act: "assign", IDs: []uuid.UUID{other.ID}},
		{Act: "priority", IDs: []uuid.UUID{other.ID}},
		{Act: "resolve", IDs: []uuid.UUID{other.ID}},
		{Act: "note", IDs: []uuid.UUID{other.ID}},
		{Act: "explode", IDs: []uuid.UUID{other.ID}},
		{Act: "start"},
		{Act: "start", All: true, Query: "view=%zz"},
		{Act: "pend", IDs: []uuid.UUID{other.ID}, PendReason: "weather"},
		{Act: "start", IDs: []uuid.UUID{uuid.New()}},
	} {
		if _, err := d.Incidents.Bulk(lead, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v was answered %v", bad, err)
		}
	}
	// The form keeps what was typed.
	c := d.Client("lead")
	a := c.Post("/incidents/bulk", url.Values{"act": {"resolve"}, "ids": {other.ID.String()}, "cause": {"kept cause"}})
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "kept cause") || !strings.Contains(a.Text(), other.ID.String()) {
		t.Errorf("answered %d", a.Status)
	}
	if a := c.Post("/incidents/bulk/form", url.Values{"act": {"assign"}, "query": {"view=open"}}); a.Status != http.StatusSeeOther {
		t.Errorf("nothing chosen: %d", a.Status)
	}
}

// TestExportIsWhatIsShown: the rows of the list that its reader may take out,
// with no formula in them, in both formats.
func TestExportIsWhatIsShown(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for _, title := range []string{"=HYPERLINK(\"http://x\")", "＝全角 serpent", "plain, \"quoted\"\nserpent"} {
		report(t, d, "staff", func(in *incident.CreateInput) { in.Title = strings.ReplaceAll(title, "\n", " ") + " serpent" })
	}
	report(t, d, "staff", func(in *incident.CreateInput) { in.Title, in.Confidential = "serpent secret", true })
	c := d.Client("engineer")
	form := url.Values{"query": {"view=all&q=serpent"}, "format": {"csv"}}
	a := c.Post("/incidents/export", form)
	if a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Content-Disposition"), ".csv") {
		t.Fatalf("%d %s", a.Status, a.Header)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(a.Body, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 {
		t.Fatalf("%d lines: %q", len(rows), rows)
	}
	var titles []string
	for _, r := range rows[1:] {
		titles = append(titles, r[1])
	}
	slices.Sort(titles)
	for _, x := range titles {
		if strings.ContainsAny(x[:1], "=+-@") || strings.HasPrefix(x, "＝") {
			t.Errorf("a formula: %s", x)
		}
	}
	form.Set("format", "xlsx")
	f, err := excelize.OpenReader(bytes.NewReader(c.Post("/incidents/export", form).Body))
	if err != nil {
		t.Fatal(err)
	}
	book, err := f.GetRows("Sheet1")
	if err != nil || len(book) != 4 {
		t.Fatalf("%d rows: %v", len(book), err)
	}
	form["columns"] = []string{"team", "bogus"}
	if book, _ := excelize.OpenReader(bytes.NewReader(c.Post("/incidents/export", form).Body)); book != nil {
		if r, _ := book.GetRows("Sheet1"); len(r) == 0 || len(r[0]) != 4 {
			t.Errorf("columns: %q", r)
		}
	}
	if a := d.Client("staff").Post("/incidents/export", form); a.Status != http.StatusForbidden {
		t.Errorf("staff may export: %d", a.Status)
	}
	form.Set("format", "pdf")
	if a := c.Post("/incidents/export", form); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown format: %d", a.Status)
	}
	var acts int
	if err := d.Pool.PGX().QueryRow(t.Context(), `SELECT count(*) FROM trail_entries WHERE action = 'incident.export' AND outcome = 'success'`).Scan(&acts); err != nil || acts != 3 {
		t.Errorf("%d exports in the trail (%v)", acts, err)
	}
}

// TestWhatAPageSaysOfTheWholeList: the offer of the whole list says no number that
// was not counted, and why there is none; a heading's number is said to be the
// page's where there are more pages.
func TestWhatAPageSaysOfTheWholeList(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	fill(t, d, queue.MaxBulk+5)
	if _, err := d.Pool.PGX().Exec(t.Context(), `INSERT INTO search_docs (record_id, hash, terms, talk, notes, week, open)
		SELECT r.id, 1, '''filler'':1 ''^fille''', '', '', ARRAY[record_week(r.kind, r.updated_at)], true FROM records r WHERE r.title = 'filler' ON CONFLICT DO NOTHING`); err != nil {
		t.Fatal(err)
	}
	c := d.Client("lead")
	for _, x := range []struct{ query, lang, has, not string }{
		{"view=open&q=filler", "en", "all of the list (more than 50)", "all 51"},
		{"view=open&q=filler", "zh-CN", "列表全部（超过 50 条）", "列表全部 51"},
		{"view=open", "en", "more than 1000 rows", `name="all"`},
		{"view=open", "zh-CN", "列表超过 1000 条", `name="all"`},
		{"view=open&group=priority", "en", "on this page", `name="all"`},
		{"view=open&group=priority&q=INC-5000001", "en", "q-group", "on this page"},
	} {
		if a := c.Get("/incidents?"+x.query, "Cookie", "lang="+x.lang, "Accept-Language", x.lang); a.Status != 200 || !strings.Contains(a.Text(), x.has) || strings.Contains(a.Text(), x.not) {
			t.Errorf("%s, %s: %d, says %q: %v, %q: %v", x.query, x.lang, a.Status, x.has, strings.Contains(a.Text(), x.has), x.not, strings.Contains(a.Text(), x.not))
		}
	}
}

// TestAnExportIsOfOneMoment: a row that changes while the file is made is in it
// once, wherever it is in the list by then.
func TestAnExportIsOfOneMoment(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	fill(t, d, queue.ExportNow+5)
	// Between two pages the batch notes how far it is; the last rows of the list
	// become its first then.
	if _, err := d.Pool.PGX().Exec(t.Context(), `CREATE FUNCTION jump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			UPDATE records SET updated_at = updated_at + interval '1 hour' WHERE id IN (SELECT id FROM records WHERE title = 'filler' ORDER BY updated_at, id LIMIT 3);
			RETURN NULL; END $$;
		CREATE TRIGGER jump AFTER UPDATE ON batches FOR EACH ROW WHEN (NEW.done = 1000 AND OLD.done < 1000) EXECUTE FUNCTION jump()`); err != nil {
		t.Fatal(err)
	}
	c := d.Client("lead")
	a := c.Post("/incidents/export", url.Values{"query": {"view=all&f=created.within.1h"}, "format": {"csv"}})
	d.Drain()
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(c.Get(a.Header.Get("Location")+"/file").Body, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, r := range rows {
		if r[1] == "filler" {
			times[r[0]]++
		}
	}
	if len(times) != queue.ExportNow+6 {
		t.Errorf("%d tickets are in the file, want %d", len(times), queue.ExportNow+6)
	}
	for number, n := range times {
		if n != 1 {
			t.Errorf("%s is in the file %d times", number, n)
		}
	}
}

// TestLargeExportsBecomeWork: their file waits on a page of its owner's.
func TestLargeExportsBecomeWork(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	fill(t, d, queue.ExportNow+5)
	c := d.Client("lead")
	q := url.Values{"query": {"view=all&f=created.within.1h"}, "format": {"csv"}}
	p, err := d.Incidents.List(d.As("lead"), incident.Filter{View: "all", Clauses: []incident.Clause{{Field: "created", Op: "within", Values: []string{"1h"}}}, CountTo: queue.ProgramLimit}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := p.Total
	a := c.Post("/incidents/export", q)
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/jobs/") {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Location"))
	}
	d.Drain()
	file := a.Header.Get("Location") + "/file"
	got := c.Get(file)
	r, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(got.Body, []byte("\ufeff")))).ReadAll()
	if err != nil || len(r) != want+1 || want <= queue.ExportNow {
		t.Errorf("%d lines: %v", len(r), err)
	}
	if x := d.Client("engineer").Get(file); x.Status != http.StatusNotFound {
		t.Errorf("another reads the file: %d", x.Status)
	}
}

// fill copies one incident n times, with its line in the register.
func fill(t *testing.T, d *apptest.Desk, n int) {
	t.Helper()
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "filler" })
	_, err := d.Pool.PGX().Exec(t.Context(), `WITH copies AS (SELECT gen_random_uuid() AS id, 5000000 + n AS number FROM generate_series(1, $2::int) n),
		one AS (INSERT INTO incidents SELECT x.* FROM incidents i, copies c, jsonb_populate_record(i, jsonb_build_object('id', c.id, 'number', c.number)) x WHERE i.id = $1 RETURNING id)
		INSERT INTO records SELECT x.* FROM records r, copies c, jsonb_populate_record(r, jsonb_build_object('id', c.id, 'number', 'INC-' || c.number)) x WHERE r.id = $1`, i.ID, n)
	if err != nil {
		t.Fatal(err)
	}
}

// TestBulkAttachToAParent: each row is looked at for itself, before and when it
// is done, and goes back to the parent that it had.
func TestBulkAttachToAParent(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	eng, s := d.As("lead"), d.Incidents
	open := func(change ...func(*incident.CreateInput)) incident.Incident { return report(t, d, "staff", change...) }
	parent, old, free, moved, grand := parentOf(t, d), parentOf(t, d), open(), open(), parentOf(t, d)
	attach(t, d, moved, old, incident.PartOf)
	attach(t, d, open(), grand, incident.SameFault)
	closed, late := open(), open()
	bring(t, d, closed, incident.Closed)
	ids := []uuid.UUID{parent.ID, free.ID, moved.ID, grand.ID, closed.ID, late.ID}
	in := incident.BulkInput{Act: "parent", IDs: ids, ParentNumber: " " + strings.ToLower(parent.Label())}
	if _, err := s.Bulk(eng, incident.BulkInput{Act: "parent", IDs: ids, ParentNumber: "INC-999999"}); code(err) != "incident.error.no_such_number" {
		t.Errorf("no such parent: %v", err)
	}
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	if _, err := s.Bulk(d.As("engineer"), incident.BulkInput{Act: "parent", IDs: ids, ParentNumber: hidden.Label()}); code(err) != "incident.error.no_such_number" {
		t.Errorf("a hidden parent: %v", err)
	}
	b, err := s.Bulk(eng, in)
	if err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]string{
		parent.Label(): "constraint.incidents_not_own_parent", grand.Label(): "incident.error.child_has_children", closed.Label(): "incident.error.not_open",
		free.Label(): "", moved.Label(): "", late.Label(): "",
	} {
		if got := rowsOf(t, d, "lead", b)[label].Code; got != want {
			t.Errorf("preview of %s: %q, want %q", label, got, want)
		}
	}
	attach(t, d, open(), late, incident.SameFault) // a parent itself by the time it runs
	if b, err = d.Batches.Start(eng, b.ID); err != nil {
		t.Fatal(err)
	}
	b = ended(t, d, "lead", b.ID)
	if got := rowsOf(t, d, "lead", b)[late.Label()]; b.Succeeded != 2 || got.Code != "incident.error.child_has_children" {
		t.Fatalf("%d done; late %+v", b.Succeeded, got)
	}
	for _, i := range []incident.Incident{free, moved} {
		if now := get(t, d, i.ID); now.ParentID == nil || *now.ParentID != parent.ID || now.ChildAs != incident.SameFault {
			t.Errorf("%s hangs on %v as %s", i.Label(), now.ParentID, now.ChildAs)
		}
	}
	u, err := d.Batches.Undo(eng, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if u = ended(t, d, "lead", u.ID); u.Succeeded != 2 {
		t.Errorf("undo: %d done, %d refused", u.Succeeded, u.Refused)
	}
	if now := get(t, d, free.ID); now.ParentID != nil {
		t.Error("still a child")
	}
	if now := get(t, d, moved.ID); now.ParentID == nil || *now.ParentID != old.ID || now.ChildAs != incident.PartOf {
		t.Errorf("not back at its old parent: %v %s", now.ParentID, now.ChildAs)
	}
	// Who may not link does not attach, whatever the page showed.
	if b, err := s.Bulk(d.As("staff"), in); err == nil && b.Refused != b.Total {
		t.Errorf("staff: %d of %d would be done", b.Total-b.Refused, b.Total)
	}
}

// TestBulkUndoOfAFirstValue: where a field had nothing before, it has nothing
// again, and who held the ticket holds it again.
func TestBulkUndoOfAFirstValue(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	c, err := d.Incidents.Config(lead)
	if err != nil {
		t.Fatal(err)
	}
	c.Settings.DefaultTeam = nil
	if err := d.Incidents.SetSettings(lead, c.Settings); err != nil {
		t.Fatal(err)
	}
	team, net := teamID(t, d, "Applications"), category(t, d, "Network")
	for _, in := range []incident.BulkInput{
		{Act: "assign", TeamID: &team},
		{Act: "category", CategoryID: &net},
		{Act: "service", ServiceID: &c.Services[0].ID},
	} {
		i := report(t, d, "staff", func(x *incident.CreateInput) { x.CategoryID = nil })
		before, _, err := d.Incidents.Get(lead, i.ID)
		if err != nil || before.TeamID != nil || before.CategoryID != nil || before.ServiceID != nil {
			t.Fatalf("%+v %v", before, err)
		}
		in.IDs = []uuid.UUID{i.ID}
		b, err := d.Incidents.Bulk(lead, in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Batches.Start(lead, b.ID); err != nil {
			t.Fatal(err)
		}
		if b = ended(t, d, "lead", b.ID); b.Succeeded != 1 {
			t.Fatalf("%s: %+v", in.Act, rowsOf(t, d, "lead", b))
		}
		u, err := d.Batches.Undo(lead, b.ID)
		if err != nil {
			t.Fatalf("%s: %v", in.Act, err)
		}
		if u = ended(t, d, "lead", u.ID); u.Succeeded != 1 {
			t.Errorf("%s: %+v", in.Act, rowsOf(t, d, "lead", u))
		}
		after, _, err := d.Incidents.Get(lead, i.ID)
		if err != nil || after.TeamID != nil || after.CategoryID != nil || after.ServiceID != nil || !same(after.AssigneeID, before.AssigneeID) {
			t.Errorf("%s is not taken back: %+v %v", in.Act, after, err)
		}
	}
}

// TestBulkIsAimedAtWhatIsThere: a change whose aim no ticket could have is
// refused before it is previewed, at the field that names it.
func TestBulkIsAimedAtWhatIsThere(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead, ids := d.As("lead"), []uuid.UUID{report(t, d, "staff").ID}
	staff, second, gone := personID(t, d, "staff"), personID(t, d, "engineer2"), category(t, d, "Network")
	if _, err := d.Presence.Enter(d.As("engineer2"), presence.EnterInput{From: d.Desk.Now().Format(time.DateOnly), To: d.Desk.Now().AddDate(0, 0, 2).Format(time.DateOnly)}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE incident_categories SET active = false WHERE id = $1`, gone); err != nil {
		t.Fatal(err)
	}
	nobody := uuid.New()
	for name, x := range map[string]struct {
		in   incident.BulkInput
		want string
	}{
		"no engineer":  {incident.BulkInput{Act: "assign", AssigneeID: &staff}, "assignee_id incident.error.not_engineer"},
		"away":         {incident.BulkInput{Act: "assign", AssigneeID: &second}, "assignee_id incident.error.absent"},
		"no such team": {incident.BulkInput{Act: "assign", TeamID: &nobody}, "team_id validation.unknown"},
		"retired":      {incident.BulkInput{Act: "category", CategoryID: &gone}, "category_id validation.unknown"},
		"no service":   {incident.BulkInput{Act: "service", ServiceID: &nobody}, "service_id validation.unknown"},
	} {
		x.in.IDs = ids
		_, err := d.Incidents.Bulk(lead, x.in)
		f := fault.Of(err)
		if f == nil || len(f.Fields) != 1 || f.Fields[0].Name+" "+f.Fields[0].Code != x.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBulkPreviewSaysWhatWouldBeRefused: what belongs to a ticket and what the
// actor may do with it decide in the preview as they do in the run; a right that
// is lost in between counts.
func TestBulkPreviewSaysWhatWouldBeRefused(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead, eng := d.As("lead"), d.As("engineer")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	free, busy, parent, theirs := report(t, d, "staff"), report(t, d, "staff"), report(t, d, "staff"), report(t, d, "engineer")
	for range 2 {
		must(d.Incidents.AddTask(lead, busy.ID, incident.TaskInput{Title: "Order a toner"}))
	}
	attach(t, d, report(t, d, "staff"), parent, incident.PartOf)
	apps := teamID(t, d, "Applications")
	must(d.Incidents.Assign(lead, theirs.ID, incident.AssignInput{TeamID: &apps})) // whoever reported it sees it there
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	ids := []uuid.UUID{free.ID, busy.ID, parent.ID, theirs.ID, hidden.ID, uuid.New()}
	in := incident.BulkInput{Act: "resolve", IDs: ids, Code: "fixed", Cause: "Toner was empty", Process: "Toner was replaced"}
	b, err := d.Incidents.Bulk(eng, in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{free.Label(): "", busy.Label(): "incident.error.open_tasks", parent.Label(): "incident.error.open_parts", theirs.Label(): "authz.denied"}
	codes := func(b batch.Batch) map[string]string {
		out := map[string]string{}
		for label, r := range rowsOf(t, d, "engineer", b) {
			out[label] = r.Code
		}
		return out
	}
	before := codes(b)
	want[theirs.Label()] = before[theirs.Label()]
	if before[theirs.Label()] == "" || !maps.Equal(before, want) || b.Refused != 3 {
		t.Errorf("preview: %v, %d refused", before, b.Refused)
	}
	for lang, said := range map[string]string{"en": "2 tasks are still open", "zh-CN": "还有 2 个任务没有完成"} {
		if page := d.Client("engineer").Get("/jobs/"+b.ID.String(), "Cookie", "lang="+lang, "Accept-Language", lang).Text(); !strings.Contains(page, said) {
			t.Errorf("%s: the page does not say %q", lang, said)
		}
	}
	must(d.Batches.Start(eng, b.ID))
	b = ended(t, d, "engineer", b.ID)
	if after := codes(b); !maps.Equal(after, want) || b.Succeeded != 1 {
		t.Errorf("the run decided otherwise than its preview: %v, %d done", after, b.Succeeded)
	}
	if n := rowsOf(t, d, "engineer", b)[busy.Label()].Args["count"]; n != float64(2) {
		t.Errorf("open tasks in the result: %v", n)
	}
	// Between preview and run the engineer leaves the team.
	in = incident.BulkInput{Act: "note", IDs: []uuid.UUID{busy.ID, parent.ID}, Body: "Toner is on its way"}
	if b, err = d.Incidents.Bulk(eng, in); err != nil || b.Refused != 0 {
		t.Fatalf("%d refused: %v", b.Refused, err)
	}
	must(d.Batches.Start(eng, b.ID))
	must(d.Pool.PGX().Exec(t.Context(), `DELETE FROM team_members WHERE person_id = $1`, personID(t, d, "engineer")))
	if b = ended(t, d, "engineer", b.ID); b.Succeeded != 0 || b.Refused != 2 {
		t.Errorf("without the right: %d done, %d refused", b.Succeeded, b.Refused)
	}
}

// TestBulkPriorityNeedsItsReasonWhereItIsAnother: what the matrix gives needs
// none.
func TestBulkPriorityNeedsItsReasonWhereItIsAnother(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	low := report(t, d, "staff", func(in *incident.CreateInput) { in.Impact, in.Urgency = 3, 3 })
	mid := report(t, d, "staff")
	b, err := d.Incidents.Bulk(d.As("lead"), incident.BulkInput{Act: "priority", IDs: []uuid.UUID{low.ID, mid.ID}, Priority: mid.Priority})
	if err != nil {
		t.Fatal(err)
	}
	if rows := rowsOf(t, d, "lead", b); rows[low.Label()].Code != "incident.error.priority_reason" || rows[mid.Label()].Code != "" {
		t.Errorf("preview: %+v", rows)
	}
}

// counting is a pool that counts what it asks.
type counting struct{ n atomic.Int64 }

func (c *counting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *counting) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestBulkPreviewAsksAHandfulOfQuestions however many tickets it looks at.
func TestBulkPreviewAsksAHandfulOfQuestions(t *testing.T) {
	t.Parallel()
	var c counting
	d := apptest.New(t, apptest.Options{Pool: func(tb testing.TB, address string) *db.Pool {
		p, err := db.Open(context.Background(), address, 0, func(o *pgxpool.Config) { o.ConnConfig.Tracer = &c })
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}})
	var ids []uuid.UUID
	for range 30 {
		ids = append(ids, report(t, d, "staff").ID)
	}
	lead := d.As("lead")
	for _, in := range []incident.BulkInput{
		{Act: "note", Body: "Toner is on its way"},
		{Act: "resolve", Code: "fixed", Cause: "Toner was empty", Process: "Toner was replaced"},
		{Act: "parent", ParentNumber: report(t, d, "staff").Label()},
	} {
		asked := func(n int) int64 {
			before := c.n.Load()
			in.IDs = ids[:n]
			if _, err := d.Incidents.Bulk(lead, in); err != nil {
				t.Fatal(err)
			}
			return c.n.Load() - before
		}
		asked(1) // what is kept is read once
		if few, many := asked(2), asked(30); many > few {
			t.Errorf("%s: %d statements for two tickets, %d for thirty", in.Act, few, many)
		}
	}
}

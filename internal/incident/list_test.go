package incident_test

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/view"
)

func titles(t *testing.T, d *apptest.Desk, ctx context.Context, query string) []string {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	f, err := incident.ParseFilter(q)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	f.Limit = 200 // more than the demo company has
	p, err := d.Incidents.List(ctx, f, "")
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if p.Total != len(p.Rows) {
		t.Errorf("%s: counted %d, listed %d", query, p.Total, len(p.Rows))
	}
	var out []string
	for _, r := range p.Rows {
		out = append(out, r.Title)
	}
	slices.Sort(out)
	return out
}

// TestFilters: each condition finds what it says and nothing else.
func TestFilters(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := d.As("lead")
	title := func(s string) func(*incident.CreateInput) { return func(in *incident.CreateInput) { in.Title = s } }
	own := func(in []string) []string {
		return slices.DeleteFunc(in, func(s string) bool { return !slices.Contains([]string{"plain", "mine", "held", "done"}, s) })
	}
	report(t, d, "staff", title("plain"))
	mine := report(t, d, "staff", title("mine"))
	if _, err := d.Incidents.Claim(d.As("engineer"), mine.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	held := report(t, d, "manager", title("held"), func(in *incident.CreateInput) { in.Impact, in.Urgency = 1, 1 })
	bring(t, d, held, incident.Pending)
	done := report(t, d, "staff", title("done"))
	bring(t, d, done, incident.Resolved)

	for query, want := range map[string][]string{
		"view=all":                                  {"done", "held", "mine", "plain"},
		"view=open":                                 {"held", "mine", "plain"},
		"view=all&f=state.is.pending":               {"held"},
		"view=all&f=state.not.pending,resolved":     {"mine", "plain"},
		"view=all&state=pending,resolved":           {"done", "held"},
		"view=all&f=priority.is.1":                  {"held"},
		"view=all&f=priority.not.1":                 {"done", "mine", "plain"},
		"view=all&f=assignee.none.":                 {"plain"},
		"view=all&f=assignee.any":                   {"done", "held", "mine"},
		"view=all&f=pending.is.vendor":              {"held"},
		"view=all&f=pending.not.vendor":             {"done", "mine", "plain"},
		"view=all&f=channel.is.portal":              {"done", "held", "mine", "plain"},
		"view=all&f=channel.not.portal":             nil,
		"view=all&f=created.within.1h":              {"done", "held", "mine", "plain"},
		"view=all&f=created.older.1d":               nil,
		"view=all&f=updated.after.2001-01-01":       {"done", "held", "mine", "plain"},
		"view=all&f=updated.before.2001-01-01":      nil,
		"view=all&f=vip.is.no&f=confidential.is.no": {"done", "held", "mine", "plain"},
		"view=all&f=confidential.is.yes":            nil,
		"view=all&f=service.none":                   {"done", "held", "mine", "plain"},
		"view=all&q=held":                           {"held"},
		"view=all&q=Dust":                           {"done"}, // the cause is searched too
		"view=all&q=" + done.Label():                {"done"},
		"view=all&q=printer&f=state.is.pending":     {"held"},
		"view=open&group=state":                     {"held", "mine", "plain"},
		"view=open&group=assignee":                  {"held", "mine", "plain"},
		"view=open&group=team":                      {"held", "mine", "plain"},
	} {
		if got := own(titles(t, d, lead, query)); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s found %q, want %q", query, got, want)
		}
	}
	if got := own(titles(t, d, d.As("engineer"), "view=all&f=assignee.is.me&f=state.not.resolved,pending")); !slices.Equal(got, []string{"mine"}) {
		t.Errorf("assigned to me: %q", got)
	}
	if got := own(titles(t, d, d.As("manager"), "view=all&f=requester.is.me")); !slices.Equal(got, []string{"held"}) {
		t.Errorf("reported by me: %q", got)
	}
	for _, bad := range []string{"f=title.is.x", "f=state.is.sleeping", "f=state.within.1d", "f=priority.is.9", "f=team.is.x", "f=created.within.0d", "f=created.after.2026-13-01", "f=state", "f=state.is.", "view=none", "group=vip"} {
		q, _ := url.ParseQuery(bad)
		if _, err := incident.ParseFilter(q); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// TestFiltersSurviveTheAddress: a filter written as an address is the same
// filter again.
func TestFiltersSurviveTheAddress(t *testing.T) {
	t.Parallel()
	q, _ := url.ParseQuery("view=mine&q=打印机 卡纸&group=team&f=state.not.pending,new&f=created.within.12h&priority=1,2&f=assignee.none")
	f, err := incident.ParseFilter(q)
	if err != nil {
		t.Fatal(err)
	}
	again, err := incident.ParseFilter(f.Query())
	if err != nil {
		t.Fatal(err)
	}
	if f.Query().Encode() != again.Query().Encode() || len(again.Clauses) != 4 {
		t.Errorf("%s became %s", f.Query().Encode(), again.Query().Encode())
	}
	if w := f.Without(f.Clauses[0]); len(w.Clauses) != 3 || len(f.Clauses) != 4 {
		t.Errorf("without one: %v of %v", w.Clauses, f.Clauses)
	}
}

// TestSearchHonoursAccess: what a person may not read finds nothing for them,
// in lists, counts and the palette.
func TestSearchHonoursAccess(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "三楼绘图仪卡纸" })
	if _, err := d.Incidents.Note(d.As("engineer"), i.ID, incident.ReplyInput{Body: "codeword xylophone"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Reply(d.As("engineer"), i.ID, incident.ReplyInput{Body: "换了定影器"}); err != nil {
		t.Fatal(err)
	}
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Title, in.Confidential = "marimba payroll", true })
	finds := func(who, text string) []string { return titles(t, d, d.As(who), "view=all&q="+url.QueryEscape(text)) }
	for _, c := range []struct {
		who, text string
		n         int
	}{
		{"engineer", "xylophone", 1},
		{"lead", "xylophone", 1},
		{"staff", "xylophone", 0},
		{"manager", "xylophone", 0},
		{"engineer", "定影器", 1},
		{"staff", "定影", 1},
		{"manager", "定影器", 0},
		{"engineer", "htykz", 1},
		{"engineer", "marimba", 0},
		{"staff", "marimba", 1},
		{"manager", "marimba", 0},
		{"auditor", "marimba", 0},
	} {
		if got := finds(c.who, c.text); len(got) != c.n {
			t.Errorf("%s looking for %s found %q, want %d", c.who, c.text, got, c.n)
		}
		rows, err := d.Incidents.Find(d.As(c.who), c.text)
		if err != nil || len(rows) != c.n {
			t.Errorf("%s in the palette for %s: %d (%v), want %d", c.who, c.text, len(rows), err, c.n)
		}
	}
	if got := finds("manager", hidden.Label()); len(got) != 0 {
		t.Errorf("the number of a confidential ticket found %q", got)
	}
	// A changed title is found by its new words only.
	v := "四楼复印机"
	if _, err := d.Incidents.Edit(d.As("engineer"), i.ID, incident.EditInput{Title: &v}); err != nil {
		t.Fatal(err)
	}
	if len(finds("engineer", "三楼绘图仪")) != 0 || len(finds("engineer", "四楼复印机")) != 1 || len(finds("engineer", "xylophone")) != 1 {
		t.Error("a changed title is not found by its words")
	}
}

// TestOldRecordsAreIndexed: what was made before there was an index is found
// once the job has run, with what was said on it.
func TestOldRecordsAreIndexed(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "古琴" })
	if _, err := d.Incidents.Reply(d.As("engineer"), i.ID, incident.ReplyInput{Body: "bassoon"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `DELETE FROM search_docs`); err != nil {
		t.Fatal(err)
	}
	if got := titles(t, d, d.As("engineer"), "view=all&q=古琴"); len(got) != 0 {
		t.Fatalf("found %q without an index", got)
	}
	if err := d.Jobs.Tick(t.Context(), incident.JobIndex); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"古琴", "bassoon"} {
		if got := titles(t, d, d.As("engineer"), "view=all&q="+text); len(got) != 1 {
			t.Errorf("%s found %q", text, got)
		}
	}
}

// TestWordsFollowTheState: a word is found among the open ones for as long as
// the ticket is open, by title and by note, and in all of them ever after.
func TestWordsFollowTheState(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "琵琶" })
	if _, err := d.Incidents.Note(d.As("engineer"), i.ID, incident.ReplyInput{Body: "clavichord"}); err != nil {
		t.Fatal(err)
	}
	look := func(when string, open int) {
		t.Helper()
		for _, text := range []string{"琵琶", "clavichord"} {
			if got := titles(t, d, d.As("engineer"), "view=open&q="+text); len(got) != open {
				t.Errorf("%s: %s found %q among the open ones", when, text, got)
			}
			if got := titles(t, d, d.As("engineer"), "view=all&q="+text); len(got) != 1 {
				t.Errorf("%s: %s found %q among all", when, text, got)
			}
		}
	}
	look("new", 1)
	set := func(state string) {
		t.Helper()
		if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE records SET state = @s, category = @s WHERE id = @id`, db.Args{"s": state, "id": i.ID}); err != nil {
			t.Fatal(err)
		}
	}
	set("closed")
	look("closed", 0)
	set("active")
	look("opened again", 1)
}

// TestABareNumberMayBeAWord: a number without the letters of its kind finds the
// ticket of that number and those that say it, in the list, its count and the
// palette, where the ticket is first; one written in full is meant alone.
func TestABareNumberMayBeAWord(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	named := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "trombone" })
	bare := strconv.FormatInt(named.Number, 10)
	for n := range 9 {
		report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "铁路" + bare + "无法登录" + strings.Repeat("。", n) })
	}
	report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "铁路12306无法登录" })
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Title, in.Confidential = "marimba", true })
	ctx := d.As("engineer")
	for query, want := range map[string]int{
		"view=all&q=" + bare:                                 10,
		"view=all&sort=created&q=" + bare:                    10,
		"view=open&q=" + bare:                                10,
		"view=open&q=00" + bare:                              1,
		"view=closed&q=" + bare:                              0,
		"view=all&q=" + named.Label():                        1,
		"view=all&q=12306":                                   1,
		"view=all&q=" + strconv.FormatInt(hidden.Number, 10): 0,
	} {
		if got := titles(t, d, ctx, query); len(got) != want {
			t.Errorf("%s found %q, want %d", query, got, want)
		}
		if _, err := d.Views.Save(ctx, incident.Kind, view.SaveInput{Name: query, Query: query}); err != nil {
			t.Fatal(err)
		}
		views, counts, err := d.Incidents.Saved(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			if v.Name == query && counts[v.ID.String()] != want {
				t.Errorf("%s is counted as %d, want %d", query, counts[v.ID.String()], want)
			}
		}
	}
	// However small the pages are, each row is on one of them.
	for _, f := range []incident.Filter{{View: "open", Sort: "due"}, {View: "open", Sort: "priority"}, {View: "open", Group: "team"}, {View: "all", Sort: "updated"}, {View: "all", Sort: "created"}} {
		f.Text = bare
		for f.Limit = 1; f.Limit < 4; f.Limit++ {
			seen, cursor := map[int64]int{}, ""
			for pages := 0; pages == 0 || cursor != "" && pages < 20; pages++ {
				p, err := d.Incidents.List(ctx, f, cursor)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range p.Rows {
					n, _ := incident.ParseLabel(r.Number)
					seen[n]++
				}
				cursor = p.Next
			}
			if len(seen) != 10 || seen[named.Number] != 1 {
				t.Errorf("%+v: %v", f, seen)
			}
		}
	}
	for text, want := range map[string]int{bare: 5, named.Label(): 1, "12306": 1} {
		rows, err := d.Incidents.Find(ctx, text)
		if err != nil || len(rows) != want || text != "12306" && rows[0].ID != named.ID {
			t.Errorf("the palette found %d for %s (%v), want %d and the ticket of the number first", len(rows), text, err, want)
		}
	}
}

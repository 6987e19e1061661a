package incident_test

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/view"
)

// TestSavedViews: a view is its owner's or its team's, and shows each reader
// only what they may see.
func TestSavedViews(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	teams, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	var network identity.Team
	for _, x := range teams {
		if x.NameEn == "Network" {
			network = x
		}
	}
	save := func(who string, in view.SaveInput) (view.View, error) {
		return d.Views.Save(d.As(who), incident.Kind, in)
	}
	own, err := save("engineer", view.SaveInput{Name: " P1 today ", Query: "view=open&f=priority.is.1"})
	if err != nil || own.Name != "P1 today" {
		t.Fatalf("%q %v", own.Name, err)
	}
	team, err := save("engineer", view.SaveInput{Name: "Radio", Query: "view=all&q=Wi-Fi", TeamID: &network.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := save("engineer", view.SaveInput{Name: "x", Query: "f=nothing.is.1"}); code(err) != "queue.error.filter" {
		t.Errorf("a filter nobody understands: %v", err)
	}
	if _, err := save("qian.fei", view.SaveInput{Name: "x", Query: "", TeamID: &network.ID}); code(err) != "authz.denied.scope" {
		t.Errorf("a view for somebody else's team: %v", err)
	}
	if _, err := save("engineer", view.SaveInput{Name: "p1 TODAY"}); err == nil {
		t.Error("two views of one name")
	}
	names := func(who string) string {
		l, _, err := d.Incidents.Saved(d.As(who))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, v := range l {
			out = append(out, v.Name)
		}
		return strings.Join(out, ", ")
	}
	for who, want := range map[string]string{"engineer": "P1 today, Radio", "engineer2": "Radio", "qian.fei": "", "staff": ""} {
		if got := names(who); got != want {
			t.Errorf("%s has %q, want %q", who, got, want)
		}
	}
	if _, err := d.Views.Get(d.As("engineer2"), own.ID); code(err) != "error.not_found" {
		t.Errorf("somebody else's view: %v", err)
	}
	if _, err := d.Views.Delete(d.As("engineer2"), own.ID, view.DeleteInput{}); err == nil {
		t.Error("somebody else deleted a view")
	}

	// The page shows it by name; a changed condition leaves the saved one alone.
	c := d.Client("engineer")
	if a := c.Get("/incidents?v=" + own.ID.String()); a.Status != 200 || !strings.Contains(a.Text(), "<h1 class=\"cut\">P1 today</h1>") || !strings.Contains(a.Text(), "f=priority.is.1") {
		t.Errorf("the view's page: %d", a.Status)
	}
	if a := d.Client("auditor").Get("/incidents?v=" + team.ID.String()); a.Status != 404 {
		t.Errorf("a stranger opens a team's view: %d", a.Status)
	}
	bad := c.Post("/incidents/views", url.Values{"name": {strings.Repeat("长", 61)}, "query": {"view=mine"}, "alert_above": {"7"}, "version": {"0"}})
	if bad.Status != 422 || !strings.Contains(bad.Text(), strings.Repeat("长", 61)) || !strings.Contains(bad.Text(), `value="7"`) {
		t.Errorf("a name too long: %d", bad.Status)
	}
	// Layout and columns are kept per list.
	c.Post("/incidents/display", url.Values{"list": {own.ID.String()}, "layout": {"table"}, "columns": {"team", "updated", "nonsense"}, "return": {"/incidents"}})
	at := "/incidents?v=" + own.ID.String()
	if a := c.Get(at); !strings.Contains(a.Text(), "q-table") {
		t.Error("the list is no table")
	}
	// A column that the list can be in the order of says whether it is.
	for address, want := range map[string]string{at + "&sort=updated": "descending", at + "&sort=priority": "", at + "&sort=updated&group=team": ""} {
		a := c.Get(address)
		got := regexp.MustCompile(`aria-sort="(\w+)"`).FindStringSubmatch(a.Text())
		if (got == nil) != (want == "") || want != "" && got[1] != want || !strings.Contains(a.Text(), `class="th-sort" href="/incidents?`) {
			t.Errorf("%s: sorted %v, not %q", address, got, want)
		}
	}
	if a := c.Get("/incidents"); strings.Contains(a.Text(), "q-table") {
		t.Error("another list became a table")
	}
	if _, err := d.Views.Delete(d.As("engineer"), team.ID, view.DeleteInput{Version: team.Version}); err != nil {
		t.Error(err)
	}
	if got := names("engineer2"); got != "" {
		t.Errorf("after it was deleted: %q", got)
	}
}

// TestAWatchedViewTellsOnce: once when it holds too much, and again only after
// it had not.
func TestAWatchedViewTellsOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	limit := 1
	v, err := d.Views.Save(d.As("engineer"), incident.Kind, view.SaveInput{Name: "Oboes", Query: "view=open&q=oboe", AlertAbove: &limit})
	if err != nil {
		t.Fatal(err)
	}
	told := func() (n int) {
		d.Drain()
		list, err := d.Notify.Lines(d.As("engineer"), notify.All, nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Event == "incident.view_over" && x.RecordID == v.ID {
				n++
			}
		}
		return n
	}
	look := func() {
		d.Advance(time.Minute)
		if err := d.Jobs.Tick(t.Context(), incident.JobViews); err != nil {
			t.Fatal(err)
		}
	}
	var all []incident.Incident
	add := func() {
		all = append(all, report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "oboe" }))
	}
	add()
	look()
	if told() != 0 {
		t.Error("told of a view that holds no more than wanted")
	}
	add()
	look()
	look()
	if n := told(); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
	if _, err := d.Incidents.Cancel(d.As("staff"), all[0].ID, incident.CancelInput{Reason: "withdrawn"}); err != nil {
		t.Fatal(err)
	}
	look()
	add()
	look()
	if n := told(); n != 2 {
		t.Errorf("told %d times after it was over and came again, want twice", n)
	}
}

// TestAViewWithWhatIsGone: what a saved view asks for and the desk does not know
// any more is left out and named; the view opens, is counted, raises its alarm
// and can be saved again, renamed and deleted. A filter in an address is refused.
func TestAViewWithWhatIsGone(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx, c := d.As("engineer"), d.Client("engineer")
	limit := 0
	v, err := d.Views.Save(ctx, incident.Kind, view.SaveInput{Name: "Cornets", Query: "view=open&q=cornet", AlertAbove: &limit})
	if err != nil {
		t.Fatal(err)
	}
	const gone = "view=gone&group=moon&sort=tide&q=cornet&f=state.is.new,melted&f=flavour.is.sweet&f=channel.is.pigeon"
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE views SET query = $1 WHERE id = $2`, gone, v.ID); err != nil {
		t.Fatal(err)
	}
	report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "cornet" })
	for lang, words := range map[string][]string{
		"en":    {"left out", "Update “Cornets”", "“Status melted”", "“flavour.is.sweet”", "pigeon”", "“List gone”", "“Order tide”", "“Group moon”"},
		"zh-CN": {"已略去", "更新“Cornets”", "“状态 melted”", "“列表 gone”"},
	} {
		a := c.Get("/incidents?v="+v.ID.String(), "Cookie", "lang="+lang, "Accept-Language", lang)
		text := html.UnescapeString(a.Text())
		for _, w := range words {
			if a.Status != 200 || !strings.Contains(text, w) {
				t.Errorf("%s: the page (%d) does not say %s", lang, a.Status, w)
			}
		}
		if !strings.Contains(text, ">cornet<") {
			t.Error("the page does not list what the rest finds")
		}
	}
	if a := c.Get("/incidents?" + gone); a.Status != 422 {
		t.Errorf("a filter nobody understands, in an address: %d", a.Status)
	}
	if _, counts, err := d.Incidents.Saved(ctx); err != nil || counts[v.ID.String()] != 1 {
		t.Errorf("counted %d (%v), want 1", counts[v.ID.String()], err)
	}
	d.Advance(time.Minute)
	if err := d.Jobs.Tick(t.Context(), incident.JobViews); err != nil {
		t.Fatal(err)
	}
	if v, err = d.Views.Get(ctx, v.ID); err != nil || !v.Alerted {
		t.Errorf("no alarm (%v)", err)
	}
	form := html.UnescapeString(c.Get("/incidents/views/" + v.ID.String()).Text())
	const rest = "f=state.is.new&q=cornet"
	if !strings.Contains(form, `name="query" value="`+rest+`"`) {
		t.Error("the form would save what is refused")
	}
	if a := c.Post("/incidents/views", url.Values{"id": {v.ID.String()}, "name": {"Horns"}, "query": {rest}, "version": {strconv.Itoa(v.Version)}}); a.Status != 303 {
		t.Errorf("saved again: %d", a.Status)
	}
	if a := c.Get("/incidents?v=" + v.ID.String()); a.Status != 200 || strings.Contains(a.Text(), "alert amber") {
		t.Errorf("after it was saved again: %d, or still said to be broken", a.Status)
	}
}

// TestATeamsAlarmOutlivesItsOwner: a team's view tells its lead when whoever saved
// it has left, an own view nobody; and however many are watched, each is looked at.
func TestATeamsAlarmOutlivesItsOwner(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	teams, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	ctx, limit := d.As("engineer"), 0
	n := slices.IndexFunc(teams, func(x identity.Team) bool { return x.NameEn == "Network" })
	own, err := d.Views.Save(ctx, incident.Kind, view.SaveInput{Name: "Own", Query: "q=tuba", AlertAbove: &limit})
	if err != nil {
		t.Fatal(err)
	}
	team, err := d.Views.Save(ctx, incident.Kind, view.SaveInput{Name: "Team", Query: "q=tuba", AlertAbove: &limit, TeamID: &teams[n].ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `INSERT INTO views (id, version, kind, name, query, owner_id, alert_above, alerted, deleted, created_at, updated_at)
		SELECT md5('v' || n)::uuid, 1, kind, 'v' || n, 'q=nothing', owner_id, 5, false, false, created_at, updated_at FROM views, generate_series(1, 600) n WHERE id = $1`, own.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE views SET id = 'ffffffff-ffff-7fff-bfff-ffffffffffff' WHERE id = $1`, team.ID); err != nil {
		t.Fatal(err)
	}
	report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "tuba" })
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE people SET active = false WHERE id = $1`, own.OwnerID); err != nil {
		t.Fatal(err)
	}
	d.Advance(time.Minute)
	if err := d.Jobs.Tick(t.Context(), incident.JobViews); err != nil {
		t.Fatal(err)
	}
	var alerted []string
	if err := d.Pool.QueryRow(t.Context(), `SELECT array_agg(name) FROM views WHERE alerted`).Scan(&alerted); err != nil || !slices.Equal(alerted, []string{"Team"}) {
		t.Errorf("alarms of %q (%v), want that of the team's view", alerted, err)
	}
	d.Drain()
	var told []uuid.UUID
	if err := d.Pool.QueryRow(t.Context(), `SELECT array_agg(person_id) FROM notifications WHERE event = 'incident.view_over'`).Scan(&told); err != nil || teams[n].LeadID == nil || !slices.Equal(told, []uuid.UUID{*teams[n].LeadID}) {
		t.Errorf("told %v (%v), want the team's lead", told, err)
	}
}

// TestCountsOfTheNavigationForgetOwnActs: a count may be a few seconds old, but
// never older than what its reader did.
func TestCountsOfTheNavigationForgetOwnActs(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("engineer")
	_, before := d.Incidents.Navigation(d.As("engineer"))
	i := report(t, d, "staff")
	c.Post("/incidents/"+i.Label()+"/claim", url.Values{"version": {"1"}})
	_, after := d.Incidents.Navigation(d.As("engineer"))
	if after["mine"] != before["mine"]+1 {
		t.Errorf("mine: %d, then %d", before["mine"], after["mine"])
	}
}

// TestARemarkStaysAmongThoseWhoReadNotes: what is said when a ticket is handed
// on is a note; an engineer whose own report is with another team does not read
// it, on the page or through the API, and nor does who may read everything but
// notes.
func TestARemarkStaysAmongThoseWhoReadNotes(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i, apps := report(t, d, "engineer"), teamID(t, d, "Applications")
	if _, err := d.Incidents.Transfer(d.As("lead"), i.ID, incident.TransferInput{TeamID: apps, Remark: "Zeppelin hangar: do not tell"}); err != nil {
		t.Fatal(err)
	}
	for who, reads := range map[string]bool{"lead": true, "engineer": false, "auditor": false} {
		page := d.Client(who).Get("/incidents/" + i.Label())
		if page.Status != 200 || strings.Contains(page.Text(), "Zeppelin") != reads {
			t.Errorf("page of %s (%d) shows the remark: %t", who, page.Status, !reads)
		}
		if api := d.API(who).Get("/api/v1/incidents/" + i.Label() + "/history"); api.Status != 200 || strings.Contains(api.Text(), "Zeppelin") != reads {
			t.Errorf("history of %s (%d) shows the remark: %t", who, api.Status, !reads)
		}
		if api := d.API(who).Get("/api/v1/incidents/" + i.Label() + "/history"); !strings.Contains(api.Text(), `"team"`) {
			t.Errorf("history of %s does not tell of the transfer", who)
		}
	}
}

package incident_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
)

func words() incident.AnnounceFields {
	return incident.AnnounceFields{TitleZh: "邮件延迟", TitleEn: "Mail is late", TextZh: "外部邮件可能晚到。", TextEn: "Mail from outside may be late.", Audience: "all"}
}

func announce(t *testing.T, d *apptest.Desk, i incident.Incident, change ...func(*incident.AnnounceFields)) {
	t.Helper()
	f := words()
	for _, c := range change {
		c(&f)
	}
	if _, err := d.Incidents.Announce(d.As("lead"), i.ID, incident.AnnounceInput{AnnounceFields: f}); err != nil {
		t.Fatal(err)
	}
}

func told(t *testing.T, d *apptest.Desk, who string) (titles []string) {
	t.Helper()
	l, err := d.Incidents.Announcements(d.As(who))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range l {
		titles = append(titles, a.Number)
	}
	return titles
}

func one(t *testing.T, d *apptest.Desk, sql string, args ...any) (id uuid.UUID) {
	t.Helper()
	if err := d.Pool.PGX().QueryRow(t.Context(), sql, args...).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestAnnouncementsReachWhomTheyConcern: all, a department and those below it,
// or whoever uses, owns or supports a service. For others it does not exist.
func TestAnnouncementsReachWhomTheyConcern(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	department := func(name string) uuid.UUID {
		return one(t, d, `SELECT id FROM departments WHERE name_en = $1`, name)
	}
	erp := one(t, d, `SELECT id FROM services WHERE name_en = 'ERP system'`)
	i := report(t, d, "staff")
	for _, c := range []struct {
		name   string
		change func(*incident.AnnounceFields)
		see    map[string]bool
	}{
		{"everybody", func(*incident.AnnounceFields) {}, map[string]bool{"staff": true, "gu.yan": true, "luo.qiang": true, "auditor": true}},
		{"a department and those below", func(f *incident.AnnounceFields) {
			f.Audience, f.Departments = "some", []uuid.UUID{department("Production")}
		}, map[string]bool{"luo.qiang": true, "tom.becker": true, "gu.yan": false, "staff": false}},
		{"one below", func(f *incident.AnnounceFields) {
			f.Audience, f.Departments = "some", []uuid.UUID{department("Suzhou Plant")}
		}, map[string]bool{"luo.qiang": true, "tom.becker": false, "xie.fang": false}},
		// gu.yan reported on ERP; tang.yi works in its team.
		{
			"a service", func(f *incident.AnnounceFields) { f.Audience, f.Services = "some", []uuid.UUID{erp} },
			map[string]bool{"gu.yan": true, "tang.yi": true, "luo.qiang": false, "shen.jing": false},
		},
	} {
		announce(t, d, i, c.change)
		for who, want := range c.see {
			if got := len(told(t, d, who)) == 1; got != want {
				t.Errorf("%s: %s sees it: %v", c.name, who, got)
			}
			_, _, err := d.Incidents.Announced(d.As(who), i.ID)
			seesTicket := who == "staff" || who == "tang.yi"
			if got := err == nil; got != (want || seesTicket) || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: the announcement exists for %s: %v", c.name, who, err)
			}
		}
	}
	in := incident.AnnounceInput{AnnounceFields: words()}
	in.Audience = "some"
	if _, err := d.Incidents.Announce(d.As("lead"), i.ID, in); code(err) != "incident.error.announce_nobody" {
		t.Errorf("announced to nobody: %v", err)
	}
	in.Audience, in.TitleZh, in.TitleEn = "all", " ", ""
	if _, err := d.Incidents.Announce(d.As("lead"), i.ID, in); code(err) != "incident.error.announce_title" {
		t.Errorf("announced without a title: %v", err)
	}
	for _, who := range []string{"staff", "he.ming", "auditor", "engineer"} {
		_, err := d.Incidents.Announce(d.As(who), i.ID, incident.AnnounceInput{AnnounceFields: words()})
		if ok := err == nil; ok != (who == "he.ming") {
			t.Errorf("%s announces: %v", who, err)
		}
	}
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Confidential = true })
	if _, err := d.Incidents.Announce(d.As("lead"), hidden.ID, incident.AnnounceInput{AnnounceFields: words()}); code(err) != "incident.error.announce_confidential" {
		t.Errorf("a confidential incident was announced: %v", err)
	}
	announce(t, d, i)
	if _, err := d.Incidents.Hide(d.As("lead"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if len(told(t, d, "gu.yan")) != 0 || d.Client("implementer").Get("/announcements/"+i.Label()).Status != 404 {
		t.Error("what became confidential is still announced")
	}
}

// TestMeTooIsOncePerPerson: many at once and one many times; undone; over when
// the fault is. The ticket stays hidden from who says it.
func TestMeTooIsOncePerPerson(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	i := report(t, d, "staff")
	if _, err := s.MeToo(d.As("implementer"), i.ID, incident.MeTooInput{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("me too on what is not announced: %v", err)
	}
	announce(t, d, i)
	var wg sync.WaitGroup
	for _, who := range []string{"implementer", "implementer", "implementer", "luo.qiang", "shen.jing", "luo.qiang"} {
		ctx := d.As(who)
		wg.Go(func() {
			if _, err := s.MeToo(ctx, i.ID, incident.MeTooInput{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a, _, err := s.Announced(d.As("implementer"), i.ID)
	if err != nil || a.Affected != 3 || !a.Mine {
		t.Fatalf("%v %+v", err, a)
	}
	if n := len(told(t, d, "implementer")); n != 1 {
		t.Error("not announced any more")
	}
	if r := d.Client("implementer").Get("/incidents/" + i.Label()); r.Status != 404 {
		t.Errorf("“me too” opened the ticket: %d", r.Status)
	}
	if a, err = s.NotMe(d.As("implementer"), i.ID); err != nil || a.Affected != 2 || a.Mine {
		t.Errorf("%v %+v", err, a)
	}
	if _, err = s.NotMe(d.As("implementer"), i.ID); err != nil {
		t.Errorf("taken back twice: %v", err)
	}
	// A note can be added later; a child's requester counts once with their mark.
	if _, err := s.MeToo(d.As("luo.qiang"), i.ID, incident.MeTooInput{Note: "hall 2 too"}); err != nil {
		t.Fatal(err)
	}
	attach(t, d, report(t, d, "luo.qiang"), i, "")
	det, err := s.Detail(d.As("engineer"), i.ID)
	if err != nil || det.Announced == nil || det.Announced.Affected != 2 || len(det.Voices) != 1 || det.Voices[0].Note != "hall 2 too" {
		t.Errorf("%v %+v", err, det.Announced)
	}
	if p := d.Client("engineer").Get("/incidents/" + i.Label()); !strings.Contains(p.Text(), "hall 2 too") {
		t.Error("the ticket does not show what was added")
	}
	bring(t, d, i, incident.Resolved)
	if _, err := s.MeToo(d.As("implementer"), i.ID, incident.MeTooInput{}); code(err) != "incident.error.announcement_over" {
		t.Errorf("me too on what is solved: %v", err)
	}
	if len(told(t, d, "implementer")) != 0 {
		t.Error("the banner outlives the fault")
	}
}

// TestThoseConcernedHearOnce: an update goes to "me too", to the requesters of
// children and of the incident itself, each once in their language, also when
// the job runs twice.
func TestThoseConcernedHearOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	i := report(t, d, "staff")
	announce(t, d, i)
	attach(t, d, report(t, d, "james.miller"), i, "")
	attach(t, d, report(t, d, "gu.yan"), i, "")
	for _, who := range []string{"gu.yan", "luo.qiang"} {
		if _, err := s.MeToo(d.As(who), i.ID, incident.MeTooInput{}); err != nil {
			t.Fatal(err)
		}
	}
	d.Drain()
	d.Mail.Sent = nil
	if _, err := s.PostUpdate(d.As("lead"), i.ID, incident.UpdateInput{}); code(err) != "incident.error.announce_text" {
		t.Errorf("an update without words: %v", err)
	}
	if _, err := s.PostUpdate(d.As("lead"), i.ID, incident.UpdateInput{TextZh: "队列正在消化。", TextEn: "The queue is draining."}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE river_job SET state = 'available', finalized_at = NULL WHERE kind = 'incident.tell'`); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	got := map[string][]string{}
	for _, m := range d.Mail.Sent {
		if strings.Contains(m.Text, "/announcements/") {
			got[m.To] = append(got[m.To], m.Subject+"\n"+m.Text)
		}
	}
	for who, text := range map[string]string{"staff": "队列正在消化", "gu.yan": "队列正在消化", "luo.qiang": "队列正在消化", "james.miller": "The queue is draining"} {
		if l := got[who+"@qiming.example"]; len(l) != 1 || !strings.Contains(l[0], text) {
			t.Errorf("%s: %q", who, l)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d people were told", len(got))
	}
	c := d.Client("implementer")
	home := c.Get("/")
	if !strings.Contains(home.Text(), "The queue is draining") || !strings.Contains(home.Text(), "/announcements/"+i.Label()+"/me-too") {
		t.Error("the portal does not show the banner")
	}
	if p := c.Get("/my"); !strings.Contains(p.Text(), `class="notices"`) {
		t.Error("other pages do not show the line")
	}
	if p := c.Get("/announcements/" + i.Label()); p.Status != 200 || !strings.Contains(p.Text(), "Mail from outside may be late.") || strings.Contains(p.Text(), i.Title) {
		t.Errorf("%d: the page of the announcement", p.Status)
	}
	if r := c.Post("/announcements/"+i.Label()+"/me-too", url.Values{"note": {strings.Repeat("x", 600)}}); r.Status != 422 || !strings.Contains(r.Text(), strings.Repeat("x", 600)) {
		t.Errorf("a note that is too long: %d", r.Status)
	}
	if r := c.Post("/announcements/"+i.Label()+"/me-too", url.Values{"return": {"/"}}); r.Status != 303 || r.Header.Get("Location") != "/" {
		t.Errorf("me too without script: %d", r.Status)
	}
	if r := c.Post("/announcements/"+i.Label()+"/not-me", url.Values{}); r.Status != 303 {
		t.Errorf("taken back: %d", r.Status)
	}
}

// hearers are the people with an event in their inbox.
func hearers(t *testing.T, d *apptest.Desk, event string) []uuid.UUID {
	t.Helper()
	rows, _ := d.Pool.PGX().Query(t.Context(), `SELECT DISTINCT person_id FROM notifications WHERE event = $1`, event)
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestThoseAddressedGetAMessage: the people of the departments and the users of
// the services that an announcement names hear of it once a line, and of nothing
// while it is for everybody. Who is named later hears what was said last; who has
// left, or reported too long ago, hears nothing, and neither does anybody once
// the incident is confidential.
func TestThoseAddressedGetAMessage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	sql := func(q string, args ...any) {
		t.Helper()
		if _, err := d.Pool.PGX().Exec(t.Context(), q, args...); err != nil {
			t.Fatal(err)
		}
	}
	production := one(t, d, `SELECT id FROM departments WHERE name_en = 'Production'`)
	erp := one(t, d, `SELECT id FROM services WHERE name_en = 'ERP system'`)
	some := func(departments, services []uuid.UUID) func(*incident.AnnounceFields) {
		return func(f *incident.AnnounceFields) {
			f.Audience, f.Departments, f.Services = "some", departments, services
		}
	}
	sql(`DELETE FROM notifications`)
	i := report(t, d, "staff")
	people := []string{"staff", "luo.qiang", "tom.becker", "gu.yan", "tang.yi", "shen.jing"}
	hear := func(what, event string, want ...int) {
		t.Helper()
		d.Drain()
		for n, who := range people {
			if got := messages(t, d, who, event); got != want[n] {
				t.Errorf("%s: %s heard %q %d times, want %d", what, who, event, got, want[n])
			}
		}
	}
	announce(t, d, i)
	hear("everybody", "incident.announced", 1, 0, 0, 0, 0, 0)
	f := words()
	f.TextEn = "Hall 2 is down."
	some([]uuid.UUID{production}, nil)(&f)
	say := func() {
		t.Helper()
		if _, err := s.Announce(d.As("lead"), i.ID, incident.AnnounceInput{AnnounceFields: f}); err != nil {
			t.Fatal(err)
		}
	}
	say()
	hear("a department and those below", "incident.announced", 2, 1, 1, 0, 0, 0)
	some([]uuid.UUID{production}, []uuid.UUID{erp})(&f)
	say() // nothing new is said, and others hear it
	hear("a service too", "incident.announced", 2, 1, 1, 1, 1, 0)
	a, _, err := s.Announced(d.As("lead"), i.ID)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.Reach(t.Context(), i.ID, &a)
	if err != nil || n != len(hearers(t, d, "incident.announced")) {
		t.Errorf("%d are counted, %d heard: %v", n, len(hearers(t, d, "incident.announced")), err)
	}
	for act, want := range map[string]string{"announce": "messages go to %d people", "update": "each of the %d people"} {
		if a := d.Client("lead").Get("/incidents/" + i.Label() + "/act/" + act); a.Status != 200 || !strings.Contains(a.Text(), fmt.Sprintf(want, n)) {
			t.Errorf("%s: the form does not say how many hear of it: %d", act, a.Status)
		}
	}
	sql(`UPDATE people SET active = false WHERE username = 'tom.becker'`)
	sql(`UPDATE records SET updated_at = updated_at - interval '200 days' WHERE requester_id = $1`, personID(t, d, "gu.yan"))
	if _, err := s.PostUpdate(d.As("lead"), i.ID, incident.UpdateInput{TextEn: "Half of hall 2 works."}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	sql(`UPDATE river_job SET state = 'available', finalized_at = NULL WHERE id = (SELECT max(id) FROM river_job WHERE kind = 'incident.tell')`) // run again
	sql(`UPDATE people SET active = true WHERE username = 'tom.becker'`)
	people = []string{"staff", "luo.qiang", "gu.yan", "tang.yi", "shen.jing"}
	hear("an update", "incident.major_updated", 1, 1, 0, 1, 0)
	bring(t, d, i, incident.Resolved)
	hear("the end", "incident.major_resolved", 1, 1, 0, 1, 0)
	j := report(t, d, "staff")
	announce(t, d, j, some([]uuid.UUID{production}, nil))
	if _, err := s.Hide(d.As("lead"), j.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	hear("what became confidential", "incident.announced", 2, 1, 1, 1, 0)
}

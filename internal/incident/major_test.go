package incident_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
	"opsdesk/internal/platform/fault"
)

// inNetwork is an incident in the queue of the network team.
func inNetwork(t *testing.T, d *apptest.Desk) incident.Incident {
	t.Helper()
	i := report(t, d, "staff", func(in *incident.CreateInput) { in.Title, in.Impact, in.Urgency = "core switch down", 1, 1 })
	bring(t, d, i, incident.InProgress)
	return i
}

func declared(t *testing.T, d *apptest.Desk, i incident.Incident, change ...func(*incident.DeclareInput)) {
	t.Helper()
	in := incident.DeclareInput{Reason: "the whole plant is cut off", AnnounceFields: words()}
	for _, c := range change {
		c(&in)
	}
	if _, err := d.Incidents.Declare(d.As("lead"), i.ID, in); err != nil {
		t.Fatal(err)
	}
}

// messages are the titles of a person's unread messages of one event.
func messages(t *testing.T, d *apptest.Desk, who, event string) int {
	t.Helper()
	l, err := d.Notify.Lines(d.As(who), notify.Unread, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, x := range l {
		if x.Event == event {
			n++
		}
	}
	return n
}

// TestProposedThenDeclared: any engineer proposes, those who may declare
// decide, and whoever proposed hears of it.
func TestProposedThenDeclared(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	i := inNetwork(t, d)
	if _, err := s.Propose(d.As("staff"), i.ID, incident.ReasonInput{Reason: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a requester proposes: %v", err)
	}
	propose := func() {
		t.Helper()
		if _, err := s.Propose(d.As("engineer"), i.ID, incident.ReasonInput{Reason: "forty people call"}); err != nil {
			t.Fatal(err)
		}
	}
	propose()
	d.Drain()
	if n := messages(t, d, "lead", "incident.major_proposed"); n != 1 {
		t.Errorf("the lead was told %d times", n)
	}
	if got := titles(t, d, d.As("lead"), "view=all&f=major.is.proposed"); len(got) != 1 {
		t.Errorf("the queue finds %d proposed", len(got))
	}
	for _, who := range []string{"engineer", "auditor", "changemanager"} {
		if _, err := s.Declare(d.As(who), i.ID, incident.DeclareInput{Reason: "x"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s declares: %v", who, err)
		}
	}
	if _, err := s.Decline(d.As("lead"), i.ID, incident.ReasonInput{Reason: "only one floor"}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	if n := messages(t, d, "engineer", "incident.major_declined"); n != 1 {
		t.Errorf("the proposer heard %d times", n)
	}
	propose()
	// An engineer of the second line of the same team may declare.
	if _, err := s.Declare(d.As("he.ming"), i.ID, incident.DeclareInput{Reason: "two floors"}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Room(d.As("engineer"), i.ID)
	if err != nil || r.ManagerID == nil || *r.ManagerID != id(t, d, "he.ming") || r.TechnicalID == nil || r.NoticeDueAt == nil || r.NoticeAt != nil || r.NextUpdateAt == nil {
		t.Errorf("%v %+v", err, r.Major)
	}
	rows, _, err := s.Majors(d.As("engineer"), "open", "")
	if err != nil || len(rows) != 1 || rows[0].ID != i.ID {
		t.Errorf("%v %+v", err, rows)
	}
	if _, err := s.Room(d.As("staff"), i.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("its requester sees the control page: %v", err)
	}
}

// TestDeclaredIsToldAndRuns: announcement, management, roles and the right to
// run it; the banner says the newest update; never closes by itself.
func TestDeclaredIsToldAndRuns(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	i := inNetwork(t, d)
	person := id(t, d, "implementer")
	declared(t, d, i, func(in *incident.DeclareInput) { in.Notify, in.CommunicatorID, in.Cadence = true, &person, 30 })
	d.Drain()
	if n := messages(t, d, "manager", "incident.major_notice"); n != 1 {
		t.Errorf("management was told %d times", n)
	}
	if n := messages(t, d, "implementer", "incident.major_role"); n != 1 {
		t.Errorf("who got a role was told %d times", n)
	}
	r, err := s.Room(d.As("manager"), i.ID)
	if err != nil || !r.Brief || r.NoticeLate(d.Desk.Now()) {
		t.Fatalf("management reads how it stands: %v %+v", err, r.Brief)
	}
	for _, l := range r.Lines {
		if l.Kind == "state" || l.Kind == "log" {
			t.Errorf("management reads the desk's own lines: %+v", l)
		}
	}
	if p := d.Client("manager").Get("/majors/" + i.Label()); p.Status != 200 || strings.Contains(p.Text(), "/incidents/"+i.Label()) {
		t.Errorf("the page for management: %d", p.Status)
	}
	if len(told(t, d, "gu.yan")) != 1 {
		t.Error("no banner")
	}
	// The communicator holds a part in it, and may therefore speak for it.
	if _, err := s.PostUpdate(d.As("implementer"), i.ID, incident.UpdateInput{TextEn: "A card is on its way."}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PostUpdate(d.As("configmanager"), i.ID, incident.UpdateInput{TextEn: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("somebody without a part speaks: %v", err)
	}
	a, _, err := s.Announced(d.As("gu.yan"), i.ID)
	if err != nil || a.Text("en") != "A card is on its way." {
		t.Errorf("%v %q", err, a.Text("en"))
	}
	in := resolution()
	if _, err := s.Resolve(d.As("engineer"), i.ID, in); err != nil {
		t.Fatal(err)
	}
	if got := get(t, d, i.ID); got.AutoCloseAt != nil {
		t.Error("a major incident would close by itself")
	}
	if len(told(t, d, "gu.yan")) != 1 {
		t.Error("the banner of a major incident goes with its end, not before")
	}
	d.Advance(60 * 24 * time.Hour)
	if err := d.Jobs.Tick(t.Context(), incident.JobAutoClose); err != nil || get(t, d, i.ID).State != incident.Resolved {
		t.Errorf("closed by itself: %v", err)
	}
	if _, err := s.End(d.As("lead"), i.ID, incident.EndInput{Reason: "stable for a day", TextZh: "已恢复", TextEn: "All works again."}); err != nil {
		t.Fatal(err)
	}
	if len(told(t, d, "gu.yan")) != 0 {
		t.Error("the banner outlives the major incident")
	}
	if _, err := s.End(d.As("lead"), i.ID, incident.EndInput{Reason: "x"}); code(err) != "incident.error.not_major" {
		t.Errorf("ended twice: %v", err)
	}
}

// TestClocksRemind: a late update, management that was not told, a review that
// is due; each reminded in its rhythm and not by every tick.
func TestClocksRemind(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	d.SetClock(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)) // a Monday, 10 o'clock
	i := inNetwork(t, d)
	declared(t, d, i, func(in *incident.DeclareInput) { in.Cadence = 60 })
	count := func(event string) int {
		t.Helper()
		for range 2 { // a second tick at the same moment tells nobody
			if err := d.Jobs.Tick(t.Context(), incident.JobMajors); err != nil {
				t.Fatal(err)
			}
		}
		d.Drain()
		return messages(t, d, "lead", event)
	}
	expect := func(after time.Duration, event string, want int) {
		t.Helper()
		d.Advance(after)
		if got := count(event); got != want {
			t.Errorf("%s: %d messages, want %d", event, got, want)
		}
	}
	expect(15*time.Minute, "incident.major_notice_due", 0)
	expect(6*time.Minute, "incident.major_notice_due", 1) // nine minutes are left
	expect(5*time.Minute, "incident.major_notice_due", 1)
	expect(6*time.Minute, "incident.major_notice_due", 2) // late
	r, err := s.Room(d.As("lead"), i.ID)
	if err != nil || !r.NoticeLate(d.Desk.Now()) {
		t.Errorf("not shown as late: %v", err)
	}
	if p := d.Client("lead").Get("/majors"); p.Status != 200 || !strings.Contains(p.Text(), "late") {
		t.Errorf("the list does not say that it is late: %d", p.Status)
	}
	if _, err := s.Notify(d.As("lead"), i.ID, incident.NoticeInput{TextEn: "The plant is cut off."}); err != nil {
		t.Fatal(err)
	}
	expect(20*time.Minute, "incident.major_notice_due", 2)
	expect(9*time.Minute, "incident.major_update_due", 1) // 61 minutes after the declaration
	expect(20*time.Minute, "incident.major_update_due", 1)
	expect(11*time.Minute, "incident.major_update_due", 2)
	if _, err := s.PostUpdate(d.As("lead"), i.ID, incident.UpdateInput{TextEn: "Soon."}); err != nil {
		t.Fatal(err)
	}
	expect(59*time.Minute, "incident.major_update_due", 2)
	if _, err := s.End(d.As("lead"), i.ID, incident.EndInput{Reason: "over"}); err != nil {
		t.Fatal(err)
	}
	r, err = s.Room(d.As("lead"), i.ID)
	if err != nil || r.ReviewDueAt == nil || r.ReviewDueAt.In(time.FixedZone("", 8*3600)).Format(time.DateOnly) != "2026-11-30" {
		t.Fatalf("%v: the review is due %v, five working days after Monday", err, r.ReviewDueAt)
	}
	expect(5*24*time.Hour, "incident.major_review_due", 0)
	expect(36*time.Hour, "incident.major_review_due", 1)
	expect(25*time.Hour, "incident.major_review_due", 2)
}

// TestRulesMakeMajors: enough people within the time, or priority 1 of a
// flagged service; what somebody declined is proposed again, and never declared,
// once it has grown clearly.
func TestRulesMakeMajors(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	erp := one(t, d, `SELECT id FROM services WHERE name_en = 'ERP system'`)
	set, err := s.MajorSettings(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	set.RulePeople, set.RuleMinutes, set.Services = 3, 30, append(set.Services, erp)
	if err := s.SetMajorSettings(d.As("engineer"), set); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer sets the rules: %v", err)
	}
	if err := s.SetMajorSettings(d.As("lead"), set); err != nil {
		t.Fatal(err)
	}
	tick := func() {
		t.Helper()
		if err := d.Jobs.Tick(t.Context(), incident.JobMajors); err != nil {
			t.Fatal(err)
		}
	}
	i := inNetwork(t, d)
	announce(t, d, i)
	attach(t, d, report(t, d, "gu.yan"), i, "")
	attach(t, d, report(t, d, "gu.yan"), i, "") // the same person again
	if _, err := s.MeToo(d.As("luo.qiang"), i.ID, incident.MeTooInput{}); err != nil {
		t.Fatal(err)
	}
	tick()
	if got := get(t, d, i.ID).Major; got != "" {
		t.Fatalf("two people are %q", got)
	}
	if _, err := s.MeToo(d.As("shen.jing"), i.ID, incident.MeTooInput{}); err != nil {
		t.Fatal(err)
	}
	p1 := report(t, d, "staff", func(in *incident.CreateInput) { in.Impact, in.Urgency, in.ServiceID = 1, 1, &erp })
	p2 := report(t, d, "staff", func(in *incident.CreateInput) { in.Impact, in.Urgency, in.ServiceID = 2, 1, &erp })
	tick()
	if a, b, c := get(t, d, i.ID).Major, get(t, d, p1.ID).Major, get(t, d, p2.ID).Major; a != incident.Proposed || b != incident.Proposed || c != "" {
		t.Errorf("three people: %q, P1 of a flagged service: %q, P2: %q", a, b, c)
	}
	if _, err := s.Decline(d.As("lead"), i.ID, incident.ReasonInput{Reason: "no"}); err != nil {
		t.Fatal(err)
	}
	tick()
	if got := get(t, d, i.ID).Major; got != "" {
		t.Errorf("the rule overrules the lead: %q", got)
	}
	if _, err := s.Decline(d.As("lead"), p1.ID, incident.ReasonInput{Reason: "no"}); err != nil {
		t.Fatal(err)
	}
	set.Declares = true
	if err := s.SetMajorSettings(d.As("lead"), set); err != nil {
		t.Fatal(err)
	}
	for n, who := range []string{"implementer", "auditor", "james.miller"} { // three become six
		tick()
		if a, b := get(t, d, i.ID).Major, get(t, d, p1.ID).Major; a != "" || b != "" {
			t.Errorf("%d more people: %q, and a P1 as it was %q", n, a, b)
		}
		if _, err := s.MeToo(d.As(who), i.ID, incident.MeTooInput{}); err != nil {
			t.Fatal(err)
		}
	}
	tick()
	if got := get(t, d, i.ID).Major; got != incident.Proposed {
		t.Errorf("twice as many people: %q", got)
	}
	p3 := report(t, d, "staff", func(in *incident.CreateInput) { in.Impact, in.Urgency, in.ServiceID = 1, 1, &erp })
	tick()
	d.Drain()
	if got := get(t, d, p3.ID).Major; got != incident.Declared {
		t.Errorf("the rule does not declare: %q", got)
	}
	if n := messages(t, d, "manager", "incident.major_notice"); n != 1 {
		t.Errorf("management was told %d times", n)
	}
	if r, err := s.Room(d.As("lead"), p3.ID); err != nil || r.NoticeAt == nil {
		t.Errorf("%v %+v", err, r.Major)
	}
}

// TestReviewStory: written, submitted, returned, signed by another, printed.
func TestReviewStory(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	i := inNetwork(t, d)
	if _, err := s.WriteReview(d.As("he.ming"), i.ID, incident.ReviewInput{Summary: "x"}); code(err) != "incident.error.not_major" {
		t.Errorf("a review of what is no major incident: %v", err)
	}
	declared(t, d, i)
	if _, err := s.End(d.As("lead"), i.ID, incident.EndInput{Reason: "over"}); err != nil {
		t.Fatal(err)
	}
	began := d.Desk.Now().Add(-3 * time.Hour)
	full := incident.ReviewInput{Summary: "The card failed.", Impact: "40 people, 2 hours.", Cause: "Old firmware.", WentWell: "Quick call.", StartedAt: &began}
	if _, err := s.WriteReview(d.As("engineer"), i.ID, full); err != nil {
		t.Fatal("the technical lead holds a part in it:", err)
	}
	if _, err := s.WriteReview(d.As("he.ming"), i.ID, incident.ReviewInput{Version: 9, Summary: "mine"}); code(err) != "incident.error.review_changed" {
		t.Errorf("another's words would be lost: %v", err)
	}
	if _, err := s.SubmitReview(d.As("he.ming"), i.ID, incident.StepInput{}); code(err) != "incident.error.review_no_action" {
		t.Errorf("%v", err)
	}
	due := time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)
	if _, err := s.AddMeasure(d.As("he.ming"), i.ID, incident.MeasureInput{Title: "Update the firmware", OwnerID: id(t, d, "implementer"), DueOn: due}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SubmitReview(d.As("he.ming"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"engineer", "he.ming", "auditor", "implementer"} {
		if _, err := s.SignReview(d.As(who), i.ID, incident.StepInput{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s signs: %v", who, err)
		}
	}
	lead := d.Client("lead")
	if r := lead.Post("/majors/"+i.Label()+"/return", url.Values{"reason": {"Say why nobody saw it."}}); r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Text())
	}
	if p := d.Client("engineer").Get("/majors/" + i.Label() + "/review"); !strings.Contains(p.Text(), "Say why nobody saw it.") || !strings.Contains(p.Text(), "Old firmware.") {
		t.Error("the authors do not see why it came back")
	}
	if _, err := s.SubmitReview(d.As("engineer"), i.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if r := lead.Post("/majors/"+i.Label()+"/sign", url.Values{}); r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Text())
	}
	if r := d.Client("engineer").Post("/majors/"+i.Label()+"/review", url.Values{"summary": {"rewritten"}}); r.Status != 409 {
		t.Errorf("a signed review was changed: %d", r.Status)
	}
	r, err := s.Room(d.As("engineer"), i.ID)
	if err != nil || r.Review.SignedBy == nil || *r.Review.SignedBy != id(t, d, "lead") || r.ReviewSignedAt == nil || len(r.Review.Actions) != 1 {
		t.Fatalf("%v %+v", err, r.Review)
	}
	// The owner of an action says that it is done, also after the signature.
	if _, err := s.TickMeasure(d.As("implementer"), i.ID, r.Review.Actions[0].ID, incident.TaskDoneInput{Done: true}); err != nil {
		t.Error(err)
	}
	page := d.Client("auditor").Get("/majors/" + i.Label() + "/report")
	for _, want := range []string{"The card failed.", "40 people, 2 hours.", "Old firmware.", "Update the firmware", "2026-12-24", "Signatures", "Zhao Min"} {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("the report (%d) lacks %q", page.Status, want)
		}
	}
	if r := d.Client("engineer").Post("/majors/"+i.Label()+"/actions", url.Values{"title": {"kept text"}, "due_on": {"2026-12-31"}}); r.Status != 409 && r.Status != 422 {
		t.Errorf("an action added to a signed review: %d", r.Status)
	}
}

// TestMajorForms: the pages of managing, without script; what was typed comes
// back.
func TestMajorForms(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := inNetwork(t, d)
	c := d.Client("lead")
	at := "/incidents/" + i.Label()
	for _, act := range []string{"propose", "declare", "announce"} {
		if r := c.Get(at + "/act/" + act); r.Status != 200 {
			t.Errorf("%s: %d", act, r.Status)
		}
	}
	bad := url.Values{"reason": {"typed reason"}, "title_zh": {"标题"}, "text_zh": {"正文"}, "audience": {"some"}, "departments": {""}, "expected_at": {"2026-12-24T18:30"}, "manager_id_username": {"he.ming"}}
	r := c.Post(at+"/declare", bad)
	if r.Status != 422 || !strings.Contains(r.Text(), "typed reason") || !strings.Contains(r.Text(), "正文") || !strings.Contains(r.Text(), "2026-12-24T18:30") {
		t.Errorf("%d: what was typed is lost", r.Status)
	}
	bad.Set("audience", "all")
	bad.Set("notify_management", "true")
	if r := c.Post(at+"/declare", bad); r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Text())
	}
	m, err := d.Incidents.Room(d.As("lead"), i.ID)
	if err != nil || m.ManagerID == nil || *m.ManagerID != id(t, d, "he.ming") || m.NoticeAt == nil || m.Announced == nil || m.Announced.ExpectedAt.UTC().Format("15:04") != "10:30" {
		t.Errorf("%v %+v %+v", err, m.Major, m.Announced)
	}
	for _, p := range []string{at, at + "/act/roles", at + "/act/notice", at + "/act/log", at + "/act/end", at + "/act/update", "/majors", "/majors?list=all", "/majors/" + i.Label(), "/majors/" + i.Label() + "/review", "/settings/majors", "/incidents?view=all&f=major.is.declared"} {
		if r := c.Get(p); r.Status != 200 || strings.Contains(r.Text(), "incident.major.") || strings.Contains(r.Text(), "incident.chronicle.") {
			t.Errorf("%s: %d", p, r.Status)
		}
	}
	if r := c.Get("/majors?list=none"); r.Status != 422 {
		t.Errorf("an unknown list: %d", r.Status)
	}
	if r := c.Post(at+"/log", url.Values{"text": {"Called the vendor"}, "return": {"/majors/" + i.Label()}}); r.Status != 303 || r.Header.Get("Location") != "/majors/"+i.Label() {
		t.Errorf("log: %d %s", r.Status, r.Header.Get("Location"))
	}
	if r := d.Client("staff").Get("/majors"); r.Status != 403 {
		t.Errorf("staff read the list: %d", r.Status)
	}
	if r := c.Post("/settings/majors", url.Values{"cadence_minutes": {"5"}, "rule_people": {"3"}, "rule_minutes": {"30"}}); r.Status != 422 {
		t.Errorf("a cadence of five minutes: %d", r.Status)
	}
	if r := c.Post("/settings/majors", url.Values{"cadence_minutes": {"45"}, "rule_people": {"3"}, "rule_minutes": {"30"}, "services": {""}, "rule_declares": {"false"}}); r.Status != 303 {
		t.Errorf("settings: %d", r.Status)
	}
}

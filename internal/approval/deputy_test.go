package approval_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/approval"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// at stops the clock on a Monday morning in Shanghai that is an ordinary week.
var monday = time.Date(2026, 3, 9, 1, 0, 0, 0, time.UTC)

func (x *trial) waits(username string) int {
	return x.count(`SELECT count(*) FROM record_waits WHERE person_id = @id AND what = 'approval.asked'`, db.Args{"id": x.id(username)})
}

func (x *trial) deputy(person, deputy string, from, until time.Time) error {
	_, err := x.Approvals.Appoint(x.As(person), approval.DeputyInput{DeputyID: x.id(deputy), From: from, Until: until})
	return err
}

func TestDeputyVotes(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	x.SetClock(monday)
	x.must(x.deputy("lead", "gu.yan", monday, monday.AddDate(0, 0, 3)))
	p, v := x.ask(spec(leads(approval.All)))
	if x.waits("gu.yan") != 1 {
		t.Fatal("it does not wait for the deputy")
	}
	x.must(x.vote(v, "lead", "gu.yan", approval.Approve))
	got := x.view(p)
	if s := got.Steps[0].Seats[0]; s.Vote == "" && got.Steps[0].Seats[1].Vote == "" {
		t.Fatalf("%+v", got.Steps[0])
	}
	if x.waits("gu.yan")+x.waits("lead") != 0 {
		t.Error("it still waits after the vote")
	}
	wantCode(t, x.vote(v, "lead", "lead", approval.Reject), fault.Conflict, "approval.error.voted")
	// A deputy of two members has one voice.
	x.must(x.deputy("security", "gu.yan", monday, monday.AddDate(0, 0, 3)))
	wantCode(t, x.vote(v, "security", "gu.yan", approval.Approve), fault.Conflict, "approval.error.voted")
	if n := x.count(`SELECT count(*) FROM trail_entries WHERE record_id = @id AND action = 'approval.vote' AND actor_id = @deputy AND behalf_id = @lead AND outcome = 'success'`,
		db.Args{"id": p.ID, "deputy": x.id("gu.yan"), "lead": x.id("lead")}); n != 1 {
		t.Error("the trail does not say on whose behalf")
	}
	// The requester is nobody's deputy in their own matter.
	x.must(x.Approvals.Dismiss(x.As("security"), x.deputyID("security")))
	x.must(x.deputy("security", "staff", monday, monday.AddDate(0, 0, 3)))
	wantCode(t, x.vote(v, "security", "staff", approval.Approve), fault.Forbidden, "authz.denied.involved")
	if x.waits("staff") != 0 {
		t.Error("it waits for somebody who may not decide")
	}
}

func (x *trial) deputyID(person string) (id [16]byte) {
	x.t.Helper()
	mine, _, err := x.Approvals.Deputies(x.As(person))
	if err != nil || len(mine) == 0 {
		x.t.Fatalf("%v", err)
	}
	return mine[0].ID
}

// TestDeputiesEndAndBegin by the clock, and what waits goes with them.
func TestDeputiesBeginAndEnd(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	x.SetClock(monday)
	_, v := x.ask(spec(leads(approval.All)))
	x.must(x.deputy("lead", "gu.yan", monday.AddDate(0, 0, 1), monday.AddDate(0, 0, 1)))
	wantCode(t, x.vote(v, "lead", "gu.yan", approval.Approve), fault.NotFound, "error.not_found")
	x.SetClock(monday.AddDate(0, 0, 1))
	x.tick()
	if x.waits("gu.yan") != 1 {
		t.Error("it does not wait for the deputy on the day")
	}
	x.SetClock(monday.AddDate(0, 0, 2))
	x.tick()
	if x.waits("gu.yan") != 0 || x.waits("lead") != 1 {
		t.Error("it still waits for the deputy afterwards")
	}
	wantCode(t, x.vote(v, "lead", "gu.yan", approval.Approve), fault.NotFound, "error.not_found")
}

// tick runs the periodic jobs, as each minute does.
func (x *trial) tick() {
	x.t.Helper()
	for range 2 {
		x.must(x.Approvals.Tick(identity.With(x.t.Context(), identity.NewSystem(approval.System))))
		x.Drain()
	}
}

func TestAppointmentsAreBounded(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	x.SetClock(monday)
	for _, c := range []struct {
		person, deputy string
		from, until    int
		code           string
	}{
		{"lead", "lead", 0, 1, "approval.error.not_self"},
		{"lead", "gu.yan", 2, 1, "approval.error.deputy_order"},
		{"lead", "gu.yan", 0, 30, "approval.error.deputy_days"},
		{"lead", "gu.yan", -3, -1, "approval.error.deputy_past"},
		{"changemanager", "implementer", 0, 1, "approval.reason.conflict"},
		{"lead", "admin", 0, 1, "approval.reason.conflict"},
	} {
		wantCode(t, x.deputy(c.person, c.deputy, monday.AddDate(0, 0, c.from), monday.AddDate(0, 0, c.until)), fault.Invalid, c.code)
	}
	x.must(x.deputy("lead", "gu.yan", monday, monday.AddDate(0, 0, 29)))
	wantCode(t, x.deputy("lead", "shen.jing", monday.AddDate(0, 0, 10), monday.AddDate(0, 0, 12)), fault.Invalid, "approval.error.deputy_overlap")
	if err := x.Approvals.Dismiss(x.As("gu.yan"), x.deputyID("lead")); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else ended it: %v", err)
	}
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	hand := func(who string, to string) error {
		return x.Approvals.Delegate(x.As(who), v.ID, approval.DelegateInput{SeatID: x.seat(v, "lead"), PersonID: x.id(to)})
	}
	wantCode(t, hand("lead", "staff"), fault.Invalid, "authz.denied.involved")
	x.must(hand("lead", "gu.yan"))
	wantCode(t, hand("gu.yan", "shen.jing"), fault.Forbidden, "approval.error.own_seat") // no chains
	x.must(x.vote(v, "lead", "gu.yan", approval.Approve))
	x.must(x.vote(v, "security", "security", approval.Approve))
	if got, _ := x.Get(t.Context(), p.ID); got.State != "approved" {
		t.Error(got.State)
	}
}

// TestSilence: one reminder and one escalation per round, in working days.
func TestSilence(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	x.SetClock(monday.AddDate(0, 0, -3)) // Friday
	x.grant("song.yu", identity.Manager, "Information Technology")
	_, v := x.ask(spec(leads(approval.All)))
	told := func(event, who string) int {
		return x.count(`SELECT count(*) FROM notifications WHERE event = @event AND person_id = @id`, db.Args{"event": event, "id": x.id(who)})
	}
	x.SetClock(monday.AddDate(0, 0, -1)) // Sunday
	x.tick()
	if told("approval.reminded", "lead") != 0 {
		t.Error("reminded on a Sunday of a Friday's question")
	}
	for range 3 {
		x.Advance(25 * time.Hour)
		x.tick()
	}
	if told("approval.reminded", "lead") != 1 || told("approval.reminded", "security") != 1 {
		t.Errorf("lead %d, security %d reminders", told("approval.reminded", "lead"), told("approval.reminded", "security"))
	}
	for range 3 {
		x.Advance(25 * time.Hour)
		x.tick()
	}
	// Once, for the lead: a manager may not act for a security administrator (S1).
	if n := told("approval.escalated", "song.yu"); n != 1 {
		t.Errorf("%d escalations", n)
	}
	if told("approval.slow", "staff") != 1 {
		t.Error("the requester does not know")
	}
	x.must(x.vote(v, "lead", "song.yu", approval.Approve))
}

// TestNoDeadlock: who leaves is excused, and the rest decide.
func TestNoDeadlock(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	x.must(x.vote(v, "lead", "lead", approval.Approve))
	x.exec(`UPDATE people SET active = false WHERE username = 'security'`, db.Args{})
	x.Advance(25 * time.Hour)
	x.tick()
	if got, _ := x.Get(t.Context(), p.ID); got.State != "approved" {
		t.Errorf("%s %+v", got.State, x.view(p))
	}
}

// TestDecisionPage: opening it any number of times decides nothing; the form
// does, without script; and what is refused comes back as typed.
func TestDecisionPage(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	x.Drain()
	link := "/approvals/" + v.ID.String()
	var mail string
	for _, m := range x.Mail.Sent {
		if strings.Contains(m.Text, link) {
			mail = m.Text
		}
	}
	if !strings.Contains(mail, x.Config.URL+link) {
		t.Fatal("no mail leads to the decision page")
	}
	if a := x.Client("").Get(link); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/sign-in?next=") {
		t.Errorf("a scanner got %d %s", a.Status, a.Header.Get("Location"))
	}
	lead := x.Client("lead")
	for range 3 {
		a := lead.Get(link + "?choice=approve&seat_id=" + x.seat(v, "lead").String())
		if a.Status != http.StatusOK || !strings.Contains(a.Text(), "New firewall") || !strings.Contains(a.Text(), "month-end") {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
		if _, decision, _ := strings.Cut(a.Text(), "<main "); decision == "" || strings.Contains(decision[:strings.Index(decision, "</main>")], "data-hotkey") {
			t.Error("a decision has a single-key shortcut")
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if a := lead.Do(method, link+"/vote", "", nil); a.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s of the vote is %d", method, a.Status)
		}
	}
	if n := x.count(`SELECT count(*) FROM approval_entries WHERE kind = 'approve'`, db.Args{}); n != 0 {
		t.Fatal("opening a page decided")
	}
	form := url.Values{"seat_id": {x.seat(v, "lead").String()}, "hash": {v.Hash}, "choice": {"reject"}, "reason": {""}}
	if a := lead.Post(link+"/vote", form); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a rejection without reason is %d", a.Status)
	}
	form.Set("choice", "approve")
	if a := lead.Post(link+"/vote", form); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a := lead.Get(link); !strings.Contains(a.Text(), "You approved this") {
		t.Error("the page does not confirm")
	}
	if a := x.Client("implementer").Get(link); a.Status != http.StatusNotFound {
		t.Errorf("a stranger got %d", a.Status)
	}
	if a := lead.Get("/approvals?list=decided"); !strings.Contains(a.Text(), p.Number) {
		t.Error("not in the list of what was decided")
	}
	if a := x.Client("security").Get("/approvals"); !strings.Contains(a.Text(), p.Number) {
		t.Error("not in the list of what waits")
	}
}

// TestApprovalLists have indexes.
func TestApprovalLists(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	for list, index := range map[string]string{
		approval.ListWaiting: "record_waits_asked_idx", approval.ListDecided: "approval_entries_actor_idx", approval.ListAsked: "approvals_opened_by_idx",
	} {
		plan, err := x.Approvals.Plan(x.As("lead"), list)
		x.must(err)
		if !strings.Contains(plan, index) {
			t.Errorf("%s does not use %s:\n%s", list, index, plan)
		}
	}
}

package approval_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// trial is a desk with papers, and people by name.
type trial struct {
	*apptest.Desk
	*apptest.Papers
	t testing.TB
}

func newTrial(t testing.TB) *trial {
	t.Helper()
	d := apptest.New(t, apptest.Options{})
	return &trial{d, d.NewPapers(), t}
}

func (x *trial) id(username string) uuid.UUID {
	x.t.Helper()
	ids, err := identity.ByUsername(x.t.Context(), x.Pool, username)
	if err != nil || ids[username] == uuid.Nil {
		x.t.Fatalf("%s: %v", username, err)
	}
	return ids[username]
}

func (x *trial) exec(sql string, args db.Args) {
	x.t.Helper()
	if err := x.Pool.InTx(x.t.Context(), func(tx db.Tx) error { _, err := tx.Exec(x.t.Context(), sql, args); return err }); err != nil {
		x.t.Fatal(err)
	}
}

func (x *trial) count(sql string, args db.Args) (n int) {
	x.t.Helper()
	if err := x.Pool.QueryRow(x.t.Context(), sql, args).Scan(&n); err != nil {
		x.t.Fatal(err)
	}
	return n
}

// grant gives a role, and manages a department of one's own where asked.
func (x *trial) grant(username string, r identity.Role, department string) {
	x.t.Helper()
	x.exec(`INSERT INTO role_grants (person_id, role, granted_by, granted_at) VALUES (@id, @role, @by, now()) ON CONFLICT DO NOTHING`,
		db.Args{"id": x.id(username), "role": r, "by": identity.NewSystem("test").ID})
	if department != "" {
		x.exec(`UPDATE departments SET manager_id = @id WHERE name_en = @name`, db.Args{"id": x.id(username), "name": department})
	}
}

// ask makes a paper of staff and returns its process.
func (x *trial) ask(spec approval.Spec, change ...func(*apptest.Paper)) (apptest.Paper, *approval.View) {
	x.t.Helper()
	p := apptest.Paper{Title: "New firewall", Plan: "Replace it on Sunday"}
	for _, f := range change {
		f(&p)
	}
	p, err := x.Create(x.As("staff"), p, spec)
	if err != nil {
		x.t.Fatalf("create: %v %+v", err, fault.Of(err).Fields)
	}
	return p, x.view(p)
}

func (x *trial) view(p apptest.Paper) *approval.View {
	x.t.Helper()
	v, err := x.Approvals.Of(x.t.Context(), x.Pool, p.Ref())
	if err != nil || v == nil {
		x.t.Fatalf("view: %v", err)
	}
	return v
}

// seat is the seat of somebody in the running step.
func (x *trial) seat(v *approval.View, username string) uuid.UUID {
	x.t.Helper()
	for _, s := range v.Steps[v.Step-1].Seats {
		if s.PersonID == x.id(username) {
			return s.ID
		}
	}
	x.t.Fatalf("%s has no seat in step %d: %+v", username, v.Step, v.Steps[v.Step-1])
	return uuid.Nil
}

func (x *trial) vote(v *approval.View, member, voter string, k approval.Kind) error {
	x.t.Helper()
	return x.Approvals.Vote(x.As(voter), v.ID, approval.VoteInput{SeatID: x.seat(v, member), Hash: v.Hash, Choice: k, Reason: "because"})
}

func (x *trial) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatalf("%v %+v", err, fault.Of(err).Fields)
	}
}

func wantCode(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Code != code && (len(f.Fields) == 0 || f.Fields[0].Code != code) {
		t.Errorf("got %v (%+v), want %s", err, f, code)
	}
}

// leads asks the lead and the security administrator, both of whom may approve
// requests.
func leads(m approval.Mode) approval.Step {
	return approval.Step{
		NameZh: "主管", NameEn: "Leads", Row: "request.approve", Mode: m,
		Who: []approval.Source{{Kind: approval.FromRole, Role: identity.Lead}, {Kind: approval.FromRole, Role: identity.SecurityAdmin}},
	}
}

func spec(steps ...approval.Step) approval.Spec { return approval.Spec{Steps: steps} }

func TestTwoPeopleApprove(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	if v.Status != approval.Open || len(v.Steps[0].Seats) != 2 {
		t.Fatalf("%+v", v)
	}
	x.must(x.vote(v, "lead", "lead", approval.Approve))
	if got := x.view(p); got.Status != approval.Open {
		t.Fatalf("one yes passed two people: %s", got.Status)
	}
	if n := x.count(`SELECT count(*) FROM record_waits WHERE record_id = @id`, db.Args{"id": p.ID}); n != 1 {
		t.Errorf("%d wait, want the one who has not voted", n)
	}
	x.must(x.vote(v, "security", "security", approval.Approve))
	got, err := x.Get(t.Context(), p.ID)
	x.must(err)
	if got.State != "approved" || len(x.Outcomes) != 1 || len(x.Outcomes[0].Approvers) != 2 {
		t.Errorf("%s %+v", got.State, x.Outcomes)
	}
	if n := x.count(`SELECT (SELECT count(*) FROM record_waits WHERE record_id = @id) + (SELECT count(*) FROM record_participants WHERE record_id = @id)`, db.Args{"id": p.ID}); n != 0 {
		t.Errorf("%d waits and participants are left", n)
	}
	if n := x.count(`SELECT count(*) FROM trail_entries WHERE record_id = @id AND action = 'approval.vote' AND outcome = 'success'`, db.Args{"id": p.ID}); n != 2 {
		t.Errorf("%d votes in the trail", n)
	}
	wantCode(t, x.vote(x.view(p), "lead", "lead", approval.Reject), fault.Conflict, "approval.error.voted")
}

// TestRejectReturns: to the draft, and to a step.
func TestRejectReturns(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	if err := x.Approvals.Vote(x.As("lead"), v.ID, approval.VoteInput{SeatID: x.seat(v, "lead"), Hash: v.Hash, Choice: approval.Reject, Reason: "  "}); !fault.Is(err, fault.Invalid) {
		t.Errorf("rejected without a reason: %v", err)
	}
	x.must(x.vote(v, "lead", "lead", approval.Reject))
	if got, _ := x.Get(t.Context(), p.ID); got.State != "rejected" || x.Outcomes[0].Reason != "because" {
		t.Errorf("%+v %+v", got, x.Outcomes)
	}

	one, two := leads(approval.Any), leads(approval.Any)
	two.Who, two.BackTo = two.Who[:1], 1
	p, v = x.ask(spec(one, two))
	x.must(x.vote(v, "security", "security", approval.Approve))
	v = x.view(p)
	x.must(x.vote(v, "lead", "lead", approval.Reject))
	if v = x.view(p); v.Step != 1 || v.Round != 3 || v.Steps[0].State != "current" || v.Steps[1].State != "waiting" {
		t.Fatalf("%+v", v)
	}
	x.must(x.vote(v, "lead", "lead", approval.Approve)) // asked anew
	if v = x.view(p); v.Step != 2 {
		t.Errorf("step %d", v.Step)
	}
}

// TestNobodyDecidesTheirOwn proves suffix 1 when asked and when voting.
func TestNobodyDecidesTheirOwn(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p := apptest.Paper{Title: "For myself", Plan: "x"}
	p, err := x.Create(x.As("lead"), p, spec(leads(approval.All)))
	x.must(err)
	v := x.view(p)
	if len(v.Steps[0].Seats) != 1 || len(v.Steps[0].LeftOut) != 1 || v.Steps[0].LeftOut[0].Person != x.id("lead") {
		t.Fatalf("%+v", v.Steps[0])
	}
	// Whoever becomes the implementer after being asked may not vote any more.
	p, v = x.ask(spec(leads(approval.Any)))
	x.must(x.Employ(x.As("staff"), p.ID, x.id("lead")))
	wantCode(t, x.vote(v, "lead", "lead", approval.Approve), fault.Forbidden, "authz.denied.involved")
	if n := x.count(`SELECT count(*) FROM trail_entries WHERE record_id = @id AND action = 'approval.vote' AND outcome = 'denied'`, db.Args{"id": p.ID}); n != 1 {
		t.Error("the refusal is not in the trail")
	}
	// Somebody who was not asked: hidden, or forbidden where they see the record.
	in := approval.VoteInput{SeatID: x.seat(v, "lead"), Hash: v.Hash, Choice: approval.Approve}
	wantCode(t, x.Approvals.Vote(x.As("gu.yan"), v.ID, in), fault.NotFound, "error.not_found")
	wantCode(t, x.Approvals.Vote(x.As("staff"), v.ID, in), fault.Forbidden, "approval.error.not_asked")
}

func TestContentBinds(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	x.must(x.vote(v, "lead", "lead", approval.Approve))
	x.must(x.Edit(x.As("staff"), p.ID, "Replace it on Monday", true))
	now := x.view(p)
	if now.ID == v.ID || now.Steps[0].Approvals != 0 || *now.PreviousID != v.ID {
		t.Fatalf("the vote outlived the edit: %+v", now)
	}
	wantCode(t, x.vote(v, "security", "security", approval.Approve), fault.Conflict, "approval.error.ended")
	in := approval.VoteInput{SeatID: x.seat(now, "security"), Hash: v.Hash, Choice: approval.Approve}
	wantCode(t, x.Approvals.Vote(x.As("security"), now.ID, in), fault.Conflict, "approval.error.changed")
	x.must(x.Edit(x.As("staff"), p.ID, "Replace it on Monday", true)) // no change
	if same := x.view(p); same.ID != now.ID {
		t.Error("asked again without a change")
	}
	// The void process goes on showing what was decided, the new one what is asked.
	old, err := x.Approvals.Decision(x.As("lead"), v.ID)
	x.must(err)
	cur, err := x.Approvals.Decision(x.As("lead"), now.ID)
	x.must(err)
	if old.CurrentID == nil || *old.CurrentID != now.ID || len(old.Card.Facts) != 2 || old.Card.Facts[0].Value != "Replace it on Sunday" {
		t.Errorf("%+v", old.Card)
	}
	if len(cur.Changes) != 1 || cur.Changes[0].Before != "Replace it on Sunday" || cur.Changes[0].After != "Replace it on Monday" || cur.Mine == nil {
		t.Errorf("%+v", cur.Changes)
	}
	// An edit that forgot to say so is found at the vote.
	x.must(x.Edit(x.As("staff"), p.ID, "Replace it never", false))
	wantCode(t, x.vote(now, "lead", "lead", approval.Approve), fault.Conflict, "approval.error.changed")
	if got := x.view(p); got.Status != approval.Voided || x.Outcomes[len(x.Outcomes)-1].Status != approval.Voided {
		t.Errorf("%s", got.Status)
	}
}

func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	x.must(x.vote(v, "lead", "lead", approval.Approve))
	x.must(x.Pause(x.As("staff"), p.ID))
	if n := x.count(`SELECT count(*) FROM record_waits WHERE record_id = @id`, db.Args{"id": p.ID}); n != 0 {
		t.Errorf("%d still wait while it is held", n)
	}
	wantCode(t, x.vote(v, "security", "security", approval.Approve), fault.Conflict, "approval.error.held")
	x.must(x.Resume(x.As("staff"), p.ID))
	x.must(x.vote(v, "security", "security", approval.Approve))
	if got, _ := x.Get(t.Context(), p.ID); got.State != "approved" {
		t.Errorf("%s", got.State)
	}
	p, _ = x.ask(spec(leads(approval.All)))
	x.must(x.Withdraw(x.As("staff"), p.ID))
	if got := x.view(p); got.Status != approval.Withdrawn {
		t.Errorf("%s", got.Status)
	}
}

func TestQuestionAndAnswer(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	x.must(x.Approvals.AskMore(x.As("lead"), v.ID, approval.AskInput{SeatID: x.seat(v, "lead"), Reason: "Why Sunday?"}))
	waits := func(who string) int {
		return x.count(`SELECT count(*) FROM record_waits WHERE record_id = @id AND person_id = @who`, db.Args{"id": p.ID, "who": x.id(who)})
	}
	if waits("staff") != 1 || waits("lead") != 0 || waits("security") != 1 {
		t.Errorf("staff %d, lead %d, security %d", waits("staff"), waits("lead"), waits("security"))
	}
	wantCode(t, x.Approvals.Answer(x.As("security"), v.ID, approval.AnswerInput{Reason: "I know"}), fault.Forbidden, "approval.error.not_yours")
	x.must(x.Approvals.Answer(x.As("staff"), v.ID, approval.AnswerInput{Reason: "Nobody works then"}))
	if waits("staff") != 0 || waits("lead") != 1 {
		t.Errorf("after the answer: staff %d, lead %d", waits("staff"), waits("lead"))
	}
}

// TestStandIn: a step whose people all step aside goes to the manager of
// another department, with a waiver (S12); with nobody left it is reported.
func TestStandIn(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	x.exec(`UPDATE departments SET manager_id = NULL`, db.Args{})
	x.grant("gu.yan", identity.Manager, "Finance")
	p, v := x.ask(spec(leads(approval.All)))
	x.must(x.Approvals.Recuse(x.As("lead"), v.ID, approval.RecuseInput{SeatID: x.seat(v, "lead"), Reason: "my cousin sells it"}))
	x.must(x.Approvals.Recuse(x.As("security"), v.ID, approval.RecuseInput{SeatID: x.seat(v, "security"), Reason: "mine too"}))
	v = x.view(p)
	seats := v.Steps[0].Seats
	if last := seats[len(seats)-1]; !last.StandIn || last.PersonID != x.id("gu.yan") {
		t.Fatalf("%+v", v.Steps[0])
	}
	if n := x.count(`SELECT count(*) FROM approval_seats WHERE waiver_until > now()`, db.Args{}); n != 1 {
		t.Errorf("%d waivers", n)
	}
	x.must(x.Approvals.Recuse(x.As("gu.yan"), v.ID, approval.RecuseInput{SeatID: x.seat(v, "gu.yan"), Reason: "and mine"}))
	if v = x.view(p); !v.Stuck || v.Status != approval.Open {
		t.Fatalf("%+v", v)
	}
	x.Drain()
	if n := x.count(`SELECT count(*) FROM notifications WHERE event = 'approval.stuck' AND person_id = @id`, db.Args{"id": x.id("staff")}); n != 1 {
		t.Error("nobody was told that it is stuck")
	}
}

// TestFiftyVotesAtOnce: one row, and no error for a repeated vote.
func TestFiftyVotesAtOnce(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	p, v := x.ask(spec(leads(approval.All)))
	ctx, seat := x.As("lead"), x.seat(v, "lead")
	errs := make([]error, 50)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = x.Approvals.Vote(ctx, v.ID, approval.VoteInput{SeatID: seat, Hash: v.Hash, Choice: approval.Approve})
		})
	}
	wg.Wait()
	for _, err := range errs {
		x.must(err)
	}
	if n := x.count(`SELECT count(*) FROM approval_entries WHERE approval_id = @id AND kind = 'approve'`, db.Args{"id": v.ID}); n != 1 {
		t.Errorf("%d rows", n)
	}
	if got := x.view(p); got.Status != approval.Open {
		t.Errorf("%s", got.Status)
	}
}

// TestVotesAreImmutable asks the database itself.
func TestVotesAreImmutable(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	_, v := x.ask(spec(leads(approval.All)))
	x.must(x.vote(v, "lead", "lead", approval.Approve))
	for _, sql := range []string{
		`UPDATE approval_entries SET kind = 'reject', reason = 'x' WHERE kind = 'approve'`, `DELETE FROM approval_entries`, `TRUNCATE approval_entries`,
		`UPDATE approval_seats SET chair = true`,
		`INSERT INTO approval_entries (approval_id, seq, round, kind, member_id, actor_id, hash, at) SELECT approval_id, 99, round, 'approve', member_id, gen_random_uuid(), hash, at FROM approval_entries WHERE kind = 'approve'`,
		`INSERT INTO approval_entries (approval_id, seq, round, kind, member_id, actor_id, hash, at) SELECT approval_id, 99, round, 'approve', gen_random_uuid(), actor_id, hash, at FROM approval_entries WHERE kind = 'approve'`,
	} {
		if err := x.Pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), sql); return err }); err == nil {
			t.Errorf("the database let it pass: %s", sql)
		}
	}
}

func TestDefinitionsThatCannotWork(t *testing.T) {
	t.Parallel()
	x := newTrial(t)
	for name, change := range map[string]func(*approval.Step){
		"mode":    func(s *approval.Step) { s.Mode = "most" },
		"n":       func(s *approval.Step) { s.Mode = approval.Count },
		"percent": func(s *approval.Step) { s.Mode, s.N = approval.Percent, 101 },
		"too many": func(s *approval.Step) {
			s.Mode, s.N, s.Who = approval.Count, 2, []approval.Source{{Kind: approval.FromManager}}
		},
		"attendance": func(s *approval.Step) { s.Attendance, s.Who = 2, []approval.Source{{Kind: approval.FromManager}} },
		"attend":     func(s *approval.Step) { s.Attend = identity.Lead },
		"forward":    func(s *approval.Step) { s.BackTo = 2 },
		"row":        func(s *approval.Step) { s.Row = "audit.delete" },
		"no people":  func(s *approval.Step) { s.Who = nil },
		"source":     func(s *approval.Step) { s.Who = []approval.Source{{Kind: "everybody"}} },
		"role":       func(s *approval.Step) { s.Who = []approval.Source{{Kind: approval.FromRole, Role: identity.Auditor}} },
		"must":       func(s *approval.Step) { s.Must = []identity.Role{identity.Auditor} },
		"chair":      func(s *approval.Step) { s.Who = []approval.Source{{Kind: approval.FromManager, Chair: true}} },
		"name":       func(s *approval.Step) { s.NameZh, s.NameEn = "", "" },
	} {
		st := leads(approval.All)
		change(&st)
		if err := spec(st).Check(x.Desk.Desk.Matrix); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := spec().Check(x.Desk.Desk.Matrix); !fault.Is(err, fault.Invalid) {
		t.Errorf("no steps: %v", err)
	}
	if err := spec(leads(approval.Majority)).Check(x.Desk.Desk.Matrix); err != nil {
		t.Error(err)
	}
}

package change

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func id() *uuid.UUID { x := uuid.New(); return &x }

// complete is a normal change with nothing missing, as a draft.
func complete() Change {
	from, to := noon.Add(time.Hour), noon.Add(5*time.Hour)
	step := Step{Title: "do", OwnerID: id(), Minutes: 30}
	return Change{
		ID: uuid.New(), Type: Normal, State: Draft, Title: "t", Content: "c", Reason: "r", Effect: "e", Items: []uuid.UUID{uuid.New()}, Steps: []Step{step, step},
		TestPlan: "p", RollbackTrigger: "when it fails", RollbackMinutes: 20, Back: []Step{step}, WindowFrom: &from, WindowTo: &to, RequesterID: uuid.New(),
	}
}

func assessed() Assessment { return Assessment{Answers: []int{2, 2, 1, 3, 2, 1}} }

// codes are the gates that refused a move.
func codes(err error) []string {
	var out []string
	f := fault.Of(err)
	if f == nil {
		return nil
	}
	for _, x := range f.Fields {
		out = append(out, x.Name)
	}
	if len(out) == 0 {
		out = []string{f.Code}
	}
	return out
}

func TestEachGateRefusesAlone(t *testing.T) {
	t.Parallel()
	approved := func() Change {
		c := complete()
		c.TestResult, c.TestEvidence, c.Assessment, c.Risk = Passed, "log", assessed(), Medium
		c.TestedHash, c.AssessedHash = c.testable(), c.assessable()
		c.State, c.ApprovedAt = Scheduled, &noon
		c.ApprovedHash = c.Hash()
		return c
	}
	inside := Situation{Now: noon.Add(2 * time.Hour)}
	for name, c := range map[string]struct {
		move  Move
		spoil func(*Change, *Situation)
		want  string
	}{
		"no reason":            {MoveSubmit, func(c *Change, _ *Situation) { c.Reason = "" }, "content"},
		"nothing concerned":    {MoveSubmit, func(c *Change, _ *Situation) { c.Items = nil }, "items"},
		"a step without owner": {MoveSubmit, func(c *Change, _ *Situation) { c.Steps = []Step{{Title: "x", Minutes: 1}} }, "steps"},
		"no way back":          {MoveSubmit, func(c *Change, _ *Situation) { c.Back = nil }, "rollback"},
		"no trigger":           {MoveSubmit, func(c *Change, _ *Situation) { c.RollbackTrigger = "" }, "rollback"},
		"no window":            {MoveSubmit, func(c *Change, _ *Situation) { c.WindowTo = nil }, "window"},
		"not assessed":         {MoveAsk, func(c *Change, _ *Situation) { c.Assessment = Assessment{} }, "assessed"},
		"test failed":          {MoveAsk, func(c *Change, _ *Situation) { c.TestResult = TestNo }, "tested"},
		"no evidence":          {MoveAsk, func(c *Change, _ *Situation) { c.TestEvidence = "" }, "tested"},
		"assessed otherwise":   {MoveAsk, func(c *Change, _ *Situation) { c.AssessedHash = "x" }, "assessed"},
		"tested otherwise":     {MoveAsk, func(c *Change, _ *Situation) { c.TestedHash = "x" }, "tested"},
		"too long": {MoveAsk, func(c *Change, _ *Situation) {
			c.RollbackMinutes = 300
			c.TestedHash, c.AssessedHash = c.testable(), c.assessable()
		}, "slack"},
		"before the window":     {MoveStart, func(_ *Change, s *Situation) { s.Now = noon }, "in_window"},
		"at its end":            {MoveStart, func(_ *Change, s *Situation) { s.Now = noon.Add(5 * time.Hour) }, "in_window"},
		"not approved":          {MoveStart, func(c *Change, _ *Situation) { c.ApprovedAt = nil }, "approved"},
		"edited after approval": {MoveStart, func(c *Change, _ *Situation) { c.RollbackTrigger = "another" }, "approved"},
		"by its approver":       {MoveStart, func(_ *Change, s *Situation) { s.Approver = true }, "not_approver"},
		"on hold":               {MoveStart, func(c *Change, _ *Situation) { c.OnHold = true }, "not_held"},
		"item taken":            {MoveStart, func(_ *Change, s *Situation) { s.Conflicts = 1 }, "conflict"},
		"frozen":                {MoveStart, func(_ *Change, s *Situation) { s.Frozen = true }, "freeze"},
		"window over":           {MoveSchedule, func(_ *Change, s *Situation) { s.Now = noon.Add(9 * time.Hour) }, "future"},
		"verified by its doer":  {MoveVerify, func(_ *Change, s *Situation) { s.Self = true }, "other_verifier"},
		"no lessons of failure": {MoveClose, func(c *Change, _ *Situation) { c.Result = Failed }, "reviewed"},
		"no lessons, emergency": {MoveClose, func(c *Change, _ *Situation) { c.Type = Emergency }, "reviewed"},
		"items not confirmed":   {MoveClose, func(c *Change, _ *Situation) { c.ItemsConfirmed = false }, "items_confirmed"},
		"steps left":            {MoveFinish, func(c *Change, _ *Situation) { c.Steps[1].StoppedAt = nil }, "steps_closed"},
		"steps of the way back": {MoveFinish, func(c *Change, _ *Situation) { c.BackAt = &noon }, "steps_closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, s := approved(), inside
			x.Result, x.ItemsConfirmed = Success, true
			for i := range x.Steps {
				x.Steps[i].StoppedAt = &noon
			}
			if err := x.pass(c.move, s); err != nil {
				t.Fatalf("refused before anything was wrong: %v", codes(err))
			}
			c.spoil(&x, &s)
			if got := codes(x.pass(c.move, s)); !slices.Equal(got, []string{c.want}) {
				t.Errorf("%v", got)
			}
		})
	}
}

// A random walk over everything people can do never reaches the systems without
// every gate, but by breaking the glass, which leaves its mark.
func TestNoWayAroundTheGates(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := complete()
		c.Type = []Type{Normal, Normal, Emergency, Standard}[r.IntN(4)]
		var assessedHash, testedHash, reviewed string
		for range 120 {
			now := noon.Add(time.Duration(r.IntN(7*60)) * time.Minute)
			s := Situation{Now: now, Approver: r.IntN(4) == 0, Self: r.IntN(4) == 0, Conflicts: r.IntN(8) / 7, Frozen: r.IntN(8) == 0, Template: r.IntN(3) > 0}
			was, before := c.State, c.Hash()
			var err error
			switch r.IntN(14) {
			case 0:
				err = c.submit(s)
			case 1:
				if err = c.assess(assessed(), uuid.New(), now); err == nil {
					assessedHash = c.assessable()
				}
			case 2:
				if err = c.test([]TestResult{Passed, Passed, TestNo}[r.IntN(3)], "log", uuid.New(), now); err == nil {
					testedHash = c.testable()
				}
			case 3:
				if err = c.move(MoveAsk, s); err == nil && c.Type == Normal {
					if assessedHash != c.assessable() || testedHash != c.testable() || c.TestResult != Passed {
						t.Fatalf("seed %d: a plan is reviewed that was not assessed and tested as it stands", seed)
					}
				}
			case 4:
				if err = c.approve(now); err == nil {
					reviewed = c.Hash()
				}
			case 5:
				err = c.reject([]Move{MoveReject, MoveReturn}[r.IntN(2)], "no")
			case 6:
				err = c.move(MoveSchedule, s)
			case 7:
				err = c.start(s, uuid.New())
				if err == nil {
					if c.Type != Standard && reviewed != before || !c.IsApproved() || s.Approver || s.Conflicts > 0 || s.Frozen || !c.inWindow(now) || was != Scheduled {
						t.Fatalf("seed %d: it began through a gate that was shut", seed)
					}
				}
			case 8:
				if c.State.Planned() {
					c.Content = string(rune('a' + r.IntN(3)))
					c.replan(before)
				}
			case 9:
				err = c.rollBack("why", uuid.New(), now)
			case 10:
				c.Steps, c.Back = ended(c.Steps), ended(c.Back)
				err = c.finish(now)
			case 11:
				err = c.verify([]Result{Success, RolledBack, Failed}[r.IntN(3)], "seen", s, uuid.New())
			case 12:
				if c.State == Review {
					c.ItemsConfirmed, c.Lessons = r.IntN(2) == 0, []string{"", "less"}[r.IntN(2)]
				}
				err = c.close(s, uuid.New())
			case 13:
				if r.IntN(20) == 0 {
					err = c.breakGlass("fire", uuid.New(), now, now.Add(reviewWithin))
				}
			}
			if err != nil && c.State != was {
				t.Fatalf("seed %d: a refused move moved from %s to %s", seed, was, c.State)
			}
			switch {
			case !c.State.Planned() && c.State != Cancelled && c.GlassAt == nil && !c.IsApproved():
				t.Fatalf("seed %d: %s without an approval of this plan", seed, c.State)
			case c.State == Closed && (c.NeedsReview() && c.Lessons == "" || !c.ItemsConfirmed):
				t.Fatalf("seed %d: closed without its review", seed)
			case c.BackAt != nil && c.VerifiedAt != nil && c.Result == Success:
				t.Fatalf("seed %d: it went back and was a success", seed)
			}
		}
	}
}

func ended(steps []Step) []Step {
	out := slices.Clone(steps)
	for i := range out {
		out[i].StoppedAt = &noon
	}
	return out
}

func TestRisk(t *testing.T) {
	t.Parallel()
	a := Assessment{Answers: []int{1, 2, 1, 1, 2, 1}}
	if a.Level() != Low {
		t.Errorf("2×2 is %s", a.Level())
	}
	a.Facts = Facts{Criticality: 1}
	if i, l := a.Before(); i != 4 || l != 2 || a.Level() != Medium {
		t.Errorf("a critical item weighs %d×%d", i, l)
	}
	a.Facts.Changes, a.Facts.Failed = 8, 2
	if _, l := a.Before(); l != 4 || a.Level() != High {
		t.Errorf("one failure in four makes the likelihood %d", l)
	}
	a.Impact, a.Likelihood = 1, 1
	if a.Level() != High {
		t.Error("measures that nobody wrote down made the risk smaller")
	}
	a.Mitigation = "two people"
	if a.Level() != Low {
		t.Errorf("after mitigation %s", a.Level())
	}
	a.Impact, a.Likelihood = 5, 5
	if i, l := a.After(); i != 4 || l != 4 {
		t.Errorf("measures made it larger: %d×%d", i, l)
	}
	if (Assessment{Answers: []int{1, 2}}).Level() != Unknown || (Assessment{Answers: []int{1, 2, 3, 4, 5, 6}}).Complete() {
		t.Error("half an assessment counts")
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	by, steps := uuid.New(), []Step{{Title: "a"}, {Title: "b"}}
	if _, err := begin(steps, 1, by, noon); err == nil {
		t.Error("the second began before the first ended")
	}
	if _, err := end(steps, 0, Done, "", by, noon); err == nil {
		t.Error("ended before it began")
	}
	steps, err := begin(steps, 0, by, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := end(steps, 0, NotDone, "", by, noon); err == nil {
		t.Error("failed without a word")
	}
	if steps, err = end(steps, 0, Done, "", by, noon.Add(time.Minute)); err != nil || closed(steps) {
		t.Fatal(err)
	}
	if steps, err = end(steps, 1, LeftOut, "not needed", by, noon); err != nil || !closed(steps) || steps[1].StartedAt == nil {
		t.Errorf("%v %+v", err, steps)
	}
	if _, err := end(steps, 1, Done, "", by, noon); err == nil {
		t.Error("ended twice")
	}
}

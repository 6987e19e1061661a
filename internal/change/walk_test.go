package change_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"opsdesk/internal/approval"
	"opsdesk/internal/change"
)

// Several people do what they can, in any order, over the real database: nobody
// gets a change to the systems without every gate, and what is edited after its
// review began is not approved any more. OPSDESK_SEED repeats a walk.
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("OPSDESK_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("OPSDESK_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	d := newDesk(t)
	d.SetClock(time.Now())
	began, voided, refused := 0, 0, 0
	// As many changes as fit into some seconds, but on a slow machine as many as it
	// takes for each thing that is looked at to have happened.
	until := time.Now().Add(10 * time.Second)
	for n := 0; n < 30 && (n < 6 && time.Now().Before(until) || began == 0 || voided == 0 || refused == 0); n++ {
		b, v, f := d.walk(r, seed, n)
		began, voided, refused = began+b, voided+v, refused+f
	}
	if began == 0 || voided == 0 || refused == 0 {
		t.Errorf("seed %d: %d began, %d voided, %d refused: the walk went nowhere", seed, began, voided, refused)
	}
}

// walk takes one change through random acts, with a leaning towards the next
// one, and counts starts, voided reviews and refusals.
func (d desk) walk(r *rand.Rand, seed uint64, n int) (began, voided, refused int) {
	d.t.Helper()
	people := []string{"engineer2", "lead", "changemanager", "reviewer", "implementer", "engineer"}
	who := func(usual string) string {
		if r.IntN(4) > 0 {
			return usual
		}
		return people[r.IntN(len(people))]
	}
	p := plan(d.t, d.Desk)
	items := itemIDs(d.t, d.Desk, 8)
	p.Items = items[n%8 : n%8+1]
	id := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p})).ID
	for step := range 60 {
		before := d.get(id)
		usual := map[change.State]string{
			change.Draft: "submit", change.Submitted: "assess", change.Assessing: "assess", change.Testing: "test", change.Reviewing: "vote", change.Approved: "schedule", change.Scheduled: "start",
		}[before.State]
		if before.State == change.Testing && before.Tested() {
			usual = "ask"
		}
		switch {
		case before.OnHold:
			usual = "release"
		case !before.WindowTo.After(d.Desk.Desk.Now()):
			usual = "window"
		}
		act := usual
		if acts := []string{"edit", "item", "window", "submit", "assess", "test", "ask", "vote", "veto", "schedule", "start", "hold", "release", "wait"}; r.IntN(3) == 0 {
			act = acts[r.IntN(len(acts))]
		}
		if before.State == change.Scheduled && r.IntN(2) == 0 {
			act = "wait"
		}
		edited := false
		var err error
		actor := ""
		as := func(usual string) string { actor = who(usual); return actor }
		switch act {
		case "edit", "window":
			if p.Content += "x"; act == "window" {
				from := d.Desk.Desk.Now().Add(time.Duration(r.IntN(180)) * time.Minute).Truncate(time.Minute)
				to := from.Add(4 * time.Hour)
				p.WindowFrom, p.WindowTo = &from, &to
			}
			edited = true
			_, err = d.Changes.Edit(d.As(as("engineer2")), id, change.EditInput{Plan: p})
		case "item":
			edited = true
			item := items[r.IntN(len(items))]
			_, err = d.Changes.SetItem(d.As(as("engineer2")), id, change.ItemInput{Item: item.String(), Remove: len(before.Items) > 1 && slices.Contains(before.Items, item)})
			if x := d.get(id); err == nil {
				p.Items = x.Items
			}
		case "submit":
			_, err = d.Changes.Submit(d.As(as("engineer2")), id, change.StepInput{})
		case "assess":
			_, err = d.Changes.Assess(d.As(as("lead")), id, change.AssessInput{Answers: []int{1 + r.IntN(5), 2, 1, 2, 1 + r.IntN(4), 1}})
		case "test":
			_, err = d.Changes.Test(d.As(as("lead")), id, change.TestInput{Result: []change.TestResult{change.Passed, change.Passed, change.TestNo}[r.IntN(3)], Evidence: "log"})
		case "ask":
			_, err = d.Changes.Ask(d.As(as("engineer2")), id, change.StepInput{})
		case "vote", "veto":
			if before.State != change.Reviewing {
				continue
			}
			err = d.vote(as([]string{"changemanager", "reviewer"}[r.IntN(2)]), before, act == "vote")
		case "schedule":
			_, err = d.Changes.Schedule(d.As(as("engineer2")), id, change.StepInput{})
		case "start":
			_, err = d.Changes.Start(d.As(as("implementer")), id, change.StepInput{})
		case "hold":
			_, err = d.Changes.Hold(d.As(as("lead")), id, change.ReasonInput{Reason: "wait"})
		case "release":
			_, err = d.Changes.Release(d.As(as("lead")), id, change.StepInput{})
		case "wait":
			d.Advance(time.Duration(20+r.IntN(40)) * time.Minute)
		}
		after := d.get(id)
		fail := func(what string) {
			d.t.Helper()
			d.t.Fatalf("OPSDESK_SEED=%d, change %d, step %d: %s by %s, %s → %s: %s", seed, n, step, act, actor, before.State, after.State, what)
		}
		if err != nil {
			refused++
			if after.State != before.State || after.Hash() != before.Hash() {
				fail("a refused act changed something")
			}
			continue
		}
		late := slices.Contains([]change.State{change.Reviewing, change.Approved, change.Scheduled}, before.State)
		if edited && late && after.Hash() != before.Hash() {
			voided++
			v, verr := d.Approvals.Of(d.As("lead"), d.Pool, after.Ref())
			if verr != nil || v == nil || v.Status == approval.Open || after.State != change.Assessing || after.ApprovedAt != nil || after.IsApproved() {
				fail("an edited plan kept its review")
			}
		}
		if !after.State.Planned() && after.State != change.Cancelled {
			began++
			approvers, aerr := d.Approvals.Approvers(d.As("lead"), d.Pool, after.Ref())
			if aerr != nil {
				d.t.Fatal(aerr)
			}
			now := d.Desk.Desk.Now()
			switch {
			case act != "start" || before.State != change.Scheduled:
				fail("it began by another act")
			case !after.IsApproved() || !after.Assessed() || !after.Tested():
				fail("this very plan was not approved, assessed and tested")
			case len(approvers) == 0 || after.Risk != change.Low && len(approvers) < 2:
				fail("too few people approved it")
			case after.StartedBy == nil || slices.Contains(approvers, *after.StartedBy) || slices.Contains(approvers, after.RequesterID):
				fail("who approved it has a hand in it")
			case now.Before(*after.WindowFrom) || !now.Before(*after.WindowTo) || before.OnHold:
				fail("outside of its window, or on hold")
			}
			return began, voided, refused
		}
	}
	return began, voided, refused
}

package change

import (
	"slices"
	"time"

	"opsdesk/internal/platform/fault"
)

// Gate is one thing that must hold before a move, with the clause or control
// that asks for it. Pages show the gates before anybody tries.
type Gate struct {
	Key    string `json:"key"`
	Clause string `json:"clause"`
	OK     bool   `json:"ok"`
}

// Situation is what gates look at beside the change itself.
type Situation struct {
	Now      time.Time
	Approver bool // the actor approved the change, or a deputy did for them
	// Conflicts counts others that hold one of the items in the window, Clashes
	// all that want the items, relatives of them, or the same people.
	Conflicts, Clashes int
	// Frozen: a hard freeze without an exception covers the window.
	Frozen bool
	// Outside are services and items whose maintenance windows the window does not
	// lie in.
	Outside []Outside
	// Template: the template of a standard change is in force, what it fixes is as
	// it was approved, and the items are not more critical than it was made for.
	Template bool
	// Self: the actor implemented the change.
	Self bool
}

// Gates lists what must hold before the move, in the order of the form. A move
// without gates needs only its place in the state machine.
func (c Change) Gates(m Move, s Situation) []Gate {
	var out []Gate
	add := func(key, clause string, ok bool) { out = append(out, Gate{key, clause, ok}) }
	plan := func() {
		add("content", "4.2", c.Title != "" && c.Content != "" && c.Reason != "" && c.Effect != "")
		add("items", "4.2", len(c.Items) > 0 || c.ServiceID != nil)
		add("steps", "4.2", stepsReady(c.Steps))
		add("rollback", "CHG-04", c.RollbackReady())
		add("window", "4.2", c.windowReady())
	}
	template := func() {
		if c.Type == Standard {
			add("template", "CHG-11", s.Template)
		}
	}
	switch m {
	case MoveSubmit:
		plan()
		template()
	case MoveAsk:
		plan()
		if c.Type == Normal {
			add("assessed", "CHG-04", c.Assessed())
			add("tested", "CHG-04", c.Tested())
		}
		add("slack", "4.2", c.fits())
	case MoveSchedule:
		add("approved", "CHG-01", c.IsApproved())
		template()
		out = append(out, c.windowGates(s)...)
	case MoveStart:
		add("approved", "CHG-01", c.IsApproved())
		template()
		add("in_window", "CHG-08", c.inWindow(s.Now))
		add("not_held", "4.2", !c.OnHold)
		add("not_approver", "CHG-02", !s.Approver)
		add("freeze", "CHG-07", !s.Frozen)
		add("maintenance", "4.2", !slices.ContainsFunc(s.Outside, Outside.Shut))
		add("conflict", "4.2", s.Conflicts == 0)
	case MoveFinish:
		add("steps_closed", "4.2", c.stepsClosed())
	case MoveVerify:
		add("other_verifier", "CHG-02", !s.Self)
		add("result", "4.2", c.Result != "")
	case MoveClose:
		add("reviewed", "CHG-06", !c.NeedsReview() || c.Lessons != "")
		add("items_confirmed", "CHG-09", c.ItemsConfirmed || len(c.Items) == 0)
		add("other_reviewer", "CHG-02", !s.Self)
	}
	return out
}

// windowGates are what a window must keep wherever it is put.
func (c Change) windowGates(s Situation) []Gate {
	return []Gate{
		{"future", "CHG-08", c.WindowTo != nil && c.WindowTo.After(s.Now)},
		{"freeze", "CHG-07", !s.Frozen},
		{"maintenance", "4.2", !slices.ContainsFunc(s.Outside, Outside.Shut)},
		{"conflict", "4.2", s.Conflicts == 0},
	}
}

// Open reports whether every gate is open.
func Open(gates []Gate) bool { return !slices.ContainsFunc(gates, func(g Gate) bool { return !g.OK }) }

// pass refuses a move with all of the gates that are shut, each with its
// clause.
func (c Change) pass(m Move, s Situation) error { return refuse(c.Gates(m, s)) }

// refuse is the fault of the gates that are shut; nil where none is.
func refuse(gates []Gate) error {
	f := fault.New(fault.Conflict, "change.error.gates")
	for _, g := range gates {
		if !g.OK {
			f.Fields = append(f.Fields, fault.Field{Name: g.Key, Code: "change.gate." + g.Key})
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// RollbackReady reports whether there is a way back: when to take it, by which
// steps, and how long it takes.
func (c Change) RollbackReady() bool {
	return c.RollbackTrigger != "" && c.RollbackMinutes > 0 && stepsReady(c.Back)
}

func (c Change) windowReady() bool {
	return c.WindowFrom != nil && c.WindowTo != nil && c.WindowTo.After(*c.WindowFrom)
}

// fits reports whether the steps and the way back are over before the window
// is.
func (c Change) fits() bool {
	return c.windowReady() && time.Duration(minutes(c.Steps)+c.RollbackMinutes)*time.Minute <= c.WindowTo.Sub(*c.WindowFrom)
}

func (c Change) inWindow(now time.Time) bool {
	return c.windowReady() && !now.Before(*c.WindowFrom) && now.Before(*c.WindowTo)
}

// IsApproved reports whether this very plan was approved.
func (c Change) IsApproved() bool { return c.ApprovedAt != nil && c.ApprovedHash == c.Hash() }

// NeedsReview reports whether the change cannot be closed without a review of
// what happened: it failed, went back, was an emergency, or broke the glass
// (CHG-05, CHG-06).
func (c Change) NeedsReview() bool {
	return c.Type == Emergency || c.GlassAt != nil || c.Result == RolledBack || c.Result == Failed || c.Result == WithIssues
}

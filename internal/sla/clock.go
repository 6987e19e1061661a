package sla

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Metric is what a clock measures.
type Metric string

// The metrics: until somebody answers, until it is solved, and how long the
// team that holds it may take (operational level).
const (
	Response   Metric = "response"
	Resolution Metric = "resolution"
	Team       Metric = "team"
)

// Metrics lists them.
var Metrics = [...]Metric{Response, Resolution, Team}

// EventKind is what happened to a record as far as its clocks are concerned.
type EventKind string

// The events. Everything a clock says follows from them.
const (
	Started      EventKind = "started"
	Responded    EventKind = "responded"
	Unanswered   EventKind = "unanswered" // the answer was taken back at once: the clock goes on
	Paused       EventKind = "paused"
	Resumed      EventKind = "resumed"
	Stopped      EventKind = "stopped"      // solved or delivered
	Reopened     EventKind = "reopened"     // it was not: the same promise goes on
	Stands       EventKind = "stands"       // the reopening was taken back at once: the verdict is what it was
	Voided       EventKind = "voided"       // withdrawn or merged away: no verdict
	Reclassified EventKind = "reclassified" // priority, service or agreement are others now
	Joined       EventKind = "joined"       // another record was merged in; the earlier start counts
	Parted       EventKind = "parted"       // that was taken back: its start counts no more
	Handed       EventKind = "handed"       // another team holds it
)

// Event is one line of a record's history of time.
type Event struct {
	N    int       `db:"n" json:"n"`
	At   time.Time `db:"at" json:"at"`
	Kind EventKind `db:"kind" json:"kind"`
	// Terms are the agreement version and the priority that hold from here on:
	// set with started, reclassified and handed.
	TermsID     *uuid.UUID `db:"terms_id" json:"terms_id"`
	TeamTermsID *uuid.UUID `db:"team_terms_id" json:"team_terms_id"`
	TeamID      *uuid.UUID `db:"team_id" json:"team_id"`
	Priority    int        `db:"priority" json:"priority"`
	Reason      string     `db:"reason" json:"reason"` // of a pause
	// Pauses is whether the reason stops the clocks, as it was decided then.
	Pauses bool       `db:"pauses" json:"pauses"`
	Since  *time.Time `db:"since" json:"since"` // start of what joined or parted
}

// Rule is what one metric of a record is measured by.
type Rule struct {
	TermsID    uuid.UUID // version of the agreement
	CalendarID uuid.UUID
	Target     Target
	Goal       time.Duration // the target in working time
	Calendar   *Calendar
}

// Lookup finds the rule that an event sets for a metric; false: nothing is
// promised.
type Lookup func(e Event, m Metric) (Rule, bool)

// State is how a clock stands.
type State string

// The states. A running clock may be past its due instant.
const (
	Running State = "running"
	Held    State = "paused"
	Met     State = "met"
	Missed  State = "missed"
	Void    State = "void"
)

// Clock is what the events say about one metric. It does not depend on when it
// is asked: what is past due is so by the due instant alone.
type Clock struct {
	Metric  Metric
	Stint   int // of the team's clock: the how-manieth team
	State   State
	Rule    Rule
	Started time.Time
	// Due is when the target is used up: of a running clock, and of any that is
	// past it. Nil: it will not be, as things stand.
	Due *time.Time
	// Warn and Crit are when 30 % and 15 % (at least 30 minutes) are left.
	Warn, Crit *time.Time
	Ended      *time.Time
	// Spent is the working time used until As; a running clock goes on from there.
	Spent time.Duration
	As    time.Time
	// Breached is when the target in force was first used up while the clock had
	// not ended, as far as the events reach. It stays.
	Breached *time.Time
	Lines    []Line // the working, where asked for
}

// Line is one stretch of a clock's way.
type Line struct {
	From, To time.Time
	Mode     string // counted, paused, closed
	Worked   time.Duration
	Spent    time.Duration // after it
	Reason   string        // of a pause
	Event    EventKind     // that began it
	Rule     Rule
}

// Reach is when a running clock will have used d, and false if it is not
// running or never will. What is used already was reached at As at the latest.
func (c Clock) Reach(d time.Duration) (time.Time, bool) {
	if c.State != Running {
		return time.Time{}, false
	}
	return c.Rule.Calendar.Add(c.As, d-c.Spent)
}

// Left is the working time that remains at an instant; below zero past due.
func (c Clock) Left(now time.Time) time.Duration {
	spent := c.Spent
	if c.State == Running {
		spent += c.Rule.Calendar.Elapsed(c.As, now)
	}
	return c.Rule.Goal - spent
}

// Compute tells a metric's clock from a record's events, in their order. The
// second result is false where nothing is promised. until, if not nil, ends
// the working that explain asks for; the clock itself does not depend on it.
func Compute(m Metric, events []Event, look Lookup, until *time.Time) (Clock, bool) {
	w := way{m: m, look: look, explain: until != nil}
	for _, e := range events {
		w.take(e, events)
	}
	if until != nil && w.counting() && until.After(w.at) {
		done := w.clock
		w.count(*until)
		w.clock.Spent, w.clock.As, w.clock.Breached = done.Spent, done.As, done.Breached
	}
	return w.end()
}

// way is a clock under way.
type way struct {
	m       Metric
	look    Lookup
	explain bool

	clock   Clock
	at      time.Time // accounted for until here
	begun   bool
	ruled   bool
	paused  bool
	ended   bool
	passed  *time.Time // when the rule in force was used up
	unruled [][2]time.Time
	later   *Event
	reason  string
	last    EventKind
	before  *way // the reopening, while nothing but time went by since
}

func (w *way) counting() bool { return w.begun && !w.paused && !w.ended }

func (w *way) take(e Event, all []Event) {
	if !w.begun && e.Kind != Started {
		return
	}
	if e.Kind == Started {
		w.begun, w.at = true, earliest(e.At, all)
		if w.m == Team {
			w.at = e.At // a team answers for its own time only
		}
		w.clock = Clock{Metric: w.m, Stint: 1, Started: w.at, As: w.at}
		w.rule(e)
		w.last = e.Kind
		return
	}
	if e.At.Before(w.at) {
		e.At = w.at // a back-dated act cannot undo what was counted
	}
	w.count(e.At)
	w.turn(e)
	w.last = e.Kind
}

// earliest is the start of a record that others were merged into. A merge that
// was taken back does not count.
func earliest(at time.Time, all []Event) time.Time {
	var joined []time.Time
	for _, e := range all {
		switch {
		case e.Since == nil:
		case e.Kind == Joined:
			joined = append(joined, *e.Since)
		case e.Kind == Parted:
			if i := slices.IndexFunc(joined, e.Since.Equal); i >= 0 {
				joined = slices.Delete(joined, i, i+1)
			}
		}
	}
	for _, t := range joined {
		if t.Before(at) {
			at = t
		}
	}
	return at
}

func (w *way) turn(e Event) {
	switch e.Kind {
	case Responded:
		if w.m == Response {
			w.stop(e.At)
		}
	case Unanswered:
		if w.m == Response && w.ended && w.clock.State != Void {
			w.ended, w.clock.Ended, w.clock.State = false, nil, ""
			if w.later != nil {
				w.rule(*w.later)
			}
		}
	case Paused:
		w.paused, w.reason = e.Pauses, e.Reason
	case Resumed:
		w.paused, w.reason = false, ""
	case Stopped:
		w.stop(e.At)
	case Voided:
		if !w.ended {
			w.ended, w.clock.Ended, w.clock.State = true, &e.At, Void
		}
	case Reopened:
		was := *w
		w.before = &was
		w.paused, w.reason = false, ""
		if w.ended && (w.m != Response || w.clock.State == Void) {
			w.ended, w.clock.Ended, w.clock.State = false, nil, ""
			if w.later != nil {
				w.rule(*w.later)
			}
		}
	case Stands:
		w.unreopen()
	case Reclassified:
		w.rule(e)
	case Handed:
		if w.m == Team {
			w.clock = Clock{Metric: w.m, Stint: w.clock.Stint + 1, Started: e.At, As: e.At, Lines: w.clock.Lines}
			w.passed, w.unruled, w.later, w.ruled, w.ended = nil, nil, nil, false, false
		}
		w.rule(e)
	}
}

// unreopen takes the clock back to before it was reopened. The seconds since do
// not count; a breach in them stays.
func (w *way) unreopen() {
	if w.before == nil {
		return
	}
	was := *w.before
	was.clock.Lines, was.clock.As, was.clock.Breached, was.at = w.clock.Lines, w.at, w.clock.Breached, w.at
	*w = was
}

func (w *way) stop(at time.Time) {
	if w.ended {
		return
	}
	w.ended, w.clock.Ended, w.clock.State = true, &at, Met
	if w.passed != nil {
		w.clock.State = Missed
	}
}

// rule puts the clock under the rule of an event. What was used is kept; what
// went by before anything was promised is counted by the first promise.
func (w *way) rule(e Event) {
	r, ok := w.look(e, w.m)
	if !ok {
		return
	}
	if w.ended {
		w.later = &e // the verdict stands; the new terms hold if it is reopened
		return
	}
	w.later = nil
	before := w.ruled
	if before && r.TermsID == w.clock.Rule.TermsID && r.Goal == w.clock.Rule.Goal && r.Calendar == w.clock.Rule.Calendar {
		return
	}
	w.clock.Rule, w.ruled, w.passed = r, true, nil
	if !before {
		for _, s := range w.unruled {
			w.spend(s[0], s[1])
		}
		w.unruled = nil
		return
	}
	if w.clock.Spent > r.Goal {
		at := w.at
		w.passed = &at
		w.breach(at)
	}
}

func (w *way) breach(at time.Time) {
	if w.clock.Breached == nil {
		w.clock.Breached = &at
	}
}

// count accounts for the time until an instant.
func (w *way) count(to time.Time) {
	from := w.at
	w.at = to
	switch {
	case !to.After(from):
	case w.counting() && w.ruled:
		w.spend(from, to)
	case w.counting():
		w.unruled = append(w.unruled, [2]time.Time{from, to})
	default:
		w.line(from, to, 0)
	}
	w.clock.As = to
}

func (w *way) spend(from, to time.Time) {
	r := w.clock.Rule
	if w.passed == nil {
		if due, ok := r.Calendar.Add(from, r.Goal-w.clock.Spent); ok && due.Before(to) {
			w.passed = &due
			w.breach(due)
		}
	}
	worked := r.Calendar.Elapsed(from, to)
	w.clock.Spent += worked
	w.line(from, to, worked)
}

func (w *way) line(from, to time.Time, worked time.Duration) {
	if !w.explain {
		return
	}
	l := Line{From: from, To: to, Mode: "counted", Worked: worked, Spent: w.clock.Spent, Event: w.last, Rule: w.clock.Rule}
	switch {
	case w.ended:
		l.Mode = "closed"
	case w.paused:
		l.Mode, l.Reason = "paused", w.reason
	}
	w.clock.Lines = append(w.clock.Lines, l)
}

// end settles what the events leave open.
func (w *way) end() (Clock, bool) {
	c := w.clock
	if !w.begun || !w.ruled {
		return c, false
	}
	c.Due = w.passed
	if w.ended {
		return c, true
	}
	c.State = Running
	if w.paused {
		c.State = Held
		return c, true
	}
	if c.Due == nil {
		c.Due = at(c.Reach(c.Rule.Goal))
	}
	c.Warn = at(c.Reach(c.Rule.Goal * 70 / 100))
	c.Crit = at(c.Reach(max(0, min(c.Rule.Goal*85/100, c.Rule.Goal-30*time.Minute))))
	return c, true
}

func at(t time.Time, ok bool) *time.Time {
	if !ok {
		return nil
	}
	return &t
}

package sla_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"opsdesk/internal/sla"
)

// oracle is the slow calculator: it looks at the clock on the wall once a
// minute and knows nothing of intervals, sums or searches.
type oracle struct {
	rules []sla.Rules
	locs  []*time.Location
}

func newOracle(c *sla.Calendar) oracle {
	o := oracle{rules: c.Timeline}
	for _, r := range c.Timeline {
		l, err := time.LoadLocation(r.Zone)
		if err != nil {
			panic(err)
		}
		o.locs = append(o.locs, l)
	}
	return o
}

// works looks whether the minute that begins at t is worked.
func (o oracle) works(t time.Time) bool {
	n := 0
	for i, r := range o.rules {
		if !t.Before(r.From) {
			n = i
		}
	}
	r, local := o.rules[n], t.In(o.locs[n])
	day := r.Week[local.Weekday()]
	if s, ok := r.Days[local.Format("2006-01-02")]; ok {
		switch {
		case s.Off:
			return false
		case len(s.Hours) > 0:
			day = s.Hours
		case len(day) == 0:
			for _, d := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
				if day = r.Week[d]; len(day) > 0 {
					break
				}
			}
		}
	}
	m := local.Hour()*60 + local.Minute()
	for _, s := range day {
		if m >= s.From && m < s.To {
			return true
		}
	}
	return false
}

// answer is what the oracle knows of a clock at the end of its events.
type answer struct {
	spent    int
	breached *time.Time
	state    sla.State
}

// tell walks a record's life minute by minute, for the clock of one metric. An
// answer ends the clock of responses only, and of these a solution that was
// none does not begin another.
func tell(m sla.Metric, events []sla.Event, goals map[int]int, cals map[int]oracle, until time.Time) answer {
	var a answer
	begun, paused, ended, n := false, false, false, 0
	goal, cal := 0, oracle{}
	var used *time.Time // when the goal in force was used up
	for t := events[0].At; !t.After(until); t = t.Add(time.Minute) {
		for n < len(events) && !events[n].At.After(t) {
			e := events[n]
			n++
			switch e.Kind {
			case sla.Started:
				begun, goal, cal = true, goals[e.Priority], cals[e.Priority]
			case sla.Reclassified:
				goal, cal, used = goals[e.Priority], cals[e.Priority], nil
				if a.spent > goal {
					at := t
					used = &at
					if a.breached == nil {
						a.breached = &at
					}
				} else if a.spent == goal {
					at := t
					used = &at // used up now; late from the next instant on
				}
			case sla.Paused:
				paused = e.Pauses
			case sla.Resumed:
				paused = false
			case sla.Unanswered:
				ended = ended && m != sla.Response
			case sla.Reopened:
				ended, paused = ended && m == sla.Response, false
			case sla.Stopped, sla.Responded:
				if ended || e.Kind == sla.Responded && m != sla.Response {
					break
				}
				ended = true
				a.state = sla.Met
				if used != nil && used.Before(t) && (a.breached != nil) {
					a.state = sla.Missed
				}
			}
		}
		if t.Equal(until) {
			break
		}
		if !begun || paused || ended {
			continue
		}
		// A target is missed once it is used up and the clock still runs.
		if used != nil && a.breached == nil {
			a.breached = used
		}
		if cal.works(t) {
			a.spent++
			if a.spent == goal && used == nil {
				at := t.Add(time.Minute)
				used = &at
			}
		}
	}
	switch {
	case ended:
	case paused:
		a.state = sla.Held
	default:
		a.state = sla.Running
	}
	return a
}

var zones = []string{"Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"}

// someCalendar makes a calendar whose rules may change midway.
func someCalendar(r *rand.Rand, around time.Time) *sla.Calendar {
	c := &sla.Calendar{}
	for k := range 1 + r.IntN(2) {
		rules := sla.Rules{Zone: zones[r.IntN(len(zones))], Days: map[string]sla.Special{}}
		if k > 0 {
			rules.From = around.Add(time.Duration(r.IntN(14*24*60)) * time.Minute)
		}
		for d := range rules.Week {
			if r.IntN(4) > 0 {
				rules.Week[d] = someHours(r)
			}
		}
		for range r.IntN(6) {
			s := sla.Special{Off: r.IntN(2) == 0}
			if !s.Off && r.IntN(2) == 0 {
				s.Hours = someHours(r)
			}
			rules.Days[around.AddDate(0, 0, r.IntN(20)-2).Format("2006-01-02")] = s
		}
		c.Timeline = append(c.Timeline, rules)
	}
	return c
}

func someHours(r *rand.Rand) sla.Hours {
	if r.IntN(8) == 0 {
		return sla.Hours{{From: 0, To: 1440}}
	}
	var out sla.Hours
	at := r.IntN(600)
	for at < 1380 && len(out) < 3 {
		to := at + 1 + r.IntN(400)
		out = append(out, sla.Span{From: at, To: min(1440, to)})
		at = to + 1 + r.IntN(200)
	}
	return out
}

// around is where lives are played: days on which zones change their offset
// among them.
var arounds = []string{"2026-03-05", "2026-03-26", "2026-10-22", "2026-10-30", "2026-04-02", "2026-01-01", "2025-12-28", "2011-12-28"}

// TestOracle: the engine agrees with the minute-by-minute calculator on random
// calendars, zones and lives.
func TestOracle(t *testing.T) {
	t.Parallel()
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 4))
			begin, err := time.Parse(time.DateOnly, arounds[r.IntN(len(arounds))])
			if err != nil {
				t.Fatal(err)
			}
			begin = begin.Add(time.Duration(r.IntN(2880)) * time.Minute)
			cals, slow := map[int]*sla.Calendar{}, map[int]oracle{}
			goals, targets := map[int]int{}, map[int]sla.Target{}
			for p := 1; p <= 3; p++ {
				cals[p] = someCalendar(r, begin)
				slow[p] = newOracle(cals[p])
				goals[p] = 1 + r.IntN(3000)
				targets[p] = sla.Target(fmt.Sprintf("%dm", goals[p]))
			}
			metric, life := sla.Resolution, someLife
			if seed%3 == 0 {
				metric, life = sla.Response, someTalk
			}
			events, until := life(r, begin)
			c, ok := sla.Compute(metric, events, only(metric, cals, targets), nil)
			if !ok {
				t.Fatal("no clock")
			}
			want := tell(metric, events, goals, slow, until)
			spent := c.Rule.Goal - c.Left(until)
			if c.State != sla.Running {
				spent = c.Spent
			}
			if got := int(spent / time.Minute); got != want.spent || c.State != want.state {
				t.Errorf("spent %d and %s, the oracle says %d and %s", got, c.State, want.spent, want.state)
			}
			breached := c.Breached
			if breached == nil && c.State == sla.Running && c.Due != nil && c.Due.Before(until) {
				breached = c.Due
			}
			if (breached == nil) != (want.breached == nil) || breached != nil && !breached.Equal(*want.breached) {
				t.Errorf("breached %v, the oracle says %v", breached, want.breached)
			}
			if t.Failed() {
				for _, e := range events {
					t.Logf("%s %s p%d %v", e.At, e.Kind, e.Priority, e.Pauses)
				}
			}
		})
	}
}

// someLife is what may happen to a record, each event a whole number of
// minutes after the one before, and when to look.
func someLife(r *rand.Rand, at time.Time) ([]sla.Event, time.Time) {
	events := []sla.Event{{At: at, Kind: sla.Started, Priority: 1 + r.IntN(3)}}
	ended := false
	for range r.IntN(8) {
		at = at.Add(time.Duration(1+r.IntN(2400)) * time.Minute)
		e := sla.Event{At: at, Kind: sla.Resumed}
		switch {
		case ended:
			e.Kind, ended = sla.Reopened, false
		case r.IntN(3) == 0:
			e.Kind, e.Pauses = sla.Paused, r.IntN(4) > 0
		case r.IntN(3) == 0:
			e.Kind, e.Priority = sla.Reclassified, 1+r.IntN(3)
		case r.IntN(5) == 0:
			e.Kind, ended = sla.Stopped, true
		}
		events = append(events, e)
	}
	return events, at.Add(time.Duration(1+r.IntN(4000)) * time.Minute)
}

// only is a lookup that promises one metric.
func only(m sla.Metric, cals map[int]*sla.Calendar, targets map[int]sla.Target) sla.Lookup {
	if m == sla.Response {
		return rules(cals, targets, nil)
	}
	return rules(cals, nil, targets)
}

// someTalk is a life with answers, some of which are taken back before anything
// else happens. A record waits only while nobody has answered or it was taken
// back, so that pauses and answers meet.
func someTalk(r *rand.Rand, at time.Time) ([]sla.Event, time.Time) {
	events := []sla.Event{{At: at, Kind: sla.Started, Priority: 1 + r.IntN(3)}}
	for range 2 + r.IntN(8) {
		at = at.Add(time.Duration(1+r.IntN(1200)) * time.Minute)
		e := sla.Event{At: at, Kind: sla.Resumed}
		switch last := events[len(events)-1].Kind; {
		case last == sla.Responded && r.IntN(3) > 0:
			e.Kind = sla.Unanswered
		case last == sla.Stopped:
			e.Kind = sla.Reopened
		case r.IntN(2) == 0:
			e.Kind = sla.Responded
		case r.IntN(3) == 0:
			e.Kind, e.Pauses = sla.Paused, r.IntN(4) > 0
		case r.IntN(3) == 0:
			e.Kind, e.Priority = sla.Reclassified, 1+r.IntN(3)
		case r.IntN(6) == 0:
			e.Kind = sla.Stopped
		}
		events = append(events, e)
	}
	return events, at.Add(time.Duration(1+r.IntN(4000)) * time.Minute)
}

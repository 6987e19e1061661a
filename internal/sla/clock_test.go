package sla_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"opsdesk/internal/sla"
)

func hours(t testing.TB, s string) sla.Hours {
	t.Helper()
	h, err := sla.ParseHours(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// week makes a calendar that works the hours from Monday to Friday.
func week(t testing.TB, zone, h string) *sla.Calendar {
	t.Helper()
	r := sla.Rules{Zone: zone, Days: map[string]sla.Special{}}
	for d := time.Monday; d <= time.Friday; d++ {
		r.Week[d] = hours(t, h)
	}
	return &sla.Calendar{Timeline: []sla.Rules{r}}
}

func china(t testing.TB, h string) *sla.Calendar {
	t.Helper()
	c := week(t, "Asia/Shanghai", h)
	b, err := os.ReadFile("data/holidays/2026.json")
	if err != nil {
		t.Fatal(err)
	}
	days, err := sla.ParseHolidayCN(b)
	if err != nil {
		t.Fatal(err)
	}
	c.Timeline[0].Days = days
	return c
}

var shanghai = func() *time.Location {
	l, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return l
}()

func on(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// rules is a lookup that answers by the priority of the event.
func rules(cals map[int]*sla.Calendar, response, resolution map[int]sla.Target) sla.Lookup {
	return func(e sla.Event, m sla.Metric) (sla.Rule, bool) {
		targets := resolution
		if m == sla.Response {
			targets = response
		}
		c := cals[0]
		if x, ok := cals[e.Priority]; ok {
			c = x
		}
		tg, ok := targets[e.Priority]
		return sla.Rule{Target: tg, Goal: tg.Duration(c.At(e.At)), Calendar: c}, ok
	}
}

func due(t *testing.T, c sla.Clock, want string) {
	t.Helper()
	if c.Due == nil || !c.Due.Equal(on(t, want)) {
		t.Errorf("due %v, want %s (spent %s of %s)", c.Due, want, c.Spent, c.Rule.Goal)
	}
}

// TestKnownTraps is the table of capability 4, by name.
func TestKnownTraps(t *testing.T) {
	t.Parallel()
	started := func(at string, p int) sla.Event {
		return sla.Event{At: on(t, at), Kind: sla.Started, Priority: p}
	}
	t.Run("glpi#22678: 1 h before Tue 11:00 is Tue 10:00, not midnight", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: week(t, "Asia/Shanghai", "08:00-18:00")}, nil, map[int]sla.Target{2: "4h"})
		c, ok := sla.Compute(sla.Resolution, []sla.Event{started("2026-03-02 17:00", 2)}, look, nil)
		if !ok {
			t.Fatal("no clock")
		}
		due(t, c, "2026-03-03 11:00")
		spent, err := sla.Mark("-1h").Spent(c.Rule.Goal, sla.Rules{})
		if at, ok := c.Reach(spent); err != nil || !ok || !at.Equal(on(t, "2026-03-03 10:00")) {
			t.Errorf("1 h before: %s %v", at, err)
		}
	})
	t.Run("glpi#10594: pending across a weekend adds no working day", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: week(t, "Asia/Shanghai", "09:00-18:00")}, nil, map[int]sla.Target{3: "2d"})
		plain, _ := sla.Compute(sla.Resolution, []sla.Event{started("2026-03-05 09:00", 3)}, look, nil)
		held, _ := sla.Compute(sla.Resolution, []sla.Event{
			started("2026-03-05 09:00", 3),
			{At: on(t, "2026-03-06 18:00"), Kind: sla.Paused, Pauses: true},
			{At: on(t, "2026-03-09 09:00"), Kind: sla.Resumed},
		}, look, nil)
		due(t, plain, "2026-03-06 18:00")
		if held.Left(on(t, "2026-03-09 09:00")) != 0 {
			t.Errorf("left %s", held.Left(on(t, "2026-03-09 09:00")))
		}
		longer, _ := sla.Compute(sla.Resolution, []sla.Event{
			started("2026-03-05 10:00", 3),
			{At: on(t, "2026-03-06 17:00"), Kind: sla.Paused, Pauses: true},
			{At: on(t, "2026-03-09 10:00"), Kind: sla.Resumed},
		}, look, nil)
		due(t, longer, "2026-03-09 12:00") // two hours were left on Friday at 17:00
	})
	t.Run("glpi#6902: a priority raised after 3 h pending keeps the pause", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: week(t, "Asia/Shanghai", "08:00-18:00")}, nil, map[int]sla.Target{3: "8h", 2: "4h"})
		c, _ := sla.Compute(sla.Resolution, []sla.Event{
			started("2026-03-02 08:00", 3),
			{At: on(t, "2026-03-02 09:00"), Kind: sla.Paused, Pauses: true},
			{At: on(t, "2026-03-02 12:00"), Kind: sla.Resumed},
			{At: on(t, "2026-03-02 12:00"), Kind: sla.Reclassified, Priority: 2},
		}, look, nil)
		due(t, c, "2026-03-02 15:00") // 1 h used, 3 h pending not counted, 3 h left
	})
	t.Run("glpi#15605: raised while pending, the pause goes on and is kept", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: week(t, "Asia/Shanghai", "08:00-18:00")}, nil, map[int]sla.Target{3: "8h", 2: "4h"})
		c, _ := sla.Compute(sla.Resolution, []sla.Event{
			started("2026-03-02 08:00", 3),
			{At: on(t, "2026-03-02 09:00"), Kind: sla.Paused, Pauses: true},
			{At: on(t, "2026-03-02 10:00"), Kind: sla.Reclassified, Priority: 2},
			{At: on(t, "2026-03-02 12:00"), Kind: sla.Resumed},
		}, look, nil)
		due(t, c, "2026-03-02 15:00")
	})
	t.Run("frappe#2212: the lunch break does not count", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: week(t, "Asia/Shanghai", "09:00-12:00 14:00-18:00")}, nil, map[int]sla.Target{2: "2h"})
		c, _ := sla.Compute(sla.Resolution, []sla.Event{started("2026-03-02 11:00", 2)}, look, nil)
		due(t, c, "2026-03-02 15:00")
	})
	t.Run("zammad#5177: the response target is not overruled by a smaller other one", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: week(t, "Asia/Shanghai", "09:00-18:00")}, map[int]sla.Target{2: "2h"}, map[int]sla.Target{2: "1h"})
		c, _ := sla.Compute(sla.Response, []sla.Event{started("2026-03-02 09:00", 2)}, look, nil)
		due(t, c, "2026-03-02 11:00")
	})
	t.Run("zammad#4432: nothing falls due at 00:00 in a 9-17 calendar", func(t *testing.T) {
		t.Parallel()
		cal := week(t, "Asia/Shanghai", "09:00-17:00")
		look := rules(map[int]*sla.Calendar{0: cal}, nil, map[int]sla.Target{2: "3h"})
		for h := range 24 {
			c, _ := sla.Compute(sla.Resolution, []sla.Event{{At: on(t, "2026-03-06 00:00").Add(time.Duration(h) * time.Hour), Kind: sla.Started, Priority: 2}}, look, nil)
			for _, m := range []sla.Mark{"50%", "75%", "-1h", "0", "+1h"} {
				spent, err := m.Spent(c.Rule.Goal, sla.Rules{})
				at, ok := c.Reach(spent)
				if local := at.In(shanghai); err != nil || !ok || local.Hour() < 9 || local.Hour() > 17 || local.Hour() == 17 && local.Minute() > 0 {
					t.Errorf("started at %d: %s falls at %s", h, m, local)
				}
			}
		}
	})
	t.Run("2026-01-04 is a Sunday that is worked in China", func(t *testing.T) {
		t.Parallel()
		look := rules(map[int]*sla.Calendar{0: china(t, "09:00-18:00")}, nil, map[int]sla.Target{2: "4h"})
		c, _ := sla.Compute(sla.Resolution, []sla.Event{started("2025-12-31 16:00", 2)}, look, nil)
		due(t, c, "2026-01-04 11:00") // New Year is off from Thursday to Saturday
	})
}

// TestLife tells the rules of the clocks one by one.
func TestLife(t *testing.T) {
	t.Parallel()
	cal := week(t, "Asia/Shanghai", "08:00-18:00")
	look := rules(map[int]*sla.Calendar{0: cal}, map[int]sla.Target{1: "15m", 2: "30m", 3: "1h"}, map[int]sla.Target{1: "2h", 2: "4h", 3: "8h"})
	ev := func(at string, k sla.EventKind, mod ...func(*sla.Event)) sla.Event {
		e := sla.Event{At: on(t, at), Kind: k, Priority: 3}
		for _, m := range mod {
			m(&e)
		}
		return e
	}
	p := func(n int) func(*sla.Event) { return func(e *sla.Event) { e.Priority = n } }
	pause := func(e *sla.Event) { e.Pauses = true }
	since := func(s string) func(*sla.Event) { return func(e *sla.Event) { at := on(t, s); e.Since = &at } }
	start := ev("2026-03-02 08:00", sla.Started)
	for _, x := range []struct {
		name   string
		metric sla.Metric
		events []sla.Event
		state  sla.State
		spent  time.Duration
		due    string // "" for none
		breach string
	}{
		{"answered in time", sla.Response, []sla.Event{start, ev("2026-03-02 08:30", sla.Responded)}, sla.Met, 30 * time.Minute, "", ""},
		{"answered at the very instant is in time", sla.Response, []sla.Event{start, ev("2026-03-02 09:00", sla.Responded)}, sla.Met, time.Hour, "", ""},
		{"answered late", sla.Response, []sla.Event{start, ev("2026-03-02 09:01", sla.Responded)}, sla.Missed, 61 * time.Minute, "2026-03-02 09:00", "2026-03-02 09:00"},
		{"solved without an answer is answered", sla.Response, []sla.Event{start, ev("2026-03-02 08:30", sla.Stopped)}, sla.Met, 30 * time.Minute, "", ""},
		{"a reason that does not pause", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Paused)}, sla.Running, time.Hour, "2026-03-02 16:00", ""},
		{"paused", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Paused, pause)}, sla.Held, time.Hour, "", ""},
		{"pending to pending does not count double", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Paused, pause), ev("2026-03-02 10:00", sla.Paused, pause), ev("2026-03-02 11:00", sla.Resumed)}, sla.Running, time.Hour, "2026-03-02 18:00", ""},
		{"pending for another reason that does not pause goes on", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Paused, pause), ev("2026-03-02 10:00", sla.Paused)}, sla.Running, time.Hour, "2026-03-02 17:00", ""},
		{"reopened goes on with what was used", sla.Resolution, []sla.Event{start, ev("2026-03-02 10:00", sla.Stopped), ev("2026-03-03 10:00", sla.Reopened)}, sla.Running, 2 * time.Hour, "2026-03-03 16:00", ""},
		{"reopened does not restart the answer", sla.Response, []sla.Event{start, ev("2026-03-02 08:10", sla.Responded), ev("2026-03-02 10:00", sla.Stopped), ev("2026-03-03 10:00", sla.Reopened)}, sla.Met, 10 * time.Minute, "", ""},
		{"a reopening that was taken back changes nothing", sla.Resolution, []sla.Event{start, ev("2026-03-02 10:00", sla.Stopped), ev("2026-03-03 10:00", sla.Reopened), ev("2026-03-03 17:00", sla.Stands)}, sla.Met, 2 * time.Hour, "", "2026-03-03 16:00"},
		{"after a reopening that was taken back it may be reopened", sla.Resolution, []sla.Event{start, ev("2026-03-02 10:00", sla.Stopped), ev("2026-03-03 10:00", sla.Reopened), ev("2026-03-03 10:01", sla.Stands), ev("2026-03-04 10:00", sla.Reopened)}, sla.Running, 2 * time.Hour, "2026-03-04 16:00", ""},
		{"withdrawn has no verdict", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Voided)}, sla.Void, time.Hour, "", ""},
		{"withdrawn after it was late was late", sla.Resolution, []sla.Event{start, ev("2026-03-02 17:00", sla.Voided)}, sla.Void, 9 * time.Hour, "2026-03-02 16:00", "2026-03-02 16:00"},
		{"raised: what was used counts against the new target", sla.Resolution, []sla.Event{start, ev("2026-03-02 11:00", sla.Reclassified, p(2))}, sla.Running, 3 * time.Hour, "2026-03-02 12:00", ""},
		{"raised beyond what is left is late at once", sla.Resolution, []sla.Event{start, ev("2026-03-02 11:00", sla.Reclassified, p(1))}, sla.Running, 3 * time.Hour, "2026-03-02 11:00", "2026-03-02 11:00"},
		{"lowered after a breach does not undo it", sla.Resolution, []sla.Event{ev("2026-03-02 08:00", sla.Started, p(1)), ev("2026-03-02 11:00", sla.Reclassified, p(3))}, sla.Running, 3 * time.Hour, "2026-03-02 16:00", "2026-03-02 10:00"},
		{"a merge keeps the earlier start", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Joined, since("2026-02-27 17:00"))}, sla.Running, 2 * time.Hour, "2026-03-02 15:00", ""},
		{"a merge that was taken back counts from its own start", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Joined, since("2026-02-27 17:00")), ev("2026-03-02 10:00", sla.Parted, since("2026-02-27 17:00"))}, sla.Running, 2 * time.Hour, "2026-03-02 16:00", ""},
		{"of two merges one was taken back", sla.Resolution, []sla.Event{start, ev("2026-03-02 08:30", sla.Joined, since("2026-02-27 16:00")), ev("2026-03-02 09:00", sla.Joined, since("2026-02-27 17:00")), ev("2026-03-02 10:00", sla.Parted, since("2026-02-27 16:00"))}, sla.Running, 3 * time.Hour, "2026-03-02 15:00", ""},
		{"a back-dated answer does not undo what was counted", sla.Response, []sla.Event{start, ev("2026-03-02 08:40", sla.Paused), ev("2026-03-02 08:20", sla.Responded)}, sla.Met, 40 * time.Minute, "", ""},
		{"reclassified while solved holds when reopened", sla.Resolution, []sla.Event{start, ev("2026-03-02 09:00", sla.Stopped), ev("2026-03-02 10:00", sla.Reclassified, p(2)), ev("2026-03-02 11:00", sla.Reopened)}, sla.Running, time.Hour, "2026-03-02 14:00", ""},
		{"what comes under an agreement later counts from its start", sla.Resolution, []sla.Event{ev("2026-03-02 08:00", sla.Started, p(9)), ev("2026-03-02 10:00", sla.Reclassified, p(2))}, sla.Running, 2 * time.Hour, "2026-03-02 12:00", ""},
		{"each team has its own time", sla.Team, []sla.Event{start, ev("2026-03-02 10:00", sla.Handed, p(2))}, sla.Running, 0, "2026-03-02 14:00", ""},
	} {
		c, ok := sla.Compute(x.metric, x.events, look, nil)
		if !ok || c.State != x.state || c.Spent != x.spent {
			t.Errorf("%s: %v %s, spent %s", x.name, ok, c.State, c.Spent)
		}
		for what, p := range map[string]struct {
			got  *time.Time
			want string
		}{"due": {c.Due, x.due}, "breached": {c.Breached, x.breach}} {
			if (p.got == nil) != (p.want == "") || p.got != nil && !p.got.Equal(on(t, p.want)) {
				t.Errorf("%s: %s %v, want %q", x.name, what, p.got, p.want)
			}
		}
	}
}

func TestHoursAndTargets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"9:00-12:00，13:30–18:00": "09:00-12:00 13:30-18:00", "13:00-24:00 00:00-09:00": "00:00-09:00 13:00-24:00", "": ""} {
		if h, err := sla.ParseHours(in); err != nil || h.String() != want {
			t.Errorf("%q: %q %v", in, h, err)
		}
	}
	for _, in := range []string{"9-12", "12:00-09:00", "09:00-25:00", "09:00-12:00 11:00-13:00", "x", "09:60-10:00"} {
		if _, err := sla.ParseHours(in); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
	r := week(t, "UTC", "09:00-12:00 13:00-18:00").Timeline[0]
	for in, want := range map[sla.Target]time.Duration{"30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "2d": 16 * time.Hour, "1D 4h": 12 * time.Hour} {
		if !in.Valid() || in.Duration(r) != want {
			t.Errorf("%s: %s", in, in.Duration(r))
		}
	}
	for _, in := range []sla.Target{"", "0m", "4", "h", "4x", "-4h", "99999999d"} {
		if in.Valid() {
			t.Errorf("%q was taken", in)
		}
	}
	for _, in := range []sla.Mark{"", "0%", "2000%", "1h", "+", "x"} {
		if in.Valid() {
			t.Errorf("mark %q was taken", in)
		}
	}
	b, err := json.Marshal(r)
	var back sla.Rules
	if err != nil || json.Unmarshal(b, &back) != nil || back.Week[1].String() != r.Week[1].String() {
		t.Errorf("%s: %v", b, err)
	}
}

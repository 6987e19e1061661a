package ui

import (
	"testing"
	"time"
)

// TestChip holds the chip against the table of the guide (§5).
func TestChip(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(m int) *time.Time { x := now.Add(time.Duration(m) * time.Minute); return &x }
	for _, x := range []struct {
		name string
		c    Clock
		want string
	}{
		{"more than 30 % left", Clock{State: "running", Due: at(200), Warn: at(10), Crit: at(100)}, "ok"},
		{"30 % left", Clock{State: "running", Due: at(60), Warn: at(0), Crit: at(30)}, "warn"},
		{"15 % or half an hour left", Clock{State: "running", Due: at(30), Warn: at(-30), Crit: at(0)}, "crit"},
		{"at the due instant it is not late", Clock{State: "running", Due: at(0), Warn: at(-60), Crit: at(-30)}, "crit"},
		{"past due", Clock{State: "running", Due: at(-1), Warn: at(-60), Crit: at(-30)}, "over"},
		{"pending", Clock{State: "paused"}, "pause"},
		{"stopped in time", Clock{State: "met"}, "met"},
		{"stopped late", Clock{State: "missed", Due: at(-9)}, "over"},
		{"never due", Clock{State: "running"}, "ok"},
	} {
		if got := x.c.look(now); got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
	if r := (Clock{State: "running", Started: *at(-60), Due: at(60)}).ring(now); r != "50 100" {
		t.Errorf("half of the ring is %s", r)
	}
}

package sla

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Target is how much working time is promised, as people write it: 30m, 4h,
// 1h30m, 2d. A day is an ordinary working day of the calendar, so 2d across a
// weekend is two days of work. "" promises nothing.
type Target string

// parts reads a target as days and a time within them.
func (t Target) parts() (days int, rest time.Duration, err error) {
	s := strings.ToLower(strings.ReplaceAll(string(t), " ", ""))
	if s == "" {
		return 0, 0, nil
	}
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if n <= 0 || n > 6 {
			return 0, 0, fmt.Errorf("target %q", t)
		}
		v, _ := strconv.Atoi(s[:n]) // only digits
		switch s[n] {
		case 'd':
			days += v
		case 'h':
			rest += time.Duration(v) * time.Hour
		case 'm':
			rest += time.Duration(v) * time.Minute
		default:
			return 0, 0, fmt.Errorf("target %q", t)
		}
		s = s[n+1:]
	}
	if days == 0 && rest == 0 || days > 3660 || rest > 3660*24*time.Hour {
		return 0, 0, fmt.Errorf("target %q", t)
	}
	return days, rest, nil
}

// Valid reports whether the target can be read and promises something.
func (t Target) Valid() bool {
	_, _, err := t.parts()
	return err == nil && t != ""
}

// Duration is the target in the working time of rules; 0 promises nothing.
func (t Target) Duration(r Rules) time.Duration {
	days, rest, err := t.parts()
	if err != nil {
		return 0
	}
	return time.Duration(days)*r.Ordinary().Length() + rest
}

// Mark is a point on the way of a clock at which somebody is told: "75%" of
// the target, "-1h" before it is used up, "0" when it is, "+2h" after.
type Mark string

// Spent is how much working time has been used at the mark.
func (m Mark) Spent(goal time.Duration, r Rules) (time.Duration, error) {
	s := strings.TrimSpace(string(m))
	if p, ok := strings.CutSuffix(s, "%"); ok {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 1000 {
			return 0, fmt.Errorf("mark %q", m)
		}
		return goal * time.Duration(n) / 100, nil
	}
	switch {
	case s == "0":
		return goal, nil
	case strings.HasPrefix(s, "-") && Target(s[1:]).Valid():
		return max(0, goal-Target(s[1:]).Duration(r)), nil
	case strings.HasPrefix(s, "+") && Target(s[1:]).Valid():
		return goal + Target(s[1:]).Duration(r), nil
	}
	return 0, fmt.Errorf("mark %q", m)
}

// Valid reports whether the mark can be read.
func (m Mark) Valid() bool { _, err := m.Spent(time.Hour, Rules{}); return err == nil }

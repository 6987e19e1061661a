package routing

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/sla"
)

func TestMentions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		words []string
		want  bool
	}{
		{"The VPN does not connect", []string{"vpn"}, true},
		{"openvpnx fails", []string{"vpn"}, false},
		{"printers on floor 3", []string{"print*"}, true},
		{"reprint it", []string{"print*"}, false},
		{"三楼打印机不工作", []string{"打印机"}, true},
		{"铁路12306打不开", []string{"12306"}, true},
		{"铁路123061打不开", []string{"12306"}, false},
		{"vpnx and vpn", []string{"vpn"}, true},
		{"no such thing", []string{"", "  ", "*"}, false},
		{"", []string{"x"}, false},
		{"ÜBER slow", []string{"über"}, true},
	} {
		if got := mentions(c.text, c.words...); got != c.want {
			t.Errorf("mentions(%q, %q) = %v", c.text, c.words, got)
		}
	}
}

// Every row the builder can make is an expression that compiles, and means
// what the row says.
func TestConditions(t *testing.T) {
	t.Parallel()
	network, wireless, other := uuid.NewString(), uuid.NewString(), uuid.NewString()
	f := Facts{
		Category: []string{wireless, network}, Service: network, Department: []string{other}, Team: other, Title: "VPN slow", Text: "VPN slow\nsince the update of 更新",
		Location: "A-3F-E-112", Channel: "phone", Priority: 3, VIP: true, InHours: false,
	}
	for _, c := range []struct {
		c    Condition
		want bool
	}{
		{Condition{"category", "within", []string{network}}, true},
		{Condition{"category", "within", []string{other, wireless}}, true},
		{Condition{"category", "not_within", []string{network}}, false},
		{Condition{"category", "not_within", []string{other}}, true},
		{Condition{"service", "is", []string{network}}, true},
		{Condition{"service", "is_not", []string{network, other}}, false},
		{Condition{"department", "within", []string{other}}, true},
		{Condition{"team", "is", []string{other}}, true},
		{Condition{"text", "any", []string{"nothing", "更新"}}, true},
		{Condition{"text", "all", []string{"vpn", "更新"}}, true},
		{Condition{"text", "all", []string{"vpn", "nothing"}}, false},
		{Condition{"text", "none", []string{"vpn"}}, false},
		{Condition{"title", "any", []string{`quote " and \ back`}}, false},
		{Condition{"location", "begins", []string{"a-3f"}}, true},
		{Condition{"location", "any", []string{"112"}}, true},
		{Condition{"priority", "is", []string{"1", "3"}}, true},
		{Condition{"priority", "is_not", []string{"3"}}, false},
		{Condition{"channel", "is", []string{"mail", "phone"}}, true},
		{Condition{"vip", "is", []string{"yes"}}, true},
		{Condition{"vip", "is", []string{"no"}}, false},
		{Condition{"in_hours", "is", []string{"no"}}, true},
	} {
		if err := c.c.check(); err != nil {
			t.Errorf("%v: %v", c.c, err)
			continue
		}
		r := Rule{ID: uuid.New(), Name: "r", Active: true, Match: "all", Conditions: []Condition{c.c}, Floor: 1}
		named := r
		named.Expr = r.Source(func(string, string) string { return "a name with */ in it" })
		for _, x := range []Rule{r, named} {
			e, err := newEngine(Set{Rules: []Rule{x}})
			if err != nil {
				t.Errorf("%v: %v", c.c, err)
				continue
			}
			if got := e.run(t.Context(), f).Applied(); got != c.want {
				t.Errorf("%v = %v\n%s", c.c, got, x.Source(nil))
			}
		}
	}
}

func TestConditionsRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, MaxValues+1)
	for n := range many {
		many[n] = "x"
	}
	for _, c := range []Condition{
		{"nothing", "is", []string{"x"}},
		{"category", "begins", []string{uuid.NewString()}},
		{"category", "within", nil},
		{"text", "any", []string{" "}},
		{"category", "within", []string{`x") or true or within(category, "`}},
		{"priority", "is", []string{"5"}},
		{"priority", "is", []string{"1] or true or priority in [1"}},
		{"channel", "is", []string{"pigeon"}},
		{"vip", "is", []string{"true"}},
		{"text", "any", many},
		{"text", "any", []string{"a\nb"}},
		{"text", "any", []string{strings.Repeat("x", 201)}},
	} {
		if c.check() == nil {
			t.Errorf("%v was accepted", c)
		}
	}
}

// Whatever could take longer than its own length is refused when it is
// written, not when it runs.
func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		`true`, `vip and priority <= 2`, `mentions(text, "vpn") or not in_hours`, `"x" in category`, `channel in ["mail", "api"]`, `title contains "x" ? vip : hour >= 22`,
		`location startsWith "A" and weekday != 7`, `not (vip)`, `priority > -1`,
	} {
		if _, err := compile(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		``, `vip and`, `1`, `nothing`, `priority == "x"`, `text matches "(a+)+$"`, `len(text) > 3`, `all(1..1000000, true)`, `1..3 == [1]`, `filter(category, true) == []`,
		`text + text == text`, `priority * 2 > 1`, `2 ** 1000 > 1`, `let x = 1; x == 1`, `mentions(text)(vip)`, `upper(title) == "X"`, `text[0:3] == "vpn"`, `category[0] == "x"`,
		`mentions(priority, "x")`, `within(text, "x")`, `{"a": 1}.a == 1`, `vip | not`, `repeat("x", 1000000) == ""`, `get({}, "x")`, `now() > date("2020-01-01")`,
		strings.Repeat("vip and ", 300) + "vip", strings.Repeat("(", 3000) + "vip", `"` + strings.Repeat("x", 11000) + `" == text`,
	} {
		if _, err := compile(bad); err == nil {
			t.Errorf("%.60s was accepted", bad)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`mentions(text, "vpn") and vip`)
	f.Add(`not (priority in [1, 2]) or within(category, "x")`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := compile(s)
		if err != nil {
			return
		}
		e := &engine{set: Set{Rules: []Rule{{Active: true, Expr: s}}}, programs: nil}
		e.programs = append(e.programs, p)
		e.run(t.Context(), Facts{Text: "some text"})
	})
}

func rule(name, expr string, change ...func(*Rule)) Rule {
	team := uuid.New()
	r := Rule{ID: uuid.New(), Name: name, Active: true, Match: "all", Expr: expr, Team: &team}
	for _, c := range change {
		c(&r)
	}
	return r
}

func on(r *Rule)           { r.Continue = true }
func secret(r *Rule)       { r.Confidential = true }
func off(r *Rule)          { r.Active = false }
func floor(n int) ruleFunc { return func(r *Rule) { r.Floor = n } }

type ruleFunc = func(*Rule)

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		facts Facts
		rules []Rule
		want  string
		floor int
	}{
		{"the first that applies is the last", Facts{Priority: 3}, []Rule{rule("a", "false"), rule("b", "true"), rule("c", "true")}, "b", 0},
		{"none applies", Facts{Priority: 3}, []Rule{rule("a", "vip")}, "", 0},
		{"one that is off is skipped", Facts{Priority: 3}, []Rule{rule("a", "true", off), rule("b", "true")}, "b", 0},
		{"going on", Facts{Priority: 3}, []Rule{rule("a", "true", on), rule("b", "true", on), rule("c", "true")}, "a + b + c", 0},
		{"a changed fact wakes an earlier rule", Facts{Priority: 3}, []Rule{rule("high", "priority <= 2"), rule("raise", "true", on, floor(2)), rule("rest", "true")}, "raise + high", 2},
		{"the highest floor stays", Facts{Priority: 4}, []Rule{rule("a", "true", on, floor(1)), rule("b", "true", on, floor(3))}, "a + b", 1},
		{"a confidential ticket meets only rules for it", Facts{Priority: 3, Confidential: true}, []Rule{rule("a", "true"), rule("b", "true", secret)}, "b", 0},
	} {
		e, err := newEngine(Set{Rules: c.rules})
		if err != nil {
			t.Fatal(err)
		}
		o := e.run(t.Context(), c.facts)
		if o.Rule() != c.want || o.Floor != c.floor {
			t.Errorf("%s: %q floor %d", c.name, o.Rule(), o.Floor)
		}
	}
}

// Rules that wake each other end all the same.
func TestLoopsEnd(t *testing.T) {
	t.Parallel()
	var rules []Rule
	for n := range MaxRules {
		rules = append(rules, rule(fmt.Sprint(n), "true", on))
	}
	e, err := newEngine(Set{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	if o := e.run(t.Context(), Facts{}); len(o.Steps) != MaxSteps {
		t.Errorf("%d rules applied", len(o.Steps))
	}
}

// The dearest set of rules that the limits allow, on the longest text, is done
// or cut off soon after the time limit; an ended context ends a run at once.
func TestBounded(t *testing.T) {
	t.Parallel()
	words := make([]string, MaxValues)
	for n := range words {
		words[n] = strings.Repeat("a", 60) + fmt.Sprint(n)
	}
	var rules []Rule
	for range MaxRules {
		rows := []Condition{{"text", "any", words}, {"title", "any", words}}
		rules = append(rules, Rule{ID: uuid.New(), Name: "r", Active: true, Match: "any", Conditions: rows, Floor: 1})
	}
	e, err := newEngine(Set{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan Outcome)
	go func() {
		done <- e.run(t.Context(), Facts{Text: strings.Repeat("a", 20200), Title: strings.Repeat("a", 200)})
	}()
	ended, stop := context.WithTimeout(t.Context(), 20*timeLimit)
	defer stop()
	select {
	case <-done:
	case <-ended.Done():
		t.Fatal("the run does not end")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := e.run(ctx, Facts{}); o.Applied() || !o.Cut {
		t.Error("an ended context did not end the run")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	week := sla.Week{}
	for d := 1; d <= 5; d++ {
		week[d] = sla.Hours{{From: 9 * 60, To: 18 * 60}}
	}
	c := &sla.Calendar{Timeline: []sla.Rules{{Zone: "Asia/Shanghai", Week: week, Days: map[string]sla.Special{"2026-01-04": {}, "2026-10-01": {Off: true}}}}}
	for at, want := range map[string]string{
		"2026-11-25T01:00:00Z": "true true 9 3",   // Wednesday 09:00
		"2026-11-25T10:00:00Z": "false true 18 3", // the end does not belong to it
		"2026-11-28T02:00:00Z": "false false 10 6",
		"2026-01-04T02:00:00Z": "true true 10 7", // a Sunday that makes up for a holiday
		"2026-10-01T02:00:00Z": "false false 10 4",
	} {
		x, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		var f Facts
		f.At(x, c)
		if got := fmt.Sprint(f.InHours, f.Workday, f.Hour, f.Weekday); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

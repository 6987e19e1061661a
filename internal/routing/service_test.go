package routing_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/routing"
	"opsdesk/internal/trail"
)

// teams finds the demo company's teams by their English name.
func teams(t *testing.T, d *apptest.Desk) map[string]uuid.UUID {
	t.Helper()
	list, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uuid.UUID{}
	for _, x := range list {
		out[x.NameEn] = x.ID
	}
	return out
}

func report(t *testing.T, d *apptest.Desk, who string, change ...func(*incident.CreateInput)) incident.Incident {
	t.Helper()
	in := incident.CreateInput{Description: "The VPN does not connect.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"}
	for _, f := range change {
		f(&in)
	}
	i, err := d.Incidents.Create(d.As(who), in)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// vpn is a rule of one row, as the builder makes it.
func vpn(team uuid.UUID) routing.Rule {
	return routing.Rule{Name: "VPN to network", Active: true, Match: "all", Conditions: []routing.Condition{{Field: "text", Op: "any", Values: []string{"vpn"}}}, Team: &team}
}

// publish puts rules into force.
func publish(t *testing.T, d *apptest.Desk, rules ...routing.Rule) routing.Set {
	t.Helper()
	lead := d.As("lead")
	now, err := d.Routing.Rules(lead)
	if err != nil {
		t.Fatal(err)
	}
	version := 0
	if now.Editing {
		version = now.Version
	}
	set, err := d.Routing.SaveDraft(lead, routing.DraftInput{Version: version, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	if set, err = d.Routing.Publish(lead, routing.PublishInput{Version: set.Version, Note: "test"}); err != nil {
		t.Fatal(err)
	}
	return set
}

func history(t *testing.T, d *apptest.Desk, id uuid.UUID) []trail.Entry {
	t.Helper()
	l, err := trail.OfRecord(t.Context(), d.Pool, id, 100)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A published rule decides where the next report goes; the trail says which
// rule of which version, under the desk's own name.
func TestRulesDecideAtCreation(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	before := report(t, d, "staff")
	if *before.TeamID != team["Service Desk"] {
		t.Fatal("without rules the default team gets it")
	}
	r := vpn(team["Network"])
	r.Floor = 2
	set := publish(t, d, r)
	if set.Number != 1 {
		t.Errorf("number %d", set.Number)
	}
	i := report(t, d, "staff")
	if *i.TeamID != team["Network"] || i.Priority != 2 || i.PriorityReason != "VPN to network" || i.Version != 1 {
		t.Errorf("team %v, P%d %q, version %d", i.TeamID, i.Priority, i.PriorityReason, i.Version)
	}
	l := history(t, d, i.ID)
	if len(l) != 2 || l[1].Action != incident.ActionRoute || l[1].ActorName != routing.System {
		t.Fatalf("%+v", l)
	}
	diff, err := l[1].Changes()
	if err != nil || diff["rule"][1] != "VPN to network" || diff["rule_version"][1] != 1.0 || diff["team"][1] != team["Network"].String() {
		t.Errorf("%v %v", err, diff)
	}
	if other := report(t, d, "staff", func(in *incident.CreateInput) { in.Description = "The printer is jammed." }); *other.TeamID != team["Service Desk"] {
		t.Error("a rule that does not apply moved a ticket")
	}
	for who, want := range map[string]bool{"engineer2": true, "staff": false} {
		if page := d.Client(who).Get("/incidents/" + i.Label()).Text(); strings.Contains(page, "Routed by rule “VPN to network”, version 1") != want {
			t.Errorf("%s: shown is %v", who, !want)
		}
	}
}

// What the category says is known to the rules, with all that it is part of;
// so are VIPs and departments.
func TestFacts(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	c, err := d.Incidents.Config(d.As("staff"))
	if err != nil {
		t.Fatal(err)
	}
	category := map[string]uuid.UUID{}
	for _, x := range c.Categories {
		category[x.NameEn] = x.ID
	}
	deps, err := identity.Departments(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	var production uuid.UUID
	for id, x := range deps {
		if x.NameEn == "Production" {
			production = id
		}
	}
	target := team["Security"]
	publish(
		t, d,
		routing.Rule{Name: "network", Active: true, Match: "all", Conditions: []routing.Condition{{Field: "category", Op: "within", Values: []string{category["Network"].String()}}}, Team: &target},
		routing.Rule{Name: "vip", Active: true, Match: "all", Conditions: []routing.Condition{{Field: "vip", Op: "is", Values: []string{"yes"}}}, Team: &target},
		routing.Rule{Name: "plants", Active: true, Match: "all", Conditions: []routing.Condition{{Field: "department", Op: "within", Values: []string{production.String()}}}, Team: &target},
	)
	wireless, printer := category["Wireless"], category["Printer"]
	for n, x := range []struct {
		who      string
		category *uuid.UUID
		want     bool
	}{{"staff", &wireless, true}, {"staff", &printer, false}, {"song.yu", &printer, true}, {"luo.qiang", &printer, true}, {"gu.yan", nil, false}} {
		i := report(t, d, x.who, func(in *incident.CreateInput) { in.CategoryID = x.category })
		if (*i.TeamID == target) != x.want {
			t.Errorf("%d: %+v", n, x)
		}
	}
}

// A rule never carries a confidential ticket to another team unless it says
// so.
func TestConfidentialStays(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	r := vpn(team["Network"])
	publish(t, d, r)
	hide := func(in *incident.CreateInput) { in.Confidential = true }
	if i := report(t, d, "engineer", hide); *i.TeamID == team["Network"] {
		t.Error("the rule moved a confidential ticket")
	}
	r.Confidential = true
	publish(t, d, r)
	if i := report(t, d, "engineer", hide); *i.TeamID != team["Network"] {
		t.Error("a rule for confidential tickets did not apply")
	}
}

// Routing again follows the rules in force now, is an act of whoever asks, and
// stops a ticket that goes in circles.
func TestRouteAgain(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	i := report(t, d, "staff")
	lead := d.As("lead")
	if _, err := d.Incidents.Route(lead, i.ID, incident.RouteInput{}); fault.Of(err) == nil || fault.Of(err).Code != "incident.error.no_rule" {
		t.Errorf("without rules: %v", err)
	}
	publish(t, d, vpn(team["Network"]))
	if _, err := d.Incidents.Route(d.As("staff"), i.ID, incident.RouteInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a requester routed: %v", err)
	}
	i, err := d.Incidents.Route(lead, i.ID, incident.RouteInput{Version: i.Version})
	if err != nil || *i.TeamID != team["Network"] || i.Version != 2 {
		t.Fatal(err, i.Version)
	}
	if a := d.Client("lead").Post("/incidents/"+i.Label()+"/route", url.Values{"version": {fmt.Sprint(i.Version)}}); a.Status != 303 {
		t.Errorf("%d", a.Status)
	}
	for range routing.MaxRuns {
		d.Advance(1e9)
		_, err = d.Incidents.Route(lead, i.ID, incident.RouteInput{})
	}
	if f := fault.Of(err); f == nil || f.Code != "routing.error.loop" {
		t.Errorf("the loop did not end: %v", err)
	}
}

// Only a draft changes. What was published stays as it was, whoever asks.
func TestPublishedNeverChanges(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	publish(t, d, vpn(team["Network"]))
	second := vpn(team["Applications"])
	second.Name = "second"
	publish(t, d, second)
	lead := d.As("lead")
	if old, err := d.Routing.Numbered(lead, 1); err != nil || old.State != routing.Retired || old.Rules[0].Name != "VPN to network" {
		t.Errorf("%v %+v", err, old)
	}
	for _, sql := range []string{`UPDATE routing_sets SET rules = '[]' WHERE number = 1`, `UPDATE routing_sets SET number = 9 WHERE number = 2`, `UPDATE routing_sets SET state = 'draft', number = 0 WHERE number = 1`} {
		if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), sql); return err }); err == nil {
			t.Errorf("%s went through", sql)
		}
	}
	if _, err := d.Routing.Discard(lead, routing.DiscardInput{}); fault.Of(err) == nil || fault.Of(err).Code != "routing.error.no_draft" {
		t.Errorf("%v", err)
	}
	set, err := d.Routing.SaveRule(lead, routing.RuleInput{Rule: vpn(team["Network"])})
	if err != nil || len(set.Rules) != 2 || set.State != routing.Draft {
		t.Fatal(err, set)
	}
	if i := report(t, d, "staff"); *i.TeamID != team["Applications"] {
		t.Error("a draft decided")
	}
	if _, err := d.Routing.Discard(lead, routing.DiscardInput{Version: set.Version}); err != nil {
		t.Fatal(err)
	}
	if now, err := d.Routing.Rules(lead); err != nil || now.Editing || now.InForce != 2 || len(now.Rules) != 1 {
		t.Errorf("%v %+v", err, now)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	lead := d.As("lead")
	for _, who := range []string{"staff", "engineer", "admin", "auditor"} {
		if _, err := d.Routing.SaveRule(d.As(who), routing.RuleInput{Rule: vpn(team["Network"])}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", who, err)
		}
		if a := d.Client(who).Get("/settings/routing"); a.Status != 403 {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
	unknown := uuid.New()
	for want, change := range map[string]func(*routing.Rule){
		"validation.required":        func(r *routing.Rule) { r.Name = " " },
		"validation.unknown":         func(r *routing.Rule) { r.Team = &unknown },
		"routing.error.does_nothing": func(r *routing.Rule) { r.Team = nil },
		"routing.error.expr":         func(r *routing.Rule) { r.Expr = `text matches "(a+)+$"` },
		"routing.error.empty":        func(r *routing.Rule) { r.Conditions[0].Values = nil },
		"routing.error.op":           func(r *routing.Rule) { r.Conditions[0].Op = "matches" },
	} {
		r := vpn(team["Network"])
		change(&r)
		_, err := d.Routing.SaveRule(lead, routing.RuleInput{Rule: r})
		if f := fault.Of(err); f == nil || len(f.Fields) == 0 || f.Fields[0].Code != want {
			t.Errorf("want %s: %v", want, err)
		}
	}
	// Two people edit: the second is told.
	set, err := d.Routing.SaveRule(lead, routing.RuleInput{Rule: vpn(team["Network"])})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Routing.SaveRule(lead, routing.RuleInput{Version: set.Version, Rule: vpn(team["Security"])}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Routing.SaveRule(lead, routing.RuleInput{Version: set.Version, Rule: vpn(team["Security"])}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an edit over another: %v", err)
	}
}

// The builder without script: rows come and go, and nothing typed is lost.
func TestBuilder(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	team := teams(t, d)
	c := d.Client("lead")
	form := url.Values{"name": {"VPN at night"}, "match": {"all"}, "active": {"false", "true"}, "team_id": {team["Network"].String()}, "do": {"add"}, "add": {"text"}}
	a := c.Post("/settings/routing/rules/new", form)
	if a.Status != 200 || !strings.Contains(a.Text(), `name="value_0"`) || !strings.Contains(a.Text(), "VPN at night") {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	form.Set("field_0", "text")
	form.Set("op_0", "any")
	form.Set("value_0", "vpn, 远程、remote*")
	form.Set("add", "in_hours")
	if a = c.Post("/settings/routing/rules/new", form); !strings.Contains(a.Text(), `name="value_1"`) || !strings.Contains(a.Text(), "vpn, 远程, remote*") {
		t.Fatal(a.Text())
	}
	form.Set("field_1", "in_hours")
	form.Set("op_1", "is")
	form.Set("value_1", "no")
	form.Set("do", "expert")
	if a = c.Post("/settings/routing/rules/new", form); !strings.Contains(a.Text(), `mentions(text, &#34;vpn&#34;, &#34;远程&#34;, &#34;remote*&#34;) and`) || !strings.Contains(a.Text(), "not (in_hours)") {
		t.Fatal(a.Text())
	}
	form.Del("do")
	form.Set("team_id", "")
	if a = c.Post("/settings/routing/rules/new", form); a.Status != 422 || !strings.Contains(a.Text(), "does nothing yet") || !strings.Contains(a.Text(), "remote*") {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	form.Set("team_id", team["Network"].String())
	if a = c.Post("/settings/routing/rules/new", form); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	page := c.Get("/settings/routing").Text()
	for _, want := range []string{"VPN at night", "Words in title or description has any of “vpn” or “远程” or “remote*”", "Reported outside working hours", "Publish as version 1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	now, err := d.Routing.Rules(d.As("lead"))
	if err != nil {
		t.Fatal(err)
	}
	key := now.Rules[0].ID.String()
	if a = c.Post("/settings/routing/rules/"+key+"/move", url.Values{"version": {fmt.Sprint(now.Version)}, "do": {"off"}}); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if a = c.Post("/settings/routing/publish", url.Values{"version": {fmt.Sprint(now.Version + 1)}}); a.Status != 422 {
		t.Errorf("published without a note: %d", a.Status)
	}
	if a = c.Post("/settings/routing/publish", url.Values{"version": {fmt.Sprint(now.Version + 1)}, "note": {"Night shift"}}); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a = c.Get("/settings/routing/versions/1"); a.Status != 200 || !strings.Contains(a.Text(), "Night shift") {
		t.Error(a.Status)
	}
	if a = c.Get("/settings/routing/versions/2"); a.Status != 404 {
		t.Error(a.Status)
	}
}

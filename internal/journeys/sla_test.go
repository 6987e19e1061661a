package journeys_test

import (
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/notify"
)

// A promise that is not kept: an urgent fault waits, the queue puts it first,
// its chip goes from calm to over as the clock moves on, everyone in the line
// is told once, the working says why, the reporter chases, and a lead takes the
// breach out of reports with the reason.
func TestIncidentBreachesAndEscalates(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)) // Monday, nine in Shanghai
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "The plant stands", Description: "Nothing moves.", Impact: 1, Urgency: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := i.Label()
	scan := func() {
		t.Helper()
		if err := d.SLA.Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Drain()
	}

	lead := visit(t, d, "en", 1440)
	lead.signIn("lead")
	lead.open("/incidents")
	lead.until(`!!document.querySelector('.qrow[data-key="` + n + `"] .sla:not(.over)')`)
	lead.check("the queue in the order of time left")

	d.Advance(20 * time.Minute) // 15 minutes were promised for the answer
	scan()
	lead.open("/incidents")
	lead.until(`!!document.querySelector('.qrow[data-key="` + n + `"] .sla.over')`)
	lead.sees("5m over")
	lead.open("/inbox")
	lead.sees("The response time of " + n + " is over")

	d.Advance(6 * time.Hour) // 4 hours were promised for the solution; half as much again is past
	scan()
	scan()              // a second look tells nobody twice
	lead.signIn("lead") // the sign-in was idle for too long
	lead.open("/incidents/" + n)
	lead.sees("Why?")
	lead.open("/service-levels/" + n)
	lead.sees("Around the clock 24×7")
	lead.sees("Missed at")
	lead.check("why")
	list, err := d.Notify.Lines(d.As("lead"), notify.All, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, x := range list {
		if x.RecordID == i.ID && strings.HasPrefix(x.Event, "sla.") {
			told[x.Event]++
		}
	}
	if told["sla.response_breached"] != 1 || told["sla.resolution_breached"] != 1 || told["sla.resolution_escalated"] != 1 {
		t.Errorf("the lead was told %v", told)
	}

	staff := visit(t, d, "zh-CN", 390)
	staff.signIn("staff")
	staff.open("/incidents/" + n)
	staff.press(`form[action$="/nudge"] button`)
	staff.sees("已提醒处理人员")
	staff.check("chased")

	lead.open("/service-levels/" + n)
	lead.fill(`#reason-response`, "The building had no power.")
	lead.press(`form[action$="/exclusions"] button`)
	lead.sees("Out of reports since")
	lead.open("/service-levels/breaches?excluded=only")
	lead.sees(n)
	lead.check("missed times")
	for _, p := range []string{"/settings/agreements", "/settings/agreements/new", "/settings/calendars", "/settings/services"} {
		lead.open(p)
		lead.check(p)
	}
}

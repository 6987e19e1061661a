package journeys_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
)

// A lead builds a rule by clicking, publishes it, and a report of a colleague
// goes where the rule says; the ticket names it. No expression is written.
func TestRuleBuiltByClicking(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	lead := visit(t, d, "en", 1440)
	lead.signIn("lead")
	lead.open("/settings/routing")
	lead.press(`a[href="/settings/routing/rules/new"]`)
	lead.fill("#name", "Label printers go to applications")
	lead.choose(`select[name=add]`, "Words in title or description")
	lead.press(`button[value=add]`)
	lead.fill(`input[name=value_0]`, "label printer, 标签机")
	lead.choose(`#team_id`, "Applications")
	lead.press(`.btn.primary.lg`)
	lead.sees("Label printers go to applications")
	lead.sees("“label printer” or “标签机”")
	lead.press(`form[action="/settings/routing/try"] button`)
	d.Drain()
	lead.open(lead.path())
	lead.sees("No rule applies")
	lead.open("/settings/routing")
	lead.fill("#note", "Label printers are run by the applications team")
	lead.press(`form[action="/settings/routing/publish"] button`)
	lead.sees("Version 1 is in force")

	staff := visit(t, d, "zh-CN", 390)
	staff.signIn("staff")
	staff.open("/incidents/new")
	staff.fill("#description", "三号车间的标签机不出纸")
	staff.run(chromedp.Click(`input[name=impact][value="3"]`, chromedp.ByQuery), chromedp.Click(`input[name=urgency][value="3"]`, chromedp.ByQuery))
	staff.fill("#location", "S-3F")
	staff.press(`.rf-foot button.primary`)
	number := strings.TrimPrefix(staff.path(), "/incidents/")
	lead.open("/incidents/" + number)
	lead.sees("Routed by rule “Label printers go to applications”, version 1")
	lead.as("zh-CN", 390)
	for _, p := range []string{"/settings/routing", "/settings/routing/rules/new", "/settings/routing/versions/1", "/me/notifications", "/absences"} {
		lead.open(p)
	}
}

// An engineer enters an absence on a phone, in Chinese; what a lead assigns to
// them meanwhile goes to the substitute.
func TestAbsenceGoesToTheSubstitute(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	eng := visit(t, d, "zh-CN", 390)
	eng.signIn("engineer")
	eng.open("/absences")
	today := d.Desk.Now().Add(8 * 3600e9).Format("2006-01-02")
	for _, f := range []string{"from", "to"} {
		eng.run(chromedp.SetValue("#"+f, today, chromedp.ByQuery))
	}
	eng.run(chromedp.SendKeys("#substitute_id-q", "qian", chromedp.ByQuery), chromedp.WaitVisible(`#substitute_id-list [role=option]`, chromedp.ByQuery), chromedp.Click(`#substitute_id-list [role=option]`, chromedp.ByQuery))
	eng.press(`form[action="/absences"] button.primary`)
	eng.sees("外出中")
	eng.sees("钱飞")

	lead := visit(t, d, "en", 1440)
	lead.signIn("lead")
	lead.open("/incidents/INC-000041/act/assign")
	lead.fill("#assignee_id-q", "wang")
	lead.run(chromedp.WaitVisible(`#assignee_id-list .badge`, chromedp.ByQuery))
	lead.sees("away until")
}

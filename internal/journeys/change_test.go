package journeys_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
)

// itemToChange is the number of an item in use.
func itemToChange(t *testing.T, d *apptest.Desk) (number, implementer string) {
	t.Helper()
	err := d.Pool.QueryRow(t.Context(), `SELECT r.number, (SELECT id::text FROM people WHERE username = 'implementer')
		FROM ci_items i JOIN records r ON r.id = i.id WHERE i.lifecycle = 'production' ORDER BY i.criticality DESC, i.number LIMIT 1`).Scan(&number, &implementer)
	if err != nil {
		t.Fatal(err)
	}
	return number, implementer
}

// proposes fills in the application of a change for a window that begins in an
// hour, hands it in, and answers with its number.
func (v *visitor) proposes(kind string) string {
	v.t.Helper()
	item, implementer := itemToChange(v.t, v.d)
	from := v.d.Desk.Now().Add(time.Hour).In(time.FixedZone("CST", 8*3600))
	at := func(t time.Time) string { return t.Format("2006-01-02T15:04") }
	fields := map[string]string{
		"title": "核心交换机固件升级", "content": "17.9 → 17.12", "reason": "内存泄漏", "effect": "办公网中断 90 秒", "communication": "邮件通知", "item": item, "implementer_id": implementer,
		"steps.1.title": "备份配置", "steps.1.owner_id": implementer, "steps.1.minutes": "20", "steps.1.check": "文件存在",
		"steps.2.title": "升级", "steps.2.owner_id": implementer, "steps.2.minutes": "60", "test_plan": "实验室",
		"rollback_trigger": "邻居少于 46", "rollback_minutes": "15", "back.1.title": "启动备用分区", "back.1.owner_id": implementer, "back.1.minutes": "12",
		"window_from": at(from), "window_to": at(from.Add(4 * time.Hour)),
	}
	v.open("/changes/new?type=" + kind)
	v.types(fields)
	v.press(`form[data-draft] .btn.primary.lg`)
	number := strings.TrimPrefix(v.path(), "/changes/")
	v.presses("submit")
	return number
}

// types fills in fields of a form by their names.
func (v *visitor) types(fields map[string]string) {
	v.t.Helper()
	typed, err := json.Marshal(fields)
	if err != nil {
		v.t.Fatal(err)
	}
	v.run(chromedp.Evaluate(`Object.entries(`+string(typed)+`).forEach(([n, x]) => { document.getElementsByName(n)[0].value = x; })`, nil))
}

// presses takes the step of a change that needs no more than a button.
func (v *visitor) presses(act string) {
	v.t.Helper()
	v.then(chromedp.Evaluate(`document.querySelector('form[action$="/`+act+`"] button').click()`, nil)) // wherever it has scrolled to
}

// takes opens the page of a step with a form of its own, does what fill says,
// and sends it.
func (v *visitor) takes(act, fill string) {
	v.t.Helper()
	v.then(chromedp.Evaluate(`document.querySelector('a[href$="/act/`+act+`"]').click()`, nil))
	v.run(chromedp.Evaluate(fill+`;0`, nil))
	v.then(chromedp.Evaluate(`document.querySelector('form.act .btn.lg').click()`, nil))
}

// at opens a window for somebody on a change.
func at(t *testing.T, d *apptest.Desk, who, lang string, width int64, number string) *visitor {
	t.Helper()
	v := visit(t, d, lang, width)
	v.signIn(who)
	if number != "" {
		v.open("/changes/" + number)
	}
	return v
}

// approves votes for a change.
func (v *visitor) approves() {
	v.t.Helper()
	v.press(`.decide-f a`)
	v.press(`.decision-yes .btn.approve`)
}

const (
	assessed = `document.querySelectorAll('[name=answers]').forEach((s) => { s.value = '3'; })`
	tested   = `document.querySelector('[name=result][value=passed]').click(); document.querySelector('[name=evidence]').value = '日志 17'`
	backed   = `document.querySelector('[name=result]').value = 'rolled_back'; document.querySelector('[name=note]').value = '邻居 48/48，业务恢复'`
	learnt   = `document.querySelector('[name=lessons]').value = '先在备机上升级'; document.querySelector('[name=items_confirmed]').click()`
)

// TestNormalChangeThatGoesBack: an engineer applies, a lead assesses and tests,
// the change manager and the board approve, an implementer begins in the window
// and has to go back, the lead sees that it works again, and the change manager
// closes it with what was learnt.
func TestNormalChangeThatGoesBack(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	engineer := at(t, d, "engineer2", "zh-CN", 1440, "")
	number := engineer.proposes("normal")
	engineer.sees("已提交")

	lead := at(t, d, "lead", "en", 1440, number)
	lead.sees("CHG-04") // the gates, before anybody tries
	lead.takes("assess", assessed)
	lead.takes("test", tested)
	engineer.open("/changes/" + number)
	engineer.presses("ask")
	engineer.sees("评审中")
	at(t, d, "changemanager", "zh-CN", 390, number).approves()
	at(t, d, "reviewer", "en", 1440, number).approves()
	engineer = at(t, d, "engineer2", "zh-CN", 1440, number) // a window lasts three minutes
	engineer.sees("已批准")
	engineer.presses("schedule")
	engineer.sees("已排期")

	d.Advance(61 * time.Minute)
	hands := at(t, d, "implementer", "zh-CN", 390, number)
	hands.presses("start")
	hands.presses("run")
	hands.presses("run")
	hands.takes("roll-back", `document.querySelector('[name=reason]').value = '邻居 40'`)
	hands.sees("回退中")
	hands.presses("run")
	hands.presses("run")
	hands.presses("finish")
	hands.sees("验证中")

	lead = at(t, d, "lead", "en", 1440, number)
	lead.takes("verify", backed)
	lead.sees("Post-implementation review")
	manager := at(t, d, "changemanager", "zh-CN", 390, number)
	manager.takes("close", learnt)
	manager.sees("已关闭")
	manager.open("/changes/" + number + "/paper")
	manager.sees("先在备机上升级")
}

// TestEmergencyToTheEnd: one authorisation is enough to begin, and nobody closes
// it without the review that is owed.
func TestEmergencyToTheEnd(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	engineer := at(t, d, "engineer2", "en", 390, "")
	number := engineer.proposes("emergency")
	engineer.presses("ask")
	at(t, d, "changemanager", "en", 390, number).approves()
	engineer.open("/changes/" + number)
	engineer.presses("schedule")
	d.Advance(61 * time.Minute)
	hands := at(t, d, "implementer", "en", 1440, number)
	hands.presses("start")
	hands.sees("Implementing")
	for range 4 { // two steps, begun and ended
		hands.presses("run")
	}
	hands.presses("finish")
	lead := at(t, d, "lead", "zh-CN", 390, number)
	lead.takes("verify", `document.querySelector('[name=result]').value = 'success'; document.querySelector('[name=note]').value = '邻居 48/48'`)
	manager := at(t, d, "changemanager", "en", 1440, number)
	manager.takes("close", `document.querySelector('[name=items_confirmed]').click()`)
	manager.sees("Write the lessons down") // not without what was learnt
	manager.run(chromedp.Evaluate(`document.querySelector('[name=lessons]').value = 'Watch the memory'; 0`, nil))
	manager.then(chromedp.Evaluate(`document.querySelector('form.act .btn.lg').click()`, nil))
	manager.sees("Closed")
}

// TestStandardChange: an engineer drafts a template and hands it in, the change
// manager approves it on the phone, an engineer makes a change of it that needs
// no other review, and an implementer carries it out.
func TestStandardChange(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item, implementer := itemToChange(t, d)
	author := at(t, d, "engineer2", "zh-CN", 1440, "")
	author.open("/changes/templates")
	author.then(chromedp.Evaluate(`document.querySelector('a[href$="/templates/new"]').click()`, nil))
	author.types(map[string]string{
		"name_zh": "重启接入交换机", "name_en": "Restart of an access switch", "content": "保存配置后重启", "reason": "内存泄漏", "effect": "一层楼中断三分钟", "steps.1.title": "保存配置", "steps.1.minutes": "5",
		"steps.2.title": "重启", "steps.2.minutes": "10", "test_plan": "邻居恢复", "rollback_trigger": "五分钟内未恢复", "back.1.title": "启用备用交换机", "back.1.minutes": "10", "rollback_minutes": "10", "critical_from": "1",
	})
	author.press(`form[data-draft] .btn.primary.lg`)
	where := author.path()
	author.presses("submit")
	author.sees("待批准")

	manager := at(t, d, "changemanager", "en", 390, "")
	manager.open(where)
	manager.presses("approve")
	manager.sees("In force")

	engineer := at(t, d, "engineer2", "en", 1440, "")
	engineer.open(where)
	engineer.then(chromedp.Evaluate(`document.querySelector('a[href^="/changes/new?template="]').click()`, nil))
	engineer.sees("Fixed by the template")
	from := d.Desk.Now().Add(time.Hour).In(time.FixedZone("CST", 8*3600))
	engineer.types(map[string]string{
		"title": "SW-A3 restart", "item": item, "implementer_id": implementer, "steps.1.owner_id": implementer, "steps.2.owner_id": implementer, "back.1.owner_id": implementer,
		"window_from": from.Format("2006-01-02T15:04"), "window_to": from.Add(time.Hour).Format("2006-01-02T15:04"),
	})
	engineer.press(`form[data-draft] .btn.primary.lg`)
	number := strings.TrimPrefix(engineer.path(), "/changes/")
	engineer.presses("submit")
	engineer.sees("Approved")
	engineer.presses("schedule")
	d.Advance(61 * time.Minute)
	hands := at(t, d, "implementer", "zh-CN", 390, number)
	hands.presses("start")
	hands.sees("实施中")
}

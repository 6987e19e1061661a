package journeys_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/live"
)

// live waits until the page hears the desk.
func (v *visitor) live() {
	v.t.Helper()
	v.until(`document.body.dataset.stream === 'on'`)
}

// still marks the page, so that a reload would show.
func (v *visitor) still() {
	v.t.Helper()
	v.run(chromedp.Evaluate(`window.__same = true`, nil))
}

// Two engineers on one ticket: each sees that the other is there and writes;
// what one says appears at the other's without touching a half-written reply;
// both edit, one field collides and is settled by choice, the others merge.
func TestTwoEngineersEditOneTicket(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	twin := d.Twin(apptest.Options{Live: live.Options{Linger: time.Second}})
	const number = "INC-000041"

	eng, lead := visit(t, d, "en", 1440), visit(t, twin, "zh-CN", 1440)
	eng.signIn("engineer")
	lead.signIn("lead")
	eng.open("/incidents/" + number)
	eng.live()
	lead.open("/incidents/" + number)
	lead.live()
	eng.sees("1 other is viewing")
	lead.sees("另有 1 人正在查看")

	// A half-written reply stays as it is while the other one writes.
	eng.still()
	eng.run(chromedp.Click("#body", chromedp.ByQuery), chromedp.SendKeys("#body", "Half a sentence", chromedp.ByQuery))
	lead.sees("正在写回复")
	lead.run(chromedp.Click("#body", chromedp.ByQuery), chromedp.WaitVisible(`[data-compose=note]`, chromedp.ByQuery), chromedp.Click(`[data-compose=note]`, chromedp.ByQuery))
	lead.fill("#body", "备用线在二楼机房")
	eng.sees("is writing an internal note")
	lead.press(`form.composer button.primary`)
	lead.sees("备用线在二楼机房")
	eng.sees("备用线在二楼机房")
	eng.until(`window.__same && document.querySelector('#body').value === 'Half a sentence' && document.activeElement.id === 'body'`)
	eng.until(`document.querySelector('[data-saved]').textContent !== ''`)

	// Both edit the same version.
	eng.open("/incidents/" + number + "/act/edit")
	lead.open("/incidents/" + number + "/act/edit")
	eng.live()
	eng.still()
	eng.fill("#title", "Floor 3: no network since nine")
	lead.fill("#title", "三楼东区断网")
	lead.fill("#location", "A-3F-E")
	lead.press(`form.act button.primary`)
	lead.sees("三楼东区断网")
	eng.sees("Zhao Min changed this")
	eng.until(`window.__same && document.querySelector('#title').value === 'Floor 3: no network since nine'`)
	eng.run(chromedp.Click(`#since summary`, chromedp.ByQuery))
	eng.sees("A-3F-E")
	eng.fill("#device", "SW-CORE-A1")
	eng.press(`form.act > .card-b > .row button.primary`)
	eng.until(`document.querySelector('dialog.conflict')?.matches(':modal')`)
	eng.sees("Zhao Min changed 2 fields")
	eng.sees("三楼东区断网")
	eng.sees("unchanged")
	// Back to the form and in again: nothing typed is lost.
	eng.run(chromedp.Click(`dialog.conflict [data-close]`, chromedp.ByQuery))
	eng.until(`document.querySelector('#title').value === 'Floor 3: no network since nine' && document.querySelector('#device').value === 'SW-CORE-A1'`)
	eng.run(chromedp.Evaluate(`document.querySelector('dialog.conflict').showModal()`, nil), chromedp.Click(`dialog.conflict input[name=keep_title][value=theirs]`, chromedp.ByQuery))
	eng.press(`dialog.conflict button.primary`)
	eng.sees("三楼东区断网")
	eng.sees("SW-CORE-A1")
	eng.sees("A-3F-E")
	eng.until(`document.querySelector('#body').value === 'Half a sentence'`)

	// Who leaves is not shown any more, also when the browser vanishes.
	lead.run(chromedp.Navigate("about:blank"))
	eng.until(`!document.body.innerText.includes('is viewing')`)
}

// One view in two browsers, on two processes: what one does, the other shows
// in place; new tickets are announced and come when asked for; counts follow.
func TestOneViewInTwoBrowsers(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	twin := d.Twin(apptest.Options{})
	eng, lead := visit(t, d, "en", 1440), visit(t, twin, "zh-CN", 1440)
	eng.signIn("engineer")
	lead.signIn("lead")
	lead.open("/incidents?view=unassigned&sort=created")
	lead.live()
	eng.open("/incidents?view=open&sort=created")
	eng.live()
	lead.still()
	eng.still()

	// Something new: the list stays, a pill says so, the count goes up.
	var before string
	lead.run(chromedp.Evaluate(`document.querySelector('[data-nav="view-unassigned"] .n')?.textContent ?? '0'`, &before))
	first := `document.querySelector('[data-row]').dataset.key`
	var key string
	lead.run(chromedp.Evaluate(first, &key))
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "会议室门禁刷不开", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	lead.sees("1 条新工单")
	lead.until(first + fmt.Sprintf(" === %q", key))
	lead.until(fmt.Sprintf(`document.querySelector('[data-nav="view-unassigned"] .n')?.textContent === String(%s + 1)`, before))
	lead.check("a queue with news")

	// What is selected stays selected when the news come in.
	lead.run(chromedp.KeyEvent("j"), chromedp.KeyEvent("x"))
	lead.until(`document.querySelectorAll('.cb:checked').length === 1`)
	lead.run(chromedp.Click("#newer", chromedp.ByQuery))
	lead.sees("会议室门禁刷不开")
	lead.until(`window.__same && document.querySelectorAll('.cb:checked').length === 1 && document.querySelector('#newer').hidden`)

	// The other one takes it by keyboard: here the row leaves, without a jump.
	eng.sees("1 new")
	eng.run(chromedp.Click("#newer", chromedp.ByQuery))
	eng.until(fmt.Sprintf(`!!document.querySelector('[data-key=%q]')`, i.Label()))
	if _, err := twin.Incidents.Claim(twin.As("lead"), i.ID, incident.StepInput{Version: i.Version}); err != nil {
		t.Fatal(err)
	}
	lead.until(fmt.Sprintf(`document.querySelector('[data-key=%q]').classList.contains('out')`, i.Label()))
	eng.until(fmt.Sprintf(`document.querySelector('[data-key=%q] .av').getAttribute('aria-label') === 'Zhao Min'`, i.Label()))
	eng.until(`window.__same`)
	lead.run(chromedp.KeyEvent(kb.Escape))

	// The database connection breaks: the dot says so, and the page catches up.
	if _, err := d.Incidents.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "Still closed."}); err != nil {
		t.Fatal(err)
	}
	d.Live.Close()
	eng.until(`document.querySelector('[data-live-dot]').dataset.state === 'poll'`)
	eng.sees("Updates every 30 s")
}

// A desk that dies between saying that something has changed and handing out
// the page: the page asks again of its own accord, as nobody says it twice.
func TestAPageThatCouldNotBeReadIsAskedForAgain(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	eng := visit(t, d, "en", 1440)
	eng.signIn("engineer")
	eng.open("/incidents?view=open&sort=created")
	eng.live()
	eng.run(chromedp.Evaluate(`(() => { const real = window.fetch; window.__cut = 0; window.fetch = (at, ...rest) => String(at).startsWith('/incidents') && window.__cut < 1 ? (window.__cut++, Promise.reject(new TypeError('cut'))) : real(at, ...rest); })()`, nil))
	if _, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "会议室门禁刷不开", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"}); err != nil {
		t.Fatal(err)
	}
	eng.until(`window.__cut === 1`)
	// How soon depends on how long pages take; a busy machine makes it wait longer, a minute at most.
	eng.within(1500, `document.body.innerText.includes("1 new")`)
}

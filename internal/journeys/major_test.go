package journeys_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
)

// The story of a major incident: proposed by an engineer, declared and
// announced by the lead, "me too" by staff on a phone, an update, a child that
// is resolved with its parent, the end, a review signed by another, on paper.
func TestMajorIncidentToItsReview(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	const number = "INC-000041"

	eng := visit(t, d, "en", 1440)
	eng.signIn("engineer")
	eng.open("/incidents/" + number + "/act/propose")
	eng.fill("#reason", "Calls from the whole third floor.")
	eng.press(`form.act button.primary`)
	eng.sees("Proposed as major")

	lead := visit(t, d, "en", 1440)
	lead.signIn("lead")
	lead.open("/majors?list=proposed")
	lead.sees(number)
	lead.open("/majors/" + number)
	lead.press(`a[href*="/act/declare"]`)
	lead.fill("#title_zh", "三楼无线网络中断")
	lead.fill("#title_en", "Wireless down on floor 3")
	lead.fill("#text_zh", "正在更换设备，可先用有线网络。")
	lead.fill("#text_en", "A device is being replaced; please use the wire.")
	lead.press(`form.act button.primary`)
	if p := lead.path(); p != "/majors/"+number {
		t.Fatalf("after the declaration: %s", p)
	}
	lead.sees("Calls from the whole third floor.")

	// Staff, on a phone.
	staff := visit(t, d, "zh-CN", 390)
	staff.signIn("staff")
	staff.open("/")
	staff.sees("三楼无线网络中断")
	staff.press(`.major form[action$="/me-too"] button`)
	staff.sees("已记下 · 1")
	staff.open("/incidents/new")
	staff.sees("不用再报")
	staff.fill("#description", "四楼也断了")
	staff.run(chromedp.Click(`input[name=impact][value="3"]`, chromedp.ByQuery), chromedp.Click(`input[name=urgency][value="2"]`, chromedp.ByQuery))
	staff.fill("#location", "A-4F-01")
	staff.press(`.rf-foot button.primary`)
	child := strings.TrimPrefix(staff.path(), "/incidents/")

	lead.open("/incidents/" + number + "/act/children")
	lead.fill("#numbers", child)
	lead.press(`form.act button.primary`)
	lead.sees(child)
	lead.open("/incidents/" + number + "/act/update?return=/majors/" + number)
	lead.fill("#text_zh", "备件已到，十分钟后恢复。")
	lead.press(`form.act button.primary`)
	d.Drain()
	staff.open("/inbox")
	staff.sees("进展：三楼无线网络中断")
	staff.open("/announcements/" + number)
	staff.sees("备件已到，十分钟后恢复。")
	staff.open("/incidents/" + child)
	staff.sees("大范围故障")

	eng.open("/incidents/" + number + "/act/resolve")
	eng.choose("#resolution_code", "Fixed")
	eng.fill("#cause", "The radio card failed.")
	eng.fill("#process", "Replaced the card.")
	eng.press(`form.act button.primary`)
	d.Drain()
	staff.open("/incidents/" + child)
	staff.sees("已解决，请确认")

	lead.open("/majors/" + number)
	lead.press(`a[href*="/act/end"]`)
	lead.fill("#reason", "Stable for an hour.")
	lead.press(`form.act button.primary`)
	lead.sees("Major (ended)")

	// The technical lead writes the review, the lead signs it.
	eng.open("/majors/" + number + "/review")
	for f, text := range map[string]string{"summary": "The card failed at nine.", "impact": "60 people for two hours.", "cause": "Old firmware.", "went_well": "The spare was there."} {
		eng.fill("#"+f, text)
	}
	eng.press(`form[action$="/review"] button.primary`)
	eng.fill("#title", "Update all access points")
	eng.run(chromedp.SendKeys(`#owner_id-q`, "engineer2", chromedp.ByQuery), chromedp.Click(`#owner_id-list [role=option]`, chromedp.ByQuery, chromedp.NodeVisible))
	eng.run(chromedp.Evaluate(`document.querySelector('#due_on').value = '2030-01-31'`, nil))
	eng.press(`form[action$="/actions"] button`)
	eng.sees("Update all access points")
	eng.press(`form[action$="/submit"] button`)
	eng.sees("To be signed")
	lead.open("/majors/" + number + "/review")
	lead.press(`form[action$="/sign"] button`)
	lead.sees("Signed")

	// On paper: the report alone, on A4, with its signatures.
	lead.open("/majors/" + number + "/report")
	var paper struct{ Side, Doc, Sign bool }
	var pdf []byte
	lead.run(emulation.SetEmulatedMedia().WithMedia("print"),
		chromedp.Evaluate(`(() => { const seen = (s) => { const e = document.querySelector(s); return !!e && getComputedStyle(e).display !== 'none'; }; return { Side: seen('.side'), Doc: seen('.paper'), Sign: seen('.signatures') }; })()`, &paper),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			pdf, _, err = page.PrintToPDF().WithPaperWidth(8.27).WithPaperHeight(11.69).WithPreferCSSPageSize(true).Do(ctx)
			return err
		}), emulation.SetEmulatedMedia().WithMedia(""))
	if paper.Side || !paper.Doc || !paper.Sign {
		t.Errorf("printed: %+v", paper)
	}
	if len(pdf) < 1000 || !strings.HasPrefix(string(pdf), "%PDF") {
		t.Errorf("no paper: %d bytes", len(pdf))
	}
	for _, width := range []int64{390, 1440} {
		for _, lang := range []string{"zh-CN", "en"} {
			lead.as(lang, width)
			for _, p := range []string{"/majors?list=all", "/majors/" + number, "/majors/" + number + "/review", "/majors/" + number + "/report", "/incidents/" + number, "/settings/majors"} {
				lead.open(p)
			}
		}
	}
}

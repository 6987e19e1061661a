package journeys_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/canned"
	"opsdesk/internal/incident"
)

// An engineer answers with a ready text and calls a colleague by the initials
// of his name, then merges a second report of the same fault and takes that
// back, by keyboard.
func TestAnswerTogetherMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	if _, err := d.Canned.Save(d.As("lead"), canned.SaveInput{Name: "Greeting", BodyEn: "Dear {requester}, thank you for {number}."}); err != nil {
		t.Fatal(err)
	}
	report := func(who, text string) string {
		i, err := d.Incidents.Create(d.As(who), incident.CreateInput{Description: text, Impact: 2, Urgency: 2, Location: "A-4F", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		return i.Label()
	}
	first := report("staff", "四楼绘图仪无法出纸并且报警")
	other := report("manager", "四楼绘图仪报警无法出纸")

	v := visit(t, d, "en", 1440)
	v.signIn("lead")
	v.open("/incidents/" + first)
	v.sees("open report is like this one") // the banner comes after the page
	v.run(chromedp.KeyEvent("r"))
	v.fill("#body", "/gree") // the key itself is no text, but for a driver that sends it twice
	v.until(`[...document.querySelectorAll('#canned [role=option]')].some((o) => o.offsetParent)`)
	v.sees("thank you for " + first) // the preview
	v.run(chromedp.Click(`#canned [role=option]`, chromedp.ByQuery), chromedp.SendKeys("#body", " @hm", chromedp.ByQuery))
	v.until(`[...document.querySelectorAll('#calls [role=option]')].some((o) => o.offsetParent)`)
	v.check("the composer with people to call")
	v.run(chromedp.Click(`#calls [role=option]`, chromedp.ByQuery))
	var text string
	v.run(chromedp.Value("#body", &text, chromedp.ByQuery))
	if !strings.HasPrefix(text, "Dear Li Wen, thank you for "+first+".") || !strings.HasSuffix(text, "@he.ming ") {
		t.Fatalf("the reply is %q", text)
	}
	v.press(`form.composer button.primary`)
	v.sees("@He Ming")

	v.then(chromedp.KeyEvent("m"))
	v.press(`.act ul a[href*="into=` + other + `"]`)
	v.sees("What goes there")
	v.press(`form[action$="/merge"][method=post] button.primary`)
	if v.path() != "/incidents/"+other {
		t.Fatalf("after the merge: %s", v.path())
	}
	v.open("/incidents/" + first)
	if v.path() != "/incidents/"+other {
		t.Fatalf("the old address leads to %s", v.path())
	}
	v.sees("was merged into")
	v.open("/incidents/" + first + "?tombstone")
	v.press(`form[action$="/unmerge"] button`)
	v.sees("@He Ming")
	if v.path() != "/incidents/"+first {
		t.Fatalf("after the undoing: %s", v.path())
	}
	v.as("zh-CN", 390)
	v.open("/incidents/" + first + "/merge?into=" + other)
	v.open("/incidents/" + first + "/similar")
	v.open("/canned")
	v.open("/macros")
}

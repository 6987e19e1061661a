package journeys_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/change"
)

// drags takes a change in the calendar to another day, as a hand does.
func drags(number, day string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`(() => {
		const ev = document.querySelector('[data-move="/changes/%s/move-window"]'), td = document.querySelector('td[data-day="%s"]'), data = new DataTransfer();
		const tell = (at, name) => at.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: data }));
		tell(ev, 'dragstart'); tell(td, 'dragover'); tell(td, 'drop'); tell(ev, 'dragend');
	})()`, number, day), nil)
}

// TestDragInTheCalendar: a planned change goes to another day and is there after
// the page was read anew; under a freeze it does not, and the page says why; one
// whose review was asked for goes only after a word.
func TestDragInTheCalendar(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2027, 3, 1, 1, 0, 0, 0, time.UTC)) // a Monday, after everything of the demo
	owner := d.As("engineer2")
	from := time.Date(2027, 3, 2, 2, 0, 0, 0, time.UTC)
	to := from.Add(2 * time.Hour)
	c, err := d.Changes.Create(owner, change.CreateInput{Type: change.Normal, Plan: change.Plan{Title: "更换风扇", WindowFrom: &from, WindowTo: &to}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Changes.Freeze(d.As("changemanager"), change.FreezeInput{NameZh: "封网", NameEn: "Freeze", Hard: true, From: from.AddDate(0, 0, 2), To: to.AddDate(0, 0, 2)}); err != nil {
		t.Fatal(err)
	}
	v := visit(t, d, "zh-CN", 1440)
	v.signIn("engineer2")
	v.open("/changes/calendar?range=week&day=2027-03-01")
	there := func(day string) string {
		return fmt.Sprintf(`document.querySelector('td[data-day="%s"] [data-move*="%s"]')`, day, c.Label())
	}
	v.until(there("2027-03-02"))
	v.then(drags(c.Label(), "2027-03-03"))
	v.sees("窗口已移动")
	v.until(there("2027-03-03"))
	v.then(drags(c.Label(), "2027-03-04"))
	v.sees(c.Label() + " 的窗口未移动")
	v.until(there("2027-03-03"))
	v.check("a drag that was refused")
	v.open("/changes/calendar?day=2027-03-01")
	v.until(there("2027-03-03"))

	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE changes SET state = 'approved', approved_at = now(), approved_hash = 'x' WHERE id = $1`, c.ID); err != nil {
		t.Fatal(err)
	}
	v.open("/changes/calendar?range=week&day=2027-03-01")
	v.run(drags(c.Label(), "2027-03-05"))
	v.until(`document.querySelector('#move-void').open`)
	v.check("the question before a review is void")
	v.then(chromedp.Click(`[data-move-void]`, chromedp.ByQuery))
	v.sees("窗口已移动")
	v.until(there("2027-03-05"))
}

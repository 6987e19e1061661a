package journeys_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/form"
	"opsdesk/internal/servicerequest"
)

// TestTheQueueOfRequestsIsWorkedFrom: a lead narrows the list, keeps it as a
// view, makes three requests urgent at once after looking at what would happen,
// takes that back on a phone, and takes the list out as a file.
func TestTheQueueOfRequestsIsWorkedFrom(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item := uuid.MustParse(itemPath(t, d, "Move to another place"))
	var list []servicerequest.Request
	for range 3 {
		r, err := d.Requests.Order(d.As("staff"), servicerequest.OrderInput{
			ItemID: item, Urgency: 2, Remark: "hurdygurdy", Answers: form.Raw{"from": {"A-1"}, "to": {"B-2"}, "day": {"2099-01-05"}, "socket": {"works"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	priority := func() (n int) {
		for _, r := range list {
			x, _, err := d.Requests.Get(d.As("lead"), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			n += x.Priority
		}
		return n
	}
	was := priority()

	v := visit(t, d, "en", 1440)
	v.signIn("lead")
	v.open("/requests?q=hurdygurdy")
	v.key("f")
	v.press(`.filters a[href*="add=state"]`)
	v.run(chromedp.Click(`input[name="value"][value="approved"]`, chromedp.ByQuery))
	v.press(`.f-values ~ .row button.primary`)
	v.until(`document.querySelectorAll('[data-row]').length === 3`)
	v.run(chromedp.Click(`summary[title="Save view"]`, chromedp.ByQuery))
	v.fill("#sv-name", "Moves to plan")
	v.press(`form[action="/requests/views"] button.primary`)
	v.until(`document.querySelector('h1').innerText === 'Moves to plan' && document.querySelectorAll('[data-row]').length === 3`)
	view := v.search()

	for n := range list {
		if n > 0 {
			v.key("j")
		}
		v.key("x")
	}
	v.sees("3 selected")
	v.check("the selection bar")
	v.turns("p")
	v.choose("#impact", "Company")
	v.choose("#urgency", "Urgent")
	v.press(`form[action="/requests/bulk"] button.primary`) // the reason is missing: nothing typed is lost
	v.until(`document.querySelector('#impact').value === '1' && document.querySelector('#urgency').value === '1'`)
	v.fill("#reason", "The whole floor moves tonight.")
	v.press(`form[action="/requests/bulk"] button.primary`)
	v.sees("3 would be changed, 0 would be refused")
	if priority() != was {
		t.Error("the preview changed something")
	}
	v.press(`form[action$="/start"] button`)
	d.Drain()
	v.sees("3 done, 0 refused")
	if priority() >= was {
		t.Error("the priorities are what they were")
	}
	v.as("zh-CN", 390)
	v.open(v.path())
	v.press(`form[action$="/undo"] button`)
	v.sees("撤销批量修改")
	d.Drain()
	v.sees("成功 3 条")
	if priority() != was {
		t.Error("the priorities were not taken back")
	}

	v.as("en", 1440)
	v.open(view)
	var file string
	v.run(chromedp.Evaluate(`(async () => {
		const f = document.querySelector('form[action="/requests/export"]'), b = new URLSearchParams(new FormData(f));
		b.set('format', 'csv');
		return await (await fetch(f.action, { method: 'POST', body: b })).text();
	})()`, &file, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, r := range list {
		if !strings.Contains(file, r.Label()) {
			t.Errorf("the file lacks %s:\n%s", r.Label(), file)
		}
	}
	if n := strings.Count(strings.TrimSpace(file), "\n"); n != 3 {
		t.Errorf("the file has %d rows:\n%s", n, file)
	}
}

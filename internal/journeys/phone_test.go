package journeys_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// tap touches the middle of what is really there, as a finger does: something
// that lies on top gets the touch instead.
func (v *visitor) tap(selector string) {
	v.t.Helper()
	var at []float64
	v.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: 'nearest' }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector), &at))
	v.run(input.DispatchTouchEvent(input.TouchStart, []*input.TouchPoint{{X: at[0], Y: at[1]}}), input.DispatchTouchEvent(input.TouchEnd, []*input.TouchPoint{}))
}

// row selects a row of the list by its number.
func row(number string) string { return fmt.Sprintf(`[data-row][data-key=%q]`, number) }

// fits says what of the bulk bar is too small for a finger, reaches out of the
// screen, or lies over the list or the navigation.
const fits = `(() => {
	const box = (s) => document.querySelector(s).getBoundingClientRect(), bar = box('.bulk'), bad = [];
	if (bar.left < 0 || bar.right > innerWidth || document.querySelector('.bulk').scrollWidth > bar.width) bad.push('the bar is too wide');
	if (bar.bottom > box('.tabbar').top + 1) bad.push('the bar lies over the navigation');
	if (box('.q-scroll').bottom > bar.top + 1) bad.push('the bar lies over the list');
	for (const e of document.querySelectorAll('.bulk .btn, .bulk label, .bulk .menu button, .qrow .cbx, [data-choose]')) {
		const r = e.getBoundingClientRect();
		if (r.width && (r.width < 44 || r.height < 44)) bad.push(e.className + ' ' + e.innerText + ' has ' + r.width + ' by ' + r.height);
	}
	return bad.join('; ');
})()`

func (v *visitor) fits(where string) {
	v.t.Helper()
	var bad string
	v.run(chromedp.Evaluate(fits, &bad))
	if bad != "" {
		v.t.Errorf("%s (%s): %s", where, v.lang, bad)
	}
	v.check(where)
}

// TestTwoIncidentsAreMadeUrgentOnAPhone: an engineer on the way taps two rows of
// the queue, thinks again, taps them anew, looks at what would happen, and does
// it.
func TestTwoIncidentsAreMadeUrgentOnAPhone(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	var list []incident.Incident
	for n := range 12 { // more than a screen holds
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: fmt.Sprint("shawm ", n), Description: "It is too loud.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
	}
	first, last := row(list[11].Label()), row(list[0].Label())
	v := at(t, d, "engineer", "en", 390, "")
	v.open("/incidents?view=open&q=shawm&sort=created")

	v.tap(`[data-choose]`)
	v.sees("0 selected")
	v.until(`document.querySelector('.bulk [value=priority]').disabled`)
	v.tap(first)
	v.tap(last) // the bar leaves room for it
	v.sees("2 selected")
	v.fits("two rows chosen")
	v.tap(`.bulk summary`)
	v.until(`document.querySelector('.bulk details').open`)
	v.fits("the other acts")
	v.tap(`.bulk summary`)
	v.tap(`[data-clear]`)
	v.until(`!document.querySelector('.cb:checked') && !document.querySelector('[data-bulk]').matches('.on') && document.activeElement.matches('[data-choose][aria-pressed=false]')`)

	v = at(t, d, "engineer", "zh-CN", 390, "") // a window lasts three minutes
	v.open("/incidents?view=open&q=shawm&sort=created")
	v.tap(`[data-choose]`)
	v.tap(first)
	v.tap(last)
	v.sees("已选 2 张")
	v.fits("two rows chosen")
	v.then(chromedp.ActionFunc(func(context.Context) error { v.tap(`.bulk [value=priority]`); return nil }))
	v.choose("#priority", "P2")
	v.fill("#reason", "今晚有演出")
	v.press(`form[action="/incidents/bulk"] button.primary`)
	v.sees("将修改 2 条，0 条会被拒绝")
	if now, _, err := d.Incidents.Get(d.As("lead"), list[0].ID); err != nil || now.Priority != list[0].Priority {
		t.Errorf("the preview changed P%d to P%d: %v", list[0].Priority, now.Priority, err)
	}
	v.press(`form[action$="/start"] button`)
	d.Drain()
	v.sees("成功 2 条")
	for n, i := range list {
		now, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		if chosen := n == 0 || n == 11; chosen != (now.Priority == 2) {
			t.Errorf("%s has P%d", i.Label(), now.Priority)
		}
	}

	// A tap on a row opens it again.
	v.open("/incidents?view=open&q=shawm&sort=created")
	v.then(chromedp.ActionFunc(func(context.Context) error { v.tap(first); return nil }))
	if !strings.HasSuffix(v.path(), list[11].Label()) {
		t.Errorf("a tap led to %s", v.path())
	}
}

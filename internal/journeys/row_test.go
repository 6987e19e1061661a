package journeys_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// sackbuts is a list that an engineer sees of three new incidents, newest first.
func sackbuts(t *testing.T, d *apptest.Desk) (path string, list []incident.Incident) {
	t.Helper()
	for n := range 3 {
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: fmt.Sprint("sackbut ", n), Description: "The slide sticks.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		list = append([]incident.Incident{i}, list...)
	}
	return "/incidents?view=open&q=sackbut&sort=created", list
}

// atOnce presses keys faster than any answer can come.
func atOnce(keys string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`for (const k of %q) document.dispatchEvent(new KeyboardEvent('keydown', { key: k, code: 'Key' + k.toUpperCase(), bubbles: true }))`, keys), nil)
}

// held says which of some incidents have an assignee.
func held(t *testing.T, d *apptest.Desk, list []incident.Incident) (out [3]bool) {
	t.Helper()
	for n, i := range list {
		now, _, err := d.Incidents.Get(d.As("lead"), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = now.AssigneeID != nil
	}
	return out
}

// TestAKeyActsOnTheRowOfTheCursor: who moves and takes in one go takes what was
// moved to, and nothing else: beside a preview, where the window has no room for
// one, and in a table.
func TestAKeyActsOnTheRowOfTheCursor(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, layout, keys string
		width              int64
		row                int
	}{
		{"preview", "split", "ji", 1440, 1},
		{"narrow", "split", "jji", 1100, 2},
		{"table", "table", "ji", 1440, 1},
		{"twice", "split", "jiji", 1440, 2}, // moving on takes back what has not been done
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			d := apptest.New(t, apptest.Options{})
			path, list := sackbuts(t, d)
			v := at(t, d, "engineer", "en", x.width, "")
			v.open(path)
			if x.layout == "table" {
				v.then(chromedp.Evaluate(`document.querySelector('#d-layout').value = 'table'; document.querySelector('#d-layout').form.requestSubmit()`, nil))
				v.until(`document.querySelector('.q-table')`)
			}
			v.then(atOnce(x.keys))
			want := [3]bool{}
			want[x.row] = true
			if got := held(t, d, list); got != want {
				t.Errorf("taken: %v, not %v", got, want)
			}
			v.until(fmt.Sprintf(`location.pathname === '/incidents' && document.querySelector('[data-row].cur').dataset.key === %q`, list[x.row].Label()))
		})
	}
}

// TestPreviewsThatComeLateOrNever: an answer for a row that the cursor has left
// is not shown; a preview that cannot be had says so in the reader's language,
// and nothing is done to another ticket.
func TestPreviewsThatComeLateOrNever(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	path, list := sackbuts(t, d)
	v := at(t, d, "engineer", "zh-CN", 1440, "")
	v.open(path)
	shows := func(n int) string {
		return fmt.Sprintf(`document.querySelector('#preview')?.dataset.key === %q`, list[n].Label())
	}
	// The first answer is held back until the second is there.
	v.run(chromedp.Evaluate(`{ const real = window.fetch; window.late = [];
		window.fetch = (u, o) => !String(u).includes('/preview?') || window.late.length ? real(u, o) : new Promise((go) => window.late.push(() => real(u, { headers: o.headers }).then(go))); }`, nil), atOnce("j"))
	v.until(`window.late.length === 1 && document.querySelector('#preview').getAttribute('aria-busy') === 'true'`)
	v.key("j")
	v.until(shows(2))
	v.run(chromedp.Evaluate(`window.late[0]().then(() => setTimeout(() => { window.came = true; }, 200)); 0`, nil))
	v.until(`window.came`)
	v.until(shows(2) + ` && !document.querySelector('#preview').hasAttribute('aria-busy')`)

	// None comes at all.
	v.run(chromedp.Evaluate(`window.real = window.fetch; window.fetch = (u, o) => String(u).includes('/preview?') ? Promise.reject(new TypeError('no network')) : window.real(u, o); 0`, nil), atOnce("ki"))
	v.sees("工单没有载入")
	v.sees("这张工单未能载入")
	v.check("a preview that did not come")
	if got := held(t, d, list); got != [3]bool{} {
		t.Errorf("taken: %v", got)
	}
	v.run(chromedp.Evaluate(`window.fetch = window.real; 0`, nil), chromedp.Click(`#preview button`, chromedp.ByQuery))
	v.until(shows(1))
	v.turns("i")
	if got := held(t, d, list); got != [3]bool{1: true} {
		t.Errorf("taken: %v", got)
	}
}

// TestKeysWithTickedRows: with rows ticked the keys are those of the selection
// bar; the ticket under the cursor is left alone.
func TestKeysWithTickedRows(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	path, list := sackbuts(t, d)
	v := at(t, d, "engineer", "en", 1440, "")
	v.open(path)
	v.run(chromedp.Evaluate(`document.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', code: 'KeyA', ctrlKey: true, bubbles: true }))`, nil))
	v.until(`document.querySelectorAll('.cb:checked').length === 3 && document.querySelector('[data-bulk]').matches('.on')`)
	v.key("i")
	v.sees("only the keys of the selection bar act")
	v.turns("e")
	if v.path() != "/incidents/bulk/form" {
		t.Errorf("E led to %s", v.path())
	}
	v.sees("3 selected tickets")
	if got := held(t, d, list); got != [3]bool{} {
		t.Errorf("taken: %v", got)
	}
}

// TestKeysOfThePage: Enter opens the row that is current from the start, C leads
// from any page to a new ticket, a line of the inbox is done only under the
// cursor, and the sheet and the palette offer what works where they are opened.
func TestKeysOfThePage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	path, list := sackbuts(t, d)
	v := at(t, d, "engineer", "en", 1440, "")
	palette := func() {
		v.run(chromedp.Evaluate(`document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', code: 'KeyK', ctrlKey: true, bubbles: true }))`, nil))
		v.until(`document.querySelector('#palette').open`)
	}
	offered := func(where string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((x) => x.offsetParent).map((x) => x.dataset.key ?? x.dataset.keys).join(' ')`, where)
	}
	v.open(path)
	palette()
	v.until(`/^i .*p/.test(` + offered("#palette [data-key]") + `) && !/[rnh]/.test(` + offered("#palette [data-key]") + `)`)
	v.key(kb.Escape)
	v.turns(kb.Enter)
	if want := "/incidents/" + list[0].Label(); v.path() != want {
		t.Fatalf("Enter led to %s, not to %s", v.path(), want)
	}
	palette()
	v.until(`/^i .*p.* r n$/.test(` + offered("#palette [data-key]") + `)`)
	v.key(kb.Escape)
	v.turns("c")
	if v.path() != "/incidents/new" {
		t.Errorf("C led to %s", v.path())
	}
	v.open("/configuration")
	palette()
	v.until(offered("#palette [data-key]") + ` === ''`)
	v.key(kb.Escape)
	v.until(`!document.querySelector('#palette').open`)
	v.key("?")
	v.until(`document.querySelector('#keys').open`)
	v.until(`!/(^| )[IASPERNHX]( |$)/.test(` + offered("#keys tr") + `.replace(/G ./g, '')) && ` + offered("#keys tr") + `.includes('G Q')`)

	i, err := d.Incidents.Claim(d.As("engineer"), list[0].ID, incident.StepInput{Version: list[0].Version})
	if err == nil {
		_, err = d.Incidents.Reply(d.As("staff"), i.ID, incident.ReplyInput{Body: "It sticks again."})
	}
	if err != nil {
		t.Fatal(err)
	}
	d.Drain()
	v.open("/inbox")
	v.run(atOnce("e"))
	v.until(`document.querySelector('[data-row] [data-hotkey=e]') && !document.querySelector('form[data-sent]')`)
	v.key("j")
	v.until(`document.querySelector('[data-row]').matches('.cur')`)
}

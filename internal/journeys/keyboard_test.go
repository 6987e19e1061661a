package journeys_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestEveryKey presses each key of the guide's table where it is promised, and
// looks at what it does; while somebody types it does nothing but type, and
// nothing at all for who switched the keys off.
func TestEveryKey(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	var last incident.Incident
	for range 3 {
		var err error
		if last, err = d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "nyckelharpa", Description: "It is out of tune.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"}); err != nil {
			t.Fatal(err)
		}
	}
	v := at(t, d, "lead", "en", 1440, "")
	again := func() { v = at(t, d, "lead", "en", 1440, "") } // a window lasts three minutes
	const list = "/incidents?view=open&q=nyckelharpa"

	// In the list: each key, and what holds afterwards.
	v.open(list)
	for _, x := range []struct{ key, holds string }{
		{"f", `document.querySelector('summary.fadd').parentElement.open`},
		{"j", `document.querySelectorAll('[data-row]')[1].matches('.cur')`},
		{kb.ArrowDown, `document.querySelectorAll('[data-row]')[2].matches('.cur')`},
		{kb.ArrowUp, `document.querySelectorAll('[data-row]')[1].matches('.cur')`},
		{"k", `document.querySelectorAll('[data-row]')[0].matches('.cur')`},
		{"x", `document.querySelectorAll('[data-row] .cb:checked').length === 1 && document.querySelector('[data-bulk]').matches('.on')`},
		{"J", `document.querySelectorAll('[data-row] .cb:checked').length === 2`},
		{"K", `document.querySelectorAll('[data-row]')[0].matches('.cur')`},
		{kb.Escape, `document.querySelectorAll('[data-row] .cb:checked').length === 0 && !document.querySelector('[data-bulk]').matches('.on')`},
		{"?", `document.querySelector('#keys').open`},
	} {
		if x.key == "j" { // what F opened
			v.open(list)
		}
		v.key(x.key)
		v.until(x.holds)
	}
	v.check("the keys of the list")
	v.open(list)
	v.key("/")
	v.until(`document.activeElement.matches('input[type=search][name=q]')`)
	v.key("gqc?jx") // typed, not obeyed
	v.until(`document.activeElement.value.includes('gqc?jx') && !document.querySelector('#keys').open`)
	v.key(kb.Escape)
	v.until(`!document.activeElement.matches('input')`)

	// Keys that lead to another page, from a page each.
	again()
	ticket := ""
	v.open(list)
	v.goTo(last.Label())
	v.turns(kb.Enter)
	if ticket = v.path(); ticket != "/incidents/"+last.Label() {
		t.Fatalf("Enter led to %s", ticket)
	}
	v.turns(kb.Escape)
	if v.path() != "/incidents" {
		t.Errorf("Esc led to %s", v.path())
	}
	again()
	for keys, want := range map[string]string{
		"c": "/incidents/new", "gq": "/incidents", "gm": "/incidents", "gi": "/inbox", "gr": "/requests", "gc": "/changes", "gs": "/service-levels/breaches", "gt": "/incidents", "gk": "/configuration",
	} {
		v.open(list)
		v.turns(keys)
		if v.path() != want {
			t.Errorf("%s led to %s, not to %s", keys, v.path(), want)
		}
	}
	again()
	for key, want := range map[string]string{"a": "/act/assign", "p": "/act/priority", "m": "/merge", "l": "/act/links"} {
		v.open(ticket)
		v.turns(key)
		if got := v.path(); got != ticket+want {
			t.Errorf("%s led from a ticket to %s, not to %s", key, got, ticket+want)
		}
	}
	for key, holds := range map[string]string{
		"r": `document.activeElement.matches('.composer textarea') && document.querySelector('form.composer').dataset.kind !== 'note'`,
		"n": `document.activeElement.matches('.composer textarea')`,
	} {
		v.open(ticket)
		v.key(key)
		v.until(holds)
	}
	again()
	v.open(ticket)
	v.run(chromedp.Evaluate(`document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', code: 'KeyK', ctrlKey: true, bubbles: true}))`, nil))
	v.until(`document.querySelector('#palette').open && [...document.querySelectorAll('#pal-page .pal-item')].some((x) => x.innerText.includes('Link'))`)
	v.key(kb.Escape)
	v.until(`!document.querySelector('#palette').open`)

	// I takes it, Z takes that back.
	v.turns("i")
	v.until(`document.querySelector('#toasts [data-hotkey=z]')`)
	v.turns("z")
	if i, _, err := d.Incidents.Get(d.As("lead"), last.ID); err != nil || i.AssigneeID != nil {
		t.Errorf("Z did not take it back: %+v %v", i.AssigneeID, err)
	}

	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE people SET shortcuts = false WHERE username = 'lead'`); err != nil {
		t.Fatal(err)
	}
	v.open(list)
	v.key("jx?gi")
	v.until(`document.querySelector('[data-row]').matches('.cur') && !document.querySelector('#keys').open && location.pathname === '/incidents' && !document.querySelector('[data-row] .cb:checked')`)
}

// TestFromTicketToTicket: J and K lead through the list that a ticket was opened
// from, also after an act on it; Esc leads back to its row. Where the list is
// not known they do nothing, and the sheet does not list them.
func TestFromTicketToTicket(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	var list []incident.Incident
	for range 3 {
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "psaltery", Description: "It is out of tune.", Impact: 2, Urgency: 2, Location: "A-3F", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
	}
	page := func(n int) string { return "/incidents/" + list[n].Label() }
	const sheet = `document.querySelector('#keys [data-keys="J K"]').offsetParent`
	v := at(t, d, "lead", "en", 1440, "")
	on := func(n int, keys string) {
		t.Helper()
		if v.path() != page(n) {
			t.Fatalf("on %s, not on %s", v.path(), page(n))
		}
		v.until(`[...document.querySelectorAll('[data-beside] a')].map((x) => x.dataset.hotkey).join('') === '` + keys + `'`)
	}
	v.open("/incidents?view=open&q=psaltery&sort=created")
	v.goTo(list[1].Label())
	v.turns(kb.Enter)
	on(1, "kj")
	v.check("a ticket of a list")
	v.key("?")
	v.until(sheet)
	v.key(kb.Escape)
	v.turns("j")
	on(0, "k")
	v.turns("k")
	v.turns("k")
	on(2, "j")
	v.turns("i") // an act leads back to the ticket, and the list is still known
	on(2, "j")
	v.turns("j")
	on(1, "kj")
	v.turns(kb.Escape)
	v.until(`location.pathname === '/incidents' && location.search.includes('sort=created') && document.querySelector('[data-row].cur').dataset.key === '` + list[1].Label() + `'`)

	// The same ticket come to in another way has no list, nor has one that another
	// window knows.
	v.open(page(0))
	on(0, "")
	v.key("jk?")
	v.until(`document.querySelector('#keys').open && !` + sheet)
	on(0, "")

	v = at(t, d, "lead", "en", 390, "")
	v.open("/incidents?view=open&q=psaltery&sort=created")
	v.then(chromedp.Click(`[data-row][data-key="`+list[1].Label()+`"] .ttl a`, chromedp.ByQuery))
	v.until(`document.querySelectorAll('[data-beside] a').length === 2 && ![...document.querySelectorAll('[data-beside] a')].some((x) => x.offsetParent)`)
	v.check("a ticket of a list on a phone")
}

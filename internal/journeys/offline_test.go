package journeys_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestWithoutNetwork: a bar says that the connection is away; what is written can
// be sent, waits in sight, and goes out once when the connection is back. A
// press that has no text to keep is not sent, and the page stays.
func TestWithoutNetwork(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "serpent", Description: "It leaks.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	v := at(t, d, "engineer", "en", 1440, "")
	v.open("/incidents/" + i.Label())
	v.until(`!document.querySelector('#offline').offsetParent`)

	connection := func(off bool) { v.run(network.EmulateNetworkConditions(off, 0, -1, -1)) }

	// Two requests in a row that find nobody are as good as the browser's word, and
	// the page finds out by itself when somebody is there again.
	v.run(chromedp.Evaluate(`Object.defineProperty(navigator, 'onLine', { get: () => true, configurable: true }); 0`, nil))
	connection(true)
	v.run(chromedp.Evaluate(`fetch('/healthz').catch(() => {}); 0`, nil))
	v.run(chromedp.Evaluate(`fetch('/healthz').catch(() => {}); 0`, nil))
	v.until(`document.querySelector('#offline').offsetParent`)
	connection(false)
	v.within(100, `!document.querySelector('#offline').offsetParent`)
	v.run(chromedp.Evaluate(`delete navigator.onLine; 0`, nil))

	connection(true)
	v.until(`document.querySelector('#offline').offsetParent`)
	const answer = "We order a new mouthpiece."
	v.key("r")
	v.run(chromedp.Evaluate(fmt.Sprintf(`{ const area = document.querySelector('#composer textarea'); area.value = %q; area.dispatchEvent(new Event('input', { bubbles: true })); area.form.requestSubmit(); }`, answer), nil))
	v.sees("Will be sent when the connection is back")
	v.until(fmt.Sprintf(`location.pathname === '/incidents/%s' && document.querySelector('#composer textarea').value === %q`, i.Label(), answer))
	v.run(chromedp.Evaluate(`document.querySelector('form[action$="/watch"]').requestSubmit()`, nil))
	v.sees("nothing was sent")
	connection(false)
	said := fmt.Sprintf(`[...document.querySelectorAll('.msg')].filter((x) => x.innerText.includes(%q)).length === 1`, answer)
	v.within(100, said+` && !document.querySelector('#composer textarea').value && !document.querySelector('#offline').offsetParent`)
	list, err := d.Incidents.Replies(d.As("engineer"), i.ID)
	if err != nil || len(list) != 1 {
		t.Errorf("%d replies, %v", len(list), err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bad = slices.DeleteFunc(v.bad, func(s string) bool { return strings.Contains(s, "net::ERR_") }) // what was meant to fail
}

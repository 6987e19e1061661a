package journeys_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestWhatIsSentAfterTheSessionEnded: an answer that is sent when its writer has
// been signed out stays on the page, word for word; after signing in in another
// window it goes out as it is. Without a network it stays as well.
func TestWhatIsSentAfterTheSessionEnded(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "shawm", Description: "The reed is split.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	v := at(t, d, "engineer", "en", 1440, "")
	v.open("/incidents/" + i.Label())
	if _, err := d.Pool.PGX().Exec(t.Context(), `DELETE FROM sessions`); err != nil {
		t.Fatal(err)
	}
	const answer = "We order a new reed, it comes on Monday."
	v.key("r")
	v.run(chromedp.Evaluate(fmt.Sprintf(`{ const area = document.querySelector('#composer textarea'); area.value = %q; area.dispatchEvent(new Event('input', { bubbles: true })); area.form.requestSubmit(); }`, answer), nil))
	v.until(`document.querySelector('#signin').open`)
	kept := fmt.Sprintf(`location.pathname === '/incidents/%s' && document.querySelector('#composer textarea').value === %q`, i.Label(), answer)
	v.until(kept)

	v.run(chromedp.Evaluate(fmt.Sprintf(`fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ username: 'engineer', password: %q }) }).then(() => { document.querySelector('#signin').close(); window.back = true; }); 0`, apptest.Password), nil))
	v.until(`window.back`)
	v.run(chromedp.Evaluate(`window.real = window.fetch; window.fetch = (u, o) => String(u).startsWith('/drafts/') ? Promise.reject(new TypeError('no network')) : window.real(u, o); document.querySelector('#composer').requestSubmit()`, nil))
	v.sees("Draft not saved, check the network")
	v.until(kept)
	v.run(chromedp.Evaluate(`window.fetch = window.real; 0`, nil))
	v.then(chromedp.Evaluate(`document.querySelector('#composer').requestSubmit()`, nil))
	v.until(fmt.Sprintf(`[...document.querySelectorAll('.msg')].filter((x) => x.innerText.includes(%q)).length === 1 && !document.querySelector('#composer textarea').value`, answer))
}

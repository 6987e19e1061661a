package journeys_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestPaletteRemembers: the palette shows what was opened last in this browser
// by this person, the last first, as far as they may still see it; not the page
// they are on, nothing while they type, and nothing after they signed out.
func TestPaletteRemembers(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	var list []incident.Incident
	for _, title := range []string{"theorbo", "cittern", "rebec"} {
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: title, Description: "It is out of tune.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
	}
	v := at(t, d, "lead", "en", 1440, "")
	for _, i := range list {
		v.open("/incidents/" + i.Label())
	}
	const opened = `[...document.querySelectorAll('#pal-opened .pal-item')].filter((x) => x.offsetParent).map((x) => x.innerText.replace(/^\S+\s/, '')).join(' ')`
	v.openPalette()
	v.until(opened + ` === 'cittern theorbo'`)
	v.check("what was opened last")
	v.run(chromedp.SendKeys("#palette input", "z", chromedp.ByQuery))
	v.until(opened + ` === ''`)
	v.key(kb.Escape)

	if _, err := d.Incidents.Hide(d.As("lead"), list[1].ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Pool.QueryRow(t.Context(), `DELETE FROM record_named WHERE record_id = $1 RETURNING 1`, list[1].ID).Scan(new(int)); err != nil {
		t.Fatal(err)
	}
	v.open("/inbox")
	v.openPalette()
	v.until(opened + ` === 'rebec theorbo'`)
	v.run(chromedp.Evaluate(fmt.Sprintf(`if (Object.values(localStorage).join().match(/theorbo|cittern|rebec/)) throw new Error('titles are kept: ' + %q)`, "localStorage"), nil))
	v.then(chromedp.Click("#pal-opened .pal-item:nth-child(2)", chromedp.ByQuery))
	if v.path() != "/incidents/"+list[0].Label() {
		t.Errorf("what was opened led to %s", v.path())
	}

	v.open("/me")
	v.until(`Object.keys(localStorage).some((x) => x.startsWith('recent:'))`)
	v.press(`form[action="/sign-out"] button`)
	v.until(`!Object.keys(localStorage).some((x) => x.startsWith('recent:'))`)
}

// TestPaletteThatFails: where no answer comes the palette says so, keeps what
// was typed, and asks again when told to.
func TestPaletteThatFails(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	if _, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "crumhorn", Description: "It is out of tune.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"}); err != nil {
		t.Fatal(err)
	}
	v := at(t, d, "lead", "en", 1440, "")
	v.open("/inbox")
	v.run(chromedp.Evaluate(`window.real = window.fetch; window.fetch = (u, o) => String(u).startsWith('/palette') ? (window.status ? Promise.resolve(new Response('no', { status: 503 })) : Promise.reject(new TypeError('no network'))) : window.real(u, o); 0`, nil))
	v.openPalette()
	v.run(chromedp.SendKeys("#palette input", "crumhorn", chromedp.ByQuery))
	const failed = `document.querySelector('#pal-error').offsetParent && document.querySelector('#palette input').value === 'crumhorn'`
	v.until(failed)
	v.check("a palette that failed")
	v.run(chromedp.Evaluate(`window.status = '503'; document.querySelector('#palette input').value += 's'; document.querySelector('#palette input').dispatchEvent(new Event('input', { bubbles: true })); 0`, nil))
	v.until(`!document.querySelector('#pal-error').offsetParent`)
	v.until(`document.querySelector('#pal-error').offsetParent && document.querySelector('#palette input').value === 'crumhorns'`)
	v.run(chromedp.Evaluate(`window.fetch = window.real; document.querySelector('#palette input').value = 'crumhorn'; 0`, nil), chromedp.Click("#pal-error button", chromedp.ByQuery))
	v.until(`[...document.querySelectorAll('#pal-hits .pal-item')].some((x) => x.innerText.includes('crumhorn')) && !document.querySelector('#pal-error').offsetParent && document.activeElement.matches('#palette input')`)
}

// openPalette presses Ctrl K.
func (v *visitor) openPalette() {
	v.t.Helper()
	v.run(chromedp.Evaluate(`document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', code: 'KeyK', ctrlKey: true, bubbles: true}))`, nil))
	v.until(`document.querySelector('#palette').open`)
}

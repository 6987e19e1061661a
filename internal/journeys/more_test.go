package journeys_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestMoreRowsKeepThePlace: an engineer ticks a row, asks for more rows, and
// still has the tick and the place; coming back from a ticket the rows are there;
// beyond what one address holds the list goes on by pages.
func TestMoreRowsKeepThePlace(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for n := range 210 {
		if _, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: fmt.Sprint("shawm ", n), Description: "It is too loud.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range []string{"zh-CN", "en"} {
		v := at(t, d, "lead", lang, map[string]int64{"zh-CN": 390, "en": 1440}[lang], "")
		v.open("/incidents?view=open&q=shawm&sort=created")
		count := func(want int) {
			t.Helper()
			v.until(fmt.Sprintf(`document.querySelectorAll('[data-row]').length === %d`, want))
		}
		count(50)
		v.run(chromedp.Evaluate(`document.querySelectorAll('[data-row] .cb')[2].click(); document.querySelector('[data-more]').scrollIntoView(); window.__at = document.querySelector('.q-scroll').scrollTop`, nil))
		v.run(chromedp.Click(`[data-more]`, chromedp.ByQuery))
		count(100)
		v.check("a hundred rows")
		var kept []bool
		v.run(chromedp.Evaluate(`[document.querySelectorAll('[data-row] .cb')[2].checked, Math.abs(document.querySelector('.q-scroll').scrollTop - window.__at) < 60, document.activeElement === document.querySelectorAll('[data-row] .ttl a')[50], location.search.includes('limit=100')]`, &kept))
		if fmt.Sprint(kept) != "[true true true true]" {
			t.Errorf("%s: ticked, place, first new row, address: %v", lang, kept)
		}
		var number string
		v.run(chromedp.Evaluate(`document.querySelectorAll('[data-row]')[70].dataset.key`, &number))
		v.open("/incidents/" + number)
		v.run(chromedp.NavigateBack())
		count(100)
		// Without script the same link leads to the same rows, at the last one seen.
		v.open("/incidents?view=open&q=shawm&sort=created&limit=200")
		count(200)
		var href string
		v.run(chromedp.Evaluate(`document.querySelector('.q-scroll > p a').getAttribute('href')`, &href))
		if !strings.Contains(href, "cursor=") || strings.Contains(href, "limit=") {
			t.Errorf("after 200 rows: %s", href)
		}
		v.open(href)
		count(10)
	}
}

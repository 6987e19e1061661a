package change_test

import (
	"net/url"
	"strings"
	"testing"

	"opsdesk/internal/change"
)

// TestPalette: a change is found from anywhere by its number and its words, by
// those who may read changes; for others it is not there, also where a browser
// remembers it.
func TestPalette(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := plan(t, d.Desk)
	p.Title = "双簧管网关升级"
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: p}))
	for who, may := range map[string]bool{"staff": false, "manager": false, "engineer": true, "auditor": true} {
		for _, q := range []string{"q=" + c.Label(), "q=" + url.QueryEscape("双簧管 升级"), "recent=" + c.Label()} {
			got := d.Client(who).Get("/palette?"+q, "HX-Request", "true").Text()
			if strings.Contains(got, `data-href="/changes/`+c.Label()+`"`) != may || !may && strings.Contains(got, "双簧管网关") {
				t.Errorf("%s, %s: %s", who, q, got)
			}
		}
	}
}

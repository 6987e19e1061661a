package servicerequest_test

import (
	"regexp"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
)

// TestAnAssetIsNamedInWordsByWhoeverMayNotLookForIt: the search of items is
// offered to those only whom it answers; staff type the number of their device.
func TestAnAssetIsNamedInWordsByWhoeverMayNotLookForIt(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	link := regexp.MustCompile(`href="(/catalogue/[0-9a-f-]{36})"`)
	for who, searches := range map[string]bool{"staff": false, "engineer": true} {
		c := d.Client(who)
		asked := 0
		for _, m := range link.FindAllStringSubmatch(c.Get("/catalogue").Text(), -1) {
			page := c.Get(m[1]).Text()
			if !strings.Contains(page, `name="f_computer"`) {
				continue
			}
			asked++
			if got := strings.Contains(page, "/configuration/pick"); got != searches {
				t.Errorf("%s is offered the search: %t", who, got)
			}
			if a := c.Get("/configuration/pick?q=LT"); (a.Status == 200) != searches {
				t.Errorf("the search answers %s with %d", who, a.Status)
			}
		}
		if asked == 0 {
			t.Errorf("no form asks %s for a computer", who)
		}
	}
}

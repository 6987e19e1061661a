package configuration_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
)

func TestLabels(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := enter(t, d, "server", "lb-<srv>", func(in *configuration.CreateInput) { in.Attributes["asset_tag"] = "LB-7" })
	c := d.Client("engineer")
	a := c.Get("/configuration/labels?item=" + i.Label() + "&item=CI000001&skip=2&layout=2x7")
	text := a.Text()
	for _, want := range []string{i.Label(), "lb-&lt;srv&gt;", "LB-7", d.Server.URL + "/configuration/" + i.Label(), "ci-sheet-2x7", "<path d=\"M4 4h7"} {
		if !strings.Contains(text, want) {
			t.Errorf("%d, no %s", a.Status, want)
		}
	}
	// Every code begins with the finder pattern, and two items have two codes.
	codes := regexp.MustCompile(`<path d="(M4 4h7[^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(codes) != 2 || codes[0][1] == codes[1][1] {
		t.Errorf("%d codes", len(codes))
	}
	if empty := strings.Count(text, `<li aria-hidden="true">`); empty != 2 {
		t.Errorf("%d labels left out", empty)
	}
	if strings.Contains(text, "style=") {
		t.Error("inline styles break the content security policy")
	}
	whole := c.Get("/configuration/labels?q=lb-&lifecycle=living").Text()
	if strings.Contains(whole, "More than") {
		t.Error("a short list says that it is not whole")
	}
	for _, bad := range []string{"item=CI1x", "layout=9x9", "skip=24", "skip=-1", "class=x"} {
		if a := c.Get("/configuration/labels?" + bad); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, a.Status)
		}
	}
	// What a sheet of the other layout has no place for is asked again, with what
	// was chosen.
	if a := c.Get("/configuration/labels?layout=2x7&skip=20&item=" + i.Label()); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "at most 13") ||
		!strings.Contains(a.Text(), `name="item" value="`+i.Label()+`"`) || !strings.Contains(a.Text(), `max="64"`) {
		t.Errorf("more used up than a sheet has: %d", a.Status)
	}
	if a := d.Client("manager").Get("/configuration/labels?item=" + i.Label()); strings.Contains(a.Text(), "LB-7") {
		t.Error("a label tells of an item that its reader may not see")
	}
	// Nothing ticked is nothing, not all.
	if a := c.Get("/configuration/labels?chosen=1"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Nothing is chosen") || strings.Contains(a.Text(), `class="ci-qr"`) {
		t.Errorf("nothing ticked: %d", a.Status)
	}
	if a := c.Get("/configuration/labels?chosen=1&item=" + i.Label()); strings.Count(a.Text(), `class="ci-qr"`) != 1 {
		t.Errorf("one ticked: %d labels", strings.Count(a.Text(), `class="ci-qr"`))
	}
	if a := c.Get("/configuration"); !strings.Contains(a.Text(), `<input type="hidden" name="chosen" value="1">`) {
		t.Error("the list does not say that it asks for what is ticked")
	}
	// Bounded, and says so.
	q := "/configuration/labels?item=CI000001"
	for n := range 500 {
		q += fmt.Sprintf("&item=CI%06d", n+1)
	}
	if a := c.Get(q); a.Status != http.StatusOK || !strings.Contains(a.Text(), "More than 500") {
		t.Errorf("501 labels: %d", a.Status)
	}
}

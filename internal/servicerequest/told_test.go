package servicerequest_test

import (
	"strings"
	"testing"

	"opsdesk/internal/apptest"
)

// TestActsInWords: the timeline names levels by their words, and what was not
// known yet by none.
func TestActsInWords(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", move(t, d))
	page := d.Client("lead").Get("/requests/" + r.Label()).Text()
	from, to := strings.Index(page, `<ol class="tl`), strings.LastIndex(page, "</ol>")
	if from < 0 || to < from {
		t.Fatalf("no timeline:\n%s", page)
	}
	told := page[from:to]
	for _, raw := range []string{"<del>0</del>", "<b>0</b>", "<b>2</b>", "<b>3</b>"} {
		if strings.Contains(told, raw) {
			t.Errorf("%s stands in the timeline:\n%s", raw, told)
		}
	}
	for _, words := range []string{"<b>One person</b>", "<b>Soon</b>", "<b>P4 Low</b>"} {
		if !strings.Contains(told, words) {
			t.Errorf("%s does not stand in the timeline:\n%s", words, told)
		}
	}
}

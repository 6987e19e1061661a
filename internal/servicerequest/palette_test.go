package servicerequest_test

import (
	"net/url"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/form"
	"opsdesk/internal/servicerequest"
)

// palette is what the command palette answers a person to a text.
func palette(d *apptest.Desk, who, text string) string {
	return d.Client(who).Get("/palette?q="+url.QueryEscape(text), "HX-Request", "true", "Accept-Language", "en").Text()
}

// TestPalette: a request is found from anywhere by its number and its words, by
// those who may see it and nobody else.
func TestPalette(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item := newItem(t, d, func(c *servicerequest.Content) { c.NameEn, c.NameZh = "Bassoon licence", "巴松管许可" })
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: item})
	at := `data-href="/requests/` + r.Label() + `"`
	number := strings.TrimLeft(strings.TrimPrefix(r.Label(), "REQ-"), "0")
	for _, who := range []string{"staff", "engineer", "auditor"} {
		for _, text := range []string{r.Label(), "#" + r.Label(), strings.ToLower(r.Label()), number, "巴松管"} {
			if got := palette(d, who, text); !strings.Contains(got, at) || strings.Count(got, at) != 1 {
				t.Errorf("%s looking for %s: %s", who, text, got)
			}
		}
	}
	for _, text := range []string{r.Label(), number, "巴松管"} {
		if got := palette(d, "manager", text); strings.Contains(got, r.Label()) {
			t.Errorf("who may not see it finds it by %s: %s", text, got)
		}
	}
	if got := palette(d, "engineer", "巴松管"); !strings.Contains(got, `data-href="/requests?q=`) {
		t.Errorf("no way to all of them: %s", got)
	}
	if got := palette(d, "staff", "巴松管"); strings.Contains(got, "/requests?") {
		t.Errorf("staff are led to a list that they have not: %s", got)
	}
}

// TestPaletteOfConfidential: what concerns few is not found by others, nor shown
// again to a browser that remembers its number.
func TestPaletteOfConfidential(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	r := order(t, d, "staff", servicerequest.OrderInput{ItemID: secret(t, d), Answers: form.Raw{"what": {"marimba"}}})
	for who, may := range map[string]bool{"staff": true, "engineer": false, "auditor": false, "lead": false} {
		for _, q := range []string{"q=" + r.Label(), "q=" + url.QueryEscape("木琴事项"), "recent=INC-1," + r.Label()} {
			got := d.Client(who).Get("/palette?"+q, "HX-Request", "true").Text()
			if strings.Contains(got, r.Label()) != may {
				t.Errorf("%s, %s: %s", who, q, got)
			}
		}
	}
}

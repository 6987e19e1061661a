package configuration_test

import (
	"net/url"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
)

// TestPalette: an item is found from anywhere by what people have at hand, by
// those who may see it.
func TestPalette(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := enter(t, d, "server", "pal-srv-77", func(in *configuration.CreateInput) {
		in.Attributes = map[string]any{"serial_number": "PALSN77", "ip": "10.77.0.7"}
	})
	look := func(who, text string) string {
		return d.Client(who).Get("/palette?q="+url.QueryEscape(text), "HX-Request", "true").Text()
	}
	for _, text := range []string{i.Label(), "#" + i.Label(), "PAL-SRV", "palsn77", "10.77.0.7"} {
		if got := look("engineer", text); !strings.Contains(got, `data-href="/configuration/`+i.Label()+`"`) {
			t.Errorf("%s finds nothing: %s", text, got)
		}
	}
	for _, who := range []string{"manager", "staff"} {
		if got := look(who, "pal-srv-77"); strings.Contains(got, i.Label()) {
			t.Errorf("%s finds an item that they may not see", who)
		}
	}
}

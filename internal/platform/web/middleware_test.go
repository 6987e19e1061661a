package web

import (
	"strings"
	"testing"
)

// TestSecretsStayOutOfTheLog: an address that is itself a secret is not written
// down.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"/reset/abc", "/setup/abc", "/feeds/changes/abc.ics", "/feeds/abc/else"} {
		if got := shownPath(p); strings.Contains(got, "abc") {
			t.Errorf("%s is logged as %s", p, got)
		}
	}
	if got := shownPath("/changes/CHG-000001"); got != "/changes/CHG-000001" {
		t.Error(got)
	}
}

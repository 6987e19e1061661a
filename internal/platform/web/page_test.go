package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestPageOf: what sends a form or fetches a part belongs to the page that it
// came from, of this desk only.
func TestPageOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ method, path, from, part, want string }{
		{"GET", "/incidents?view=all", "http://desk/inbox", "", "/incidents?view=all"},
		{"POST", "/incidents/INC-1/resolve", "http://desk/incidents/INC-1/act/resolve?return=%2F", "", "/incidents/INC-1/act/resolve?return=%2F"},
		{"POST", "/incidents/INC-1/resolve", "", "", "/"},
		{"POST", "/incidents/INC-1/resolve", "http://elsewhere/incidents", "", "/"},
		{"POST", "/incidents/INC-1/resolve", "http://desk//elsewhere/x", "", "/"},
		{"POST", "/incidents/INC-1/resolve", "http://desk:x y", "", "/"},
		{"GET", "/incidents/INC-1/preview", "http://desk/incidents", "true", "/incidents"},
	} {
		r := httptest.NewRequest(c.method, c.path, http.NoBody)
		r.Host = "desk"
		r.Header.Set("Referer", c.from)
		r.Header.Set("HX-Request", c.part)
		if got := PageOf(r); got != c.want {
			t.Errorf("%s %s from %s is of %s, want %s", c.method, c.path, c.from, got, c.want)
		}
	}
}

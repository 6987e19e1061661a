package app_test

import (
	"net/url"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
)

// TestWhereToGoFromAFault: who looks for what is not there can search where they
// may, and who sends a form after their session ended comes back to its page.
func TestWhereToGoFromAFault(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	for _, c := range []struct{ who, path, list string }{
		{"engineer", "/incidents/INC-999999", "/incidents"},
		{"engineer", "/requests/REQ-999999", "/requests"},
		{"engineer", "/changes/CHG-999999", "/changes"},
		{"engineer", "/configuration/CI-999999", "/configuration"},
		{"auditor", "/nowhere", "/incidents"},
		{"staff", "/requests/REQ-999999", "/my"},
	} {
		a := d.Client(c.who).Get(c.path, "Accept", "text/html")
		if a.Status != 404 || !strings.Contains(a.Text(), `role="search" method="get" action="`+c.list+`"`) {
			t.Errorf("%s at %s: %d, no search in %s: %s", c.who, c.path, a.Status, c.list, a.Text())
		}
		if a := d.Client(c.who).Get(c.list+"?view=all&sort=created&q=printer", "Accept", "text/html"); c.list != "/my" && c.list != "/configuration" && a.Status != 200 {
			t.Errorf("%s may not search %s: %d", c.who, c.list, a.Status)
		}
	}
	if a := d.Client("").Get("/sign-in/nowhere", "Accept", "text/html"); strings.Contains(a.Text(), `role="search"`) {
		t.Error("who is not signed in is offered a search")
	}

	const page = "/incidents/INC-000001/act/resolve?return=%2Fincidents"
	a := d.Client("").Do("POST", "/incidents/INC-000001/resolve", "application/x-www-form-urlencoded", strings.NewReader("cause=x"), "Referer", d.Server.URL+page)
	if a.Status != 401 || !strings.Contains(a.Text(), `href="/sign-in?next=`+url.QueryEscape(page)+`"`) || strings.Contains(a.Text(), "INC-000001/resolve") {
		t.Errorf("%d: %s", a.Status, a.Text())
	}
}

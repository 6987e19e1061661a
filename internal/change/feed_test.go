package change_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"

	"opsdesk/internal/change"
	"opsdesk/internal/platform/db"
)

// TestFeed: a link shows what its person may see without signing in, until it is
// revoked, replaced, or its person is no longer there; staff have none.
func TestFeed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: plan(t, d.Desk)}))
	if a := d.Client("staff").Post("/changes/feed", nil); a.Status != http.StatusForbidden {
		t.Errorf("staff: %d", a.Status)
	}
	link := func(who string) string {
		t.Helper()
		a := d.Client(who).Post("/changes/feed", nil)
		path := regexp.MustCompile(`/feeds/changes/[^< ]+\.ics`).FindString(a.Text())
		if a.Status != http.StatusOK || path == "" {
			t.Fatalf("%d: %s", a.Status, a.Text())
		}
		return path
	}
	read := func(path string) (int, string) {
		t.Helper()
		res, err := http.Get(d.Server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		cal, err := ics.ParseCalendar(res.Body)
		if res.StatusCode != http.StatusOK {
			return res.StatusCode, ""
		}
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, e := range cal.Events() {
			list = append(list, e.GetProperty(ics.ComponentPropertySummary).Value)
		}
		return res.StatusCode, strings.Join(list, "|")
	}
	first := link("lead")
	if code, list := read(first); code != http.StatusOK || !strings.Contains(list, c.Label()) {
		t.Errorf("%d: %s", code, list)
	}
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE records SET confidential = true WHERE id = @id`, db.Args{"id": c.ID})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if code, list := read(first); code != http.StatusOK || strings.Contains(list, c.Label()) {
		t.Errorf("what may not be seen: %d, %s", code, list)
	}
	second := link("lead")
	if code, _ := read(first); code != http.StatusNotFound {
		t.Errorf("the link before still works: %d", code)
	}
	if a := d.Client("lead").Post("/changes/feed/end", nil); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	if code, _ := read(second); code != http.StatusNotFound {
		t.Errorf("a revoked link works: %d", code)
	}
	third := link("implementer")
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE people SET active = false WHERE username = 'implementer'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if code, _ := read(third); code != http.StatusNotFound {
		t.Errorf("the link of somebody who left works: %d", code)
	}
}

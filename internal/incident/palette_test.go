package incident_test

import (
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/record"
)

// TestOpenedLast: of the numbers that a browser remembers, what its reader may
// still see is shown, in their order and no more than ten; the rest is not
// there.
func TestOpenedLast(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	open := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "trombone" })
	hidden := report(t, d, "staff", func(in *incident.CreateInput) { in.Title = "marimba" })
	number, title := "", ""
	if err := d.Pool.QueryRow(t.Context(), `SELECT number, title FROM records WHERE kind = $1 LIMIT 1`, record.Kind("ci")).Scan(&number, &title); err != nil {
		t.Fatal(err)
	}
	ask := func(who, numbers string) string {
		return d.Client(who).Get("/palette?recent="+numbers, "HX-Request", "true").Text()
	}
	order := func(text string, numbers ...string) bool {
		at := -1
		for _, n := range numbers {
			next := strings.Index(text, n)
			if next <= at {
				return false
			}
			at = next
		}
		return true
	}
	all := hidden.Label() + "," + number + "," + open.Label()
	if got := ask("engineer", all); !order(got, hidden.Label(), number, open.Label()) || !strings.Contains(got, "/configuration/"+number) {
		t.Errorf("before: %s", got)
	}
	if _, err := d.Incidents.Hide(d.As("lead"), hidden.ID, incident.StepInput{}); err != nil {
		t.Fatal(err)
	}
	if got := ask("engineer", all); strings.Contains(got, "marimba") || strings.Contains(got, hidden.Label()) || !order(got, number, open.Label()) {
		t.Errorf("what became confidential is shown: %s", got)
	}
	if got := ask("manager", all); strings.Contains(got, "pal-item") {
		t.Errorf("who may see none of it: %s", got)
	}
	if got := ask("engineer", strings.Repeat("INC-0,", 10)+open.Label()); strings.Contains(got, open.Label()) {
		t.Errorf("an eleventh is asked for: %s", got)
	}
	if got := ask("engineer", "%00,%FF,,INC-%27"); strings.Contains(got, "pal-item") {
		t.Errorf("what is no number: %s", got)
	}
}

// TestPaletteLeadsToWhatItDoesNotShow: a word that thousands say, but none of the
// newest, is found by the row that leads to all of the list.
func TestPaletteLeadsToWhatItDoesNotShow(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	if _, err := d.Pool.PGX().Exec(t.Context(), `
		WITH made AS (INSERT INTO records (id, kind, number, title, state, category, priority, requester_id, created_by, created_at, updated_at)
			SELECT gen_random_uuid(), 'incident', 'INC-8' || lpad(n::text, 5, '0'), 't', 'closed', 'closed', 3, p.id, p.id, now() - n * interval '1 minute', now() - n * interval '1 minute'
			FROM generate_series(1, 6000) n, people p WHERE p.username = 'staff' RETURNING id, number)
		INSERT INTO search_docs (record_id, hash, terms, talk, notes, open)
			SELECT id, 1, (CASE WHEN number > 'INC-802500' THEN '''lamp'':1' ELSE '''desk'':1' END)::tsvector, '', '', false FROM made;
		ANALYZE records; ANALYZE search_docs`); err != nil {
		t.Fatal(err)
	}
	ask := func(who, text string) string {
		return d.Client(who).Get("/palette?q="+text, "HX-Request", "true", "Accept-Language", "en").Text()
	}
	if got := ask("lead", "lamp"); strings.Contains(got, "pal-hit") || !strings.Contains(got, "/incidents?q=lamp") {
		t.Errorf("no way to what none of the newest say: %s", got)
	}
	if got := ask("lead", "nobodysaysthis"); strings.Contains(got, "?q=") {
		t.Errorf("led to a list that has nothing: %s", got)
	}
	if got := ask("staff", "lamp"); strings.Contains(got, "/incidents?") {
		t.Errorf("staff are led to a list that they have not: %s", got)
	}
}

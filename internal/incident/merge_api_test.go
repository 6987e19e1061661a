package incident_test

import (
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestMergePreviewInTheAPI: the preview tells what would go and why not, changes
// nothing, and is there for those who may merge and see both.
func TestMergePreviewInTheAPI(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	from, into := report(t, d, "manager", func(in *incident.CreateInput) { in.Title = "theremin broken" }), report(t, d, "staff")
	if _, err := d.Incidents.Note(d.As("lead"), from.ID, incident.ReplyInput{Body: "seen"}); err != nil {
		t.Fatal(err)
	}
	before := belongings(t, d, from.ID, into.ID)
	at := "/api/v1/incidents/" + from.Label() + "/merge"
	var out struct {
		From, Into struct{ Number string }
		Notes      int
		Followers  []string
		Differ     []string
		Refusal    *struct{ Code, Message string }
	}
	lead := d.API("lead")
	if a := lead.JSON("GET", at+"?number="+into.Label(), nil, &out); a.Status != 200 || out.From.Number != from.Label() || out.Into.Number != into.Label() ||
		out.Notes != 1 || len(out.Followers) == 0 || len(out.Differ) == 0 || out.Refusal != nil {
		t.Errorf("preview: %d %+v", a.Status, out)
	}
	if a := lead.JSON("GET", at+"?number="+from.Label(), nil, &out); a.Status != 200 || out.Refusal == nil || out.Refusal.Code == "error.invalid" || out.Refusal.Message == out.Refusal.Code {
		t.Errorf("into itself: %d %+v", a.Status, out.Refusal)
	}
	for _, query := range []string{"", "?number=INC999999"} {
		if a := lead.Get(at + query); a.Status != 422 {
			t.Errorf("%q: %d", query, a.Status)
		}
	}
	for who, status := range map[string]int{"manager": 403, "staff": 404} {
		if a := d.API(who).Get(at + "?number=" + into.Label()); a.Status != status {
			t.Errorf("%s: %d, want %d", who, a.Status, status)
		}
	}
	if after := belongings(t, d, from.ID, into.ID); after != before {
		t.Errorf("the preview changed something:\n%s\n%s", before, after)
	}
}

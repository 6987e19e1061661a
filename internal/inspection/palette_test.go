package inspection_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestPalette: an inspection is found from anywhere by its number and its words,
// by those who may read inspections; for others it is not there.
func TestPalette(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := d.room()
	in.NameZh, in.NameEn = "竖琴机房巡检", "Harp room"
	p := d.plan(in)
	d.tick()
	var number string
	if err := d.Pool.QueryRow(t.Context(), `SELECT r.number FROM records r JOIN inspections x ON x.id = r.id WHERE x.plan_id = $1 ORDER BY x.scheduled_at LIMIT 1`, p.ID).Scan(&number); err != nil {
		t.Fatal(err)
	}
	for who, may := range map[string]bool{"staff": false, "engineer": true, "auditor": true} {
		for _, q := range []string{"q=" + number, "q=" + url.QueryEscape("竖琴"), "recent=" + number} {
			got := d.Client(who).Get("/palette?"+q, "HX-Request", "true").Text()
			if strings.Contains(got, `data-href="/inspections/`+number+`"`) != may || !may && strings.Contains(got, number) && !strings.Contains(q, number) {
				t.Errorf("%s, %s: %s", who, q, got)
			}
		}
	}
}

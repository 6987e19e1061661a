package journeys_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
)

// TestAChangeOfFiveHundred: chosen by a filter, previewed, started, followed to
// its end with what was refused, and taken back.
func TestAChangeOfFiveHundred(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Title: "theremin", Description: "It hums.", Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	// 498 copies, and one of the demo company. Every tenth has been cancelled, so its priority may not change.
	_, err = d.Pool.PGX().Exec(t.Context(), `WITH copies AS (SELECT gen_random_uuid() AS id, 5000000 + n AS number, CASE WHEN n % 10 = 0 THEN 'cancelled' ELSE 'new' END AS state FROM generate_series(1, 498) n),
		one AS (INSERT INTO incidents SELECT x.* FROM incidents i, copies c, jsonb_populate_record(i, jsonb_build_object('id', c.id, 'number', c.number, 'state', c.state,
			'cancel_reason', CASE c.state WHEN 'new' THEN '' ELSE 'withdrawn' END)) x WHERE i.id = $1 RETURNING id)
		INSERT INTO records SELECT x.* FROM records r, copies c, jsonb_populate_record(r, jsonb_build_object('id', c.id, 'number', 'INC-' || c.number, 'state', c.state,
			'category', c.state)) x WHERE r.id = $1`, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	v := visit(t, d, "en", 1440)
	v.signIn("lead")
	v.open("/incidents?view=all&f=channel.is.portal&f=created.within.1h&sort=created")
	v.key("x")
	v.run(chromedp.Click(`[data-all]`, chromedp.ByQuery))
	v.sees("500 selected")
	v.check("the selection bar")
	v.turns("p")
	v.key("P2")
	v.key(kb.Tab)
	v.key("The concert is tonight.")
	v.key(kb.Tab)
	v.turns(kb.Enter)
	v.sees("451 would be changed, 49 would be refused")
	v.press(`form[action$="/start"] button`)
	d.Drain()
	v.sees("451 done, 49 refused")
	v.check("the result")
	v.press(`nav.switch a[href*="problems"]`)
	v.sees("Refused")
	v.as("zh-CN", 390)
	v.open(v.path())
	v.sees("49")
	v.press(`form[action$="/undo"] button`)
	d.Drain()
	v.sees("451")
	now, _, err := d.Incidents.Get(d.As("lead"), i.ID)
	if err != nil || now.Priority == 2 || now.PriorityReason != "" {
		t.Errorf("not taken back: P%d %q %v", now.Priority, now.PriorityReason, err)
	}
}

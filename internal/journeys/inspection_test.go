package journeys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/inspection"
)

// TestInspectionWithAFinding: a configuration manager plans a daily round, an
// engineer does it on a phone, finds a switch too warm, makes an incident of it
// and finishes; the page of the item shows the reading.
func TestInspectionWithAFinding(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 12, 7, 0, 0, 0, 0, time.UTC)) // eight in Shanghai
	var item, team string
	if err := d.Pool.QueryRow(t.Context(), `SELECT r.number, (SELECT id::text FROM teams WHERE name_en = 'Network') FROM ci_items i JOIN records r ON r.id = i.id WHERE i.name = 'SW-CORE-A1'`).Scan(&item, &team); err != nil {
		t.Fatal(err)
	}
	keeper := visit(t, d, "zh-CN", 1440)
	keeper.signIn("configmanager")
	keeper.open("/inspections/plans/new")
	keeper.types(map[string]string{
		"name_zh": "机房巡检", "name_en": "Round", "item": item, "every": "1", "unit": "day", "at": "08:30", "from": "2026-12-07", "allow_hours": "4", "team_id": team,
		"points.1.zh": "指示灯", "points.2.zh": "进风温度", "points.2.kind": "number", "points.2.unit": "°C", "points.2.lower": "18", "points.2.upper": "27",
	})
	keeper.press(`[name=_preview]`)
	keeper.sees("2026-12-08 周二 08:30")              // and nothing typed is lost
	for _, first := range []string{"进风温度", "指示灯"} { // a row up, and the other one again
		keeper.then(chromedp.Evaluate(`document.querySelector('[name=_up][value="2"]').click()`, nil))
		keeper.until(`document.getElementsByName('points.1.zh')[0].value === '` + first + `'`)
	}
	keeper.press(`form[data-draft] .btn.primary.lg`)
	keeper.sees("执行中")
	keeper.check("the plan")
	if err := d.Jobs.Tick(t.Context(), inspection.JobMake); err != nil {
		t.Fatal(err)
	}
	d.Drain()

	hands := visit(t, d, "en", 390)
	hands.signIn("engineer2")
	hands.open("/inspections?view=team")
	hands.sees("INS-000001")
	hands.check("the list on a phone")
	hands.open("/inspections/INS-000001")
	hands.then(chromedp.Evaluate(`document.querySelector('a[href*="/items/"]').click()`, nil))
	page := hands.path()
	hands.run(chromedp.Evaluate(`document.querySelector('.insp-pt input[value=ok]').click(); document.querySelector('.insp-pt input[type=number]').value = '31'; 0`, nil))
	hands.check("an item on a phone")
	hands.then(chromedp.Evaluate(`document.querySelector('.insp-foot .btn.primary').click()`, nil))
	hands.sees("Write a note or make an incident")
	if hands.path() != page {
		t.Errorf("with a finding that says nothing it went on to %s", hands.path())
	}
	hands.then(chromedp.Evaluate(`document.querySelector('form[action$="/raise"] button').click()`, nil))
	hands.sees("INC-")
	hands.open("/inspections/INS-000001")
	hands.then(chromedp.Evaluate(`document.querySelector('form[action$="/finish"] button').click()`, nil))
	hands.sees("Finished")

	keeper = visit(t, d, "zh-CN", 1440)
	keeper.signIn("configmanager")
	keeper.open("/configuration/" + item)
	keeper.sees("INS-000001")
	keeper.sees("31")
	keeper.sees("巡检发现")
	keeper.check("the item")
	if !strings.HasPrefix(page, "/inspections/") {
		t.Error(page)
	}
}

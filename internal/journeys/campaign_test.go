package journeys_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
)

// TestVerificationCampaign: a configuration manager asks about a laptop and a
// firewall, who has the laptop says on a phone that it is otherwise, who has the
// firewall that it is as recorded; the manager verifies what can be and closes it.
func TestVerificationCampaign(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Date(2026, 12, 7, 1, 0, 0, 0, time.UTC))
	number := map[string]string{}
	for _, name := range []string{"LW-NB-112", "FW-A"} {
		var n string
		if err := d.Pool.QueryRow(t.Context(), `SELECT r.number FROM ci_items i JOIN records r ON r.id = i.id WHERE i.name = $1 ORDER BY i.number LIMIT 1`, name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		number[name] = n
	}
	old, _, _, err := d.Configuration.Campaigns(d.As("configmanager"), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range old {
		if c.State == configuration.CampaignOpen {
			if _, err := d.Configuration.CancelCampaign(d.As("configmanager"), c.ID, configuration.EndInput{Remark: "演示"}); err != nil {
				t.Fatal(err)
			}
		}
	}

	keeper := visit(t, d, "zh-CN", 1440)
	keeper.signIn("configmanager")
	keeper.open("/configuration/campaigns/new")
	keeper.types(map[string]string{"name_zh": "移动设备核查", "ask": "序列号是否相符？", "due_at": "2026-12-20T18:00", "items": number["LW-NB-112"] + " " + number["FW-A"]})
	keeper.run(chromedp.Evaluate(`document.querySelector('[name=by][value=items]').click(); 0`, nil))
	keeper.press(`[name=_preview]`)
	keeper.sees("将就 2 个配置项询问 2 人")
	keeper.check("the form of a campaign")
	keeper.press(`form[action="/configuration/campaigns"] .btn.primary`)
	keeper.sees("移动设备核查")
	campaign := keeper.path()
	d.Drain()

	hands := visit(t, d, "en", 390)
	hands.signIn("staff")
	hands.open("/")
	hands.then(chromedp.Evaluate(`document.querySelector('a[href="/configuration/campaigns/mine"]').click()`, nil))
	hands.sees("LW-NB-112")
	hands.run(chromedp.Evaluate(`document.querySelector('input[name=answer][value=differs]').click(); 0`, nil))
	hands.press(`form[action^="/configuration/campaigns/mine/"] .btn.primary`)
	hands.sees("Say what is different")
	hands.check("an answer that is refused")
	hands.types(map[string]string{"note": "another serial number"})
	hands.press(`form[action^="/configuration/campaigns/mine/"] .btn.primary`)
	hands.sees("Different")
	hands.check("what is asked of me")

	other := visit(t, d, "zh-CN", 390)
	other.signIn("engineer2")
	other.open("/configuration/campaigns/mine")
	other.run(chromedp.Evaluate(`document.querySelector('input[name=answer][value=same]').click(); 0`, nil))
	other.press(`form[action^="/configuration/campaigns/mine/"] .btn.primary`)
	other.sees("一致")

	keeper.open(campaign)
	keeper.sees("another serial number")
	keeper.check("the campaign")
	keeper.press(`form[action="` + campaign + `/verify"] button`)
	d.Drain()
	keeper.open(campaign + "?state=verified")
	keeper.sees("FW-A")
	keeper.run(chromedp.Evaluate(`document.querySelector('form[action$="/close"]').closest('details').open = true; document.querySelector('#remark-close').value = '一台待更新'; 0`, nil))
	keeper.press(`form[action="` + campaign + `/close"] button`)
	keeper.sees("已结束")
	keeper.check("a campaign that is over")
}

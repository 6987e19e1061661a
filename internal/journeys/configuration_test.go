package journeys_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
)

// TestImpactFromAnIncident: the lead names the broken switch on an incident,
// sees what hangs on it, and looks at it as a list and as a map.
func TestImpactFromAnIncident(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang, reaches string
		width         int64
	}{{"en", "Items that a fault reaches", 1440}, {"zh-CN", "受影响的配置项", 390}} {
		t.Run(c.lang, func(t *testing.T) {
			t.Parallel()
			d := apptest.New(t, apptest.Options{})
			v := visit(t, d, c.lang, c.width)
			v.signIn("lead")
			v.open("/incidents/INC-000041/act/items")
			v.fill("#item-q", "SW-CORE-A1")
			v.until(`document.querySelectorAll('#item-list [role=option]').length === 1`) // the answer to the whole text
			v.run(chromedp.Click(`#item-list [role=option]`, chromedp.ByQuery))           // the driver's Enter sends the form whatever the page says
			v.until(`document.querySelector('input[name=item]').value.length === 36`)
			v.press(`form.act button.primary`)
			v.sees("SW-CORE-A1")
			v.then(chromedp.Evaluate(`document.querySelector('a[href^="/configuration/impact"]').click()`, nil))
			v.sees(c.reaches)
			v.sees("SW-ACC-3F")
			v.check("impact of an incident")
			v.open("/configuration/CI000003/impact?view=map&depth=5")
			v.until(`document.querySelectorAll('#cy canvas').length > 0`)
			v.run(chromedp.Click(`[data-zoom=out]`, chromedp.ByQuery))
			v.open("/configuration/CI000003")
			v.sees("INC-000041")
		})
	}
}

// TestImportOfAList: the configuration manager brings a list in, sees what
// would happen, mends nothing, starts it and finds the new item.
func TestImportOfAList(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	v := visit(t, d, "zh-CN", 1440)
	v.signIn("configmanager")
	v.open("/configuration/imports")
	file := filepath.Join(t.TempDir(), "assets.csv")
	if err := os.WriteFile(file, []byte("主机名,SN,IP,状态\nnew-server-1,J-1,10.8.0.1,在用\nbad-server,J-2,10.8.0.x,\nSW-CORE-A1,,10.20.0.99,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v.run(chromedp.SetUploadFiles("#file", []string{file}, chromedp.ByQuery))
	v.choose("#class_id", "服务器")
	v.press(`form[action="/configuration/imports"] button.primary`)
	v.sees("new-server-1")
	v.press(`form[action$="/mapping"] button.primary`)
	v.sees("新增")
	v.sees("请填写 IP 地址")
	v.press(`form[action$="/start"] button.primary`)
	d.Drain()
	v.open("/configuration?q=J-1")
	v.sees("new-server-1")
}

package journeys_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"opsdesk/internal/approval"
	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
)

// shot keeps a picture of the page where OPSDESK_PICTURES says, for looking.
func (v *visitor) shot(name string) {
	v.t.Helper()
	dir := os.Getenv("OPSDESK_PICTURES")
	if dir == "" {
		return
	}
	var png []byte
	v.run(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// TestTwoApproversAndADeputy: two people must approve; one is away and has a
// deputy, who decides on a phone; the content is edited in between, which voids
// and asks again.
func TestTwoApproversAndADeputy(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	papers := d.NewPapers()
	ctx := d.As("staff")

	lead := visit(t, d, "en", 1440)
	lead.signIn("lead")
	lead.open("/approvals/deputies")
	lead.run(chromedp.SendKeys(`#deputy_id-q`, "chen", chromedp.ByQuery), chromedp.WaitVisible(`#deputy_id-list [role=option]`, chromedp.ByQuery), chromedp.SendKeys(`#deputy_id-q`, kb.ArrowDown+kb.Enter, chromedp.ByQuery))
	today := time.Now().In(time.FixedZone("CST", 8*3600))
	set := func(id string, at time.Time) chromedp.Action {
		return chromedp.SetValue(id, at.Format(time.DateOnly), chromedp.ByQuery)
	}
	lead.run(set(`#from`, today), set(`#until`, today.AddDate(0, 0, 5)))
	lead.press(`form.act .btn.primary`)
	lead.sees("Chen Siyuan")
	lead.shot("deputies")

	step := approval.Step{NameZh: "主管与安全", NameEn: "Lead and security", Row: "request.approve", Mode: approval.All, Who: []approval.Source{
		{Kind: approval.FromRole, Role: identity.Lead}, {Kind: approval.FromRole, Role: identity.SecurityAdmin},
	}}
	p, err := papers.Create(ctx, apptest.Paper{Title: "更换机房 A 的防火墙", Plan: "周日 22:00 断网 30 分钟，旧设备保留一周以便回退。"}, approval.Spec{Steps: []approval.Step{step}})
	if err != nil {
		t.Fatal(err)
	}
	d.Drain()

	deputy := visit(t, d, "zh-CN", 390)
	deputy.signIn("engineer2")
	deputy.open("/inbox")
	deputy.shot("inbox-phone")
	deputy.press(`.inbox li.waits a.t`)
	deputy.sees("赵敏 的审批由你代理")
	deputy.shot("decision-phone")
	first := deputy.path()
	deputy.press(`.decision-yes .btn.approve`)
	deputy.sees("你已批准")
	deputy.sees("陈思远 代 赵敏 表态")

	if err := papers.Edit(ctx, p.ID, "周一 12:00 断网 2 小时。", true); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	security := visit(t, d, "en", 1440)
	security.signIn("security")
	security.open(first)
	security.sees("void")
	security.press(`a[href^="/approvals/"].link`)
	security.sees("What changed since it was asked before")
	security.shot("decision-desk")
	security.press(`.decision-yes .btn.approve`)
	security.sees("You approved this")

	deputy.open("/approvals")
	deputy.press(`.inbox a.t`)
	deputy.press(`.decision-yes .btn.approve`)
	deputy.sees("已批准")
	deputy.shot("decided-phone")
	got, err := papers.Get(t.Context(), p.ID)
	if err != nil || got.State != "approved" {
		t.Errorf("%v: %s", err, got.State)
	}

	// The inbox by keys: down, done, and the next line is current.
	deputy.as("zh-CN", 1440)
	deputy.open("/inbox?part=unread")
	deputy.run(chromedp.KeyEvent("j"))
	deputy.until(`document.querySelector('.inbox li.cur')`)
	var key string
	deputy.run(chromedp.Evaluate(`document.querySelector('.inbox li.cur').dataset.key`, &key))
	deputy.then(chromedp.KeyEvent("e"))
	deputy.until(`!document.querySelector('[data-key="` + key + `"]')`)
	deputy.until(`document.querySelector('.inbox li.cur')`)
	deputy.run(chromedp.KeyEvent("h"))
	deputy.until(`document.querySelector('.inbox li.cur details[open]')`)
	deputy.shot("inbox-desk")
}

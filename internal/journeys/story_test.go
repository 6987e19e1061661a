package journeys_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
	"opsdesk/internal/trail"
)

// words are what people read on the way, by language.
var words = map[string]map[string]string{
	"zh-CN": {
		"received": "已收到", "category": "网络 / 无线", "fixed": "已修复", "resolved": "已解决，请确认", "closed": "已完成", "replied": "回复了您",
		"internal": "内部", "good": "与封存时一致", "working": "工程师处理中",
	},
	"en": {
		"received": "Received", "category": "Network / Wireless", "fixed": "Fixed", "resolved": "Resolved, please confirm", "closed": "Done", "replied": "replied to you",
		"internal": "Internal", "good": "are as they were sealed", "working": "Being worked on",
	},
}

// The story of issue 2: a fault reported on a phone, taken from the queue at a
// desk, talked about, resolved with cause and process, confirmed, audited.
func TestReportCarriedToItsClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		staff, desk string
		staffWidth  int64
		deskWidth   int64
		text, reply string
	}{
		{"phone in Chinese, desk in English", "zh-CN", "en", 390, 1440, "三楼会议室投影仪没有信号，十点有客户会议。", "On my way with a spare cable."},
		{"desk in English, phone in Chinese", "en", "zh-CN", 1440, 390, "The scanner in the mail room prints blank pages.", "已收到，十分钟后到。"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := apptest.New(t, apptest.Options{})
			sw, ew := words[c.staff], words[c.desk]

			staff := visit(t, d, c.staff, c.staffWidth)
			staff.signIn("staff")
			staff.open("/incidents/new")
			staff.fill("#description", c.text)
			staff.run(chromedp.Click(`input[name=impact][value="2"]`, chromedp.ByQuery), chromedp.Click(`input[name=urgency][value="1"]`, chromedp.ByQuery))
			staff.fill("#location", "")
			staff.press(`.rf-foot button.primary`) // without a place: the form comes back with what was typed
			var kept string
			staff.run(chromedp.Value("#description", &kept, chromedp.ByQuery))
			if kept != c.text {
				t.Errorf("the form lost what was typed: %q", kept)
			}
			staff.fill("#location", "A-3F-08")
			picture := filepath.Join(t.TempDir(), "photo.png")
			if err := os.WriteFile(picture, png(), 0o600); err != nil {
				t.Fatal(err)
			}
			staff.run(chromedp.SetUploadFiles("#files", []string{picture}, chromedp.ByQuery), chromedp.WaitReady(`input[name=attachment_ids]`, chromedp.ByQuery))
			staff.press(`.rf-foot button.primary`)
			number := strings.TrimPrefix(staff.path(), "/incidents/")
			if !strings.HasPrefix(number, "INC-") {
				t.Fatalf("after reporting: %s", staff.path())
			}
			staff.sees(sw["received"])
			staff.run(chromedp.WaitVisible(`.pics img`, chromedp.ByQuery))

			eng := visit(t, d, c.desk, c.deskWidth)
			eng.signIn("engineer")
			eng.open("/incidents?view=unassigned&sort=created")
			eng.sees(number)
			eng.open("/incidents/" + number + "/act/accept")
			eng.choose("#category_id", ew["category"])
			eng.press(`form.act button.primary`)
			eng.press(`.topbar form[action$="/start"] button`)
			eng.fill("#body", c.reply)
			eng.press(`form.composer button.primary`)
			eng.sees(c.reply)
			eng.run(chromedp.Click(`#body`, chromedp.ByQuery), chromedp.WaitVisible(`[data-compose=note]`, chromedp.ByQuery), chromedp.Click(`[data-compose=note]`, chromedp.ByQuery))
			eng.fill("#body", "cable type unknown")
			eng.press(`form.composer button.primary`)
			eng.sees(ew["internal"])

			d.Drain()
			staff.open("/inbox")
			staff.sees(sw["replied"])
			staff.open("/incidents/" + number)
			staff.sees(sw["working"])
			var page string
			staff.run(chromedp.Evaluate(`document.documentElement.outerHTML`, &page))
			if strings.Contains(page, "cable type unknown") {
				t.Error("the requester's page holds an internal note")
			}

			eng.open("/incidents/" + number + "/act/resolve")
			eng.press(`form.act button.primary[class]`) // the browser or the desk refuses what is missing
			eng.choose("#resolution_code", ew["fixed"])
			eng.fill("#cause", "The cable was broken.")
			eng.fill("#process", "Replaced the cable, showed a test picture.")
			eng.press(`form.act button.primary`)
			eng.sees("The cable was broken.")

			d.Drain()
			staff.open("/incidents/" + number)
			staff.sees(sw["resolved"])
			staff.press(`form[action$="/confirm"] button`)
			staff.sees(sw["closed"])

			aud := visit(t, d, c.desk, c.deskWidth)
			aud.signIn("auditor")
			aud.open("/trail?number=" + number)
			aud.sees("incident.resolve")
			d.Seal()
			aud.press(`tbody tr:first-child a`)
			proofOf(t, d, aud.path())
			aud.open("/trail/log")
			aud.press(`form[action="/trail/verify"] button`)
			d.Drain()
			aud.open("/trail/log")
			aud.sees(ew["good"])
		})
	}
}

// proofOf downloads the proof of an entry and checks it without the desk.
func proofOf(t *testing.T, d *apptest.Desk, path string) {
	t.Helper()
	a := d.Client("auditor").Get(path + "/proof")
	var p trail.Proof
	if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	key, err := os.ReadFile(filepath.Join(d.Config.TrailDir, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Check(strings.TrimSpace(string(key))); err != nil {
		t.Error(err)
	}
}

// Every main page, for who uses it, in both languages and widths.
func TestPages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	pages := map[string][]string{
		"":         {"/sign-in", "/forgot"},
		"staff":    {"/", "/my", "/incidents/INC-000049", "/incidents/INC-000049/act/reject", "/inbox", "/me"},
		"engineer": {"/incidents", "/incidents?view=mine&sort=updated", "/incidents/INC-000041", "/incidents/INC-000041/act/edit", "/incidents/INC-000041/act/transfer", "/incidents/INC-000041/act/pend", "/incidents/INC-000041/act/tasks", "/more"},
		"lead":     {"/settings/incidents", "/admin/outbox", "/admin/roles", "/incidents/INC-000041/act/priority"},
		"admin":    {"/admin/people", "/admin/people/new", "/admin/teams", "/admin/teams/new", "/admin/departments", "/admin/departments/new", "/dev/components"},
		"auditor":  {"/trail", "/trail/log"},
	}
	for who, list := range pages {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			v := visit(t, d, "zh-CN", 1440)
			if who != "" {
				v.signIn(who)
			}
			for _, lang := range []string{"zh-CN", "en"} {
				for _, width := range []int64{1440, 390} {
					v.as(lang, width)
					for _, p := range list {
						v.open(p)
					}
				}
			}
		})
	}
}

// The guide's keys: move, take, go.
func TestKeys(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	v := visit(t, d, "en", 1440)
	v.signIn("engineer")
	v.open("/incidents?view=unassigned")
	var first, second string
	v.run(chromedp.Evaluate(`document.querySelector('.qrow.cur').dataset.key`, &first), chromedp.KeyEvent("j"))
	v.until(`document.querySelector('#preview b').innerText !== ` + quote(first))
	v.run(chromedp.Evaluate(`document.querySelector('.qrow.cur').dataset.key`, &second))
	if first == second {
		t.Error("J did not move")
	}
	v.run(chromedp.KeyEvent("?"), chromedp.WaitVisible("#keys", chromedp.ByQuery), chromedp.KeyEvent("\u001b"))
	v.run(chromedp.Evaluate(`document.querySelector('#keys').close()`, nil))
	v.then(chromedp.Tasks{chromedp.KeyEvent("g"), chromedp.KeyEvent("i")})
	if v.path() != "/inbox" {
		t.Errorf("G I led to %s", v.path())
	}
	v.run(chromedp.Evaluate(`document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', code: 'KeyK', ctrlKey: true, bubbles: true}))`, nil), chromedp.WaitVisible("#palette", chromedp.ByQuery),
		chromedp.SendKeys("#palette input", "wi-fi", chromedp.ByQuery), chromedp.WaitVisible("#pal-hits .pal-item", chromedp.ByQuery))
	v.then(chromedp.SendKeys("#palette input", "\r", chromedp.ByQuery))
	if v.path() != "/incidents/INC-000041" {
		t.Errorf("the palette led to %s", v.path())
	}
}

func quote(s string) string { b, _ := json.Marshal(s); return string(b) }

// png is the smallest picture: one red point.
func png() []byte {
	return []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82")
}

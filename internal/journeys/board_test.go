package journeys_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
)

// ready takes a normal change as far as its review: applied for, assessed,
// tested with what evidence says, and handed to its reviewers.
func ready(t *testing.T, d *apptest.Desk) string {
	t.Helper()
	engineer := at(t, d, "engineer2", "zh-CN", 1440, "")
	number := engineer.proposes("normal")
	lead := at(t, d, "lead", "en", 1440, number)
	lead.takes("assess", assessed)
	lead.takes("test", tested)
	engineer = at(t, d, "engineer2", "zh-CN", 1440, number) // a window lasts three minutes
	engineer.presses("ask")
	engineer.sees("评审中")
	return number
}

// TestMaintenanceWindow: the change manager sets a binding window for a device,
// an approved change outside of it is not scheduled, and the page says why; the
// change manager makes an exception for a reason, by name, and it is.
func TestMaintenanceWindow(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	item, _ := itemToChange(t, d)
	manager := at(t, d, "changemanager", "zh-CN", 390, "")
	manager.open("/changes/maintenance/new")
	begins := d.Desk.Now().Add(13 * time.Hour).In(time.FixedZone("CST", 8*3600)) // half a day from where the change is going to be
	manager.types(map[string]string{
		"name_zh": "核心网夜间窗口", "name_en": "Core network at night", "starts": begins.Format("15:04"), "ends": begins.Add(time.Hour).Format("15:04"),
		"zone": "Asia/Shanghai", "valid_from": begins.AddDate(0, 0, -2).Format(time.DateOnly), "item": item,
	})
	manager.run(chromedp.Evaluate(`document.querySelectorAll('[name=weekdays]').forEach((x) => { x.checked = true; }); const b = document.querySelector('[name=binding][type=checkbox]'); b.checked = true; 0`, nil))
	manager.check("a new maintenance window")
	manager.then(chromedp.Evaluate(`document.querySelector('form .btn.primary.lg').click()`, nil))
	manager.sees("核心网夜间窗口")

	number := ready(t, d)
	at(t, d, "changemanager", "zh-CN", 390, number).approves()
	at(t, d, "reviewer", "en", 1440, number).approves()
	engineer := at(t, d, "engineer2", "zh-CN", 1440, number)
	engineer.sees("核心网夜间窗口")
	engineer.presses("schedule")
	engineer.sees("核心网夜间窗口")
	engineer.check("a change outside of its maintenance window")
	engineer.open("/changes/" + number)
	engineer.sees("已批准") // and no further

	manager = at(t, d, "changemanager", "en", 1440, number)
	manager.sees("Core network at night")
	manager.takes("except", `document.querySelector('[name=reason]').value = 'The vendor is here today only'`)
	manager.sees("The vendor is here today only")
	engineer = at(t, d, "engineer2", "zh-CN", 390, number)
	engineer.presses("schedule")
	engineer.sees("已排期")
}

// TestBoardMeets: the change manager calls the board together, the agenda is
// what waits for it, a member votes before and the chair in the meeting, the
// minutes say who was there and are closed, and the paper has places to sign.
func TestBoardMeets(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	number := ready(t, d)
	at(t, d, "changemanager", "en", 390, number).approves() // then it is the board's turn

	chair := at(t, d, "changemanager", "zh-CN", 1440, "")
	chair.open("/changes/meetings")
	begins := d.Desk.Now().Add(10 * time.Minute).In(time.FixedZone("CST", 8*3600))
	chair.types(map[string]string{"begins_at": begins.Format("2006-01-02T15:04"), "ends_at": begins.Add(time.Hour).Format("2006-01-02T15:04"), "place": "会议室 3-08"})
	chair.then(chromedp.Evaluate(`document.querySelector('form[action="/changes/meetings"] .btn.primary').click()`, nil))
	chair.sees(number) // put on the agenda by the desk
	chair.sees("核心交换机固件升级")
	chair.check("a meeting of the board")
	where := chair.path()

	d.Advance(30 * time.Minute)
	at(t, d, "reviewer", "en", 390, number).approves() // in the meeting
	chair = at(t, d, "changemanager", "zh-CN", 1440, "")
	chair.open(where)
	chair.run(chromedp.Evaluate(`document.querySelectorAll('[name=present][type=checkbox]').forEach((x) => { x.checked = true; }); document.querySelector('[name^="said."]').value = '同意，备机先升级'; document.querySelector('[name=remarks]').value = '下次会议周四'; 0`, nil))
	chair.then(chromedp.Evaluate(`document.querySelector('#minutes button[name=close]').click()`, nil))
	chair.sees("同意，备机先升级")
	chair.until(`!document.querySelector('#minutes [name=remarks]')`) // closed: nothing to write in any more
	chair.check("closed minutes")

	member := at(t, d, "reviewer", "en", 390, "")
	member.open(where)
	member.sees("下次会议周四")
	member.open(where + "/paper")
	member.sees("同意，备机先升级")
	member.until(`document.querySelector('.paper .signs, .paper .sign, .paper [class*=sign]')`)
	member.check("minutes for print")
}

// TestEvidenceInAFile: a file is evidence of a test, shown with its hash to
// those who review; another one voids what was voted on.
func TestEvidenceInAFile(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	file := func(name, body string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	engineer := at(t, d, "engineer2", "zh-CN", 1440, "")
	number := engineer.proposes("normal")
	lead := at(t, d, "lead", "en", 1440, number)
	lead.takes("assess", assessed)
	test := func(path string) {
		lead.open("/changes/" + number)
		lead.then(chromedp.Evaluate(`document.querySelector('a[href$="/act/test"]').click()`, nil))
		lead.run(chromedp.Evaluate(`document.querySelector('[name=result][value=passed]').click()`, nil),
			chromedp.SetUploadFiles("#files", []string{path}, chromedp.ByQuery), chromedp.WaitReady(`input[name=attachment_ids]`, chromedp.ByQuery))
		lead.check("evidence in a file")
		lead.then(chromedp.Evaluate(`document.querySelector('form.act .btn.lg').click()`, nil))
	}
	lead = at(t, d, "lead", "en", 1440, "")
	test(file("boot.log", "all neighbours are up"))
	lead.sees("boot.log")
	hash := func(v *visitor) string {
		var out string
		v.run(chromedp.Evaluate(`(document.body.innerText.match(/\b[0-9a-f]{12,64}\b/) || [''])[0]`, &out))
		return out
	}
	first := hash(lead)
	if first == "" {
		t.Error("the page does not show the hash of the file")
	}
	engineer = at(t, d, "engineer2", "zh-CN", 1440, number)
	engineer.presses("ask")
	engineer.sees("评审中")
	// What is voted on stays what was tested, and says by which file.
	for _, who := range []string{"lead", "changemanager"} {
		v := at(t, d, who, "en", 390, number)
		var again bool
		v.run(chromedp.Evaluate(`!!document.querySelector('a[href$="/act/test"]')`, &again))
		if again {
			t.Errorf("%s may put other evidence under a review that goes on", who)
		}
		if got := hash(v); got != first {
			t.Errorf("%s sees the hash %q, tested with %q", who, got, first)
		}
	}
	// Sent back, the plan changes and is tested again: with another file it has
	// another hash, and the old vote does not count.
	manager := at(t, d, "changemanager", "zh-CN", 1440, number)
	manager.press(`.decide-f a`)
	manager.run(chromedp.Evaluate(`document.querySelector('#reject').open = true; document.querySelector('#reject [name=reason]').value = '日志不完整'; 0`, nil))
	manager.then(chromedp.Evaluate(`document.querySelector('#reject .danger-solid').click()`, nil))
	engineer = at(t, d, "engineer2", "zh-CN", 1440, number)
	engineer.sees("日志不完整")
	engineer.presses("submit")
	lead = at(t, d, "lead", "en", 1440, number)
	lead.takes("assess", assessed)
	test(file("boot-2.log", "one neighbour is missing"))
	lead.sees("boot-2.log")
	if second := hash(lead); second == "" || second == first {
		t.Errorf("another file has the hash %q", second)
	}
}

package journeys_test

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/device"

	"opsdesk/internal/apptest"
)

// axe is axe-core (MPL-2.0), used by tests only.
//
//go:embed testdata/axe.min.js
var axe string

// chromium finds the browser; a machine without one skips loudly, CI does not.
func chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	if os.Getenv("CI") != "" {
		tb.Fatal("no Chromium: apt-get install chromium")
	}
	tb.Skip("SKIPPED, no journey is tested: Chromium is not installed (apt-get install chromium)")
	return ""
}

// browser starts a Chromium of its own: cookies are not shared, and a hanging
// page harms nobody else.
func browser(tb testing.TB) context.Context {
	tb.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(tb)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("disable-dev-shm-usage", true))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	tb.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {})) // it reports events it does not know
	tb.Cleanup(stop)
	return ctx
}

// visitor is one person at one browser window with its own cookies.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	d    *apptest.Desk
	lang string
	mu   sync.Mutex
	bad  []string
}

// visit opens a window. width is 390 for a phone or 1440 for a desk.
func visit(t *testing.T, d *apptest.Desk, lang string, width int64) *visitor {
	t.Helper()
	ctx, stop := context.WithTimeout(browser(t), 3*time.Minute)
	t.Cleanup(stop)
	v := &visitor{t: t, ctx: ctx, d: d}
	chromedp.ListenTarget(ctx, v.listen)
	v.run(network.Enable(), log.Enable(), runtime.Enable(), emulation.SetTimezoneOverride("Asia/Shanghai"))
	v.as(lang, width)
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, b := range v.bad {
			t.Errorf("the browser complained: %s", b)
		}
	})
	return v
}

// as changes the language and the size of the window.
func (v *visitor) as(lang string, width int64) {
	v.t.Helper()
	v.lang = lang
	var size chromedp.Action = chromedp.EmulateViewport(width, 900)
	if width < 600 {
		size = chromedp.Emulate(device.Info{Name: "phone", Width: width, Height: 844, Scale: 2, Mobile: true, Touch: true, UserAgent: "Mozilla/5.0 (Linux; Android 14) Chrome/140 Mobile"})
	}
	v.run(size, network.SetCookie("lang", lang).WithURL(v.d.Server.URL), network.SetCookie("theme", "light").WithURL(v.d.Server.URL))
}

// listen collects script errors and what the content security policy blocked.
func (v *visitor) listen(ev any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		v.bad = append(v.bad, e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Source == log.SourceSecurity || e.Entry.Level == log.LevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of 4") && !strings.Contains(e.Entry.URL, "/live") {
			v.bad = append(v.bad, fmt.Sprintf("%s %s", e.Entry.Text, e.Entry.URL))
		}
	}
}

func (v *visitor) run(actions ...chromedp.Action) {
	v.t.Helper()
	if err := chromedp.Run(v.ctx, actions...); err != nil {
		var url, text string
		_ = chromedp.Run(v.ctx, chromedp.Location(&url), chromedp.Evaluate(`document.body.innerText.slice(0, 600)`, &text)) // more for the message, if it can be had
		v.t.Fatalf("%v at %s:\n%s", err, url, text)
	}
}

// open goes to a page and holds it against axe.
func (v *visitor) open(path string) {
	v.t.Helper()
	v.run(chromedp.Navigate(v.d.Server.URL + path))
	v.check(path)
}

// press clicks and waits for the next page.
func (v *visitor) press(selector string) {
	v.t.Helper()
	v.then(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
}

// then runs something that leads to another page, and checks that page.
func (v *visitor) then(a chromedp.Action) {
	v.t.Helper()
	v.run(chromedp.Evaluate(`window.__old = true`, nil), a)
	v.until(`!window.__old && document.readyState === 'complete' && !!document.querySelector('#toasts, .auth')`)
	var path string
	v.run(chromedp.Evaluate(`location.pathname`, &path))
	v.check(path)
}

// until waits for an expression to hold. A page that is being left is no
// failure: the next one is asked.
func (v *visitor) until(expr string) {
	v.t.Helper()
	v.within(300, expr)
}

// within is until with another patience, in twentieths of a second and what the
// questions take.
func (v *visitor) within(tries int, expr string) {
	v.t.Helper()
	var ok bool
	for range tries {
		if err := chromedp.Run(v.ctx, chromedp.Evaluate("!!("+expr+")", &ok)); err == nil && ok {
			return
		}
		if v.ctx.Err() != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.run(chromedp.Evaluate(`0`, nil))
	var text string
	v.run(chromedp.Evaluate(`location.href + '\n' + document.body.innerText.slice(0, 800)`, &text))
	v.t.Fatalf("waited in vain for %s at %s", expr, text)
}

const audit = `(async () => {
	const r = await axe.run(document, { resultTypes: ['violations'] });
	return r.violations.map((x) => x.id + ' (' + x.impact + '): ' + x.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', '));
})()`

// cramped says what of the bar at the top has no room: a number that is cut off,
// or things that lie over each other or out of the screen.
const cramped = `(() => {
	const bad = [], seen = [...document.querySelectorAll('.topbar .crumbs b, .topbar .live-dot, .topbar .viewers > *, .topbar .btn')].filter((e) => !e.closest('.menu') && e.getClientRects().length);
	for (const e of seen) {
		const r = e.getBoundingClientRect();
		if (e.matches('b') && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') bad.push(e.innerText + ' is cut off');
		if (r.left < -1 || r.right > innerWidth + 1) bad.push((e.innerText || e.className) + ' is out of the screen');
		for (const o of seen) {
			const q = o.getBoundingClientRect();
			if (o !== e && r.left < q.left && r.right > q.left + 1 && !e.contains(o)) bad.push((e.innerText || e.className) + ' runs under ' + (o.innerText || o.className));
		}
	}
	return bad.join('; ');
})()`

// check runs axe and looks for sideways scrolling, a bar without room, and
// untranslated keys.
func (v *visitor) check(where string) {
	v.t.Helper()
	var found []string
	var wide bool
	var keys, bar string
	v.run(chromedp.Evaluate(axe+";0", nil), chromedp.Evaluate(audit, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth + 1`, &wide), chromedp.Evaluate(cramped, &bar),
		chromedp.Evaluate(`(document.body.innerText.match(/\b(ui|incident|people|notify|error|validation|authz)\.[a-z_]+(\.[a-z_]+)*\b/g) || []).filter((k) => !k.startsWith('incident.') || k.split('.').length > 2).join(' ')`, &keys))
	for _, f := range found {
		v.t.Errorf("%s (%s): axe: %s", where, v.lang, f)
	}
	if wide {
		v.t.Errorf("%s (%s) scrolls sideways", where, v.lang)
	}
	if bar != "" {
		v.t.Errorf("%s (%s): the bar at the top: %s", where, v.lang, bar)
	}
	if keys != "" {
		v.t.Errorf("%s (%s) shows message keys: %s", where, v.lang, keys)
	}
}

// signIn does what a person does.
func (v *visitor) signIn(username string) {
	v.t.Helper()
	v.open("/sign-in")
	v.run(chromedp.SendKeys(`#username`, username, chromedp.ByQuery), chromedp.SendKeys(`#password`, apptest.Password, chromedp.ByQuery))
	v.then(chromedp.Submit(`#password`, chromedp.ByQuery))
	v.sees("data-signed-in")
}

// sees waits for a text on the page; "data-signed-in" stands for a page of
// somebody who is signed in.
func (v *visitor) sees(text string) {
	v.t.Helper()
	expr := fmt.Sprintf(`document.body.innerText.includes(%q)`, text)
	if text == "data-signed-in" {
		expr = `location.pathname !== '/sign-in'`
	}
	v.until(expr)
}

// fill types into a field, replacing what is there.
func (v *visitor) fill(selector, text string) {
	v.t.Helper()
	v.run(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ""`, selector), nil), chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// choose selects the option with a text.
func (v *visitor) choose(selector, label string) {
	v.t.Helper()
	var ok bool
	v.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const s = document.querySelector(%q); const o = [...s.options].find((x) => x.text.includes(%q)); if (!o) return false; s.value = o.value; s.dispatchEvent(new Event('change', { bubbles: true })); return true; })()`, selector, label), &ok))
	if !ok {
		v.t.Fatalf("%s has no option %q", selector, label)
	}
}

func (v *visitor) path() string {
	v.t.Helper()
	var p string
	v.run(chromedp.Evaluate(`location.pathname`, &p))
	return p
}

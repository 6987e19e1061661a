package bench_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What live pages are held to: how long a stream that is connected may keep
// silent about a change, and how long a page may be without a stream while
// desks die and come back (the script waits up to 90 s between two tries).
const (
	toldWithin = 10 * time.Second
	awayAtMost = 90 * time.Second
)

// What web/static/js/live.js does: how long a stream may give no sign of life,
// and the longest it waits before it connects again.
const (
	noSign   = 50 * time.Second
	lastWait = 60 * time.Second
)

// wrote is an acknowledged write.
type wrote struct {
	by, number   string
	version      int
	began, acked time.Time
}

// watcher is a page that is open at somebody's, with its stream. It follows
// the script to the letter, so what it is not told, a browser would not show.
type watcher struct {
	b       *testing.B
	desks   []*process
	at      int
	roams   bool // comes back at the other desk, as behind a balancer
	who     string
	all     bool // sees what everybody reports, not only their own
	cookie  string
	streams *http.Client
	pages   *http.Client

	born  time.Time
	last  string // the id of the last event
	tries int

	mu    sync.Mutex
	on    time.Time      // since when the stream says that it hears, or zero
	off   time.Time      // since when it does not
	read  time.Time      // when the last page that was read anew was asked for
	heard map[string]int // number → the highest version heard of
	owed  []wrote
	// trouble is the last page that could not be read.
	trouble error
	tally
}

// tally is what the watchers report in the end.
type tally struct {
	hellos, quiet, changes, refetches, writes int
	silence, away                             time.Duration
}

func (t *tally) add(o tally) {
	t.hellos += o.hellos
	t.quiet += o.quiet
	t.changes += o.changes
	t.refetches += o.refetches
	t.writes += o.writes
	t.silence, t.away = max(t.silence, o.silence), max(t.away, o.away)
}

// audience is all watchers.
type audience struct {
	list []*watcher
	stop context.CancelFunc
	done sync.WaitGroup
}

// watchBy opens six streams, three at each desk, of people who see everything
// and of people who see their own tickets only; one of three roams.
func watchBy(b *testing.B, desks []*process) *audience {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	a := &audience{stop: stop}
	b.Cleanup(a.close)
	for n, p := range []struct {
		who        string
		all, roams bool
	}{{"engineer", true, false}, {"lead", true, false}, {"lead", true, true}, {"engineer", true, true}, {"staff", false, false}, {"manager", false, false}} {
		w := &watcher{
			b: b, desks: desks, at: n % len(desks), roams: p.roams, who: p.who, all: p.all,
			born: time.Now(), off: time.Now(), heard: map[string]int{},
			streams: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, pages: &http.Client{Timeout: 15 * time.Second, CheckRedirect: stay},
		}
		w.signIn()
		a.list = append(a.list, w)
		a.done.Go(func() { w.run(ctx) })
	}
	a.done.Go(func() { a.sweep(ctx) })
	return a
}

func (a *audience) close() {
	a.stop()
	a.done.Wait()
}

// stay keeps a client from following where a page sends it: to sign in.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// sweep looks every second whether somebody is left in silence.
func (a *audience) sweep(ctx context.Context) {
	for pause(ctx, time.Second) {
		for _, w := range a.list {
			w.overdue()
		}
	}
}

// pause waits, and is false once ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return ctx.Err() == nil
}

// acknowledged notes that whoever may see the record must hear of it.
func (a *audience) acknowledged(x wrote) {
	for _, w := range a.list {
		if w.all || w.who == x.by {
			w.owe(x)
		}
	}
}

// settle waits until every stream is back and nothing is owed, and reports.
func (a *audience) settle(b *testing.B) {
	b.Helper()
	for end := time.Now().Add(awayAtMost); time.Now().Before(end) && a.owing() > 0; {
		time.Sleep(100 * time.Millisecond)
	}
	a.close()
	var sum tally
	for _, w := range a.list {
		w.mu.Lock()
		if len(w.owed) > 0 {
			b.Errorf("a stream of %s never said anything about %d changes, the first %s", w.who, len(w.owed), w.owed[0].number)
		}
		if w.writes == 0 || w.changes == 0 {
			b.Errorf("a stream of %s was put to no test: %d writes, %d changes heard of", w.who, w.writes, w.changes)
		}
		sum.add(w.tally)
		w.mu.Unlock()
	}
	fmt.Printf("%d streams, %d reconnects, %d of them after %s without a sign of life; %d changes heard and %d pages read anew for %d writes to tell of; longest silence after a change %s, longest time without a stream %s\n",
		len(a.list), sum.hellos-len(a.list), sum.quiet, noSign, sum.changes, sum.refetches, sum.writes, sum.silence.Round(time.Millisecond), sum.away.Round(time.Millisecond))
}

// owing is how many watchers wait for something or have no stream.
func (a *audience) owing() (n int) {
	for _, w := range a.list {
		w.mu.Lock()
		if len(w.owed) > 0 || w.on.IsZero() {
			n++
		}
		w.mu.Unlock()
	}
	return n
}

// signIn does what the page of that name does.
func (w *watcher) signIn() {
	w.b.Helper()
	r, err := http.NewRequestWithContext(w.b.Context(), http.MethodPost, w.url("/sign-in"), strings.NewReader(url.Values{"username": {w.who}, "password": {password}}.Encode()))
	if err != nil {
		w.b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := w.pages.Do(r)
	if err != nil {
		w.b.Fatal(err)
	}
	_ = res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "opsdesk" {
			w.cookie = c.Value
		}
	}
	if w.cookie == "" {
		w.b.Fatalf("%s could not sign in: %d", w.who, res.StatusCode)
	}
}

func (w *watcher) url(path string) string { return "http://" + w.desks[w.at].addr + path }

// run keeps a stream open, as open, fail and again of the script do.
func (w *watcher) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		if n > 0 && w.roams {
			w.at = (w.at + 1) % len(w.desks)
		}
		life, end := context.WithCancel(ctx)
		wait, why := w.listen(life, end)
		end()
		w.lost()
		if wait < 0 {
			wait = time.Duration(float64(min(lastWait, time.Second<<min(w.tries, 10))) * (0.5 + rand.Float64()))
			w.tries++
		}
		if why != nil && ctx.Err() == nil {
			w.b.Errorf("a stream of %s: %v", w.who, why)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// listen is one stream until it ends. wait is how long the desk's last word
// makes the script wait, below zero where there was none.
func (w *watcher) listen(ctx context.Context, end func()) (wait time.Duration, err error) {
	where := "age=" + fmt.Sprint(time.Since(w.born).Milliseconds())
	if w.last != "" {
		where = "last=" + url.QueryEscape(w.last)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url("/live?"+where), nil)
	if err != nil {
		return -1, err
	}
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(&http.Cookie{Name: "opsdesk", Value: w.cookie})
	alarm := time.AfterFunc(noSign, func() { w.count(&w.quiet); end() })
	defer alarm.Stop()
	res, err := w.streams.Do(r)
	if err != nil {
		return -1, nil // a desk that is dead; the script tries again
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		if res.StatusCode < 500 { // neither dead nor on its way up: nobody signed the watcher out
			return -1, fmt.Errorf("answered %d", res.StatusCode)
		}
		return -1, nil
	}
	return w.follow(ctx, res.Body, alarm)
}

// follow reads the events of a stream as EventSource does: an event without an
// id keeps the last one.
func (w *watcher) follow(ctx context.Context, body io.Reader, alarm *time.Timer) (time.Duration, error) {
	var event, id, data string
	known := false // the page knows its stream: without, nobody sees that it is there
	for s := bufio.NewScanner(body); s.Scan(); {
		switch field, value, _ := strings.Cut(s.Text(), ": "); field {
		case "event":
			event = value
		case "id":
			id = value
		case "data":
			data = value
		case "":
			if event == "" {
				continue
			}
			alarm.Reset(noSign)
			known = known || event == "hello"
			if !known {
				return -1, fmt.Errorf("began with %s instead of hello", event)
			}
			if wait, over := w.take(ctx, event, id, data); over {
				return wait, nil
			}
			event, data = "", ""
		}
	}
	return -1, nil
}

// take is one event. over says that the desk ends the stream, and wait when
// the script comes back.
func (w *watcher) take(ctx context.Context, event, id, data string) (wait time.Duration, over bool) {
	var d struct {
		Listening bool
		Number    string
		Version   int
		Why       string
	}
	if err := json.Unmarshal([]byte(data), &d); err != nil {
		w.b.Errorf("%s %q: %v", event, data, err)
	}
	if id != "" && event != "hello" && event != "beat" {
		w.last = id
	}
	switch event {
	case "hello":
		w.tries = 0
		w.count(&w.hellos)
		if d.Listening {
			w.found()
		}
	case "deaf":
		w.lost()
	case "change":
		w.hear(d.Number, d.Version)
	case "refetch":
		w.found()
		w.count(&w.refetches)
		go w.anew(ctx, w.url(w.page()))
	case "bye":
		if d.Why == "age" {
			return rand.N(1500 * time.Millisecond), true
		}
		return 500*time.Millisecond + rand.N(3500*time.Millisecond), true
	}
	return 0, false
}

// page is what the watcher looks at: the queue, or what they reported.
func (w *watcher) page() string {
	if w.all {
		return "/incidents?view=open"
	}
	return "/my"
}

// anew reads the page again. A desk that dies meanwhile takes the stream along,
// and the next one begins with what was missed.
func (w *watcher) anew(ctx context.Context, page string) {
	for wait := time.Second; ; wait *= 2 {
		began := time.Now()
		err := w.fetch(ctx, page)
		if err == nil {
			w.seen(began)
			return
		}
		w.mu.Lock()
		w.trouble = err
		w.mu.Unlock()
		if !pause(ctx, wait) {
			return
		}
	}
}

func (w *watcher) fetch(ctx context.Context, page string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return err
	}
	r.AddCookie(&http.Cookie{Name: "opsdesk", Value: w.cookie})
	r.Header.Set("HX-Request", "true")
	r.Header.Set("Opsdesk-Background", "1")
	res, err := w.pages.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d", page, res.StatusCode)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

func (w *watcher) count(n *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*n++
}

// found: from now on the stream has to tell what changes.
func (w *watcher) found() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on.IsZero() {
		return
	}
	w.on = time.Now()
	w.away = max(w.away, w.on.Sub(w.off))
}

// lost: the page knows that it is not told, and polls.
func (w *watcher) lost() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on.IsZero() {
		return
	}
	w.on, w.off = time.Time{}, time.Now()
}

// owe notes a write of which the watcher has to hear, if it has not already: a
// stream is often quicker than the answer to who wrote.
func (w *watcher) owe(x wrote) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	if w.heard[x.number] < x.version && !w.read.After(x.began) {
		w.owed = append(w.owed, x)
	}
}

// hear is told that a record has a version; earlier ones need no word any more.
func (w *watcher) hear(number string, version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes++
	w.heard[number] = max(w.heard[number], version)
	w.pay(func(x wrote) bool { return x.number == number && x.version <= version })
}

// seen is told that the page was asked for and read. What was written while it
// was on its way may stand on it or come later; which, only the desk knows.
func (w *watcher) seen(asked time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = asked
	w.pay(func(x wrote) bool { return x.began.Before(asked) })
}

func (w *watcher) pay(told func(wrote) bool) {
	now := time.Now()
	w.owed = slices.DeleteFunc(w.owed, func(x wrote) bool {
		if !told(x) {
			return false
		}
		w.silence = max(w.silence, w.waited(x, now))
		return true
	})
}

// waited is how long a stream that is connected has kept silent about a write.
func (w *watcher) waited(x wrote, now time.Time) time.Duration {
	if w.on.IsZero() {
		return 0
	}
	return min(now.Sub(x.acked), now.Sub(w.on))
}

// overdue fails the benchmark for what a stream does not tell.
func (w *watcher) overdue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.owed = slices.DeleteFunc(w.owed, func(x wrote) bool {
		long := w.waited(x, now)
		if long <= toldWithin {
			return false
		}
		w.silence = max(w.silence, long)
		w.b.Errorf("stuck stream: %s at desk %d is connected for %s and was not told of %s, version %d, acknowledged %s ago (last page that failed: %v)", w.who, w.at, now.Sub(w.on).Round(time.Millisecond), x.number, x.version, now.Sub(x.acked).Round(time.Millisecond), w.trouble)
		return true
	})
	if away := now.Sub(w.off); w.on.IsZero() && away > awayAtMost {
		w.away = max(w.away, away)
		w.b.Errorf("%s has had no stream for %s", w.who, away.Round(time.Second))
		w.off = now // says it once for each such time
	}
}

package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/live"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/db"
)

// message is one event of a stream.
type message struct {
	Event, ID, Data string
}

// ear is a browser's stream.
type ear struct {
	t    *testing.T
	got  chan message
	stop context.CancelFunc
	id   string // of the stream
	last string
}

// listen opens a stream and waits until it says hello.
func listen(t *testing.T, c *apptest.Client, query string) *ear {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/live?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := c.Client.Do(r) //nolint:bodyclose // the goroutine below closes it
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Content-Encoding") != "" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	e := &ear{t: t, got: make(chan message, 1000), stop: stop}
	go func() {
		defer res.Body.Close()
		defer close(e.got)
		var m message
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			switch field, value, _ := strings.Cut(s.Text(), ": "); field {
			case "event":
				m.Event = value
			case "id":
				m.ID = value
			case "data":
				m.Data = value
			case "":
				if m.Event != "" {
					e.got <- m
				}
				m = message{}
			}
		}
	}()
	var hello struct{ Stream string }
	if err := json.Unmarshal([]byte(e.next("hello").Data), &hello); err != nil {
		t.Fatal(err)
	}
	e.id = hello.Stream
	return e
}

// next waits for the next message of a name; others are passed over.
func (e *ear) next(event string) message {
	e.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case m, ok := <-e.got:
			if !ok {
				e.t.Fatalf("the stream ended; waited for %s", event)
			}
			if m.ID != "" {
				e.last = m.ID
			}
			if m.Event == event {
				return m
			}
		case <-late:
			e.t.Fatalf("waited in vain for %s", event)
		}
	}
}

// about waits for the change of one ticket.
func (e *ear) about(number string) message {
	e.t.Helper()
	for {
		if m := e.next("change"); strings.Contains(m.Data, `"`+number+`"`) {
			return m
		}
	}
}

// awake waits until the process hears the database.
func awake(t *testing.T, d *apptest.Desk) {
	t.Helper()
	d.Live.Start(t.Context())
	for range 400 {
		if _, up := d.Live.Streams(); up {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the hub does not listen")
}

func report(t *testing.T, d *apptest.Desk, who, text string) incident.Incident {
	t.Helper()
	i, err := d.Incidents.Create(d.As(who), incident.CreateInput{Description: text, Impact: 3, Urgency: 3, Location: "A-3F", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// What is written in one process reaches the streams of another; a stream that
// was cut goes on, on whichever process, with what it missed.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, apptest.Options{})
	b := a.Twin(apptest.Options{})
	awake(t, a)
	awake(t, b)
	e, there := listen(t, b.Client("engineer"), ""), listen(t, a.Client("lead"), "")
	i := report(t, a, "staff", "The scanner prints blank pages.")
	m := e.about(i.Label())
	var note struct {
		Kind    string
		ID, By  uuid.UUID
		Version int
	}
	if err := json.Unmarshal([]byte(m.Data), &note); err != nil || note.Kind != "incident" || note.ID != i.ID || note.Version != 1 || note.By != i.CreatedBy {
		t.Errorf("%v %s", err, m.Data)
	}
	if strings.Contains(m.Data, "scanner") {
		t.Errorf("contents in a notification: %s", m.Data)
	}
	there.about(i.Label())
	e.stop()
	drawn := time.Now()
	_, err := a.Incidents.Reply(a.As("lead"), i.ID, incident.ReplyInput{Body: "Seen."})
	if err != nil {
		t.Fatal(err)
	}
	back := listen(t, a.Client("engineer"), "last="+e.last) // the other process this time
	if m := <-back.got; m.Event != "change" || !strings.Contains(m.Data, i.Label()) {
		t.Errorf("after coming back: %+v", m)
	}
	// A page tells how old it is instead: nothing between drawing and listening
	// is lost.
	young := listen(t, b.Client("engineer"), fmt.Sprintf("age=%d", time.Since(drawn).Milliseconds()))
	// (A process that listens for seconds only cannot tell, and says so.)
	if m := <-young.got; m.Event != "refetch" && (m.Event != "change" || !strings.Contains(m.Data, i.Label())) {
		t.Errorf("a page drawn before: %+v", m)
	}
}

// When the listening connection is lost, nobody knows what was missed: every
// stream is told to fetch afresh, and goes on.
func TestTheListenerIsKilled(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	awake(t, d)
	e := listen(t, d.Client("engineer"), "")
	kill(t, d.Pool)
	e.next("deaf")
	e.next("refetch")
	i := report(t, d, "staff", "No network in room 3.")
	e.about(i.Label())
}

// kill ends the listening connections of the pool's database.
func kill(t *testing.T, pool *db.Pool) {
	t.Helper()
	var n int
	if err := pool.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'opsdesk-listen' AND datname = current_database()`).Scan(&n); err != nil || n != 1 {
		t.Fatalf("%d listeners ended, %v", n, err)
	}
}

// A record that somebody may not see is not announced to them; one that is
// hidden from now on is taken back.
func TestAHiddenRecordIsNotAnnounced(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	awake(t, d)
	staff, eng := listen(t, d.Client("staff"), ""), listen(t, d.Client("engineer"), "")
	other := report(t, d, "engineer2", "Mine alone.")
	eng.about(other.Label())
	own := report(t, d, "staff", "My screen is dark.")
	if m := staff.next("change"); !strings.Contains(m.Data, own.Label()) { // the first that staff hears
		t.Errorf("staff was told of %s", m.Data)
	}
	eng.about(own.Label())
	hidden, err := d.Incidents.Hide(d.As("lead"), own.ID, incident.StepInput{Version: own.Version})
	if err != nil {
		t.Fatal(err)
	}
	if m := eng.about(hidden.Label()); !strings.Contains(m.Data, `"gone":true`) || strings.Contains(m.Data, "version") {
		t.Errorf("of a record that became confidential: %s", m.Data)
	}
	if _, err := d.Incidents.Note(d.As("lead"), own.ID, incident.ReplyInput{Body: "secret"}); err != nil {
		t.Fatal(err)
	}
	last := report(t, d, "engineer2", "Something else.")
	if m := eng.next("change"); !strings.Contains(m.Data, last.Label()) {
		t.Errorf("the engineer was told of %s", m.Data)
	}
}

// A session that is revoked, and a role that is taken, end the streams of the
// person, and of nobody else.
func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	awake(t, d)
	c := d.Client("engineer")
	mine, other := listen(t, c, ""), listen(t, d.Client("lead"), "")
	if err := d.People.SignOut(d.As("engineer"), c.Session()); err != nil {
		t.Fatal(err)
	}
	if m := mine.next("bye"); !strings.Contains(m.Data, "rights") {
		t.Errorf("%+v", m)
	}
	if a := c.Get("/live", "Accept", "text/event-stream"); a.Status != 303 {
		t.Errorf("a stream without a session: %d", a.Status)
	}
	again := listen(t, d.Client("engineer"), "")
	id, err := identity.ByUsername(t.Context(), d.Pool, "engineer")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.People.Revoke(identity.With(t.Context(), identity.NewSystem("demo")), id["engineer"], people.RoleInput{Role: identity.EngineerL1}); err != nil {
		t.Fatal(err)
	}
	again.next("bye")
	report(t, d, "staff", "Still there?")
	other.next("change")
	d.Live.Close()
	if m := other.next("bye"); !strings.Contains(m.Data, "restart") {
		t.Errorf("%+v", m)
	}
}

// A page that listens does not keep its session alive.
func TestListeningIsNotBeingThere(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(time.Now())
	c := d.Client("engineer")
	d.Advance(d.Config.SessionIdle / 2)
	listen(t, c, "").stop()
	c.Get("/live/counts", "Opsdesk-Background", "1")
	d.Advance(d.Config.SessionIdle/2 + time.Minute)
	if a := c.Get("/incidents"); a.Status != 303 {
		t.Errorf("an idle session answers %d", a.Status)
	}
}

func TestInboxNews(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.Drain()
	awake(t, d)
	c := d.Client("staff")
	c.Post("/inbox/read", url.Values{})
	e, stranger := listen(t, c, ""), listen(t, d.Client("lead"), "")
	i := report(t, d, "staff", "The door does not open.")
	if _, err := d.Incidents.Reply(d.As("engineer"), i.ID, incident.ReplyInput{Body: "On my way."}); err != nil {
		t.Fatal(err)
	}
	if a := c.Get("/live/counts", "HX-Request", "true"); !strings.Contains(a.Text(), `<li data-count="inbox"></li>`) {
		t.Errorf("before: %s", a.Text())
	}
	d.Drain()
	for !strings.Contains(e.next("inbox").Data, i.ID.String()) { // news of what was read before may come first
		continue
	}
	if a := c.Get("/live/counts", "HX-Request", "true"); !strings.Contains(a.Text(), `<li data-count="inbox">1</li>`) {
		t.Errorf("after: %s", a.Text())
	}
	c.Get("/incidents/" + i.Label()) // reading tells the person's other pages
	e.next("inbox")
	report(t, d, "staff", "Another.")
	for m := range stranger.got {
		if m.Event == "inbox" {
			t.Errorf("somebody else's inbox: %+v", m)
		}
		if m.Event == "change" && !strings.Contains(m.Data, i.Label()) {
			break
		}
	}
}

// Who is on a ticket is known in every process, to those who may see it, and
// ends with the stream.
func TestPresence(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, apptest.Options{})
	b := a.Twin(apptest.Options{Live: live.Options{Linger: 2 * time.Second}})
	awake(t, a)
	awake(t, b)
	i := report(t, a, "staff", "The lift display is dark.")
	one, two, staff := a.Client("engineer"), b.Client("engineer2"), b.Client("staff")
	e1, e2 := listen(t, one, ""), listen(t, two, "")
	come := func(c *apptest.Client, e *ear, doing string) int {
		return c.Post("/live/here", url.Values{"stream": {e.id}, "tab": {"t1"}, "kind": {"incident"}, "id": {i.ID.String()}, "doing": {doing}}).Status
	}
	if s := come(one, e1, live.Viewing); s != 204 {
		t.Fatal(s)
	}
	e1.next("here")
	if s := come(two, e2, live.Note); s != 204 {
		t.Fatal(s)
	}
	e1.next("here")
	see := "/live/here?kind=incident&id=" + i.ID.String()
	if x := one.Get(see).Text(); !strings.Contains(x, "1 other is viewing") || !strings.Contains(x, "is writing an internal note") {
		t.Errorf("seen by the first: %s", x)
	}
	if x := two.Get(see).Text(); strings.Contains(x, "is writing") {
		t.Errorf("the writer is told of their own writing: %s", x)
	}
	if s := staff.Get(see).Status; s != 404 {
		t.Errorf("the requester asks who is there: %d", s)
	}
	if s := come(staff, e1, live.Viewing); s != 404 {
		t.Errorf("the requester says to be there: %d", s)
	}
	if s := come(two, e2, "dancing"); s != 422 {
		t.Errorf("nonsense: %d", s)
	}
	if s := one.Get("/live/here?kind=incident&id=" + uuid.NewString()).Status; s != 404 {
		t.Errorf("who is on nothing: %d", s)
	}
	if s := come(two, e2, ""); s != 204 {
		t.Fatal(s)
	}
	e1.next("here")
	if x := one.Get(see).Text(); strings.Contains(x, "viewing") {
		t.Errorf("after leaving: %s", x)
	}
	come(two, e2, live.Editing)
	e1.next("here")
	e2.stop() // the browser is gone without a word
	e1.next("here")
	if on := a.Live.On(i.ID); len(on) != 1 {
		t.Errorf("after a browser vanished: %v", on)
	}
}

// asked counts the statements of a pool.
type asked struct{ n atomic.Int64 }

func (a *asked) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	a.n.Add(1)
	return ctx
}
func (a *asked) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (a *asked) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	a.n.Add(1)
	return ctx
}
func (a *asked) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) { a.n.Add(1) }
func (a *asked) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// Open streams ask the database nothing: not at a heartbeat, and not when
// something is announced to them.
func TestStreamsAskNothing(t *testing.T) {
	t.Parallel()
	var n asked
	a := apptest.New(t, apptest.Options{})
	b := a.Twin(apptest.Options{Live: live.Options{Heartbeat: 20 * time.Millisecond}, Pool: func(tb testing.TB, address string) *db.Pool {
		p, err := db.Open(context.Background(), address, 0, func(c *pgxpool.Config) { c.ConnConfig.Tracer = &n })
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}})
	awake(t, b)
	var ears []*ear
	for _, who := range []string{"engineer", "engineer2", "lead", "staff", "auditor"} {
		c := b.Client(who)
		for range 4 {
			ears = append(ears, listen(t, c, ""))
		}
	}
	before := n.n.Load()
	i := report(t, a, "staff", "Twenty listen.")
	for range 5 {
		if _, err := a.Incidents.Reply(a.As("engineer"), i.ID, incident.ReplyInput{Body: "word"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range ears {
		e.about(i.Label())
	}
	time.Sleep(200 * time.Millisecond) // ten heartbeats each
	if asked := n.n.Load() - before; asked != 0 {
		t.Errorf("%d statements for 20 streams", asked)
	}
}

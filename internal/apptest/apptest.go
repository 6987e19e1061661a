// Package apptest gives tests a whole desk: its own database, the demo company,
// a clock that tests move, and clients that are signed in as anybody.
package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"opsdesk/internal/app"
	"opsdesk/internal/demo"
	"opsdesk/internal/identity"
	"opsdesk/internal/live"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/config"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/platform/mail"
)

// Password of every demo account.
const Password = "velvet-otter-4821"

// Desk is a desk under test.
type Desk struct {
	*app.App
	Server *httptest.Server
	Pool   *db.Pool
	Mail   *Outbox
	Dir    string
	Config config.Config
	tb     testing.TB
	url    string // of the database
	at     *atomic.Pointer[time.Time]
}

// Outbox collects what would have been sent.
type Outbox struct {
	Fail error // returned instead of sending, while set
	Sent []mail.Message
}

// Send keeps the message.
func (o *Outbox) Send(_ context.Context, m mail.Message) error {
	if o.Fail != nil {
		return o.Fail
	}
	o.Sent = append(o.Sent, m)
	return nil
}

// Options change what New makes.
type Options struct {
	NoMail bool
	Empty  bool                // without the demo company
	URL    func(string) string // changes the database's address, for a proxy in between
	Vars   []string
	Live   live.Options
	Pool   func(tb testing.TB, url string) *db.Pool // opens the database otherwise, to watch it
	Undo   time.Duration                            // how long messages of what can be taken back wait
}

// New starts a desk. Background jobs run only when the test says so.
func New(tb testing.TB, o Options) *Desk {
	tb.Helper()
	d := &Desk{tb: tb, Dir: tb.TempDir(), Mail: &Outbox{}, url: dbtest.NewURL(tb), at: &atomic.Pointer[time.Time]{}}
	if o.URL != nil {
		d.url = o.URL(d.url)
	}
	d.start(o)
	if o.Empty {
		return d
	}
	c := demo.Company{Desk: d.Desk, People: d.People, Incidents: d.Incidents, Services: d.Services, SLA: d.SLA, Configuration: d.Configuration, Requests: d.Requests, At: d.SetClock}
	if _, err := c.Fill(tb.Context(), Password); err != nil {
		tb.Fatal(err)
	}
	return d
}

// Twin starts a second process of the same desk: the same database and files,
// the same clock, another address.
func (d *Desk) Twin(o Options) *Desk {
	d.tb.Helper()
	t := &Desk{tb: d.tb, Dir: d.Dir, Mail: d.Mail, url: d.url, at: d.at}
	t.start(o)
	return t
}

// start opens the database and serves.
func (d *Desk) start(o Options) {
	tb := d.tb
	tb.Helper()
	if o.Pool != nil {
		d.Pool = o.Pool(tb, d.url)
	} else {
		pool, err := db.Open(context.Background(), d.url, 0)
		if err != nil {
			tb.Fatal(err)
		}
		d.Pool = pool
	}
	tb.Cleanup(d.Pool.Close)
	handler := http.NewServeMux()
	d.Server = httptest.NewServer(handler)
	tb.Cleanup(d.Server.Close)
	cfg, err := config.Read(append([]string{"OPSDESK_DATA=" + d.Dir, "OPSDESK_URL=" + d.Server.URL, "OPSDESK_DEV=true", "OPSDESK_MAX_UPLOAD_MB=5"}, o.Vars...))
	if err != nil {
		tb.Fatal(err)
	}
	d.Config = cfg
	ao := app.Options{Config: cfg, Pool: d.Pool, Clock: d.now, Log: slog.New(slog.DiscardHandler), Version: "test", Live: o.Live, Undo: o.Undo}
	if !o.NoMail {
		ao.Sender = d.Mail
	}
	if d.App, err = app.New(ao); err != nil {
		tb.Fatal(err)
	}
	handler.Handle("/", d.Handler)
	tb.Cleanup(d.Live.Close) // before the server, which waits for its streams
}

func (d *Desk) now() time.Time {
	if t := d.at.Load(); t != nil && !t.IsZero() {
		return *t
	}
	return time.Now()
}

// SetClock stops the desk's clock at an instant; the zero time lets it go on.
func (d *Desk) SetClock(t time.Time) { d.at.Store(&t) }

// Advance moves the clock on from where it stands.
func (d *Desk) Advance(by time.Duration) { d.SetClock(d.now().Add(by)) }

// Drain runs every job that is due, and those that they enqueue.
func (d *Desk) Drain() {
	d.tb.Helper()
	if _, err := d.Jobs.Drain(d.tb.Context(), d.Pool, d.now()); err != nil {
		d.tb.Fatal(err)
	}
}

// Seal seals the whole trail. Tests share a server, and sealing stays below
// every running transaction of it, so it may take more than one round.
func (d *Desk) Seal() {
	d.tb.Helper()
	for range 400 {
		if _, err := d.Audit.Seal(d.tb.Context()); err != nil {
			d.tb.Fatal(err)
		}
		var waiting int
		if err := d.Pool.QueryRow(d.tb.Context(), `SELECT count(*) FROM trail_entries e WHERE NOT EXISTS (SELECT 1 FROM trail_leaves l WHERE l.entry_id = e.id)`).Scan(&waiting); err != nil {
			d.tb.Fatal(err)
		}
		if waiting == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.tb.Fatal("the trail could not be sealed to its end")
}

// As is a context in which somebody of the demo company acts.
func (d *Desk) As(username string) context.Context {
	d.tb.Helper()
	ids, err := identity.ByUsername(d.tb.Context(), d.Pool, username)
	if err != nil {
		d.tb.Fatal(err)
	}
	a, err := identity.LoadActor(d.tb.Context(), d.Pool, ids[username], d.now())
	if err != nil {
		d.tb.Fatalf("%s: %v", username, err)
	}
	return d.Desk.Messages.With(identity.With(d.tb.Context(), a), "en")
}

// Client is a browser without script, signed in as somebody ("" for nobody).
type Client struct {
	*http.Client
	Base  string
	token string
	tb    testing.TB
}

// Client signs in by the session cookie. It does not follow redirects.
func (d *Desk) Client(username string) *Client {
	d.tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.tb.Fatal(err)
	}
	c := &Client{Base: d.Server.URL, tb: d.tb, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	u, err := url.Parse(d.Server.URL)
	if err != nil {
		d.tb.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "lang", Value: "en", Path: "/"}})
	if username == "" {
		return c
	}
	token, err := d.People.SignIn(d.Desk.Messages.With(d.tb.Context(), "en"), people.SignInInput{Username: username, Password: Password}, people.Origin{IP: "192.0.2.1"})
	if err != nil {
		d.tb.Fatalf("sign in %s: %v", username, err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "opsdesk", Value: token, Path: "/"}})
	return c
}

// API is a client with a bearer token.
func (d *Desk) API(username string) *Client {
	d.tb.Helper()
	secret, err := d.People.CreateToken(identity.With(d.tb.Context(), identity.NewSystem("test")), username, "test", 24*time.Hour)
	if err != nil {
		d.tb.Fatal(err)
	}
	return &Client{Base: d.Server.URL, token: secret, tb: d.tb, Client: &http.Client{}}
}

// Sign adds the client's token to a request.
func (c *Client) Sign(r *http.Request) { r.Header.Set("Authorization", "Bearer "+c.token) }

// Session is the client's session cookie.
func (c *Client) Session() string {
	u, err := url.Parse(c.Base)
	if err != nil {
		c.tb.Fatal(err)
	}
	for _, k := range c.Jar.Cookies(u) {
		if k.Name == "opsdesk" {
			return k.Value
		}
	}
	return ""
}

// Answer is a response, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Text is the body.
func (a Answer) Text() string { return string(a.Body) }

// Do sends a request; headers are name, value pairs.
func (c *Client) Do(method, path, contentType string, body io.Reader, headers ...string) Answer {
	c.tb.Helper()
	r, err := http.NewRequestWithContext(c.tb.Context(), method, c.Base+path, body)
	if err != nil {
		c.tb.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Accept", "text/html,application/json")
	r.Header.Set("Accept-Language", "en")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Client.Do(r)
	if err != nil {
		c.tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.tb.Fatal(err)
	}
	return Answer{res.StatusCode, res.Header, b}
}

// Get reads a page.
func (c *Client) Get(path string, headers ...string) Answer {
	c.tb.Helper()
	return c.Do(http.MethodGet, path, "", nil, headers...)
}

// Post sends a form.
func (c *Client) Post(path string, form url.Values, headers ...string) Answer {
	c.tb.Helper()
	return c.Do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), headers...)
}

// JSON sends a value and reads the answer into out, if it is not nil.
func (c *Client) JSON(method, path string, in, out any, headers ...string) Answer {
	c.tb.Helper()
	var body io.Reader
	contentType := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			c.tb.Fatal(err)
		}
		body, contentType = bytes.NewReader(b), "application/json"
	}
	a := c.Do(method, path, contentType, body, headers...)
	if out != nil && a.Status < 300 && len(a.Body) > 0 {
		if err := json.Unmarshal(a.Body, out); err != nil {
			c.tb.Fatalf("%s %s: %v in %s", method, path, err, a.Body)
		}
	}
	return a
}

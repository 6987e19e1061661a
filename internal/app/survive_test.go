package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/identity"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/db"
)

// proxy stands between the desk and its database, and can be pulled out.
type proxy struct {
	net.Listener
	network, address string
	mu               sync.Mutex
	conns            []net.Conn
	down             atomic.Bool
}

// through returns the address of the database behind a new proxy.
func through(t *testing.T, p *proxy) func(string) string {
	t.Helper()
	return func(dsn string) string {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		p.network, p.address = "tcp", u.Host
		q := u.Query()
		if dir := q.Get("host"); dir != "" {
			p.network, p.address = "unix", filepath.Join(dir, ".s.PGSQL.5432")
		}
		q.Del("host")
		u.RawQuery = q.Encode()
		if p.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.pull(); p.Close() })
		go p.serve()
		u.Host = p.Addr().String()
		return u.String()
	}
}

func (p *proxy) serve() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		if p.down.Load() {
			in.Close()
			continue
		}
		out, err := net.Dial(p.network, p.address)
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		go func() { io.Copy(out, in); out.Close() }()
		go func() { io.Copy(in, out); in.Close() }()
	}
}

func (p *proxy) pull() {
	p.down.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

func TestTheDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	p := &proxy{}
	d := apptest.New(t, apptest.Options{URL: through(t, p)})
	browser, api := d.Client("staff"), d.API("staff")
	if a := browser.Get("/"); a.Status != 200 {
		t.Fatal(a.Status)
	}
	p.pull()
	a := browser.Get("/my")
	if a.Status != 503 || a.Header.Get("Retry-After") == "" || !strings.Contains(a.Text(), "database cannot be reached") || !strings.Contains(a.Text(), "<html") {
		t.Errorf("page: %d %s", a.Status, a.Text())
	}
	if a := api.JSON("POST", "/api/v1/incidents", map[string]any{"description": "x", "impact": 3, "urgency": 3, "location": "y"}, nil); a.Status != 503 || !strings.Contains(a.Text(), "error.unavailable") {
		t.Errorf("api: %d %s", a.Status, a.Text())
	}
	if a := browser.Get("/readyz"); a.Status != 503 {
		t.Errorf("readyz: %d", a.Status)
	}
	if a := browser.Get("/healthz"); a.Status != 200 {
		t.Errorf("healthz: %d", a.Status)
	}
	p.down.Store(false)
	deadline := time.Now().Add(20 * time.Second)
	for browser.Get("/my").Status != 200 {
		if time.Now().After(deadline) {
			t.Fatal("the desk did not come back by itself")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if a := api.JSON("POST", "/api/v1/incidents", map[string]any{"description": "x", "impact": 3, "urgency": 3, "location": "y"}, nil); a.Status != 201 {
		t.Errorf("after: %d %s", a.Status, a.Text())
	}
}

// zeros is an endless file that counts what was taken of it.
type zeros struct{ n atomic.Int64 }

func (z *zeros) Read(b []byte) (int, error) {
	z.n.Add(int64(len(b)))
	return len(b), nil
}

func TestAGigabyteIsRefusedEarly(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	token := d.API("staff")
	for name, length := range map[string]int64{"announced": 1 << 30, "not announced": -1} {
		z := &zeros{}
		r, err := http.NewRequestWithContext(t.Context(), "POST", d.Server.URL+"/api/v1/attachments?name=big.bin", io.LimitReader(z, 1<<30))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		token.Sign(r)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			res.Body.Close()
			if res.StatusCode != 413 {
				t.Errorf("%s: %d", name, res.StatusCode)
			}
		} else if !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "broken pipe") {
			t.Errorf("%s: %v", name, err)
		}
		if took := z.n.Load(); took > 32<<20 {
			t.Errorf("%s: %d MB were sent before the refusal", name, took>>20)
		}
	}
	left, err := filepath.Glob(filepath.Join(d.Dir, "files", "tmp", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestAttachmentsBelongToTheirRecord(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	staff, other, eng := d.API("staff"), d.API("ren.xue"), d.API("engineer")
	up := func(c *apptest.Client, name, content string) (string, int) {
		a := c.Do("POST", "/api/v1/attachments?name="+url.QueryEscape(name), "application/octet-stream", strings.NewReader(content))
		var f struct{ ID string }
		if a.Status == 201 {
			if err := json.Unmarshal(a.Body, &f); err != nil {
				t.Fatal(err)
			}
		}
		return f.ID, a.Status
	}
	id, _ := up(staff, "../../etc/报告 1.txt", "plain text")
	if a := other.Get("/api/v1/attachments/" + id); a.Status != 404 {
		t.Errorf("somebody else's loose upload: %d", a.Status)
	}
	in := map[string]any{"description": "see file", "impact": 3, "urgency": 3, "location": "y", "attachment_ids": []string{id}}
	if a := other.JSON("POST", "/api/v1/incidents", in, nil); a.Status != 422 {
		t.Errorf("bound somebody else's upload: %d %s", a.Status, a.Text())
	}
	var i struct{ Number string }
	if a := staff.JSON("POST", "/api/v1/incidents", in, &i); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	a := eng.Get("/api/v1/attachments/" + id)
	if a.Status != 200 || a.Text() != "plain text" || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") || strings.Contains(a.Header.Get("Content-Disposition"), "..") ||
		!strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") || a.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Text())
	}
	if a := other.Get("/api/v1/attachments/" + id); a.Status != 404 {
		t.Errorf("a stranger to the ticket: %d", a.Status)
	}
	note, _ := up(eng, "log.txt", "internal log")
	if a := eng.JSON("POST", "/api/v1/incidents/"+i.Number+"/claim", nil, nil); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a := eng.JSON("POST", "/api/v1/incidents/"+i.Number+"/notes", map[string]any{"body": "log", "attachment_ids": []string{note}}, nil); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a := staff.Get("/api/v1/attachments/" + note); a.Status != 404 {
		t.Errorf("the requester reads a note's file: %d", a.Status)
	}
	if _, s := up(staff, "tool.exe", "MZ\x90\x00"+strings.Repeat("\x00", 200)+"PE\x00\x00"); s != 415 {
		t.Errorf("a program was taken: %d", s)
	}
	if _, s := up(staff, "empty", ""); s != 422 {
		t.Errorf("an empty file: %d", s)
	}
}

// TestNaughtyStrings sends what breaks software through every text field, by
// API and by form, and reads it back.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/blns.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	list = append(list, "\u202egnp.exe", "a\u0000b", strings.Repeat("很", 30000), "\ufeffbom", "line\r\nbreak", "\u200b", " \t ", "=cmd|' /C calc'!A0")
	d := apptest.New(t, apptest.Options{})
	api, eng, page := d.API("staff"), d.API("engineer"), d.Client("staff")
	var base struct{ Number string }
	api.JSON("POST", "/api/v1/incidents", map[string]any{"description": "base", "impact": 3, "urgency": 3, "location": "y"}, &base)
	if a := eng.JSON("POST", "/api/v1/incidents/"+base.Number+"/claim", nil, nil); a.Status != 200 {
		t.Fatal(a.Text())
	}
	fields := []struct {
		path, field string
		with        map[string]any
		by          *apptest.Client
	}{
		{"/api/v1/incidents", "description", map[string]any{"impact": 3, "urgency": 3, "location": "y"}, api},
		{"/api/v1/incidents", "title", map[string]any{"impact": 3, "urgency": 3, "location": "y", "description": "d"}, api},
		{"/api/v1/incidents", "location", map[string]any{"impact": 3, "urgency": 3, "description": "d"}, api},
		{"/api/v1/incidents", "device", map[string]any{"impact": 3, "urgency": 3, "description": "d", "location": "y"}, api},
		{"/api/v1/incidents/" + base.Number + "/replies", "body", nil, api},
		{"/api/v1/incidents/" + base.Number + "/notes", "body", nil, eng},
		{"/api/v1/incidents/" + base.Number + "/links", "number", map[string]any{"relation": "related"}, eng},
		{"/api/v1/incidents/" + base.Number + "/priority", "reason", map[string]any{"priority": 1}, eng},
		{"/api/v1/incident-config/categories", "name_zh", map[string]any{"name_en": "x", "active": true}, d.API("lead")},
		{"/api/v1/teams", "name_en", map[string]any{"name_zh": "组"}, d.API("admin")},
		{"/api/v1/departments", "name_zh", map[string]any{"name_en": "x"}, d.API("admin")},
		{"/api/v1/me/tokens", "name", map[string]any{"days": 1}, d.API("lead")},
	}
	for n, s := range list {
		// Every field meets every string, spread over the list: some in each
		// round, all of them over the run of fields.
		for k, f := range fields {
			if n%len(fields) != k && n%3 != 0 {
				continue
			}
			in := map[string]any{f.field: s}
			for x, v := range f.with {
				in[x] = v
			}
			var out map[string]any
			a := f.by.JSON("POST", f.path, in, &out)
			if a.Status != 200 && a.Status != 201 && a.Status != 204 && a.Status != 422 {
				t.Fatalf("%s %s = %q: %d %s", f.path, f.field, cut(s), a.Status, a.Text())
			}
			if a.Status == 201 && utf8.ValidString(s) && out[f.field] != nil && f.field != "title" && f.field != "location" && out[f.field] != s {
				t.Errorf("%s = %q came back as %q", f.field, cut(s), out[f.field])
			}
		}
		if a := page.Post("/me", url.Values{"phone": {s}, "location": {s}, "time_zone": {"Asia/Shanghai"}}); a.Status != 303 && a.Status != 422 {
			t.Fatalf("profile %q: %d", cut(s), a.Status)
		}
		if a := page.Post("/incidents", url.Values{"description": {s}, "impact": {"3"}, "urgency": {"3"}, "location": {s}, "device": {s}}); a.Status != 303 && a.Status != 422 {
			t.Fatalf("form %q: %d %s", cut(s), a.Status, a.Text())
		}
	}
	for _, path := range []string{"/my", "/", "/incidents/" + base.Number, "/inbox"} {
		a := page.Get(path)
		if a.Status != 200 {
			t.Errorf("%s: %d", path, a.Status)
		}
		for _, bad := range []string{"<script>alert", "<img src=x", "<svg><script>"} {
			if strings.Contains(a.Text(), bad) {
				t.Errorf("%s holds %s", path, bad)
			}
		}
	}
	search := d.Client("engineer")
	paths := []string{"/incidents?q=", "/palette?q=", "/people/pick?q=", "/incidents?view=all&category=", "/api/v1/directory?q="}
	for n, s := range list {
		path := paths[n%len(paths)] + url.QueryEscape(cut(s))
		if a := search.Get(path); a.Status >= 500 {
			t.Fatalf("%s: %d", path, a.Status)
		}
	}
}

func idOf(t *testing.T, d *apptest.Desk, who string) uuid.UUID {
	t.Helper()
	m, err := identity.ByUsername(t.Context(), d.Pool, who)
	if err != nil {
		t.Fatal(err)
	}
	return m[who]
}

func cut(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

func TestGuessingIsSlowedAndLocked(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	try := func(user, password string) int {
		return d.Client("").Post("/sign-in", url.Values{"username": {user}, "password": {password}}).Status
	}
	for range 5 {
		if s := try("staff", "wrong-password-1"); s != 422 {
			t.Fatal(s)
		}
	}
	if s := try("staff", apptest.Password); s != 422 {
		t.Errorf("a locked account was let in: %d", s)
	}
	if s := try("engineer", apptest.Password); s != 303 {
		t.Errorf("another account suffers: %d", s)
	}
	d.Advance(31 * time.Minute)
	if s := try("staff", apptest.Password); s != 303 {
		t.Errorf("after the lock's time: %d", s)
	}
	for n := range 45 {
		try(fmt.Sprintf("nobody-%d", n), "wrong-password-1")
	}
	if s := try("lead", apptest.Password); s != 429 {
		t.Errorf("spraying many names from one address: %d", s)
	}
}

func TestSessionsEndWhenTheyShould(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	d.SetClock(d.Desk.Now())
	c := d.Client("staff")
	if a := c.Get("/"); a.Status != 200 {
		t.Fatal(a.Status)
	}
	for range 20 { // seven hours of work
		d.Advance(21 * time.Minute)
		if a := c.Get("/"); a.Status != 200 {
			t.Fatalf("the session ended while it was used: %d", a.Status)
		}
	}
	d.Advance(70 * time.Minute)
	if a := c.Get("/"); a.Status != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
		t.Errorf("idle and over eight hours: %d", a.Status)
	}
	a, b := d.Client("staff"), d.Client("staff")
	if err := d.People.ChangePassword(d.As("staff"), people.PasswordInput{Current: apptest.Password, Password: "another-otter-4821"}, b.Session()); err != nil {
		t.Fatal(err)
	}
	if r := a.Get("/"); r.Status != 303 {
		t.Errorf("a changed password leaves other sign-ins alive: %d", r.Status)
	}
	if r := b.Get("/"); r.Status != 200 {
		t.Errorf("the sign-in that changed it ended: %d", r.Status)
	}
}

func TestRolesCountAtOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("engineer")
	if a := c.Get("/incidents"); a.Status != 200 {
		t.Fatal(a.Status)
	}
	// The database's own hand: revoking through the desk needs a second person.
	err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM role_grants WHERE role = 'L1'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := c.Get("/incidents"); a.Status != 303 {
		t.Errorf("a revoked role still works: %d", a.Status)
	}
	if _, err := d.People.Grant(d.As("security"), idOf(t, d, "engineer"), people.RoleInput{Role: identity.Lead}); err == nil {
		t.Error("one person granted a role alone")
	}
}

func TestFirstAdministratorsByLinkOnce(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Empty: true})
	link, err := d.People.SetupLink(t.Context())
	if err != nil || link == "" {
		t.Fatal(link, err)
	}
	path := strings.TrimPrefix(link, d.Server.URL)
	c := d.Client("")
	if a := c.Get(path); a.Status != 200 {
		t.Fatal(a.Status)
	}
	form := url.Values{
		"name": {"A One"}, "username": {"one"}, "password": {"velvet-otter-4821"}, "security_name": {"B Two"}, "security_username": {"two"}, "audit_name": {"C Three"}, "audit_username": {"two"},
	}
	if a := c.Post(path, form); a.Status != 422 || !strings.Contains(a.Text(), "three different people") {
		t.Errorf("two people for three posts: %d", a.Status)
	}
	form.Set("audit_username", "three")
	a := c.Post(path, form)
	if a.Status != 200 || strings.Count(a.Text(), "/reset/") != 2 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if a := c.Post(path, form); a.Status != 404 {
		t.Errorf("the link worked twice: %d", a.Status)
	}
	if a := c.Post("/sign-in", url.Values{"username": {"one"}, "password": {"velvet-otter-4821"}}); a.Status != 303 {
		t.Errorf("sign in: %d", a.Status)
	}
	if l, err := d.People.SetupLink(t.Context()); err != nil || l != "" {
		t.Errorf("another set-up is offered: %q %v", l, err)
	}
}

func TestMetricsStayAtHome(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Empty: true})
	c := d.Client("")
	if a := c.Get("/metrics"); a.Status != 200 || !strings.Contains(a.Text(), "go_goroutines") {
		t.Errorf("from this machine: %d", a.Status)
	}
	if a := c.Get("/metrics", "X-Forwarded-For", "203.0.113.9"); a.Status != 403 {
		t.Errorf("through a proxy: %d", a.Status)
	}
	d = apptest.New(t, apptest.Options{Empty: true, Vars: []string{"OPSDESK_METRICS_TOKEN=s3cret"}})
	c = d.Client("")
	if a := c.Get("/metrics"); a.Status != 403 {
		t.Errorf("without the token: %d", a.Status)
	}
	if a := c.Get("/metrics", "Authorization", "Bearer s3cret"); a.Status != 200 {
		t.Errorf("with the token: %d", a.Status)
	}
}

func TestCrossSiteWritesAreRefused(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("staff")
	form := url.Values{"description": {"x"}, "impact": {"3"}, "urgency": {"3"}, "location": {"y"}}
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if a := c.Post("/incidents", form, h...); a.Status != 403 {
			t.Errorf("%v: %d", h, a.Status)
		}
	}
	if a := c.Post("/incidents", form, "Sec-Fetch-Site", "same-origin"); a.Status != 303 {
		t.Errorf("same site: %d", a.Status)
	}
	var body strings.Builder
	m := multipart.NewWriter(&body)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if a := c.Do("POST", "/attachments", m.FormDataContentType(), strings.NewReader(body.String()), "Sec-Fetch-Site", "cross-site"); a.Status != 403 {
		t.Errorf("upload: %d", a.Status)
	}
}

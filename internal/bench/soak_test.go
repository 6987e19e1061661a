package bench_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// process is one desk process of several on one database.
type process struct {
	b    *testing.B
	bin  string
	addr string
	env  []string
	mu   sync.Mutex
	cmd  *exec.Cmd
}

// build makes the program once.
func build(b *testing.B, dir string) string {
	b.Helper()
	bin := filepath.Join(dir, "opsdesk")
	if out, err := exec.Command("go", "build", "-o", bin, "opsdesk/cmd/opsdesk").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return bin
}

func newProcess(b *testing.B, bin, url, dir string, vars ...string) *process {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p := &process{b: b, bin: bin, addr: l.Addr().String()}
	_ = l.Close()
	p.env = append(os.Environ(), append([]string{
		"OPSDESK_DATABASE_URL=" + url, "OPSDESK_DATA=" + dir, "OPSDESK_LISTEN=" + p.addr, "OPSDESK_URL=http://" + p.addr,
		"OPSDESK_DEMO_PASSWORD=" + password, "OPSDESK_LOG_LEVEL=error",
	}, vars...)...)
	b.Cleanup(p.kill)
	return p
}

// run runs a short command to its end.
func (p *process) run(args ...string) string {
	p.b.Helper()
	cmd := exec.Command(p.bin, args...)
	cmd.Env = p.env
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		p.b.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

func (p *process) start() {
	cmd := exec.Command(p.bin, "serve")
	cmd.Env = p.env
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		p.b.Error(err)
		return
	}
	p.mu.Lock()
	p.cmd = cmd
	p.mu.Unlock()
	for range 600 {
		if res, err := http.Get("http://" + p.addr + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.b.Error("not ready within 30 s")
}

// kill ends the process without a word, as a crash does.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// resident is the memory of the process in MB, now and at its highest.
func (p *process) resident() (now, peak int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0, 0
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int
		if _, err := fmt.Sscanf(s.Text(), "VmRSS: %d kB", &kb); err == nil {
			now = kb / 1024
		}
		if _, err := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kb); err == nil {
			peak = kb / 1024
		}
	}
	return now, peak
}

// stands fails the benchmark if the process has ended of its own accord, and
// says how.
func (p *process) stands() {
	p.b.Helper()
	if _, peak := p.resident(); peak > 0 { // a process that has ended has no memory
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		p.b.Errorf("a desk that nobody killed has ended: %v", p.cmd.Wait())
		p.cmd = nil
	}
}

// sink is a mail server that counts what it takes by Message-ID.
type sink struct {
	l    net.Listener
	mu   sync.Mutex
	seen map[string]int
}

func newSink(b *testing.B) *sink {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &sink{l: l, seen: map[string]int{}}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return s
}

func (s *sink) talk(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	say("220 sink")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch cmd := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(cmd, "EHLO"), strings.HasPrefix(cmd, "HELO"):
			say("250 sink")
		case cmd == "DATA":
			say("354 go on")
			id := ""
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if strings.HasPrefix(strings.ToLower(l), "message-id:") {
					id = strings.TrimSpace(l[11:])
				}
				if l == ".\r\n" {
					break
				}
			}
			s.mu.Lock()
			s.seen[id]++
			s.mu.Unlock()
			say("250 taken")
		case cmd == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// client is one person's program that never gives up: what is not acknowledged
// is repeated under its key, at whichever process answers.
type client struct {
	desks []*process
	who   string
	token string
	tell  func(wrote)       // of what was acknowledged
	acked map[string]string // key → number
	mine  []string
	calls *atomic.Int64
	fails *atomic.Int64
	// free is the newest report, for which those contend who claim; won is what
	// this client was told that it has, and beaten how often another has it.
	free   *reports
	claims bool
	won    []string
	beaten int
}

// reports is the number that was reported last, by whomever.
type reports struct {
	mu   sync.Mutex
	last string
}

func (r *reports) put(number string) {
	if r == nil {
		return // nobody claims
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = number
}

func (r *reports) get() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (c *client) call(method, path, key string, in any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(90 * time.Second)
	for n := rand.IntN(2); ; n++ {
		err := c.once(c.desks[n%len(c.desks)], method, path, key, body, out)
		c.calls.Add(1)
		if err == nil || time.Now().After(deadline) || strings.HasSuffix(path, "/claim") && conflict(err) {
			return err
		}
		c.fails.Add(1)
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *client) once(p *process, method, path, key string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+p.addr+path, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return refusal{res.StatusCode, fmt.Sprintf("%s %s: %d %.200s", method, path, res.StatusCode, b)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// refusal is an answer that is not a success.
type refusal struct {
	status int
	said   string
}

func (r refusal) Error() string { return r.said }

// conflict is true if somebody else was quicker.
func conflict(err error) bool {
	var no refusal
	return errors.As(err, &no) && (no.status == http.StatusConflict || no.status == http.StatusPreconditionFailed)
}

// claim takes the newest report, as an engineer does who sees it come in. Of
// all who try, one may be told that it is theirs.
func (c *client) claim(key string, began time.Time) error {
	number := c.free.get()
	if number == "" {
		return nil
	}
	type incident struct {
		Number  string
		Version int
		Desk    struct {
			AssigneeID *string `json:"assignee_id"`
		}
	}
	for try := range 50 {
		var seen, got incident
		if err := c.call(http.MethodGet, "/api/v1/incidents/"+number, "", nil, &seen); err != nil {
			return err
		}
		if try == 0 && seen.Desk.AssigneeID != nil {
			return nil // somebody was quicker than the look at it
		}
		err := c.call(http.MethodPost, "/api/v1/incidents/"+number+"/claim", fmt.Sprintf("%s-%d", key, try), map[string]any{"version": seen.Version}, &got)
		switch {
		case err == nil:
			c.won = append(c.won, number)
			c.tell(wrote{c.who, got.Number, got.Version, began, time.Now()})
			return nil
		case !conflict(err):
			return err
		case seen.Desk.AssigneeID != nil:
			c.beaten++
			return nil
		}
		// Somebody else claimed it or wrote to it: the next look tells.
	}
	return fmt.Errorf("%s: 50 times in conflict and still unassigned", number)
}

// work does what a desk's people do until stopped: reports, claims, answers, lists.
func (c *client) work(b *testing.B, name string, stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		key, began := fmt.Sprintf("%s-%d", name, n), time.Now()
		var made struct {
			Number  string
			Version int
		}
		var err error
		switch k := n % 6; {
		case k == 5 && c.claims:
			err = c.claim(key, began)
		case k == 0 || len(c.mine) == 0:
			err = c.call(http.MethodPost, "/api/v1/incidents", key, map[string]any{"description": "soak " + key, "impact": 3, "urgency": 3, "location": "x"}, &made)
			if err == nil {
				c.acked[key] = made.Number
				c.mine = append(c.mine, made.Number)
				c.free.put(made.Number)
			}
		case k < 3:
			err = c.call(http.MethodPost, "/api/v1/incidents/"+c.mine[len(c.mine)-1]+"/replies", key, map[string]any{"body": "reply " + key}, &made)
		default:
			err = c.call(http.MethodGet, "/api/v1/incidents?view=all&limit=20", "", nil, nil)
		}
		if err != nil {
			b.Errorf("given up after 90 s: %v", err)
			return
		}
		if made.Number != "" {
			c.tell(wrote{c.who, made.Number, made.Version, began, time.Now()})
		}
	}
}

// BenchmarkTwoProcesses keeps two desk processes on one database under mixed
// load and kills one of them every minute: nothing acknowledged is lost, no key
// has two effects, nobody is told twice, and no page that is open is left in
// silence. OPSDESK_SOAK sets how long (30m: make soak).
func BenchmarkTwoProcesses(b *testing.B) {
	if b.N > 1 {
		b.Skip("one round is enough")
	}
	long, every := 90*time.Second, 20*time.Second
	if d, err := time.ParseDuration(os.Getenv("OPSDESK_SOAK")); err == nil {
		long, every = d, time.Minute
	}
	c, dir := cluster(b, "two")
	bin := build(b, dir)
	mails := newSink(b)
	var desks []*process
	for range 2 {
		desks = append(desks, newProcess(b, bin, c.URL(), dir, "OPSDESK_SMTP_URL=smtp://"+mails.l.Addr().String(), "OPSDESK_MAIL_FROM=desk@example.com"))
	}
	desks[0].run("demo")
	for _, p := range desks {
		p.start()
	}
	watchers := watchBy(b, desks)
	var calls, fails atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var clients []*client
	free := new(reports)
	for n := range 16 {
		who := []string{"staff", "manager", "engineer", "lead"}[n%4]
		cl := &client{desks: desks, who: who, tell: watchers.acknowledged, token: strings.TrimSpace(desks[0].run("token", "create", "--user", who)), acked: map[string]string{}, calls: &calls, fails: &fails, free: free, claims: who == "engineer" || who == "lead"}
		clients = append(clients, cl)
		wg.Go(func() { cl.work(b, "c"+strconv.Itoa(n), stop) })
	}
	began, kills := time.Now(), 0
	for time.Since(began) < long {
		time.Sleep(min(every, long-time.Since(began)))
		if time.Since(began) < long {
			p := desks[kills%2]
			p.kill()
			kills++
			time.Sleep(2 * time.Second)
			p.start()
		}
	}
	close(stop)
	wg.Wait()
	watchers.settle(b)
	settled(b, c.URL(), clients, mails, kills)
	_, peakA := desks[0].resident()
	_, peakB := desks[1].resident()
	fmt.Printf("two processes, %s, %d kills: %d calls, %d repeated; peak memory %d and %d MB\n", long, kills, calls.Load(), fails.Load(), peakA, peakB)
	for _, p := range desks {
		p.stands()
	}
}

// settled repeats every acknowledged key and looks for what was doubled.
func settled(b *testing.B, url string, clients []*client, mails *sink, kills int) {
	b.Helper()
	numbers := map[string]string{}
	for _, c := range clients {
		for key, want := range c.acked {
			var got struct{ Number string }
			err := c.call(http.MethodPost, "/api/v1/incidents", key, map[string]any{"description": "soak " + key, "impact": 3, "urgency": 3, "location": "x"}, &got)
			if err != nil || got.Number != want {
				b.Errorf("%s was acknowledged as %s and is %q: %v", key, want, got.Number, err)
			}
			if other := numbers[want]; other != "" && other != key {
				b.Errorf("%s and %s are both %s", key, other, want)
			}
			numbers[want] = key
		}
	}
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	count := func(sql string) (n int) {
		if err := conn.QueryRow(b.Context(), sql).Scan(&n); err != nil {
			b.Errorf("%s: %v", sql, err)
		}
		return n
	}
	if n := count(`SELECT count(*) FROM incidents WHERE description LIKE 'soak %'`); n != len(numbers) {
		b.Errorf("%d incidents for %d keys", n, len(numbers))
	}
	if n := count(`SELECT count(*) FROM (SELECT 1 FROM comments WHERE body LIKE 'reply %' GROUP BY record_id, body HAVING count(*) > 1) x`); n > 0 {
		b.Errorf("%d replies stand twice", n)
	}
	// What two people were told is theirs is lost for one of them.
	owner, claims, beaten := map[string]string{}, 0, 0
	for _, c := range clients {
		beaten += c.beaten
		for _, number := range c.won {
			claims++
			if other := owner[number]; other != "" && other != c.who {
				b.Errorf("%s was claimed by %s and by %s", number, other, c.who)
			}
			owner[number] = c.who
		}
	}
	rows, err := conn.Query(b.Context(), `SELECT 'INC-' || lpad(i.number::text, 6, '0'), p.username FROM incidents i JOIN people p ON p.id = i.assignee_id WHERE i.description LIKE 'soak %'`)
	if err != nil {
		b.Fatal(err)
	}
	has := map[string]string{}
	var number, who string
	if _, err := pgx.ForEachRow(rows, []any{&number, &who}, func() error { has[number] = who; return nil }); err != nil {
		b.Fatal(err)
	}
	for number, who := range owner {
		if has[number] != who {
			b.Errorf("%s was acknowledged as claimed by %s and has %q", number, who, has[number])
		}
	}
	fmt.Printf("%d claims acknowledged, all stand; %d told that another was quicker\n", claims, beaten)
	// Jobs that a kill interrupted are rescued; the queue must run dry.
	for range 240 {
		if count(`SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable') AND (kind LIKE 'on:%' OR kind LIKE 'notify.%')`) == 0 {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	if n := count(`SELECT count(*) FROM (SELECT 1 FROM notifications GROUP BY person_id, event_id HAVING count(*) > 1) x`); n > 0 {
		b.Errorf("%d notifications stand twice", n)
	}
	mails.mu.Lock()
	defer mails.mu.Unlock()
	twice := 0
	for _, n := range mails.seen {
		twice += n - 1
	}
	// A process killed between the mail server's word and its own note sends the
	// same message, with the same Message-ID, once more: SMTP has no transaction.
	if twice > kills {
		b.Errorf("%d mails were sent twice after %d kills", twice, kills)
	}
	fmt.Printf("%d incidents acknowledged, none lost, none doubled; %d mails, %d repeated under their own Message-ID\n", len(numbers), len(mails.seen), twice)
}

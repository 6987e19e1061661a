package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"opsdesk/internal/platform/pgembed"
)

var built struct {
	sync.Once
	path string
	err  error
}

// binary builds the program once per test run.
func binary(t *testing.T) string {
	t.Helper()
	if _, err := pgembed.Programs(""); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED, the process is not tested: " + err.Error())
	}
	built.Do(func() {
		dir, err := os.MkdirTemp("", "opsdesk-bin-") //nolint:usetesting // it serves every test of the run
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "opsdesk")
		out, err := exec.Command("go", "build", "-o", built.path, ".").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// machine is a data folder and the desk that runs on it.
type machine struct {
	t    *testing.T
	bin  string
	dir  string
	addr string
	env  []string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	// A folder that the database's user may enter, unlike t.TempDir of root.
	dir, err := os.MkdirTemp("/dev/shm", "opsdesk-proc-") //nolint:usetesting // its parents must let the server's user pass
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, bin: binary(t), dir: dir, addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	m.env = append(os.Environ(), "OPSDESK_DATA="+dir, "OPSDESK_LISTEN="+m.addr, "OPSDESK_DEMO_PASSWORD=velvet-otter-4821", "OPSDESK_LOG_LEVEL=warn", "OPSDESK_DATABASE_URL=")
	t.Cleanup(func() {
		if m.cmd != nil && m.cmd.Process != nil {
			_ = m.cmd.Process.Signal(syscall.SIGTERM)
			_ = m.cmd.Wait()
		}
		if pid := m.postmaster(); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if t.Failed() {
			t.Logf("%s", m.log.String())
		}
		_ = os.RemoveAll(dir)
	})
	return m
}

// run runs a short command and returns what it printed.
func (m *machine) run(args ...string) (string, error) {
	cmd := exec.Command(m.bin, args...)
	cmd.Env = m.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%v: %w: %s", args, err, errs.String())
	}
	return out.String(), err
}

func (m *machine) start(args ...string) {
	m.t.Helper()
	m.cmd = exec.Command(m.bin, args...)
	m.cmd.Env = m.env
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.ready()
}

func (m *machine) ready() {
	m.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		res, err := http.Get("http://" + m.addr + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	m.t.Fatalf("not ready within a minute: %s", m.log.String())
}

func (m *machine) postmaster() int {
	b, err := os.ReadFile(filepath.Join(m.dir, "pg", "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	n, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	return n
}

// report posts one incident under a key and returns its number, or an error
// where nothing was acknowledged.
func (m *machine) report(token, key string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	body := fmt.Sprintf(`{"description":"load %s","impact":3,"urgency":3,"location":"x"}`, key)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.addr+"/api/v1/incidents", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var out struct{ Number string }
	if err := json.Unmarshal(b, &out); err != nil || res.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%d %s", res.StatusCode, b)
	}
	return out.Number, nil
}

// fullLoad is how many reports were acknowledged before something is killed: on
// a slow machine that takes a while.
const fullLoad = 60

// load reports from eight clients until stopped; it returns what was
// acknowledged, and the keys that were not. full is closed at full load.
func (m *machine) load(token, name string, stop <-chan struct{}, full chan<- struct{}) (acked map[string]string, open []string) {
	acked = map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("%s-%d-%d", name, c, n)
				number, err := m.report(token, key)
				mu.Lock()
				if err == nil {
					if acked[key] = number; len(acked) == fullLoad {
						close(full)
					}
				} else {
					open = append(open, key)
				}
				mu.Unlock()
				if err != nil {
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	return acked, open
}

func (m *machine) await(full <-chan struct{}) {
	m.t.Helper()
	select {
	case <-full:
	case <-time.After(time.Minute):
		m.t.Fatal("the desk is not under load after a minute")
	}
}

// settle repeats every key, and checks that each stands for one incident, the
// acknowledged ones for the same as before.
func (m *machine) settle(token, name string, acked map[string]string, open []string) {
	m.t.Helper()
	numbers := map[string]string{}
	for key, want := range acked {
		got, err := m.report(token, key)
		if err != nil || got != want {
			m.t.Errorf("%s was acknowledged as %s, and is %q now: %v", key, want, got, err)
		}
		numbers[got] = key
	}
	for _, key := range open {
		got, err := m.report(token, key)
		if err != nil {
			m.t.Errorf("%s: %v", key, err)
		}
		if other, taken := numbers[got]; taken && other != key {
			m.t.Errorf("%s and %s are both %s", key, other, got)
		}
		numbers[got] = key
	}
	var list struct{ Count int }
	r, err := http.NewRequest(http.MethodGet, "http://"+m.addr+"/api/v1/incidents?view=all&q=load+"+name, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		m.t.Fatal(err)
	}
	if want := min(len(numbers), 10001); list.Count != want {
		m.t.Errorf("%d incidents for %d keys", list.Count, want)
	}
}

// TestKillNine kills the desk, and then the database under it, in full load.
func TestKillNine(t *testing.T) {
	m := newMachine(t)
	m.start("demo", "--serve")
	out, err := m.run("token", "create", "--user", "staff")
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(out)

	stop, full := make(chan struct{}), make(chan struct{})
	var acked map[string]string
	var open []string
	var wg sync.WaitGroup
	wg.Go(func() { acked, open = m.load(token, "desk", stop, full) })
	m.await(full)
	if err := m.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = m.cmd.Wait()
	close(stop)
	wg.Wait()
	if len(acked) < fullLoad || len(open) == 0 {
		t.Fatalf("%d acknowledged, %d open: the kill did not meet the load", len(acked), len(open))
	}
	m.start("serve")
	m.settle(token, "desk", acked, open)

	stop, full = make(chan struct{}), make(chan struct{})
	wg.Go(func() { acked, open = m.load(token, "database", stop, full) })
	m.await(full)
	pid := m.postmaster()
	if pid == 0 {
		t.Fatal("no postmaster")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	m.ready() // back by itself
	close(stop)
	wg.Wait()
	if len(acked) < fullLoad || len(open) == 0 {
		t.Fatalf("%d acknowledged, %d open: the kill did not meet the load", len(acked), len(open))
	}
	m.settle(token, "database", acked, open)

	if out, err := m.run("trail", "verify"); err != nil || !strings.Contains(out, "as they were sealed") {
		t.Errorf("%v %s", err, out)
	}
}

// TestBackupAndRestore moves a desk to another folder.
func TestBackupAndRestore(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	if _, err := a.run("demo"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.tar.gz")
	if _, err := a.run("backup", file); err != nil {
		t.Fatal(err)
	}
	if _, err := a.run("backup", file); err == nil {
		t.Error("a backup was overwritten")
	}
	if _, err := b.run("restore", file); err != nil {
		t.Fatal(err)
	}
	out, err := b.run("trail", "verify")
	if err != nil || !strings.Contains(out, "as they were sealed") {
		t.Errorf("%v %s", err, out)
	}
	if _, err := b.run("restore", file); err == nil {
		t.Error("restored over a desk that is in use")
	}
	// The restored desk goes on: new acts are sealed after the old ones.
	b.start("serve")
	out, err = b.run("token", "create", "--user", "staff")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.report(strings.TrimSpace(out), "after"); err != nil {
		t.Error(err)
	}
	if out, err := b.run("trail", "verify"); err != nil || !strings.Contains(out, "; 0 wait") {
		t.Errorf("%v %s", err, out)
	}
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, x := range map[string]struct {
		args, vars []string
		want       string
	}{
		"bad environment": {[]string{"serve"}, []string{"OPSDESK_LISTEN=nowhere"}, "OPSDESK_LISTEN"},
		"no such command": {[]string{"sevre"}, nil, "sevre"},
		"no such file":    {[]string{"import", "incidents", "/nowhere.csv"}, nil, "/nowhere.csv"},
		"no server":       {[]string{"serve"}, []string{"OPSDESK_POSTGRES_BIN=/nowhere", "OPSDESK_DATA=" + t.TempDir()}, "apt"},
	} {
		var out, errs bytes.Buffer
		err := run(ctx, x.args, x.vars, &out, &errs)
		if err == nil || !strings.Contains(err.Error()+errs.String(), x.want) && name != "no server" {
			t.Errorf("%s: %v", name, err)
		}
		if name == "no server" && !errors.Is(err, pgembed.ErrNoServer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"migrate", "--help"}, {"demo", "--help"}, {"import", "incidents", "--help"}, {"token", "create", "--help"}, {"trail", "verify", "--help"}, {"backup", "--help"}, {"restore", "--help"}, {"doctor", "--help"}, {"version"}} {
		var out, errs bytes.Buffer
		if err := run(ctx, args, nil, &out, &errs); err != nil || out.Len() == 0 {
			t.Errorf("%v: %v %q", args, err, out.String())
		}
	}
}

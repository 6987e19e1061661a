package pgembed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/pgembed"
)

func start(t *testing.T, dir string) *pgembed.Cluster {
	t.Helper()
	c, err := pgembed.Start(t.Context(), pgembed.Options{Dir: dir})
	if errors.Is(err, pgembed.ErrNoServer) && os.Getenv("CI") == "" {
		t.Skip("SKIPPED: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// folder is a place that the server's user may enter, unlike t.TempDir of root.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "pgembed-") //nolint:usetesting // its parents must let the server's user pass
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	var last error
	for range 100 {
		c, err := pgx.Connect(t.Context(), url)
		if err != nil {
			last = err
			time.Sleep(100 * time.Millisecond) // the server is on its way back
			continue
		}
		defer c.Close(context.Background())
		var s string
		if err := c.QueryRow(t.Context(), sql).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatal(last)
	return ""
}

func pid(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLife(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), strings.Repeat("deep", 30)) // also: a socket path that would be too long
	c := start(t, dir)
	for setting, want := range map[string]string{"data_checksums": "on", "synchronous_commit": "on", "fsync": "on", "listen_addresses": "", "lc_ctype": "C.UTF-8"} {
		got := query(t, c.URL(), "SELECT coalesce((SELECT datctype FROM pg_database WHERE datname = 'opsdesk' AND '"+setting+"' = 'lc_ctype'), current_setting('"+setting+"', true))")
		if got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if os.Getuid() == 0 {
		var st syscall.Stat_t
		if err := syscall.Stat(filepath.Join(dir, "data"), &st); err != nil || st.Uid == 0 {
			t.Errorf("the cluster is root's (%v)", err)
		}
	}

	if _, err := pgembed.Start(t.Context(), pgembed.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another desk") {
		t.Errorf("a second desk on the folder: %v", err)
	}

	query(t, c.URL(), "SELECT ''||pg_catalog.set_config('x.y','1',false)")
	conn, err := pgx.Connect(t.Context(), c.URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (v text); INSERT INTO kept VALUES ('here')"); err != nil {
		t.Fatal(err)
	}
	first := pid(t, dir)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // the supervisor looks twice a second
	if got := query(t, c.URL(), "SELECT v FROM kept"); got != "here" {
		t.Errorf("after a crash: %q", got)
	}
	if pid(t, dir) == first {
		t.Error("the server was not started again")
	}

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c = start(t, dir)
	t.Logf("started an existing cluster in %s", time.Since(began))
	if got := query(t, c.URL(), "SELECT v FROM kept"); got != "here" {
		t.Errorf("after a restart: %q", got)
	}
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// Package dbtest gives each test a real database. New clones a migrated
// template; Tx opens a transaction of a shared database and rolls it back.
//
// The server is OPSDESK_TEST_DATABASE_URL, or else a throw-away cluster that
// all test packages of the machine share.
package dbtest

import (
	"context"
	"crypto/sha256"
	_ "embed" // guard.sql
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/pgembed"
	"opsdesk/migrations"
)

// URL is the address of the test server, started when needed. Without server
// programs the test is skipped, but never in CI.
func URL(tb testing.TB) string {
	tb.Helper()
	if u := os.Getenv("OPSDESK_TEST_DATABASE_URL"); u != "" {
		return u
	}
	server.Do(func() { server.url, server.err = startServer() })
	if errors.Is(server.err, pgembed.ErrNoServer) && os.Getenv("CI") == "" {
		tb.Skip("SKIPPED, the database is not tested: " + server.err.Error())
	}
	if server.err != nil {
		tb.Fatal(server.err)
	}
	return server.url
}

var server struct {
	sync.Once
	url string
	err error
}

// startServer starts or adopts the shared cluster, one test process at a time.
func startServer() (string, error) {
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, fmt.Sprintf("opsdesk-test-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "start.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	c, err := pgembed.Start(context.Background(), pgembed.Options{Dir: dir, Unsafe: true, Shared: true})
	if err != nil {
		return "", err
	}
	return c.AdminURL(), nil
}

// NewURL returns the address of a fresh migrated database; it is dropped after
// the test unless the test failed.
func NewURL(tb testing.TB) string {
	tb.Helper()
	base := URL(tb)
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, base)
	if err != nil {
		tb.Fatal(err)
	}
	defer admin.Close(ctx)
	tpl, err := template(ctx, admin, base)
	if err != nil {
		tb.Fatal(err)
	}
	name := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+tpl+" STRATEGY FILE_COPY"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("database kept: %s", name)
			return
		}
		c, err := pgx.Connect(ctx, base)
		if err != nil {
			tb.Error(err)
			return
		}
		defer c.Close(ctx)
		if _, err := c.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	return at(base, name)
}

// SchemaURL is NewURL with the schema alone, for tests of the schema itself:
// other databases are guarded (guard.sql).
func SchemaURL(tb testing.TB) string {
	tb.Helper()
	u := NewURL(tb)
	if err := on(context.Background(), u, "DROP FUNCTION guard_register CASCADE"); err != nil {
		tb.Fatal(err)
	}
	return u
}

// New returns a pool on a fresh migrated database: for tests that commit, or
// need several connections.
func New(tb testing.TB) *db.Pool {
	tb.Helper()
	pool, err := db.Open(context.Background(), NewURL(tb), 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

var shared struct {
	sync.Once
	pool *pgxpool.Pool
	err  error
}

// Tx returns one transaction of a shared database, rolled back after the test.
// It is the default.
func Tx(tb testing.TB) *db.Pool {
	tb.Helper()
	base := URL(tb)
	ctx := context.Background()
	shared.Do(func() { shared.pool, shared.err = openShared(ctx, base) })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	t, err := shared.pool.Begin(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = t.Rollback(ctx) }) // the connection may be gone with the test's own fault
	return db.Within(t)
}

// openShared clones the template once per test process. Databases of earlier
// processes are dropped on the way.
func openShared(ctx context.Context, base string) (*pgxpool.Pool, error) {
	admin, err := pgx.Connect(ctx, base)
	if err != nil {
		return nil, err
	}
	defer admin.Close(ctx)
	tpl, err := template(ctx, admin, base)
	if err != nil {
		return nil, err
	}
	dropOld(ctx, admin)
	name := fmt.Sprintf("s_%d_%s", os.Getpid(), tpl[4:])
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+tpl); err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(at(base, name))
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = 16
	return pgxpool.NewWithConfig(ctx, cfg)
}

// dropOld removes shared databases whose process is gone. It is tidying: what
// fails is left for the next run.
func dropOld(ctx context.Context, c *pgx.Conn) {
	rows, _ := c.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 's\_%' LIMIT 50`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	for _, n := range names {
		var pid int
		if _, err := fmt.Sscanf(n, "s_%d_", &pid); err == nil && syscall.Kill(pid, 0) != nil {
			_, _ = c.Exec(ctx, "DROP DATABASE IF EXISTS "+n+" WITH (FORCE)")
		}
	}
}

func at(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}

// guard is what tests are held to beyond the schema.
//
//go:embed guard.sql
var guard string

// on runs statements on the database at an address.
func on(ctx context.Context, address, sql string) error {
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, sql)
	return err
}

func template(ctx context.Context, c *pgx.Conn, base string) (string, error) {
	h := sha256.New()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b, err := fs.ReadFile(migrations.FS, f)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", f, len(b), b)
	}
	fmt.Fprint(h, guard)
	name := fmt.Sprintf("tpl_%x", h.Sum(nil)[:8])
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(7140)"); err != nil {
		return "", err
	}
	defer func() { _, _ = c.Exec(ctx, "SELECT pg_advisory_unlock(7140)") }() // ends with the connection otherwise
	var there bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
		return name, err
	}
	tmp := name + "_new"
	if _, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+tmp+" WITH (FORCE)"); err != nil {
		return "", err
	}
	if _, err := c.Exec(ctx, "CREATE DATABASE "+tmp); err != nil {
		return "", err
	}
	if err := migrate.Up(at(base, tmp)); err != nil {
		return "", err
	}
	if err := on(ctx, at(base, tmp), guard); err != nil {
		return "", err
	}
	_, err = c.Exec(ctx, "ALTER DATABASE "+tmp+" RENAME TO "+name)
	return name, err
}

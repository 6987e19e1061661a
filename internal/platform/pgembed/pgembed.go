// Package pgembed runs the real PostgreSQL server as the desk's embedded
// cluster: started and stopped with the desk, on a private socket, as an
// ordinary user even when the desk runs as root. It takes over a server that
// outlived a killed desk and restarts one that died under it.
package pgembed

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say where the cluster lives.
type Options struct {
	Dir    string // holds the cluster, its password and its log
	BinDir string // folder of the server programs; empty: look for them
	Log    *slog.Logger
	// Unsafe gives up durability for speed: throw-away clusters of tests only.
	Unsafe bool
	// Shared lets several processes use the cluster at once (tests); otherwise
	// a second desk on the same folder is refused.
	Shared bool
}

// Cluster is a running server.
type Cluster struct {
	o        Options
	bin      string
	version  int
	cred     *syscall.Credential // nil: run as ourselves
	uid, gid int
	sock     string
	lock     *os.File
	stop     chan struct{}
	stopped  sync.WaitGroup
}

const superuser = "postgres"

// ErrInUse says that a running desk holds the cluster. Short commands then use
// the running server (Options.Shared).
var ErrInUse = errors.New("another desk already uses")

// BinDir is the folder of the server programs in use.
func (c *Cluster) BinDir() string { return c.bin }

// Programs finds the folder with the newest server programs; "" as override
// looks for them.
func Programs(override string) (string, error) {
	dir, _, err := programs(override)
	return dir, err
}

// Start brings the cluster up: creates it when it is new, adopts it when it
// still runs, recovers it when it crashed.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	bin, version, err := programs(o.BinDir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{o: o, bin: bin, version: version, uid: os.Getuid(), gid: os.Getgid(), stop: make(chan struct{})}
	if err := c.chooseUser(); err != nil {
		return nil, err
	}
	if err := c.makeDirs(); err != nil {
		return nil, err
	}
	if err := c.takeLock(); err != nil {
		return nil, err
	}
	if err := c.up(ctx); err != nil {
		c.release()
		return nil, err
	}
	if !o.Shared {
		c.stopped.Add(1)
		go c.supervise(ctx)
	}
	return c, nil
}

// chooseUser picks who the server runs as: PostgreSQL refuses to run as root.
func (c *Cluster) chooseUser() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		c.uid, c.gid = uid, gid
		c.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return nil
	}
	return errors.New("the desk runs as root and PostgreSQL refuses to: no user \"postgres\" or \"nobody\" exists to run it as")
}

func (c *Cluster) data() string     { return filepath.Join(c.o.Dir, "data") }
func (c *Cluster) logFile() string  { return filepath.Join(c.o.Dir, "server.log") }
func (c *Cluster) passFile() string { return filepath.Join(c.o.Dir, "password") }

// makeDirs creates the folders, owned by the server's user. The socket's path
// must stay under about 107 bytes, so a deep folder gets a socket elsewhere.
func (c *Cluster) makeDirs() error {
	if err := os.MkdirAll(c.o.Dir, 0o755); err != nil {
		return err
	}
	c.sock = filepath.Join(c.o.Dir, "socket")
	if len(c.sock) > 80 {
		sum := sha256.Sum256([]byte(c.o.Dir))
		c.sock = filepath.Join(os.TempDir(), "opsdesk-"+hex.EncodeToString(sum[:6]))
	}
	if err := os.MkdirAll(c.sock, 0o700); err != nil {
		return err
	}
	if c.cred == nil {
		return nil
	}
	for _, d := range []string{c.o.Dir, c.sock} {
		if err := os.Chown(d, c.uid, c.gid); err != nil {
			return err
		}
	}
	// Every folder above must let the server's user pass.
	for p := filepath.Dir(c.o.Dir); p != "/" && p != "."; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil {
			return err
		}
		sys, ok := st.Sys().(*syscall.Stat_t)
		if ok && st.Mode().Perm()&0o001 == 0 && int(sys.Uid) != c.uid {
			return fmt.Errorf("the database runs as user id %d, who may not enter %s: move OPSDESK_DATA to a folder that every user may pass through (chmod o+x %s also does), or run the desk as an ordinary user", c.uid, p, p)
		}
	}
	return nil
}

// takeLock refuses a second desk on one folder. The lock dies with the process.
func (c *Cluster) takeLock() error {
	if c.o.Shared {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(c.o.Dir, "desk.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return fmt.Errorf("%w %s; stop it, or give this one another OPSDESK_DATA", ErrInUse, c.o.Dir)
	}
	c.lock = f
	return nil
}

func (c *Cluster) release() {
	if c.lock != nil {
		_ = c.lock.Close()
	}
}

func (c *Cluster) up(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); errors.Is(err, os.ErrNotExist) {
		if err := c.create(ctx); err != nil {
			return fmt.Errorf("create the database cluster: %w", err)
		}
	}
	made, err := clusterVersion(c.data())
	if err != nil {
		return err
	}
	if made != c.version {
		return fmt.Errorf("the cluster in %s was made by PostgreSQL %d, and version %d is installed: install %d, or move the data with pg_upgrade", c.data(), made, c.version, made)
	}
	if c.alive(ctx) { // it outlived a killed desk: same server, nothing lost
		return c.ensureDatabase(ctx)
	}
	if err := c.launch(ctx); err != nil {
		return err
	}
	return c.ensureDatabase(ctx)
}

// create makes the cluster in a temporary folder first, so that one that was
// interrupted half-way is never mistaken for a cluster.
func (c *Cluster) create(ctx context.Context) error {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	pass := hex.EncodeToString(b[:])
	if err := os.WriteFile(c.passFile(), []byte(pass+"\n"), 0o600); err != nil {
		return err
	}
	if c.cred != nil {
		if err := os.Chown(c.passFile(), c.uid, c.gid); err != nil {
			return err
		}
	}
	tmp := c.data() + ".new"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	args := []string{
		"-D", tmp, "-U", superuser, "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth-local=scram-sha-256", "--auth-host=reject",
		"--pwfile=" + c.passFile(),
	}
	if c.o.Unsafe {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, "initdb", args...); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(tmp, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, werr := f.WriteString(settings(c.o.Unsafe))
	if err := errors.Join(werr, f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, c.data())
}

// settings are those of a small machine with one application; acknowledged
// writes survive a crash only with synchronous_commit=on.
func settings(unsafe bool) string {
	s := `
# Opsdesk
listen_addresses = ''
max_connections = 60
shared_buffers = 192MB
effective_cache_size = 1GB
maintenance_work_mem = 96MB
random_page_cost = 1.1
max_wal_size = 2GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_compression = lz4
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
log_min_duration_statement = 2s
`
	if unsafe {
		return s + "max_connections = 200\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
	}
	return s + "fsync = on\nsynchronous_commit = on\n"
}

func (c *Cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
	cmd.Dir = c.o.Dir
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "TZ=UTC"}
	// A group of its own: a Ctrl-C at the terminal stops the desk, and the desk
	// stops the server in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred, Setpgid: true}
	return cmd
}

func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	var out strings.Builder
	cmd := c.command(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, tail(out.String(), 400))
	}
	return nil
}

// launch starts the server and waits until it answers.
func (c *Cluster) launch(ctx context.Context) error {
	logf, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logf.Close()
	cmd := c.command(context.WithoutCancel(ctx), "postgres", "-D", c.data(), "-k", c.sock)
	cmd.Stdout, cmd.Stderr = logf, logf
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }() // reaps the server whenever it ends
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for {
		if c.alive(ctx) {
			return nil
		}
		select {
		case err := <-exited:
			return fmt.Errorf("postgres ended at once (%w): %s", errOr(err), tail(readTail(c.logFile()), 600))
		case <-deadline.C:
			return fmt.Errorf("postgres did not answer within a minute: %s", tail(readTail(c.logFile()), 600))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(15 * time.Millisecond):
		}
	}
}

func errOr(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func (c *Cluster) url(database string) string {
	pass, _ := os.ReadFile(c.passFile()) // a wrong password is reported by the server
	q := url.Values{"host": {c.sock}, "sslmode": {"disable"}}
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(superuser, strings.TrimSpace(string(pass))), Host: "", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// URL is the address of the desk's database.
func (c *Cluster) URL() string { return c.url("opsdesk") }

// AdminURL is the address of the maintenance database.
func (c *Cluster) AdminURL() string { return c.url("postgres") }

// Version is the server's major version.
func (c *Cluster) Version() int { return c.version }

func (c *Cluster) alive(ctx context.Context) bool {
	if _, err := os.Stat(filepath.Join(c.sock, ".s.PGSQL.5432")); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.AdminURL())
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

func (c *Cluster) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminURL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'opsdesk')`).Scan(&there); err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE opsdesk`)
	return err
}

// supervise restarts a server that died; PostgreSQL then recovers every
// acknowledged write from its log.
func (c *Cluster) supervise(ctx context.Context) {
	defer c.stopped.Done()
	for {
		select {
		case <-c.stop:
			return
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
		if c.running() {
			continue
		}
		c.o.Log.Warn("the database server has died and is started again")
		if err := c.launch(ctx); err != nil {
			c.o.Log.Error("the database server did not start", "err", err)
		}
	}
}

// running reports whether the postmaster's process exists.
func (c *Cluster) running() bool {
	pid := c.pid()
	return pid > 0 && syscall.Kill(pid, 0) == nil
}

func (c *Cluster) pid() int {
	b, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return n
}

// Stop ends the server in order (fast shutdown) and waits for it. A shared
// cluster is left running.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.o.Shared {
		return nil
	}
	close(c.stop)
	c.stopped.Wait()
	defer c.release()
	pid := c.pid()
	if pid == 0 || syscall.Kill(pid, syscall.SIGINT) != nil {
		return nil
	}
	for syscall.Kill(pid, 0) == nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres is still stopping: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func readTail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func tail(s string, n int) string {
	s = strings.TrimSpace(s)
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return s
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/config"
	"opsdesk/internal/platform/log"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/pgembed"
	"opsdesk/internal/trail"
)

type doctorCmd struct{}

// doctor collects what was checked.
type doctor struct {
	e   *env
	bad int
}

func (d *doctor) ok(what, format string, args ...any) {
	d.e.say("ok    %-12s %s", what, fmt.Sprintf(format, args...))
}

// wrong reports something and how to mend it.
func (d *doctor) wrong(what, problem, mend string) {
	d.bad++
	d.e.say("WRONG %-12s %s\n      %-12s → %s", what, problem, "", mend)
}

func (d *doctor) note(what, text string) { d.e.say("note  %-12s %s", what, text) }

// Run checks everything it can, even when some of it fails.
func (doctorCmd) Run(e *env) error {
	d := &doctor{e: e}
	c, err := e.config()
	if err != nil {
		d.wrong("settings", err.Error(), "see docs/configuration.md")
		return errors.New("the settings must be mended first")
	}
	d.ok("settings", "the desk is at %s", c.URL)
	d.disk(c)
	d.trail(c)
	if c.SMTPURL == "" {
		d.note("mail", "no OPSDESK_SMTP_URL: mails are kept in the outbox and not sent")
	} else {
		d.ok("mail", "a mail server is set")
	}
	if !c.Secure() {
		d.note("https", "OPSDESK_URL is not https: fine on this machine, not for a company")
	}
	url, cluster, err := database(context.WithoutCancel(e.ctx), c, log.New(e.stderr, "error", "text"), true)
	switch {
	case errors.Is(err, pgembed.ErrNoServer):
		d.wrong("database", "no PostgreSQL server programs", "apt-get install postgresql, or set OPSDESK_DATABASE_URL")
	case err != nil:
		d.wrong("database", err.Error(), "read the message; the server's log is in OPSDESK_DATA/pg/server.log")
	default:
		d.database(url, c)
		if err := (&opened{cluster: cluster}).stopDatabase(); err != nil {
			return err
		}
	}
	if d.bad > 0 {
		return fmt.Errorf("%d checks failed", d.bad)
	}
	return nil
}

func (d *doctor) disk(c config.Config) {
	if err := os.MkdirAll(c.Data, 0o755); err != nil {
		d.wrong("data folder", err.Error(), "make it, or set OPSDESK_DATA to a folder that can be written")
		return
	}
	f, err := os.CreateTemp(c.Data, "doctor")
	if err != nil {
		d.wrong("data folder", err.Error(), "let the desk's user write to "+c.Data)
		return
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		d.wrong("data folder", err.Error(), "look at the folder "+c.Data)
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(c.Data, &st); err != nil {
		d.wrong("disk", err.Error(), "look at the file system of "+c.Data)
		return
	}
	free := int64(st.Bavail) * st.Bsize //nolint:unconvert // its type differs between systems
	if free < 1<<30 {
		d.wrong("disk", fmt.Sprintf("%d MB free in %s", free>>20, c.Data), "make room: PostgreSQL stops when the disk is full")
		return
	}
	d.ok("disk", "%d GB free in %s", free>>30, c.Data)
}

func (d *doctor) trail(c config.Config) {
	if !trail.Exists(c.TrailDir) {
		d.note("trail", "no log yet in "+c.TrailDir+"; it begins with the first start")
		return
	}
	d.ok("trail", "the log is in %s", c.TrailDir)
}

func (d *doctor) database(url string, c config.Config) {
	ctx, cancel := context.WithTimeout(d.e.ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		d.wrong("database", err.Error(), "check OPSDESK_DATABASE_URL: host, port, user, password and database name")
		return
	}
	defer conn.Close(ctx)
	var version int
	var encoding, ctype, commit, checksums string
	var now time.Time
	var connections int32
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding), datctype, current_setting('synchronous_commit'),
		current_setting('data_checksums'), clock_timestamp(), current_setting('max_connections')::int FROM pg_database WHERE datname = current_database()`).
		Scan(&version, &encoding, &ctype, &commit, &checksums, &now, &connections)
	if err != nil {
		d.wrong("database", err.Error(), "the desk's user must be able to read the settings")
		return
	}
	if version < pgembed.MinVersion*10000 {
		d.wrong("version", fmt.Sprintf("PostgreSQL %d", version/10000), fmt.Sprintf("use version %d or newer", pgembed.MinVersion))
	} else {
		d.ok("version", "PostgreSQL %d.%d", version/10000, version%10000)
	}
	d.locale(encoding, ctype)
	if commit != "on" && commit != "remote_apply" {
		d.wrong("durability", "synchronous_commit is "+commit, "ALTER DATABASE … SET synchronous_commit = on: otherwise a crash loses acknowledged work")
	} else {
		d.ok("durability", "synchronous_commit is %s", commit)
	}
	if checksums != "on" {
		d.note("checksums", "data checksums are off: a failing disk is noticed later (pg_checksums --enable)")
	}
	if skew := time.Until(now).Abs(); skew > 2*time.Second {
		d.wrong("clock", fmt.Sprintf("this machine and the database differ by %s", skew.Round(time.Second)), "set both by NTP: times in the trail must be true")
	} else {
		d.ok("clock", "agrees with the database")
	}
	if connections < c.Connections+5 {
		d.wrong("connections", fmt.Sprintf("the server allows %d, the desk may open %d", connections, c.Connections), "lower OPSDESK_DATABASE_CONNECTIONS or raise max_connections")
	}
	d.ok("extensions", "none are needed")
	d.schema(url)
}

func (d *doctor) locale(encoding, ctype string) {
	switch {
	case encoding != "UTF8":
		d.wrong("locale", "the database's encoding is "+encoding, "make the database with ENCODING 'UTF8' TEMPLATE template0")
	case ctype == "C" || ctype == "POSIX":
		d.wrong("locale", "the character type is "+ctype+": letters other than A–Z are not known as letters", "make the database with LC_CTYPE 'C.UTF-8' TEMPLATE template0")
	default:
		d.ok("locale", "%s, %s", encoding, ctype)
	}
}

func (d *doctor) schema(url string) {
	s, err := migrate.Read(url)
	switch {
	case err != nil:
		d.wrong("migrations", err.Error(), "the desk's user must own the database")
	case s.Dirty:
		d.wrong("migrations", fmt.Sprintf("migration %d failed half-way", s.Version), "mend its cause, then run \"opsdesk migrate repair\" and \"opsdesk migrate\"")
	case s.Pending() > 0:
		d.note("migrations", fmt.Sprintf("%d to apply; the next start does it, or \"opsdesk migrate\"", s.Pending()))
	case s.Version > s.Latest:
		d.note("migrations", fmt.Sprintf("the database is newer (%d) than this program (%d)", s.Version, s.Latest))
	default:
		d.ok("migrations", "schema %d, nothing to apply", s.Version)
	}
}

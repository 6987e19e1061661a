package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/log"
	"opsdesk/internal/platform/migrate"
	"opsdesk/internal/platform/pgembed"
)

type backupCmd struct {
	File string `arg:"" help:"File to write, such as opsdesk-2026-11-24.tar.gz. It must not exist."`
}

// manifest says what a backup holds.
type manifest struct {
	Program string    `json:"program"`
	Schema  int       `json:"schema"`
	At      time.Time `json:"at"`
}

// tool finds a PostgreSQL client program: beside the server's, or on the PATH.
func tool(bin, name string) (string, error) {
	if dir, err := pgembed.Programs(bin); err == nil {
		if p := filepath.Join(dir, name); fileExists(p) {
			return p, nil
		}
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s was not found: install Debian's package \"postgresql-client\" or set OPSDESK_POSTGRES_BIN", name)
	}
	return p, nil
}

func fileExists(p string) bool { _, err := os.Stat(p); return err == nil }

// Run seals the trail, dumps the database and packs it with the files.
func (c *backupCmd) Run(e *env) (err error) {
	d, err := e.open(openOptions{shared: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	// What is sealed before the dump is in both the dump and the folder.
	if _, err := d.Audit.Seal(e.ctx); err != nil {
		return fmt.Errorf("the trail could not be sealed, so its backup would not verify: %w", err)
	}
	dump, err := os.CreateTemp("", "opsdesk-*.dump")
	if err != nil {
		return err
	}
	defer os.Remove(dump.Name()) //nolint:errcheck // a leftover temporary file harms nobody
	if err := d.dump(e.ctx, dump); err != nil {
		return err
	}
	s, err := migrate.Read(d.url)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = pack(f, manifest{version, s.Version, e.now().UTC()}, map[string]string{
		"database.dump": dump.Name(), "files": filepath.Join(d.cfg.Data, "files"), "trail": d.cfg.TrailDir,
	})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	e.say("written: %s (it holds the trail's signing key: keep it safe)", c.File)
	return nil
}

func (d *opened) dump(ctx context.Context, to *os.File) error {
	p, err := tool(d.cfg.PostgresBin, "pg_dump")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p, "--format=custom", "--no-owner", "--no-privileges", d.url)
	var msg strings.Builder
	cmd.Stdout, cmd.Stderr = to, &msg
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pg_dump: %w: %s", err, msg.String())
	}
	return to.Close()
}

// pack writes a compressed archive of a manifest, files and folders.
func pack(w io.Writer, m manifest, parts map[string]string) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: "manifest.json", Mode: 0o600, Size: int64(len(b)), ModTime: m.At}); err != nil {
		return err
	}
	if _, err := t.Write(b); err != nil {
		return err
	}
	for _, name := range []string{"database.dump", "files", "trail"} {
		if err := packTree(t, name, parts[name]); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

func packTree(t *tar.Writer, name, root string) error {
	return filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		st, err := entry.Info()
		if err != nil {
			return err
		}
		inside := name
		if rel != "." {
			inside = name + "/" + filepath.ToSlash(rel)
		}
		if err := t.WriteHeader(&tar.Header{Name: inside, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime()}); err != nil {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.CopyN(t, f, st.Size())
		return err
	})
}

type restoreCmd struct {
	File string `arg:"" type:"existingfile" help:"What backup wrote."`
}

// Run restores into an empty database and empty folders.
func (c *restoreCmd) Run(e *env) (err error) {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	for _, dir := range []string{filepath.Join(cfg.Data, "files"), cfg.TrailDir} {
		if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
			return fmt.Errorf("%s is not empty: restore only into a new OPSDESK_DATA", dir)
		}
	}
	url, cluster, err := database(context.WithoutCancel(e.ctx), cfg, log.New(e.stderr, cfg.LogLevel, cfg.LogFormat), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, (&opened{cluster: cluster}).stopDatabase()) }()
	if err := emptyDatabase(e.ctx, url); err != nil {
		return err
	}
	dump, m, err := unpack(c.File, map[string]string{"files": filepath.Join(cfg.Data, "files"), "trail": cfg.TrailDir})
	if err != nil {
		return err
	}
	defer os.Remove(dump) //nolint:errcheck // a leftover temporary file harms nobody
	if latest := migrate.Latest(); m.Schema > latest {
		return fmt.Errorf("the backup has schema %d, this program knows %d: use the program that wrote it (%s) or a newer one", m.Schema, latest, m.Program)
	}
	p, err := tool(cfg.PostgresBin, "pg_restore")
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(e.ctx, p, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname="+url, dump).CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_restore: %w: %s", err, out)
	}
	if err := migrate.Up(url); err != nil {
		return err
	}
	e.say("restored: the desk as of %s. Run \"opsdesk trail verify\" to see that nothing was altered.", m.At.Format(time.RFC3339))
	return nil
}

func emptyDatabase(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var n int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = 'public' AND c.relkind = 'r'`).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("the database has %d tables already: restore only into an empty one", n)
	}
	return nil
}

// unpack writes the folders to where they belong and the dump to a temporary
// file. Names in the archive cannot lead elsewhere.
func unpack(file string, to map[string]string) (dump string, m manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", m, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", m, fmt.Errorf("%s is not a backup: %w", file, err)
	}
	for t := tar.NewReader(z); ; {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return dump, m, fmt.Errorf("%s is damaged: %w", file, err)
		}
		switch part, rest, _ := strings.Cut(head.Name, "/"); {
		case head.Name == "manifest.json":
			if err := json.NewDecoder(t).Decode(&m); err != nil {
				return dump, m, err
			}
		case head.Name == "database.dump":
			d, err := os.CreateTemp("", "opsdesk-*.dump")
			if err != nil {
				return dump, m, err
			}
			dump = d.Name()
			_, cerr := io.Copy(d, t)
			if err := errors.Join(cerr, d.Close()); err != nil {
				return dump, m, err
			}
		case to[part] != "" && rest != "":
			if err := place(to[part], rest, t); err != nil {
				return dump, m, err
			}
		}
	}
	if dump == "" || m.Schema == 0 {
		return dump, m, fmt.Errorf("%s is not a complete backup", file)
	}
	return dump, m, nil
}

func place(dir, name string, r io.Reader) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is written through it any more
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, cerr := io.Copy(f, r)
	return errors.Join(cerr, f.Sync(), f.Close())
}

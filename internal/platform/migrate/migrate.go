// Package migrate brings a database to the schema of this program with
// golang-migrate. One file is one transaction: a file that fails leaves nothing
// behind but a mark ("dirty") that stops the next start until Repair clears it.
package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5" // the driver registers itself
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"opsdesk/migrations"
)

// Status is where a database stands.
type Status struct {
	Version int  // last applied file; 0 for an empty database
	Latest  int  // newest file of this program
	Dirty   bool // the file Version failed half-way
}

// Pending is how many files are still to be applied.
func (s Status) Pending() int { return max(0, s.Latest-s.Version) }

func open(url string) (*migrate.Migrate, error) {
	src, err := iofs.New(migrations.FS, ".")
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return nil, errors.New("the database address must begin with postgres://")
	}
	m, err := migrate.NewWithSourceInstance("iofs", src, "pgx5://"+rest)
	if err != nil {
		return nil, short(err)
	}
	return m, nil
}

// Up applies every file that is missing. Of several processes that start at
// once one applies them and the others wait.
func Up(url string) error {
	return with(url, func(m *migrate.Migrate) error { return m.Up() })
}

// Down undoes every file. It destroys all data; tests use it.
func Down(url string) error {
	return with(url, func(m *migrate.Migrate) error { return m.Down() })
}

// Repair clears the mark of a file that failed. Since a failed file has rolled
// back, the database is at the file before it.
func Repair(url string) error {
	return with(url, func(m *migrate.Migrate) error {
		v, dirty, err := m.Version()
		if err != nil || !dirty {
			return err
		}
		back := int(v) - 1
		if back == 0 {
			back = -1 // golang-migrate's word for "nothing applied"
		}
		return m.Force(back)
	})
}

// Read tells where the database stands.
func Read(url string) (Status, error) {
	s := Status{Latest: Latest()}
	err := with(url, func(m *migrate.Migrate) error {
		v, dirty, err := m.Version()
		s.Version, s.Dirty = int(v), dirty
		if errors.Is(err, migrate.ErrNilVersion) {
			return nil
		}
		return err
	})
	return s, err
}

// Latest is the newest file of this program.
func Latest() int {
	n := 0
	files, _ := fs.Glob(migrations.FS, "*.up.sql") // the pattern is well-formed
	for _, f := range files {
		if v, err := strconv.Atoi(f[:4]); err == nil {
			n = max(n, v)
		}
	}
	return n
}

func with(url string, fn func(*migrate.Migrate) error) error {
	m, err := open(url)
	if err != nil {
		return err
	}
	err = fn(m)
	if errors.Is(err, migrate.ErrNoChange) {
		err = nil
	}
	var dirty migrate.ErrDirty
	if errors.As(err, &dirty) {
		err = fmt.Errorf("migration %d failed half-way earlier; mend its cause, then run \"opsdesk migrate repair\" and \"opsdesk migrate\"", dirty.Version)
	}
	e1, e2 := m.Close()
	return errors.Join(short(err), e1, e2)
}

// short keeps a failing file's text, which the driver quotes whole, out of the
// log.
func short(err error) error {
	if err == nil || len(err.Error()) < 600 {
		return err
	}
	return errors.New(err.Error()[:600] + "…")
}

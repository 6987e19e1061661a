package pgembed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
)

// MinVersion is the oldest server that the schema is tested on.
const MinVersion = 15

// ErrNoServer says that no PostgreSQL server programs are on the machine. The
// desk's own scripts install them: Debian's package "postgresql".
var ErrNoServer = errors.New("no PostgreSQL server programs (initdb, postgres) of version 15 or newer were found: install Debian's package \"postgresql\", set OPSDESK_POSTGRES_BIN to their folder, or set OPSDESK_DATABASE_URL to use a server of your own")

// programs finds the folder with the newest server programs.
func programs(override string) (dir string, version int, err error) {
	dirs := []string{override}
	if override == "" {
		dirs, _ = filepath.Glob("/usr/lib/postgresql/*/bin")
		if p, err := exec.LookPath("postgres"); err == nil {
			if p, err = filepath.EvalSymlinks(p); err == nil {
				dirs = append(dirs, filepath.Dir(p))
			}
		}
	}
	sort.SliceStable(dirs, func(i, j int) bool { return majorOf(dirs[i]) > majorOf(dirs[j]) })
	for _, d := range dirs {
		if v := majorOf(d); v >= MinVersion {
			if _, err := os.Stat(filepath.Join(d, "initdb")); err == nil {
				return d, v, nil
			}
		}
	}
	return "", 0, ErrNoServer
}

var versionRE = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf asks the server program in dir for its version; 0 if there is none.
func majorOf(dir string) int {
	out, err := exec.CommandContext(context.Background(), filepath.Join(dir, "postgres"), "--version").Output() //nolint:forbidigo // a local program that answers at once
	if err != nil {
		return 0
	}
	m := versionRE.FindSubmatch(out)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0
	}
	return n
}

// clusterVersion reads which version made a cluster.
func clusterVersion(data string) (int, error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0, err
	}
	var n int
	if _, err := fmt.Sscan(string(b), &n); err != nil {
		return 0, fmt.Errorf("PG_VERSION of %s: %w", data, err)
	}
	return n, nil
}

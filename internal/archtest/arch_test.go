// Package archtest keeps the arrows of docs/architecture.md pointing down.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// layers, top first. A package may import packages in lower layers only;
// platform packages may also import each other.
var layers = [][]string{
	{"cmd/opsdesk", "internal/journeys", "internal/bench", "internal/apptest"},
	{"internal/app"},
	{"internal/importer", "internal/demo"},
	{"internal/incident", "internal/people", "internal/audit", "internal/configuration", "internal/servicerequest", "internal/change", "internal/inspection"},
	{"internal/notify", "internal/timeline"},
	{"internal/routing", "internal/queue"},
	{"internal/comment", "internal/attachment", "internal/draft", "internal/view", "internal/batch", "internal/form", "internal/sla", "internal/canned"},
	{"internal/presence", "internal/search", "internal/service", "internal/live"},
	{"internal/approval"},
	{"internal/work"},
	{"internal/trail"},
	{"internal/event"},
	{"internal/ui"},
	{"internal/record"},
	{"internal/authz"},
	{"internal/identity"},
	{"internal/platform/"},
	{"migrations", "web"},
}

// modules is the level whose files are layers of their own.
const modules = 3

// files says what a file of a module must not import, by the beginning of its
// name.
var files = map[string][]string{
	"service":    {"net/http", "github.com/go-chi", "github.com/a-h/templ", "opsdesk/internal/platform/web", "opsdesk/internal/ui"},
	"repository": {"net/http", "github.com/go-chi", "github.com/a-h/templ", "opsdesk/internal/platform/web", "opsdesk/internal/ui", "opsdesk/internal/work"},
	"handlers":   {"github.com/jackc", "opsdesk/internal/platform/db"},
	"api":        {"github.com/jackc", "opsdesk/internal/platform/db"},
	"pages":      {"github.com/jackc", "opsdesk/internal/platform/db", "net/http"},
}

func level(p string) int {
	for n, l := range layers {
		for _, x := range l {
			if p == x || strings.HasSuffix(x, "/") && strings.HasPrefix(p, x) {
				return n
			}
		}
	}
	return -1
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	root := "../.."
	seen := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "tools" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		seen++
		check(t, p, filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("only %d files were looked at", seen)
	}
}

func check(t *testing.T, p, rel string) {
	t.Helper()
	pkg := filepath.ToSlash(filepath.Dir(rel))
	if pkg == "internal/archtest" {
		return
	}
	test := strings.HasSuffix(p, "_test.go")
	from := level(pkg)
	if from < 0 {
		t.Errorf("%s: package is in no layer; add it to layers", pkg)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSuffix(filepath.Base(p), ".go")
	for _, im := range f.Imports {
		ip, err := strconv.Unquote(im.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !test && from == modules {
			for prefix, denied := range files {
				if !strings.HasPrefix(base, prefix) {
					continue
				}
				for _, bad := range denied {
					if strings.HasPrefix(ip, bad) {
						t.Errorf("%s must not import %s", rel, ip)
					}
				}
			}
		}
		to, own := strings.CutPrefix(ip, "opsdesk/")
		if !own || test {
			continue
		}
		if l := level(to); l < from || l == from && !strings.HasPrefix(pkg, "internal/platform/") {
			t.Errorf("%s (layer %d) must not import %s (layer %d)", rel, from, to, l)
		}
	}
}

// called is a component that templ took for text: it is one only where a line
// begins with it, or an element opens before it.
var called = regexp.MustCompile(`@[a-z]\w*\.?[A-Za-z]\w*\(`)

// TestNoComponentIsText: what the pages write holds no call of a component that
// was meant to be made.
func TestNoComponentIsText(t *testing.T) {
	list, err := filepath.Glob("../*/*_templ.go")
	if err != nil || len(list) < 20 {
		t.Fatalf("%d generated files: %v", len(list), err)
	}
	for _, p := range list {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(b), "\n") {
			if strings.Contains(line, "templruntime.WriteString(") && called.MatchString(line) {
				t.Errorf("%s:%d: %s", p, n+1, strings.TrimSpace(line))
			}
		}
	}
}

// grantsRead are the places that read grants of roles whether they are in force
// or not, by file, and why.
var grantsRead = map[string]string{
	"internal/identity/actor.go":                   "kept in memory, and compared with the time of each request",
	"internal/people/repository.go":                "an administrator's list of what was given, and writing it",
	"internal/audit/repository_control_changes.go": "in force when the vote was given, not now",
}

// TestGrantsInForce: whoever asks who holds a role leaves out roles that are
// over, in the one way that is written down for it.
func TestGrantsInForce(t *testing.T) {
	list, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range list {
		rel := "internal/" + filepath.ToSlash(strings.TrimPrefix(p, "../"))
		if strings.HasSuffix(p, "_test.go") || grantsRead[rel] != "" {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(b), "\n") {
			if !strings.Contains(line, "FROM role_grants") && !strings.Contains(line, "JOIN role_grants") {
				continue
			}
			if seen++; !strings.Contains(line, "Granted") {
				t.Errorf("%s:%d: reads role_grants without identity.Granted", rel, n+1)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d places were looked at", seen)
	}
}

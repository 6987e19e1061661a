package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"opsdesk/internal/apptest"
	"opsdesk/internal/demo"
	"opsdesk/internal/platform/golden"
	"opsdesk/internal/platform/i18n"
)

// public are the routes that anybody may use, with what they answer to a
// stranger who sends nothing.
var public = map[string]bool{
	"GET /sign-in": true, "POST /sign-in": true, "GET /forgot": true, "POST /forgot": true, "GET /reset/{token}": true, "POST /reset/{token}": true,
	"GET /setup/{token}": true, "POST /setup/{token}": true, "GET /healthz": true, "GET /readyz": true, "GET /metrics": true, "POST /sign-out": true, "POST /preferences": true,
	"GET /api/v1/openapi.json":    true,
	"GET /feeds/changes/{secret}": true, // the link is what is known
}

// TestAccess walks every route as every role and compares the answers with a
// table that people read: whoever changes it sees what they open.
func TestAccess(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	routes := routesOf(t, d)
	who := []string{""}
	for _, a := range demo.Accounts {
		if a.Username != "engineer2" {
			who = append(who, a.Username)
		}
	}
	clients := map[string]*apptest.Client{}
	for _, w := range who {
		clients[w] = d.Client(w)
	}
	var lines []string
	for _, rt := range routes {
		line := rt
		for _, w := range who {
			line += fmt.Sprintf(" %s=%d", or(w, "nobody"), probe(clients[w], rt))
		}
		lines = append(lines, line)
	}
	golden.Text(t, "access.txt", strings.Join(lines, "\n")+"\n")
	for _, l := range lines {
		f := strings.Fields(l)
		status := strings.TrimPrefix(f[2], "nobody=")
		if route := f[0] + " " + f[1]; !public[route] && status != "401" && status != "303" {
			t.Errorf("%s lets a stranger in (%s)", route, status)
		}
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func routesOf(t *testing.T, d *apptest.Desk) []string {
	t.Helper()
	var out []string
	err := chi.Walk(d.Router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if (method == http.MethodGet || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete) &&
			!strings.HasPrefix(route, "/static") && route != "/favicon.ico" && (route != "/metrics" || method == http.MethodGet) && route != "/sign-out" {
			out = append(out, method+" "+route)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(out)
	return out
}

var param = regexp.MustCompile(`\{[a-z]+\}`)

// probe asks a route in a way that changes nothing: writes of tickets carry a
// version that no ticket has, so that whoever may take the step gets 412 or
// 422, and whoever may not gets 403 or 404.
func probe(c *apptest.Client, route string) int {
	method, path, _ := strings.Cut(route, " ")
	// The ticket of a staff member, in the network team's queue, taken by the
	// engineer.
	path = strings.Replace(path, "/incidents/{id}", "/incidents/INC-000041", 1)
	path = strings.Replace(path, "/configuration/{id}", "/configuration/CI000001", 1)
	path = strings.Replace(path, "/act/{act}", "/act/resolve", 1)
	path = strings.Replace(path, "/drafts/{key}", "/drafts/incident:new", 1)
	path = param.ReplaceAllString(path, "0193a000-0000-7000-8000-000000000000")
	contentType := ""
	var body *strings.Reader
	switch {
	case method == http.MethodGet || method == http.MethodDelete:
	case strings.HasPrefix(path, "/api/"):
		contentType, body = "application/json", strings.NewReader("{}")
	default:
		contentType, body = "application/x-www-form-urlencoded", strings.NewReader("")
	}
	if body == nil {
		return c.Do(method, path, contentType, nil, "If-Match", `"v999999"`).Status
	}
	return c.Do(method, path, contentType, body, "If-Match", `"v999999"`).Status
}

// TestMessages holds the two languages against each other and against the
// source: no key is missing, in either, and every key in the code exists.
func TestMessages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{Empty: true})
	c := d.Desk.Messages
	zh, en := c.Keys(i18n.Chinese), c.Keys(i18n.English)
	known := map[string]bool{}
	for _, k := range zh {
		known[k] = true
	}
	for _, k := range en {
		if !known[k] {
			t.Errorf("%s has no Chinese text", k)
		}
		if a, b := placeholders(c.Source(i18n.Chinese, k)), placeholders(c.Source(i18n.English, k)); a != b {
			t.Errorf("%s: Chinese has %s, English %s", k, a, b)
		}
	}
	if len(zh) != len(en) {
		t.Errorf("%d Chinese texts, %d English ones", len(zh), len(en))
	}
	used := sourceKeys(t)
	if len(used) < 300 {
		t.Fatalf("only %d keys were found in the code", len(used))
	}
	for k, where := range used {
		if !known[k] && !strings.HasSuffix(k, ".") {
			t.Errorf("%s uses %s, which does not exist", where, k)
		}
		if strings.HasSuffix(k, ".") && !anyPrefix(zh, k) {
			t.Errorf("%s uses keys that begin with %s; there are none", where, k)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{\.(\w+)\}\}`)

func placeholders(s string) string {
	set := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		set[m[1]] = true
	}
	var out []string
	for k := range set {
		out = append(out, k)
	}
	sort.Strings(out)
	return strings.Join(out, ",")
}

var keyRE = regexp.MustCompile(`(?:T\(ctx, |\.T\(|fault\.New\(fault\.\w+, |OnField\("[a-z_]+", |web\.Flash\(w, |fault\.Wrap\(fault\.\w+, |Code: |Label: |Title: )"([a-z]+\.[a-z0-9_.]+)"`)

func sourceKeys(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir("../..", func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(p, "_templ.go") || strings.HasSuffix(p, "_test.go") || !strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, ".templ") {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range keyRE.FindAllStringSubmatch(string(b), -1) {
			out[m[1]] = p
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func anyPrefix(keys []string, prefix string) bool {
	for _, k := range keys {
		if strings.HasPrefix(k, prefix) {
			return true
		}
	}
	return false
}

package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestVendoredFilesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ File, Package, Version, Licence, SHA256 string }
	if err := json.Unmarshal(b, &list); err != nil || len(list) < 4 {
		t.Fatal(err, len(list))
	}
	for _, v := range list {
		body, err := os.ReadFile("static/" + v.File)
		if err != nil {
			t.Error(err)
			continue
		}
		if h := sha256.Sum256(body); hex.EncodeToString(h[:]) != v.SHA256 {
			t.Errorf("%s is not %s %s", v.File, v.Package, v.Version)
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	w := get(a.Path("css/desk.css"), "gzip, br")
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "br" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Error(w.Code, w.Header())
	}
	if w := get("/static/css/desk.css", ""); w.Code != 404 {
		t.Errorf("a name without hash answers %d", w.Code)
	}
	if plain := get(a.Path("css/desk.css"), "").Body.String(); strings.Contains(plain, "url(../") {
		t.Error("a style sheet refers to a name without hash")
	}
	// Budgets of the design guide §15, in bytes as sent.
	size := func(names ...string) (n int) {
		for _, name := range names {
			n += get(a.Path(name), "br").Body.Len()
		}
		return n
	}
	if n := size("css/desk.css"); n > 16<<10 {
		t.Errorf("CSS weighs %d bytes, the budget is 16 kB", n)
	}
	if n := size("js/boot.js", "js/desk.js", "vendor/htmx.min.js"); n > 30<<10 {
		t.Errorf("scripts weigh %d bytes, the budget is 30 kB", n)
	}
	if n := size("img/icons.svg"); n > 9<<10 {
		t.Errorf("icons weigh %d bytes", n)
	}
}

// TestContrast holds the colour tokens to WCAG 2.2 AA in both themes.
func TestContrast(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("static/css/desk.css")
	if err != nil {
		t.Fatal(err)
	}
	themes := map[string]*regexp.Regexp{"light": regexp.MustCompile(`:root\{color-scheme:light;([^}]*)\}`), "dark": regexp.MustCompile(`\[data-theme=dark\]\{color-scheme:dark;([^}]*)\}`)}
	for name, re := range themes {
		m := re.FindSubmatch(b)
		if m == nil {
			t.Fatalf("no tokens of theme %s", name)
		}
		tok := map[string]string{}
		for _, kv := range strings.Split(string(m[1]), ";") {
			k, v, _ := strings.Cut(strings.TrimSpace(kv), ":")
			tok[strings.TrimPrefix(k, "--")] = v
		}
		check := func(fg, bg string, least float64) {
			if r := ratio(t, tok[fg], tok[bg]); r < least {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", name, fg, bg, r, least)
			}
		}
		for _, s := range []string{"surface", "surface-2", "surface-3", "canvas"} {
			check("text", s, 7)
			check("text-2", s, 4.5)
			check("text-3", s, 4.5)
			check("accent-text", s, 4.5)
			check("line-ctl", s, 3)
		}
		for _, f := range []string{"red", "amber", "green", "blue", "violet", "teal", "grey"} {
			check("on-"+f, f, 4.5)
			check(f+"-text", f+"-soft", 4.5)
			check(f+"-text", "surface", 4.5)
		}
		check("on-accent", "accent", 4.5)
		check("text-3", "note", 4.5)
		check("text-3", "accent-soft", 4.5)
	}
}

func ratio(t *testing.T, a, b string) float64 {
	t.Helper()
	lum := func(hex string) float64 {
		if len(hex) != 7 {
			t.Fatalf("colour %q", hex)
		}
		var c [3]float64
		for i := range c {
			n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(fmt.Errorf("colour %q: %w", hex, err))
			}
			v := float64(n) / 255
			if c[i] = v / 12.92; v > .04045 {
				c[i] = math.Pow((v+.055)/1.055, 2.4)
			}
		}
		return .2126*c[0] + .7152*c[1] + .0722*c[2]
	}
	x, y := lum(a), lum(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"opsdesk/internal/platform/web"
)

func TestCompress(t *testing.T) {
	compress, err := web.Compress()
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Repeat("<p>打印机 3 楼 卡纸</p>", 400)
	for name, c := range map[string]struct {
		accept, encoding, kind, body string
		want                         string
	}{
		"a page":                {"text/html", "gzip", "text/html; charset=utf-8", page, "gzip"},
		"a page, modern client": {"text/html", "gzip, deflate, br, zstd", "text/html; charset=utf-8", page, "zstd"},
		"a client without":      {"text/html", "", "text/html; charset=utf-8", page, ""},
		"a problem":             {"application/json", "gzip", "application/problem+json", page, "gzip"},
		"a short answer":        {"application/json", "gzip", "application/json", `{"ok":true}`, ""},
		"an attachment":         {"*/*", "gzip", "application/pdf", page, ""},
		"a stream":              {"text/event-stream", "gzip", "text/event-stream", page, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.Header().Set("ETag", `"7"`)
				_, _ = io.WriteString(w, c.body)
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept", c.accept)
			if c.encoding != "" {
				r.Header.Set("Accept-Encoding", c.encoding)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Header().Get("Content-Encoding"); got != c.want {
				t.Fatalf("sent as %q, want %q", got, c.want)
			}
			if c.want != "" && (w.Body.Len() >= len(c.body) || !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding")) {
				t.Errorf("%d bytes of %d, Vary %q", w.Body.Len(), len(c.body), w.Header().Get("Vary"))
			}
			if w.Header().Get("ETag") != `"7"` {
				t.Errorf("ETag is %s", w.Header().Get("ETag"))
			}
			if c.want == "gzip" {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(z)
				if err != nil || string(b) != c.body {
					t.Errorf("read back %d bytes, %v", len(b), err)
				}
			}
		})
	}
}

// A reader of events gets each at once, however short.
func TestCompressLetsStreamsFlush(t *testing.T) {
	compress, err := web.Compress()
	if err != nil {
		t.Fatal(err)
	}
	more := make(chan struct{})
	srv := httptest.NewServer(compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		select {
		case <-more:
		case <-r.Context().Done():
		}
	})))
	defer srv.Close()
	defer close(more)
	r, err := http.NewRequest(http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b := make([]byte, 9)
	if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != "data: 1\n\n" {
		t.Errorf("read %q, %v", b, err)
	}
}

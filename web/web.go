// Package web serves the desk's static files from the binary: under names that
// carry a hash of their content, so that browsers keep them for ever and never
// show an old one, and compressed once.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

//go:embed static
var files embed.FS

type file struct {
	body     []byte
	mime     string
	once     sync.Once
	br, gzip []byte
}

// Assets knows every static file by its hashed name.
type Assets struct {
	hashed map[string]string // css/desk.css → /static/css/desk.1a2b3c4d.css
	files  map[string]*file
}

var cssURL = regexp.MustCompile(`url\(\.\./([a-z0-9/._-]+)\)`)

// New reads and names the files. Style sheets come last, since they refer to
// the others.
func New() (*Assets, error) {
	a := &Assets{hashed: map[string]string{}, files: map[string]*file{}}
	var sheets []string
	err := fs.WalkDir(files, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(p, "static/")
		if strings.HasPrefix(name, "css/") {
			sheets = append(sheets, name)
			return nil
		}
		b, err := files.ReadFile(p)
		if err != nil {
			return err
		}
		a.add(name, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range sheets {
		b, err := files.ReadFile("static/" + name)
		if err != nil {
			return nil, err
		}
		var missing error
		b = cssURL.ReplaceAllFunc(b, func(m []byte) []byte {
			ref := string(cssURL.FindSubmatch(m)[1])
			if a.hashed[ref] == "" {
				missing = fmt.Errorf("%s refers to %s, which does not exist", name, ref)
			}
			return []byte("url(" + a.hashed[ref] + ")")
		})
		if missing != nil {
			return nil, missing
		}
		a.add(name, b)
	}
	return a, nil
}

func (a *Assets) add(name string, body []byte) {
	h := sha256.Sum256(body)
	ext := path.Ext(name)
	url := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(h[:5]) + ext
	t := mime.TypeByExtension(ext)
	switch ext {
	case ".svg":
		t = "image/svg+xml"
	case ".js":
		t = "text/javascript; charset=utf-8"
	case ".LICENSE", "":
		t = "text/plain; charset=utf-8"
	}
	a.hashed[name] = url
	a.files[url] = &file{body: body, mime: t}
}

// Path is the address of a file, such as css/desk.css. One that does not exist
// is a bug; it yields an address that answers 404.
func (a *Assets) Path(name string) string {
	if p, ok := a.hashed[name]; ok {
		return p
	}
	return "/static/missing/" + name
}

// ServeHTTP answers below /static/.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Add("Vary", "Accept-Encoding")
	f.once.Do(f.compress)
	body := f.body
	accepts := r.Header.Get("Accept-Encoding")
	switch {
	case f.br != nil && strings.Contains(accepts, "br"):
		h.Set("Content-Encoding", "br")
		body = f.br
	case f.gzip != nil && strings.Contains(accepts, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away; nothing is left to tell it
	}
}

func (f *file) compress() {
	var b, g bytes.Buffer
	bw := brotli.NewWriterLevel(&b, 9)
	gw, _ := gzip.NewWriterLevel(&g, 9) // the level is valid
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{bw, gw} {
		_, _ = w.Write(f.body) // a buffer never fails
		_ = w.Close()
	}
	if b.Len() < len(f.body) {
		f.br = b.Bytes()
	}
	if g.Len() < len(f.body) {
		f.gzip = g.Bytes()
	}
}

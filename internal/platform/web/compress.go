package web

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// compressible are the types of answers worth compressing. Attachments keep
// their ranges and digests, and event streams must not wait for a block to fill.
var compressible = []string{"text/html", "text/csv", "text/plain", "text/calendar", "application/json", "application/problem+json", "image/svg+xml"}

// jitter is how many bytes, at most, are added to a compressed answer: its
// length must not tell whether a guess that an attacker makes it repeat is a
// word of the page (BREACH, CVE-2013-3587).
const jitter = 32

// Compress sends pages and JSON in the encoding that the client asks for: zstd
// or gzip. The ETag of the API names a version of the record, whichever way it
// is sent, and stays as it is.
func Compress() (func(http.Handler) http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypes(compressible), gzhttp.MinSize(1400), gzhttp.RandomJitter(jitter, 0, false))
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		packed := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
				next.ServeHTTP(w, r)
				return
			}
			packed.ServeHTTP(w, r)
		})
	}, nil
}

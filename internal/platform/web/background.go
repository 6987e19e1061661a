package web

import "net/http"

// Background is the header of a request that a page makes by itself, not at
// its reader's wish.
const Background = "Opsdesk-Background"

// IsBackground reports whether a page asks by itself: such a request does not
// keep a session from running out.
func IsBackground(r *http.Request) bool {
	return r.Header.Get(Background) != "" || r.URL.Path == "/live"
}

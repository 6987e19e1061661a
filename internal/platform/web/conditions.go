package web

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"opsdesk/internal/platform/fault"
)

// Key is the idempotency key of a write: the form's own, or the header
// Idempotency-Key. It is at most 200 characters.
func Key(r *http.Request) string {
	k := r.Header.Get("Idempotency-Key")
	if k == "" && r.Form != nil {
		k = r.Form.Get("_key")
	}
	if len(k) > 200 {
		k = k[:200]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(k, "\x00", ""), "")
}

// ETag writes the version of a record as an entity tag.
func ETag(w http.ResponseWriter, version int) {
	w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, version))
}

// IfMatch is the version that the caller saw, from the header If-Match; 0
// where there is none or it is *. Anything else than a tag of ours is
// Malformed.
func IfMatch(r *http.Request) (int, error) {
	h := strings.TrimSpace(r.Header.Get("If-Match"))
	if h == "" || h == "*" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(h, "W/"), `"v`), `"`))
	if err != nil || n < 1 {
		return 0, fault.Wrap(fault.Malformed, "error.if_match", err)
	}
	return n, nil
}

// Flash makes the next page say that something succeeded: code is a message
// key, and so are parts, which it consisted of.
func Flash(w http.ResponseWriter, code string, parts ...string) {
	http.SetCookie(w, &http.Cookie{Name: "flash", Value: strings.Join(append([]string{code}, parts...), "~"), Path: "/", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// FlashUndo lets the next page take back what Flash says: by posting value to
// path.
func FlashUndo(w http.ResponseWriter, path, value string) {
	v := base64.RawURLEncoding.EncodeToString([]byte(path + "\n" + value))
	if len(v) > 3000 {
		return // more than a cookie takes
	}
	http.SetCookie(w, &http.Cookie{Name: "undo", Value: v, Path: "/", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Undo is what FlashUndo left: "" for nothing. Its path leads nowhere but to
// this desk.
func Undo(r *http.Request) (path, value string) {
	c, err := r.Cookie("undo")
	if err != nil {
		return "", ""
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return "", ""
	}
	path, value, _ = strings.Cut(string(b), "\n")
	if Local(path) != path || path == "/" {
		return "", ""
	}
	return path, value
}

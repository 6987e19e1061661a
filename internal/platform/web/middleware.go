package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"opsdesk/internal/platform/fault"
)

type requestIDKey struct{}

// RequestID is the identifier of the request of ctx, as shown on error pages.
func RequestID(ctx context.Context) string {
	s, _ := ctx.Value(requestIDKey{}).(string)
	return s
}

// WithRequestID gives every request an identifier of the desk's own making,
// and returns it in the answer. One sent by the client is not trusted.
func WithRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		id := hex.EncodeToString(b[:])
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (s *statusWriter) WriteHeader(code int) {
	if s.status == 0 {
		s.status = code
	}
	s.ResponseWriter.WriteHeader(code)
}

func (s *statusWriter) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = 200
	}
	n, err := s.ResponseWriter.Write(b)
	s.bytes += int64(n)
	return n, err
}

func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// secretive are the addresses whose rest is a secret: whoever reads the log
// must not be able to use it.
var secretive = [...]string{"/reset/", "/setup/", "/feeds/"}

// shownPath is an address as the log may have it.
func shownPath(path string) string {
	for _, p := range secretive {
		if strings.HasPrefix(path, p) {
			return p + "…"
		}
	}
	return path
}

// Logged writes one line per request: ids and numbers, never contents nor
// secrets. A panic becomes one logged 500.
func Logged(log *slog.Logger, clock func() time.Time, observe func(method, route string, status int, d time.Duration), fail func(http.ResponseWriter, *http.Request, error), route func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sw := &statusWriter{ResponseWriter: w}
			start := clock()
			defer func() {
				if p := recover(); p != nil {
					if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
						panic(p)
					}
					log.ErrorContext(r.Context(), "panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
					if sw.status == 0 {
						fail(sw, r, fault.New(fault.Internal, "error.internal"))
					}
				}
				d := clock().Sub(start)
				observe(r.Method, route(r), sw.status, d)
				log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("path", shownPath(r.URL.Path)),
					slog.Int("status", sw.status), slog.Int64("bytes", sw.bytes), slog.Duration("took", d), slog.String("request_id", RequestID(r.Context())))
			}()
			next.ServeHTTP(sw, r)
		})
	}
}

// CSP is the policy of every page: nothing inline, nothing foreign.
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Headers sets the security headers of every answer, errors included. secure
// says that people reach the desk over HTTPS.
func Headers(secure bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", CSP)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=()")
			if secure {
				h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// SameOrigin refuses writes that another site's page sends with the reader's
// cookies (cross-site request forgery), by the Sec-Fetch-Site and Origin
// headers. Requests with a bearer token carry no cookies and pass.
func SameOrigin(trusted []string, fail func(http.ResponseWriter, *http.Request, error)) (func(http.Handler) http.Handler, error) {
	p := http.NewCrossOriginProtection()
	for _, o := range trusted {
		if err := p.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, fault.New(fault.Forbidden, "error.cross_origin"))
	}))
	return p.Handler, nil
}

// ClientIP is the address a request came from. X-Forwarded-For counts only
// when the direct peer is one of the trusted proxies, and then its last
// address that is not one of them.
func ClientIP(r *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if !within(host, proxies) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			return host
		}
		if !within(hop, proxies) {
			return hop
		}
		host = hop
	}
	return host
}

func within(host string, nets []netip.Prefix) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, n := range nets {
		if n.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

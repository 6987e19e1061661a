// Package web is everything HTTP that is not about ITSM: handlers that return
// errors, decoding, rendering and the one place a fault becomes a response.
package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
)

// Handler is an HTTP handler that returns its error instead of writing it.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Router registers Handlers and turns their errors into responses.
type Router struct {
	chi.Router
	// ErrorPage shows a fault to a person; the request id helps support.
	ErrorPage func(f *fault.Error, requestID string) templ.Component
	Log       *slog.Logger
	// Ops collects what the JSON API promises, for its OpenAPI document.
	Ops *Ops
}

// Get registers a page.
func (rt Router) Get(p string, h Handler) { rt.Method(http.MethodGet, p, rt.Serve(h)) }

// Post registers a form's target.
func (rt Router) Post(p string, h Handler) { rt.Method(http.MethodPost, p, rt.Serve(h)) }

// Put registers a replacing write.
func (rt Router) Put(p string, h Handler) { rt.Method(http.MethodPut, p, rt.Serve(h)) }

// Delete registers a removing write.
func (rt Router) Delete(p string, h Handler) { rt.Method(http.MethodDelete, p, rt.Serve(h)) }

// Status is the HTTP status of each fault.
var status = map[fault.Kind]int{
	fault.Internal: 500, fault.Invalid: 422, fault.Malformed: 400, fault.Unauthenticated: 401, fault.Forbidden: 403,
	fault.NotFound: 404, fault.Conflict: 409, fault.Stale: 412, fault.TooLarge: 413, fault.Unsupported: 415,
	fault.TooMany: 429, fault.Unavailable: 503, fault.Pending: 202, fault.NotAllowed: 405,
}

// StatusOf is the HTTP status that a fault becomes.
func StatusOf(f *fault.Error) int { return status[f.Kind] }

// Serve turns a Handler into an http.Handler.
func (rt Router) Serve(h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			rt.Fail(w, r, err)
		}
	}
}

// Fail logs internal errors and answers in the format the client asked for.
func (rt Router) Fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client went away: nobody reads an answer
	}
	f := fault.Of(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		rt.Log.ErrorContext(r.Context(), "request failed", "err", err, "path", r.URL.Path)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	}
	if IsAPI(r) {
		problem(w, r, f)
		return
	}
	if f.Kind == fault.Unauthenticated {
		if r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" {
			http.Redirect(w, r, SignInURL(r), http.StatusSeeOther)
			return
		}
	}
	if rerr := Render(w, r, status[f.Kind], rt.ErrorPage(f, RequestID(r.Context()))); rerr != nil {
		rt.Log.ErrorContext(r.Context(), "error page failed", "err", rerr)
		http.Error(w, http.StatusText(status[f.Kind]), status[f.Kind])
	}
}

// IsAPI reports whether the client speaks JSON rather than pages.
func IsAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// IsHX reports whether htmx asks for a fragment.
func IsHX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// SignInURL leads back to the page that needed a sign-in.
func SignInURL(r *http.Request) string {
	if r.URL.Path == "/" || r.Method != http.MethodGet {
		return "/sign-in"
	}
	return "/sign-in?next=" + queryEscape(r.URL.RequestURI())
}

// PageOf is the page that a request belongs to: its own address, or that of the
// page whose form it sends or which fetches a part of itself. An address that
// only takes forms is no page to come back to.
func PageOf(r *http.Request) string {
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && !IsHX(r) {
		return r.URL.RequestURI()
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return Local(from.RequestURI())
}

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      string         `json:"code"`
	RequestID string         `json:"request_id,omitempty"`
	Fields    []ProblemField `json:"fields,omitempty"`
	Clashes   []fault.Clash  `json:"clashes,omitempty"`
}

// ProblemField is one bad field of the input.
type ProblemField struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func problem(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	p := Problem{
		Type: "about:blank", Title: i18n.T(r.Context(), f.Code, f.Args...), Status: status[f.Kind], Code: f.Code,
		RequestID: RequestID(r.Context()), Clashes: f.Clashes,
	}
	for _, x := range f.Fields {
		p.Fields = append(p.Fields, ProblemField{x.Name, x.Code, i18n.T(r.Context(), x.Code, "param", x.Param)})
	}
	if f.Kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="opsdesk"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client went away; nothing is left to tell it
}

// pages keeps the buffers in which pages are written; one that a huge page made
// larger than maxKept bytes is given up.
var pages = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 64<<10)) }}

const maxKept = 1 << 20

// Render writes a complete page or nothing.
func Render(w http.ResponseWriter, r *http.Request, code int, c templ.Component) error {
	b := pages.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= maxKept {
			b.Reset()
			pages.Put(b)
		}
	}()
	if err := c.Render(r.Context(), b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Add("Vary", "HX-Request, Cookie, Accept-Language")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(code)
	_, err := b.WriteTo(w)
	return err
}

// JSON writes v.
func JSON(w http.ResponseWriter, code int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(code)
	_, err = w.Write(append(b, '\n'))
	return err
}

// SeeOther ends a form: 303 to a page of this desk.
func SeeOther(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

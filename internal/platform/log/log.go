// Package log makes the desk's logger: structured lines on one writer, with
// the request's id where there is one. Lines carry ids, never contents.
package log

import (
	"context"
	"io"
	"log/slog"

	"opsdesk/internal/platform/web"
)

// New returns a logger. level is debug, info, warn or error; format is text or
// json.
func New(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: l}
	var h slog.Handler = slog.NewTextHandler(w, o)
	if format == "json" {
		h = slog.NewJSONHandler(w, o)
	}
	return slog.New(handler{h})
}

// handler adds the request id of the context.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := web.RequestID(ctx); id != "" {
		has := false
		r.Attrs(func(a slog.Attr) bool { has = has || a.Key == "request_id"; return !has })
		if !has {
			r.AddAttrs(slog.String("request_id", id))
		}
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(a []slog.Attr) slog.Handler { return handler{h.Handler.WithAttrs(a)} }
func (h handler) WithGroup(n string) slog.Handler      { return handler{h.Handler.WithGroup(n)} }

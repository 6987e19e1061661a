package ui

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/markup"
	"opsdesk/web"
)

// still is a part as it was written, cut where a time stands.
type still struct {
	pieces [][]byte
	times  []time.Time
}

// stillKey is all that such a part depends on beside the thing it shows.
type stillKey struct {
	texts  *i18n.Messages
	assets *web.Assets
	zone   string
	year   int // dates of other years are written with theirs
	what   any
}

// recorder is with a shell while a part is written to be kept.
type recorder struct {
	times    []time.Time
	volatile bool
}

// hole stands for a time in what is recorded. No text of the desk has it:
// PostgreSQL stores none.
const hole = "\x00"

// Still writes c as it was written before for what, from the shelf of the thing
// it shows. Beside that thing, c may depend on the reader's language and zone, on
// what, and on nothing else; times (Time) are written anew each time, and a part
// with a form (FormHead) is not kept, since each form has a key of its own. With
// no shelf c is written.
func Still(shelf *markup.Shelf, what any, c templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		s, ok := ctx.Value(key{}).(*Shell)
		if shelf == nil || !ok || s.recording != nil {
			return c.Render(ctx, w)
		}
		k := stillKey{i18n.From(ctx), s.Assets, Zone(ctx).String(), s.Now.In(Zone(ctx)).Year(), what}
		if v, ok := shelf.Get(k); ok {
			return v.(still).write(ctx, w) //nolint:forcetypeassert // it holds nothing else
		}
		r := &recorder{}
		var b bytes.Buffer
		s.recording = r
		err := c.Render(ctx, &b)
		s.recording = nil
		if err != nil {
			return err
		}
		v := still{bytes.Split(b.Bytes(), []byte(hole)), r.times}
		if r.volatile || len(v.pieces) != len(v.times)+1 {
			return c.Render(ctx, w)
		}
		shelf.Put(k, b.Len(), v)
		return v.write(ctx, w)
	})
}

func (v still) write(ctx context.Context, w io.Writer) error {
	for n, piece := range v.pieces {
		if n > 0 {
			if err := timeTag(v.times[n-1]).Render(ctx, w); err != nil {
				return err
			}
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// Time is a short time with the full one in its title.
func Time(t time.Time) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if r := From(ctx).recording; r != nil {
			r.times = append(r.times, t)
			_, err := io.WriteString(w, hole)
			return err
		}
		return timeTag(t).Render(ctx, w)
	})
}

// once says that what is being written must not be written again as it is.
func once(ctx context.Context) {
	if r := From(ctx).recording; r != nil {
		r.volatile = true
	}
}

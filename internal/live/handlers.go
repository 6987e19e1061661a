package live

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
)

// Path is where streams are served.
const Path = "/live"

// Mount adds the stream and presence.
func Mount(h *Hub, rt web.Router) {
	rt.Get(Path, h.serve)
	rt.Post(Path+"/here", h.come)
	rt.Get(Path+"/here", h.who)
}

// serve is one stream of server-sent events. last says where the client was,
// or age how old its page is, in milliseconds: what has happened since comes
// first.
func (h *Hub) serve(w http.ResponseWriter, r *http.Request) error {
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return fault.New(fault.Unsupported, "live.error.accept")
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("last")
	}
	age, _ := strconv.Atoi(r.URL.Query().Get("age")) // not a number: as if it had come just now
	h.Start(r.Context())
	s, err := h.open(who, last, time.Duration(max(0, min(age, 1e9)))*time.Millisecond)
	if err != nil {
		return err
	}
	defer h.close(s)
	// Between two writes a stream may be quiet for longer than any request.
	rc := http.NewResponseController(w)
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})); err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // proxies hand on at once
	w.WriteHeader(http.StatusOK)
	h.run(r.Context(), s, func(b []byte) error {
		if err := rc.SetWriteDeadline(clock().Add(h.o.Write)); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if err := rc.Flush(); err != nil {
			return err
		}
		return rc.SetWriteDeadline(time.Time{})
	})
	return nil
}

// run writes what is pushed until the client goes, is too slow, or the hub
// ends the stream.
func (h *Hub) run(ctx context.Context, s *stream, write func([]byte) error) {
	beat, life := time.NewTicker(h.o.Heartbeat), time.NewTimer(h.o.Life)
	defer beat.Stop()
	defer life.Stop()
	for {
		var b []byte
		select {
		case <-ctx.Done():
			return
		case <-s.gone:
			_ = write(s.bye("").append(s.take())) // it ends either way
			return
		case <-life.C:
			_ = write(s.bye("age").append(s.take())) // it ends either way
			return
		case <-beat.C:
			b = frame{event: "beat", data: "{}"}.append(nil)
		case <-s.wake:
			if b = s.take(); len(b) == 0 {
				continue
			}
		}
		if err := write(b); err != nil {
			return
		}
	}
}

// open adds a stream, beginning with what it missed.
func (h *Hub) open(who identity.Actor, last string, age time.Duration) (*stream, error) {
	s := newStream(who)
	h.mu.Lock()
	defer h.mu.Unlock()
	own := 0
	for _, x := range h.streams {
		if x.who.ID == who.ID {
			own++
		}
	}
	switch {
	case h.closed:
		return nil, again(fault.Unavailable, "error.unavailable")
	case own >= perPerson || len(h.streams) >= h.o.Streams:
		return nil, again(fault.TooMany, "error.too_many")
	}
	h.streams[s.id] = s
	s.push(frame{event: hello, topic: hello, data: text(map[string]any{"stream": s.id, "listening": h.up})})
	missed, known := h.past.after(last, clock().Add(-age-margin))
	if !known {
		s.push(refetch)
		return s, nil
	}
	for _, x := range missed {
		if f, ok := x.of(s); ok {
			s.push(f.as(x.key))
		}
	}
	return s, nil
}

// margin covers the way between the committing, the listening and the
// answering process: what is told twice is harmless.
const margin = 3 * time.Second

func again(kind fault.Kind, code string) error {
	f := fault.New(kind, code)
	f.RetryAfter = 10 * time.Second
	return f
}

func (h *Hub) close(s *stream) {
	h.mu.Lock()
	delete(h.streams, s.id)
	h.mu.Unlock()
	go h.left(s)
}

// hereInput says where a tab is; Doing "" leaves.
type hereInput struct {
	Stream string      `json:"stream" validate:"required,line,max=40"`
	Tab    string      `json:"tab" validate:"required,line,max=40"`
	Kind   record.Kind `json:"kind" validate:"required,max=40"`
	ID     uuid.UUID   `json:"id" validate:"required"`
	Doing  string      `json:"doing" validate:"omitempty,oneof=view reply note edit"`
}

// come notes where the actor's tab is: on a record that they may see.
func (h *Hub) come(w http.ResponseWriter, r *http.Request) error {
	var in hereInput
	who, err := identity.From(r.Context())
	if err != nil {
		return err
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	if !who.Agent() {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if in.Doing != "" {
		if _, _, err := h.desk.See(r.Context(), record.Ref{Kind: in.Kind, ID: in.ID}); err != nil {
			return err
		}
	}
	if err := h.announce(r.Context(), []place{{Stream: in.Stream, Tab: in.Tab, Person: who.ID, Record: in.ID, Doing: in.Doing}}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// someone is a person on a record's page.
type someone struct {
	Name  string
	Doing string
}

// who shows who else is on a record, to those who may see it. Only agents are
// shown, and only to agents: a requester never learns that a note is written.
func (h *Hub) who(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	me, err := identity.From(ctx)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(r.URL.Query().Get("id"))
	if err != nil || !me.Agent() {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if _, _, err := h.desk.See(ctx, record.Ref{Kind: record.Kind(r.URL.Query().Get("kind")), ID: id}); err != nil {
		return err
	}
	h.Start(ctx)
	on := h.On(id)
	delete(on, me.ID)
	var ids []uuid.UUID
	for p := range on {
		ids = append(ids, p)
	}
	people, err := identity.People(ctx, h.desk.DB, ids...)
	if err != nil {
		return err
	}
	var list []someone
	for _, p := range people {
		list = append(list, someone{p.Display(i18n.Lang(ctx)), on[p.ID]})
	}
	slices.SortFunc(list, func(a, b someone) int { return strings.Compare(a.Name, b.Name) })
	return web.Render(w, r, http.StatusOK, presence(list))
}

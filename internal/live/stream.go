package live

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/record"
)

// frame is one message of a stream. A later one of the same topic takes the
// place of an earlier one that has not been sent.
type frame struct {
	event, topic, data string
	key                string // of the notification: the event's id
}

func (f frame) as(key string) frame { f.key = key; return f }

func (f frame) append(b []byte) []byte {
	if f.key != "" {
		b = append(append(append(b, "id: "...), f.key...), '\n')
	}
	b = append(append(append(b, "event: "...), f.event...), '\n')
	return append(append(append(b, "data: "...), f.data...), "\n\n"...)
}

var (
	// refetch: something may have been missed; the page fetches what it shows.
	refetch = frame{event: "refetch", topic: "refetch", data: "{}"}
	// deaf: the desk does not hear the database for now.
	deaf = frame{event: "deaf", topic: "refetch", data: "{}"}
)

// note is what a client is told of a record: references only.
type note struct {
	Kind    record.Kind `json:"kind"`
	ID      uuid.UUID   `json:"id"`
	Number  string      `json:"number,omitempty"`
	Version int         `json:"version,omitempty"`
	By      uuid.UUID   `json:"by,omitzero"`
	Gone    bool        `json:"gone,omitempty"`
}

func changeFrame(c record.Change, gone bool) frame {
	n := note{c.Kind, c.ID, c.Number, c.Version, c.By, false}
	if gone {
		n = note{Kind: c.Kind, ID: c.ID, Number: c.Number, Gone: true}
	}
	return frame{event: "change", topic: c.ID.String(), data: text(n)}
}

func (n inboxNews) frame() frame {
	return frame{event: "inbox", topic: "inbox" + n.About.String(), data: text(map[string]uuid.UUID{"about": n.About})}
}

func text(v any) string {
	b, _ := json.Marshal(v) // of strings, numbers and ids only: it cannot fail
	return string(b)
}

// hello is the topic of a stream's greeting, which gives its name.
const hello = "hello"

// stream is one open connection. The hub pushes; the connection's own
// goroutine writes, so that a slow client keeps nobody waiting.
type stream struct {
	id     string
	who    identity.Actor
	scopes map[record.Kind]authz.ReadScope // guarded by the hub

	wake chan struct{} // has something to send; holds one
	gone chan struct{} // closed when the hub ends the stream

	mu      sync.Mutex
	pending []frame
	why     string // the stream ended, "" while it lives
}

// waiting is how many frames wait for a slow client; beyond, it is told to
// fetch everything.
const waiting = 64

func newStream(who identity.Actor) *stream {
	return &stream{id: uuid.NewString(), who: reader(who), scopes: map[record.Kind]authz.ReadScope{}, wake: make(chan struct{}, 1), gone: make(chan struct{})}
}

func (s *stream) push(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = slices.DeleteFunc(s.pending, func(x frame) bool { return x.topic == f.topic })
	if len(s.pending) >= waiting {
		// The greeting stays: without it a page does not know its stream, and
		// nobody would see that its reader is there.
		f = refetch.as(f.key)
		s.pending = slices.DeleteFunc(s.pending, func(x frame) bool { return x.topic != hello })
	}
	s.pending = append(s.pending, f)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take empties the queue.
func (s *stream) take() (b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.pending {
		b = f.append(b)
	}
	s.pending = nil
	return b
}

// end closes the stream from the hub's side.
func (s *stream) end(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == "" {
		s.why = why
		close(s.gone)
	}
}

// bye is the last frame: why the stream ends, which decides whether the client
// comes back at once.
func (s *stream) bye(why string) frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why != "" {
		why = s.why
	}
	return frame{event: "bye", data: `{"why":` + strconv.Quote(why) + `}`}
}

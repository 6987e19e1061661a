package live

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
)

// What somebody does on a record's page.
const (
	Viewing = "view"
	Reply   = "reply"
	Note    = "note"
	Editing = "edit"
)

// place says that a tab of a person shows a record. It is kept in memory only,
// by every process, and vanishes when nobody confirms it: the process that has
// the tab's stream does so for as long as the stream lives.
type place struct {
	Stream string    `json:"s"`
	Tab    string    `json:"t"`
	Person uuid.UUID `json:"p"`
	Record uuid.UUID `json:"r"`
	Doing  string    `json:"d"` // "" leaves
	seen   time.Time
}

type placeKey struct {
	person uuid.UUID
	tab    string
}

func (p place) key() placeKey { return placeKey{p.Person, p.Tab} }

const (
	// perMessage is how many places one notification carries: some 170 bytes each.
	perMessage = 30
	// perStream is how many tabs of one browser are followed.
	perStream = 40
)

// moved takes what processes say about places, this one included.
func (h *Hub) moved(list []place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := clock()
	for _, p := range list {
		old, was := h.places[p.key()]
		p.seen = now
		switch {
		case p.Doing == "":
			if !was || old.Stream != p.Stream {
				continue // another stream of the browser has the tab by now
			}
			delete(h.places, p.key())
		case !h.fits(p, was):
			continue
		default:
			h.places[p.key()] = p
		}
		if was && old.Record != p.Record {
			h.tellAbout(old.Record)
		}
		if !was || old.Record != p.Record || old.Doing != p.Doing {
			h.tellAbout(p.Record)
		}
	}
}

// fits refuses a place on a stream of this process that is somebody else's or
// has too many.
func (h *Hub) fits(p place, was bool) bool {
	s, here := h.streams[p.Stream]
	if here && s.who.ID != p.Person {
		return false
	}
	n := 0
	for _, x := range h.places {
		if x.Stream == p.Stream {
			n++
		}
	}
	return was || n < perStream
}

// tellAbout hints to those who are on a record that who is there has changed.
func (h *Hub) tellAbout(id uuid.UUID) {
	told := map[string]bool{}
	for _, p := range h.places {
		if s, ok := h.streams[p.Stream]; ok && p.Record == id && !told[p.Stream] {
			told[p.Stream] = true
			s.push(frame{event: "here", topic: "here" + id.String(), data: text(map[string]uuid.UUID{"id": id})})
		}
	}
}

// leaves takes a stream's places off a record that its reader may not see any
// more.
func (h *Hub) leaves(s *stream, id uuid.UUID) {
	for k, p := range h.places {
		if p.Stream == s.id && p.Record == id {
			delete(h.places, k)
		}
	}
}

// On lists who is on a record, the longest-confirmed doing of each first:
// writing counts more than viewing.
func (h *Hub) On(id uuid.UUID) map[uuid.UUID]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := clock().Add(-h.old())
	out := map[uuid.UUID]string{}
	for _, p := range h.places {
		if p.Record == id && p.seen.After(old) && (out[p.Person] == "" || out[p.Person] == Viewing) {
			out[p.Person] = p.Doing
		}
	}
	return out
}

// old is the age at which a place that nobody confirmed is forgotten.
func (h *Hub) old() time.Duration { return 2*h.o.Beat + h.o.Beat/2 }

// beat confirms, for all streams of this process at once, where their tabs
// are, and forgets what other processes stopped to confirm. A process whose
// streams are nowhere says nothing.
func (h *Hub) beat(ctx context.Context) {
	t := time.NewTicker(h.o.Beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := h.announce(ctx, h.sweep()); err != nil && ctx.Err() == nil {
				h.desk.Log.WarnContext(ctx, "live: who is where could not be announced", "err", err)
			}
		}
	}
}

// sweep drops stale places and returns those to confirm.
func (h *Hub) sweep() []place {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := clock().Add(-h.old())
	var mine []place
	for k, p := range h.places {
		if _, ok := h.streams[p.Stream]; ok {
			mine = append(mine, p)
		} else if p.seen.Before(old) {
			delete(h.places, k)
			h.tellAbout(p.Record)
		}
	}
	return mine
}

// left ends the places of a stream that closed, unless another stream has
// taken them over by then.
func (h *Hub) left(s *stream) {
	t := time.NewTimer(h.o.Linger)
	defer t.Stop()
	select {
	case <-t.C:
	case <-h.done:
		return
	}
	h.mu.Lock()
	var over []place
	for _, p := range h.places {
		if p.Stream == s.id {
			p.Doing = ""
			over = append(over, p)
		}
	}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second) //nolint:forbidigo // the request is over
	defer cancel()
	if err := h.announce(ctx, over); err != nil {
		h.desk.Log.Warn("live: leaving could not be announced", "err", err)
	}
}

// announce sends places to every process. Nobody waits for the disk: presence
// need not survive a crash.
func (h *Hub) announce(ctx context.Context, list []place) error {
	if len(list) == 0 {
		return nil
	}
	var b pgx.Batch
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	for part := range slices.Chunk(list, perMessage) {
		notify(&b, hereChannel, part)
	}
	return h.desk.DB.InTx(ctx, func(tx db.Tx) error { return tx.SendBatch(ctx, &b).Close() })
}

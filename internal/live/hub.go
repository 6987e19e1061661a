// Package live tells pages that are open what has changed, while it is being
// committed. One hub per process listens to the database and hands on to its
// streams what each reader may know; it decides that in memory, so that a
// thousand quiet streams cost the database nothing.
package live

import (
	"context"
	"embed"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// The channels beside record.ChangeChannel: whose inbox changed, whose rights
// or sessions changed, and who is where.
const (
	inboxChannel  = "opsdesk_inbox"
	rightsChannel = "opsdesk_rights"
	hereChannel   = "opsdesk_here"
)

// Options are how patient a hub is; zero values are those of the design
// guide §8.13.
type Options struct {
	Heartbeat time.Duration // between signs of life on a quiet stream: 20 s
	Write     time.Duration // how long a client may take for one write: 10 s
	Life      time.Duration // of a stream, after which the client must show its session again: 15 min
	Beat      time.Duration // between announcements of who is where: 25 s
	Linger    time.Duration // how long a place outlives its stream, while another tab takes over: 6 s
	Streams   int           // at most, in this process: 4000
}

// perPerson is how many streams one person may have: one per browser.
const perPerson = 20

// Hub is the process's ear. Its zero value is of no use; New makes one.
type Hub struct {
	desk *work.Desk
	o    Options

	mu      sync.Mutex
	streams map[string]*stream
	places  map[placeKey]place
	past    past
	up      bool // listening
	closed  bool

	start sync.Once
	stop  context.CancelFunc
	done  chan struct{}
}

// New returns a hub that begins to listen with Start, or with its first
// stream.
func New(d *work.Desk, o Options) (*Hub, error) {
	for v, or := range map[*time.Duration]time.Duration{&o.Heartbeat: 20 * time.Second, &o.Write: 10 * time.Second, &o.Life: 15 * time.Minute, &o.Beat: 25 * time.Second, &o.Linger: 6 * time.Second} {
		if *v == 0 {
			*v = or
		}
	}
	if o.Streams == 0 {
		o.Streams = 4000
	}
	h := &Hub{desk: d, o: o, streams: map[string]*stream{}, places: map[placeKey]place{}, done: make(chan struct{})}
	return h, d.Messages.Add(messages)
}

// Start begins to listen. Calling it again does nothing.
func (h *Hub) Start(ctx context.Context) {
	h.start.Do(func() {
		run, stop := context.WithCancel(context.WithoutCancel(ctx))
		h.mu.Lock()
		h.stop = stop
		if h.closed {
			stop()
		}
		h.mu.Unlock()
		go func() {
			defer close(h.done)
			var w sync.WaitGroup
			w.Go(func() { h.beat(run) })
			h.listen(run)
			w.Wait()
		}()
	})
}

// Close ends every stream, so that a server can stop, and the listening.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for _, s := range h.streams {
		s.end("restart")
	}
	stop := h.stop
	h.mu.Unlock()
	if stop != nil {
		stop()
		<-h.done
	}
}

// Streams is how many streams are open, and Listening whether the hub hears
// the database, for the metrics.
func (h *Hub) Streams() (n int, listening bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams), h.up
}

// listen keeps one connection that listens. What was committed while there was
// none is unknown: every page fetches afresh once there is one again.
func (h *Hub) listen(ctx context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		err := h.desk.DB.Listen(ctx, []string{record.ChangeChannel, inboxChannel, rightsChannel, hereChannel}, func() { wait = firstWait; h.hears(true) }, h.got)
		h.hears(false)
		if ctx.Err() != nil {
			return
		}
		h.desk.Log.WarnContext(ctx, "live: the listening connection was lost", "err", err, "again_in", wait)
		t := time.NewTimer(wait + rand.N(wait/2)) //nolint:gosec // jitter
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		wait = min(2*wait, lastWait)
	}
}

// How long the hub waits before it connects again, doubling.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 15 * time.Second
)

func (h *Hub) hears(up bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if up == h.up {
		return
	}
	h.up = up
	h.past.forget(clock())
	for _, s := range h.streams {
		if up {
			s.push(refetch)
		} else {
			s.push(deaf)
		}
	}
}

// got takes one notification. One that cannot be read comes from a newer
// program: pages fetch afresh rather than miss it.
func (h *Hub) got(channel, payload string) {
	var err error
	switch channel {
	case record.ChangeChannel:
		var c record.Change
		if err = json.Unmarshal([]byte(payload), &c); err == nil {
			h.changed(c)
		}
	case inboxChannel:
		var n inboxNews
		if err = json.Unmarshal([]byte(payload), &n); err == nil {
			h.send(n.Key, func(s *stream) (frame, bool) { return n.frame(), slices.Contains(n.To, s.who.ID) })
		}
	case rightsChannel:
		var people []uuid.UUID
		if err = json.Unmarshal([]byte(payload), &people); err == nil {
			h.again(people)
		}
	case hereChannel:
		var list []place
		if err = json.Unmarshal([]byte(payload), &list); err == nil {
			h.moved(list)
		}
	}
	if err != nil {
		h.desk.Log.Warn("live: a notification could not be read", "channel", channel, "err", err)
		h.send(uuid.NewString(), func(*stream) (frame, bool) { return refetch, true })
	}
}

// changed hands a change to those who may hear of it.
func (h *Hub) changed(c record.Change) {
	if c.Many {
		h.send(c.Key, func(*stream) (frame, bool) { return refetch, true })
		return
	}
	shown, gone := changeFrame(c, false), changeFrame(c, true)
	readers, more := h.standings(c)
	h.send(c.Key, func(s *stream) (frame, bool) {
		switch c.Reaches(s.scope(h.desk, c.Kind), s.who.ID, func() record.Standing { return more[s.who.ID] }) {
		case record.Shown:
			return shown, true
		case record.Gone:
			h.leaves(s, c.ID)
			return gone, true
		}
		// Who came later than the question was asked may be a follower: a hint
		// without a name gives nothing away.
		return refetch, c.More && !slices.Contains(readers, s.who.ID)
	})
}

// standings asks once for all readers how they stand to a record that has too
// many followers to name; otherwise nothing is asked.
func (h *Hub) standings(c record.Change) ([]uuid.UUID, map[uuid.UUID]record.Standing) {
	if !c.More {
		return nil, nil
	}
	readers := h.readers()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) //nolint:forbidigo // a notification has no caller's context
	defer cancel()
	m, err := record.Standings(ctx, h.desk.DB, c.ID, readers, h.desk.Now())
	if err != nil {
		h.desk.Log.Warn("live: followers could not be read", "err", err)
	}
	return readers, m
}

func (h *Hub) readers() []uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []uuid.UUID
	for _, s := range h.streams {
		ids = append(ids, s.who.ID)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// send pushes what of decides to every stream, and remembers it for those that
// come back.
func (h *Hub) send(key string, of func(*stream) (frame, bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.past.add(key, clock(), of)
	for _, s := range h.streams {
		if f, ok := of(s); ok {
			s.push(f.as(key))
		}
	}
}

// again makes people show their sessions anew: their streams end, and the
// client comes back with what it may do now, or not at all.
func (h *Hub) again(people []uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.streams {
		if slices.Contains(people, s.who.ID) {
			s.end("rights")
		}
	}
}

// past is what was sent lately, in the order of the commits, for streams that
// were interrupted. Each entry decides anew who may hear of it.
type past struct {
	since time.Time // from when on nothing is missing
	list  []sent
}

type sent struct {
	key string
	at  time.Time
	of  func(*stream) (frame, bool)
}

// remembered is how much of the past is kept.
const remembered = 1000

func (p *past) forget(now time.Time) { p.since, p.list = now, nil }

func (p *past) add(key string, at time.Time, of func(*stream) (frame, bool)) {
	if len(p.list) >= remembered {
		n := remembered / 4
		p.since = p.list[n-1].at
		p.list = slices.Clone(p.list[n:])
	}
	p.list = append(p.list, sent{key, at, of})
}

// after returns what came after the entry with the key, or, without a key,
// after an instant; false when that is not known.
func (p *past) after(key string, since time.Time) ([]sent, bool) {
	if key == "" {
		n := slices.IndexFunc(p.list, func(x sent) bool { return x.at.After(since) })
		if n < 0 {
			n = len(p.list)
		}
		return p.list[n:], !p.since.IsZero() && !since.Before(p.since)
	}
	for n, x := range p.list {
		if x.key == key {
			return p.list[n+1:], true
		}
	}
	return nil, false
}

// Tell announces news in the inboxes of people, about one record or another
// thing, if the transaction of b commits.
func Tell(b *pgx.Batch, about uuid.UUID, people ...uuid.UUID) {
	for list := range slices.Chunk(people, 100) {
		notify(b, inboxChannel, inboxNews{uuid.NewString(), list, about})
	}
}

// Rights announces that people may do more or less than before, or that a
// session of theirs has ended, if the transaction of b commits.
func Rights(b *pgx.Batch, people ...uuid.UUID) {
	for list := range slices.Chunk(people, 150) {
		notify(b, rightsChannel, list)
	}
}

func notify(b *pgx.Batch, channel string, payload any) {
	b.Queue(`SELECT pg_notify(@channel, @payload)`, db.Args{"channel": channel, "payload": text(payload)})
}

// inboxNews says in whose inbox there is something new or read.
type inboxNews struct {
	Key   string      `json:"u"`
	To    []uuid.UUID `json:"to"`
	About uuid.UUID   `json:"about"`
}

// scope is what the reader of a stream may see of a kind.
func (s *stream) scope(d *work.Desk, kind record.Kind) authz.ReadScope {
	sc, ok := s.scopes[kind]
	if !ok {
		sc = d.Kinds.Scope(d.Matrix, s.who, kind)
		s.scopes[kind] = sc
	}
	return sc
}

// clock is the machine's: connections live in its time, not in the desk's.
func clock() time.Time { return time.Now() } //nolint:forbidigo // see above

// reader keeps of an actor what decides.
func reader(a identity.Actor) identity.Actor {
	return identity.Actor{ID: a.ID, Roles: a.Roles, Teams: a.Teams, Departments: a.Departments, Services: a.Services, System: a.System, Username: a.Username}
}

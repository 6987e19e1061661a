package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// deafHub is a hub that hears only what a test tells it.
func deafHub(t *testing.T, o Options) *Hub {
	t.Helper()
	m, err := authz.Load()
	if err != nil {
		t.Fatal(err)
	}
	k := record.NewKinds()
	if err := k.Register(record.Spec{Kind: "incident", Read: "ticket.read"}); err != nil {
		t.Fatal(err)
	}
	h, err := New(&work.Desk{Matrix: m, Kinds: k, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Messages: i18n.New()}, o)
	if err != nil {
		t.Fatal(err)
	}
	h.start.Do(func() { close(h.done) })
	h.hears(true)
	return h
}

func agent() identity.Actor {
	return identity.Actor{ID: uuid.New(), Roles: []identity.Role{identity.EngineerL1}}
}

func staff() identity.Actor {
	return identity.Actor{ID: uuid.New(), Roles: []identity.Role{identity.Requester}}
}

func change(n int) record.Change {
	return record.Change{Key: fmt.Sprint("key", n), Kind: "incident", ID: uuid.New(), Number: fmt.Sprintf("INC-%06d", n), Version: n, By: uuid.New()}
}

func mustOpen(t *testing.T, h *Hub, who identity.Actor, last string, age time.Duration) *stream {
	t.Helper()
	s, err := h.open(who, last, age)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func said(s *stream) string { return string(s.take()) }

// Every reader hears of what they may see, and of nothing else.
func TestOnlyWhoMaySeeIsTold(t *testing.T) {
	t.Parallel()
	h := deafHub(t, Options{})
	eng, req, other := agent(), staff(), staff()
	streams := map[string]*stream{"engineer": mustOpen(t, h, eng, "", 0), "requester": mustOpen(t, h, req, "", 0), "stranger": mustOpen(t, h, other, "", 0)}
	hears := func(c record.Change) string {
		for _, s := range streams {
			said(s)
		}
		h.changed(c)
		out := ""
		for _, who := range []string{"engineer", "requester", "stranger"} {
			switch x := said(streams[who]); {
			case strings.Contains(x, `"gone":true`):
				out += who + " gone "
			case strings.Contains(x, "refetch"):
				out += who + " refetch "
			case strings.Contains(x, c.ID.String()):
				out += who + " "
			case x != "":
				t.Errorf("%s was told %q", who, x)
			}
		}
		return strings.TrimSpace(out)
	}
	own := record.Standpoint{Requester: &req.ID, Creator: req.ID}
	secret := own
	secret.Confidential = true
	for _, c := range []struct {
		name, want string
		change     record.Change
	}{
		{"an open ticket", "engineer requester", record.Change{Now: own}},
		{"a follower hears", "engineer requester stranger", record.Change{Now: own, Watchers: []uuid.UUID{other.ID}}},
		{"a confidential one is not announced", "", record.Change{Now: secret}},
		{"but to those named on it", "stranger", record.Change{Now: secret, Named: []uuid.UUID{other.ID}}},
		{"a follower is not named", "", record.Change{Now: secret, Watchers: []uuid.UUID{other.ID}}},
		{"one that became confidential is gone", "engineer gone requester gone", record.Change{Now: secret, Was: &own}},
		{"one that was handed to another requester", "engineer requester gone", record.Change{Now: record.Standpoint{Creator: eng.ID}, Was: &own}},
		{"more than are named", "engineer refetch requester refetch stranger refetch", record.Change{Many: true}},
	} {
		c.change.Kind, c.change.ID, c.change.Key = "incident", uuid.New(), c.name
		if got := hears(c.change); got != c.want {
			t.Errorf("%s: told %q, want %q", c.name, got, c.want)
		}
	}
}

// A client that comes back hears exactly what it missed, on any process that
// heard it too, and fetches afresh where that is not known.
func TestWhatWasMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := deafHub(t, Options{})
		time.Sleep(time.Minute)
		for n := range 5 {
			h.changed(change(n))
			time.Sleep(10 * time.Second)
		}
		for name, c := range map[string]struct {
			last string
			age  time.Duration
			want string
		}{
			"after an event":            {"key2", 0, "key3 key4"},
			"after the last":            {"key4", 0, ""},
			"an event nobody knows":     {"elsewhere", 0, "refetch"},
			"a page of 25 seconds":      {"", 25 * time.Second, "key3 key4"},
			"a page older than the hub": {"", time.Hour, "refetch"},
		} {
			got := ""
			for l := range strings.Lines(said(mustOpen(t, h, agent(), c.last, c.age))) {
				if k, ok := strings.CutPrefix(l, "id: "); ok {
					got += " " + strings.TrimSpace(k)
				}
				if strings.HasPrefix(l, "event: refetch") {
					got += " refetch"
				}
			}
			if strings.TrimSpace(got) != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		// The hub was deaf for a while: nothing older counts.
		h.hears(false)
		h.hears(true)
		if x := said(mustOpen(t, h, agent(), "key4", 0)); !strings.Contains(x, "event: refetch") {
			t.Errorf("after a lost connection: %q", x)
		}
	})
}

func TestThePastIsBounded(t *testing.T) {
	t.Parallel()
	h := deafHub(t, Options{})
	for n := range 3 * remembered {
		h.changed(change(n))
	}
	if len(h.past.list) > remembered {
		t.Errorf("%d entries are kept", len(h.past.list))
	}
	if _, known := h.past.after("key10", time.Time{}); known {
		t.Error("an entry that was dropped is still known")
	}
}

// Many changes of one record are one message; too many of all are one hint.
func TestChangesAreJoined(t *testing.T) {
	t.Parallel()
	h := deafHub(t, Options{})
	s := mustOpen(t, h, agent(), "", 0)
	said(s)
	c := change(1)
	for n := range 500 {
		c.Key, c.Version = fmt.Sprint(n), n
		h.changed(c)
	}
	if x := said(s); strings.Count(x, "event: ") != 1 || !strings.Contains(x, `"version":499`) {
		t.Errorf("one record: %q", x)
	}
	for n := range 500 {
		h.changed(change(n))
	}
	if x := said(s); strings.Count(x, "event: ") > waiting || !strings.Contains(x, "event: refetch") {
		t.Errorf("many records: %d messages", strings.Count(x, "event: "))
	}
}

// Whoever comes back after more than fits still learns first what their stream
// is called: without, nobody would see that they are on a ticket.
func TestAGreetingIsNeverLost(t *testing.T) {
	t.Parallel()
	h := deafHub(t, Options{})
	for n := range 3 * waiting {
		h.changed(change(n))
	}
	s := mustOpen(t, h, agent(), "key0", 0)
	if x := said(s); !strings.HasPrefix(x, "event: hello\n") || !strings.Contains(x, s.id) || !strings.Contains(x, "event: refetch") || strings.Count(x, "event: ") > waiting+1 {
		t.Errorf("after much was missed: %q", x)
	}
}

// A client that does not read loses its stream and keeps nobody waiting.
func TestASlowClientBlocksNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := deafHub(t, Options{})
		slow, quick := mustOpen(t, h, agent(), "", 0), mustOpen(t, h, agent(), "", 0)
		stuck := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			h.run(t.Context(), slow, func([]byte) error { <-stuck; return errors.New("write deadline") })
			h.close(slow)
			close(ended)
		}()
		var heard []string
		ctx, stop := context.WithCancel(t.Context())
		go h.run(ctx, quick, func(b []byte) error { heard = append(heard, string(b)); return nil })
		synctest.Wait()
		for n := range 200 {
			h.changed(change(n))
			synctest.Wait()
		}
		if len(heard) < 200 {
			t.Errorf("the quick client heard %d messages", len(heard))
		}
		close(stuck)
		<-ended
		stop()
		if n, _ := h.Streams(); n != 1 {
			t.Errorf("%d streams are left", n)
		}
	})
}

func TestAStreamBeatsAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := deafHub(t, Options{})
		s := mustOpen(t, h, agent(), "", 0)
		var b strings.Builder
		done := make(chan struct{})
		go func() { h.run(t.Context(), s, func(p []byte) error { b.Write(p); return nil }); close(done) }()
		<-done
		if n := strings.Count(b.String(), "event: beat"); n < 40 || n > 46 {
			t.Errorf("%d heartbeats in a quarter of an hour", n)
		}
		if !strings.HasSuffix(b.String(), "event: bye\ndata: {\"why\":\"age\"}\n\n") {
			t.Errorf("the last words: %q", b.String()[max(0, b.Len()-60):])
		}
	})
	for why, end := range map[string]func(*Hub, *stream){
		"rights":  func(h *Hub, s *stream) { h.again([]uuid.UUID{s.who.ID}) },
		"restart": func(h *Hub, _ *stream) { h.Close() },
	} {
		h := deafHub(t, Options{})
		s, bystander := mustOpen(t, h, agent(), "", 0), mustOpen(t, h, agent(), "", 0)
		end(h, s)
		last := ""
		h.run(t.Context(), s, func(p []byte) error { last = string(p); return nil })
		if !strings.Contains(last, why) {
			t.Errorf("%s: %q", why, last)
		}
		select {
		case <-bystander.gone:
			if why == "rights" {
				t.Error("somebody else's stream ended")
			}
		default:
		}
		if _, err := h.open(agent(), "", 0); (err != nil) != (why == "restart") {
			t.Errorf("%s: opening another: %v", why, err)
		}
	}
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	h := deafHub(t, Options{Streams: perPerson + 2})
	one := agent()
	for range perPerson {
		mustOpen(t, h, one, "", 0)
	}
	if _, err := h.open(one, "", 0); !fault.Is(err, fault.TooMany) {
		t.Errorf("one person too many: %v", err)
	}
	mustOpen(t, h, agent(), "", 0)
	mustOpen(t, h, agent(), "", 0)
	if _, err := h.open(agent(), "", 0); !fault.Is(err, fault.TooMany) || fault.Of(err).RetryAfter == 0 {
		t.Errorf("one stream too many: %v", err)
	}
}

func TestWhoIsWhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := deafHub(t, Options{})
		a, b := agent(), agent()
		sa, sb := mustOpen(t, h, a, "", 0), mustOpen(t, h, b, "", 0)
		said(sa)
		said(sb)
		id, elsewhere := uuid.New(), uuid.New()
		at := func(s *stream, who identity.Actor, tab string, id uuid.UUID, doing string) {
			h.moved([]place{{Stream: s.id, Tab: tab, Person: who.ID, Record: id, Doing: doing}})
		}
		at(sa, a, "1", id, Viewing)
		at(sb, b, "1", id, Viewing)
		if x := said(sa); strings.Count(x, "event: here") != 1 || !strings.Contains(x, id.String()) {
			t.Errorf("who came first was told %q", x)
		}
		at(sb, b, "1", id, Note)
		if h.On(id)[b.ID] != Note || len(h.On(id)) != 2 {
			t.Errorf("on the record: %v", h.On(id))
		}
		said(sa)
		at(sb, b, "1", id, Note) // confirmed, not new
		if x := said(sa); x != "" {
			t.Errorf("a confirmation was told: %q", x)
		}
		at(sb, b, "2", id, Viewing) // another tab: what is written counts
		if h.On(id)[b.ID] != Note {
			t.Errorf("with a second tab: %v", h.On(id))
		}
		at(sb, b, "1", elsewhere, Viewing)
		at(sb, b, "2", id, "")
		if len(h.On(id)) != 1 || !strings.Contains(said(sa), "event: here") {
			t.Errorf("after leaving: %v", h.On(id))
		}
		// Nobody speaks for somebody else, on a stream of theirs.
		h.moved([]place{{Stream: sa.id, Tab: "x", Person: b.ID, Record: id, Doing: Reply}})
		if len(h.On(id)) != 1 {
			t.Errorf("spoken for: %v", h.On(id))
		}
		// What a process that died has said is forgotten; what is on a stream of
		// this one is confirmed.
		h.moved([]place{{Stream: "another process", Tab: "9", Person: b.ID, Record: id, Doing: Viewing}})
		time.Sleep(h.old() + time.Second)
		if mine := h.sweep(); len(mine) != 2 {
			t.Errorf("to confirm: %v", mine)
		} else {
			h.moved(mine)
		}
		if on := h.On(id); len(on) != 1 || on[a.ID] == "" {
			t.Errorf("after a process died: %v", on)
		}
		// Who may not see the record any more is not on it.
		c := change(1)
		c.ID, c.Now, c.Was = id, record.Standpoint{Confidential: true}, &record.Standpoint{}
		h.changed(c)
		if on := h.On(id); len(on) != 0 {
			t.Errorf("on a record that became confidential: %v", on)
		}
	})
}

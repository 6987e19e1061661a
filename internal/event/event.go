// Package event says that something happened. Publishing inserts one job per
// subscriber in the same transaction: the job table is the outbox.
package event

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
)

// Event carries references, not state; subscribers read what is true now.
type Event struct {
	ID      uuid.UUID  `json:"id"`
	Name    string     `json:"name"` // past tense and stable: "incident.resolved"
	Ref     record.Ref `json:"ref"`
	ActorID uuid.UUID  `json:"actor_id"`
	At      time.Time  `json:"at"`
	// To are the people concerned beside those who follow the record.
	To []uuid.UUID `json:"to,omitempty"`
	// Only says that nobody beside To hears of it.
	Only bool `json:"only,omitempty"`
	// Not are people who hear of the same act by another event.
	Not []uuid.UUID `json:"not,omitempty"`
	// About is the part of the record it is about, such as a comment.
	About uuid.UUID `json:"about,omitzero"`
	// Subject stands for what has no line in the register, such as a saved view
	// or a long task: only those in To hear of it.
	Subject *Subject `json:"subject,omitempty"`
	// Group stands for several events of which a person is told once, whichever
	// of them comes first.
	Group uuid.UUID `json:"group,omitzero"`
	// Version is the record's after an act that may still be taken back: of one
	// that was, nobody hears. 0: of an act that stands.
	Version int `json:"version,omitempty"`
	// Hold is how long the subscribers wait.
	Hold time.Duration `json:"-"`
}

// Once is what a message is unique by for each person.
func (e Event) Once() uuid.UUID {
	if e.Group != uuid.Nil {
		return e.Group
	}
	return e.ID
}

// Subject is what a message says of a thing that is no record.
type Subject struct {
	Title string `json:"title"`
	Path  string `json:"path"` // of its page
	// In is what is said in each language, where it differs.
	In map[string]Said `json:"in,omitempty"`
}

// Said is a title and a text in one language.
type Said struct {
	Title string `json:"title"`
	Text  string `json:"text,omitempty"`
}

// Said is the title and the text for a reader of a language.
func (s Subject) Said(lang string) Said {
	if x, ok := s.In[lang]; ok {
		return x
	}
	return Said{Title: s.Title}
}

// Subscriber reacts at least once; it must be idempotent by Event.ID.
type Subscriber func(ctx context.Context, e Event) error

type subscription struct {
	job   string
	names []string // exact names; empty means all
}

// Bus knows who listens. It is filled while wiring.
type Bus struct {
	reg  *jobs.Registry
	subs []subscription
}

// NewBus returns a bus whose subscribers run as jobs of reg.
func NewBus(reg *jobs.Registry) *Bus { return &Bus{reg: reg} }

// On registers a subscriber under its own stable name for events of the given
// names, or for all.
func (b *Bus) On(subscriber string, fn Subscriber, names ...string) error {
	job := "on:" + subscriber
	b.subs = append(b.subs, subscription{job, names})
	return b.reg.Handle(job, time.Minute, func(ctx context.Context, payload json.RawMessage, _ jobs.Run) error {
		var e Event
		if err := json.Unmarshal(payload, &e); err != nil {
			return jobs.Cancel(err)
		}
		return fn(ctx, e)
	})
}

// Publish adds one job per event and subscriber to the batch of the act.
func (b *Bus) Publish(batch *pgx.Batch, q *jobs.Client, events []Event) error {
	var list []jobs.Job
	for _, e := range events {
		for _, s := range b.subs {
			if len(s.names) == 0 || slices.Contains(s.names, e.Name) {
				j := jobs.Job{Kind: s.job, Payload: e}
				if e.Hold > 0 {
					j.RunAt = e.At.Add(e.Hold)
				}
				list = append(list, j)
			}
		}
	}
	return q.Queue(batch, list...)
}

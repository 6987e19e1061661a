package servicerequest

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/batch"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// Service holds the use cases of the catalogue and of requests.
type Service struct {
	desk       *work.Desk
	items      itemStore
	categories categoryStore
	repo       repository
	zone       *time.Location // of the company, whose day today is
	queue      *queue.Queue[Row]
	Options
}

// Options are what the module needs of others.
type Options struct {
	Priorities Priorities
	Days       Days
	Clocks     *sla.Service
	Incidents  Incidents
	Views      *view.Service
	Batches    *batch.Service
	Approvals  *approval.Service
	// Assets are the configuration items that forms may ask for; nil where
	// there are none, and then they are asked for in words.
	Assets Assets
	// Changes opens changes; set by ChangeBy.
	Changes Changes
}

// Priorities knows the matrix of impact and urgency.
type Priorities interface {
	Priority(ctx context.Context, q db.Querier, impact, urgency int) (int, error)
}

// Days counts working days by the company's calendar.
type Days interface {
	AddDays(ctx context.Context, u *work.Unit, t time.Time, n int) (time.Time, error)
}

// Incidents opens incidents, for items of the catalogue that make one.
type Incidents interface {
	// OpenIn opens an incident within a running unit, after whatever the unit did
	// before is queued.
	OpenIn(ctx context.Context, u *work.Unit, in IncidentOrder) (record.Ref, error)
}

// Changes opens changes, for items of the catalogue whose fulfilment needs one.
type Changes interface {
	// MayBegin reports whether the actor may open one at all.
	MayBegin(ctx context.Context) bool
	// Begin begins the draft of a change in the actor's name: the same one however
	// often it is called under the key in ctx.
	Begin(ctx context.Context, in ChangeOrder) (record.Ref, error)
}

// ChangeOrder is a change as a request orders it.
type ChangeOrder struct {
	Title, Content, Reason string
	ServiceID              *uuid.UUID
}

// IncidentOrder is an incident as a request orders it.
type IncidentOrder struct {
	Title, Text       string
	Impact, Urgency   int
	RequesterID       uuid.UUID
	ServiceID, TeamID *uuid.UUID
	From              record.Ref // the request
	Confidential      bool       // as the request is
}

// Assets finds configuration items.
type Assets interface {
	// PickURL answers a search, the text is appended; "" where the actor may not
	// look for them, and then they name them in words.
	PickURL(ctx context.Context) string
	// Names are those of ids that exist and that the actor may see.
	Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error)
}

func newService(d *work.Desk, zone *time.Location, o Options) *Service {
	return &Service{desk: d, zone: zone, Options: o}
}

// ChangeBy says who opens changes. It is called while wiring.
func (s *Service) ChangeBy(c Changes) { s.Changes = c }

func itoa(n int) string { return strconv.Itoa(n) }

// today is the company's day of an instant, for conditions and defaults.
func (s *Service) today() string { return s.desk.Now().In(s.zone).Format(time.DateOnly) }

func people(ids ...*uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	for _, id := range ids {
		if id != nil && *id != uuid.Nil {
			out = append(out, *id)
		}
	}
	return out
}

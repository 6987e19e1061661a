package people

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// ActionHandOver is handing on the open work of somebody who leaves.
const ActionHandOver authz.Action = "person.hand_over"

// handOverKind is the long work that does it.
const handOverKind = "people.hand_over"

// systemHandOver is the component that hands on, for whoever asked.
const systemHandOver = "handover"

// maxOpen is how many records one hand-over takes; more are handed on in
// several.
const maxOpen = 100

// Reassigner hands on records of one kind, through the kind's own use case. It
// leaves alone what from is no longer responsible for.
type Reassigner interface {
	HandOver(ctx context.Context, id, from uuid.UUID, person, team *uuid.UUID) error
}

// HandOverBy is called while wiring: who hands on the records of each kind.
func (s *Service) HandOverBy(b *batch.Service, kinds map[record.Kind]Reassigner) {
	s.batches, s.kinds = b, kinds
	b.Handle(handOverKind, batch.Runner{Row: s.handOn, Title: "people.handover.title", Path: "/people/records/"})
}

// OpenWork is one record that a person is responsible for.
type OpenWork struct {
	ID       uuid.UUID   `db:"id" json:"id"`
	Kind     record.Kind `db:"kind" json:"kind"`
	Number   string      `db:"number" json:"number"`
	State    string      `db:"state" json:"state"`
	Priority int         `db:"priority" json:"priority"`
	TeamID   *uuid.UUID  `db:"team_id" json:"team_id"`
	Title    string      `db:"title" json:"title"` // "" where the reader may not see it
}

// Open lists what a person is responsible for and has not finished, at most
// maxOpen, and how much there is. Titles are those that the reader may see.
func (s *Service) Open(ctx context.Context, id uuid.UUID) ([]OpenWork, int, error) {
	if _, err := s.desk.Permit(ctx, ActionHandOver); err != nil {
		return nil, 0, err
	}
	n, err := s.persons.openCount(ctx, s.desk.DB, id)
	if err != nil {
		return nil, 0, err
	}
	list, err := s.persons.open(ctx, s.desk.DB, id, maxOpen)
	if err != nil {
		return nil, 0, err
	}
	for k := range list {
		e, _, err := s.visible(ctx, list[k])
		if err != nil {
			return nil, 0, err
		}
		list[k].Title = e
	}
	return list, n, nil
}

// visible is the title of a record for the actor; "" where it is hidden.
func (s *Service) visible(ctx context.Context, w OpenWork) (title string, ok bool, err error) {
	v, _, err := s.desk.Visibility(ctx, w.Kind)
	if err != nil {
		return "", false, err
	}
	e, err := record.Find(ctx, s.desk.DB, v, w.ID)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	return e.Title, err == nil, err
}

// HandOverInput says where the open work of a person goes: all of it to a person
// or a team, and single records elsewhere. A place is "person:" or "team:" and
// an id.
type HandOverInput struct {
	To    string   `json:"to" validate:"max=60"`
	Items []string `json:"items" validate:"max=100"` // "<record id>=<place>"
}

// place is where a record goes.
type place struct{ person, team *uuid.UUID }

func parsePlace(s string) (place, bool) {
	kind, key, _ := strings.Cut(s, ":")
	id, err := uuid.Parse(key)
	switch {
	case err != nil:
		return place{}, false
	case kind == "person":
		return place{person: &id}, true
	case kind == "team":
		return place{team: &id}, true
	}
	return place{}, false
}

// plan is where each record goes, by id.
func (in HandOverInput) plan(open []OpenWork) (map[uuid.UUID]string, error) {
	if in.To != "" {
		if _, ok := parsePlace(in.To); !ok {
			return nil, fault.OnField("to", "validation.unknown")
		}
	}
	own := map[uuid.UUID]string{}
	for _, it := range in.Items {
		key, to, _ := strings.Cut(it, "=")
		id, err := uuid.Parse(key)
		if to == "" {
			continue // as all
		}
		if _, ok := parsePlace(to); err != nil || !ok {
			return nil, fault.OnField("items", "validation.unknown")
		}
		own[id] = to
	}
	out := map[uuid.UUID]string{}
	for _, w := range open {
		to := own[w.ID]
		if to == "" {
			to = in.To
		}
		if to == "" {
			return nil, fault.OnField("to", "people.error.no_place")
		}
		out[w.ID] = to
	}
	return out, nil
}

type handOverJob struct {
	From uuid.UUID            `json:"from"`
	Plan map[uuid.UUID]string `json:"plan"`
}

// HandOver hands on the open work of a person, as a job with a result for each
// record, through the use cases that a click would take. An account is disabled
// only when nothing is left.
func (s *Service) HandOver(ctx context.Context, id uuid.UUID, in HandOverInput) (batch.Batch, error) {
	if err := validated(in); err != nil {
		return batch.Batch{}, err
	}
	open, _, err := s.Open(ctx, id)
	if err != nil {
		return batch.Batch{}, err
	}
	if len(open) == 0 {
		return batch.Batch{}, fault.New(fault.Conflict, "people.error.nothing_open")
	}
	plan, err := in.plan(open)
	if err != nil {
		return batch.Batch{}, err
	}
	rows := make([]batch.Row, len(open))
	for n, w := range open {
		if p, _ := parsePlace(plan[w.ID]); p.person != nil && *p.person == id {
			return batch.Batch{}, fault.OnField("to", "people.error.same_person")
		}
		rows[n] = batch.Row{N: n + 1, RecordID: w.ID, Number: w.Number}
	}
	b, err := s.batches.Draft(ctx, handOverKind, handOverJob{id, plan}, rows)
	if err != nil {
		return b, err
	}
	return s.batches.Start(ctx, b.ID)
}

// handOn hands on one record. The desk acts, under its own name: who administers
// accounts has no rights on tickets, and needs none.
func (s *Service) handOn(ctx context.Context, b batch.Batch, r batch.Row) (any, error) {
	if _, err := s.desk.Permit(ctx, ActionHandOver); err != nil {
		return nil, err
	}
	var in handOverJob
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return nil, err
	}
	e, err := record.Get(ctx, s.desk.DB, r.RecordID)
	if err != nil {
		return nil, err
	}
	k, ok := s.kinds[e.Kind]
	p, okPlace := parsePlace(in.Plan[r.RecordID])
	if !ok || !okPlace {
		return nil, fault.New(fault.Conflict, "people.error.no_place")
	}
	return nil, k.HandOver(identity.With(ctx, identity.NewSystem(systemHandOver)), r.RecordID, in.From, p.person, p.team)
}

// Locate is the address of a record by its number, for who may see it.
func (s *Service) Locate(ctx context.Context, number string) (string, error) {
	for _, k := range s.desk.Kinds.All() {
		v, _, err := s.desk.Visibility(ctx, k)
		if err != nil {
			return "", err
		}
		e, err := record.FindNumber(ctx, s.desk.DB, v, number)
		if err == nil && e.Kind == k {
			return s.desk.Kinds.URL(k, number), nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
	}
	return "", fault.New(fault.NotFound, "error.not_found")
}

// nothingOpen refuses to disable somebody who still has work to do.
func (s *Service) nothingOpen(ctx context.Context, q db.Querier, id uuid.UUID) error {
	n, err := s.persons.openCount(ctx, q, id)
	if err == nil && n > 0 {
		return fault.New(fault.Conflict, "people.error.open_work", "count", n)
	}
	return err
}

package people

import (
	"context"
	"encoding/json"
	"slices"
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

// maxOpen is how many records the page lists and single places are asked for.
// However many there are, all are handed on.
const maxOpen = 100

// maxHandOver is how many records one job hands on.
const maxHandOver = 100_000

// Reassigner hands on records of one kind, through the kind's own use case. It
// leaves alone what from is no longer responsible for.
type Reassigner interface {
	HandOver(ctx context.Context, id, from uuid.UUID, person, team *uuid.UUID) error
	// HeldBy lists the open records on which a person holds open tasks, whoever
	// is responsible for the record.
	HeldBy(ctx context.Context, q db.Querier, person uuid.UUID) ([]uuid.UUID, error)
}

// HandOverBy is called while wiring: who hands on the records of each kind.
func (s *Service) HandOverBy(b *batch.Service, kinds map[record.Kind]Reassigner) {
	s.batches, s.kinds = b, kinds
	b.Handle(handOverKind, batch.Runner{Row: s.handOn, Title: "people.handover.title", Path: "/people/records/", Max: maxHandOver})
}

// OpenWork is one record that a person is responsible for.
type OpenWork struct {
	ID       uuid.UUID       `db:"id" json:"id"`
	Kind     record.Kind     `db:"kind" json:"kind"`
	Number   string          `db:"number" json:"number"`
	State    string          `db:"state" json:"state"`
	Category record.Category `db:"category" json:"category"`
	Priority int             `db:"priority" json:"priority"`
	TeamID   *uuid.UUID      `db:"team_id" json:"team_id"`
	Title    string          `db:"title" json:"title"` // "" where the reader may not see it
	// Own says that the person is responsible for the record, and not only holds
	// tasks of it.
	Own bool `db:"own" json:"own"`
}

// held are the records on which a person holds open tasks.
func (s *Service) held(ctx context.Context, q db.Querier, id uuid.UUID) ([]uuid.UUID, error) {
	out := []uuid.UUID{}
	for _, k := range s.kinds {
		ids, err := k.HeldBy(ctx, q, id)
		if err != nil {
			return nil, err
		}
		out = append(out, ids...)
	}
	return out, nil
}

// Open lists what a person is responsible for and has not finished, tasks on
// others' records too, at most maxOpen, and how much there is. Titles are those that the reader may see.
func (s *Service) Open(ctx context.Context, id uuid.UUID) ([]OpenWork, int, error) {
	if _, err := s.desk.Permit(ctx, ActionHandOver); err != nil {
		return nil, 0, err
	}
	held, err := s.held(ctx, s.desk.DB, id)
	if err != nil {
		return nil, 0, err
	}
	n, err := s.persons.openCount(ctx, s.desk.DB, id, held)
	if err != nil {
		return nil, 0, err
	}
	list, err := s.persons.open(ctx, s.desk.DB, id, held, maxOpen)
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

// places are where the records go that do not go where all go, by id.
func (in HandOverInput) places() (map[uuid.UUID]string, error) {
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
	return own, nil
}

type handOverJob struct {
	From uuid.UUID            `json:"from"`
	To   string               `json:"to"`
	Own  map[uuid.UUID]string `json:"plan"`
}

// to is where a record goes.
func (j handOverJob) to(id uuid.UUID) string {
	if to := j.Own[id]; to != "" {
		return to
	}
	return j.To
}

// HandOver hands on all the open work of a person, however much it is, as a job
// with its progress and a result for each record, through the use cases that a
// click would take. A record goes with that person's tasks of it, or not at all.
// An account is disabled only when nothing is left.
func (s *Service) HandOver(ctx context.Context, id uuid.UUID, in HandOverInput) (batch.Batch, error) {
	if err := validated(in); err != nil {
		return batch.Batch{}, err
	}
	if _, err := s.desk.Permit(ctx, ActionHandOver); err != nil {
		return batch.Batch{}, err
	}
	held, err := s.held(ctx, s.desk.DB, id)
	if err != nil {
		return batch.Batch{}, err
	}
	open, err := s.persons.open(ctx, s.desk.DB, id, held, maxHandOver)
	if err != nil {
		return batch.Batch{}, err
	}
	if len(open) == 0 {
		return batch.Batch{}, fault.New(fault.Conflict, "people.error.nothing_open")
	}
	own, err := in.places()
	if err != nil {
		return batch.Batch{}, err
	}
	job := handOverJob{id, in.To, own}
	rows, used := make([]batch.Row, len(open)), map[string]bool{}
	for n, w := range open {
		to := job.to(w.ID)
		if to == "" {
			return batch.Batch{}, fault.OnField("to", "people.error.no_place")
		}
		used[to] = true
		rows[n] = batch.Row{N: n + 1, RecordID: w.ID, Number: w.Number}
	}
	if err := s.usable(ctx, id, used); err != nil {
		return batch.Batch{}, err
	}
	b, err := s.batches.Draft(ctx, handOverKind, job, rows)
	if err != nil {
		return b, err
	}
	return s.batches.Start(ctx, b.ID)
}

// usable refuses places where no work can go, before any of it has gone.
func (s *Service) usable(ctx context.Context, from uuid.UUID, places map[string]bool) error {
	teams, err := identity.Teams(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	for to := range places {
		p, _ := parsePlace(to)
		switch {
		case p.person != nil && *p.person == from:
			return fault.OnField("to", "people.error.same_person")
		case p.person != nil:
			all, err := identity.People(ctx, s.desk.DB, *p.person)
			if err != nil {
				return err
			}
			if !all[*p.person].Active {
				return fault.OnField("to", "validation.unknown")
			}
		case !slices.ContainsFunc(teams, func(t identity.Team) bool { return t.ID == *p.team && t.Active }):
			return fault.OnField("to", "validation.unknown")
		}
	}
	return nil
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
	p, okPlace := parsePlace(in.to(r.RecordID))
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
	held, err := s.held(ctx, q, id)
	if err != nil {
		return err
	}
	n, err := s.persons.openCount(ctx, q, id, held)
	if err == nil && n > 0 {
		return fault.New(fault.Conflict, "people.error.open_work", "count", n)
	}
	return err
}

// Package importer takes in the records of other systems: their people, teams
// and categories, and their incidents with all that happened to them, through
// the same state guard as everything else. It can be interrupted and run again
// at any time: what is there already stays as it is.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/people"
	"opsdesk/internal/work"
)

// RowError is one row of the file that could not be read.
type RowError struct {
	Row   int
	Field string
	Text  string
}

func (e RowError) Error() string { return fmt.Sprintf("row %d: %s: %s", e.Row, e.Field, e.Text) }

// Result is what an import did, or would do.
type Result struct {
	Incidents int // taken in
	Skipped   int // there already
	Events    int
	People    int
	Teams     int
	Refused   []incident.Refusal
	Bad       []RowError
}

// Options say how to import.
type Options struct {
	DryRun  bool
	Workers int
	// Progress is told after each chunk.
	Progress func(incidents, events int)
}

// person, team and category as a source names them.
type (
	personRef   struct{ Key, Name string }
	teamRef     struct{ Key, Name string }
	categoryRef struct{ Parent, Name string }
)

// raw is an incident before its names are turned into ids.
type raw struct {
	History   incident.History
	Requester personRef
	OpenedBy  personRef
	Events    []rawEvent
}

type rawEvent struct {
	incident.HistoryEvent
	By       personRef
	Assignee personRef
	Team     teamRef
	Category categoryRef
}

// source reads incidents one by one; io.EOF ends it. A RowError skips the
// incident.
type source interface {
	Next() (raw, error)
	Name() string
}

// Importer imports into one desk.
type Importer struct {
	desk      *work.Desk
	people    *people.Service
	incidents *incident.Service

	persons    map[string]uuid.UUID
	teams      map[string]uuid.UUID
	categories map[string]uuid.UUID
}

// New returns an importer.
func New(d *work.Desk, p *people.Service, i *incident.Service) *Importer {
	return &Importer{desk: d, people: p, incidents: i, persons: map[string]uuid.UUID{}, teams: map[string]uuid.UUID{}, categories: map[string]uuid.UUID{}}
}

// chunk is how many incidents are prepared together.
const chunk = 200

// run imports everything a source has.
func (im *Importer) run(ctx context.Context, src source, o Options) (Result, error) {
	ctx = identity.With(ctx, identity.NewSystem("importer"))
	var res Result
	matrix, err := im.incidents.Matrix(ctx)
	if err != nil {
		return res, err
	}
	for end := false; !end; {
		var list []raw
		for len(list) < chunk && !end {
			r, err := src.Next()
			var bad RowError
			switch {
			case errors.Is(err, io.EOF):
				end = true
			case errors.As(err, &bad):
				res.Bad = append(res.Bad, bad)
			case err != nil:
				return res, err
			default:
				list = append(list, r)
			}
		}
		if err := im.chunk(ctx, src.Name(), list, matrix, o, &res); err != nil {
			return res, err
		}
		if o.Progress != nil {
			o.Progress(res.Incidents+res.Skipped, res.Events)
		}
		if err := ctx.Err(); err != nil {
			return res, err
		}
	}
	return res, nil
}

func (im *Importer) chunk(ctx context.Context, name string, list []raw, m incident.Matrix, o Options, res *Result) error {
	keys := make([]string, len(list))
	for i, r := range list {
		keys[i] = r.History.Key
	}
	there, err := im.incidents.Imported(ctx, name, keys)
	if err != nil {
		return err
	}
	var todo []raw
	for _, r := range list {
		if there[r.History.Key] {
			res.Skipped++
			continue
		}
		todo = append(todo, r)
		res.Events += len(r.Events)
	}
	res.Incidents += len(todo)
	if o.DryRun {
		for _, r := range todo {
			im.imagine(&r)
			res.Refused = append(res.Refused, r.History.Replay(m)...)
		}
		res.People, res.Teams = len(im.persons), len(im.teams)
		return nil
	}
	if err := im.prepare(ctx, name, todo); err != nil {
		return err
	}
	res.People, res.Teams = len(im.persons), len(im.teams)
	return im.store(ctx, todo, m, max(1, o.Workers), res)
}

// store writes incidents, several at once: each waits for the disk alone.
func (im *Importer) store(ctx context.Context, todo []raw, m incident.Matrix, workers int, res *Result) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	next := make(chan raw)
	for range workers {
		wg.Go(func() {
			for r := range next {
				refused, err := im.incidents.Import(ctx, r.History, m)
				mu.Lock()
				res.Refused = append(res.Refused, refused...)
				if err != nil && failed == nil {
					failed = fmt.Errorf("incident %s (row %d): %w", r.History.Key, r.Events[0].Row, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, r := range todo {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- r
	}
	close(next)
	wg.Wait()
	return failed
}

// imagine gives every name of an incident an id of its own, for a dry run.
func (im *Importer) imagine(r *raw) {
	id := func(to map[string]uuid.UUID, key string) *uuid.UUID {
		if key == "" {
			return nil
		}
		if _, ok := to[key]; !ok {
			to[key] = uuid.New()
		}
		v := to[key]
		return &v
	}
	r.History.RequesterID, r.History.OpenedBy = *id(im.persons, r.Requester.Key), *id(im.persons, r.OpenedBy.Key)
	r.History.Events = nil
	for _, e := range r.Events {
		h := e.HistoryEvent
		h.By, h.AssigneeID, h.TeamID = id(im.persons, e.By.Key), id(im.persons, e.Assignee.Key), id(im.teams, e.Team.Key)
		h.CategoryID = id(im.categories, e.Category.key())
		r.History.Events = append(r.History.Events, h)
	}
}

func (c categoryRef) key() string {
	if c.Name == "" {
		return c.Parent
	}
	return c.Parent + "/" + c.Name
}

// prepare makes the people, teams and categories that a chunk names, and turns
// the names into ids.
func (im *Importer) prepare(ctx context.Context, source string, todo []raw) error {
	err := im.desk.Do(ctx, func(u *work.Unit) error {
		u.Quiet = true
		for i := range todo {
			if err := im.resolve(ctx, u, source, &todo[i]); err != nil {
				return fmt.Errorf("incident %s: %w", todo[i].History.Key, err)
			}
		}
		return nil
	})
	if err != nil {
		// The transaction is gone, and with it what the maps remember of it.
		im.persons, im.teams, im.categories = map[string]uuid.UUID{}, map[string]uuid.UUID{}, map[string]uuid.UUID{}
	}
	return err
}

func (im *Importer) resolve(ctx context.Context, u *work.Unit, source string, r *raw) error {
	requester, err := im.person(ctx, u, source, r.Requester, identity.Requester)
	if err != nil {
		return err
	}
	opener, err := im.person(ctx, u, source, r.OpenedBy, identity.EngineerL1)
	if err != nil {
		return err
	}
	r.History.RequesterID, r.History.OpenedBy = *requester, *opener
	for _, e := range r.Events {
		h := e.HistoryEvent
		if h.By, err = im.person(ctx, u, source, e.By, identity.EngineerL1); err != nil {
			return err
		}
		if h.AssigneeID, err = im.person(ctx, u, source, e.Assignee, identity.EngineerL1); err != nil {
			return err
		}
		if h.TeamID, err = im.team(ctx, u, source, e.Team); err != nil {
			return err
		}
		if h.CategoryID, err = im.category(ctx, u, source, e.Category); err != nil {
			return err
		}
		r.History.Events = append(r.History.Events, h)
	}
	return nil
}

func (im *Importer) person(ctx context.Context, u *work.Unit, source string, p personRef, role identity.Role) (*uuid.UUID, error) {
	if p.Key == "" {
		return nil, nil
	}
	if id, ok := im.persons[p.Key]; ok {
		return &id, nil
	}
	id, err := im.people.Ensure(ctx, u, people.Spec{
		Username: username(p.Key), Name: p.Name, NameEn: p.Name, Roles: []identity.Role{role}, Source: source, SourceKey: p.Key,
	})
	if err != nil {
		return nil, fmt.Errorf("person %q: %w", p.Name, err)
	}
	im.persons[p.Key] = id
	return &id, nil
}

// username makes an account name of a source's name for somebody.
func username(key string) string {
	return strings.ToLower(strings.Join(strings.Fields(key), "-"))
}

func (im *Importer) team(ctx context.Context, u *work.Unit, source string, t teamRef) (*uuid.UUID, error) {
	if t.Key == "" {
		return nil, nil
	}
	if id, ok := im.teams[t.Key]; ok {
		return &id, nil
	}
	id, err := im.people.EnsureTeam(ctx, u, people.Team{NameZh: t.Name, NameEn: t.Name, Source: source, SourceKey: t.Key})
	if err != nil {
		return nil, fmt.Errorf("team %q: %w", t.Name, err)
	}
	im.teams[t.Key] = id
	return &id, nil
}

func (im *Importer) category(ctx context.Context, u *work.Unit, source string, c categoryRef) (*uuid.UUID, error) {
	if c.Parent == "" {
		return nil, nil
	}
	if id, ok := im.categories[c.key()]; ok {
		return &id, nil
	}
	in := incident.ChoiceInput{NameZh: c.Parent, NameEn: c.Parent, Active: true, Source: source, SourceKey: c.key()}
	if c.Name != "" {
		parent, err := im.category(ctx, u, source, categoryRef{Parent: c.Parent})
		if err != nil {
			return nil, err
		}
		in.ParentID, in.NameZh, in.NameEn = parent, c.Name, c.Name
	}
	id, err := im.incidents.EnsureCategory(ctx, u, in)
	if err != nil {
		return nil, fmt.Errorf("category %q: %w", c.key(), err)
	}
	im.categories[c.key()] = id
	return &id, nil
}

// date reads a time of the file in the source's zone.
func date(layout, s string, zone *time.Location) (time.Time, error) {
	return time.ParseInLocation(layout, strings.TrimSpace(s), zone)
}

package configuration

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// Bounds of an analysis: how far it goes, how many items it holds and how many
// relations one level may have.
const (
	MaxDepth  = 10
	MaxNodes  = 10000
	maxEdges  = 100000
	DepthOnce = 3 // unless asked otherwise
)

// Question asks what hangs on items, or what they hang on.
type Question struct {
	Roots []uuid.UUID
	// Up asks for what the roots depend on; otherwise for what depends on them.
	Up    bool
	Depth int // 1 to MaxDepth; 0: DepthOnce
	// Types are the kinds of relations to follow; none: all that carry faults.
	Types []uuid.UUID
}

// Impact is the answer.
type Impact struct {
	Question
	Roots       []Node
	Nodes       []Node // without the roots; by distance, then criticality
	Edges       []Edge // between items that are seen
	RelTypes    map[uuid.UUID]RelationType
	Services    []record.Called
	Departments []record.Called
	People      []record.Called // owners and custodians, important ones first
	Work        []Related       // open records about any of the items
	// More: the bounds were reached, so that there is more than is listed.
	More bool
}

// Impact follows the relations from some items, level by level. Every item is
// visited once, whatever cycles there are. The answer holds what the actor may
// see; the way goes through what they may not.
func (s *Service) Impact(ctx context.Context, q Question) (Impact, error) {
	out, err := s.impact(ctx, q)
	if err != nil {
		return out, err
	}
	ids := make([]uuid.UUID, 0, len(out.Roots)+len(out.Nodes))
	for _, list := range [][]Node{out.Roots, out.Nodes} {
		for _, n := range list {
			ids = append(ids, n.ID)
		}
	}
	out.Work, err = s.Touching(ctx, ids, true, 50)
	return out, err
}

// impact is the analysis without the open work about the items.
func (s *Service) impact(ctx context.Context, q Question) (Impact, error) {
	out := Impact{Question: q, RelTypes: map[uuid.UUID]RelationType{}}
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return out, err
	}
	if q.Depth == 0 {
		out.Depth = DepthOnce
	}
	if out.Depth < 1 || out.Depth > MaxDepth {
		return out, fault.OnField("depth", "configuration.error.depth")
	}
	types, err := s.repo.relationTypes(ctx, s.desk.DB)
	if err != nil {
		return out, err
	}
	w := s.walk(out.Question, types)
	for _, t := range types {
		out.RelTypes[t.ID] = t
	}
	if err := w.run(ctx); err != nil {
		return out, err
	}
	if err := s.judge(ctx, &out, w); err != nil {
		return out, err
	}
	return out, s.touched(ctx, &out)
}

// walker goes through the relations level by level.
type walker struct {
	s              *Service
	q              Question
	along, against []uuid.UUID // types read from first to second, and the other way
	redundant      map[uuid.UUID]bool
	depth          map[uuid.UUID]int
	edges          []Edge
	more           bool
	at             *time.Time // the relations are those of an instant; nil: those of now
}

func (s *Service) walk(q Question, types []RelationType) *walker {
	w := &walker{s: s, q: q, along: []uuid.UUID{}, against: []uuid.UUID{}, redundant: map[uuid.UUID]bool{}, depth: map[uuid.UUID]int{}}
	for _, t := range types {
		if len(q.Types) > 0 && !slices.Contains(q.Types, t.ID) {
			continue
		}
		w.redundant[t.ID] = t.Redundant
		forward, backward := t.Impact == ImpactForward || t.Impact == ImpactBoth, t.Impact == ImpactBackward || t.Impact == ImpactBoth
		if q.Up {
			forward, backward = backward, forward
		}
		if forward {
			w.along = append(w.along, t.ID)
		}
		if backward {
			w.against = append(w.against, t.ID)
		}
	}
	return w
}

// step reads the relations that leave a level.
func (w *walker) step(ctx context.Context, level []uuid.UUID) ([][3]uuid.UUID, error) {
	if w.at != nil {
		return w.s.repo.stepAt(ctx, w.s.desk.DB, level, w.along, w.against, *w.at, maxEdges)
	}
	return w.s.repo.step(ctx, w.s.desk.DB, level, w.along, w.against, maxEdges)
}

func (w *walker) run(ctx context.Context) error {
	var level []uuid.UUID
	for _, r := range w.q.Roots {
		if _, twice := w.depth[r]; !twice {
			w.depth[r] = 0
			level = append(level, r)
		}
	}
	for d := 1; d <= w.q.Depth && len(level) > 0 && !w.more; d++ {
		found, err := w.step(ctx, level)
		if err != nil {
			return err
		}
		w.more = len(found) == maxEdges
		level = nil
		for _, f := range found {
			e := Edge{Cause: f[0], Effect: f[1], Type: f[2]}
			if w.q.Up {
				e.Cause, e.Effect = f[1], f[0]
			}
			if _, seen := w.depth[f[1]]; !seen {
				if len(w.depth) >= MaxNodes {
					w.more = true
					continue
				}
				w.depth[f[1]] = d
				level = append(level, f[1])
			}
			w.edges = append(w.edges, e)
		}
	}
	return nil
}

// judge reads the items found and decides what becomes of each.
func (s *Service) judge(ctx context.Context, out *Impact, w *walker) error {
	ids := make([]uuid.UUID, 0, len(w.depth))
	for id := range w.depth {
		ids = append(ids, id)
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return err
	}
	nodes, err := s.repo.nodes(ctx, s.desk.DB, v, ids)
	if err != nil {
		return err
	}
	fate := map[uuid.UUID]string{}
	if !w.q.Up {
		var types []uuid.UUID
		for t, r := range w.redundant {
			if r {
				types = append(types, t)
			}
		}
		groups, err := s.repo.members(ctx, s.desk.DB, ids, types)
		if err != nil {
			return err
		}
		fate = fates(w.q.Roots, w.edges, w.redundant, groups)
	}
	seen := map[uuid.UUID]bool{}
	for n := range nodes {
		seen[nodes[n].ID] = true
	}
	via := map[uuid.UUID][]Edge{}
	for _, e := range w.edges {
		if seen[e.Cause] && seen[e.Effect] && e.Cause != e.Effect {
			out.Edges = append(out.Edges, e)
			near := e.Effect
			if w.q.Up {
				near = e.Cause
			}
			via[near] = append(via[near], e)
		}
	}
	for _, n := range nodes {
		n.Depth, n.Fate, n.Via = w.depth[n.ID], fate[n.ID], via[n.ID]
		if n.Depth == 0 {
			out.Roots = append(out.Roots, n)
		} else {
			out.Nodes = append(out.Nodes, n)
		}
	}
	byPlace := func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Criticality, b.Criticality), strings.Compare(a.Name, b.Name), cmp.Compare(a.Number, b.Number))
	}
	slices.SortFunc(out.Roots, byPlace)
	slices.SortFunc(out.Nodes, byPlace)
	out.More = w.more
	if len(out.Roots) == 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return nil
}

// touched names the services, departments and people behind the items.
func (s *Service) touched(ctx context.Context, out *Impact) error {
	services, departments, persons := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	note := func(m map[uuid.UUID]bool, id *uuid.UUID) {
		if id != nil {
			m[*id] = true
		}
	}
	for _, list := range [][]Node{out.Roots, out.Nodes} {
		for _, n := range list {
			note(services, n.ServiceID)
			note(departments, n.DepartmentID)
			note(persons, n.OwnerID)
			note(persons, n.CustodianID)
		}
	}
	all, err := s.repo.services(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	for _, x := range all {
		if services[x.ID] {
			out.Services = append(out.Services, record.Called{ID: x.ID, NameZh: x.NameZh, NameEn: x.NameEn})
		}
	}
	people, err := identity.People(ctx, s.desk.DB, keys(persons)...)
	if err != nil {
		return err
	}
	for _, p := range people {
		note(departments, p.DepartmentID)
		out.People = append(out.People, record.Called{ID: p.ID, NameZh: p.Name, NameEn: or(p.NameEn, p.Name), VIP: p.VIP})
	}
	slices.SortFunc(out.People, func(a, b record.Called) int {
		if a.VIP != b.VIP {
			return map[bool]int{true: -1, false: 1}[a.VIP]
		}
		return strings.Compare(a.NameZh, b.NameZh)
	})
	names, err := identity.Departments(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	for id := range departments {
		if d, ok := names[id]; ok {
			out.Departments = append(out.Departments, record.Called{ID: id, NameZh: d.NameZh, NameEn: d.NameEn})
		}
	}
	slices.SortFunc(out.Departments, func(a, b record.Called) int { return strings.Compare(a.NameZh, b.NameZh) })
	return nil
}

func keys(m map[uuid.UUID]bool) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	return out
}

// Reach is the analysis for pages of other practices: what a fault of the items
// touches, to depth 3. Who may not read items gets nothing.
func (s *Service) Reach(ctx context.Context, items []uuid.UUID) (record.Reach, error) {
	if len(items) == 0 || !s.desk.Can(ctx, ActionRead, nil) {
		return record.Reach{}, nil
	}
	i, err := s.impact(ctx, Question{Roots: items})
	if fault.Is(err, fault.NotFound) {
		return record.Reach{}, nil
	}
	if err != nil {
		return record.Reach{}, err
	}
	r := record.Reach{Services: i.Services, Departments: i.Departments, People: i.People, More: i.More}
	for _, list := range [][]Node{i.Roots, i.Nodes} {
		for _, n := range list {
			r.Items = append(r.Items, record.Reached{Depth: n.Depth, Fate: n.Fate, Summary: record.Summary{
				Ref: record.Ref{Kind: Kind, ID: n.ID}, Number: n.Label(), Title: n.Name, State: string(n.Lifecycle), Category: n.Lifecycle.Category(), URL: s.desk.Kinds.URL(Kind, n.Label()),
			}})
		}
	}
	return r, nil
}

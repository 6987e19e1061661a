package configuration

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/ui"
)

// relationOptions offers each type in both directions; a symmetric one once.
func relationOptions(ctx context.Context, types []RelationType) []ui.Option {
	var out []ui.Option
	for _, t := range types {
		if !t.Active {
			continue
		}
		out = append(out, ui.Option{Value: t.ID.String(), Label: t.Name(ctx, true)})
		if !t.Symmetric() {
			out = append(out, ui.Option{Value: "-" + t.ID.String(), Label: t.Name(ctx, false)})
		}
	}
	return out
}

func (f typeForm) isNew() bool { return f.ID == uuid.Nil }

func (f typeForm) action() string {
	if f.isNew() {
		return "/configuration/relation-types/new"
	}
	return "/configuration/relation-types/" + f.ID.String()
}

func (f typeForm) heading(ctx context.Context) string {
	if f.isNew() {
		return ui.T(ctx, "configuration.relation.new")
	}
	return i18n.Pick(ctx, f.Input.NameZh, f.Input.NameEn)
}

func depths() []ui.Option {
	var out []ui.Option
	for n := 1; n <= MaxDepth; n++ {
		out = append(out, ui.Option{Value: fmt.Sprint(n), Label: fmt.Sprint(n)})
	}
	return out
}

func fateColour(fate string) string {
	switch fate {
	case FateDown:
		return "red"
	case FateDegraded:
		return "amber"
	}
	return ""
}

func fateIcon(fate string) string {
	if fate == FateDown {
		return "x"
	}
	return "alert-triangle"
}

// via says on what a node hangs: the relation and the item, for each of the
// first three.
func (p impactProps) via(ctx context.Context, n Node) []string {
	names := map[uuid.UUID]string{}
	for _, list := range [][]Node{p.Roots, p.Nodes} {
		for _, x := range list {
			names[x.ID] = x.Name
		}
	}
	var out []string
	for _, e := range n.Via {
		if len(out) == 3 {
			return append(out, "…")
		}
		t := p.RelTypes[e.Type]
		other, forward := e.Cause, t.Impact == ImpactBackward
		if p.Up {
			other, forward = e.Effect, t.Impact != ImpactBackward
		}
		out = append(out, t.Name(ctx, forward)+" "+names[other])
	}
	return out
}

func calledName(ctx context.Context, c record.Called) string {
	return i18n.Pick(ctx, c.NameZh, c.NameEn)
}

// collapseOver is how many items a map shows one by one; more are gathered by
// class.
const collapseOver = 200

// graphNode and graphEdge are what the script of the map draws.
type graphNode struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Depth int    `json:"depth"`
	Look  string `json:"look"` // me, bad, warn, ok
	URL   string `json:"url,omitempty"`
}

type graphEdge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Hot  bool   `json:"hot,omitempty"`
}

type graph struct {
	Nodes []graphNode `json:"nodes"`
	Edges []graphEdge `json:"edges"`
}

// look is how a node is drawn: by its own state, and by what becomes of it.
func look(n Node) string {
	switch {
	case n.Depth == 0:
		return "me"
	case n.Operational == Down:
		return "bad"
	case n.Operational == Degraded || n.Fate == FateDegraded:
		return "warn"
	}
	return "ok"
}

// collapsed reports whether the map gathers items by class.
func (p impactProps) collapsed() bool { return len(p.Nodes)+len(p.Roots) > collapseOver }

// graph is the analysis as a map. With many items those of one class at one
// distance are one node.
func (p impactProps) graph(ctx context.Context) string {
	var g graph
	place := map[uuid.UUID]string{}
	if p.collapsed() {
		g.Nodes = p.gathered(ctx, place)
	} else {
		for _, list := range [][]Node{p.Roots, p.Nodes} {
			for _, n := range list {
				place[n.ID] = n.ID.String()
				g.Nodes = append(g.Nodes, graphNode{n.ID.String(), ui.Cut(n.Name, 22), n.Depth, look(n), "/configuration/" + n.Label()})
			}
		}
	}
	bad := map[string]bool{}
	for _, n := range g.Nodes {
		bad[n.ID] = n.Look == "bad"
	}
	seen := map[graphEdge]bool{}
	for _, e := range p.Edges {
		x := graphEdge{From: place[e.Cause], To: place[e.Effect]}
		x.Hot = bad[x.From] && bad[x.To]
		back := graphEdge{From: x.To, To: x.From, Hot: x.Hot} // a connection goes both ways and is drawn once
		if x.From != x.To && x.From != "" && x.To != "" && !seen[x] && !seen[back] {
			seen[x] = true
			g.Edges = append(g.Edges, x)
		}
	}
	b, err := json.Marshal(g)
	if err != nil {
		return "{}" // plain texts and numbers always encode
	}
	return string(b)
}

func (p impactProps) gathered(ctx context.Context, place map[uuid.UUID]string) []graphNode {
	type key struct {
		depth int
		class uuid.UUID
	}
	at := map[key]*graphNode{}
	count := map[key]int{}
	var order []key
	rank := map[string]int{"ok": 0, "warn": 1, "bad": 2, "me": 3}
	for _, list := range [][]Node{p.Roots, p.Nodes} {
		for _, n := range list {
			k := key{n.Depth, n.ClassID}
			g, ok := at[k]
			if !ok {
				g = &graphNode{ID: fmt.Sprintf("%d-%s", n.Depth, n.ClassID), Label: n.Name, Depth: n.Depth, Look: "ok", URL: "/configuration/" + n.Label()}
				at[k] = g
				order = append(order, k)
			}
			if rank[look(n)] > rank[g.Look] {
				g.Look = look(n)
			}
			if count[k]++; count[k] > 1 {
				g.Label, g.URL = fmt.Sprintf("%s ×%d", p.Model.Classes[n.ClassID].Name(ctx), count[k]), ""
			}
			place[n.ID] = g.ID
		}
	}
	slices.SortStableFunc(order, func(a, b key) int { return cmp.Compare(a.depth, b.depth) })
	var out []graphNode
	for _, k := range order {
		out = append(out, *at[k])
	}
	return out
}

// listedNodes is how many items the list shows; the map gathers the rest.
const listedNodes = 500

func (p impactProps) firstNodes() []Node { return p.Nodes[:min(listedNodes, len(p.Nodes))] }

func firstCalled(list []record.Called) []record.Called { return list[:min(60, len(list))] }

func (p impactProps) follows(t RelationType) bool {
	return len(p.Question.Types) == 0 || slices.Contains(p.Question.Types, t.ID)
}

func reachedKey(p impactProps) string {
	if p.Up {
		return "configuration.impact.needs"
	}
	return "configuration.impact.reaches"
}

func limitsText(t RelationType) string {
	n := func(max int) string {
		if max == 0 {
			return "n"
		}
		return fmt.Sprint(max)
	}
	return n(t.MaxFrom) + " : " + n(t.MaxTo)
}

// heading says of which instant the relations are.
func (p relationsProps) heading(ctx context.Context) string {
	if p.At == "" || p.AtFault != nil {
		return ui.T(ctx, "configuration.tab.relations")
	}
	return ui.T(ctx, "configuration.relations.then")
}

// more is the address of the next relations that ended, at the same instant.
func (p relationsProps) more() string {
	q := url.Values{"ended": {p.Next}}
	if p.At != "" && p.AtFault == nil {
		q.Set("at", p.At)
	}
	return itemURL(p.Item, "/relations?", q.Encode(), "#ended")
}

func (p relationsProps) nothing(ctx context.Context) string {
	if p.At == "" || p.AtFault != nil {
		return ui.T(ctx, "configuration.relations.none")
	}
	return ui.T(ctx, "configuration.relations.none_then")
}

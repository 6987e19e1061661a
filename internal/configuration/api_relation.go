package configuration

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
)

type (
	tieOut struct {
		ID       uuid.UUID `json:"id"`
		TypeID   uuid.UUID `json:"type_id"`
		Relation string    `json:"relation"` // key of the type
		// Forward: the item asked about is the first of the relation.
		Forward   bool       `json:"forward"`
		Item      rowOut     `json:"item"`
		Source    string     `json:"source"`
		SourceRef string     `json:"source_ref"`
		Since     time.Time  `json:"since"`
		Until     *time.Time `json:"until"`
		// EndedSource says where the end came from; empty while there is none.
		EndedSource string `json:"ended_source"`
		EndedRef    string `json:"ended_ref"`
	}
	tieDiffOut struct {
		tieOut
		Before bool `json:"before"` // there at the first instant
		After  bool `json:"after"`  // there at the second
	}
	relationsQuery struct {
		At     string `query:"at" description:"as of an instant, RFC 3339; now unless given"`
		Ended  bool   `query:"ended" description:"instead those that ended, the last first"`
		Cursor string `query:"cursor" description:"of those that ended: the next of the page before"`
	}
	relationsOut struct {
		Items []tieOut `json:"items"`
		Next  string   `json:"next"`
	}
	typesOut struct {
		Items []RelationType `json:"items"`
	}
	impactQuery struct {
		Direction string   `query:"direction" enum:"down,up" description:"down: what depends on the item; up: what it depends on"`
		Depth     int      `query:"depth" description:"1 to 10 levels; 3 unless given"`
		Type      []string `query:"type" description:"ids of relation types to follow; none: all"`
	}
	nodeOut struct {
		ID          uuid.UUID   `json:"id"`
		Number      string      `json:"number"`
		Name        string      `json:"name"`
		ClassID     uuid.UUID   `json:"class_id"`
		Depth       int         `json:"depth"`
		Fate        string      `json:"fate"` // down, degraded or empty
		Operational Operational `json:"operational"`
		Criticality int         `json:"criticality"`
	}
	calledOut struct {
		ID     uuid.UUID `json:"id"`
		NameZh string    `json:"name_zh"`
		NameEn string    `json:"name_en"`
		VIP    bool      `json:"vip"`
	}
	workOut struct {
		Kind   record.Kind `json:"kind"`
		Number string      `json:"number"`
		Title  string      `json:"title"`
		State  string      `json:"state"`
	}
	impactOut struct {
		Items       []nodeOut   `json:"items"`
		Services    []calledOut `json:"services"`
		Departments []calledOut `json:"departments"`
		People      []calledOut `json:"people"`
		Work        []workOut   `json:"work"`
		More        bool        `json:"more"`
	}
)

func (a api) relations(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	o := relationsOut{Items: []tieOut{}}
	var list []Tie
	switch q := r.URL.Query(); {
	case q.Get("ended") == "true" || q.Get("ended") == "1":
		list, o.Next, err = a.s.RelationsEnded(r.Context(), id, q.Get("cursor"))
	case q.Get("at") != "":
		var at time.Time
		if at, err = instant(r, "at"); err == nil {
			list, err = a.s.RelationsAt(r.Context(), id, at)
		}
	default:
		list, err = a.s.Relations(r.Context(), id)
	}
	if err != nil {
		return err
	}
	for _, t := range list {
		o.Items = append(o.Items, tie(t))
	}
	return web.JSON(w, http.StatusOK, o)
}

func tie(t Tie) tieOut {
	return tieOut{t.ID, t.TypeID, t.Type.Key, t.Forward, row(t.Other), t.Source, t.SourceRef, t.CreatedAt, t.EndedAt, t.EndedSource, t.EndedRef}
}

func (a api) impact(w http.ResponseWriter, r *http.Request) error {
	i, err := a.s.key(r)
	if err != nil {
		return err
	}
	if _, _, err := a.s.Get(r.Context(), i); err != nil {
		return err
	}
	q, err := question(r.URL.Query(), []uuid.UUID{i})
	if err != nil {
		return err
	}
	found, err := a.s.Impact(r.Context(), q)
	if err != nil {
		return err
	}
	o := impactOut{Items: []nodeOut{}, Services: called(found.Services), Departments: called(found.Departments), People: called(found.People), Work: []workOut{}, More: found.More}
	for _, n := range found.Nodes {
		o.Items = append(o.Items, nodeOut{n.ID, n.Label(), n.Name, n.ClassID, n.Depth, n.Fate, n.Operational, n.Criticality})
	}
	for _, e := range found.Work {
		o.Work = append(o.Work, workOut{e.Kind, e.Number, e.Title, e.State})
	}
	return web.JSON(w, http.StatusOK, o)
}

func called(list []record.Called) []calledOut {
	out := []calledOut{}
	for _, c := range list {
		out = append(out, calledOut{c.ID, c.NameZh, c.NameEn, c.VIP})
	}
	return out
}

func (a api) types(w http.ResponseWriter, r *http.Request) error {
	list, err := a.s.RelationTypes(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []RelationType{}
	}
	return web.JSON(w, http.StatusOK, typesOut{list})
}

func (a api) createType(w http.ResponseWriter, r *http.Request) error {
	return made(w, r, a.s.CreateRelationType)
}

func (a api) editType(w http.ResponseWriter, r *http.Request) error {
	return changed(w, r, "type", a.s.EditRelationType)
}

package configuration

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type (
	cursorQuery struct {
		Cursor string `query:"cursor"`
	}
	baselinesOut struct {
		Items []Baseline `json:"items"`
		Next  string     `json:"next"`
	}
	compareQuery struct {
		With  string `query:"with" description:"id of another baseline, or now, which is also what is taken without it"`
		Fate  string `query:"fate" enum:"added,removed,changed" description:"only these"`
		After int64  `query:"after" description:"the next of the page before"`
		Limit int    `query:"limit" description:"1 to 200, of items and of relations; 50 unless given"`
		Ties  string `query:"relations_after" description:"the relations_next of the page before"`
	}
	deviationOut struct {
		ID        uuid.UUID `json:"id"`
		Number    string    `json:"number"`
		Name      string    `json:"name"`
		ClassID   uuid.UUID `json:"class_id"`
		Lifecycle Lifecycle `json:"lifecycle"`
		Fate      string    `json:"fate"`
		// Before and After are versions of the item; null where it was not there.
		Before  *int     `json:"before_version"`
		After   *int     `json:"after_version"`
		Changes []Change `json:"changes"`
	}
	endOut struct {
		ID     uuid.UUID `json:"id"`
		Number string    `json:"number"`
		Name   string    `json:"name"`
	}
	tieDeviationOut struct {
		ID     uuid.UUID `json:"id"`
		TypeID uuid.UUID `json:"type_id"`
		Type   string    `json:"type"` // its key
		From   endOut    `json:"from"`
		To     endOut    `json:"to"`
		Fate   string    `json:"fate"` // added or removed
		At     time.Time `json:"at"`   // when it began, or ended
	}
	comparisonOut struct {
		Items  []deviationOut `json:"items"`
		Next   int64          `json:"next"`
		Counts map[string]int `json:"counts"`
		// Relations are those that there were at one of the two instants only.
		Relations     []tieDeviationOut `json:"relations"`
		RelationsNext *uuid.UUID        `json:"relations_next"`
	}
	checkOut struct {
		Hash string `json:"hash"`
		Same bool   `json:"same"`
	}
)

func (m mount) baselines(rt web.Router) {
	h, a, op := m.h, m.a, m.op
	rt.Get("/configuration/baselines", h.baselinesPage)
	rt.Get("/configuration/baselines/new", h.baselineForm)
	rt.Post("/configuration/baselines", h.takeBaseline)
	rt.Get("/configuration/baselines/{baseline}", h.baselinePage)
	rt.Get("/configuration/baselines/{baseline}/export.csv", h.baselineFile)
	list := op("listBaselines", "Baselines, the newest first", nil, baselinesOut{})
	list.Query = cursorQuery{}
	rt.API(http.MethodGet, "/api/v1/ci-baselines", list, a.baselines)
	rt.API(http.MethodPost, "/api/v1/ci-baselines", created(op("takeBaseline", "Take a baseline, in the background: its state says when it is done", BaselineInput{}, Baseline{})), a.takeBaseline)
	rt.API(http.MethodGet, "/api/v1/ci-baselines/{baseline}", op("getBaseline", "One baseline", nil, Baseline{}), a.baseline)
	diff := op("compareBaseline", "What differs between a baseline and another, or what is now", nil, comparisonOut{})
	diff.Query = compareQuery{}
	rt.API(http.MethodGet, "/api/v1/ci-baselines/{baseline}/diff", diff, a.compareBaseline)
	rt.API(http.MethodGet, "/api/v1/ci-baselines/{baseline}/check", op("checkBaseline", "Compute the hash of a baseline's content anew", nil, checkOut{}), a.checkBaseline)
}

func (a api) baselines(w http.ResponseWriter, r *http.Request) error {
	list, next, err := a.s.Baselines(r.Context(), r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	if list == nil {
		list = []Baseline{}
	}
	return web.JSON(w, http.StatusOK, baselinesOut{list, next})
}

func (a api) takeBaseline(w http.ResponseWriter, r *http.Request) error {
	var in BaselineInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	b, err := a.s.TakeBaseline(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/ci-baselines/"+b.ID.String())
	return web.JSON(w, http.StatusCreated, b)
}

func (a api) one(r *http.Request) (Baseline, error) {
	id, err := web.PathID(r, "baseline")
	if err != nil {
		return Baseline{}, err
	}
	return a.s.GetBaseline(r.Context(), id)
}

func (a api) baseline(w http.ResponseWriter, r *http.Request) error {
	b, err := a.one(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, b)
}

func (a api) compareBaseline(w http.ResponseWriter, r *http.Request) error {
	b, err := a.one(r)
	if err != nil {
		return err
	}
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	limit, err := limitOf(r, 200)
	if err != nil {
		return err
	}
	ties, err := afterTies(r)
	if err != nil {
		return err
	}
	c, err := a.s.CompareBaseline(r.Context(), b, CompareInput{With: r.URL.Query().Get("with"), Fate: r.URL.Query().Get("fate"), After: after, AfterTies: ties, Limit: limit})
	if err != nil {
		return err
	}
	o := comparisonOut{Items: []deviationOut{}, Next: c.Next, Counts: c.Counts, Relations: []tieDeviationOut{}}
	for _, t := range c.Ties {
		o.Relations = append(o.Relations, tieDeviationOut{t.ID, t.TypeID, t.Type.Key, endOut{t.FromID, Label(t.FromNumber), t.FromName}, endOut{t.ToID, Label(t.ToNumber), t.ToName}, t.Fate, t.At})
	}
	if c.NextTies != uuid.Nil {
		o.RelationsNext = &c.NextTies
	}
	for _, d := range c.Rows {
		x := deviationOut{d.ID, d.Label(), d.Name, d.ClassID, d.Lifecycle, d.Fate, d.Before, d.After, d.Changes}
		if x.Changes == nil {
			x.Changes = []Change{}
		}
		o.Items = append(o.Items, x)
	}
	return web.JSON(w, http.StatusOK, o)
}

func (a api) checkBaseline(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "baseline")
	if err != nil {
		return err
	}
	hash, same, err := a.s.CheckBaseline(r.Context(), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, checkOut{hash, same})
}

package sla

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type breachProps struct {
	List     []Breach
	Next     string
	Filter   BreachFilter
	Query    url.Values
	Teams    []identity.Team
	Services []Named
	URL      func(Breach) string
}

// more is the address of the following page.
func (p breachProps) more() string {
	q := url.Values{}
	for k, v := range p.Query {
		q[k] = v
	}
	q.Set("cursor", p.Next)
	return "/service-levels/breaches?" + q.Encode()
}

func breachFilter(q url.Values) (BreachFilter, error) {
	f := BreachFilter{Metric: Metric(q.Get("metric")), Excluded: q.Get("excluded")}
	if f.Metric != "" && !slices.Contains(Metrics[:], f.Metric) {
		return f, fault.OnField("metric", "validation.oneof")
	}
	if !slices.Contains([]string{"", "only", "without"}, f.Excluded) {
		return f, fault.OnField("excluded", "validation.oneof")
	}
	if s := q.Get("priority"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 4 {
			return f, fault.OnField("priority", "validation.oneof")
		}
		f.Priority = n
	}
	for name, to := range map[string]**uuid.UUID{"team": &f.Team, "service": &f.Service} {
		if s := q.Get(name); s != "" {
			id, err := uuid.Parse(s)
			if err != nil {
				return f, fault.OnField(name, "validation.uuid")
			}
			*to = &id
		}
	}
	return f, nil
}

func (h handlers) breaches(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := breachFilter(r.URL.Query())
	if err != nil {
		return err
	}
	p := breachProps{Filter: f, Query: r.URL.Query(), URL: func(b Breach) string { return h.desk.Kinds.URL(b.Kind, b.Number) }}
	if p.List, p.Next, err = h.s.Breaches(ctx, f, r.URL.Query().Get("cursor")); err != nil {
		return err
	}
	if p.Teams, err = identity.Teams(ctx, h.desk.DB); err != nil {
		return err
	}
	if p.Services, err = h.s.repo.services(ctx, h.desk.DB); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, breachesPage(p))
}

func (h handlers) exclude(w http.ResponseWriter, r *http.Request) error {
	var in ExcludeInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := h.s.Exclude(work.WithKey(r.Context(), web.Key(r)), in); err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/service-levels/"+url.PathEscape(in.Number))
}

type breachesOut struct {
	Items []Breach `json:"items"`
	Next  string   `json:"next_cursor,omitempty"`
}

type breachQuery struct {
	Metric   string `query:"metric"`
	Team     string `query:"team"`
	Service  string `query:"service"`
	Priority string `query:"priority"`
	Excluded string `query:"excluded"`
	Cursor   string `query:"cursor"`
}

func (a api) breaches(w http.ResponseWriter, r *http.Request) error {
	f, err := breachFilter(r.URL.Query())
	if err != nil {
		return err
	}
	items, next, err := a.s.Breaches(r.Context(), f, r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, breachesOut{list(items), next})
}

func (a api) exclude(w http.ResponseWriter, r *http.Request) error {
	var in ExcludeInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := a.s.Exclude(r.Context(), in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

package audit

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"opsdesk/internal/platform/web"
)

type (
	controlOut struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Clause   string   `json:"clause"`
		Severity Severity `json:"severity" enum:"C,H,M,L"`
		Last     *Run     `json:"last_run"`
	}
	controlsOut struct {
		Items []controlOut `json:"items"`
	}
	controlDetailOut struct {
		controlOut
		Population string      `json:"population_query"`
		Query      string      `json:"exceptions_query"`
		Runs       []Run       `json:"runs"`
		Exceptions []Exception `json:"exceptions"` // of the last run, as far as the caller may see them
		Hidden     int         `json:"hidden"`
	}
)

func mountControls(h handlers, rt web.Router) {
	rt.Get("/controls", h.controlsPage)
	rt.Post("/controls/run", h.runControls)
	rt.Get("/controls/{control}", h.controlPage)
	rt.Post("/controls/{control}/run", h.runControl)
	op := func(id, summary string, out any) web.Op {
		return web.Op{ID: id, Tag: "controls", Summary: summary, Out: out}
	}
	rt.API(http.MethodGet, "/api/v1/controls", op("listControls", "The rules that the desk's own records must keep, with their last run", controlsOut{}), h.apiControls)
	rt.API(http.MethodGet, "/api/v1/controls/{control}", op("getControl", "One control: its queries, its runs, and what the last one found", controlDetailOut{}), h.apiControl)
	rt.API(http.MethodPost, "/api/v1/controls/{control}/runs", op("runControl", "Perform a control now", Run{}), h.apiRun)
}

func (h handlers) controlsPage(w http.ResponseWriter, r *http.Request) error {
	list, err := h.s.Overview(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, controlsPage(list))
}

func (h handlers) controlPage(w http.ResponseWriter, r *http.Request) error {
	d, err := h.s.ControlOf(r.Context(), chi.URLParam(r, "control"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, controlPage(d, h.url))
}

// url is where a finding leads; "" where it has no page.
func (h handlers) url(x Exception) string {
	switch x.Kind {
	case "service":
		return "/settings/services"
	case "agreement":
		return "/settings/agreements/" + x.ID.String()
	}
	return h.s.urlOf(x)
}

func (h handlers) runControls(w http.ResponseWriter, r *http.Request) error {
	if err := h.s.RunControls(r.Context()); err != nil {
		return err
	}
	web.Flash(w, "audit.said.controls")
	return web.SeeOther(w, r, "/controls")
}

func (h handlers) runControl(w http.ResponseWriter, r *http.Request) error {
	run, err := h.s.RunControl(r.Context(), chi.URLParam(r, "control"))
	if err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/controls/"+run.Control)
}

func (h handlers) controlOut(r *http.Request, c ControlState) controlOut {
	return controlOut{c.ID, controlName(r.Context(), c.ID), c.Clause, c.Severity, c.Last}
}

func (h handlers) apiControls(w http.ResponseWriter, r *http.Request) error {
	list, err := h.s.Overview(r.Context())
	if err != nil {
		return err
	}
	out := controlsOut{Items: []controlOut{}}
	for _, c := range list {
		out.Items = append(out.Items, h.controlOut(r, c))
	}
	return web.JSON(w, http.StatusOK, out)
}

func (h handlers) apiControl(w http.ResponseWriter, r *http.Request) error {
	d, err := h.s.ControlOf(r.Context(), chi.URLParam(r, "control"))
	if err != nil {
		return err
	}
	c := ControlState{Control: d.Control}
	if len(d.Runs) > 0 {
		c.Last = &d.Runs[0]
	}
	out := controlDetailOut{h.controlOut(r, c), d.Population, d.Exceptions, append([]Run{}, d.Runs...), append([]Exception{}, d.Found...), d.Hidden}
	return web.JSON(w, http.StatusOK, out)
}

func (h handlers) apiRun(w http.ResponseWriter, r *http.Request) error {
	run, err := h.s.RunControl(r.Context(), chi.URLParam(r, "control"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, run)
}

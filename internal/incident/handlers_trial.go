package incident

import (
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

// mountTrials adds the dry run of routing rules.
func mountTrials(h handlers, a api, rt web.Router) {
	rt.Post("/settings/routing/try", h.tryRules)
	rt.Get("/settings/routing/trials/{id}", h.trialPage)
	tag := func(o web.Op) web.Op { o.Tag = "routing"; return o }
	rt.API(http.MethodPost, "/api/v1/routing/trials", tag(web.Op{
		ID: "tryRouting", Summary: "Try rules on the incidents of the last 30 days; follow the answer's id at /api/v1/jobs", In: TrialInput{}, Out: batch.Batch{}, Status: http.StatusAccepted, Idempotent: true,
	}), a.tryRules)
	rt.API(http.MethodGet, "/api/v1/routing/trials/{id}", tag(web.Op{ID: "getRoutingTrial", Summary: "What a dry run found; 409 until it is done", Out: Trial{}}), a.trial)
}

func (h handlers) tryRules(w http.ResponseWriter, r *http.Request) error {
	var in TrialInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	b, err := h.s.TryRules(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/settings/routing/trials/"+b.ID.String())
}

// trialProps is the page of a dry run.
type trialProps struct {
	Batch  batch.Batch
	Trial  *Trial
	Teams  []identity.Team
	Titles map[uuid.UUID]string
}

func (h handlers) trialPage(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	var p trialProps
	if p.Batch, p.Trial, err = h.s.TrialOf(r.Context(), id); err != nil {
		return err
	}
	if p.Teams, err = identity.Teams(r.Context(), h.desk.DB); err != nil {
		return err
	}
	if p.Trial != nil {
		if p.Titles, err = h.s.trialTitles(r.Context(), *p.Trial); err != nil {
			return err
		}
	}
	if web.IsHX(r) {
		return web.Render(w, r, http.StatusOK, trialBody(p))
	}
	return web.Render(w, r, http.StatusOK, trialPageOf(p))
}

func (a api) tryRules(w http.ResponseWriter, r *http.Request) error {
	var in TrialInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	b, err := a.s.TryRules(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, b)
}

func (a api) trial(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	_, t, err := a.s.TrialOf(r.Context(), id)
	if err != nil {
		return err
	}
	if t == nil {
		return fault.New(fault.Conflict, "incident.error.trial_runs")
	}
	return web.JSON(w, http.StatusOK, t)
}

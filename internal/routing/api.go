package routing

import (
	"context"
	"net/http"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type api struct{ s *Service }

type rulesOut struct {
	Set     Set  `json:"set"`
	Editing bool `json:"editing"`
	InForce int  `json:"in_force"`
}

func mountAPI(a api, rt web.Router) {
	op := func(id, summary string, in, out any) web.Op {
		return web.Op{ID: id, Tag: "routing", Summary: summary, In: in, Out: out, Idempotent: in != nil}
	}
	rt.API(http.MethodGet, "/api/v1/routing", op("getRouting", "The routing rules that are being edited, or those in force", nil, rulesOut{}), a.rules)
	rt.API(http.MethodPut, "/api/v1/routing/draft", op("saveRoutingDraft", "Replace the rules that are being edited", DraftInput{}, Set{}), change(a.s.SaveDraft))
	rt.API(http.MethodPost, "/api/v1/routing/publish", op("publishRouting", "Put the draft into force as the next version", PublishInput{}, Set{}), change(a.s.Publish))
	rt.API(http.MethodPost, "/api/v1/routing/discard", op("discardRouting", "Drop the draft", DiscardInput{}, Set{}), change(a.s.Discard))
}

func (a api) rules(w http.ResponseWriter, r *http.Request) error {
	v, err := a.s.Rules(r.Context())
	if err != nil {
		return err
	}
	if v.Rules == nil {
		v.Rules = []Rule{}
	}
	return web.JSON(w, http.StatusOK, rulesOut{v.Set, v.Editing, v.InForce})
}

// change is the shape of the writes: decode, do, answer with the set.
func change[In any](run func(context.Context, In) (Set, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		out, err := run(work.WithKey(r.Context(), web.Key(r)), in)
		if err != nil {
			return err
		}
		return web.JSON(w, http.StatusOK, out)
	}
}

package approval

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

func mountAPI(h handlers, rt web.Router) {
	tag := func(o web.Op) web.Op { o.Tag = "approvals"; return o }
	rt.API(http.MethodGet, "/api/v1/approvals", tag(web.Op{ID: "listApprovals", Summary: "Approvals of the caller: list=waiting, decided or asked", Query: listQuery{}, Out: listOut{}}), h.apiList)
	rt.API(http.MethodGet, "/api/v1/approvals/{id}", tag(web.Op{ID: "getApproval", Summary: "One approval: its steps, seats, votes and history", Out: View{}}), h.apiGet)
	vote(h, rt, "vote", "castVote", "Approve or reject, finally; the same vote twice is one", h.s.Vote)
	vote(h, rt, "recuse", "recuse", "Step aside", h.s.Recuse)
	vote(h, rt, "ask", "askMore", "Ask for more information", h.s.AskMore)
	vote(h, rt, "answer", "answerQuestions", "Answer the questions asked", h.s.Answer)
	vote(h, rt, "delegate", "delegateSeat", "Let somebody else decide, this time", h.s.Delegate)
	rt.API(http.MethodGet, "/api/v1/me/deputies", tag(web.Op{ID: "listDeputies", Summary: "The caller's deputies, and for whom the caller stands", Out: deputiesOut{}}), h.apiDeputies)
	rt.API(http.MethodPost, "/api/v1/me/deputies", tag(web.Op{ID: "appointDeputy", Summary: "Appoint a deputy, for at most 30 days", In: DeputyInput{}, Out: Deputy{}, Status: http.StatusCreated, Idempotent: true}), h.apiAppoint)
	rt.API(http.MethodDelete, "/api/v1/me/deputies/{id}", tag(web.Op{ID: "dismissDeputy", Summary: "End an appointment", Status: http.StatusNoContent}), h.apiDismiss)
}

// vote mounts one of the acts on a process. They are idempotent by what they
// are, so they take no key.
func vote[In any](h handlers, rt web.Router, path, id, summary string, run func(context.Context, uuid.UUID, In) error) {
	var in In
	rt.API(http.MethodPost, "/api/v1/approvals/{id}/"+path, web.Op{ID: id, Tag: "approvals", Summary: summary, In: in, Out: View{}}, func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		var in In
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		if err := run(r.Context(), id, in); err != nil {
			return err
		}
		return h.apiGet(w, r)
	})
}

func (h handlers) apiList(w http.ResponseWriter, r *http.Request) error {
	_, out, err := h.listOf(r)
	if err != nil {
		return err
	}
	if out.Items == nil {
		out.Items = []Item{}
	}
	return web.JSON(w, http.StatusOK, out)
}

func (h handlers) apiGet(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v, err := h.s.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, v)
}

type deputiesOut struct {
	Mine      []Deputy `json:"mine"`
	ForOthers []Deputy `json:"for_others"`
}

func (h handlers) apiDeputies(w http.ResponseWriter, r *http.Request) error {
	mine, others, err := h.s.Deputies(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, deputiesOut{append([]Deputy{}, mine...), append([]Deputy{}, others...)})
}

func (h handlers) apiAppoint(w http.ResponseWriter, r *http.Request) error {
	var in DeputyInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	d, err := h.s.Appoint(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, d)
}

func (h handlers) apiDismiss(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := h.s.Dismiss(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

package configuration

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type (
	campaignOut struct {
		Campaign
		Standing Standing `json:"standing"` // items by state
	}
	campaignsOut struct {
		Items []campaignOut `json:"items"`
		Next  string        `json:"next"`
	}
	asksQuery struct {
		State string `query:"state" enum:"open,same,differs,missing,verified" description:"only these"`
		After int64  `query:"after" description:"the next of the page before"`
		Limit int    `query:"limit" description:"1 to 200; 50 unless given"`
	}
	askOut struct {
		Ask
		State  string `json:"state"`
		Number string `json:"number"`
		Name   string `json:"name"`
		// Changed: the item is not what it was when the answer was given.
		Changed bool `json:"changed"`
	}
	asksOut struct {
		Items []askOut `json:"items"`
		Next  int64    `json:"next"`
	}
	mineOut struct {
		Items []askOut `json:"items"`
	}
)

func (m mount) campaigns(rt web.Router) {
	h, a, op := m.h, m.a, m.op
	rt.Get("/configuration/campaigns", h.campaignsPage)
	rt.Get("/configuration/campaigns/new", h.campaignForm)
	rt.Post("/configuration/campaigns", h.startCampaign)
	rt.Get("/configuration/campaigns/mine", h.minePage)
	rt.Post("/configuration/campaigns/mine/{ask}", h.answered(h.showMine, func(Ask) string { return mineAddress }))
	rt.Get("/configuration/campaigns/{campaign}", h.campaignPage)
	rt.Post("/configuration/campaigns/{campaign}/close", h.endCampaign(h.s.CloseCampaign))
	rt.Post("/configuration/campaigns/{campaign}/cancel", h.endCampaign(h.s.CancelCampaign))
	rt.Post("/configuration/campaigns/{campaign}/verify", h.verifySame)
	rt.Get("/configuration/campaigns/{campaign}/export.csv", h.campaignFile)
	rt.Get("/configuration/campaigns/{campaign}/items/{ask}", h.askPage)
	rt.Post("/configuration/campaigns/{campaign}/items/{ask}", h.answered(h.showAsk, func(a Ask) string { return campaignAddress(a.CampaignID) }))
	rt.Post("/configuration/campaigns/{campaign}/items/{ask}/verify", h.verifyAsked)

	const all, one = "/api/v1/ci-campaigns", "/api/v1/ci-campaigns/{campaign}"
	list := op("listCampaigns", "Verification campaigns, the newest first, with how their items stand", nil, campaignsOut{})
	list.Query = cursorQuery{}
	rt.API(http.MethodGet, all, list, a.campaigns)
	rt.API(http.MethodPost, all, created(op("startCampaign", "Ask whoever has items in their care whether these are as they stand here", CampaignInput{}, campaignOut{})), a.startCampaign)
	rt.API(http.MethodPost, "/api/v1/ci-campaign-previews", op("previewCampaign", "Whom a campaign would ask about how many items, without keeping it", CampaignInput{}, WouldAsk{}), a.previewCampaign)
	rt.API(http.MethodGet, one, versioned(op("getCampaign", "One campaign", nil, campaignOut{})), a.campaign)
	rt.API(http.MethodPost, one+"/close", changing(op("closeCampaign", "End a campaign, with what came of it; nothing of it changes any more", EndInput{}, campaignOut{})), a.onCampaign(a.s.CloseCampaign))
	rt.API(http.MethodPost, one+"/cancel", changing(op("cancelCampaign", "Call a campaign off, with the reason", EndInput{}, campaignOut{})), a.onCampaign(a.s.CancelCampaign))
	rt.API(http.MethodPost, one+"/verify", web.Op{ID: "verifyCampaign", Tag: "configuration", Summary: "Verify, in the background, the items answered to be as they stand here", Out: batch.Batch{}, Status: http.StatusAccepted, Idempotent: true}, a.verifySame)
	rows := op("listCampaignItems", "What a campaign asks, and what was said", nil, asksOut{})
	rows.Query = asksQuery{}
	rt.API(http.MethodGet, one+"/items", rows, a.asks)
	rt.API(http.MethodGet, "/api/v1/ci-questions", op("listMyQuestions", "What open campaigns ask the caller, what is unanswered first; at most 200", nil, mineOut{}), a.mine)
	rt.API(http.MethodPost, "/api/v1/ci-questions/{ask}", changing(op("answerQuestion", "Say whether an item in one's care is as it stands here", AnswerInput{}, Ask{})), work.Act(web.At("ask"), a.s.AnswerAsk, func(w http.ResponseWriter, _ *http.Request, x Ask) error {
		web.ETag(w, x.Version)
		return web.JSON(w, http.StatusOK, x)
	}))
}

func (a api) campaigns(w http.ResponseWriter, r *http.Request) error {
	list, by, next, err := a.s.Campaigns(r.Context(), r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	out := campaignsOut{Items: []campaignOut{}, Next: next}
	for _, c := range list {
		out.Items = append(out.Items, campaignOut{c, by[c.ID]})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (a api) told(w http.ResponseWriter, r *http.Request, status int, c Campaign) error {
	by, err := a.s.Standing(r.Context(), c)
	if err != nil {
		return err
	}
	web.ETag(w, c.Version)
	return web.JSON(w, status, campaignOut{c, by})
}

func (a api) startCampaign(w http.ResponseWriter, r *http.Request) error {
	var in CampaignInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	c, err := a.s.StartCampaign(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/ci-campaigns/"+c.ID.String())
	return a.told(w, r, http.StatusCreated, c)
}

func (a api) previewCampaign(w http.ResponseWriter, r *http.Request) error {
	var in CampaignInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	n, err := a.s.PreviewCampaign(r.Context(), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, n)
}

func (a api) campaignOf(r *http.Request) (Campaign, error) {
	id, err := web.PathID(r, "campaign")
	if err != nil {
		return Campaign{}, err
	}
	return a.s.Campaign(r.Context(), id)
}

func (a api) campaign(w http.ResponseWriter, r *http.Request) error {
	c, err := a.campaignOf(r)
	if err != nil {
		return err
	}
	return a.told(w, r, http.StatusOK, c)
}

func (a api) onCampaign(run func(context.Context, uuid.UUID, EndInput) (Campaign, error)) web.Handler {
	return work.Act(web.At("campaign"), run, func(w http.ResponseWriter, r *http.Request, c Campaign) error {
		return a.told(w, r, http.StatusOK, c)
	})
}

func (a api) verifySame(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "campaign")
	if err != nil {
		return err
	}
	b, err := a.s.VerifySame(work.WithKey(r.Context(), web.Key(r)), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, b)
}

func (a api) asks(w http.ResponseWriter, r *http.Request) error {
	c, err := a.campaignOf(r)
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
	p, err := a.s.Asks(r.Context(), c, r.URL.Query().Get("state"), after, limit)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, asksOut{asksShown(p.Rows), p.Next})
}

func (a api) mine(w http.ResponseWriter, r *http.Request) error {
	list, _, err := a.s.Mine(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, mineOut{asksShown(list)})
}

func asksShown(list []AskRow) []askOut {
	out := []askOut{}
	for _, x := range list {
		out = append(out, askOut{x.Ask, x.State, x.Label(), x.Name, x.Changed})
	}
	return out
}

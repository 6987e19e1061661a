package configuration

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/sheet"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
	"opsdesk/internal/work"
)

// campaignsProps is the list of campaigns.
type campaignsProps struct {
	List     []Campaign
	Standing map[uuid.UUID]Standing
	Next     string
	May      bool
	Now      time.Time
}

func (h handlers) campaignsPage(w http.ResponseWriter, r *http.Request) error {
	p := campaignsProps{May: h.s.may(r.Context(), ActionCampaign), Now: h.desk.Now()}
	var err error
	if p.List, p.Standing, p.Next, err = h.s.Campaigns(r.Context(), r.URL.Query().Get("cursor")); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, campaignsPage(p))
}

// campaignFormProps is the form of a new campaign.
type campaignFormProps struct {
	scopeProps
	Would *WouldAsk // where it was asked for
}

func (h handlers) campaignForm(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.desk.Permit(r.Context(), ActionCampaign); err != nil {
		return err
	}
	form := url.Values{}
	for k, v := range r.URL.Query() {
		form[k] = v
	}
	p, err := h.scopeProps(r, form)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, campaignForm(campaignFormProps{scopeProps: p}))
}

// startCampaign begins a campaign, or says whom it would ask about how much.
func (h handlers) startCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	typed := url.Values{}
	for k, v := range r.Form {
		typed[k] = v
	}
	var in CampaignInput
	var c Campaign
	var would *WouldAsk
	err := h.scoped(r, "not_since", "due_at")
	if err == nil {
		err = web.Decode(r, &in)
	}
	switch {
	case err != nil:
	case typed.Has("_preview"):
		var n WouldAsk
		if n, err = h.s.PreviewCampaign(r.Context(), in); err == nil {
			would = &n
		}
	default:
		c, err = h.s.StartCampaign(work.WithKey(r.Context(), web.Key(r)), in)
	}
	if err == nil && would == nil {
		web.Flash(w, "configuration.campaign.started")
		return web.SeeOther(w, r, campaignAddress(c.ID))
	}
	status := http.StatusOK
	var f *fault.Error
	if err != nil {
		var ok bool
		if f, ok = mendable(err); !ok {
			return err
		}
		status = web.StatusOf(f)
	}
	p, err := h.scopeProps(r, typed)
	if err != nil {
		return err
	}
	p.Fault = f
	return web.Render(w, r, status, campaignForm(campaignFormProps{p, would}))
}

func campaignAddress(id uuid.UUID, parts ...string) string {
	out := "/configuration/campaigns/" + id.String()
	for _, p := range parts {
		out += "/" + p
	}
	return out
}

// campaignProps is a campaign with a page of its items.
type campaignProps struct {
	Campaign
	CampaignPage
	Model     Model
	Scope     string // in words
	State     string // shown; "" for all
	Standing  Standing
	May       bool
	MayExport bool
	Now       time.Time
	Form      url.Values
	Fault     *fault.Error
}

func (h handlers) campaignOf(r *http.Request) (Campaign, error) {
	id, err := web.PathID(r, "campaign")
	if err != nil {
		return Campaign{}, err
	}
	return h.s.Campaign(r.Context(), id)
}

func (h handlers) campaignPage(w http.ResponseWriter, r *http.Request) error {
	return h.showCampaign(w, r, nil)
}

// showCampaign writes the page of a campaign, with what was wrong with a form on
// it.
func (h handlers) showCampaign(w http.ResponseWriter, r *http.Request, f *fault.Error) error {
	ctx := r.Context()
	c, err := h.campaignOf(r)
	if err != nil {
		return err
	}
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	p := campaignProps{Campaign: c, State: r.URL.Query().Get("state"), May: h.s.may(ctx, ActionCampaign), MayExport: h.desk.Can(ctx, ActionExport, nil), Now: h.desk.Now(), Form: r.Form, Fault: f}
	if p.Model, err = h.s.Model(ctx); err != nil {
		return err
	}
	if p.Scope, err = h.scopeWords(ctx, p.Model, c.Scope); err != nil {
		return err
	}
	if p.CampaignPage, err = h.s.Asks(ctx, c, p.State, after, PageSize); err != nil {
		return err
	}
	if p.Standing, err = h.s.Standing(ctx, c); err != nil {
		return err
	}
	status := http.StatusOK
	if f != nil {
		status = web.StatusOf(f)
	}
	return web.Render(w, r, status, campaignPage(p))
}

// endCampaign ends a campaign; what was typed comes back where it cannot.
func (h handlers) endCampaign(run func(context.Context, uuid.UUID, EndInput) (Campaign, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "campaign")
		if err != nil {
			return err
		}
		var in EndInput
		if err = web.Decode(r, &in); err == nil {
			_, err = run(work.WithKey(r.Context(), web.Key(r)), id, in)
		}
		if f, ok := mendable(err); err != nil && ok {
			return h.showCampaign(w, r, f)
		}
		if err != nil {
			return err
		}
		web.Flash(w, "ui.done")
		return web.SeeOther(w, r, campaignAddress(id))
	}
}

func (h handlers) verifySame(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "campaign")
	if err != nil {
		return err
	}
	b, err := h.s.VerifySame(work.WithKey(r.Context(), web.Key(r)), id)
	if f, ok := mendable(err); err != nil && ok {
		return h.showCampaign(w, r, f)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/jobs/"+b.ID.String())
}

// verifyAsked verifies one item from the list of a campaign.
func (h handlers) verifyAsked(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "campaign")
	if err != nil {
		return err
	}
	ask, err := web.PathID(r, "ask")
	if err != nil {
		return err
	}
	err = h.s.VerifyAsked(work.WithKey(r.Context(), web.Key(r)), ask)
	if f := fault.Of(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.Forbidden && h.s.may(r.Context(), ActionCampaign)) {
		return h.showCampaign(w, r, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, "configuration.verified")
	return web.SeeOther(w, r, campaignAddress(id)+"?state="+url.QueryEscape(r.URL.Query().Get("state")))
}

// mineProps is what is asked of the reader.
type mineProps struct {
	Rows      []AskRow
	Campaigns map[uuid.UUID]Campaign
	Model     Model
	Now       time.Time
	Typed     uuid.UUID // the answer whose form was refused
	Form      url.Values
	Fault     *fault.Error
	Of        *Campaign // the one whose answer is noted for somebody else
}

// get is a field of an answer as typed, or what it is.
func (p mineProps) get(a AskRow, name, other string) string {
	if p.Typed == a.ID {
		return p.Form.Get(name)
	}
	return other
}

func (p mineProps) faulty(a AskRow) *fault.Error {
	if p.Typed == a.ID {
		return p.Fault
	}
	return nil
}

// seen is the version that an answer's form was typed on.
func (p mineProps) seen(a AskRow) int {
	if p.Typed == a.ID {
		if n, err := strconv.Atoi(p.Form.Get("version")); err == nil {
			return n
		}
	}
	return a.Version
}

func (h handlers) minePage(w http.ResponseWriter, r *http.Request) error {
	return h.showMine(w, r, mineProps{})
}

func (h handlers) showMine(w http.ResponseWriter, r *http.Request, p mineProps) error {
	var err error
	if p.Rows, p.Campaigns, err = h.s.Mine(r.Context()); err != nil {
		return err
	}
	if p.Model, err = h.s.repo.model(r.Context(), h.desk.DB); err != nil {
		return err
	}
	p.Now = h.desk.Now()
	status := http.StatusOK
	if p.Fault != nil {
		status = web.StatusOf(p.Fault)
	}
	return web.Render(w, r, status, minePage(p))
}

// answered takes an answer; show writes the page of its form again where it
// cannot be taken, back is where the reader goes on.
func (h handlers) answered(show func(http.ResponseWriter, *http.Request, mineProps) error, back func(Ask) string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ask, err := web.PathID(r, "ask")
		if err != nil {
			return err
		}
		var in AnswerInput
		var a Ask
		if err = web.Decode(r, &in); err == nil {
			a, err = h.s.AnswerAsk(work.WithKey(r.Context(), web.Key(r)), ask, in)
		}
		if f, ok := mendable(err); err != nil && ok {
			return show(w, r, mineProps{Typed: ask, Form: r.Form, Fault: f})
		}
		if err != nil {
			return err
		}
		web.Flash(w, "configuration.campaign.answered")
		return web.SeeOther(w, r, back(a))
	}
}

const mineAddress = "/configuration/campaigns/mine"

// askPage is the form of one answer, for those who note it for others.
func (h handlers) askPage(w http.ResponseWriter, r *http.Request) error {
	return h.showAsk(w, r, mineProps{})
}

func (h handlers) showAsk(w http.ResponseWriter, r *http.Request, p mineProps) error {
	c, err := h.campaignOf(r)
	if err != nil {
		return err
	}
	ask, err := web.PathID(r, "ask")
	if err != nil {
		return err
	}
	row, err := h.s.AskOf(r.Context(), c, ask)
	if err != nil {
		return err
	}
	if p.Model, err = h.s.Model(r.Context()); err != nil {
		return err
	}
	p.Rows, p.Campaigns, p.Now, p.Of = []AskRow{row}, map[uuid.UUID]Campaign{c.ID: c}, h.desk.Now(), &c
	status := http.StatusOK
	if p.Fault != nil {
		status = web.StatusOf(p.Fault)
	}
	return web.Render(w, r, status, minePage(p))
}

// action is where the form of an answer goes.
func (p mineProps) action(a AskRow) string {
	if p.Of != nil {
		return campaignAddress(p.Of.ID, "items", a.ID.String())
	}
	return mineAddress + "/" + a.ID.String()
}

// campaignFile writes the items of a campaign with what was said, row by row.
func (h handlers) campaignFile(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := h.campaignOf(r)
	if err != nil {
		return err
	}
	m, err := h.s.Model(ctx)
	if err != nil {
		return err
	}
	var out sheet.Sheet
	open := func() error {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="campaign-%s.csv"`, c.CreatedAt.UTC().Format("20060102-1504")))
		w.Header().Set("Cache-Control", "private, no-store")
		out = sheet.CSV(w)
		var head []string
		for _, k := range []string{"field.number", "field.name", "field.class", "field.location", "campaign.stands", "campaign.said", "campaign.field.note", "campaign.answered_at", "field.verified_at"} {
			head = append(head, ui.T(ctx, "configuration."+k))
		}
		return out.Row(head...)
	}
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.In(ui.Zone(ctx)).Format("2006-01-02 15:04")
	}
	err = h.s.ExportCampaign(ctx, c, func(list []AskRow) error {
		if out == nil {
			if err := open(); err != nil {
				return err
			}
		}
		for _, x := range list {
			said := ""
			if x.Answer != "" {
				said = ui.T(ctx, "configuration.campaign.answer."+x.Answer)
			}
			if err := out.Row(x.Label(), x.Name, m.Classes[x.ClassID].Name(ctx), x.Location, ui.T(ctx, "configuration.campaign.state."+x.State), said, x.Note, at(x.AnsweredAt), at(x.VerifiedAt)); err != nil {
				return err
			}
		}
		return out.Flush()
	})
	if err == nil && out == nil {
		err = open()
	}
	if err != nil {
		return err
	}
	return out.Close()
}

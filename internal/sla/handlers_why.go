package sla

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
	"opsdesk/internal/ui"
)

// whyProps is the working of a record's clocks.
type whyProps struct {
	Entry    record.Entry
	URL      string
	Clocks   []Clock
	Book     *Book
	Now      time.Time
	Breaches map[Metric][]Breach
	May      bool // exclude
}

// spellLimit bounds how many days one stretch of the working shows.
const spellLimit = 40

func (p whyProps) spells(l Line) []Spell {
	if l.Mode != "counted" || l.Rule.Calendar == nil {
		return nil
	}
	return l.Rule.Calendar.Spells(l.From, l.To, spellLimit)
}

func (p whyProps) calendar(ctx context.Context, r Rule) string {
	c := p.Book.Calendar(&r.CalendarID)
	return i18n.Pick(ctx, c.NameZh, c.NameEn)
}

func (p whyProps) agreement(ctx context.Context, id uuid.UUID) string {
	v, ok := p.Book.Version(id)
	if !ok {
		return ""
	}
	return i18n.Pick(ctx, v.NameZh, v.NameEn) + " v" + itoa(v.Number)
}

func (c Clock) show() ui.Clock {
	return ui.Clock{Metric: string(c.Metric), State: string(c.State), Started: c.Started, Due: c.Due, Warn: c.Warn, Crit: c.Crit}
}

// why shows how the clocks of a record came to what they say.
func (h handlers) why(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	e, clocks, err := h.s.ExplainNumber(ctx, chi.URLParam(r, "number"))
	if err != nil {
		return err
	}
	p := whyProps{Entry: e, URL: h.desk.Kinds.URL(e.Kind, e.Number), Clocks: clocks, Now: h.desk.Now(), Breaches: map[Metric][]Breach{}}
	if p.Book, err = h.s.Book(ctx, h.desk.DB); err != nil {
		return err
	}
	list, err := h.s.repo.breachesOf(ctx, h.desk.DB, e.ID)
	if err != nil {
		return err
	}
	for _, b := range list {
		p.Breaches[b.Metric] = append(p.Breaches[b.Metric], b)
	}
	_, f, err := h.desk.See(ctx, e.Ref())
	if err != nil {
		return err
	}
	p.May = h.desk.Can(ctx, ActionExclude, &f)
	return web.Render(w, r, http.StatusOK, whyPage(p))
}

package change

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/go-chi/chi/v5"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

// feedPath is where calendar programs read; what follows is the secret.
const feedPath = "/feeds/changes/"

// newFeed shows the new link in its answer: it can be shown only here.
func (h handlers) newFeed(w http.ResponseWriter, r *http.Request) error {
	secret, err := h.s.NewFeed(r.Context())
	if err != nil {
		return err
	}
	p, err := h.calendarOf(r)
	if err != nil {
		return err
	}
	p.Link = h.s.URL + feedPath + secret + ".ics"
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, http.StatusOK, calendarPage(p))
}

func (h handlers) endFeed(w http.ResponseWriter, r *http.Request) error {
	if err := h.s.EndFeed(r.Context()); err != nil {
		return err
	}
	web.Flash(w, "ui.done")
	return web.SeeOther(w, r, "/changes/calendar")
}

// feed answers a calendar program, which signs in with nothing but the link.
func (h handlers) feed(w http.ResponseWriter, r *http.Request) error {
	c, who, err := h.s.FeedOf(r.Context(), strings.TrimSuffix(chi.URLParam(r, "secret"), ".ics"))
	if err != nil {
		return err
	}
	lang := who.Lang
	if lang == "" {
		lang = i18n.Lang(r.Context())
	}
	ctx := h.desk.Messages.With(r.Context(), lang)
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=300")
	_, err = io.WriteString(w, icalendar(ctx, c, h.s.URL, h.desk.Now()))
	return err
}

// icalendar writes a calendar (RFC 5545): changes that are booked as confirmed,
// those that are still decided about as tentative, and freezes.
func icalendar(ctx context.Context, c Calendar, base string, now time.Time) string {
	cal := ics.NewCalendarFor("Opsdesk")
	cal.SetMethod(ics.MethodPublish)
	cal.SetXWRCalName(ui.T(ctx, "change.calendar"))
	host := base[strings.Index(base, "//")+2:]
	for _, s := range c.Slots {
		e := cal.AddEvent(s.ID.String() + "@" + host)
		e.SetDtStampTime(now)
		e.SetStartAt(s.From)
		e.SetEndAt(s.To)
		e.SetSummary(s.Number + " " + s.Title)
		e.SetDescription(ui.T(ctx, "change.type."+string(s.Type)) + " · " + ui.T(ctx, stateKey(string(s.State))))
		e.SetURL(base + address(s.Number))
		e.SetStatus(ics.ObjectStatusConfirmed)
		switch s.State {
		case Draft, Submitted, Assessing, Testing, Reviewing, Approved:
			e.SetStatus(ics.ObjectStatusTentative)
		}
	}
	for _, f := range c.Freezes {
		e := cal.AddEvent(f.ID.String() + "@" + host)
		e.SetDtStampTime(now)
		e.SetStartAt(f.From)
		e.SetEndAt(f.To)
		kind := "change.freeze.soft"
		if f.Hard {
			kind = "change.freeze.hard"
		}
		e.SetSummary(ui.T(ctx, kind) + " " + pick(ctx, f.NameZh, f.NameEn))
		e.SetDescription(f.Reason)
		e.SetStatus(ics.ObjectStatusConfirmed)
	}
	return cal.Serialize()
}

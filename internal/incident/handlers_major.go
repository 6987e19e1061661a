package incident

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/ui"
)

// mountMajor adds the pages and the API of announcements and major incidents.
func mountMajor(m mounter) {
	s, h, a := m.a.s, m.h, m.a
	act(m, "announce", ActionAnnounce, "Tell those whom it concerns, by a banner in plain words and by a message to the departments and users of services named", s.Announce)
	act(m, "update", ActionUpdate, "Tell those whom it concerns how it stands", s.PostUpdate)
	mountRoom(m)
	act(m, "unannounce", ActionWithdraw, "End the announcement", s.Withdraw)
	m.rt.Get("/announcements/{id}", h.announcement)
	m.rt.Post("/announcements/{id}/me-too", h.meToo)
	m.rt.Post("/announcements/{id}/not-me", h.notMe)

	api := func(method, path string, op web.Op, f web.Handler) {
		op.Tag = "major incidents"
		m.rt.API(method, path, op, f)
	}
	api(http.MethodGet, "/api/v1/announcements", web.Op{ID: "listAnnouncements", Summary: "What is announced to the caller now", Out: announcementsOut{}}, a.announcements)
	api(http.MethodGet, "/api/v1/announcements/{id}", web.Op{ID: "getAnnouncement", Summary: "One announcement, by the incident's id or number, with what was said publicly", Out: announcementOut{}}, a.announcement)
	api(http.MethodPost, "/api/v1/announcements/{id}/me-too", web.Op{ID: "meToo", Summary: "Say that it concerns the caller too; once per person, however often", In: MeTooInput{}, Out: announcementOut{}}, a.meToo)
	api(http.MethodDelete, "/api/v1/announcements/{id}/me-too", web.Op{ID: "notMe", Summary: "Take \"me too\" back", Status: http.StatusNoContent}, a.notMe)
}

// Notices are the lines on every page about what is announced to its reader.
func Notices(ctx context.Context, list []Announcement) []ui.Notice {
	lang := i18n.Lang(ctx)
	var out []ui.Notice
	for _, a := range list {
		out = append(out, ui.Notice{Title: a.Title(lang), Text: ui.Cut(a.Text(lang), 160), Href: a.Path()})
	}
	return out
}

// announcedProps is the page of one announcement.
type announcedProps struct {
	Announcement
	Lines []Line
	Agent bool
	Note  string
	Fault *fault.Error
}

func (h handlers) announced(r *http.Request) (p announcedProps, id uuid.UUID, err error) {
	if id, err = h.s.key(r); err != nil {
		return p, id, err
	}
	if p.Announcement, p.Lines, err = h.s.Announced(r.Context(), id); err != nil {
		return p, id, err
	}
	p.Agent = h.s.insider(r.Context())
	return p, id, nil
}

func (h handlers) announcement(w http.ResponseWriter, r *http.Request) error {
	p, id, err := h.announced(r)
	if err != nil {
		return err
	}
	for _, about := range []uuid.UUID{id, p.ID} {
		if err := h.inbox.Read(r.Context(), nil, about); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, announcementPage(p))
}

func (h handlers) meToo(w http.ResponseWriter, r *http.Request) error {
	var in MeTooInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	p, id, err := h.announced(r)
	if err != nil {
		return err
	}
	if _, err = h.s.MeToo(r.Context(), id, in); err != nil {
		f := fault.Of(err)
		if !shown(f) {
			return err
		}
		p.Note, p.Fault = in.Note, f
		return web.Render(w, r, web.StatusOf(f), announcementPage(p))
	}
	web.Flash(w, "incident.said.me_too")
	return web.SeeOther(w, r, or(back(r.Form, "return"), p.Path()))
}

func (h handlers) notMe(w http.ResponseWriter, r *http.Request) error {
	var none struct{}
	if err := web.Decode(r, &none); err != nil {
		return err
	}
	p, id, err := h.announced(r)
	if err != nil {
		return err
	}
	if _, err = h.s.NotMe(r.Context(), id); err != nil {
		return err
	}
	web.Flash(w, "incident.said.not_me")
	return web.SeeOther(w, r, or(back(r.Form, "return"), p.Path()))
}

type (
	announcementsOut struct {
		Items []Announcement `json:"items"`
	}
	announcementOut struct {
		Announcement
		Said []saidOut `json:"said"`
	}
	saidOut struct {
		At     time.Time `json:"at"`
		TextZh string    `json:"text_zh"`
		TextEn string    `json:"text_en"`
	}
)

func (a api) announcements(w http.ResponseWriter, r *http.Request) error {
	l, err := a.s.Announcements(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, announcementsOut{nonNil(l)})
}

func (a api) announcement(w http.ResponseWriter, r *http.Request) error {
	return part(w, r, a.s, a.announced)
}

func (a api) announced(ctx context.Context, id uuid.UUID) (announcementOut, error) {
	x, lines, err := a.s.Announced(ctx, id)
	out := announcementOut{x, []saidOut{}}
	for _, l := range lines {
		out.Said = append(out.Said, saidOut{l.At, l.TextZh, l.TextEn})
	}
	return out, err
}

func (a api) meToo(w http.ResponseWriter, r *http.Request) error {
	var in MeTooInput
	if r.ContentLength != 0 {
		if err := web.Decode(r, &in); err != nil {
			return err
		}
	}
	return part(w, r, a.s, func(ctx context.Context, id uuid.UUID) (announcementOut, error) {
		if _, err := a.s.MeToo(ctx, id, in); err != nil {
			return announcementOut{}, err
		}
		return a.announced(ctx, id)
	})
}

func (a api) notMe(w http.ResponseWriter, r *http.Request) error {
	id, err := a.s.key(r)
	if err != nil {
		return err
	}
	if _, err := a.s.NotMe(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

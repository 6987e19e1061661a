package notify

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/mail"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

const pageSize = 50

// Options are what the package needs beside the desk.
type Options struct {
	Sender  mail.Sender // nil: no mail server
	BaseURL string
}

// New returns the service; Mount adds its pages. They are apart because other
// modules need the service while they are wired.
func New(d *work.Desk, o Options) (*Service, error) {
	s := &Service{desk: d, sender: o.Sender, baseURL: o.BaseURL}
	if err := d.Bus.On("notify", s.deliver); err != nil {
		return nil, err
	}
	if err := d.Registry.Every(JobDue, time.Minute, 5*time.Minute, s.due); err != nil {
		return nil, err
	}
	if err := d.Registry.Handle(jobSend, time.Minute, s.send); err != nil {
		return nil, err
	}
	d.Policies.Add(Policies())
	return s, d.Messages.Add(messages)
}

// Mount adds inbox and outbox.
func Mount(s *Service, rt web.Router) {
	mountHabits(s, rt)
	rt.Get("/inbox", s.inboxPage)
	rt.Post("/inbox/read", s.readForm)
	rt.Post("/inbox/{id}/done", s.lineForm(func(r *http.Request, id uuid.UUID) error { return s.Finish(r.Context(), id, false) }))
	rt.Post("/inbox/{id}/undone", s.lineForm(func(r *http.Request, id uuid.UUID) error { return s.Finish(r.Context(), id, true) }))
	rt.Post("/inbox/{id}/wake", s.lineForm(func(r *http.Request, id uuid.UUID) error { return s.Wake(r.Context(), id) }))
	rt.Post("/inbox/{id}/snooze", s.lineForm(s.snoozeLine))
	rt.Get("/admin/outbox", s.outboxPage)
	rt.Post("/admin/outbox/{id}/retry", s.retryForm)

	rt.API(http.MethodGet, "/api/v1/notifications", web.Op{
		ID: "listNotifications", Tag: "notifications", Summary: "The caller's inbox: what waits, then what was told, latest first; part=all, waiting, unread, snoozed or done", Query: inboxQuery{}, Out: inboxOut{},
	}, s.apiInbox)
	rt.API(http.MethodPost, "/api/v1/notifications/{id}/done", web.Op{
		ID: "finishNotification", Tag: "notifications", Summary: "Done with it: it leaves the inbox", Status: http.StatusNoContent,
	}, s.apiLine(func(r *http.Request, id uuid.UUID) error { return s.Finish(r.Context(), id, false) }))
	rt.API(http.MethodPost, "/api/v1/notifications/{id}/snooze", web.Op{
		ID: "snoozeNotification", Tag: "notifications", Summary: "Put a line away until later, tomorrow, next week or a date", In: SnoozeInput{}, Status: http.StatusNoContent,
	}, s.apiLine(s.snoozeLine))
	rt.API(http.MethodPost, "/api/v1/notifications/read", web.Op{
		ID: "readNotifications", Tag: "notifications", Summary: "Mark notifications as read: those of ids, or all", In: readInput{}, Status: http.StatusNoContent,
	}, s.apiRead)
	rt.API(http.MethodGet, "/api/v1/outbox", web.Op{
		ID: "listOutbox", Tag: "notifications", Summary: "Mails of the desk and how they fared, newest first", Query: outboxQuery{}, Out: outboxOut{},
	}, s.apiOutbox)
	rt.API(http.MethodPost, "/api/v1/outbox/{id}/retry", web.Op{
		ID: "retryMail", Tag: "notifications", Summary: "Send a held or failed mail again", Status: http.StatusNoContent,
	}, s.apiRetry)
}

type inboxQuery struct {
	Part   string `query:"part"`
	Unread bool   `query:"unread"` // the same as part=unread
	Cursor string `query:"cursor"`
}

type inboxOut struct {
	Items []Line `json:"items"`
	Next  string `json:"next"`
}

type outboxQuery struct {
	State  string `query:"state"`
	Cursor string `query:"cursor"`
}

type outboxOut struct {
	Items []Mail `json:"items"`
	Next  string `json:"next"`
}

type readInput struct {
	IDs []uuid.UUID `json:"ids"`
}

func (s *Service) inboxOf(r *http.Request) (string, inboxOut, error) {
	q := r.URL.Query()
	part := q.Get("part")
	if q.Get("unread") == "1" || q.Get("unread") == "true" {
		part = Unread
	}
	if !slices.Contains(parts[:], part) {
		part = All
	}
	after, err := db.ParseCursor[Place](q.Get("cursor"))
	if err != nil {
		return part, inboxOut{}, err
	}
	list, err := s.Lines(r.Context(), part, after, pageSize+1)
	out := inboxOut{Items: list}
	if len(list) > pageSize {
		last := list[pageSize-1]
		at := last.ShownAt
		if part == Done && last.DoneAt != nil {
			at = *last.DoneAt
		}
		out.Items, out.Next = list[:pageSize], db.Cursor(Place{last.Waiting, at, last.ID})
	}
	return part, out, err
}

func (s *Service) outboxOf(r *http.Request) (outboxOut, error) {
	q := r.URL.Query()
	after, err := db.ParseCursor[Cursor](q.Get("cursor"))
	if err != nil {
		return outboxOut{}, err
	}
	list, err := s.Outbox(r.Context(), q.Get("state"), after, pageSize+1)
	out := outboxOut{Items: list}
	if len(list) > pageSize {
		last := list[pageSize-1]
		out.Items, out.Next = list[:pageSize], db.Cursor(Cursor{last.CreatedAt, last.ID})
	}
	return out, err
}

func (s *Service) inboxPage(w http.ResponseWriter, r *http.Request) error {
	part, out, err := s.inboxOf(r)
	if err != nil {
		return err
	}
	sel, err := uuid.Parse(r.URL.Query().Get("sel"))
	if err != nil {
		sel = uuid.Nil // a hint only
	}
	return web.Render(w, r, http.StatusOK, inboxPage(inboxProps{Items: out.Items, Next: out.Next, Part: part, Sel: sel, URL: s.lineURL}))
}

// lineURL is where a line leads.
func (s *Service) lineURL(l Line) string {
	if l.Path != "" {
		return l.Path
	}
	return s.url(l.Kind, l.Number)
}

func (s *Service) snoozeLine(r *http.Request, id uuid.UUID) error {
	var in SnoozeInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	return s.Snooze(r.Context(), id, in)
}

// lineForm does something with one line and goes back to the part of the inbox
// it came from, to the line after it.
func (s *Service) lineForm(do func(*http.Request, uuid.UUID) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		if err := do(r, id); err != nil {
			return err
		}
		web.Flash(w, "ui.done")
		back := url.Values{}
		for _, f := range []string{"part", "sel"} {
			if v := r.PostFormValue(f); v != "" {
				back.Set(f, v)
			}
		}
		return web.SeeOther(w, r, "/inbox?"+back.Encode())
	}
}

func (s *Service) apiLine(do func(*http.Request, uuid.UUID) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.PathID(r, "id")
		if err != nil {
			return err
		}
		if err := do(r, id); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

func (s *Service) readForm(w http.ResponseWriter, r *http.Request) error {
	var in readInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := s.Read(r.Context(), in.IDs, uuid.Nil); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/inbox")
}

func (s *Service) outboxPage(w http.ResponseWriter, r *http.Request) error {
	out, err := s.outboxOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, outboxPage(outboxProps{
		Items: out.Items, Next: out.Next, State: r.URL.Query().Get("state"), Serving: s.Serving(), Retry: s.desk.Can(r.Context(), ActionRetry, nil) && s.Serving(),
	}))
}

func (s *Service) retryForm(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.Retry(r.Context(), id); err != nil {
		return err
	}
	web.Flash(w, "notify.queued")
	return web.SeeOther(w, r, "/admin/outbox")
}

func (s *Service) apiInbox(w http.ResponseWriter, r *http.Request) error {
	_, out, err := s.inboxOf(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, out)
}

func (s *Service) apiRead(w http.ResponseWriter, r *http.Request) error {
	var in readInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := s.Read(r.Context(), in.IDs, uuid.Nil); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) apiOutbox(w http.ResponseWriter, r *http.Request) error {
	out, err := s.outboxOf(r)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, out)
}

func (s *Service) apiRetry(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.Retry(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

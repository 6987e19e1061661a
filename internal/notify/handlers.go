package notify

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/mail"
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
	if err := d.Registry.Handle(jobSend, time.Minute, s.send); err != nil {
		return nil, err
	}
	d.Policies.Add(Policies())
	return s, d.Messages.Add(messages)
}

// Mount adds inbox and outbox.
func Mount(s *Service, rt web.Router) {
	rt.Get("/inbox", s.inboxPage)
	rt.Post("/inbox/read", s.readForm)
	rt.Get("/admin/outbox", s.outboxPage)
	rt.Post("/admin/outbox/{id}/retry", s.retryForm)

	rt.API(http.MethodGet, "/api/v1/notifications", web.Op{
		ID: "listNotifications", Tag: "notifications", Summary: "The caller's notifications, newest first", Query: inboxQuery{}, Out: inboxOut{},
	}, s.apiInbox)
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
	Unread bool   `query:"unread"`
	Cursor string `query:"cursor"`
}

type inboxOut struct {
	Items []Notification `json:"items"`
	Next  string         `json:"next"`
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

func (s *Service) inboxOf(r *http.Request) (inboxOut, error) {
	q := r.URL.Query()
	after, err := db.ParseCursor[Cursor](q.Get("cursor"))
	if err != nil {
		return inboxOut{}, err
	}
	list, err := s.Inbox(r.Context(), q.Get("unread") == "1" || q.Get("unread") == "true", after, pageSize+1)
	out := inboxOut{Items: list}
	if len(list) > pageSize {
		last := list[pageSize-1]
		out.Items, out.Next = list[:pageSize], db.Cursor(Cursor{last.CreatedAt, last.ID})
	}
	return out, err
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
	out, err := s.inboxOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, inboxPage(inboxProps{Items: out.Items, Next: out.Next, Unread: r.URL.Query().Get("unread") == "1", URL: s.url}))
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

func (s *Service) mailID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "id"))
	if err != nil {
		return id, fault.Wrap(fault.NotFound, "error.not_found", err)
	}
	return id, nil
}

func (s *Service) retryForm(w http.ResponseWriter, r *http.Request) error {
	id, err := s.mailID(r)
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
	out, err := s.inboxOf(r)
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
	id, err := s.mailID(r)
	if err != nil {
		return err
	}
	if err := s.Retry(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

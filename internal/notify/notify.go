// Package notify tells people what happened to the records they are concerned
// with: in the desk's own inbox, and by mail in the reader's language. Mails
// go through an outbox that an administrator can look into; without a mail
// server they are kept there and the desk says so.
package notify

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/live"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/mail"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Notification is one line of a person's inbox.
type Notification struct {
	ID        uuid.UUID   `db:"id" json:"id"`
	Event     string      `db:"event" json:"event"`
	Audience  string      `db:"audience" json:"-"`
	Kind      record.Kind `db:"kind" json:"kind"`
	RecordID  uuid.UUID   `db:"record_id" json:"record_id"`
	Number    string      `db:"number" json:"number"`
	Title     string      `db:"title" json:"title"`
	ActorName string      `db:"actor_name" json:"actor"`
	CreatedAt time.Time   `db:"created_at" json:"created_at"`
	ReadAt    *time.Time  `db:"read_at" json:"read_at"`
}

// Mail is one message of the outbox.
type Mail struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	PersonID  uuid.UUID  `db:"person_id" json:"person_id"`
	Address   string     `db:"address" json:"address"`
	Subject   string     `db:"subject" json:"subject"`
	Body      string     `db:"body" json:"-"`
	Thread    string     `db:"thread" json:"record"`
	Secret    bool       `db:"secret" json:"-"`
	State     string     `db:"state" json:"state"`
	Attempts  int        `db:"attempts" json:"attempts"`
	LastError string     `db:"last_error" json:"last_error"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	SentAt    *time.Time `db:"sent_at" json:"sent_at"`
	DueAt     *time.Time `db:"due_at" json:"due_at"` // of one that waits
	about     about
}

// about is the event that a mail tells of: what waits is asked once more, and
// collected, by it.
type about struct {
	event, audience, number, title, actor string

	kind   record.Kind
	record uuid.UUID
}

// KindMail is what the trail calls a message of the outbox.
const KindMail record.Kind = "mail"

// Actions of this package.
const (
	ActionInbox  authz.Action = "notification.read"
	ActionOutbox authz.Action = "outbox.read"
	ActionRetry  authz.Action = "outbox.retry"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{ActionInbox: "session.own", ActionOutbox: "outbox.read", ActionRetry: "notification.retry", ActionHabits: "session.own"}
}

const (
	jobSend     = "notify.send"
	maxAttempts = 8 // about an hour and a half
)

// internal events are about the desk's own side of a record: only people who
// may read notes hear of them.
var internal = []string{
	"incident.noted", "incident.unassigned", "incident.transferred", "incident.task_assigned", "incident.note_mentioned", "incident.attached", "incident.detached", "servicerequest.noted", "servicerequest.task_ready", "servicerequest.task_assigned",
	"sla.response_warned", "sla.response_breached", "sla.response_escalated", "sla.resolution_warned", "sla.resolution_breached", "sla.resolution_escalated",
	"sla.team_warned", "sla.team_breached", "sla.team_escalated",
}

// waited are events that put a waiting line into the inbox in the transaction
// that caused them: a second line would say it twice. Mails go out all the same.
var waited = []string{"approval.asked", "approval.question", "incident.task_assigned"}

// called reports whether an internal event calls those it is sent to, such as a
// manager or who stands in for a lead of another team: they hear of it though
// they may read no notes.
func called(name string) bool {
	return strings.HasPrefix(name, "sla.") || name == "incident.unassigned"
}

// Service tells people.
type Service struct {
	desk    *work.Desk
	sender  mail.Sender // nil: no mail server
	baseURL string
	repo    repository
}

// deliver is the subscriber of all events: who is concerned, and may see the
// record, gets a line in the inbox and a mail. It is idempotent by event.
func (s *Service) deliver(ctx context.Context, e event.Event) error {
	ctx = identity.With(ctx, identity.NewSystem("notify"))
	if e.Subject != nil {
		return s.announce(ctx, e)
	}
	if e.Version > 0 {
		if undone, err := trail.Undone(ctx, s.desk.DB, e.Ref.ID, e.Version); err != nil || undone {
			return err
		}
	}
	// Who may see the record is decided for each reader below.
	entry, err := record.Get(ctx, s.desk.DB, e.Ref.ID)
	if fault.Is(err, fault.NotFound) {
		return jobs.Cancel(err)
	}
	if err != nil {
		return err
	}
	watchers, err := record.Watchers(ctx, s.desk.DB, e.Ref.ID)
	if err != nil {
		return db.Map(err)
	}
	to := slices.Clone(e.To)
	if e.Only {
		watchers = nil
	}
	for _, w := range watchers {
		if !slices.Contains(to, w) {
			to = append(to, w)
		}
	}
	actors, err := identity.People(ctx, s.desk.DB, append(to, e.ActorID)...)
	if err != nil {
		return err
	}
	excerpt := ""
	if e.About != uuid.Nil && !slices.Contains(internal, e.Name) {
		if excerpt, err = comment.Excerpt(ctx, s.desk.DB, e.About); err != nil {
			return db.Map(err)
		}
	}
	for _, id := range to {
		if id == e.ActorID || slices.Contains(e.Not, id) {
			continue
		}
		p, ok := actors[id]
		if !ok || !p.Active {
			continue
		}
		agent, may, err := s.concerns(ctx, id, entry, e)
		if err != nil {
			return err
		}
		if may {
			if err := s.tell(ctx, e, entry, p, agent, actors[e.ActorID], excerpt); err != nil {
				return err
			}
		}
	}
	return nil
}

// announce tells those whom the event names of a thing that is no record.
func (s *Service) announce(ctx context.Context, e event.Event) error {
	people, err := identity.People(ctx, s.desk.DB, append(slices.Clone(e.To), e.ActorID)...)
	if err != nil {
		return err
	}
	entry := record.Entry{ID: e.Ref.ID, Kind: e.Ref.Kind, Number: e.Subject.Path, Title: e.Subject.Title}
	for _, id := range e.To {
		if p, ok := people[id]; ok && p.Active {
			said := e.Subject.Said(s.desk.Messages.In(p.Lang).Lang)
			entry.Title = said.Title
			if err := s.tell(ctx, e, entry, p, true, people[e.ActorID], said.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// url is where a message leads: the record's page, or that of a thing that is
// no record, whose number is its path.
func (s *Service) url(kind record.Kind, number string) string {
	if strings.HasPrefix(number, "/") {
		return number
	}
	return s.desk.Kinds.URL(kind, number)
}

// concerns reports whether a person may hear of the event, and from which side
// they see the record.
func (s *Service) concerns(ctx context.Context, id uuid.UUID, entry record.Entry, e event.Event) (agent, may bool, err error) {
	a, err := identity.LoadActor(ctx, s.desk.DB, id, s.desk.Now())
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return false, false, nil
		}
		return false, false, err
	}
	st, err := record.StandingOf(ctx, s.desk.DB, entry.ID, id, s.desk.Now())
	if err != nil {
		return false, false, db.Map(err)
	}
	f := entry.Facts(st)
	spec, _ := s.desk.Kinds.Spec(entry.Kind)
	may = s.desk.Matrix.Decide(a, spec.Read, &f).Allowed
	notes := s.desk.Matrix.Decide(a, "ticket.note_internal", &f).Allowed
	if slices.Contains(internal, e.Name) {
		may = may && (notes || strings.HasSuffix(e.Name, ".task_assigned") || called(e.Name) && slices.Contains(e.To, id))
	}
	mine := entry.RequesterID != nil && *entry.RequesterID == id
	return notes && !mine || !mine && a.Agent(), may, nil
}

// Text is the sentence for an event in the reader's language.
func Text(m *i18n.Messages, name, audience, number, title, actor string) string {
	kind, short, _ := strings.Cut(name, ".")
	k := kind + ".event." + short + "." + audience
	if !m.Has(k) {
		k = kind + ".event." + short + ".agent"
	}
	if title == "" {
		title = m.T("notify.confidential")
	}
	return m.T(k, "number", number, "title", title, "name", actor)
}

// tell writes the inbox line and the mail of one person.
func (s *Service) tell(ctx context.Context, e event.Event, entry record.Entry, p identity.Person, agent bool, by identity.Person, excerpt string) error {
	m := s.desk.Messages.In(p.Lang)
	audience := "requester"
	if agent {
		audience = "agent"
	}
	title := entry.Title
	if entry.Confidential {
		title, excerpt = "", "" // what is confidential leaves no trace outside its page
	}
	name := by.Display(m.Lang)
	if name == "" {
		name = m.T("ui.product")
	}
	h, err := s.repo.habits(ctx, s.desk.DB, p.ID)
	if err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		if !slices.Contains(waited, e.Name) && h.Wants(GroupOf(e.Name), InboxChannel) {
			s.repo.notify(&u.Batch, Notification{
				ID: work.NewID(), Event: e.Name, Audience: audience, Kind: entry.Kind, RecordID: entry.ID, Number: entry.Number, Title: title, ActorName: name, CreatedAt: e.At,
			}, e.Once(), p.ID)
		}
		live.Tell(&u.Batch, entry.ID, p.ID)
		if p.Email == "" || !p.Mail {
			return nil
		}
		line := Text(m, e.Name, audience, entry.Number, title, name)
		body := s.letter(m, p, line, excerpt, s.url(entry.Kind, entry.Number))
		subject, thread := "["+entry.Number+"] "+title, entry.Number
		switch {
		case e.Subject != nil:
			subject, thread = line, entry.ID.String()
		case title == "":
			subject = "[" + entry.Number + "] " + m.T("notify.confidential")
		}
		letter := Mail{PersonID: p.ID, Address: p.Email, Subject: subject, Body: body, Thread: thread, about: about{e.Name, audience, entry.Number, title, name, entry.Kind, entry.ID}}
		if !letter.plan(h, e.Name, p.TimeZone, u.Now) {
			return nil
		}
		return s.post(ctx, u, letter, e.Once().String()+":"+p.ID.String())
	})
}

// post puts a mail into the outbox, once per dedupe key, and sends it if there
// is a server.
func (s *Service) post(ctx context.Context, u *work.Unit, m Mail, dedupe string) error {
	m.ID, m.CreatedAt = work.NewID(), u.Now
	switch {
	case m.DueAt != nil: // plan has said what it waits for
	case s.sender != nil:
		m.State = "queued"
	default:
		m.State = "held"
	}
	fresh, err := s.repo.post(ctx, u.Tx, m, dedupe)
	if err != nil || !fresh || m.State != "queued" {
		return err
	}
	u.Enqueue(jobs.Job{Kind: jobSend, Payload: m.ID, Unique: m.ID.String(), Max: maxAttempts})
	return nil
}

// SendLink mails a person a one-time link. The outbox never shows its text.
func (s *Service) SendLink(ctx context.Context, u *work.Unit, to identity.Person, purpose, link string) error {
	m := s.desk.Messages.In(to.Lang)
	if to.Email == "" {
		return fault.New(fault.Conflict, "notify.error.no_address")
	}
	body := m.T("notify.mail.hello", "name", to.Display(m.Lang)) + "\n\n" + m.T("notify.link."+purpose+".text") + "\n\n" + link + "\n\n" + m.T("notify.link.foot") + "\n"
	return s.post(ctx, u, Mail{PersonID: to.ID, Address: to.Email, Subject: m.T("notify.link." + purpose + ".subject"), Body: body, Secret: true}, work.NewID().String())
}

// send is the job that hands one mail to the server.
func (s *Service) send(ctx context.Context, payload json.RawMessage, run jobs.Run) error {
	var id uuid.UUID
	if err := json.Unmarshal(payload, &id); err != nil {
		return jobs.Cancel(err)
	}
	m, err := s.repo.mail(ctx, s.desk.DB, id)
	if fault.Is(err, fault.NotFound) || err == nil && m.State != "queued" {
		return nil // sent already, or taken back
	}
	if err != nil {
		return err
	}
	if s.sender == nil {
		return s.mark(ctx, m, "held", "")
	}
	err = s.sender.Send(ctx, mail.Message{To: m.Address, Subject: m.Subject, Text: m.Body, ID: m.ID.String(), Thread: m.Thread, Date: m.CreatedAt})
	switch {
	case err == nil:
		return s.mark(ctx, m, "sent", "")
	case errors.Is(err, mail.ErrPermanent) || run.Attempt >= run.Max:
		return errors.Join(s.mark(ctx, m, "failed", err.Error()), jobs.Cancel(err))
	}
	return errors.Join(s.mark(ctx, m, "queued", err.Error()), fmt.Errorf("send mail %s: %w", id, err))
}

func (s *Service) mark(ctx context.Context, m Mail, state, problem string) error {
	ctx = context.WithoutCancel(ctx)
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error { return s.repo.mark(ctx, tx, m.ID, state, problem, s.desk.Now()) })
}

// Retry queues a held or failed mail again.
func (s *Service) Retry(ctx context.Context, id uuid.UUID) error {
	if _, err := s.desk.Permit(ctx, ActionRetry); err != nil {
		return err
	}
	if s.sender == nil {
		return fault.New(fault.Conflict, "notify.error.no_server")
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		if err := s.repo.requeue(ctx, u.Tx, id, u.Now); err != nil {
			return db.Map(err)
		}
		u.Enqueue(jobs.Job{Kind: jobSend, Payload: id, Unique: id.String(), Max: maxAttempts})
		return u.Record(ctx, ActionRetry, record.Ref{Kind: KindMail, ID: id}, trail.Diff{"state": {nil, "queued"}})
	})
}

// About counts what the actor has not read about a record. Most pages are
// opened with nothing unread about them: one question instead of a transaction.
func (s *Service) About(ctx context.Context, about uuid.UUID, to *int) (db.Part, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return db.Part{}, err
	}
	return s.repo.unreadAbout(who.ID, about, to), nil
}

// Read marks notifications of the actor as read: those of ids, those of one
// record, or all where both are empty. It is a read mark, not an act, and so
// not in the trail.
func (s *Service) Read(ctx context.Context, ids []uuid.UUID, about uuid.UUID) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	if ids == nil && about != uuid.Nil {
		n := 0
		if err := db.Ask(ctx, s.desk.DB, s.repo.unreadAbout(who.ID, about, &n)); err != nil || n == 0 {
			return err
		}
	}
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		n, err := s.repo.read(ctx, tx, who.ID, ids, about, s.desk.Now())
		if err != nil || n == 0 {
			return err
		}
		var b pgx.Batch
		live.Tell(&b, about, who.ID) // their other pages count anew
		return tx.SendBatch(ctx, &b).Close()
	})
}

// Outbox lists mails, newest first; state "" means any.
func (s *Service) Outbox(ctx context.Context, state string, after *Cursor, limit int) ([]Mail, error) {
	if _, err := s.desk.Permit(ctx, ActionOutbox); err != nil {
		return nil, err
	}
	return s.repo.outbox(ctx, s.desk.DB, state, after, limit)
}

// Serving reports whether there is a mail server.
func (s *Service) Serving() bool { return s.sender != nil }

package notify

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// ActionHabits is choosing what one is told.
const ActionHabits authz.Action = "notification.habits"

// JobDue looks for mails whose quiet hours are over and for digests that are
// due.
const JobDue = "notify.due"

// Habits returns the actor's habits.
func (s *Service) Habits(ctx context.Context) (Habits, error) {
	who, err := s.desk.Permit(ctx, ActionHabits)
	if err != nil {
		return Habits{}, err
	}
	return s.repo.habits(ctx, s.desk.DB, who.ID)
}

// SetHabits changes what the actor is told, how and when. Mails that wait
// already keep their time.
func (s *Service) SetHabits(ctx context.Context, in Habits) error {
	who, err := s.desk.Permit(ctx, ActionHabits)
	if err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	for _, off := range in.Off {
		group, channel, _ := strings.Cut(off, ":")
		if !slices.Contains(Groups, group) || !slices.Contains(Channels, channel) {
			return fault.OnField("off", "validation.oneof")
		}
	}
	slices.Sort(in.Off)
	in.Off = slices.Compact(in.Off)
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := s.repo.habits(ctx, u.Tx, who.ID)
		if err != nil {
			return err
		}
		s.repo.setHabits(&u.Batch, who.ID, in, u.Now)
		return u.Record(ctx, ActionHabits, record.Ref{Kind: "person", ID: who.ID}, trail.Diff{"notifications": {before, in}})
	})
}

// plan gives a mail its time by the reader's habits; keep is false where they
// want no such mail at all.
func (m *Mail) plan(h Habits, event, zone string, now time.Time) (keep bool) {
	group := GroupOf(event)
	if !h.Wants(group, MailChannel) {
		return false
	}
	if state, due := h.When(now.In(zoneOf(zone)), group); state != "now" {
		due = due.UTC()
		m.State, m.DueAt = state, &due
	}
	return true
}

// due sends what has waited long enough. It looks for everything overdue, so
// that a desk that was down sends it when it is back; each mail changes its
// state in the transaction that queues it, so that none goes twice.
func (s *Service) due(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("notify"))
	var failed []error
	for range 1000 {
		n, err := s.release(ctx)
		if err != nil {
			failed = append(failed, err)
		}
		if n == 0 {
			break
		}
	}
	for range 1000 {
		n, err := s.digest(ctx)
		if err != nil {
			failed = append(failed, err)
		}
		if n == 0 {
			break
		}
	}
	return errors.Join(failed...)
}

// release sends up to a hundred mails whose quiet hours are over.
func (s *Service) release(ctx context.Context) (n int, err error) {
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		list, err := s.repo.waiting(ctx, u.Tx, "waiting", uuid.Nil, u.Now, 100)
		if err != nil {
			return err
		}
		n = len(list)
		people, err := s.readers(ctx, list)
		if err != nil {
			return err
		}
		for _, m := range list {
			p := people[m.PersonID]
			may, secret, err := s.stillMay(ctx, p, m)
			if err != nil {
				return err
			}
			switch {
			case !may:
				s.repo.settle(&u.Batch, m.ID, "dropped", "", "", u.Now)
				continue
			case secret:
				t := s.desk.Messages.In(p.Lang)
				m.Subject = "[" + m.Number + "] " + t.T("notify.confidential")
				m.Body = s.letter(t, p, Text(t, m.Event, m.Audience, m.Number, "", m.ActorName), "", s.url(m.Kind, m.Number))
			}
			state := "held"
			if s.sender != nil {
				state = "queued"
				u.Enqueue(jobs.Job{Kind: jobSend, Payload: m.ID, Unique: m.ID.String(), Max: maxAttempts})
			}
			s.repo.settle(&u.Batch, m.ID, state, m.Subject, m.Body, u.Now)
		}
		return nil
	})
	return n, err
}

// digest makes one mail of everything that is collected and due for one person.
func (s *Service) digest(ctx context.Context) (n int, err error) {
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		person, err := s.repo.nextDigest(ctx, u.Tx, u.Now)
		if err != nil || person == uuid.Nil {
			return err
		}
		list, err := s.repo.waiting(ctx, u.Tx, "digest", person, u.Now, 200)
		if err != nil || len(list) == 0 {
			return err
		}
		n = len(list)
		people, err := s.readers(ctx, list)
		if err != nil {
			return err
		}
		p := people[person]
		t := s.desk.Messages.In(p.Lang)
		var lines []string
		for _, m := range list {
			may, secret, err := s.stillMay(ctx, p, m)
			if err != nil {
				return err
			}
			if !may {
				s.repo.settle(&u.Batch, m.ID, "dropped", "", "", u.Now)
				continue
			}
			title := m.Title
			if secret {
				title = ""
			}
			at := m.CreatedAt.In(zoneOf(p.TimeZone)).Format("01-02 15:04")
			lines = append(lines, at+"  "+Text(t, m.Event, m.Audience, m.Number, title, m.ActorName)+"\n             "+s.baseURL+s.url(m.Kind, m.Number))
			s.repo.settle(&u.Batch, m.ID, "merged", "", "", u.Now)
		}
		if len(lines) == 0 {
			return nil
		}
		body := t.T("notify.mail.hello", "name", p.Display(t.Lang)) + "\n\n" + t.T("notify.digest.lead", "count", len(lines)) + "\n\n" + strings.Join(lines, "\n\n") + "\n\n" + t.T("notify.digest.foot") + "\n" + s.baseURL + "/me/notifications\n"
		return s.post(ctx, u, Mail{PersonID: p.ID, Address: p.Email, Subject: t.T("notify.digest.subject", "count", len(lines)), Body: body}, "digest:"+list[0].ID.String())
	})
	return n, err
}

func (s *Service) readers(ctx context.Context, list []heldMail) (map[uuid.UUID]identity.Person, error) {
	var ids []uuid.UUID
	for _, m := range list {
		ids = append(ids, m.PersonID)
	}
	return identity.People(ctx, s.desk.DB, ids...)
}

// stillMay asks once more who may read what was held: in the meantime the
// person may have left, or the record become confidential.
func (s *Service) stillMay(ctx context.Context, p identity.Person, m heldMail) (may, secret bool, err error) {
	if !p.Active || p.Email == "" {
		return false, false, nil
	}
	if strings.HasPrefix(m.Number, "/") {
		return true, false, nil // no record: the event named them
	}
	entry, err := record.Get(ctx, s.desk.DB, m.RecordID)
	if fault.Is(err, fault.NotFound) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	_, may, err = s.concerns(ctx, p.ID, entry, event.Event{Name: m.Event})
	return may, entry.Confidential, err
}

// letter is the text of a mail about one event.
func (s *Service) letter(m *i18n.Messages, p identity.Person, line, excerpt, path string) string {
	body := m.T("notify.mail.hello", "name", p.Display(m.Lang)) + "\n\n" + line + "\n"
	if excerpt != "" {
		body += "\n> " + strings.ReplaceAll(excerpt, "\n", "\n> ") + "\n"
	}
	return body + "\n" + m.T("notify.mail.open") + "\n" + s.baseURL + path + "\n\n" + m.T("notify.mail.foot") + "\n"
}

// heldMail is a mail that waits, with the event it is about.
type heldMail struct {
	Mail
	Event     string      `db:"event"`
	Audience  string      `db:"audience"`
	Kind      record.Kind `db:"kind"`
	RecordID  uuid.UUID   `db:"record_id"`
	Number    string      `db:"number"`
	Title     string      `db:"title"`
	ActorName string      `db:"actor_name"`
}

// me reads the actor as a person.
func (s *Service) me(ctx context.Context) (identity.Person, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return identity.Person{}, err
	}
	p, err := identity.People(ctx, s.desk.DB, who.ID)
	return p[who.ID], err
}

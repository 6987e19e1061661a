package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// Line is one line of a person's inbox: what waits for them to do, or what they
// were told. Waiting lines vanish by themselves when the thing is done; told
// ones when the person says so.
type Line struct {
	Notification
	Waiting bool       `db:"waiting" json:"waiting"`
	Path    string     `db:"path" json:"-"`
	Detail  string     `db:"detail" json:"detail"`
	DueAt   *time.Time `db:"due_at" json:"due_at"`
	ShownAt time.Time  `db:"shown_at" json:"shown_at"` // later than now: snoozed until then
	DoneAt  *time.Time `db:"done_at" json:"done_at"`
}

// The parts of the inbox.
const (
	All     = "all" // what waits, then what was told and is not done
	Waiting = "waiting"
	Unread  = "unread"
	Snoozed = "snoozed"
	Done    = "done"
)

// Place is where a page of the inbox ends.
type Place struct {
	Waiting bool      `json:"w"`
	At      time.Time `json:"t"`
	ID      uuid.UUID `json:"i"`
}

// Lines reads a part of the actor's inbox: what waits first, each latest first.
func (s *Service) Lines(ctx context.Context, part string, after *Place, limit int) ([]Line, error) {
	who, err := s.desk.Permit(ctx, ActionInbox)
	if err != nil {
		return nil, err
	}
	now := s.desk.Now()
	var out []Line
	if part != Done && part != Unread && (after == nil || after.Waiting) {
		if out, err = s.repo.waits(ctx, s.desk.DB, who.ID, part == Snoozed, after, limit, now); err != nil || len(out) == limit {
			return out, err
		}
	}
	if part == Waiting {
		return out, nil
	}
	if after != nil && after.Waiting {
		after = nil
	}
	told, err := s.repo.told(ctx, s.desk.DB, who.ID, part, after, limit-len(out), now)
	return append(out, told...), err
}

// Unread counts what asks for the actor's attention, up to 100: all that waits,
// and what was told and not read. What is snoozed does not count.
func (s *Service) Unread(ctx context.Context, to *int) (db.Part, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return db.Part{}, err
	}
	return s.repo.attention(who.ID, s.desk.Now(), to), nil
}

// Finish says that the actor is done with a line that told them something, or,
// with back, that they are not after all. What waits for them is done by doing
// it.
func (s *Service) Finish(ctx context.Context, id uuid.UUID, back bool) error {
	who, err := s.desk.Permit(ctx, ActionInbox)
	if err != nil {
		return err
	}
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		n, err := s.repo.finish(ctx, tx, who.ID, id, back, s.desk.Now())
		if err != nil || n == 1 {
			return err
		}
		waits, err := s.repo.isWait(ctx, tx, who.ID, id)
		if err == nil && waits {
			return fault.New(fault.Conflict, "notify.error.waits")
		}
		if err == nil {
			err = fault.New(fault.NotFound, "error.not_found")
		}
		return err
	})
}

// SnoozeInput puts a line away until later: a word, or a date.
type SnoozeInput struct {
	Until string    `json:"until" validate:"required,oneof=later tomorrow week date"`
	Date  time.Time `json:"date" validate:"required_if=Until date"`
}

// Snooze puts a line of the actor's inbox away. It comes back by itself, as
// unread. A moment in the past brings it back now.
func (s *Service) Snooze(ctx context.Context, id uuid.UUID, in SnoozeInput) error {
	who, err := s.desk.Permit(ctx, ActionInbox)
	if err != nil {
		return err
	}
	until, err := until(in, s.desk.Now(), zone(who))
	if err != nil {
		return err
	}
	return s.snooze(ctx, who.ID, id, until)
}

// Wake brings a snoozed line back now.
func (s *Service) Wake(ctx context.Context, id uuid.UUID) error {
	who, err := s.desk.Permit(ctx, ActionInbox)
	if err != nil {
		return err
	}
	return s.snooze(ctx, who.ID, id, s.desk.Now())
}

func (s *Service) snooze(ctx context.Context, person, id uuid.UUID, until time.Time) error {
	return s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		n, err := record.Snooze(ctx, tx, person, id, until)
		if err == nil && n == 0 {
			n, err = s.repo.snooze(ctx, tx, person, id, until)
		}
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "error.not_found")
		}
		return err
	})
}

// maxSnooze is how far ahead a line can be put away.
const maxSnooze = 366 * 24 * time.Hour

// until is the moment that a choice means: mornings begin at nine, where the
// reader is.
func until(in SnoozeInput, now time.Time, loc *time.Location) (time.Time, error) {
	t := now.In(loc)
	nine := func(days int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day()+days, 9, 0, 0, 0, loc).UTC()
	}
	switch in.Until {
	case "later":
		return now.Add(3 * time.Hour), nil
	case "tomorrow":
		return nine(1), nil
	case "week":
		return nine((int(time.Monday-t.Weekday())+6)%7 + 1), nil
	case "date":
		y, m, d := in.Date.Date()
		at := time.Date(y, m, d, 9, 0, 0, 0, loc).UTC()
		if !at.After(now) || at.Sub(now) > maxSnooze {
			return at, fault.OnField("date", "notify.error.snooze_date")
		}
		return at, nil
	}
	return now, fault.OnField("until", "validation.oneof")
}

func zone(a identity.Actor) *time.Location {
	if loc, err := time.LoadLocation(a.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}

// Sentence says a line in the reader's language.
func (l Line) Sentence(m *i18n.Messages) string {
	if !l.Waiting {
		return Text(m, l.Event, l.Audience, l.Number, l.Title, l.ActorName)
	}
	title := l.Title
	if title == "" {
		title = m.T("notify.confidential")
	}
	return m.T(l.Event+".wait", "number", l.Number, "title", title, "detail", l.Detail)
}

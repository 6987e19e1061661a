package sla

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
)

// Flip is an open clock that a change would move.
type Flip struct {
	Number string      `json:"number"`
	Title  string      `json:"title"`
	Kind   record.Kind `json:"kind"`
	URL    string      `json:"-"`
	Metric Metric      `json:"metric"`
	Before *time.Time  `json:"due_before"`
	After  *time.Time  `json:"due_after"`
	// Late is "becomes", "no_longer" or "": whether the clock changes sides.
	Late string `json:"late"`
}

// Preview is what a change would do to the open clocks of a calendar.
type Preview struct {
	Flips   []Flip `json:"flips"`   // those that change sides first, at most previewShown
	Looked  int    `json:"looked"`  // clocks that were counted
	Moved   int    `json:"moved"`   // whose due instant would be another
	Late    int    `json:"late"`    // that would be late and are not
	Saved   int    `json:"saved"`   // that are late and would not be
	Bounded bool   `json:"bounded"` // there are more than were counted
}

// Bounds of a preview: it is answered while somebody waits.
const (
	previewLooked = 5000
	previewShown  = 100
)

// PreviewCalendar says what an edit of a calendar would do to the open records
// that the actor may see, and changes nothing.
func (s *Service) PreviewCalendar(ctx context.Context, id uuid.UUID, in CalendarInput) (Preview, error) {
	var p Preview
	if _, err := s.desk.Permit(ctx, ActionCalendar); err != nil {
		return p, err
	}
	if err := validate.Struct(in); err != nil {
		return p, err
	}
	c, err := s.repo.calendar(ctx, s.desk.DB, id)
	if err != nil {
		return p, err
	}
	r := c.Last()
	if err := in.apply(&r); err != nil {
		return p, err
	}
	c.put(r, since(in.Since, s.desk.Now()))
	return s.preview(ctx, c)
}

// PreviewDay is PreviewCalendar for one special day, PreviewImport for those of
// a file.
func (s *Service) PreviewDay(ctx context.Context, id uuid.UUID, in DayInput) (Preview, error) {
	if err := validate.Struct(in); err != nil {
		return Preview{}, err
	}
	h, err := ParseHours(in.Hours)
	if err != nil {
		return Preview{}, fault.OnField("hours", "sla.error.hours")
	}
	return s.previewDays(ctx, id, in.change(h), in.Since)
}

// PreviewImport says what the days of a file would do.
func (s *Service) PreviewImport(ctx context.Context, id uuid.UUID, in ImportInput) (Preview, error) {
	if err := validate.Struct(in); err != nil {
		return Preview{}, err
	}
	change, err := in.change()
	if err != nil {
		return Preview{}, err
	}
	return s.previewDays(ctx, id, change, in.Since)
}

func (s *Service) previewDays(ctx context.Context, id uuid.UUID, change map[string]*Special, word string) (Preview, error) {
	if _, err := s.desk.Permit(ctx, ActionCalendar); err != nil {
		return Preview{}, err
	}
	c, err := s.repo.calendar(ctx, s.desk.DB, id)
	if err != nil {
		return Preview{}, err
	}
	if _, err := c.changeDays(change, word, s.desk.Now()); err != nil {
		return Preview{}, err
	}
	return s.preview(ctx, c)
}

// preview counts the open clocks of a calendar by the book as it is and as it
// would be.
func (s *Service) preview(ctx context.Context, changed CalendarRecord) (Preview, error) {
	var p Preview
	n, err := s.repo.revision(ctx, s.desk.DB)
	if err != nil {
		return p, err
	}
	now, err := s.bookAt(ctx, s.desk.DB, n)
	if err != nil {
		return p, err
	}
	then, err := s.read(ctx, s.desk.DB, n)
	if err != nil {
		return p, err
	}
	then.put(changed)
	v, err := s.desk.VisibilityAcross(ctx)
	if err != nil {
		return p, err
	}
	open, err := s.repo.openLives(ctx, s.desk.DB, v, changed.ID, previewLooked+1)
	if err != nil {
		return p, err
	}
	if p.Bounded = len(open) > previewLooked; p.Bounded {
		open = open[:previewLooked]
	}
	t := s.tally(s.desk.Now())
	for _, l := range open {
		t.compare(l, now.Rule, then.Rule, l.Events, func(c Clock) bool { return c.Rule.CalendarID == changed.ID })
	}
	return t.preview(p.Bounded), nil
}

// tally gathers what a change would do to clocks at an instant.
type tally struct {
	at           time.Time
	url          func(record.Kind, string) string
	p            Preview
	sides, moved []Flip
}

func (s *Service) tally(at time.Time) tally { return tally{at: at, url: s.desk.Kinds.URL} }

// compare counts the open clocks of a record by what it lived through and the
// rules of today, and by another life and other rules. only, if not nil, says
// which of its clocks matter.
func (t *tally) compare(l life, now, then Lookup, events []Event, only func(Clock) bool) {
	for _, m := range Metrics {
		a, aok := Compute(m, l.Events, now, nil)
		b, bok := Compute(m, events, then, nil)
		if !aok || !bok || a.Ended != nil || only != nil && !only(a) {
			continue
		}
		t.p.Looked++
		f := Flip{Number: l.Number, Title: l.Title, Kind: l.Kind, URL: t.url(l.Kind, l.Number), Metric: m, Before: a.Due, After: b.Due}
		switch was, is := late(a, t.at), late(b, t.at); {
		case is && !was:
			f.Late = "becomes"
			t.p.Late++
		case was && !is:
			f.Late = "no_longer"
			t.p.Saved++
		}
		if f.Late != "" {
			t.sides = append(t.sides, f)
		}
		if f.Late != "" || !sameInstant(a.Due, b.Due) {
			t.p.Moved++
			if f.Late == "" && len(t.moved) < previewShown {
				t.moved = append(t.moved, f)
			}
		}
	}
}

// preview is what was gathered, those that change sides first.
func (t *tally) preview(bounded bool) Preview {
	p := t.p
	p.Bounded = bounded
	p.Flips = append(t.sides, t.moved...)
	p.Flips = p.Flips[:min(len(p.Flips), previewShown)]
	return p
}

// late reports whether a clock has used its target up. What would be late from
// this very instant on, because a change leaves it less than it used, is late.
func late(c Clock, now time.Time) bool { return c.Due != nil && !c.Due.After(now) }

func sameInstant(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}

// life is a record with its history of time.
type life struct {
	Number string
	Title  string
	Kind   record.Kind
	Events []Event
}

// openLives reads the open records with clocks on a calendar, the longest
// running first.
func (repository) openLives(ctx context.Context, q db.Querier, v record.Visibility, calendar uuid.UUID, limit int) ([]life, error) {
	rows, _ := q.Query(ctx, v.SQL(`WITH due AS (SELECT r.id, r.number, r.title, r.kind FROM records r
			WHERE r.id IN (SELECT k.record_id FROM sla_clocks k WHERE k.calendar_id = @calendar AND k.state IN ('running', 'paused')) AND `,
		` ORDER BY r.created_at, r.id LIMIT @limit)
		SELECT due.number, due.title, due.kind, e.n, e.at, e.kind, e.terms_id, e.team_terms_id, e.team_id, e.priority, e.reason, e.pauses, e.since
		FROM due JOIN sla_events e ON e.record_id = due.id ORDER BY due.number, e.n`), v.With(db.Args{"calendar": calendar, "limit": limit}))
	var out []life
	var l life
	var e Event
	_, err := pgx.ForEachRow(rows, []any{&l.Number, &l.Title, &l.Kind, &e.N, &e.At, &e.Kind, &e.TermsID, &e.TeamTermsID, &e.TeamID, &e.Priority, &e.Reason, &e.Pauses, &e.Since}, func() error {
		if n := len(out); n == 0 || out[n-1].Number != l.Number {
			out = append(out, life{l.Number, l.Title, l.Kind, nil})
		}
		last := &out[len(out)-1]
		last.Events = append(last.Events, e)
		return nil
	})
	return out, db.Map(err)
}

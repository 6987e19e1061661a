package sla

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// Calendars lists the calendars.
func (s *Service) Calendars(ctx context.Context) ([]CalendarRecord, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, err
	}
	return s.repo.calendars(ctx, s.desk.DB)
}

// Calendar reads one calendar.
func (s *Service) Calendar(ctx context.Context, id uuid.UUID) (CalendarRecord, error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return CalendarRecord{}, err
	}
	return s.repo.calendar(ctx, s.desk.DB, id)
}

// CalendarInput makes a calendar or changes its hours. Since says from when a
// change holds: "now" leaves what was counted before as it is, "always" counts
// the past anew.
type CalendarInput struct {
	Version  int    `json:"version"`
	NameZh   string `json:"name_zh" validate:"required,notblank,line,max=100"`
	NameEn   string `json:"name_en" validate:"required,notblank,line,max=100"`
	Zone     string `json:"zone" validate:"required,line,max=60"`
	Mon      string `json:"mon" validate:"max=200"`
	Tue      string `json:"tue" validate:"max=200"`
	Wed      string `json:"wed" validate:"max=200"`
	Thu      string `json:"thu" validate:"max=200"`
	Fri      string `json:"fri" validate:"max=200"`
	Sat      string `json:"sat" validate:"max=200"`
	Sun      string `json:"sun" validate:"max=200"`
	Holidays bool   `json:"holidays"` // of a new calendar: begin with China's
	Default  bool   `json:"default"`
	Active   bool   `json:"active"`
	Since    string `json:"since" validate:"omitempty,oneof=now always"`
}

// weekdays are the form's names of the weekdays, Sunday first.
var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (in CalendarInput) hours() [7]string {
	return [7]string{in.Sun, in.Mon, in.Tue, in.Wed, in.Thu, in.Fri, in.Sat}
}

// apply reads the hours and the zone into rules; what cannot be read is named
// by its field.
func (in CalendarInput) apply(r *Rules) error {
	f := fault.New(fault.Invalid, "error.invalid")
	if _, err := time.LoadLocation(in.Zone); err != nil || in.Zone == "Local" || strings.TrimSpace(in.Zone) == "" {
		f.Fields = append(f.Fields, fault.Field{Name: "zone", Code: "sla.error.zone"})
	}
	r.Zone = in.Zone
	any := false
	for d, text := range in.hours() {
		h, err := ParseHours(text)
		if err != nil {
			f.Fields = append(f.Fields, fault.Field{Name: weekdays[d], Code: "sla.error.hours"})
		}
		r.Week[d] = h
		any = any || len(h) > 0
	}
	if !any && len(f.Fields) == 0 {
		f.Fields = append(f.Fields, fault.Field{Name: "mon", Code: "sla.error.no_hours"})
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// CreateCalendar makes a calendar.
func (s *Service) CreateCalendar(ctx context.Context, in CalendarInput) (CalendarRecord, error) {
	return work.Create(ctx, s.desk, calendarStore{}, ActionCalendar, in, func(u *work.Unit) (CalendarRecord, error) {
		r := Rules{Days: map[string]Special{}}
		if err := in.apply(&r); err != nil {
			return CalendarRecord{}, err
		}
		if in.Holidays {
			days, err := SeedDays()
			if err != nil {
				return CalendarRecord{}, err
			}
			r.Days = days
		}
		u.Note("hours", nil, summary(r))
		return CalendarRecord{ID: u.ID(), Version: 1, NameZh: in.NameZh, NameEn: in.NameEn, Timeline: []Rules{r}, Default: in.Default, Active: true, CreatedAt: u.Now, UpdatedAt: u.Now}, nil
	})
}

// EditCalendar changes names and hours.
func (s *Service) EditCalendar(ctx context.Context, id uuid.UUID, in CalendarInput) (CalendarRecord, error) {
	return s.update(ctx, id, in.Version, in, func(u *work.Unit, c *CalendarRecord) error {
		r := c.Last()
		was := summary(r)
		if err := in.apply(&r); err != nil {
			return err
		}
		if c.Default && !in.Default {
			return fault.OnField("default", "sla.error.one_default")
		}
		if in.Default && !in.Active {
			return fault.OnField("active", "sla.error.default_active")
		}
		c.NameZh, c.NameEn, c.Default, c.Active = in.NameZh, in.NameEn, in.Default, in.Active
		if now := summary(r); now != was {
			c.put(r, since(in.Since, u.Now))
			recountLater(u, c.ID)
			u.Note("hours", was, now)
			u.Note("since", nil, in.Since)
		}
		return nil
	})
}

func (s *Service) update(ctx context.Context, id uuid.UUID, version int, in any, change func(*work.Unit, *CalendarRecord) error) (CalendarRecord, error) {
	return work.Update(ctx, s.desk, calendarStore{}, ActionCalendar, id, version, in, change)
}

// since is the instant from which a change holds; zero is also for the past.
func since(word string, now time.Time) time.Time {
	if word == "always" {
		return time.Time{}
	}
	return now
}

// summary is the hours of rules in a line, for the trail.
func summary(r Rules) string {
	var parts []string
	for i := range 7 {
		d := (i + 1) % 7
		if h := r.Week[d].String(); h != "" {
			parts = append(parts, weekdays[d]+" "+h)
		}
	}
	return r.Zone + ": " + strings.Join(parts, "; ")
}

// DayInput changes one special day, or takes it out.
type DayInput struct {
	Version int    `json:"version"`
	Date    string `json:"date" validate:"required,datetime=2006-01-02"`
	Kind    string `json:"kind" validate:"required,oneof=off work plain"`
	Hours   string `json:"hours" validate:"max=200"`
	Name    string `json:"name" validate:"omitempty,line,max=100"`
	Since   string `json:"since" validate:"omitempty,oneof=now always"`
}

// SetDay makes a date a day off, a working day, or an ordinary day again.
func (s *Service) SetDay(ctx context.Context, id uuid.UUID, in DayInput) (CalendarRecord, error) {
	return s.update(ctx, id, in.Version, in, func(u *work.Unit, c *CalendarRecord) error {
		h, err := ParseHours(in.Hours)
		if err != nil {
			return fault.OnField("hours", "sla.error.hours")
		}
		return c.setDays(u, in.change(h), in.Since)
	})
}

// ImportInput brings the special days of a file: a year of holiday-cn, or an
// iCalendar file. Days of the calendar that the file does not name stay.
type ImportInput struct {
	Version int    `json:"version"`
	Text    string `json:"text" validate:"required,notblank,max=500000"`
	Since   string `json:"since" validate:"omitempty,oneof=now always"`
}

// ImportDays takes the special days of a file over.
func (s *Service) ImportDays(ctx context.Context, id uuid.UUID, in ImportInput) (CalendarRecord, error) {
	return s.update(ctx, id, in.Version, in, func(u *work.Unit, c *CalendarRecord) error {
		change, err := in.change()
		if err != nil {
			return err
		}
		return c.setDays(u, change, in.Since)
	})
}

// change is the day as it would be.
func (in DayInput) change(h Hours) map[string]*Special {
	if in.Kind == "plain" {
		return map[string]*Special{in.Date: nil}
	}
	sp := &Special{Off: in.Kind == "off", Name: in.Name, Source: "manual"}
	if !sp.Off && len(h) > 0 {
		sp.Hours = h
	}
	return map[string]*Special{in.Date: sp}
}

// change is the days that the file names.
func (in ImportInput) change() (map[string]*Special, error) {
	days, err := ParseDays([]byte(in.Text))
	if err != nil {
		return nil, fault.OnField("text", "sla.error.holiday_file")
	}
	if len(days) == 0 {
		return nil, fault.OnField("text", "sla.error.holiday_empty")
	}
	out := map[string]*Special{}
	for d, sp := range days {
		out[d] = &sp
	}
	return out, nil
}

// setDays changes special days; nil takes one out. A change that touches
// coming days only needs no new entry in the timeline: it changes nothing that
// was counted.
func (c *CalendarRecord) setDays(u *work.Unit, change map[string]*Special, word string) error {
	said, err := c.changeDays(change, word, u.Now)
	if err != nil || len(said) == 0 {
		return err
	}
	recountLater(u, c.ID)
	u.Note("days", nil, said)
	u.Note("since", nil, word)
	return nil
}

// changeDays is setDays without its traces; it returns what changed.
func (c *CalendarRecord) changeDays(change map[string]*Special, word string, now time.Time) ([]string, error) {
	r := c.Last()
	r.Days = maps.Clone(r.Days)
	if r.Days == nil {
		r.Days = map[string]Special{}
	}
	today := now.In(r.Location()).Format(time.DateOnly)
	past := false
	var said []string
	for _, d := range slices.Sorted(maps.Keys(change)) {
		was, had := r.Days[d]
		sp := change[d]
		if sp == nil && !had || sp != nil && had && was.Off == sp.Off && was.Name == sp.Name && was.Hours.String() == sp.Hours.String() {
			continue
		}
		past = past || d <= today
		if sp == nil {
			delete(r.Days, d)
		} else {
			r.Days[d] = *sp
		}
		said = append(said, said1(d, sp))
	}
	if len(said) == 0 {
		return nil, nil
	}
	if len(r.Days) > maxImport {
		return nil, fault.OnField("text", "sla.error.too_many_days", strconv.Itoa(maxImport))
	}
	from := since(word, now)
	if !past {
		from = time.Time{}
	}
	c.put(r, from)
	return said, nil
}

func said1(date string, sp *Special) string {
	switch {
	case sp == nil:
		return date + " plain"
	case sp.Off:
		return date + " off " + sp.Name
	}
	return date + " work " + sp.Hours.String() + " " + sp.Name
}

package incident

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// AnnounceInput tells staff of a fault that concerns many.
type AnnounceInput struct {
	Version int `json:"version"`
	AnnounceFields
}

// Announce puts a banner before everybody whom the incident concerns, or
// changes it. A confidential incident is never announced.
func (s *Service) Announce(ctx context.Context, id uuid.UUID, in AnnounceInput) (Incident, error) {
	return s.update(ctx, ActionAnnounce, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		return s.announceIn(ctx, u, *i, in.AnnounceFields)
	})
}

func (s *Service) announceIn(ctx context.Context, u *work.Unit, i Incident, f AnnounceFields) error {
	if err := announceable(i); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	old, err := s.repo.announcement(ctx, u.Tx, i.ID)
	if err != nil {
		return err
	}
	a := Announcement{
		ID: work.NewID(), IncidentID: i.ID, TitleZh: strings.TrimSpace(f.TitleZh), TitleEn: strings.TrimSpace(f.TitleEn), TextZh: strings.TrimSpace(f.TextZh), TextEn: strings.TrimSpace(f.TextEn),
		Everybody: f.Audience != "some", ExpectedAt: f.ExpectedAt,
	}
	if !a.Everybody {
		a.Departments, a.Services = f.Departments, f.Services
	}
	s.repo.saveAnnouncement(&u.Batch, a, u.By(), u.Now)
	u.Note("announcement", nil, said(i18n.Chinese, a.TitleZh, a.TitleEn))
	s.changedNotices()
	if old != nil && old.Open() && old.TextZh == a.TextZh && old.TextEn == a.TextEn {
		if a.Everybody {
			return nil
		}
		return s.tellMore(ctx, u, i) // nothing new for those who know; other readers may not
	}
	return s.say(u, i, Line{Kind: "announced", TextZh: a.TextZh, TextEn: a.TextEn, Public: true}, "incident.announced")
}

// tellMore sends what was said last to those whom an announcement is addressed to
// now and who have not heard it; nobody hears a line twice.
func (s *Service) tellMore(ctx context.Context, u *work.Unit, i Incident) error {
	l, err := s.repo.lastSaid(ctx, u.Tx, i.ID)
	if err != nil || l == nil {
		return err
	}
	name := "incident.major_updated"
	if l.Kind == "announced" {
		name = "incident.announced"
	}
	u.Enqueue(jobs.Job{Kind: JobTell, Payload: telling{Incident: i.ID, Line: l.ID, Name: name}})
	return nil
}

func announceable(i Incident) error {
	if i.Confidential {
		return fault.New(fault.Conflict, "incident.error.announce_confidential")
	}
	if !i.State.Open() {
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	}
	return nil
}

// say adds a line to the chronicle. A public one is sent to all whom the
// incident is known to concern, by a job of its own.
func (s *Service) say(u *work.Unit, i Incident, l Line, name string) error {
	by, who := u.Author()
	l.ID, l.AuthorID, l.AuthorName = work.NewID(), by, who
	if l.At.IsZero() {
		l.At = u.Now
	}
	s.repo.addLine(&u.Batch, i.ID, l, u.Now)
	if l.Public && name != "" && !i.Confidential {
		u.Enqueue(jobs.Job{Kind: JobTell, Payload: telling{Incident: i.ID, Line: l.ID, Name: name}})
	}
	return nil
}

// UpdateInput is what those whom an incident concerns are told next.
type UpdateInput struct {
	Version    int        `json:"version"`
	TextZh     string     `json:"text_zh" validate:"omitempty,text,max=2000"`
	TextEn     string     `json:"text_en" validate:"omitempty,text,max=2000"`
	ExpectedAt *time.Time `json:"expected_at"`
}

// PostUpdate tells everybody whom an announced incident concerns how it stands;
// the banner says the same.
func (s *Service) PostUpdate(ctx context.Context, id uuid.UUID, in UpdateInput) (Incident, error) {
	return s.update(ctx, ActionUpdate, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		zh, en := strings.TrimSpace(in.TextZh), strings.TrimSpace(in.TextEn)
		if zh+en == "" {
			return fault.OnField("text_zh", "incident.error.announce_text")
		}
		a, err := s.repo.announcement(ctx, u.Tx, i.ID)
		if err != nil {
			return err
		}
		if a == nil || !a.Open() {
			return fault.New(fault.Conflict, "incident.error.not_announced")
		}
		if err := s.majorUpdated(ctx, u, *i); err != nil {
			return err
		}
		s.repo.reword(&u.Batch, i.ID, zh, en, in.ExpectedAt, u.Now)
		s.changedNotices()
		u.Note("update", nil, said(i18n.Chinese, zh, en))
		return s.say(u, *i, Line{Kind: "update", TextZh: zh, TextEn: en, Public: true}, "incident.major_updated")
	})
}

// Withdraw ends an announcement: the banner goes.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, in StepInput) (Incident, error) {
	return s.update(ctx, ActionWithdraw, id, in.Version, in, func(u *work.Unit, i *Incident) error {
		a, err := s.repo.announcement(ctx, u.Tx, i.ID)
		if err != nil || a == nil || !a.Open() {
			return err
		}
		s.repo.withdraw(&u.Batch, i.ID, u.Now)
		s.changedNotices()
		u.Note("announcement", said(i18n.Chinese, a.TitleZh, a.TitleEn), nil)
		return s.say(u, *i, Line{Kind: "withdrawn"}, "")
	})
}

// majorUpdated sets the clock of the next update of a major incident.
func (s *Service) majorUpdated(ctx context.Context, u *work.Unit, i Incident) error {
	if i.Major != Declared {
		return nil
	}
	m, err := s.repo.major(ctx, u.Tx, i.ID)
	if err != nil || m == nil {
		return err
	}
	m.updated(u.Now)
	s.repo.saveMajor(&u.Batch, *m, u.Now)
	return nil
}

// solved tells those who were told of an incident that it is over, and takes
// the banner down.
func (s *Service) solved(ctx context.Context, u *work.Unit, i Incident) error {
	a, err := s.repo.announcement(ctx, u.Tx, i.ID)
	if err != nil || a == nil || !a.Open() {
		return err
	}
	s.changedNotices()
	if i.State != Resolved {
		s.repo.withdraw(&u.Batch, i.ID, u.Now)
		return s.say(u, i, Line{Kind: "withdrawn"}, "")
	}
	if i.Major != Declared { // whose end takes the banner down
		s.repo.withdraw(&u.Batch, i.ID, u.Now)
	}
	return s.say(u, i, Line{Kind: "resolved", Public: true}, "incident.major_resolved")
}

// JobTell tells the people whom an incident concerns of a line of its
// chronicle.
const JobTell = "incident.tell"

// telling is what JobTell is about. Also names people beside those whom the
// incident concerns.
type telling struct {
	Incident uuid.UUID   `json:"incident"`
	Line     uuid.UUID   `json:"line"`
	Name     string      `json:"name"`
	Also     []uuid.UUID `json:"also,omitempty"`
	Path     string      `json:"path,omitempty"` // of the page, where it is another
	Only     bool        `json:"only,omitempty"`
}

// tell goes through the people in the order of their ids, some hundred at a
// time. All messages of a line are one group: run again, nobody hears twice.
func (s *Service) tell(ctx context.Context, payload json.RawMessage, _ jobs.Run) error {
	var t telling
	if err := json.Unmarshal(payload, &t); err != nil {
		return jobs.Cancel(err)
	}
	ctx = identity.With(ctx, identity.NewSystem("majors"))
	l, err := s.repo.line(ctx, s.desk.DB, t.Line)
	if err != nil {
		return err
	}
	i, err := s.repo.get(ctx, s.desk.DB, t.Incident)
	if err != nil || i.Confidential { // what became confidential is not spread
		return err
	}
	a, err := s.repo.announcement(ctx, s.desk.DB, i.ID)
	if err != nil {
		return err
	}
	about := event.Subject{Title: i.Title, Path: or(t.Path, "/announcements/"+i.Label()), In: map[string]event.Said{}}
	for _, lang := range i18n.Languages {
		said := event.Said{Title: i.Title, Text: l.Text(lang)}
		if a != nil {
			said.Title = a.Title(lang)
		}
		about.In[lang] = said
	}
	if len(t.Also) > 0 {
		if err := s.tellSome(ctx, t, i, about, t.Also); err != nil || t.Only {
			return err
		}
	}
	var after uuid.UUID
	for {
		to, err := s.repo.toTell(ctx, s.desk.DB, a.audience(i.ID), after, 200, s.desk.Now())
		if err != nil || len(to) == 0 {
			return err
		}
		if err := s.tellSome(ctx, t, i, about, to); err != nil {
			return err
		}
		after = to[len(to)-1]
	}
}

func (s *Service) tellSome(ctx context.Context, t telling, i Incident, about event.Subject, to []uuid.UUID) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		u.Group = t.Line
		u.Announce(t.Name, about, to...)
		return u.Record(ctx, ActionTell, record.Ref{Kind: KindAnnouncement, ID: i.ID}, trail.Diff{"told": {nil, len(to)}, "number": {nil, i.Label()}})
	})
}

// reachLimit is up to how many people a form counts.
const reachLimit = 1000

// Reach counts who gets a message when something is said of an incident, up to
// reachLimit and one.
func (s *Service) Reach(ctx context.Context, id uuid.UUID, a *Announcement) (int, error) {
	return s.repo.countToTell(ctx, s.desk.DB, a.audience(id), reachLimit+1, s.desk.Now())
}

// noticesFor is how long what is announced may be old on a page.
const noticesFor = 5 * time.Second

// notices remembers the open announcements for the pages of all people.
type notices struct {
	mu   sync.Mutex
	at   time.Time
	list []Announcement
}

// changedNotices makes the next page look again.
func (s *Service) changedNotices() {
	s.noticed.mu.Lock()
	defer s.noticed.mu.Unlock()
	s.noticed.at = time.Time{}
}

func (s *Service) openNotices(ctx context.Context) ([]Announcement, error) {
	now := s.desk.Now()
	s.noticed.mu.Lock()
	list, at := s.noticed.list, s.noticed.at
	s.noticed.mu.Unlock()
	if d := now.Sub(at); !at.IsZero() && d >= 0 && d < noticesFor {
		return list, nil
	}
	list, err := s.repo.openAnnouncements(ctx, s.desk.DB)
	if err != nil {
		return nil, err
	}
	s.noticed.mu.Lock()
	defer s.noticed.mu.Unlock()
	s.noticed.list, s.noticed.at = list, now
	return list, nil
}

// usedWithin is how long ago somebody may have reported on a service to be
// concerned by it.
const usedWithin = 180 * 24 * time.Hour

// Announcements lists what is announced to the actor now, the newest first.
func (s *Service) Announcements(ctx context.Context) ([]Announcement, error) {
	parts, list, err := s.Announcing(ctx)
	if err == nil {
		err = db.Ask(ctx, s.desk.DB, parts...)
	}
	if err != nil {
		return nil, err
	}
	return list(ctx)
}

// Announcing is Announcements in two steps: what to ask, if anything, and what
// follows once it is answered. Every page asks it, together with other things.
func (s *Service) Announcing(ctx context.Context) ([]db.Part, func(context.Context) ([]Announcement, error), error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.openNotices(ctx)
	if err != nil || len(list) == 0 {
		return nil, func(context.Context) ([]Announcement, error) { return nil, nil }, err
	}
	var mine []uuid.UUID
	return []db.Part{s.repo.affectedOn(who.ID, incidentsOf(list), &mine)}, func(ctx context.Context) ([]Announcement, error) {
		concern, err := s.addressed(ctx, who, list...)
		if err != nil {
			return nil, err
		}
		var out []Announcement
		for _, a := range list {
			if a.Mine = slices.Contains(mine, a.IncidentID); a.Mine || concern[a.IncidentID] {
				out = append(out, a)
			}
		}
		return out, nil
	}, nil
}

func incidentsOf(list []Announcement) []uuid.UUID {
	ids := make([]uuid.UUID, len(list))
	for n, a := range list {
		ids[n] = a.IncidentID
	}
	return ids
}

// addressed tells which of some incidents' announcements concern a person.
// Departments come from memory, and services are asked for only where nothing
// else decides.
func (s *Service) addressed(ctx context.Context, who identity.Actor, list ...Announcement) (map[uuid.UUID]bool, error) {
	concern := map[uuid.UUID]bool{}
	above, err := identity.DepartmentsAbove(ctx, s.desk.DB, who.Department)
	if err != nil {
		return nil, err
	}
	var services []uuid.UUID
	for _, a := range list {
		if concern[a.IncidentID] = a.Everybody || slices.ContainsFunc(a.Departments, func(d uuid.UUID) bool { return slices.Contains(above, d) }); !concern[a.IncidentID] {
			services = append(services, a.Services...)
		}
	}
	if len(services) == 0 {
		return concern, nil
	}
	used, err := s.repo.servicesUsed(ctx, s.desk.DB, who.ID, services, s.desk.Now().Add(-usedWithin))
	for _, a := range list {
		concern[a.IncidentID] = concern[a.IncidentID] || slices.ContainsFunc(a.Services, func(id uuid.UUID) bool { return used[id] })
	}
	return concern, err
}

// Announced is one announcement with what was said publicly, newest first. It
// exists for those whom it concerns, who said "me too", or who see the
// incident.
func (s *Service) Announced(ctx context.Context, id uuid.UUID) (Announcement, []Line, error) {
	none := fault.New(fault.NotFound, "error.not_found")
	who, err := identity.From(ctx)
	if err != nil {
		return Announcement{}, nil, err
	}
	a, err := s.repo.announcement(ctx, s.desk.DB, id)
	if err != nil {
		return Announcement{}, nil, err
	}
	if a == nil {
		return Announcement{}, nil, none
	}
	var mine []uuid.UUID
	if err := db.Ask(ctx, s.desk.DB, s.repo.affectedOn(who.ID, []uuid.UUID{id}, &mine)); err != nil {
		return *a, nil, err
	}
	concern, err := s.addressed(ctx, who, *a)
	if err != nil {
		return *a, nil, err
	}
	if a.Mine = len(mine) > 0; !a.Mine && !concern[id] {
		v, _, err := s.desk.Visibility(ctx, Kind)
		if err != nil {
			return *a, nil, err
		}
		if _, err := record.Find(ctx, s.desk.DB, v, id); err != nil {
			return Announcement{}, nil, err
		}
	}
	lines, err := s.repo.chronicle(ctx, s.desk.DB, id, true)
	return *a, lines, err
}

// MeTooInput says that a fault concerns the actor too, with words of their own
// if they like.
type MeTooInput struct {
	Note string `json:"note" validate:"omitempty,text,max=500"`
}

// MeToo notes that an announced fault concerns the actor (capabilities 12): once
// per person, however often it is said. From then on they are told how it goes
// on.
func (s *Service) MeToo(ctx context.Context, id uuid.UUID, in MeTooInput) (Announcement, error) {
	return s.meToo(ctx, id, in, func(u *work.Unit, a Announcement) (bool, error) {
		if !a.Open() || !a.State.Open() {
			return false, fault.New(fault.Conflict, "incident.error.announcement_over")
		}
		return s.repo.mark(ctx, u.Tx, id, u.Actor.ID, strings.TrimSpace(in.Note), u.Now)
	})
}

// NotMe takes "me too" back.
func (s *Service) NotMe(ctx context.Context, id uuid.UUID) (Announcement, error) {
	return s.meToo(ctx, id, struct{}{}, func(u *work.Unit, _ Announcement) (bool, error) {
		return s.repo.unmark(ctx, u.Tx, id, u.Actor.ID)
	})
}

func (s *Service) meToo(ctx context.Context, id uuid.UUID, in any, change func(*work.Unit, Announcement) (bool, error)) (Announcement, error) {
	if _, err := s.desk.Permit(ctx, ActionMeToo); err != nil {
		return Announcement{}, err
	}
	a, _, err := s.Announced(ctx, id)
	if err != nil {
		return a, err
	}
	if err := validate.Struct(in); err != nil {
		return a, err
	}
	was := a.Mine
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		changed, err := change(u, a)
		if err != nil || !changed {
			return err
		}
		s.changedNotices()
		return u.Record(ctx, ActionMeToo, record.Ref{Kind: KindAnnouncement, ID: a.ID}, trail.Diff{"me_too": {was, !was}, "number": {nil, a.Number}})
	})
	if err != nil {
		return a, err
	}
	a, _, err = s.Announced(ctx, id)
	return a, err
}

// announcedOf finds what is announced of an incident: of itself for the desk,
// and for requesters also of the one that their report belongs to.
func (s *Service) announcedOf(ctx context.Context, d *Detail) error {
	list, err := s.openNotices(ctx)
	if err != nil {
		return err
	}
	for n, a := range list {
		if a.IncidentID == d.ID || !d.Agent && d.ParentID != nil && *d.ParentID == a.IncidentID {
			d.Announced = &list[n]
		}
	}
	if d.Announced == nil || !d.Agent {
		return nil
	}
	d.Voices, err = s.repo.voices(ctx, s.desk.DB, d.ID)
	return err
}

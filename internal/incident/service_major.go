package incident

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// manage is the shape of every act on a major incident: the incident's row is
// locked, and with it how it is managed.
func (s *Service) manage(ctx context.Context, act authz.Action, id uuid.UUID, version int, in any, change func(*work.Unit, *Incident, *Major) error) (Incident, error) {
	return s.update(ctx, act, id, version, in, func(u *work.Unit, i *Incident) error {
		m, err := s.repo.major(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		if m == nil {
			set, err := s.repo.majorSettings(ctx, u.Tx)
			if err != nil {
				return err
			}
			m = &Major{IncidentID: id, Cadence: set.Cadence}
		}
		if err := change(u, i, m); err != nil {
			return err
		}
		s.repo.saveMajor(&u.Batch, *m, u.Now)
		return nil
	})
}

// ReasonInput is an act that needs a reason.
type ReasonInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=2000"`
}

// Propose says that an incident should be managed as a major one. Any engineer
// may; the leads decide.
func (s *Service) Propose(ctx context.Context, id uuid.UUID, in ReasonInput) (Incident, error) {
	return s.manage(ctx, ActionPropose, id, in.Version, in, func(u *work.Unit, i *Incident, m *Major) error {
		if err := m.propose(i, u.By(), in.Reason, u.Now); err != nil {
			return err
		}
		leads, err := s.repo.leads(ctx, u.Tx, i.TeamID, u.Now)
		if err != nil {
			return err
		}
		u.Tell("incident.major_proposed", uuid.Nil, leads...)
		return s.say(u, *i, Line{Kind: "proposed", TextZh: in.Reason}, "")
	})
}

// Decline answers a proposal with no, and says why.
func (s *Service) Decline(ctx context.Context, id uuid.UUID, in ReasonInput) (Incident, error) {
	return s.manage(ctx, ActionDecline, id, in.Version, in, func(u *work.Unit, i *Incident, m *Major) error {
		n, err := s.repo.concerned(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		if err := m.decline(i, u.By(), in.Reason, n, u.Now); err != nil {
			return err
		}
		u.Tell("incident.major_declined", uuid.Nil, people(m.ProposedBy)...)
		return s.say(u, *i, Line{Kind: "declined", TextZh: in.Reason}, "")
	})
}

// RoleFields are who manages a major incident, who speaks for it, and who leads
// the repair.
type RoleFields struct {
	ManagerID      *uuid.UUID `json:"manager_id"`
	CommunicatorID *uuid.UUID `json:"communicator_id"`
	TechnicalID    *uuid.UUID `json:"technical_id"`
	Cadence        int        `json:"cadence_minutes" validate:"omitempty,min=10,max=1440"`
}

// DeclareInput declares a major incident. With words it is announced at once,
// and with Notify management is told at once.
type DeclareInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=2000"`
	RoleFields
	Notify bool `json:"notify_management"`
	AnnounceFields
}

// Declare begins the management of a major incident, proposed or not: roles are
// given, the clocks of control INC-05 run, and it never closes by itself.
func (s *Service) Declare(ctx context.Context, id uuid.UUID, in DeclareInput) (Incident, error) {
	return s.manage(ctx, ActionDeclare, id, in.Version, in, func(u *work.Unit, i *Incident, m *Major) error {
		if in.Cadence > 0 {
			m.Cadence = in.Cadence
		}
		if err := m.declare(i, u.By(), in.Reason, u.Now); err != nil {
			return err
		}
		roles := in.RoleFields
		if roles.ManagerID == nil && !u.Actor.System {
			by := u.By()
			roles.ManagerID = &by
		}
		roles.TechnicalID = first(roles.TechnicalID, i.AssigneeID)
		if err := s.giveRoles(ctx, u, *i, m, roles); err != nil {
			return err
		}
		if err := s.say(u, *i, Line{Kind: "declared", TextZh: in.Reason}, ""); err != nil {
			return err
		}
		a := (*Announcement)(nil)
		if in.worded() {
			if err := s.announceIn(ctx, u, *i, in.AnnounceFields); err != nil {
				return err
			}
			a = &Announcement{Everybody: in.Audience != "some", Departments: in.Departments, Services: in.Services}
		}
		leads, err := s.repo.leads(ctx, u.Tx, i.TeamID, u.Now)
		if err != nil {
			return err
		}
		u.Tell("incident.major_declared", uuid.Nil, append(leads, people(i.AssigneeID, m.ProposedBy)...)...)
		if in.Notify && !i.Confidential {
			zh, en := in.TextZh, in.TextEn
			if strings.TrimSpace(zh+en) == "" {
				zh = in.Reason
			}
			return s.noticeIn(ctx, u, *i, m, a, zh, en)
		}
		return nil
	})
}

// giveRoles gives the roles of a major incident. Who holds one may see it, run
// it and follows it.
func (s *Service) giveRoles(ctx context.Context, u *work.Unit, i Incident, m *Major, in RoleFields) error {
	for _, r := range []struct {
		field string
		from  **uuid.UUID
		to    *uuid.UUID
	}{{"manager_id", &m.ManagerID, in.ManagerID}, {"communicator_id", &m.CommunicatorID, in.CommunicatorID}, {"technical_id", &m.TechnicalID, in.TechnicalID}} {
		before := *r.from
		if same(before, r.to) {
			continue
		}
		role := "major_" + strings.TrimSuffix(r.field, "_id")
		if before != nil {
			record.Withdraw(&u.Batch, i.ID, role, i.ID)
		}
		if *r.from = r.to; r.to != nil {
			if err := identity.Engage(ctx, u.Tx, *r.to, r.field); err != nil {
				return err
			}
			record.Participate(&u.Batch, i.ID, *r.to, role, i.ID)
			record.Watch(&u.Batch, i.ID, *r.to, u.Actor.ID, u.Now)
			if i.Confidential {
				record.Name(&u.Batch, i.ID, *r.to, u.Actor.ID, "major", u.Now, u.Now.Add(namedFor))
			}
			if *r.to != u.By() {
				u.Tell("incident.major_role", uuid.Nil, *r.to)
			}
		}
		u.Note(role, before, r.to)
	}
	return nil
}

func same(a, b *uuid.UUID) bool { return a == b || a != nil && b != nil && *a == *b }

// RolesInput changes the roles and how often people hear of it.
type RolesInput struct {
	Version int `json:"version"`
	RoleFields
}

// GiveRoles changes who manages a declared major incident, and its cadence.
func (s *Service) GiveRoles(ctx context.Context, id uuid.UUID, in RolesInput) (Incident, error) {
	return s.manage(ctx, ActionRoles, id, in.Version, in, func(u *work.Unit, i *Incident, m *Major) error {
		if err := i.majorOpen(); err != nil {
			return err
		}
		if in.ManagerID == nil {
			return fault.OnField("manager_id", "incident.error.major_manager")
		}
		if in.Cadence > 0 && in.Cadence != m.Cadence {
			u.Note("cadence", m.Cadence, in.Cadence)
			m.Cadence = in.Cadence
			m.updated(u.Now)
		}
		if err := s.giveRoles(ctx, u, *i, m, in.RoleFields); err != nil {
			return err
		}
		return s.say(u, *i, Line{Kind: "roles"}, "")
	})
}

// NoticeInput is what management is told.
type NoticeInput struct {
	Version int    `json:"version"`
	TextZh  string `json:"text_zh" validate:"omitempty,text,max=2000"`
	TextEn  string `json:"text_en" validate:"omitempty,text,max=2000"`
}

// Notify tells management of a declared major incident: within half an hour of
// the declaration (control INC-05), and again as often as needed.
func (s *Service) Notify(ctx context.Context, id uuid.UUID, in NoticeInput) (Incident, error) {
	return s.manage(ctx, ActionNotice, id, in.Version, in, func(u *work.Unit, i *Incident, m *Major) error {
		if err := i.majorOpen(); err != nil {
			return err
		}
		if strings.TrimSpace(in.TextZh+in.TextEn) == "" {
			return fault.OnField("text_zh", "incident.error.announce_text")
		}
		a, err := s.repo.announcement(ctx, u.Tx, i.ID)
		if err != nil {
			return err
		}
		return s.noticeIn(ctx, u, *i, m, a, in.TextZh, in.TextEn)
	})
}

// noticeIn tells management within a unit. Of a confidential one only those
// hear who may see it.
func (s *Service) noticeIn(ctx context.Context, u *work.Unit, i Incident, m *Major, a *Announcement, zh, en string) error {
	to, err := s.repo.management(ctx, u.Tx, i, a, u.Now)
	if err != nil {
		return err
	}
	if m.NoticeAt == nil {
		by := u.By()
		m.NoticeAt, m.NoticeBy = &u.Now, &by
	}
	by, name := u.Author()
	l := Line{ID: work.NewID(), At: u.Now, Kind: "notice", TextZh: strings.TrimSpace(zh), TextEn: strings.TrimSpace(en), AuthorID: by, AuthorName: name}
	s.repo.addLine(&u.Batch, i.ID, l, u.Now)
	u.Note("notice", nil, said(i18n.Chinese, l.TextZh, l.TextEn))
	if i.Confidential {
		u.Tell("incident.major_notice", uuid.Nil, to...)
		return nil
	}
	m.Management = union(m.Management, to)
	u.Enqueue(jobs.Job{Kind: JobTell, Payload: telling{Incident: i.ID, Line: l.ID, Name: "incident.major_notice", Path: "/majors/" + i.Label(), Also: to, Only: true}})
	return nil
}

func union(a, b []uuid.UUID) []uuid.UUID {
	seen := map[uuid.UUID]bool{}
	var out []uuid.UUID
	for _, id := range append(append([]uuid.UUID{}, a...), b...) {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// LogInput is a line of the timeline: what happened, and when.
type LogInput struct {
	Text string     `json:"text" validate:"required,notblank,text,max=2000"`
	At   *time.Time `json:"at"`
}

// Log adds to the timeline of a major incident what no act of the desk says.
func (s *Service) Log(ctx context.Context, id uuid.UUID, in LogInput) (Incident, error) {
	return s.manage(ctx, ActionLog, id, 0, in, func(u *work.Unit, i *Incident, _ *Major) error {
		if i.Major != Declared && i.Major != Ended {
			return i.majorOpen()
		}
		l := Line{Kind: "log", TextZh: in.Text}
		if in.At != nil {
			if in.At.After(u.Now.Add(time.Minute)) {
				return fault.OnField("at", "incident.error.reported_future")
			}
			l.At = in.At.UTC().Truncate(time.Microsecond)
		}
		u.Note("log", nil, in.Text)
		return s.say(u, *i, l, "")
	})
}

// EndInput ends a major incident, with a last word for those concerned.
type EndInput struct {
	Version int    `json:"version"`
	Reason  string `json:"reason" validate:"required,notblank,text,max=2000"`
	TextZh  string `json:"text_zh" validate:"omitempty,text,max=2000"`
	TextEn  string `json:"text_en" validate:"omitempty,text,max=2000"`
}

// End ends the management of a major incident. The banner goes, those concerned
// hear the last word, and the review is due within five working days.
func (s *Service) End(ctx context.Context, id uuid.UUID, in EndInput) (Incident, error) {
	return s.manage(ctx, ActionEnd, id, in.Version, in, func(u *work.Unit, i *Incident, m *Major) error {
		due, err := s.sla.AddDays(ctx, u, u.Now, reviewWithin)
		if err != nil {
			return err
		}
		if err := m.end(i, u.By(), in.Reason, u.Now, due); err != nil {
			return err
		}
		if err := s.say(u, *i, Line{Kind: "ended", TextZh: in.Reason}, ""); err != nil {
			return err
		}
		a, err := s.repo.announcement(ctx, u.Tx, i.ID)
		if err != nil {
			return err
		}
		if a != nil && a.Open() {
			s.repo.withdraw(&u.Batch, i.ID, u.Now)
			s.changedNotices()
		}
		u.Tell("incident.major_ended", uuid.Nil, union(m.roles(), people(i.AssigneeID))...)
		if strings.TrimSpace(in.TextZh+in.TextEn) == "" || a == nil {
			return nil
		}
		return s.say(u, *i, Line{Kind: "last", TextZh: strings.TrimSpace(in.TextZh), TextEn: strings.TrimSpace(in.TextEn), Public: true}, "incident.major_updated")
	})
}

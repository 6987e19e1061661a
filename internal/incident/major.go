package incident

import (
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
)

// The use cases of major incidents.
const (
	ActionPropose authz.Action = "incident.propose_major"
	ActionDeclare authz.Action = "incident.declare_major"
	ActionDecline authz.Action = "incident.decline_major"
	ActionRoles   authz.Action = "incident.assign_major_roles"
	ActionNotice  authz.Action = "incident.notify_management"
	ActionLog     authz.Action = "incident.log_major"
	ActionEnd     authz.Action = "incident.end_major"
	ActionRemind  authz.Action = "incident.remind_major"
)

// Where an incident stands as a major one. It is no state of its life: a major
// incident may be resolved while it is still managed, and be managed again.
const (
	Proposed = "proposed"
	Declared = "declared"
	Ended    = "ended"
)

// Majors lists them in their order.
var Majors = [...]string{Proposed, Declared, Ended}

// The clocks of control INC-05: management knows within half an hour, and the
// signed review is there within five working days of the end.
const (
	noticeWithin = 30 * time.Minute
	reviewWithin = 5 // working days
)

// Major is how a major incident is managed.
type Major struct {
	IncidentID     uuid.UUID   `db:"incident_id" json:"-"`
	Version        int         `db:"version" json:"-"`
	BeganAt        time.Time   `db:"began_at" json:"began_at"`
	ProposedAt     *time.Time  `db:"proposed_at" json:"proposed_at"`
	ProposedBy     *uuid.UUID  `db:"proposed_by" json:"proposed_by"`
	Proposal       string      `db:"proposal" json:"proposal"`
	DeclinedAt     *time.Time  `db:"declined_at" json:"declined_at"`
	DeclinedBy     *uuid.UUID  `db:"declined_by" json:"declined_by"`
	DeclineReason  string      `db:"decline_reason" json:"decline_reason"`
	DeclinedSeen   *seen       `db:"declined_seen" json:"-"`
	DeclaredAt     *time.Time  `db:"declared_at" json:"declared_at"`
	DeclaredBy     *uuid.UUID  `db:"declared_by" json:"declared_by"`
	Reason         string      `db:"reason" json:"reason"`
	ManagerID      *uuid.UUID  `db:"manager_id" json:"manager_id"`
	CommunicatorID *uuid.UUID  `db:"communicator_id" json:"communicator_id"`
	TechnicalID    *uuid.UUID  `db:"technical_id" json:"technical_id"`
	Cadence        int         `db:"cadence_minutes" json:"cadence_minutes"`
	NextUpdateAt   *time.Time  `db:"next_update_at" json:"next_update_at"`
	UpdateReminded *time.Time  `db:"update_reminded" json:"-"`
	NoticeDueAt    *time.Time  `db:"notice_due_at" json:"notice_due_at"`
	NoticeAt       *time.Time  `db:"notice_at" json:"notice_at"`
	NoticeBy       *uuid.UUID  `db:"notice_by" json:"notice_by"`
	NoticeReminded *time.Time  `db:"notice_reminded" json:"-"`
	Management     []uuid.UUID `db:"management" json:"-"`
	EndedAt        *time.Time  `db:"ended_at" json:"ended_at"`
	EndedBy        *uuid.UUID  `db:"ended_by" json:"ended_by"`
	Ending         string      `db:"ending" json:"ending"`
	ReviewDueAt    *time.Time  `db:"review_due_at" json:"review_due_at"`
	ReviewSignedAt *time.Time  `db:"review_signed_at" json:"review_signed_at"`
	ReviewReminded *time.Time  `db:"review_reminded" json:"-"`
	CreatedAt      time.Time   `db:"created_at" json:"-"`
	UpdatedAt      time.Time   `db:"updated_at" json:"-"`
}

// roles are who holds a part in it.
func (m Major) roles() []uuid.UUID { return people(m.ManagerID, m.CommunicatorID, m.TechnicalID) }

// speakers are who owes the next update: the communicator, and the manager.
func (m Major) speakers() []uuid.UUID { return people(m.CommunicatorID, m.ManagerID) }

// UpdateLate reports whether people wait for an update longer than promised.
func (m Major) UpdateLate(now time.Time) bool {
	return m.EndedAt == nil && m.NextUpdateAt != nil && now.After(*m.NextUpdateAt)
}

// NoticeLate reports whether management was told too late, or is not told yet
// though it should have been (control INC-05).
func (m Major) NoticeLate(now time.Time) bool { return late(m.NoticeDueAt, m.NoticeAt, now) }

// ReviewLate reports the same of the signed review.
func (m Major) ReviewLate(now time.Time) bool { return late(m.ReviewDueAt, m.ReviewSignedAt, now) }

func late(due, done *time.Time, now time.Time) bool {
	switch {
	case due == nil:
		return false
	case done != nil:
		return done.After(*due)
	}
	return now.After(*due)
}

// majorOpen refuses what only a declared major incident takes.
func (i Incident) majorOpen() error {
	if i.Major != Declared {
		return fault.New(fault.Conflict, "incident.error.not_major")
	}
	return nil
}

// propose says that the incident should be managed as a major one.
func (m *Major) propose(i *Incident, by uuid.UUID, why string, now time.Time) error {
	switch {
	case i.Major == Proposed:
		return fault.New(fault.Conflict, "incident.error.major_proposed")
	case i.Major != "":
		return fault.New(fault.Conflict, "incident.error.major_already")
	case !i.State.Open():
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	case i.ParentID != nil:
		return fault.New(fault.Conflict, "incident.error.major_is_child")
	}
	i.Major, m.BeganAt = Proposed, now
	m.ProposedAt, m.ProposedBy, m.Proposal = &now, &by, why
	m.DeclinedAt, m.DeclinedBy, m.DeclineReason, m.DeclinedSeen = nil, nil, "", nil
	return nil
}

// decline answers a proposal with no, as many people being concerned by then.
func (m *Major) decline(i *Incident, by uuid.UUID, why string, people int, now time.Time) error {
	if i.Major != Proposed {
		return fault.New(fault.Conflict, "incident.error.not_proposed")
	}
	i.Major = ""
	m.DeclinedAt, m.DeclinedBy, m.DeclineReason, m.DeclinedSeen = &now, &by, why, &seen{People: people, Priority: i.Priority}
	return nil
}

// declare begins the management: the clocks of control INC-05 run. A major
// incident that ended may be declared again when the fault comes back.
func (m *Major) declare(i *Incident, by uuid.UUID, why string, now time.Time) error {
	switch {
	case i.Major == Declared:
		return fault.New(fault.Conflict, "incident.error.major_already")
	case !i.State.Open():
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	case i.ParentID != nil:
		return fault.New(fault.Conflict, "incident.error.major_is_child")
	}
	if i.Major != Proposed {
		m.BeganAt = now
	}
	i.Major, i.AutoCloseAt = Declared, nil
	due := now.Add(noticeWithin)
	m.DeclaredAt, m.DeclaredBy, m.Reason = &now, &by, why
	m.NoticeDueAt, m.NoticeAt, m.NoticeBy, m.NoticeReminded = &due, nil, nil, nil
	m.EndedAt, m.EndedBy, m.Ending = nil, nil, ""
	m.ReviewDueAt, m.ReviewSignedAt, m.ReviewReminded = nil, nil, nil
	m.updated(now)
	return nil
}

// end ends the management; the review is due within five working days.
func (m *Major) end(i *Incident, by uuid.UUID, why string, now, reviewDue time.Time) error {
	if err := i.majorOpen(); err != nil {
		return err
	}
	i.Major = Ended
	m.EndedAt, m.EndedBy, m.Ending, m.ReviewDueAt, m.NextUpdateAt = &now, &by, why, &reviewDue, nil
	return nil
}

// updated sets when people hear next.
func (m *Major) updated(now time.Time) {
	next := now.Add(time.Duration(m.Cadence) * time.Minute)
	m.NextUpdateAt, m.UpdateReminded = &next, nil
}

// seen is how large an incident was at an instant.
type seen struct {
	People   int `json:"people"` // concerned: marks and reporters of children
	Priority int `json:"priority"`
}

// grown reports whether an incident is clearly larger than it was: of a higher
// priority, or twice as many people, and more by at least as many as the rule
// of numbers asks for (least; 0 where there is none).
func (s seen) grown(was seen, least int) bool {
	return s.Priority < was.Priority || least > 0 && s.People >= 2*was.People && s.People >= was.People+least
}

// MajorSettings are what an administrator may change about major incidents.
type MajorSettings struct {
	// Cadence is after how many minutes those concerned hear the next time,
	// unless the declaration says otherwise.
	Cadence int `json:"cadence_minutes" validate:"min=10,max=1440"`
	// RulePeople many people who report or say "me too" within RuleMinutes make
	// an incident a major one; 0 switches the rule off.
	RulePeople  int `json:"rule_people" validate:"min=0,max=1000"`
	RuleMinutes int `json:"rule_minutes" validate:"min=1,max=1440"`
	// Services whose incidents of priority 1 are major ones.
	Services []uuid.UUID `json:"services" validate:"max=200"`
	// Declares says that a rule declares; otherwise it proposes.
	Declares bool `json:"rule_declares"`
}

func majorDefaults() MajorSettings {
	return MajorSettings{Cadence: 60, RulePeople: 10, RuleMinutes: 30}
}

package change

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// ActionMeet plans the meetings of the board and keeps their minutes.
const ActionMeet authz.Action = "change.meet"

// MeetingInput plans a meeting.
type MeetingInput struct {
	Version  int        `json:"version"`
	BeginsAt time.Time  `json:"begins_at" validate:"required"`
	EndsAt   time.Time  `json:"ends_at" validate:"required"`
	Place    string     `json:"place" validate:"omitempty,line,max=300"`
	ChairID  *uuid.UUID `json:"chair_id"` // none: whoever plans it
}

// MeetingRow is a meeting in the list. Its agenda has what the reader may see;
// Hidden counts the rest.
type MeetingRow struct {
	Meeting
	Hidden int             `json:"hidden"`
	Chair  identity.Person `json:"-"`
}

// Meetings lists the meetings, the latest first; cursor is the second answer of
// the page before. Of an agenda it gives only the changes that the reader may see.
func (s *Service) Meetings(ctx context.Context, cursor string) ([]MeetingRow, string, error) {
	if _, err := s.planner(ctx); err != nil {
		return nil, "", err
	}
	after, err := db.ParseCursor[meetingPlace](cursor)
	if err != nil {
		return nil, "", err
	}
	const page = 50
	list, err := meetings{}.list(ctx, s.desk.DB, after, page+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(list) > page {
		list = list[:page]
		next = db.Cursor(meetingPlace{list[page-1].BeginsAt, list[page-1].ID})
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, "", err
	}
	var chairs, topics []uuid.UUID
	for _, m := range list {
		chairs = append(chairs, m.ChairID)
		topics = append(topics, m.topics()...)
	}
	var names map[uuid.UUID]identity.Person
	var seen map[uuid.UUID]bool
	err = db.Together(ctx, s.desk.DB,
		func(q db.Querier) (err error) { names, err = identity.People(ctx, q, chairs...); return err },
		func(q db.Querier) (err error) { seen, err = meetings{}.visible(ctx, q, v, topics); return err },
	)
	out := make([]MeetingRow, len(list))
	for n, m := range list {
		all := len(m.Agenda)
		m.Agenda = slices.DeleteFunc(slices.Clone(m.Agenda), func(a AgendaItem) bool { return !seen[a.ChangeID] })
		m.Agenda, m.Present = nonNil(m.Agenda), nonNil(m.Present)
		out[n] = MeetingRow{m, all - len(m.Agenda), names[m.ChairID]}
	}
	return out, next, db.Map(err)
}

// Topic is one change on an agenda, as the reader may see it.
type Topic struct {
	AgendaItem
	Change Change            // the zero Change where the reader may not see it
	Votes  approval.Standing // as they are now
}

// MeetingDetail is a meeting with its agenda.
type MeetingDetail struct {
	Meeting
	Topics  []Topic
	Hidden  int // topics that the reader may not see
	People  map[uuid.UUID]identity.Person
	Members []Named     // of the board
	Here    *Attendance // of those noted as present, or as the minutes have it; nil: nobody knows
	May     bool        // the reader may change it
	All     bool        // the reader may list the other meetings
}

// Meeting reads one meeting, for those who plan changes and for whoever is
// invited to it. Changes on its agenda that the reader may not see are counted
// only. What is closed shows the board as it was.
func (s *Service) Meeting(ctx context.Context, id uuid.UUID) (MeetingDetail, error) {
	who, refused := s.planner(ctx)
	if refused != nil && !fault.Is(refused, fault.Forbidden) {
		return MeetingDetail{}, refused
	}
	m, err := meetings{}.get(ctx, s.desk.DB, id)
	if err != nil {
		return MeetingDetail{}, cmp.Or(refused, err)
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return MeetingDetail{}, err
	}
	d := MeetingDetail{Meeting: m, Here: m.Attendance, All: refused == nil}
	ids, invited := m.topics(), d.All
	var known map[uuid.UUID]Change
	var votes map[uuid.UUID]approval.Standing
	err = db.Together(ctx, s.desk.DB,
		func(q db.Querier) (err error) { known, err = s.repo.agenda(ctx, q, v, ids); return err },
		func(q db.Querier) (err error) { votes, err = s.Approvals.Standings(ctx, q, ids); return err },
		func(q db.Querier) error {
			r, err := s.roster(ctx, q, m)
			if err != nil {
				return err
			}
			guests := r.invited(m)
			invited = invited || slices.Contains(guests, who.ID)
			named := append(slices.Clone(m.Present), m.ChairID)
			if d.Here != nil {
				named = slices.AppendSeq(named, maps.Values(d.Here.For))
			}
			if m.State == MeetingPlanned {
				at, err := s.attendance(ctx, q, m, r)
				if err != nil {
					return err
				}
				d.Members, d.Here, named = r.members, &at, append(named, guests...)
			}
			d.People, err = identity.People(ctx, q, named...)
			return err
		},
	)
	if err == nil && !invited {
		return MeetingDetail{}, refused
	}
	for _, a := range d.Agenda {
		if c, ok := known[a.ChangeID]; ok {
			d.Topics = append(d.Topics, Topic{a, c, votes[a.ChangeID]})
		}
	}
	d.Hidden = len(d.Agenda) - len(d.Topics)
	d.May = d.State == MeetingPlanned && s.desk.Can(ctx, ActionMeet, nil)
	return d, db.Map(err)
}

// PlanMeeting plans a meeting; its agenda begins with the changes that wait for
// their review.
func (s *Service) PlanMeeting(ctx context.Context, in MeetingInput) (Meeting, error) {
	return work.Create(ctx, s.desk, meetings{}, ActionMeet, in, func(u *work.Unit) (Meeting, error) {
		m := Meeting{ID: u.ID(), Version: 1, State: MeetingPlanned, ChairID: u.Actor.ID, CreatedBy: u.Actor.ID, CreatedAt: u.Now, UpdatedAt: u.Now}
		if err := s.fillMeeting(ctx, u.Tx, &m, in); err != nil {
			return m, err
		}
		m.planned(u.Now)
		ids, err := s.waiting(ctx, u.Tx)
		if err != nil {
			return m, err
		}
		m.put(ids...)
		return m, s.invite(ctx, u, m, "change.meeting_planned")
	})
}

func (s *Service) fillMeeting(ctx context.Context, q db.Querier, m *Meeting, in MeetingInput) error {
	m.BeginsAt, m.EndsAt, m.Place = in.BeginsAt.UTC().Truncate(time.Minute), in.EndsAt.UTC().Truncate(time.Minute), in.Place
	if !m.EndsAt.After(m.BeginsAt) || m.EndsAt.Sub(m.BeginsAt) > 24*time.Hour {
		return fault.OnField("ends_at", "change.error.meeting_times")
	}
	if in.ChairID == nil {
		return nil
	}
	known, err := identity.People(ctx, q, *in.ChairID)
	if p, ok := known[*in.ChairID]; err == nil && (!ok || !p.Active) {
		return fault.OnField("chair_id", "validation.unknown")
	}
	m.ChairID = *in.ChairID
	return err
}

// waiting are the changes that wait for their review, as far as the actor may
// see them.
func (s *Service) waiting(ctx context.Context, q db.Querier) ([]uuid.UUID, error) {
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	return meetings{}.waiting(ctx, q, v, maxAgenda)
}

func (s *Service) onMeeting(ctx context.Context, id uuid.UUID, version int, in any, fn func(*work.Unit, *Meeting) error) (Meeting, error) {
	m, err := work.Update(ctx, s.desk, meetings{}, ActionMeet, id, version, in, func(u *work.Unit, m *Meeting) error {
		if m.State != MeetingPlanned {
			return fault.New(fault.Conflict, "change.error.meeting_over")
		}
		return fn(u, m)
	})
	// Two agendas that clash are told by their length: whoever keeps minutes may
	// not see every change on them.
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for n, c := range f.Clashes {
			if c.Field == "agenda" {
				f.Clashes[n].Theirs, f.Clashes[n].Yours = agendaLength(c.Theirs), agendaLength(c.Yours)
			}
		}
	}
	return m, err
}

func agendaLength(v any) any {
	if list, ok := v.([]AgendaItem); ok {
		return len(list)
	}
	return nil
}

// EditMeeting changes when and where it is, which the board is told, and who leads
// it, which they are told.
func (s *Service) EditMeeting(ctx context.Context, id uuid.UUID, in MeetingInput) (Meeting, error) {
	return s.onMeeting(ctx, id, in.Version, in, func(u *work.Unit, m *Meeting) error {
		before := *m
		if err := s.fillMeeting(ctx, u.Tx, m, in); err != nil {
			return err
		}
		if m.ChairID != before.ChairID {
			s.announce(u, *m, "change.meeting_chair", m.ChairID)
		}
		if m.BeginsAt.Equal(before.BeginsAt) && m.EndsAt.Equal(before.EndsAt) && m.Place == before.Place {
			return nil
		}
		m.planned(u.Now)
		return s.invite(ctx, u, *m, "change.meeting_moved")
	})
}

// MinutesInput is what was said and who came, and how the agenda changes; what
// is not given stays as it is. Close ends the meeting: the minutes then stay as
// they are, with the votes as they stand.
type MinutesInput struct {
	Version int         `json:"version"`
	Present []uuid.UUID `json:"present" validate:"max=200"` // null: as noted; empty: nobody
	Said    []Said      `json:"said" validate:"max=50,dive"`
	Remarks *string     `json:"remarks" validate:"omitempty,text,max=10000"`
	Fill    bool        `json:"fill"`                     // add what waits for its review now
	Add     string      `json:"add" validate:"max=40"`    // the number of a change to add
	Remove  string      `json:"remove" validate:"max=40"` // of one to take away
	Up      string      `json:"up" validate:"max=40"`     // of one to move before the one above it
	Close   bool        `json:"close"`
}

// Said is what was said about one change.
type Said struct {
	ChangeID uuid.UUID `json:"change_id"`
	Minutes  string    `json:"minutes" validate:"omitempty,text,max=5000"`
}

// Minute keeps the minutes. Closing them needs somebody present, and notes how
// each change and its votes stand at that moment.
func (s *Service) Minute(ctx context.Context, id uuid.UUID, in MinutesInput) (Meeting, error) {
	return s.onMeeting(ctx, id, in.Version, in, func(u *work.Unit, m *Meeting) error {
		known, err := identity.People(ctx, u.Tx, in.Present...)
		if err != nil {
			return err
		}
		if in.Present != nil {
			m.Present = unique(in.Present)
		}
		if in.Present != nil && len(known) != len(m.Present) {
			return fault.OnField("present", "validation.unknown")
		}
		if in.Remarks != nil {
			m.Remarks = *in.Remarks
		}
		m.Agenda = slices.Clone(m.Agenda)
		for _, x := range in.Said {
			at := slices.IndexFunc(m.Agenda, func(a AgendaItem) bool { return a.ChangeID == x.ChangeID })
			if at < 0 {
				return fault.OnField("said", "change.error.no_such_change")
			}
			m.Agenda[at].Minutes = x.Minutes
		}
		if err := s.setAgenda(ctx, u, m, in); err != nil || !in.Close {
			return err
		}
		return s.closeMeeting(ctx, u, m)
	})
}

// setAgenda changes what the meeting is about: adds, then takes away, then moves.
func (s *Service) setAgenda(ctx context.Context, u *work.Unit, m *Meeting, in MinutesInput) error {
	if in.Fill {
		ids, err := s.waiting(ctx, u.Tx)
		if err != nil {
			return err
		}
		m.put(ids...)
	}
	for _, x := range [][2]string{{"add", in.Add}, {"remove", in.Remove}, {"up", in.Up}} {
		field, number := x[0], x[1]
		if number == "" {
			continue
		}
		id, err := s.ID(ctx, number)
		if err != nil {
			return fault.OnField(field, "change.error.no_such_change")
		}
		at := slices.IndexFunc(m.Agenda, func(a AgendaItem) bool { return a.ChangeID == id })
		switch {
		case field == "remove" && at >= 0:
			m.Agenda = slices.Delete(m.Agenda, at, at+1)
		case field == "up" && at > 0:
			m.Agenda[at-1], m.Agenda[at] = m.Agenda[at], m.Agenda[at-1]
		case field == "add" && at < 0 && len(m.Agenda) >= maxAgenda:
			return fault.OnField("add", "change.error.agenda_full")
		case field == "add":
			m.put(id)
		}
	}
	return nil
}

func (s *Service) closeMeeting(ctx context.Context, u *work.Unit, m *Meeting) error {
	if len(m.Present) == 0 {
		return fault.OnField("present", "change.error.nobody_present")
	}
	if u.Now.Before(m.BeginsAt) {
		return fault.New(fault.Conflict, "change.error.meeting_early")
	}
	if err := s.mayRecord(ctx, u, m); err != nil {
		return err
	}
	ids := m.topics()
	states, err := s.repo.states(ctx, u.Tx, ids)
	if err != nil {
		return err
	}
	votes, err := s.Approvals.Standings(ctx, u.Tx, ids)
	if err != nil {
		return err
	}
	for n := range m.Agenda {
		a := &m.Agenda[n]
		a.Outcome, a.For, a.Against = states[a.ChangeID], votes[a.ChangeID].For, votes[a.ChangeID].Against
	}
	m.State, m.ClosedAt = MeetingHeld, &u.Now
	return nil
}

// CancelMeeting calls a meeting off.
func (s *Service) CancelMeeting(ctx context.Context, id uuid.UUID, in StepInput) (Meeting, error) {
	return s.onMeeting(ctx, id, in.Version, in, func(u *work.Unit, m *Meeting) error {
		m.State = MeetingCancelled
		return s.invite(ctx, u, *m, "change.meeting_cancelled")
	})
}

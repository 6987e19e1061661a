package change

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/event"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/work"
)

// The use cases of the board.
const (
	ActionBoard  authz.Action = "change.board"
	ActionRemind authz.Action = "change.remind_meeting"
)

// JobRemindMeetings looks for meetings that begin soon.
const JobRemindMeetings = "change.remind_meetings"

// remindBefore is how long before a meeting its members are reminded.
const remindBefore = 24 * time.Hour

func (s *Service) jobs() error {
	return s.desk.Registry.Every(JobRemindMeetings, 10*time.Minute, 5*time.Minute, s.remindMeetings)
}

// BoardInput sets how the board decides.
type BoardInput struct {
	Version int             `json:"version"`
	Quorum  int             `json:"quorum" validate:"required,min=1,max=50"`
	Must    []identity.Role `json:"must" validate:"max=10"`
}

// Board is how the board decides, for those who plan changes.
func (s *Service) Board(ctx context.Context) (Board, error) {
	if _, err := s.planner(ctx); err != nil {
		return Board{}, err
	}
	return boards{}.get(ctx, s.desk.DB)
}

// SetBoard changes how the board decides: for reviews that begin afterwards, and
// meetings whose minutes are not closed.
func (s *Service) SetBoard(ctx context.Context, in BoardInput) (Board, error) {
	return work.Update(ctx, s.desk, boards{}, ActionBoard, boardID, in.Version, in, func(_ *work.Unit, b *Board) error {
		for _, r := range in.Must {
			if !slices.Contains(identity.Roles[:], r) {
				return fault.OnField("must", "validation.unknown")
			}
		}
		b.Quorum, b.Must = in.Quorum, slices.Compact(slices.Sorted(slices.Values(in.Must)))
		return nil
	})
}

// roster is the members of the board, and their deputies at an instant.
type roster struct {
	members  []Named
	deputies map[uuid.UUID][]uuid.UUID
}

func (r roster) ids() []uuid.UUID {
	out := make([]uuid.UUID, len(r.members))
	for n, x := range r.members {
		out[n] = x.ID
	}
	return out
}

// invited are the members, those who stand in for one, and whoever leads the
// meeting, each once.
func (r roster) invited(m Meeting) []uuid.UUID {
	out := r.ids()
	for _, d := range r.deputies {
		out = append(out, d...)
	}
	return unique(append(out, m.ChairID))
}

// roster reads the board as a meeting has it.
func (s *Service) roster(ctx context.Context, q db.Querier, m Meeting) (r roster, err error) {
	if r.members, err = s.repo.withRole(ctx, q, string(identity.Reviewer), s.desk.Now()); err != nil {
		return r, err
	}
	r.deputies, err = s.Approvals.DeputiesOf(ctx, q, r.ids(), m.BeginsAt)
	return r, err
}

// heard are the roles whose votes the board's step waits for (Board.heard).
func (s *Service) heard(ctx context.Context, q db.Querier, b Board) ([]identity.Role, error) {
	list, err := s.repo.withRole(ctx, q, string(identity.Reviewer), s.desk.Now())
	if err != nil {
		return nil, err
	}
	actors, err := identity.LoadActors(ctx, q, roster{members: list}.ids(), s.desk.Now())
	var has [][]identity.Role
	for _, a := range actors {
		has = append(has, a.Roles)
	}
	return b.heard(has, s.desk.Matrix.Roles(boardRow)), err
}

// attendance is who of the board is noted as present at a meeting.
func (s *Service) attendance(ctx context.Context, q db.Querier, m Meeting, r roster) (Attendance, error) {
	b, err := boards{}.get(ctx, q)
	if err != nil {
		return Attendance{}, err
	}
	members := r.ids()
	actors, err := identity.LoadActors(ctx, q, unique(slices.Concat(members, m.Present)), s.desk.Now())
	if err != nil {
		return Attendance{}, err
	}
	roles, of := map[uuid.UUID][]identity.Role{}, map[uuid.UUID][]uuid.UUID{}
	for id, a := range actors {
		roles[id] = a.Roles
	}
	for _, m := range members {
		for _, d := range r.deputies[m] {
			of[d] = append(of[d], m)
		}
	}
	return b.attendance(members, m.Present, of, roles), nil
}

// mayRecord notes who of the board is there, and refuses to close minutes that
// would record an approval given in a
// meeting without quorum or without a mandatory role. What was approved after
// its end was not given in it, however late its minutes are closed.
func (s *Service) mayRecord(ctx context.Context, u *work.Unit, m *Meeting) error {
	r, err := s.roster(ctx, u.Tx, *m)
	if err != nil {
		return err
	}
	at, err := s.attendance(ctx, u.Tx, *m, r)
	if err != nil {
		return err
	}
	quorate := at.Quorate()
	if m.Quorate, m.Attendance = &quorate, &at; quorate {
		return nil
	}
	n, err := boards{}.approvedWithin(ctx, u.Tx, m.topics(), m.BeginsAt, m.EndsAt)
	if err == nil && n > 0 {
		err = fault.OnField("present", "change.error.not_quorate")
	}
	return err
}

// invite tells whoever is invited to a meeting of it.
func (s *Service) invite(ctx context.Context, u *work.Unit, m Meeting, what string) error {
	r, err := s.roster(ctx, u.Tx, m)
	if err == nil {
		s.announce(u, m, what, r.invited(m)...)
	}
	return err
}

// announce tells people of a meeting, but for the actor.
func (s *Service) announce(u *work.Unit, m Meeting, what string, to ...uuid.UUID) {
	when := m.BeginsAt.In(s.Zone).Format("2006-01-02 15:04") + "–" + m.EndsAt.In(s.Zone).Format("15:04")
	if m.Place != "" {
		when += " " + m.Place
	}
	to = slices.DeleteFunc(to, func(id uuid.UUID) bool { return id == u.Actor.ID })
	u.Announce(what, event.Subject{Title: when, Path: "/changes/meetings/" + m.ID.String()}, to...)
}

// planned notes that members know of when a meeting is. Of one that begins so
// soon that they would be reminded at once they are not.
func (m *Meeting) planned(now time.Time) {
	if m.RemindedAt = nil; !m.BeginsAt.After(now.Add(remindBefore)) {
		m.RemindedAt = &now
	}
}

// remindMeetings tells members of meetings that begin within a day, once.
func (s *Service) remindMeetings(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("change"))
	now := s.desk.Now()
	ids, err := meetings{}.soon(ctx, s.desk.DB, now, now.Add(remindBefore))
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		_, err := work.Update(ctx, s.desk, meetings{}, ActionRemind, id, 0, struct{}{}, func(u *work.Unit, m *Meeting) error {
			if m.State != MeetingPlanned || m.RemindedAt != nil {
				return nil
			}
			m.RemindedAt = &u.Now
			return s.invite(ctx, u, *m, "change.meeting_soon")
		})
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

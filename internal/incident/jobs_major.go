package incident

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// JobMajors looks after the clocks of major incidents, and for incidents that
// the rules make major ones.
const JobMajors = "incident.majors"

func (s *Service) watchMajors(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	ctx = identity.With(ctx, identity.NewSystem("majors"))
	now := s.desk.Now()
	return errors.Join(
		// Late updates: at once, then every half hour until there is one.
		s.remindAll(ctx, "update", now, now.Add(-30*time.Minute)),
		// Management: ten minutes before the half hour is over, then every ten.
		s.remindAll(ctx, "notice", now.Add(10*time.Minute), now.Add(-10*time.Minute)),
		// The review: a day before it is due, then every day.
		s.remindAll(ctx, "review", now.Add(24*time.Hour), now.Add(-24*time.Hour)),
		s.ruleMajors(ctx),
	)
}

// remindAll reminds of what is due by then and was not reminded of since again.
func (s *Service) remindAll(ctx context.Context, what string, due, again time.Time) error {
	ids, err := s.repo.toRemind(ctx, s.desk.DB, what, due, again)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, s.remind(ctx, id, what, again))
	}
	return errors.Join(failed...)
}

// remind tells those who owe it, and once it is late also the leads.
func (s *Service) remind(ctx context.Context, id uuid.UUID, what string, again time.Time) error {
	return s.desk.Do(ctx, func(u *work.Unit) error {
		news, err := s.repo.remind(ctx, u.Tx, id, what, u.Now, again)
		if err != nil || !news {
			return err
		}
		i, err := s.repo.get(ctx, u.Tx, id)
		if err != nil {
			return err
		}
		m, err := s.repo.major(ctx, u.Tx, id)
		if err != nil || m == nil {
			return err
		}
		to, isLate := m.speakers(), m.UpdateLate(u.Now)
		switch what {
		case "notice":
			isLate = m.NoticeLate(u.Now)
		case "review":
			to, isLate = m.roles(), m.ReviewLate(u.Now)
		}
		if isLate || len(to) == 0 {
			leads, err := s.repo.leads(ctx, u.Tx, i.TeamID, u.Now)
			if err != nil {
				return err
			}
			to = union(to, leads)
		}
		if isLate {
			if err := s.say(u, i, Line{Kind: "late_" + what}, ""); err != nil {
				return err
			}
		}
		u.Tell("incident.major_"+what+"_due", uuid.Nil, to...)
		return u.Record(ctx, ActionRemind, i.Ref(), trail.Diff{"reminder": {nil, what}})
	})
}

// ruleMajors proposes or declares what the rules say is a major incident. What
// somebody declined is only ever proposed again, and only once it has grown.
func (s *Service) ruleMajors(ctx context.Context) error {
	set, err := s.repo.majorSettings(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	byPriority, byPeople, err := s.repo.ruled(ctx, s.desk.DB, set, s.desk.Now())
	if err != nil {
		return err
	}
	var failed []error
	words := s.desk.Messages.In("") // the reason is a text of the record; records speak the company's first language
	rule := func(list []candidate, key string, args ...any) {
		for _, c := range list {
			why := words.T(key, args...)
			switch {
			case c.Declined && (c.Was == nil || !c.grown(*c.Was, set.RulePeople)):
				continue
			case c.Declined:
				_, err = s.Propose(ctx, c.ID, ReasonInput{Version: c.Version, Reason: words.T("incident.major.rule.again", "rule", why, "n", c.People, "priority", c.Priority)})
			case set.Declares:
				_, err = s.Declare(ctx, c.ID, DeclareInput{Reason: why, Notify: true})
			default:
				_, err = s.Propose(ctx, c.ID, ReasonInput{Reason: why})
			}
			if err != nil && !fault.Is(err, fault.Conflict) {
				failed = append(failed, err)
			}
		}
	}
	rule(byPriority, "incident.major.rule.priority")
	rule(byPeople, "incident.major.rule.people", "n", set.RulePeople, "minutes", set.RuleMinutes)
	return errors.Join(failed...)
}

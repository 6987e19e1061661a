package change

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/approval"
	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/civil"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/work"
)

// boardRow says who votes on the board.
const boardRow authz.Row = "change.approve_cab"

// spec is who reviews a change. No step of the board is approved before its
// quorum has voted, and each mandatory role that sits on it: of its members and
// who stands in for one, as in a meeting. Owners of the service, whom the line
// allows too, vote and are not among them.
func spec(c Change, b Board, must []identity.Role) approval.Spec {
	step := func(key string, row authz.Row, mode approval.Mode) approval.Step {
		return approval.Step{Key: "change.approver." + key, Row: row, Who: []approval.Source{{Kind: approval.FromRow}}, Mode: mode}
	}
	if c.Type == Emergency {
		return approval.Spec{Steps: []approval.Step{step("emergency", "change.emergency_authorise", approval.Any)}}
	}
	out := approval.Spec{Distinct: true, Steps: []approval.Step{step("manager", "change.approve_step1", approval.Any)}}
	if c.Risk == Low {
		return out
	}
	board := step("board", boardRow, approval.Any)
	if c.Risk == High {
		board.Mode = approval.Majority
	}
	board.Must, board.Attend, board.Attendance = must, identity.Reviewer, b.Quorum
	out.Steps = append(out.Steps, board)
	return out
}

// content is what reviewers decide about, and what they see.
func (s *Service) content(ctx context.Context, q db.Querier, c Change) (approval.Content, error) {
	out := approval.Content{Entry: c.Entry(), Fields: c.plan(), Involved: append(c.people(), people(&c.CreatedBy, c.TestedBy)...)}
	_, clashes, err := s.situation(ctx, q, identity.Actor{}, c, s.desk.Now())
	if err != nil {
		return out, err
	}
	names, err := s.names(ctx, q, c.Items)
	if err != nil {
		return out, err
	}
	t := func(key string, args ...any) string { return i18n.T(ctx, key, args...) }
	card := approval.Card{Title: c.Label() + " " + c.Title, Lines: []string{c.Content, c.Reason}}
	fact := func(key, value, colour string) {
		if value != "" {
			card.Facts = append(card.Facts, approval.Fact{Label: t("change.field." + key), Value: value, Colour: colour})
		}
	}
	fact("type", t("change.type."+string(c.Type)), "")
	fact("window", s.span(ctx, c), "")
	fact("effect", c.Effect, "")
	if c.Risk != Unknown {
		i, l := c.Assessment.After()
		fact("risk", t("change.risk_score", "level", t("change.risk."+string(c.Risk)), "score", Score(i, l)), colours[c.Risk])
	}
	list := ""
	for _, i := range c.Items {
		if n := names[i]; n != "" {
			list += n + "\n"
		}
	}
	fact("items", list, "")
	fact("rollback", t("change.rollback_line", "trigger", c.RollbackTrigger, "minutes", c.RollbackMinutes), "")
	fact("rehearsal", c.Rehearsal, "")
	fact("test_evidence", c.TestEvidence, "")
	fact("test_files", evidenceLines(c.TestFiles), "")
	for _, x := range clashes {
		card.Conflicts = append(card.Conflicts, t("change.clash", "number", x.Label(), "title", x.Title))
	}
	out.Card = card
	return out, nil
}

var colours = map[Level]string{Low: "green", Medium: "amber", High: "red"}

// span is the window in words, in the reader's zone.
func (s *Service) span(ctx context.Context, c Change) string {
	if !c.windowReady() {
		return ""
	}
	z := time.UTC
	if who, err := identity.From(ctx); err == nil {
		if l, err := civil.Zone(who.TimeZone); err == nil && who.TimeZone != "" {
			z = l
		}
	}
	from, to := c.WindowFrom.In(z), c.WindowTo.In(z)
	end := to.Format("15:04")
	if from.YearDay() != to.YearDay() || from.Year() != to.Year() {
		end = to.Format("2006-01-02 15:04")
	}
	return from.Format("2006-01-02 15:04") + " – " + end
}

// subject is how changes are approved.
type subject struct{ *Service }

// Lock locks a change.
func (a subject) Lock(ctx context.Context, tx db.Tx, id uuid.UUID) error {
	_, err := a.repo.ForUpdate(ctx, tx, id)
	return db.Map(err)
}

// Content reads what of a change stands to be approved.
func (a subject) Content(ctx context.Context, q db.Querier, id uuid.UUID) (approval.Content, error) {
	c, err := a.repo.get(ctx, q, id)
	if err != nil {
		return approval.Content{}, err
	}
	return a.content(ctx, q, c)
}

// Decided carries the outcome out: the plan is approved as it stands, or goes
// back to its author with the reasons.
func (a subject) Decided(ctx context.Context, u *work.Unit, o approval.Outcome) error {
	_, err := work.Apply(ctx, u, a.store(), ActionDecided, o.Ref.ID, 0, struct{}{}, func(u *work.Unit, c *Change) error {
		before := c.hands()
		defer func() { a.employ(u, *c, before) }()
		switch o.Status {
		case approval.Approved:
			u.Emit("change.approved", append(c.people(), c.RequesterID)...)
			return c.approve(u.Now)
		case approval.Rejected:
			u.Emit("change.rejected", c.RequesterID)
			return c.reject(MoveReject, o.Reason)
		}
		u.Emit("change.replanned", c.RequesterID)
		return c.move(MoveVoid, Situation{Now: u.Now})
	})
	return err
}

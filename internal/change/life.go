package change

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// move takes one step of the state machine if every gate is open.
func (c *Change) move(m Move, s Situation) error {
	to, ok := next(c.Type, c.State, m)
	if !ok {
		return illegal(c.State, m)
	}
	if err := c.pass(m, s); err != nil {
		return err
	}
	c.State = to
	return nil
}

// offers reports whether the move is legal from where the change is, whatever
// its gates say.
func (c Change) offers(m Move) bool {
	_, ok := next(c.Type, c.State, m)
	return ok && (!c.OnHold || m == MoveCancel || m == MoveVoid || m == MoveReject || m == MoveReturn)
}

// submit hands the application in. A standard change is approved by its
// template.
func (c *Change) submit(s Situation) error {
	if err := c.move(MoveSubmit, s); err != nil {
		return err
	}
	c.SubmittedAt, c.RejectReason = &s.Now, ""
	if c.State == Approved {
		c.ApprovedAt, c.ApprovedHash = &s.Now, c.Hash()
	}
	return nil
}

// assess notes an assessment; it may be made again until the review.
func (c *Change) assess(a Assessment, by uuid.UUID, now time.Time) error {
	if err := c.move(MoveAssess, Situation{Now: now}); err != nil {
		return err
	}
	c.Assessment, c.Risk, c.AssessedBy, c.AssessedAt, c.AssessedHash = a, a.Level(), &by, &now, c.assessable()
	return nil
}

// test notes how the test ended.
func (c *Change) test(r TestResult, evidence string, by uuid.UUID, now time.Time) error {
	if err := c.move(MoveTest, Situation{Now: now}); err != nil {
		return err
	}
	c.TestResult, c.TestEvidence, c.TestedBy, c.TestedAt, c.TestedHash = r, evidence, &by, &now, c.testable()
	return nil
}

// approve binds the approval to the plan as it stands.
func (c *Change) approve(now time.Time) error {
	if err := c.move(MoveApprove, Situation{Now: now}); err != nil {
		return err
	}
	c.ApprovedAt, c.ApprovedHash = &now, c.Hash()
	return nil
}

// reject takes the change back to the draft.
func (c *Change) reject(m Move, reason string) error {
	if err := c.move(m, Situation{}); err != nil {
		return err
	}
	c.RejectReason, c.SubmittedAt = reason, nil
	c.unapprove()
	return nil
}

func (c *Change) unapprove() { c.ApprovedAt, c.ApprovedHash = nil, "" }

// replan notes that the plan was edited. What was assessed, tested or approved
// was another plan: the change goes back to where that begins. What was answered
// then stays, to be looked at again. It reports whether the change went back.
func (c *Change) replan(before string) bool {
	if c.Hash() == before || c.State == Draft || c.State == Submitted {
		return false
	}
	if to, ok := next(c.Type, c.State, MoveVoid); ok {
		c.State = to
	} else {
		c.State = Assessing // assessing or testing
	}
	c.unapprove()
	return true
}

// start begins the implementation.
func (c *Change) start(s Situation, by uuid.UUID) error {
	if err := c.move(MoveStart, s); err != nil {
		return err
	}
	c.StartedAt, c.StartedBy = &s.Now, &by
	return nil
}

// glass is for how long breaking the glass lets somebody work.
const glass = 4 * time.Hour

// breakGlass begins without what the gates ask for: in the open, for a while,
// and with a review that cannot be left out.
func (c *Change) breakGlass(reason string, by uuid.UUID, now, due time.Time) error {
	if err := c.move(MoveBreak, Situation{Now: now}); err != nil {
		return err
	}
	until := now.Add(glass)
	c.GlassReason, c.GlassBy, c.GlassAt, c.GlassUntil, c.ReviewDueAt = reason, &by, &now, &until, &due
	c.StartedAt, c.StartedBy, c.OnHold, c.HoldReason = &now, &by, false, ""
	return nil
}

// rollBack opens the way back: what was not done of the plan is left out.
func (c *Change) rollBack(reason string, by uuid.UUID, now time.Time) error {
	if err := c.move(MoveRollBack, Situation{Now: now}); err != nil {
		return err
	}
	c.Steps = slices.Clone(c.Steps)
	for i := range c.Steps {
		if s := &c.Steps[i]; s.StoppedAt == nil {
			o := LeftOut
			if s.StartedAt != nil {
				o = NotDone
			} else {
				s.StartedAt = &now
			}
			s.StoppedAt, s.By, s.Outcome, s.Remark = &now, &by, o, reason
		}
	}
	c.BackAt, c.BackReason, c.Result, c.EndedAt = &now, reason, RolledBack, nil
	return nil
}

// stepsClosed reports whether nothing that was begun is left undone.
func (c Change) stepsClosed() bool { return closed(c.Steps) && (c.BackAt == nil || closed(c.Back)) }

// finish ends the work at the systems.
func (c *Change) finish(now time.Time) error {
	if err := c.move(MoveFinish, Situation{Now: now}); err != nil {
		return err
	}
	c.EndedAt = &now
	return nil
}

// verify notes the result, as somebody sees it who did not implement it. What
// went back has gone back.
func (c *Change) verify(r Result, note string, s Situation, by uuid.UUID) error {
	if c.BackAt != nil && r != RolledBack && r != Failed {
		return errBack
	}
	after := *c
	after.Result = r
	if err := after.move(MoveVerify, s); err != nil {
		return err
	}
	after.ResultNote, after.VerifiedBy, after.VerifiedAt = note, &by, &s.Now
	*c = after
	return nil
}

// close ends the life, after the review where one is due.
func (c *Change) close(s Situation, by uuid.UUID) error {
	if err := c.move(MoveClose, s); err != nil {
		return err
	}
	c.ClosedAt, c.ReviewedBy = &s.Now, &by
	return nil
}

// cancel ends the life before anything was done.
func (c *Change) cancel(reason string, now time.Time) error {
	if err := c.move(MoveCancel, Situation{Now: now}); err != nil {
		return err
	}
	c.CancelReason, c.ClosedAt, c.OnHold, c.HoldReason = reason, &now, false, ""
	return nil
}

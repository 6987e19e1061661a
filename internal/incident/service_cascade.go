package incident

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/comment"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/work"
)

// JobCascade lets the children of an incident take the step that it took.
const JobCascade = "incident.cascade"

// withFamily adds to a use case what its step means for others: for those who
// were told of the incident, and for its children, which one job takes along
// (capabilities 9).
func (s *Service) withFamily(ctx context.Context, in any, change func(*work.Unit, *Incident) error) func(*work.Unit, *Incident) error {
	return func(u *work.Unit, i *Incident) error {
		before := *i
		if err := change(u, i); err != nil {
			return err
		}
		if i.Major == Declared || i.Major == Ended {
			i.AutoCloseAt = nil // never by itself: its requester confirms, or a lead
		}
		if before.State.Open() && !i.State.Open() {
			if err := s.solved(ctx, u, *i); err != nil {
				return err
			}
		}
		st, ok := copies(before, *i)
		if !ok || i.Confidential {
			return nil
		}
		n, err := s.repo.openFollowers(ctx, u.Tx, i.ID)
		if err != nil || n == 0 {
			return err
		}
		by, name := u.Author()
		c := Cascade{ID: work.NewID(), IncidentID: i.ID, State: st.State, Reason: st.Reason, WasReason: st.WasReason, Remark: remark(in), ByID: by, ByName: name, Total: n, CreatedAt: u.Now}
		s.repo.beginCascade(&u.Batch, c)
		u.Enqueue(jobs.Job{Kind: JobCascade, Payload: c.ID})
		return nil
	}
}

// remark is what was said with a step, and is said on the children too.
func remark(in any) string {
	switch x := in.(type) {
	case PendInput:
		return x.Remark
	case ResolveInput:
		return x.Message
	}
	return ""
}

// cascade takes the children of an incident along, each in a transaction of
// its own. What is done is noted with it: run again, the job goes on where it
// was, and nobody is told twice. A parent that has moved on meanwhile ends it.
func (s *Service) cascade(ctx context.Context, payload json.RawMessage, _ jobs.Run) error {
	var id uuid.UUID
	if err := json.Unmarshal(payload, &id); err != nil {
		return jobs.Cancel(err)
	}
	ctx = identity.With(ctx, identity.NewSystem("cascade"))
	c, err := s.repo.cascade(ctx, s.desk.DB, id)
	if err != nil || c.FinishedAt != nil {
		return err
	}
	var after int64
	for {
		parent, err := s.repo.get(ctx, s.desk.DB, c.IncidentID)
		if err != nil {
			return err
		}
		if parent.State != c.State || parent.PendingReason != c.Reason || parent.Confidential {
			break
		}
		var ids []uuid.UUID
		if ids, after, err = s.repo.toFollow(ctx, s.desk.DB, c.ID, c.IncidentID, after, 100); err != nil {
			return err
		}
		for _, child := range ids {
			if err := s.follow(ctx, c, parent, child); err != nil {
				return err
			}
		}
		if len(ids) < 100 {
			break
		}
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.repo.endCascade(&u.Batch, c.ID, u.Now)
		return nil
	})
}

// follow lets one child take the step. That it cannot is noted and no failure
// of the others; that the database is away is.
func (s *Service) follow(ctx context.Context, c Cascade, parent Incident, child uuid.UUID) error {
	st := stride{c.State, c.Reason, c.WasReason}
	_, err := work.Update(ctx, s.desk, s.repo, st.action(), child, 0, struct{}{}, s.timed(ctx, func(u *work.Unit, i *Incident) error {
		u.Behalf, u.BehalfName, u.Group = &c.ByID, c.ByName, c.ID
		if i.ParentID == nil || *i.ParentID != c.IncidentID || i.ChildAs != SameFault || i.Confidential || !st.reaches(*i) {
			return nil
		}
		s.repo.followed(&u.Batch, c.ID, child, "")
		u.Note("followed", nil, parent.Label())
		i.CategoryID = first(i.CategoryID, parent.CategoryID)
		if i.AssigneeID == nil {
			i.AssigneeID = first(parent.AssigneeID, &c.ByID)
		}
		if st.State == Resolved {
			return s.resolveNow(ctx, u, i, ResolveInput{Code: parent.ResolutionCode, Cause: parent.Cause, Process: parent.Process, Message: c.Remark})
		}
		if c.Remark != "" {
			comment.AddNote(u, i.Ref(), c.Remark, u.Now)
		}
		u.Emit(st.event(), i.RequesterID)
		return i.take(st, c.ByID, u.Now)
	}))
	f := fault.Of(err)
	if f == nil || f.Code == "constraint.incident_cascade_items_pkey" { // another run was faster
		return nil
	}
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable || f.Code == "error.busy" {
		return err
	}
	problem := f.Code
	if len(f.Fields) > 0 {
		problem = f.Fields[0].Code
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		s.repo.followed(&u.Batch, c.ID, child, problem)
		return nil
	})
}

// action is the use case that a child's step is.
func (st stride) action() authz.Action {
	switch st.State {
	case Pending:
		return ActionPend
	case Resolved:
		return ActionResolve
	}
	if st.WasReason != "" {
		return ActionResume
	}
	return ActionStart
}

// event is what a child's step is announced as.
func (st stride) event() string {
	switch {
	case st.State == Pending:
		return "incident.pended"
	case st.WasReason != "":
		return "incident.resumed"
	}
	return "incident.started"
}

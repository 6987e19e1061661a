package incident

import (
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// How a child belongs to its parent: as the same fault, whose state follows
// the parent's, or as a part of its work, which must be done before it.
const (
	SameFault = "same"
	PartOf    = "part"
)

// ChildRoles lists how a child may belong to its parent, in the order offered.
var ChildRoles = [...]string{SameFault, PartOf}

// attach makes the incident a child. Families are one level deep, so that there
// is no cycle, and stay out of what is confidential: a parent's cause and
// handling are copied to its children (controls §6).
func (i *Incident) attach(parent Incident, as string, hasChildren bool, now time.Time) error {
	switch {
	case parent.ID == i.ID:
		return fault.OnField("number", "constraint.incidents_not_own_parent")
	case parent.Confidential || i.Confidential:
		return fault.OnField("number", "incident.error.family_confidential")
	case parent.ParentID != nil:
		return fault.OnField("number", "incident.error.parent_is_child")
	case hasChildren:
		return fault.OnField("number", "incident.error.child_has_children")
	case !parent.State.Open():
		return fault.OnField("number", "incident.error.parent_not_open")
	case !i.State.Open() && i.State != Resolved:
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	}
	if i.ParentID == nil || *i.ParentID != parent.ID {
		i.AttachedAt = &now
	}
	i.ParentID, i.ChildAs = &parent.ID, as
	return nil
}

// leaveParent ends that the incident is a child.
func (i *Incident) leaveParent() { i.ParentID, i.ChildAs, i.AttachedAt = nil, "", nil }

// stride is what a parent's step does to its children: the state they are to
// have, and where it matters the pending reason.
type stride struct {
	State     State
	Reason    PendingReason // to wait for
	WasReason PendingReason // that the parent waited for before
}

// copies reports which step of a parent its children take too (capabilities
// 9): begun, on hold, resumed, resolved. That a parent waits for its caller
// says nothing about the callers of its children, and closing is each caller's
// own word.
func copies(before, after Incident) (stride, bool) {
	st := stride{after.State, after.PendingReason, before.PendingReason}
	if before.State == after.State && before.PendingReason == after.PendingReason {
		return st, false
	}
	switch after.State {
	case InProgress:
		return st, before.State == Accepted || before.State == Pending && before.PendingReason != OnUser
	case Pending:
		return st, after.PendingReason != OnUser
	case Resolved:
		return st, before.State.Open()
	}
	return st, false
}

// reaches reports whether a child takes the step. One that waits for something
// of its own goes on waiting.
func (st stride) reaches(child Incident) bool {
	fresh := child.State == New || child.State == Accepted
	same := child.State == Pending && child.PendingReason == st.WasReason && st.WasReason != OnUser
	switch st.State {
	case InProgress:
		return fresh || same
	case Pending:
		return fresh || child.State == InProgress || same && st.Reason != st.WasReason
	case Resolved:
		return child.State.Open()
	}
	return false
}

// take lets a child take its parent's step, but for resolving, which has rules
// of its own. Whoever nobody had looked at gets the parent's category and
// assignee.
func (i *Incident) take(st stride, by uuid.UUID, now time.Time) error {
	if i.State == New {
		if err := i.accept(by, now); err != nil {
			return err
		}
	}
	switch {
	case st.State == Pending:
		return i.pend(st.Reason)
	case i.State == Accepted:
		return i.move(MoveStart)
	}
	return i.move(MoveResume)
}

package incident

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// KindMacro is what the trail calls a macro.
const KindMacro record.Kind = "macro"

// Macro is a named set of steps that one press takes: a person's own, or a
// team's.
type Macro struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	Name      string     `db:"name" json:"name" audit:"name"`
	Steps     MacroSteps `db:"steps" json:"steps" audit:"steps"`
	OwnerID   uuid.UUID  `db:"owner_id" json:"owner_id" audit:"owner"`
	TeamID    *uuid.UUID `db:"team_id" json:"team_id" audit:"team"`
	Deleted   bool       `db:"deleted" json:"-" audit:"deleted"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
}

// MacroSteps says what a macro does. What is empty is no step; the steps are
// taken in the order of the fields, so that a ticket is classified and
// somebody's before it is accepted, and waits only once all is said.
type MacroSteps struct {
	CategoryID *uuid.UUID `json:"category_id,omitempty"`
	ServiceID  *uuid.UUID `json:"service_id,omitempty"`
	// Assign is "me", or "person" for AssigneeID.
	Assign     string        `json:"assign,omitempty" validate:"omitempty,oneof=me person"`
	AssigneeID *uuid.UUID    `json:"assignee_id,omitempty"`
	ToTeam     *uuid.UUID    `json:"to_team,omitempty"`
	Priority   int           `json:"priority,omitempty" validate:"omitempty,min=1,max=4"`
	Reason     string        `json:"priority_reason,omitempty" validate:"omitempty,text,max=500"`
	Move       Move          `json:"move,omitempty" validate:"omitempty,oneof=accept start resume"`
	Task       string        `json:"task,omitempty" validate:"omitempty,line,max=200"`
	Note       string        `json:"note,omitempty" validate:"omitempty,text,max=5000"`
	Reply      string        `json:"reply,omitempty" validate:"omitempty,text,max=5000"`
	Pend       PendingReason `json:"pend,omitempty" validate:"omitempty,oneof=user vendor parts change problem"`
}

// The steps in the order they are taken.
const (
	stepFields   = "fields"
	stepAssign   = "assign"
	stepPriority = "priority"
	stepMove     = "move"
	stepTask     = "task"
	stepNote     = "note"
	stepReply    = "reply"
	stepPend     = "pend"
)

// list names the steps that there are.
func (m MacroSteps) list() []string {
	var out []string
	add := func(yes bool, name string) {
		if yes {
			out = append(out, name)
		}
	}
	add(m.CategoryID != nil || m.ServiceID != nil, stepFields)
	add(m.Assign != "" || m.ToTeam != nil, stepAssign)
	add(m.Priority > 0, stepPriority)
	add(m.Move != "", stepMove)
	add(strings.TrimSpace(m.Task) != "", stepTask)
	add(strings.TrimSpace(m.Note) != "", stepNote)
	add(strings.TrimSpace(m.Reply) != "", stepReply)
	add(m.Pend != "", stepPend)
	return out
}

// check refuses a macro that does nothing, or that cannot be done.
func (m MacroSteps) check() error {
	switch {
	case len(m.list()) == 0:
		return fault.New(fault.Invalid, "incident.error.macro_empty")
	case (m.Assign == "person") != (m.AssigneeID != nil):
		return fault.OnField("assignee_id", "validation.required")
	case m.Priority > 0 && strings.TrimSpace(m.Reason) == "":
		return fault.OnField("priority_reason", "incident.error.priority_reason")
	}
	return nil
}

// Ref points at the macro.
func (m Macro) Ref() record.Ref { return record.Ref{Kind: KindMacro, ID: m.ID} }

// CurrentVersion counts the changes, from 1.
func (m Macro) CurrentVersion() int { return m.Version }

// Touch notes a change.
func (m *Macro) Touch(now time.Time) { m.Version++; m.UpdatedAt = now }

// Facts: an own macro is its owner's, a team's macro the team's.
func (m Macro) Facts() authz.Facts {
	if m.TeamID != nil {
		return authz.Facts{TeamID: *m.TeamID}
	}
	return authz.Facts{CreatedBy: m.OwnerID, RequesterID: m.OwnerID}
}

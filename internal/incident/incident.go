// Package incident restores service: it takes reports of something broken,
// gets them to the right people and follows them until the person who reported
// confirms that it works again (regulation 4.1).
package incident

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// Kind is the record kind of incidents.
const Kind record.Kind = "incident"

// Incident is one report of a broken service.
type Incident struct {
	ID             uuid.UUID     `db:"id"`
	Version        int           `db:"version"`
	Number         int64         `db:"number"`
	Title          string        `db:"title" audit:"title"`
	Description    string        `db:"description" audit:"description"`
	State          State         `db:"state" audit:"state"`
	PendingReason  PendingReason `db:"pending_reason" audit:"pending_reason"`
	Channel        string        `db:"channel" audit:"channel"`
	Impact         int           `db:"impact" audit:"impact"`   // 1 high … 3 low
	Urgency        int           `db:"urgency" audit:"urgency"` // 1 high … 3 low
	Priority       int           `db:"priority" audit:"priority"`
	PriorityReason string        `db:"priority_reason" audit:"priority_reason"`
	CategoryID     *uuid.UUID    `db:"category_id" audit:"category"`
	ServiceID      *uuid.UUID    `db:"service_id" audit:"service"`
	Location       string        `db:"location" audit:"location"`
	Device         string        `db:"device" audit:"device"`
	RequesterID    uuid.UUID     `db:"requester_id" audit:"requester"`
	CreatedBy      uuid.UUID     `db:"created_by" audit:"created_by"`
	DepartmentID   *uuid.UUID    `db:"department_id" audit:"department"`
	TeamID         *uuid.UUID    `db:"team_id" audit:"team"`
	AssigneeID     *uuid.UUID    `db:"assignee_id" audit:"assignee"`
	Confidential   bool          `db:"confidential" audit:"confidential"`
	ResolutionCode string        `db:"resolution_code" audit:"resolution_code"`
	Cause          string        `db:"cause" audit:"cause"`
	Process        string        `db:"process" audit:"process"`
	CancelReason   string        `db:"cancel_reason" audit:"cancel_reason"`
	ReopenCount    int           `db:"reopen_count" audit:"reopen_count"`
	ReportedAt     time.Time     `db:"reported_at" audit:"reported_at"`
	RespondedAt    *time.Time    `db:"responded_at" audit:"responded_at"`
	ResolvedAt     *time.Time    `db:"resolved_at" audit:"resolved_at"`
	ResolvedBy     *uuid.UUID    `db:"resolved_by" audit:"resolved_by"`
	ClosedAt       *time.Time    `db:"closed_at" audit:"closed_at"`
	ClosedBy       *uuid.UUID    `db:"closed_by" audit:"closed_by"`
	ReopenedAt     *time.Time    `db:"reopened_at" audit:"reopened_at"`
	ReopenedBy     *uuid.UUID    `db:"reopened_by" audit:"reopened_by"`
	AutoCloseAt    *time.Time    `db:"auto_close_at"`
	Major          string        `db:"major" audit:"major"` // "", proposed, declared, ended
	ParentID       *uuid.UUID    `db:"parent_id"`           // the trail has its number
	ChildAs        string        `db:"child_as" audit:"child_as"`
	AttachedAt     *time.Time    `db:"attached_at"`
	Source         string        `db:"source" audit:"source"`
	SourceKey      string        `db:"source_key" audit:"source_key"`
	CreatedAt      time.Time     `db:"created_at"`
	UpdatedAt      time.Time     `db:"updated_at"`
}

// Ref points at the incident.
func (i Incident) Ref() record.Ref { return record.Ref{Kind: Kind, ID: i.ID} }

// CurrentVersion counts the changes to the incident, from 1.
func (i Incident) CurrentVersion() int { return i.Version }

// Touch notes a change.
func (i *Incident) Touch(now time.Time) { i.Version++; i.UpdatedAt = now }

// Label is the number people use, such as INC-000123.
func (i Incident) Label() string { return Label(i.Number) }

// Label writes a number the way people use it.
func Label(n int64) string { return fmt.Sprintf("INC-%06d", n) }

// ParseLabel reads a number as people type it: INC-000123, inc123, 123. Where
// words may be meant too, a bare number is one of them (queue.Spec).
func ParseLabel(s string) (int64, bool) {
	s = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "#")
	if rest, ok := strings.CutPrefix(s, "INC"); ok {
		s = strings.TrimLeft(rest, "- ")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0 && n < 1e15
}

// Entry is the incident's line in the register.
func (i Incident) Entry() record.Entry {
	e := record.Entry{
		ID: i.ID, Kind: Kind, Number: i.Label(), Title: i.Title, State: string(i.State), Category: i.State.Category(), Priority: i.Priority,
		RequesterID: &i.RequesterID, CreatedBy: i.CreatedBy, AssigneeID: i.AssigneeID, TeamID: i.TeamID, DepartmentID: i.DepartmentID,
		ServiceID: i.ServiceID, Confidential: i.Confidential, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, ClosedAt: i.ClosedAt,
	}
	return e
}

// doc is what the incident is found by, for everybody who may read it.
func (i Incident) doc() search.Doc {
	return search.Doc{ID: i.ID, Week: search.Week(Kind, i.UpdatedAt), Title: i.Title, Texts: []string{i.Label(), i.Description, i.Location, i.Device, i.Cause, i.Process}}
}

// move takes one step of the state machine and clears what the old state held.
func (i *Incident) move(m Move) error {
	to, err := i.State.Next(m)
	if err != nil {
		return err
	}
	i.State, i.PendingReason = to, ""
	return nil
}

// accept is the first response: an engineer has read the report, knows what it
// is about and takes it on. Regulation 4.1 asks for a classification here.
func (i *Incident) accept(by uuid.UUID, at time.Time) error {
	if !i.State.Offers(MoveAccept) {
		return i.move(MoveAccept)
	}
	if i.CategoryID == nil {
		return fault.OnField("category_id", "incident.error.unclassified")
	}
	if i.RespondedAt == nil {
		at := latest(at, i.ReportedAt)
		i.RespondedAt = &at
	}
	if i.AssigneeID == nil {
		i.AssigneeID = &by
	}
	return i.move(MoveAccept)
}

// pend stops the work for a reason outside the team.
func (i *Incident) pend(reason PendingReason) error {
	if i.State == Pending && i.PendingReason != reason {
		i.PendingReason = reason // still waiting, for something else
		return nil
	}
	if err := i.move(MovePend); err != nil {
		return err
	}
	i.PendingReason = reason
	return nil
}

// Resolution is what regulation 4.1 asks to be recorded: how it ended, the
// cause, and how it was handled.
type Resolution struct {
	Code    string
	Cause   string
	Process string
}

// resolve ends the work. Accepting is implied where an engineer solves at once
// what nobody had accepted yet.
func (i *Incident) resolve(r Resolution, by uuid.UUID, at, autoClose time.Time) error {
	if i.State == New {
		if err := i.accept(by, at); err != nil {
			return err
		}
	}
	if err := i.move(MoveResolve); err != nil {
		return err
	}
	at = latest(at, i.ReportedAt)
	i.ResolutionCode, i.Cause, i.Process = r.Code, r.Cause, r.Process
	i.ResolvedAt, i.ResolvedBy, i.AutoCloseAt = &at, &by, &autoClose
	return nil
}

// close ends the life: the requester confirmed, or said nothing long enough.
func (i *Incident) close(m Move, by uuid.UUID, at time.Time) error {
	if err := i.move(m); err != nil {
		return err
	}
	if i.ResolvedAt != nil {
		at = latest(at, *i.ResolvedAt)
	}
	i.ClosedAt, i.ClosedBy, i.AutoCloseAt = &at, &by, nil
	return nil
}

// reopen takes the incident back to work because it was not solved after all.
// The resolution stays on record in the trail.
func (i *Incident) reopen(m Move, by uuid.UUID, at time.Time) error {
	if err := i.move(m); err != nil {
		return err
	}
	i.ReopenCount++
	i.ReopenedAt, i.ReopenedBy = &at, &by
	i.ClosedAt, i.ClosedBy, i.ResolvedAt, i.ResolvedBy, i.AutoCloseAt = nil, nil, nil, nil, nil
	i.ResolutionCode, i.Cause, i.Process = "", "", ""
	return nil
}

// cancel ends an incident that should not have been opened.
func (i *Incident) cancel(reason string) error {
	if err := i.move(MoveCancel); err != nil {
		return err
	}
	i.CancelReason = reason
	return nil
}

// assign hands an open incident to a person, a team, or both. The team keeps
// the incident when only the person changes.
func (i *Incident) assign(person, team *uuid.UUID) error {
	if !i.State.Open() {
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	}
	i.AssigneeID, i.TeamID = person, team
	return nil
}

// override sets a priority other than the matrix gives; that needs a reason.
func (i *Incident) override(priority, computed int, reason string) error {
	if !i.State.Open() {
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	}
	if priority != computed && strings.TrimSpace(reason) == "" {
		return fault.OnField("reason", "incident.error.priority_reason")
	}
	i.Priority, i.PriorityReason = priority, reason
	if priority == computed {
		i.PriorityReason = ""
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

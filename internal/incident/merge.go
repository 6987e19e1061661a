package incident

import (
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// unmergeFor is for how long a merge can be undone (capabilities 8).
const unmergeFor = 7 * 24 * time.Hour

// Merge is how one incident went into another.
type Merge struct {
	ID               uuid.UUID  `db:"id"`
	SourceID         uuid.UUID  `db:"source_id"`
	TargetID         uuid.UUID  `db:"target_id"`
	Before           wasBefore  `db:"source_before"`
	TargetReportedAt time.Time  `db:"target_reported_at"`
	TargetCreatedAt  time.Time  `db:"target_created_at"`
	Moved            movedAll   `db:"moved"`
	MergedBy         uuid.UUID  `db:"merged_by"`
	MergedAt         time.Time  `db:"merged_at"`
	UndoneBy         *uuid.UUID `db:"undone_by"`
	UndoneAt         *time.Time `db:"undone_at"`
}

// wasBefore is what a merge changes of the incident that goes.
type wasBefore struct {
	State         State         `json:"state"`
	PendingReason PendingReason `json:"pending_reason"`
	ParentID      *uuid.UUID    `json:"parent_id"`
	ChildAs       string        `json:"child_as"`
	AttachedAt    *time.Time    `json:"attached_at"`
}

// movedAll is what went from one incident to the other, and what was added to
// the other because the one had it.
type movedAll struct {
	comment.Moved
	Files    []uuid.UUID   `json:"files"`
	Tasks    []movedTask   `json:"tasks"`
	Watchers []uuid.UUID   `json:"watchers"`
	Links    []record.Line `json:"links"`
}

type movedTask struct {
	ID       uuid.UUID `json:"id" db:"id"`
	Position int       `json:"position" db:"position"`
}

// mergeable says why i cannot go into t; nil if it can. Both must be open: what
// is closed is archived, and what is resolved waits for its requester's word.
func (i Incident) mergeable(t Incident, hasChildren bool) *fault.Error {
	switch {
	case t.ID == i.ID:
		return fault.OnField("number", "incident.error.merge_self")
	case i.State == Merged:
		return fault.New(fault.Conflict, "incident.error.merged")
	case !i.State.Open():
		return fault.New(fault.Conflict, "incident.error.not_open", "state", string(i.State))
	case t.State == Merged:
		return fault.OnField("number", "incident.error.merge_tombstone")
	case !t.State.Open():
		return fault.OnField("number", "incident.error.merge_not_open")
	case i.Confidential != t.Confidential:
		return fault.OnField("number", "incident.error.merge_confidential")
	case i.Major == Declared || i.Major == Proposed:
		return fault.New(fault.Conflict, "incident.error.merge_major")
	case hasChildren:
		return fault.New(fault.Conflict, "incident.error.merge_parent")
	}
	return nil
}

// merge makes the incident a tombstone and returns what it was.
func (i *Incident) merge() (wasBefore, error) {
	was := wasBefore{i.State, i.PendingReason, i.ParentID, i.ChildAs, i.AttachedAt}
	if err := i.move(MoveMerge); err != nil {
		return was, err
	}
	i.leaveParent() // a tombstone follows nobody's steps
	return was, nil
}

// absorb keeps the earlier of two reports' times: the requesters' clock began
// with the first.
func (i *Incident) absorb(from Incident) {
	i.ReportedAt, i.CreatedAt = earliest(i.ReportedAt, from.ReportedAt), earliest(i.CreatedAt, from.CreatedAt)
}

// unmerge makes the tombstone what it was. It is the one step that the machine
// does not know: where it leads is what the merge kept.
func (i *Incident) unmerge(was wasBefore) error {
	if i.State != Merged {
		return fault.New(fault.Conflict, "incident.error.not_merged", "state", string(i.State))
	}
	i.State, i.PendingReason = was.State, was.PendingReason
	i.ParentID, i.ChildAs, i.AttachedAt = was.ParentID, was.ChildAs, was.AttachedAt
	return nil
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

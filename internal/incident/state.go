package incident

import (
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// State is where an incident stands in its life (capabilities, state
// machines; regulation 4.1).
type State string

// The states.
const (
	New        State = "new"
	Accepted   State = "accepted"
	InProgress State = "in_progress"
	Pending    State = "pending"
	Resolved   State = "resolved"
	Closed     State = "closed"
	Cancelled  State = "cancelled"
	Merged     State = "merged" // a tombstone: it leads to another incident
)

// States lists every state in the order of a life.
var States = [...]State{New, Accepted, InProgress, Pending, Resolved, Closed, Cancelled, Merged}

var categories = map[State]record.Category{
	New: record.New, Accepted: record.Active, InProgress: record.Active, Pending: record.Pending,
	Resolved: record.Resolved, Closed: record.Closed, Cancelled: record.Cancelled, Merged: record.Cancelled,
}

// Category is what the state means across practices.
func (s State) Category() record.Category { return categories[s] }

// Open reports whether somebody still owes work.
func (s State) Open() bool { return s.Category().Open() }

// Move is a step of the state machine.
type Move string

// The moves.
const (
	MoveAccept  Move = "accept"
	MoveStart   Move = "start"
	MovePend    Move = "pend"
	MoveResume  Move = "resume"
	MoveResolve Move = "resolve"
	MoveConfirm Move = "confirm"
	MoveClose   Move = "auto_close"
	MoveReject  Move = "reject"
	MoveReopen  Move = "reopen"
	MoveCancel  Move = "cancel"
	MoveMerge   Move = "merge"
)

// Moves lists every move.
var Moves = [...]Move{MoveAccept, MoveStart, MovePend, MoveResume, MoveResolve, MoveConfirm, MoveClose, MoveReject, MoveReopen, MoveCancel, MoveMerge}

// machine is the whole life. Pages, API, jobs and imports all pass through it;
// a pair that is not here is refused, whoever asks.
var machine = map[State]map[Move]State{
	New:        {MoveAccept: Accepted, MoveCancel: Cancelled, MoveMerge: Merged},
	Accepted:   {MoveStart: InProgress, MovePend: Pending, MoveResolve: Resolved, MoveCancel: Cancelled, MoveMerge: Merged},
	InProgress: {MovePend: Pending, MoveResolve: Resolved, MoveMerge: Merged},
	Pending:    {MoveResume: InProgress, MoveResolve: Resolved, MoveMerge: Merged},
	Resolved:   {MoveConfirm: Closed, MoveClose: Closed, MoveReject: InProgress, MoveReopen: InProgress},
	Closed:     {MoveReopen: InProgress},
}

// Next is the state that a move leads to, or a Conflict fault that names both.
func (s State) Next(m Move) (State, error) {
	if to, ok := machine[s][m]; ok {
		return to, nil
	}
	return s, fault.New(fault.Conflict, "incident.error.illegal."+string(m), "state", string(s))
}

// Offers reports whether the move is legal from the state.
func (s State) Offers(m Move) bool { _, ok := machine[s][m]; return ok }

// PendingReason says for whom or what an incident waits.
type PendingReason string

// The pending reasons.
const (
	OnUser    PendingReason = "user"
	OnVendor  PendingReason = "vendor"
	OnParts   PendingReason = "parts"
	OnChange  PendingReason = "change"
	OnProblem PendingReason = "problem"
)

// PendingReasons lists the reasons in the order they are offered.
var PendingReasons = [...]PendingReason{OnUser, OnVendor, OnParts, OnChange, OnProblem}

// ResolutionCodes say how an incident ended, in the order they are offered.
var ResolutionCodes = [...]string{"fixed", "workaround", "guidance", "replaced", "external", "not_reproducible", "no_fault", "other"}

// CancelReasons lists why an incident may be cancelled.
var CancelReasons = [...]string{"duplicate", "false_alarm", "withdrawn"}

// Channels lists how reports arrive (regulation 4.1: designated channels).
var Channels = [...]string{"portal", "phone", "api", "mail", "walk_in", "import"}

package servicerequest

import (
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// State is where a request stands in its life (capabilities, state machines;
// regulation 4.3).
type State string

// The states.
const (
	Draft      State = "draft"
	Sent       State = "submitted"
	Approving  State = "approving"
	Approved   State = "approved"
	Fulfilling State = "fulfilling"
	Pending    State = "pending"
	Fulfilled  State = "fulfilled"
	Closed     State = "closed"
	Rejected   State = "rejected"
	Cancelled  State = "cancelled"
)

// States lists every state in the order of a life.
var States = [...]State{Draft, Sent, Approving, Approved, Fulfilling, Pending, Fulfilled, Closed, Rejected, Cancelled}

var categories = map[State]record.Category{
	Draft: record.New, Sent: record.New, Approving: record.Active, Approved: record.Active, Fulfilling: record.Active, Pending: record.Pending,
	Fulfilled: record.Resolved, Closed: record.Closed, Rejected: record.Cancelled, Cancelled: record.Cancelled,
}

// Category is what the state means across practices.
func (s State) Category() record.Category { return categories[s] }

// Open reports whether somebody still owes work.
func (s State) Open() bool { return s.Category().Open() }

// Move is a step of the state machine.
type Move string

// The moves.
const (
	MoveSubmit  Move = "submit"
	MoveAsk     Move = "ask"     // approvals begin
	MoveWaive   Move = "waive"   // none is asked for
	MoveApprove Move = "approve" // all approvals are given
	MoveRevise  Move = "revise"  // back to the requester, to be changed
	MoveStart   Move = "start"
	MovePend    Move = "pend"
	MoveResume  Move = "resume"
	MoveDeliver Move = "deliver"
	MoveConfirm Move = "confirm"
	MoveClose   Move = "auto_close"
	MoveReturn  Move = "return" // what was delivered is not what was asked for
	MoveReopen  Move = "reopen"
	MoveReject  Move = "reject"
	MoveCancel  Move = "cancel"
)

// Moves lists every move.
var Moves = [...]Move{MoveSubmit, MoveAsk, MoveWaive, MoveApprove, MoveRevise, MoveStart, MovePend, MoveResume, MoveDeliver, MoveConfirm, MoveClose, MoveReturn, MoveReopen, MoveReject, MoveCancel}

// machine is the whole life. A pair that is not here is refused, whoever asks:
// no request is fulfilled before it is approved (REQ-01).
var machine = map[State]map[Move]State{
	Draft:      {MoveSubmit: Sent, MoveCancel: Cancelled},
	Sent:       {MoveAsk: Approving, MoveWaive: Approved, MoveReject: Rejected, MoveCancel: Cancelled},
	Approving:  {MoveApprove: Approved, MoveRevise: Draft, MoveReject: Rejected, MoveCancel: Cancelled},
	Approved:   {MoveStart: Fulfilling, MoveReject: Rejected, MoveCancel: Cancelled},
	Fulfilling: {MovePend: Pending, MoveDeliver: Fulfilled, MoveReject: Rejected},
	Pending:    {MoveResume: Fulfilling, MoveReject: Rejected},
	Fulfilled:  {MoveConfirm: Closed, MoveClose: Closed, MoveReturn: Fulfilling},
	Closed:     {MoveReopen: Fulfilling},
}

// Next is the state that a move leads to, or a Conflict fault that names both.
func (s State) Next(m Move) (State, error) {
	if to, ok := machine[s][m]; ok {
		return to, nil
	}
	return s, fault.New(fault.Conflict, "servicerequest.error.illegal."+string(m), "state", string(s))
}

// Offers reports whether the move is legal from the state.
func (s State) Offers(m Move) bool { _, ok := machine[s][m]; return ok }

// PendingReason says for whom or what a request waits.
type PendingReason string

// The pending reasons.
const (
	OnUser   PendingReason = "user"
	OnVendor PendingReason = "vendor"
	OnParts  PendingReason = "parts"
	OnChange PendingReason = "change"
)

// PendingReasons lists the reasons in the order they are offered.
var PendingReasons = [...]PendingReason{OnUser, OnVendor, OnParts, OnChange}

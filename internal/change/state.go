package change

import (
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// State is where a change stands in its life (regulation 4.2).
type State string

// The states.
const (
	Draft        State = "draft"
	Submitted    State = "submitted"
	Assessing    State = "assessing"
	Testing      State = "testing"
	Reviewing    State = "reviewing"
	Approved     State = "approved"
	Scheduled    State = "scheduled"
	Implementing State = "implementing"
	RollingBack  State = "rolling_back"
	Verifying    State = "verifying"
	Review       State = "review" // post-implementation review
	Closed       State = "closed"
	Cancelled    State = "cancelled"
)

// States lists every state in the order of a life.
var States = [...]State{Draft, Submitted, Assessing, Testing, Reviewing, Approved, Scheduled, Implementing, RollingBack, Verifying, Review, Closed, Cancelled}

var categories = map[State]record.Category{
	Draft: record.New, Submitted: record.New, Assessing: record.Active, Testing: record.Active, Reviewing: record.Active, Approved: record.Active, Scheduled: record.Active,
	Implementing: record.Active, RollingBack: record.Active, Verifying: record.Active, Review: record.Resolved, Closed: record.Closed, Cancelled: record.Cancelled,
}

// Category is what the state means across practices.
func (s State) Category() record.Category { return categories[s] }

// Planned reports whether nothing was done yet: the plan may still be changed.
func (s State) Planned() bool {
	switch s {
	case Draft, Submitted, Assessing, Testing, Reviewing, Approved, Scheduled:
		return true
	}
	return false
}

// asked reports whether the review of the plan was asked for, or given.
func (s State) asked() bool { return s == Reviewing || s == Approved || s == Scheduled }

// Running reports whether somebody is at the systems.
func (s State) Running() bool { return s == Implementing || s == RollingBack }

// Ended reports whether nothing can happen any more.
func (s State) Ended() bool { return s == Closed || s == Cancelled }

// Move is a step of the state machine.
type Move string

// The moves.
const (
	MoveSubmit   Move = "submit"
	MoveAssess   Move = "assess"   // the risk is assessed
	MoveTest     Move = "test"     // a result of the test is noted
	MoveAsk      Move = "ask"      // the review begins
	MoveApprove  Move = "approve"  // every approval is given
	MoveReject   Move = "reject"   // back to the draft, with reasons
	MoveReturn   Move = "return"   // back to the draft before any review
	MoveVoid     Move = "void"     // the plan is not the approved one any more
	MoveSchedule Move = "schedule" // the window is booked
	MoveStart    Move = "start"
	MoveRollBack Move = "roll_back"
	MoveFinish   Move = "finish" // every step is closed
	MoveVerify   Move = "verify" // somebody else saw that it works
	MoveClose    Move = "close"
	MoveCancel   Move = "cancel"
	MoveBreak    Move = "break_glass" // begins without what a gate asks for
)

// Moves lists every move.
var Moves = [...]Move{
	MoveSubmit, MoveAssess, MoveTest, MoveAsk, MoveApprove, MoveReject, MoveReturn, MoveVoid, MoveSchedule, MoveStart, MoveRollBack, MoveFinish, MoveVerify, MoveClose,
	MoveCancel, MoveBreak,
}

// machine is the life of a normal change. A pair that is not here is refused,
// whoever asks.
var machine = map[State]map[Move]State{
	Draft:        {MoveSubmit: Submitted, MoveCancel: Cancelled, MoveBreak: Implementing},
	Submitted:    {MoveAssess: Testing, MoveReturn: Draft, MoveCancel: Cancelled, MoveBreak: Implementing},
	Assessing:    {MoveAssess: Testing, MoveReturn: Draft, MoveCancel: Cancelled, MoveBreak: Implementing},
	Testing:      {MoveTest: Testing, MoveAssess: Testing, MoveAsk: Reviewing, MoveReturn: Draft, MoveCancel: Cancelled, MoveBreak: Implementing},
	Reviewing:    {MoveApprove: Approved, MoveReject: Draft, MoveVoid: Assessing, MoveCancel: Cancelled, MoveBreak: Implementing},
	Approved:     {MoveSchedule: Scheduled, MoveVoid: Assessing, MoveCancel: Cancelled, MoveBreak: Implementing},
	Scheduled:    {MoveStart: Implementing, MoveVoid: Assessing, MoveCancel: Cancelled, MoveBreak: Implementing},
	Implementing: {MoveFinish: Verifying, MoveRollBack: RollingBack},
	RollingBack:  {MoveFinish: Verifying},
	Verifying:    {MoveRollBack: RollingBack, MoveVerify: Review},
	Review:       {MoveClose: Closed},
}

// short are the ways by which emergencies and standard changes differ: an
// emergency is authorised by one person before and reviewed after, a standard
// change was approved with its template.
var short = map[Type]map[State]map[Move]State{
	Emergency: {
		Submitted: {MoveAsk: Reviewing},
		Reviewing: {MoveVoid: Submitted},
		Approved:  {MoveVoid: Submitted},
		Scheduled: {MoveVoid: Submitted},
	},
	Standard: {
		Draft:     {MoveSubmit: Approved},
		Approved:  {MoveVoid: Draft},
		Scheduled: {MoveVoid: Draft},
	},
}

// next is the state that a move leads to for a type of change.
func next(t Type, s State, m Move) (State, bool) {
	if to, ok := short[t][s][m]; ok {
		return to, true
	}
	to, ok := machine[s][m]
	return to, ok
}

func illegal(s State, m Move) error {
	return fault.New(fault.Conflict, "change.error.illegal", "move", string(m), "state", string(s))
}

// errBack: a change that went back was not a success.
var errBack = fault.OnField("result", "change.error.went_back")

package approval

import (
	"errors"
	"slices"

	"github.com/google/uuid"
)

// Mode is how many of those who are asked must agree.
type Mode string

// The modes. Shares count the people who may still vote: who was left out, or
// steps aside, is not among them.
const (
	All      Mode = "all"
	Any      Mode = "any"
	Count    Mode = "count"    // N of them
	Percent  Mode = "percent"  // N percent, rounded up
	Majority Mode = "majority" // more than half; a tie is decided by the chair
)

// Rule is how a step is decided.
type Rule struct {
	Mode Mode `json:"mode"`
	// N is the number of votes for Count and the percentage for Percent.
	N int `json:"n,omitempty"`
	// RejectAny makes one rejection reject the step, whatever the mode. Without
	// it a step is rejected once it cannot be approved any more.
	RejectAny bool `json:"reject_any,omitempty"`
	// Attendance is how many must have voted before the step can be approved.
	Attendance int `json:"attendance,omitempty"`
	// AttendGroup makes Attendance count the members of that group only, from 1;
	// 0: all who are asked.
	AttendGroup int `json:"attend_group,omitempty"`
	// Groups is how many groups must each be heard, such as the mandatory roles
	// of a board; seats say which groups they belong to.
	Groups int `json:"groups,omitempty"`
	// Vetoes is how many groups must each agree: one of its members approves,
	// and none rejects.
	Vetoes int `json:"vetoes,omitempty"`
	// BackTo is the step, counted from 1, that a rejection leads back to; 0 ends
	// the process and leads back to the draft.
	BackTo int `json:"back_to,omitempty"`
}

// Kind is what an entry of the log says.
type Kind string

// The kinds of entries. The first three are votes: one per seat.
const (
	Approve  Kind = "approve"
	Reject   Kind = "reject"
	Recuse   Kind = "recuse"   // steps aside: counts neither way
	Opened   Kind = "opened"   // a step was opened with its seats
	Joined   Kind = "joined"   // seats were added: stand-ins for who is missing (S12)
	Ask      Kind = "ask"      // a question to who asks for approval
	Answer   Kind = "answer"   // answers all open questions
	Hold     Kind = "hold"     // nobody is waited for
	Release  Kind = "release"  // those who have not voted are waited for again
	Withdraw Kind = "withdraw" // taken back by who asked
	Void     Kind = "void"     // what was to be approved has changed
	// Of these the engine only keeps the order.
	Delegate  Kind = "delegate"
	Reminded  Kind = "reminded"
	Escalated Kind = "escalated"
)

// Seat is the place of one person in one opening of a step.
type Seat struct {
	ID     uuid.UUID `db:"id"`
	Person uuid.UUID `db:"person_id"`
	Chair  bool      `db:"chair"`
	Groups []int     `db:"groups"`
	Vetoes []int     `db:"vetoes"`
}

// Entry is one line of the log.
type Entry struct {
	Kind  Kind
	Seat  uuid.UUID // of votes and questions
	Seats []Seat    // of openings and joinings
	// To is where a rejection leads if it decides the step: to a step up to the
	// running one, counted from 1, or ToRequester; 0 as the rule says.
	To int
}

// ToRequester sends what is asked for back to be changed: the process ends and
// is opened anew once it is sent again.
const ToRequester = -1

// Status is where a process stands.
type Status string

// The states of a process.
const (
	Open      Status = "open"
	Held      Status = "held"
	Approved  Status = "approved"
	Rejected  Status = "rejected"
	Returned  Status = "returned" // to its requester, to be changed
	Withdrawn Status = "withdrawn"
	Voided    Status = "void"
)

// Ended reports whether nothing more can happen.
func (s Status) Ended() bool { return s != Open && s != Held }

// Place is a seat and what its holder did.
type Place struct {
	Seat
	Vote  Kind // Approve, Reject, Recuse, or "" while waiting
	Asked bool // has a question open
}

// State is what a log comes to.
type State struct {
	Status Status
	// Step counts from 1; Round counts the openings, so that a step which is
	// opened again is another round.
	Step, Round int
	// Opening: the step waits to be opened with its seats.
	Opening bool
	Places  []Place // of the running round
	// Missing is whom the step cannot do without and does not have.
	Missing Missing

	to int // where the latest rejection of the running round wants to lead
}

// Missing says what stands in the way of any decision.
type Missing struct {
	Seats  int   // people, at least this many
	Groups []int // one of them for these groups
	Vetoes []int // and for these, with a veto
	Attend int   // how many of them for the group whose attendance counts
}

// Any reports whether something is missing.
func (m Missing) Any() bool { return m.Seats > 0 }

// Why an entry cannot follow.
var (
	ErrEnded   = errors.New("the process has ended")
	ErrHeld    = errors.New("the process is on hold")
	ErrNotSeat = errors.New("the seat is not in the running round")
	ErrVoted   = errors.New("the seat has voted")
	ErrOrder   = errors.New("the entry does not fit the state")
)

// Evaluate replays a log from the beginning: the state is a function of the
// rules and the log and of nothing else.
func Evaluate(rules []Rule, log []Entry) (State, error) {
	s := State{Status: Open, Step: 1, Opening: true}
	for _, e := range log {
		if err := s.apply(rules, e); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Next is the state after one more entry, or why there cannot be that entry.
func (s State) Next(rules []Rule, e Entry) (State, error) {
	s.Places = append([]Place(nil), s.Places...)
	err := s.apply(rules, e)
	return s, err
}

func (s *State) apply(rules []Rule, e Entry) error {
	if e.Kind == Delegate || e.Kind == Reminded || e.Kind == Escalated {
		return nil
	}
	if s.Status.Ended() {
		return ErrEnded
	}
	switch e.Kind {
	case Withdraw:
		s.Status = Withdrawn
		return nil
	case Void:
		s.Status = Voided
		return nil
	case Hold, Release:
		return s.pause(e.Kind)
	case Opened, Joined:
		return s.seat(rules, e)
	case Answer:
		for i := range s.Places {
			s.Places[i].Asked = false
		}
		return nil
	}
	p, err := s.place(e.Seat)
	if err != nil {
		return err
	}
	if e.Kind == Ask {
		p.Asked = true
		return nil
	}
	if e.To < ToRequester || e.To > s.Step || e.To != 0 && e.Kind != Reject {
		return ErrOrder
	}
	if p.Vote, p.Asked = e.Kind, false; e.Kind == Reject {
		s.to = e.To
	}
	s.settle(rules)
	return nil
}

func (s *State) pause(k Kind) error {
	want, then := Open, Held
	if k == Release {
		want, then = Held, Open
	}
	if s.Status != want {
		return ErrOrder
	}
	s.Status = then
	return nil
}

func (s *State) seat(rules []Rule, e Entry) error {
	if e.Kind == Opened != s.Opening {
		return ErrOrder
	}
	if e.Kind == Opened {
		s.Opening, s.Places, s.to = false, nil, 0
		s.Round++
	}
	for _, x := range e.Seats {
		s.Places = append(s.Places, Place{Seat: x})
	}
	s.settle(rules)
	return nil
}

// place is the seat of somebody who may act now.
func (s *State) place(id uuid.UUID) (*Place, error) {
	if s.Status == Held {
		return nil, ErrHeld
	}
	if s.Opening {
		return nil, ErrOrder
	}
	for i := range s.Places {
		if p := &s.Places[i]; p.ID == id {
			if p.Vote != "" {
				return nil, ErrVoted
			}
			return p, nil
		}
	}
	return nil, ErrNotSeat
}

// settle moves on if the running step is decided. No step can be passed over:
// this is the only place that raises Step, and by one.
func (s *State) settle(rules []Rule) {
	r := rules[s.Step-1]
	t := count(r, s.Places)
	s.Missing = t.missing
	switch {
	case t.refused():
		s.Missing = Missing{}
		s.refuse(r)
	case t.granted():
		if s.Step == len(rules) {
			s.Status = Approved
			return
		}
		s.Step++
		s.Opening = true
	}
}

// refuse leads where the latest rejection wants to, or where the rule does.
func (s *State) refuse(r Rule) {
	to := s.to
	if to == 0 {
		to = r.BackTo
	}
	switch to {
	case 0:
		s.Status = Rejected
	case ToRequester:
		s.Status = Returned
	default:
		s.Step, s.Opening = to, true
	}
}

// Waiting lists the seats that are waited for.
func (s State) Waiting() []Place {
	if s.Status != Open || s.Opening {
		return nil
	}
	var out []Place
	for _, p := range s.Places {
		if p.Vote == "" {
			out = append(out, p)
		}
	}
	return out
}

// Tally is how a step stands: for pages.
type Tally struct {
	Seats, Approvals, Rejections, Waiting, Need int
	attending, attended                         int // seats whose attendance counts, and those that voted
	rule                                        Rule
	missing                                     Missing
	chair                                       Kind // the chair's vote; Recuse also where there is none
	groups, vetoes                              map[int]voices
}

// voices is what the members of a group said.
type voices struct {
	there, heard, yes, no bool
}

func (v voices) with(vote Kind) voices {
	return voices{true, v.heard || vote != "", v.yes || vote == Approve, v.no || vote == Reject}
}

// Tally counts the running round.
func (s State) Tally(rules []Rule) Tally { return count(rules[s.Step-1], s.Places) }

func count(r Rule, places []Place) Tally {
	t := Tally{rule: r, chair: Recuse, groups: map[int]voices{}, vetoes: map[int]voices{}}
	for _, p := range places {
		if p.Vote != Recuse {
			t.add(p)
		}
	}
	t.Need = need(r, t.Seats)
	t.missing = Missing{
		Seats: max(t.Need-t.Seats, r.Attendance-t.attending, 1-t.Seats, 0), Attend: max(r.Attendance-t.attending, 0), Groups: absent(t.groups, r.Groups), Vetoes: absent(t.vetoes, r.Vetoes),
	}
	if len(t.missing.Groups)+len(t.missing.Vetoes) > 0 {
		t.missing.Seats = max(t.missing.Seats, 1)
	}
	return t
}

func absent(m map[int]voices, n int) []int {
	var out []int
	for g := range n {
		if !m[g].there {
			out = append(out, g)
		}
	}
	return out
}

func (t *Tally) add(p Place) {
	t.Seats++
	if g := t.rule.AttendGroup; g == 0 || slices.Contains(p.Groups, g-1) {
		t.attending++
		if p.Vote != "" {
			t.attended++
		}
	}
	switch p.Vote {
	case Approve:
		t.Approvals++
	case Reject:
		t.Rejections++
	default:
		t.Waiting++
	}
	for _, g := range p.Groups {
		t.groups[g] = t.groups[g].with(p.Vote)
	}
	for _, g := range p.Vetoes {
		t.vetoes[g] = t.vetoes[g].with(p.Vote)
	}
	if p.Chair {
		t.chair = p.Vote
	}
}

func need(r Rule, seats int) int {
	switch r.Mode {
	case Any:
		return 1
	case Count:
		return r.N
	case Percent:
		return (r.N*seats + 99) / 100
	case Majority:
		return seats/2 + 1
	}
	return seats
}

// granted reports whether the step is approved, whatever those who are still
// waited for would say.
func (t Tally) granted() bool {
	if t.missing.Any() || t.attended < t.rule.Attendance {
		return false
	}
	for g := range t.rule.Groups {
		if !t.groups[g].heard {
			return false
		}
	}
	for g := range t.rule.Vetoes {
		if !t.vetoes[g].yes {
			return false
		}
	}
	return t.Approvals >= t.Need || t.tied(t.Approvals) && t.Waiting == 0 && t.chair == Approve
}

// refused reports whether no votes could approve the step any more, stand-ins
// for who is missing included.
func (t Tally) refused() bool {
	if t.rule.RejectAny && t.Rejections > 0 {
		return true
	}
	for _, v := range t.vetoes {
		if v.no {
			return true
		}
	}
	best := t.Approvals + t.Waiting + t.missing.Seats
	if best >= need(t.rule, t.Seats+t.missing.Seats) {
		return false
	}
	return !t.tied(best) || t.missing.Seats > 0 || t.chair != Approve && t.chair != ""
}

// tied reports whether so many approvals are half of the votes.
func (t Tally) tied(approvals int) bool {
	return t.rule.Mode == Majority && approvals > 0 && 2*approvals == t.Seats
}

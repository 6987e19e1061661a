package approval

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// The reference model knows nothing of tallies. A step is approved when its
// rule holds now and would hold whatever the rest say that may matter; it is
// rejected when no way of completing the votes approves it. Both are found by
// trying every completion.

// holds says whether votes that are all cast approve a step, in words.
func holds(r Rule, seats []Seat, votes []Kind) bool {
	var present, yes, no, attended int
	heard, agreed := map[int]bool{}, map[int]bool{}
	chair := Recuse
	for i, s := range seats {
		switch votes[i] {
		case Recuse, "":
			if votes[i] == "" {
				present++
			}
			continue
		case Approve:
			yes++
		case Reject:
			no++
		}
		present++
		if r.AttendGroup == 0 || slices.Contains(s.Groups, r.AttendGroup-1) {
			attended++
		}
		for _, g := range s.Groups {
			heard[g] = true
		}
		for _, g := range s.Vetoes {
			if votes[i] == Reject {
				return false
			}
			agreed[g] = true
		}
		if s.Chair {
			chair = votes[i]
		}
	}
	if present == 0 || attended < r.Attendance || len(heard) < r.Groups || len(agreed) < r.Vetoes || r.RejectAny && no > 0 {
		return false
	}
	switch r.Mode {
	case All:
		return yes == present
	case Any:
		return yes > 0
	case Count:
		return yes >= r.N
	case Percent:
		return float64(yes) >= float64(r.N)/100*float64(present)-1e-9
	case Majority:
		return 2*yes > present || 2*yes == present && yes+no == present && chair == Approve
	}
	return false
}

// completions calls f with every way the open votes could be cast.
func completions(votes []Kind, f func([]Kind)) {
	i := slices.Index(votes, "")
	if i < 0 {
		f(votes)
		return
	}
	for _, k := range []Kind{Approve, Reject} {
		v := slices.Clone(votes)
		v[i] = k
		completions(v, f)
	}
}

type verdict struct{ approved, rejected, missing bool }

func reference(r Rule, seats []Seat, votes []Kind) verdict {
	possible := false
	completions(votes, func(v []Kind) { possible = possible || holds(r, seats, v) })
	v := verdict{approved: holds(r, seats, votes) && !lacking(r, seats, votes)}
	if possible {
		return v
	}
	// Stand-ins could help where somebody is lacking: try with as few as make
	// up for it, each standing for everything that is lacking.
	if lacking(r, seats, votes) {
		more, mv := slices.Clone(seats), slices.Clone(votes)
		for lacking(r, more, mv) {
			more, mv = append(more, substitute(r, seats, votes)), append(mv, "")
		}
		completions(mv, func(v []Kind) { possible = possible || holds(r, more, v) })
		if possible {
			return verdict{missing: true}
		}
	}
	return verdict{rejected: true}
}

func substitute(r Rule, seats []Seat, votes []Kind) Seat {
	s := Seat{ID: uuid.New()}
	for g := range r.Groups {
		if !slices.ContainsFunc(seats, func(x Seat) bool {
			return slices.Contains(x.Groups, g) && votes[slices.IndexFunc(seats, func(y Seat) bool { return y.ID == x.ID })] != Recuse
		}) {
			s.Groups = append(s.Groups, g)
		}
	}
	if g := r.AttendGroup - 1; g >= 0 && attending(r, seats, votes) < r.Attendance && !slices.Contains(s.Groups, g) {
		s.Groups = append(s.Groups, g)
	}
	for g := range r.Vetoes {
		if !slices.ContainsFunc(seats, func(x Seat) bool {
			return slices.Contains(x.Vetoes, g) && votes[slices.IndexFunc(seats, func(y Seat) bool { return y.ID == x.ID })] != Recuse
		}) {
			s.Vetoes = append(s.Vetoes, g)
		}
	}
	return s
}

// attending counts those whose attendance counts.
func attending(r Rule, seats []Seat, votes []Kind) (n int) {
	for i, s := range seats {
		if votes[i] != Recuse && (r.AttendGroup == 0 || slices.Contains(s.Groups, r.AttendGroup-1)) {
			n++
		}
	}
	return n
}

// lacking: nobody could ever fill what the rule asks for.
func lacking(r Rule, seats []Seat, votes []Kind) bool {
	present := 0
	for i := range seats {
		if votes[i] != Recuse {
			present++
		}
	}
	s := substitute(r, seats, votes)
	return present == 0 || attending(r, seats, votes) < r.Attendance || r.Mode == Count && present < r.N || len(s.Groups)+len(s.Vetoes) > 0
}

func randomRule(rnd *rand.Rand, steps int) Rule {
	r := Rule{Mode: []Mode{All, Any, Count, Percent, Majority}[rnd.IntN(5)], RejectAny: rnd.IntN(5) == 0, BackTo: rnd.IntN(steps + 1)}
	switch r.Mode {
	case Count:
		r.N = 1 + rnd.IntN(4)
	case Percent:
		r.N = 1 + rnd.IntN(100)
	}
	if rnd.IntN(3) == 0 {
		r.Attendance = rnd.IntN(4)
	}
	if rnd.IntN(4) == 0 {
		r.Groups = 1 + rnd.IntN(2)
	}
	if r.Groups > 0 && r.Attendance > 0 && rnd.IntN(2) == 0 {
		r.AttendGroup = 1 + rnd.IntN(r.Groups)
	}
	if rnd.IntN(4) == 0 {
		r.Vetoes = 1 + rnd.IntN(2)
	}
	return r
}

func randomSeats(rnd *rand.Rand, r Rule) []Seat {
	out := make([]Seat, rnd.IntN(6))
	for i := range out {
		out[i] = Seat{ID: uuid.New(), Person: uuid.New()}
		if r.Groups > 0 && rnd.IntN(2) == 0 {
			out[i].Groups = []int{rnd.IntN(r.Groups)}
		}
		if r.Vetoes > 0 && rnd.IntN(3) == 0 {
			out[i].Vetoes = []int{rnd.IntN(r.Vetoes)}
		}
	}
	if len(out) > 0 && r.Mode == Majority && rnd.IntN(2) == 0 {
		out[rnd.IntN(len(out))].Chair = true
	}
	return out
}

// TestAgainstReference plays random processes by random votes and compares the
// engine with the model after every entry.
func TestAgainstReference(t *testing.T) {
	t.Parallel()
	var approved, rejected, missing, back int
	for seed := range uint64(6000) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		rules := make([]Rule, 1+rnd.IntN(3))
		for i := range rules {
			rules[i] = randomRule(rnd, i+1)
		}
		p := play{t: t, seed: seed, rnd: rnd, rules: rules, step: 1, opening: true}
		p.run()
		approved, rejected, missing, back = approved+p.approved, rejected+p.rejected, missing+p.missing, back+p.back
	}
	if approved < 500 || rejected < 500 || missing < 500 || back < 500 {
		t.Errorf("the sequences are too tame: %d approved, %d rejected, %d with somebody missing, %d sent back", approved, rejected, missing, back)
	}
}

// play is one process and the model of it.
type play struct {
	t     *testing.T
	seed  uint64
	rnd   *rand.Rand
	rules []Rule
	log   []Entry

	step    int
	opening bool
	held    bool
	seats   []Seat
	votes   []Kind

	approved, rejected, missing, back int
}

func (p *play) run() {
	for range 60 {
		e := p.choose()
		before, err := Evaluate(p.rules, p.log)
		if err != nil {
			p.t.Fatalf("seed %d: %v", p.seed, err)
		}
		after, err := before.Next(p.rules, e)
		if legal := p.model(e); (err == nil) != legal {
			p.t.Fatalf("seed %d: %s: engine says %v, model says legal=%v", p.seed, e.Kind, err, legal)
		}
		if err != nil {
			continue
		}
		p.log = append(p.log, e)
		again, err := Evaluate(p.rules, p.log)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(after) {
			p.t.Fatalf("seed %d: replay differs: %v", p.seed, err)
		}
		if p.compare(after) {
			return
		}
	}
	// Whatever happened, the votes that are waited for decide it.
	s, _ := Evaluate(p.rules, p.log)
	if s.Status == Open && !s.Opening && len(s.Waiting()) == 0 && !s.Missing.Any() {
		p.t.Fatalf("seed %d: deadlock: %+v", p.seed, s)
	}
}

// choose picks an entry, a senseless one now and then.
func (p *play) choose() Entry {
	if p.opening && p.rnd.IntN(10) > 0 {
		return Entry{Kind: Opened, Seats: randomSeats(p.rnd, p.rules[p.step-1])}
	}
	if !p.opening && lacking(p.rules[p.step-1], p.seats, p.votes) && p.rnd.IntN(2) == 0 {
		return Entry{Kind: Joined, Seats: []Seat{substitute(p.rules[p.step-1], p.seats, p.votes)}}
	}
	if p.held && p.rnd.IntN(2) == 0 {
		return Entry{Kind: Release}
	}
	e := Entry{Kind: []Kind{Approve, Approve, Approve, Reject, Recuse, Ask, Answer, Hold, Release}[p.rnd.IntN(9)], Seat: uuid.New()}
	if p.rnd.IntN(200) == 0 {
		e.Kind = []Kind{Withdraw, Void}[p.rnd.IntN(2)]
	}
	if len(p.seats) > 0 && p.rnd.IntN(12) > 0 {
		e.Seat = p.seats[p.rnd.IntN(len(p.seats))].ID
	}
	return e
}

// model says whether the entry is legal, and takes it.
func (p *play) model(e Entry) bool {
	switch e.Kind {
	case Opened:
		if !p.opening {
			return false
		}
		p.opening, p.seats, p.votes = false, e.Seats, make([]Kind, len(e.Seats))
		return true
	case Joined:
		if p.opening {
			return false
		}
		p.seats, p.votes = append(slices.Clone(p.seats), e.Seats...), append(p.votes, make([]Kind, len(e.Seats))...)
		return true
	case Hold, Release:
		ok := p.held == (e.Kind == Release)
		p.held = ok && e.Kind == Hold || !ok && p.held
		return ok
	case Answer, Withdraw, Void:
		return true
	}
	i := slices.IndexFunc(p.seats, func(s Seat) bool { return s.ID == e.Seat })
	if p.held || p.opening || i < 0 || p.votes[i] != "" {
		return false
	}
	if e.Kind != Ask {
		p.votes[i] = e.Kind
	}
	return true
}

// compare holds the engine's state against the model's, and reports the end.
func (p *play) compare(s State) bool {
	last := p.log[len(p.log)-1].Kind
	switch last {
	case Withdraw, Void:
		if want := map[Kind]Status{Withdraw: Withdrawn, Void: Voided}[last]; s.Status != want {
			p.t.Fatalf("seed %d: %s after %s", p.seed, s.Status, last)
		}
		return true
	case Hold, Release, Ask, Answer:
		if (s.Status == Held) != p.held || p.held && len(s.Waiting()) > 0 {
			p.t.Fatalf("seed %d: held is %v in the model, %s in the engine", p.seed, p.held, s.Status)
		}
		return false
	}
	r := p.rules[p.step-1]
	v := reference(r, p.seats, p.votes)
	got := verdict{missing: s.Missing.Any()}
	switch {
	case s.Status == Approved, s.Opening && s.Step == p.step+1:
		got.approved = true
	case s.Status == Rejected, s.Opening && s.Step <= p.step:
		got.rejected = true
	}
	if got != v {
		p.t.Fatalf("seed %d: rule %+v\nseats %+v\nvotes %v\nengine %+v, model %+v", p.seed, r, p.seats, p.votes, got, v)
	}
	switch {
	case v.approved && p.step == len(p.rules):
		p.approved++
		return true
	case v.approved:
		p.step++
		p.opening = true
	case v.rejected && r.BackTo == 0:
		p.rejected++
		return true
	case v.rejected:
		p.back++
		p.step, p.opening = r.BackTo, true
	case v.missing:
		p.missing++
	}
	return false
}

func ids(n int) []Seat {
	out := make([]Seat, n)
	for i := range out {
		out[i] = Seat{ID: uuid.New(), Person: uuid.New()}
	}
	return out
}

// TestKnownTraps are the failures that other desks had (capabilities 13, 15).
func TestKnownTraps(t *testing.T) {
	t.Parallel()
	s := ids(4)
	s[3].Chair = true
	v := func(k Kind, i int) Entry { return Entry{Kind: k, Seat: s[i].ID} }
	open := func(n int) Entry { return Entry{Kind: Opened, Seats: s[:n]} }
	of := func(n, from int) Entry { // those from one on are of the group
		e := Entry{Kind: Opened, Seats: slices.Clone(s[:n])}
		for i := range e.Seats[from:] {
			e.Seats[from+i].Groups = []int{0}
		}
		return e
	}
	for _, c := range []struct {
		name  string
		rules []Rule
		log   []Entry
		want  Status
		step  int
	}{
		{"one yes does not pass two (ferry 82)", []Rule{{Mode: All}}, []Entry{open(2), v(Approve, 0)}, Open, 1},
		{"a later rejection is not shown as approved (glpi 24399)", []Rule{{Mode: Count, N: 2}}, []Entry{open(3), v(Approve, 0), v(Reject, 1), v(Reject, 2)}, Rejected, 1},
		{"60 % of 4 is 3, not 2 (rounding up)", []Rule{{Mode: Percent, N: 60}}, []Entry{open(4), v(Approve, 0), v(Approve, 1)}, Open, 1},
		{"half of 5 rounds up to 3", []Rule{{Mode: Percent, N: 50}}, []Entry{{Kind: Opened, Seats: append(ids(1), s...)}, v(Approve, 0), v(Approve, 1)}, Open, 1},
		{"quorum counts only who did not step aside", []Rule{{Mode: All}}, []Entry{open(2), v(Recuse, 0), v(Approve, 1)}, Approved, 1},
		{"attendance of a group counts no others", []Rule{{Mode: Any, Attendance: 1, AttendGroup: 1, Groups: 1}}, []Entry{of(4, 2), v(Approve, 0), v(Approve, 1)}, Open, 1},
		{"attendance of a group is that of the group", []Rule{{Mode: Any, Attendance: 2, AttendGroup: 1, Groups: 1}}, []Entry{of(4, 2), v(Approve, 0), v(Approve, 2), v(Reject, 3)}, Approved, 1},
		{"attendance holds an early approval back", []Rule{{Mode: Any, Attendance: 3}}, []Entry{open(4), v(Approve, 0), v(Approve, 1)}, Open, 1},
		{"a tie without chair is no majority", []Rule{{Mode: Majority}}, []Entry{open(2), v(Approve, 0), v(Reject, 1)}, Rejected, 1},
		{"a tie goes the chair's way", []Rule{{Mode: Majority}}, []Entry{open(4), v(Reject, 0), v(Reject, 1), v(Approve, 2), v(Approve, 3)}, Approved, 1},
		{"a tie goes the chair's way, against", []Rule{{Mode: Majority}}, []Entry{open(4), v(Approve, 0), v(Approve, 1), v(Reject, 3), v(Reject, 2)}, Rejected, 1},
		{"a chair who steps aside decides no tie", []Rule{{Mode: Majority}}, []Entry{{Kind: Opened, Seats: append(ids(1), s...)}, v(Recuse, 3), v(Approve, 0), v(Reject, 1)}, Open, 1},
		{"nothing is passed over", []Rule{{Mode: Any}, {Mode: Any}}, []Entry{open(2), v(Approve, 0)}, Open, 2},
		{"rejection to a step opens it anew", []Rule{{Mode: Any}, {Mode: All, BackTo: 1}}, []Entry{open(1), v(Approve, 0), {Kind: Opened, Seats: s[1:2]}, v(Reject, 1)}, Open, 1},
		{"hold keeps votes and waits for nobody", []Rule{{Mode: All}}, []Entry{open(2), v(Approve, 0), {Kind: Hold}}, Held, 1},
	} {
		st, err := Evaluate(c.rules, c.log)
		if err != nil || st.Status != c.want || st.Step != c.step {
			t.Errorf("%s: %v, %s at step %d", c.name, err, st.Status, st.Step)
		}
		if st.Status == Held && len(st.Waiting()) != 0 {
			t.Errorf("%s: waits for %v", c.name, st.Waiting())
		}
	}
	st, _ := Evaluate([]Rule{{Mode: All}}, []Entry{open(2), v(Approve, 0), {Kind: Hold}, {Kind: Release}})
	if w := st.Waiting(); len(w) != 1 || w[0].ID != s[1].ID {
		t.Errorf("after release it waits for %v", w)
	}
	if _, err := st.Next([]Rule{{Mode: All}}, v(Reject, 0)); !errors.Is(err, ErrVoted) {
		t.Errorf("a vote was changed: %v", err)
	}
}

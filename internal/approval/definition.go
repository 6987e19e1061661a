package approval

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
)

// SourceKind says how the people of a step are found.
type SourceKind string

// The sources. Each is resolved to people when the step is opened, and not
// again: who joins a team later is not asked.
const (
	FromPerson  SourceKind = "person"
	FromTeam    SourceKind = "team"
	FromRole    SourceKind = "role"
	FromService SourceKind = "service_owner" // of the service ID, or of the record's
	// FromManager is the manager of the department ID, or of the record's: the
	// nearest one up the tree who may decide.
	FromManager SourceKind = "manager"
	FromRow     SourceKind = "row" // everybody whom the step's line of the matrix allows
	standIn     SourceKind = "stand_in"
)

// Source names people.
type Source struct {
	Kind SourceKind    `json:"kind"`
	ID   uuid.UUID     `json:"id,omitzero"`
	Role identity.Role `json:"role,omitempty"`
	// Veto: one of them must approve, and none may reject.
	Veto bool `json:"veto,omitempty"`
	// Chair: their vote decides a tie.
	Chair bool `json:"chair,omitempty"`
}

// Step is one step of a process.
type Step struct {
	// Key is a message key that names the step; NameZh and NameEn do so where
	// people define it.
	Key    string `json:"key,omitempty"`
	NameZh string `json:"name_zh,omitempty"`
	NameEn string `json:"name_en,omitempty"`
	// Row is the line of the matrix by which each member must be entitled, when
	// asked and again when voting.
	Row authz.Row `json:"row"`
	Who []Source  `json:"who"`
	// Mode, N, RejectAny, Attendance and BackTo are those of Rule.
	Mode       Mode `json:"mode"`
	N          int  `json:"n,omitempty"`
	RejectAny  bool `json:"reject_any,omitempty"`
	Attendance int  `json:"attendance,omitempty"`
	BackTo     int  `json:"back_to,omitempty"`
	// Attend is the role, one of Must, whose members Attendance counts, and those
	// who stand in for one; "": all who are asked.
	Attend identity.Role `json:"attend,omitempty"`
	// Must are roles of which each must be heard before the step is approved.
	Must []identity.Role `json:"must,omitempty"`
	// RemindDays and EscalateDays are working days of silence after which the
	// silent are reminded, and their managers may decide for them; 0 means the
	// usual number.
	RemindDays   int `json:"remind_days,omitempty"`
	EscalateDays int `json:"escalate_days,omitempty"`
}

// The usual patience, in working days.
const (
	usualRemind   = 1
	usualEscalate = 3
)

// Spec defines a process.
type Spec struct {
	Steps []Step `json:"steps"`
	// Distinct: who approved an earlier step is not asked in a later one, so
	// that two steps are two people.
	Distinct bool `json:"distinct,omitempty"`
}

const (
	maxSteps   = 20
	maxMembers = 100 // of one step
)

// rule is the step for the engine.
func (s Step) rule() Rule {
	r := Rule{Mode: s.Mode, N: s.N, RejectAny: s.RejectAny, Attendance: s.Attendance, BackTo: s.BackTo, Groups: len(s.Must), AttendGroup: slices.Index(s.Must, s.Attend) + 1}
	for _, w := range s.Who {
		if w.Veto {
			r.Vetoes++
		}
	}
	return r
}

func (s Spec) rules() []Rule {
	out := make([]Rule, len(s.Steps))
	for i, x := range s.Steps {
		out[i] = x.rule()
	}
	return out
}

// Check refuses definitions that could not be carried out: whatever passes can
// always be decided by somebody. Fields are named steps.<n>.<field>, from 1.
func (s Spec) Check(m *authz.Matrix) error {
	f := fault.New(fault.Invalid, "error.invalid")
	bad := func(n int, field, code string) {
		f.Fields = append(f.Fields, fault.Field{Name: fmt.Sprintf("steps.%d.%s", n, field), Code: "approval.error." + code})
	}
	if len(s.Steps) == 0 || len(s.Steps) > maxSteps {
		f.Fields = append(f.Fields, fault.Field{Name: "steps", Code: "approval.error.steps"})
	}
	for i, x := range s.Steps {
		x.check(m, i+1, func(field, code string) { bad(i+1, field, code) })
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

func (s Step) check(m *authz.Matrix, n int, bad func(field, code string)) {
	if !m.Has(s.Row) || len(m.Roles(s.Row)) == 0 {
		bad("row", "row")
	}
	if s.Key == "" && s.NameZh == "" && s.NameEn == "" {
		bad("name", "name")
	}
	most, chairs := s.most()
	switch {
	case !slices.Contains([]Mode{All, Any, Count, Percent, Majority}, s.Mode):
		bad("mode", "mode")
	case s.Mode == Count && (s.N < 1 || s.N > most), s.Mode == Percent && (s.N < 1 || s.N > 100):
		bad("n", "n")
	}
	if s.Attendance < 0 || s.Attendance > most {
		bad("attendance", "attendance")
	}
	if s.Attend != "" && !slices.Contains(s.Must, s.Attend) {
		bad("attend", "must")
	}
	if s.BackTo < 0 || s.BackTo > n {
		bad("back_to", "back_to")
	}
	if chairs > 1 || chairs == 1 && s.Mode != Majority {
		bad("who", "chair")
	}
	if s.RemindDays < 0 || s.EscalateDays < 0 || s.RemindDays > 60 || s.EscalateDays > 60 {
		bad("remind_days", "patience")
	}
	allowed := m.Roles(s.Row)
	for _, r := range s.Must {
		if !slices.Contains(allowed, r) {
			bad("must", "must")
		}
	}
	if len(s.Who) == 0 {
		bad("who", "who")
	}
	for _, w := range s.Who {
		if !w.valid(allowed) {
			bad("who", "source")
		}
	}
}

// most is how many people the step can have at the most, and how many chairs it
// names.
func (s Step) most() (most, chairs int) {
	for _, w := range s.Who {
		if w.Chair {
			chairs++
		}
		if w.one() {
			most++
		} else {
			most = maxMembers
		}
	}
	return min(most, maxMembers), chairs
}

// one reports whether the source is one person.
func (w Source) one() bool {
	return w.Kind == FromPerson || w.Kind == FromService || w.Kind == FromManager
}

func (w Source) valid(allowed []identity.Role) bool {
	switch w.Kind {
	case FromPerson, FromTeam:
		return w.ID != uuid.Nil && (!w.Chair || w.one())
	case FromRole:
		return slices.Contains(allowed, w.Role) && !w.Chair
	case FromRow:
		return !w.Chair
	case FromService, FromManager:
		return true
	}
	return false
}

// Name is the step's name for a reader of a language.
func (s Step) Name(t func(key string, args ...any) string, english bool) string {
	switch {
	case s.Key != "":
		return t(s.Key)
	case english && s.NameEn != "", s.NameZh == "":
		return s.NameEn
	}
	return s.NameZh
}

package change

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Step is one step of the implementation or of the way back.
type Step struct {
	Title   string     `json:"title" validate:"required,notblank,max=300"`
	OwnerID *uuid.UUID `json:"owner_id"`
	Minutes int        `json:"minutes" validate:"min=0,max=10080"`
	Check   string     `json:"check" validate:"max=500"` // how one sees that it worked
	// GoNoGo: somebody decides whether to go on before this step begins.
	GoNoGo bool `json:"go_no_go"`

	StartedAt *time.Time `json:"started_at,omitempty"`
	StoppedAt *time.Time `json:"stopped_at,omitempty"`
	By        *uuid.UUID `json:"by,omitempty"`
	Outcome   Outcome    `json:"outcome,omitempty"`
	Remark    string     `json:"remark,omitempty"`
}

// Outcome is how a step ended.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	NotDone Outcome = "failed"
	LeftOut Outcome = "skipped"
)

// planned is the step without what happened: what people approve.
func (s Step) planned() Step {
	return Step{Title: s.Title, OwnerID: s.OwnerID, Minutes: s.Minutes, Check: s.Check, GoNoGo: s.GoNoGo}
}

func planned(steps []Step) []Step {
	out := make([]Step, len(steps))
	for i, s := range steps {
		out[i] = s.planned()
	}
	return out
}

// stepsReady reports whether there are steps, each with a title, an owner and
// its minutes.
func stepsReady(steps []Step) bool {
	return len(steps) > 0 && !slices.ContainsFunc(steps, func(s Step) bool { return s.Title == "" || s.OwnerID == nil || s.Minutes < 1 })
}

func minutes(steps []Step) int {
	n := 0
	for _, s := range steps {
		n += s.Minutes
	}
	return n
}

func owners(lists ...[]Step) []uuid.UUID {
	var out []uuid.UUID
	for _, l := range lists {
		for _, s := range l {
			if s.OwnerID != nil && !slices.Contains(out, *s.OwnerID) {
				out = append(out, *s.OwnerID)
			}
		}
	}
	return out
}

// begin starts the step at a place; those before it must have ended.
func begin(steps []Step, n int, by uuid.UUID, now time.Time) ([]Step, error) {
	if n < 0 || n >= len(steps) {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	out := slices.Clone(steps)
	for _, s := range out[:n] {
		if s.StoppedAt == nil {
			return nil, fault.New(fault.Conflict, "change.error.step_order")
		}
	}
	s := &out[n]
	if s.StartedAt != nil {
		return nil, fault.New(fault.Conflict, "change.error.step_started")
	}
	s.StartedAt, s.By = &now, &by
	return out, nil
}

// end closes the step at a place. One that is left out need not have begun, but
// then says why.
func end(steps []Step, n int, o Outcome, remark string, by uuid.UUID, now time.Time) ([]Step, error) {
	if n < 0 || n >= len(steps) {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	out := slices.Clone(steps)
	s := &out[n]
	switch {
	case s.StoppedAt != nil:
		return nil, fault.New(fault.Conflict, "change.error.step_ended")
	case s.StartedAt == nil && o != LeftOut:
		return nil, fault.New(fault.Conflict, "change.error.step_not_started")
	case o != Done && remark == "":
		return nil, fault.OnField("remark", "validation.required")
	}
	for _, x := range out[:n] {
		if x.StoppedAt == nil {
			return nil, fault.New(fault.Conflict, "change.error.step_order")
		}
	}
	if s.StartedAt == nil {
		s.StartedAt = &now
	}
	s.StoppedAt, s.By, s.Outcome, s.Remark = &now, &by, o, remark
	return out, nil
}

func closed(steps []Step) bool {
	return !slices.ContainsFunc(steps, func(s Step) bool { return s.StoppedAt == nil })
}

package change

import "slices"

// Level is how much risk a change carries.
type Level string

// The levels. A high one is approved on two levels (CHG-03).
const (
	Unknown Level = ""
	Low     Level = "low"
	Medium  Level = "medium"
	High    Level = "high"
)

// Questions are asked about every normal change, each answered from 1 (nothing
// to fear) to 5. The first three tell how bad it can become, the others how
// likely.
var Questions = [...]string{"users", "outage", "data", "complexity", "experience", "untested"}

const worst = 3 // of Questions ask for the impact

// Assessment is what an assessor answered, and what is left of the risk after
// the measures that they name.
type Assessment struct {
	Answers    []int  `json:"answers"`
	Mitigation string `json:"mitigation"`
	// Impact and Likelihood are those after mitigation, 1 to 5; 0: as before.
	Impact     int `json:"impact"`
	Likelihood int `json:"likelihood"`
	// Facts are what the desk knew about the items when the assessment was made.
	Facts Facts `json:"facts"`
}

// Facts are what weighs in whatever the answers say: the highest counts.
type Facts struct {
	Criticality int `json:"criticality"` // of the most critical item, 1 (most) to 4; 0: none
	Changes     int `json:"changes"`     // of the same items within the last year
	Failed      int `json:"failed"`      // of these, rolled back or failed
	Conflicts   int `json:"conflicts"`   // changes that want the same items, relatives or people at the same time
	Outside     int `json:"outside"`     // services and items whose maintenance windows it does not keep to
}

// Complete reports whether every question is answered.
func (a Assessment) Complete() bool {
	return len(a.Answers) == len(Questions) && !slices.ContainsFunc(a.Answers, func(n int) bool { return n < 1 || n > 5 })
}

// Before is impact and likelihood before any mitigation: the worst answer, the
// criticality of the items, and what such changes led to before.
func (a Assessment) Before() (impact, likelihood int) {
	if !a.Complete() {
		return 0, 0
	}
	return max(slices.Max(a.Answers[:worst]), a.Facts.impact()), max(slices.Max(a.Answers[worst:]), a.Facts.likelihood())
}

// After is impact and likelihood with the measures taken. Measures that are not
// written down change nothing, and none makes a risk larger.
func (a Assessment) After() (impact, likelihood int) {
	impact, likelihood = a.Before()
	if a.Mitigation == "" {
		return impact, likelihood
	}
	if a.Impact > 0 {
		impact = min(impact, a.Impact)
	}
	if a.Likelihood > 0 {
		likelihood = min(likelihood, a.Likelihood)
	}
	return impact, likelihood
}

// Level is the level of what is left.
func (a Assessment) Level() Level { return LevelOf(a.After()) }

// Score is likelihood times impact, 1 to 25; 0 before the assessment.
func Score(impact, likelihood int) int { return impact * likelihood }

// LevelOf is the level of a cell of the matrix.
func LevelOf(impact, likelihood int) Level {
	switch n := Score(impact, likelihood); {
	case n == 0:
		return Unknown
	case n < 5:
		return Low
	case n < 10:
		return Medium
	}
	return High
}

// impact is the least that a change of such items can have: 4 for the most
// critical.
func (f Facts) impact() int {
	if f.Criticality == 0 {
		return 1
	}
	return max(1, 5-f.Criticality)
}

// likelihood is what the past and the calendar say: one failure in four is
// likely to be repeated, and who shares a window waits for others.
func (f Facts) likelihood() int {
	n := 1
	switch {
	case f.Failed > 0 && f.Failed*4 >= f.Changes:
		n = 4
	case f.Failed > 0:
		n = 3
	}
	if f.Conflicts > 0 || f.Outside > 0 {
		n = max(n, 3)
	}
	return n
}

// Package routing decides where new work goes. A lead puts rules in an order;
// each has a condition on the facts of a record and says which team gets it.
// Rules are published as a whole, in numbered versions that never change, so
// that it can always be told which rule of which version moved a record
// (capability 5).
package routing

import (
	"embed"
	"slices"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/record"
)

//go:embed messages/*.json
var messages embed.FS

// KindSet is what the trail calls a version of the rules.
const KindSet record.Kind = "routing"

// System is the component that routes: it is named in the trail of every
// record it moves.
const System = "routing"

// The use cases.
const (
	ActionRead    authz.Action = "routing.read"
	ActionEdit    authz.Action = "routing.edit"
	ActionPublish authz.Action = "routing.publish"
	ActionFloor   authz.Action = "routing.raise_priority"
)

// Policies says which line of the matrix decides each use case. A rule that
// raises the priority needs somebody who may change priorities.
func Policies() authz.Policies {
	return authz.Policies{ActionRead: "desk.classify", ActionEdit: "desk.classify", ActionPublish: "desk.classify", ActionFloor: "ticket.change_priority"}
}

// Limits of a set of rules: they bound what one evaluation can cost.
const (
	MaxRules      = 100
	MaxConditions = 20
	MaxValues     = 50
	maxExpr       = 2000
	// MaxSteps is how many rules one run applies at most.
	MaxSteps = 10
	// MaxRuns is how often rules move one record at most: a record that went in
	// circles so often needs a person.
	MaxRuns = 20
)

// Condition is one row of the builder: a field of the record, how it is
// compared, and with what.
type Condition struct {
	Field  string   `json:"field"`
	Op     string   `json:"op"`
	Values []string `json:"values"`
}

// Rule sends the records that its condition describes to a team.
type Rule struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name"`
	Active bool      `json:"active"`
	// Match says whether all conditions must hold or any one.
	Match      string      `json:"match"`
	Conditions []Condition `json:"conditions"`
	// Expr is the condition as an expert wrote it; it stands in place of
	// Conditions where it is not empty.
	Expr string     `json:"expr"`
	Team *uuid.UUID `json:"team_id"`
	// Person says how somebody of the team is chosen: RoundRobin, LeastLoad, or
	// "" for nobody.
	Person string `json:"person"`
	// Floor is the lowest priority that the record keeps: 2 makes a P3 a P2 and
	// leaves a P1 alone. 0 leaves the priority alone.
	Floor int `json:"floor"`
	// Continue lets later rules act as well; otherwise the first rule that
	// applies is the last.
	Continue bool `json:"continue"`
	// Confidential rules apply to confidential records too. Others never do, so
	// that a rule about words does not show a secret to another team.
	Confidential bool `json:"confidential"`
}

// State is where a set of rules stands.
type State string

// The states. Only a draft changes; a published set is in force until the next
// one is, and then kept as it was.
const (
	Draft     State = "draft"
	Published State = "published"
	Retired   State = "retired"
	Dropped   State = "dropped"
)

// Set is one version of all rules, in their order.
type Set struct {
	ID          uuid.UUID  `db:"id" json:"id"`
	Version     int        `db:"version" json:"version"` // of the row, for edits of a draft
	Number      int        `db:"number" json:"number"`   // of the published set; 0 for a draft
	State       State      `db:"state" json:"state" audit:"state"`
	Rules       []Rule     `db:"rules" json:"rules" audit:"rules"`
	Note        string     `db:"note" json:"note" audit:"note"`
	CreatedBy   uuid.UUID  `db:"created_by" json:"created_by"`
	CreatedAt   time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time  `db:"updated_at" json:"updated_at"`
	PublishedAt *time.Time `db:"published_at" json:"published_at"`
	PublishedBy *uuid.UUID `db:"published_by" json:"published_by"`
}

// Ref points at the set.
func (s Set) Ref() record.Ref { return record.Ref{Kind: KindSet, ID: s.ID} }

// CurrentVersion counts the changes to the row, from 1.
func (s Set) CurrentVersion() int { return s.Version }

// Touch notes a change.
func (s *Set) Touch(now time.Time) { s.Version++; s.UpdatedAt = now }

// rule finds a rule and its place.
func (s Set) rule(id uuid.UUID) (Rule, int) {
	for n, r := range s.Rules {
		if r.ID == id {
			return r, n
		}
	}
	return Rule{}, -1
}

// move puts a rule up or down by one place.
func (s *Set) move(id uuid.UUID, by int) {
	_, n := s.rule(id)
	to := n + by
	if n < 0 || to < 0 || to >= len(s.Rules) {
		return
	}
	s.Rules = slices.Clone(s.Rules)
	s.Rules[n], s.Rules[to] = s.Rules[to], s.Rules[n]
}

// put replaces a rule or adds it at the end.
func (s *Set) put(r Rule) {
	s.Rules = slices.Clone(s.Rules)
	if _, n := s.rule(r.ID); n >= 0 {
		s.Rules[n] = r
		return
	}
	s.Rules = append(s.Rules, r)
}

// drop takes a rule out.
func (s *Set) drop(id uuid.UUID) {
	s.Rules = slices.DeleteFunc(slices.Clone(s.Rules), func(r Rule) bool { return r.ID == id })
}

// Choice is something a condition can name: a category, a service, a
// department.
type Choice struct {
	ID     uuid.UUID
	NameZh string
	NameEn string
	Parent *uuid.UUID
	Active bool
}

package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// Kind is the record kind of changes.
const Kind record.Kind = "change"

// Type says by which way a change is approved.
type Type string

// The types (ITIL 4 change enablement).
const (
	Normal    Type = "normal"
	Standard  Type = "standard"  // from a template that was approved once for all
	Emergency Type = "emergency" // authorised by one person before, reviewed after
)

// TestResult is how the test ended.
type TestResult string

// The results of a test.
const (
	NotTested TestResult = ""
	Passed    TestResult = "passed"
	TestNo    TestResult = "failed"
)

// Result is how a change ended.
type Result string

// The results.
const (
	NoResult   Result = ""
	Success    Result = "success"
	WithIssues Result = "issues"
	RolledBack Result = "rolled_back"
	Failed     Result = "failed"
)

// Change is one change of what the company runs on.
type Change struct {
	ID      uuid.UUID `db:"id"`
	Version int       `db:"version"`
	Number  int64     `db:"number"`
	Type    Type      `db:"type" audit:"type"`
	State   State     `db:"state" audit:"state"`
	// Unauthorised: something was changed without a change; this one mends that.
	Unauthorised bool   `db:"unauthorised" audit:"unauthorised"`
	OnHold       bool   `db:"on_hold" audit:"on_hold"`
	HoldReason   string `db:"hold_reason" audit:"hold_reason"`

	Title           string      `db:"title" audit:"title"`
	Content         string      `db:"content" audit:"content"`
	Reason          string      `db:"reason" audit:"reason"`
	Effect          string      `db:"effect" audit:"effect"` // expected impact
	Communication   string      `db:"communication" audit:"communication"`
	Items           []uuid.UUID `db:"items" audit:"items"` // configuration items
	ServiceID       *uuid.UUID  `db:"service_id" audit:"service"`
	Steps           []Step      `db:"steps" audit:"steps"`
	TestPlan        string      `db:"test_plan" audit:"test_plan"`
	TestResult      TestResult  `db:"test_result" audit:"test_result"`
	TestEvidence    string      `db:"test_evidence" audit:"test_evidence"`
	TestFiles       []Evidence  `db:"test_files" audit:"test_files"`
	TestedBy        *uuid.UUID  `db:"tested_by" audit:"tested_by"`
	TestedAt        *time.Time  `db:"tested_at"`
	TestedHash      string      `db:"tested_hash"` // of what was tested
	RollbackTrigger string      `db:"rollback_trigger" audit:"rollback_trigger"`
	Back            []Step      `db:"back" audit:"back"` // the steps of the way back
	RollbackMinutes int         `db:"rollback_minutes" audit:"rollback_minutes"`
	Rehearsal       string      `db:"rehearsal" audit:"rehearsal"`
	WindowFrom      *time.Time  `db:"window_from" audit:"window_from"`
	WindowTo        *time.Time  `db:"window_to" audit:"window_to"`

	Assessment Assessment `db:"assessment" audit:"assessment"`
	Risk       Level      `db:"risk" audit:"risk"`
	AssessedBy *uuid.UUID `db:"assessed_by" audit:"assessed_by"`
	AssessedAt *time.Time `db:"assessed_at"`
	// AssessedHash names the plan that was assessed.
	AssessedHash string `db:"assessed_hash"`

	RequesterID   uuid.UUID  `db:"requester_id" audit:"requester"`
	CreatedBy     uuid.UUID  `db:"created_by" audit:"created_by"`
	DepartmentID  *uuid.UUID `db:"department_id"`
	TeamID        *uuid.UUID `db:"team_id" audit:"team"`
	ImplementerID *uuid.UUID `db:"implementer_id" audit:"implementer"`
	TemplateID    *uuid.UUID `db:"template_id" audit:"template"`

	ApprovedHash string     `db:"approved_hash" audit:"approved_hash"`
	ApprovedAt   *time.Time `db:"approved_at" audit:"approved_at"`
	RejectReason string     `db:"reject_reason" audit:"reject_reason"`
	CancelReason string     `db:"cancel_reason" audit:"cancel_reason"`

	StartedAt      *time.Time `db:"started_at" audit:"started_at"`
	StartedBy      *uuid.UUID `db:"started_by" audit:"started_by"`
	BackAt         *time.Time `db:"back_at" audit:"back_at"` // when the way back was taken
	BackReason     string     `db:"back_reason" audit:"back_reason"`
	EndedAt        *time.Time `db:"ended_at" audit:"ended_at"`
	Result         Result     `db:"result" audit:"result"`
	ResultNote     string     `db:"result_note" audit:"result_note"`
	VerifiedBy     *uuid.UUID `db:"verified_by" audit:"verified_by"`
	VerifiedAt     *time.Time `db:"verified_at" audit:"verified_at"`
	Lessons        string     `db:"lessons" audit:"lessons"`
	Actions        string     `db:"actions" audit:"actions"`
	ItemsConfirmed bool       `db:"items_confirmed" audit:"items_confirmed"`
	ReviewDueAt    *time.Time `db:"review_due_at" audit:"review_due_at"`
	ReviewedBy     *uuid.UUID `db:"reviewed_by" audit:"reviewed_by"`

	GlassReason string     `db:"glass_reason" audit:"glass_reason"`
	GlassBy     *uuid.UUID `db:"glass_by" audit:"glass_by"`
	GlassAt     *time.Time `db:"glass_at" audit:"glass_at"`
	GlassUntil  *time.Time `db:"glass_until" audit:"glass_until"`

	SubmittedAt *time.Time `db:"submitted_at" audit:"submitted_at"`
	ClosedAt    *time.Time `db:"closed_at" audit:"closed_at"`
	CreatedAt   time.Time  `db:"created_at"`
	UpdatedAt   time.Time  `db:"updated_at"`

	// approvers are who approved it; set by the store that reads it for an act
	// that they must not do.
	approvers []uuid.UUID
}

// Ref points at the change.
func (c Change) Ref() record.Ref { return record.Ref{Kind: Kind, ID: c.ID} }

// CurrentVersion counts the changes to the record, from 1.
func (c Change) CurrentVersion() int { return c.Version }

// Touch notes an edit.
func (c *Change) Touch(now time.Time) { c.Version++; c.UpdatedAt = now }

// Label is the number people use, such as CHG-000123.
func (c Change) Label() string { return Label(c.Number) }

// Label writes a number the way people use it.
func Label(n int64) string { return fmt.Sprintf("CHG-%06d", n) }

// ParseLabel reads a number as people type it: CHG-000123, chg123.
func ParseLabel(s string) (int64, bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "#"), "CHG")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimLeft(rest, "- "), 10, 64)
	return n, err == nil && n > 0 && n < 1e15
}

// Priority puts changes in the order of the queues: emergencies first, then by
// risk.
func (c Change) Priority() int {
	switch {
	case c.Type == Emergency:
		return 1
	case c.Risk == High:
		return 2
	case c.Risk == Low || c.Type == Standard:
		return 4
	}
	return 3
}

// Entry is the change's line in the register. What is due is the window: it
// begins then, and afterwards the review.
func (c Change) Entry() record.Entry {
	due := c.WindowFrom
	if !c.State.Planned() {
		due = c.ReviewDueAt
	}
	if c.State.Ended() {
		due = nil
	}
	return record.Entry{
		ID: c.ID, Kind: Kind, Number: c.Label(), Title: c.Title, State: string(c.State), Category: c.State.Category(), Priority: c.Priority(),
		RequesterID: &c.RequesterID, CreatedBy: c.CreatedBy, AssigneeID: c.ImplementerID, TeamID: c.TeamID, DepartmentID: c.DepartmentID, ServiceID: c.ServiceID,
		DueAt: due, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, ClosedAt: c.ClosedAt,
	}
}

// Adjust completes the facts of a decision: who approved it does not implement
// it (S4), who implemented it does not review it.
func (c Change) Adjust(f *authz.Facts, who identity.Actor) {
	f.Approver = slices.Contains(c.approvers, who.ID)
	f.Implementer = c.implementedBy(who.ID)
}

// implementedBy reports whether a person laid hands on the systems.
func (c Change) implementedBy(id uuid.UUID) bool {
	mine := func(s Step) bool { return s.By != nil && *s.By == id }
	return c.StartedBy != nil && *c.StartedBy == id || slices.ContainsFunc(c.Steps, mine) || slices.ContainsFunc(c.Back, mine)
}

// people are all whom the plan gives work to.
func (c Change) people() []uuid.UUID {
	out := owners(c.Steps, c.Back)
	if c.ImplementerID != nil && !slices.Contains(out, *c.ImplementerID) {
		out = append(out, *c.ImplementerID)
	}
	return out
}

// plan is what people approve: what is done to what, when, by whom, how one
// sees that it worked, and the way back.
func (c Change) plan() map[string]any {
	m := map[string]any{
		"type": c.Type, "title": c.Title, "content": c.Content, "reason": c.Reason, "effect": c.Effect, "communication": c.Communication, "items": nonNil(c.Items), "service": c.ServiceID,
		"steps": planned(c.Steps), "test_plan": c.TestPlan, "test_result": c.TestResult, "test_evidence": c.TestEvidence,
		"rollback_trigger": c.RollbackTrigger, "back": planned(c.Back), "rollback_minutes": c.RollbackMinutes, "rehearsal": c.Rehearsal,
		"window_from": utc(c.WindowFrom), "window_to": utc(c.WindowTo), "implementer": c.ImplementerID, "risk": c.Risk,
	}
	if len(c.TestFiles) > 0 { // plans without any have the hash that they always had
		m["test_files"] = c.TestFiles
	}
	return m
}

func utc(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Hash names the plan: what was approved is what has the same hash.
func (c Change) Hash() string { return c.hashWithout() }

// findings are what assessment and test add to a plan.
var findings = []string{"test_result", "test_evidence", "test_files", "risk"}

// assessable names what an assessment is about: the plan and its window.
func (c Change) assessable() string { return c.hashWithout(findings...) }

// testable names what a test is about: not when, by whom, or who is told.
func (c Change) testable() string {
	return c.hashWithout(append(slices.Clone(findings), "window_from", "window_to", "implementer", "communication")...)
}

func (c Change) hashWithout(fields ...string) string {
	m := c.plan()
	for _, f := range fields {
		delete(m, f)
	}
	b, _ := json.Marshal(m) // plain values always encode, keys in order
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Assessed reports whether the risk of this very plan was assessed.
func (c Change) Assessed() bool { return c.Assessment.Complete() && c.AssessedHash == c.assessable() }

// Tested reports whether this very plan passed its test, with evidence.
func (c Change) Tested() bool {
	return c.TestResult == Passed && c.Proven() && c.TestedHash == c.testable()
}

// doc is what the change is found by.
func (c Change) doc() search.Doc {
	texts := []string{c.Label(), c.Content, c.Reason, c.Effect, c.RollbackTrigger, c.TestPlan}
	for _, s := range slices.Concat(c.Steps, c.Back) {
		texts = append(texts, s.Title)
	}
	return search.Doc{ID: c.ID, Week: search.Week(Kind, c.UpdatedAt), Title: c.Title, Texts: texts}
}

package sla

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// KindAgreement is what the trail calls a version of an agreement.
const KindAgreement record.Kind = "agreement"

// VersionState is where a version stands.
type VersionState string

// The states of a version.
const (
	Draft     VersionState = "draft"
	Submitted VersionState = "submitted"
	Approved  VersionState = "approved"
	Withdrawn VersionState = "withdrawn"
)

// Promise is what is promised for one priority. An operational agreement
// promises a resolution only.
type Promise struct {
	Response   Target     `json:"response"`
	Resolution Target     `json:"resolution"`
	CalendarID *uuid.UUID `json:"calendar_id"` // nil: that of the version
}

// Step says who is told at a mark: assignee, lead, owner, manager.
type Step struct {
	At Mark     `json:"at"`
	To []string `json:"to"`
}

// Levels are whom a step may tell, from the first to the last resort.
var Levels = [...]string{"assignee", "lead", "owner", "manager"}

// DefaultSteps is how warnings go where nothing else was agreed.
func DefaultSteps() []Step {
	return []Step{{"75%", []string{"assignee"}}, {"90%", []string{"assignee", "lead"}}, {"0", []string{"assignee", "lead", "owner"}}, {"150%", []string{"lead", "owner", "manager"}}}
}

// Version is one version of an agreement.
type Version struct {
	ID          uuid.UUID     `db:"id"`
	Version     int           `db:"version"`
	AgreementID uuid.UUID     `db:"agreement_id" audit:"agreement"`
	Kind        string        `db:"agreement_kind" audit:"kind"` // sla or ola
	TeamID      *uuid.UUID    `db:"team_id" audit:"team"`
	Number      int           `db:"number" audit:"number"`
	State       VersionState  `db:"state" audit:"state"`
	NameZh      string        `db:"name_zh" audit:"name_zh"`
	NameEn      string        `db:"name_en" audit:"name_en"`
	Kinds       []record.Kind `db:"kinds" audit:"kinds"`
	Services    []uuid.UUID   `db:"services" audit:"services"`
	Departments []uuid.UUID   `db:"departments" audit:"departments"`
	VIP         bool          `db:"vip" audit:"vip"`
	CalendarID  uuid.UUID     `db:"calendar_id" audit:"calendar"`
	Targets     []Promise     `db:"targets" audit:"targets"`
	Marks       []Step        `db:"marks" audit:"marks"`
	ValidFrom   time.Time     `db:"valid_from" audit:"valid_from"`
	ValidUntil  *time.Time    `db:"valid_until" audit:"valid_until"`
	ReviewBy    time.Time     `db:"review_by" audit:"review_by"`
	Authors     []uuid.UUID   `db:"authors" audit:"authors"`
	ApprovedBy  *uuid.UUID    `db:"approved_by" audit:"approved_by"`
	ApprovedAt  *time.Time    `db:"approved_at" audit:"approved_at"`
	Remark      string        `db:"remark" audit:"remark"`
	CreatedAt   time.Time     `db:"created_at"`
	UpdatedAt   time.Time     `db:"updated_at"`

	reader identity.Actor // whose act it is, for Facts
}

// Ref points at the version.
func (v Version) Ref() record.Ref { return record.Ref{Kind: KindAgreement, ID: v.ID} }

// CurrentVersion counts the changes, from 1.
func (v Version) CurrentVersion() int { return v.Version }

// Touch notes a change.
func (v *Version) Touch(now time.Time) { v.Version++; v.UpdatedAt = now }

// Facts is what decides who may act on the version. Scope S reaches it if the
// actor owns every service it names; one that names none, and that of a team,
// is within reach of every owner of a service. Whoever drafted it is involved
// (suffix 1, S7).
func (v Version) Facts() authz.Facts {
	f := authz.Facts{CreatedBy: v.Authors[0]}
	if slices.Contains(v.Authors, v.reader.ID) {
		f.CreatedBy = v.reader.ID
	}
	owned := v.reader.Services
	if len(v.Services) > 0 {
		owned = v.Services
		for _, s := range v.Services {
			if !slices.Contains(v.reader.Services, s) {
				return f
			}
		}
	}
	if len(owned) > 0 {
		f.ServiceID = owned[0]
	}
	return f
}

// promise is what the version promises for a priority.
func (v Version) promise(priority int) (Promise, bool) {
	if priority < 1 || priority > len(v.Targets) {
		return Promise{}, false
	}
	return v.Targets[priority-1], true
}

// inForce reports whether the version holds at an instant, as far as its own
// dates say.
func (v Version) inForce(at time.Time) bool {
	return v.State == Approved && !v.ValidFrom.After(at) && (v.ValidUntil == nil || at.Before(*v.ValidUntil))
}

// check refuses targets that are incomplete or upside down (control SLA-03),
// marks that nobody can read, and dates in the wrong order.
func (v Version) check(b *Book) error {
	f := fault.New(fault.Invalid, "error.invalid")
	bad := func(name, code string) { f.Fields = append(f.Fields, fault.Field{Name: name, Code: code}) }
	var lastResponse, lastResolution time.Duration
	for i, p := range v.Targets {
		n := string(rune('1' + i))
		response, resolution := b.lengths(v, p)
		if v.Kind == "sla" && !p.Response.Valid() {
			bad("response_"+n, "sla.error.target")
		}
		if !p.Resolution.Valid() {
			bad("resolution_"+n, "sla.error.target")
			continue
		}
		if v.Kind == "sla" && p.Response.Valid() && response > resolution {
			bad("response_"+n, "sla.error.response_after")
		}
		if response < lastResponse {
			bad("response_"+n, "sla.error.upside_down")
		}
		if resolution < lastResolution {
			bad("resolution_"+n, "sla.error.upside_down")
		}
		lastResponse, lastResolution = max(lastResponse, response), max(lastResolution, resolution)
	}
	seen := map[Mark]bool{}
	for _, s := range v.Marks {
		if !s.At.Valid() || len(s.To) == 0 || seen[s.At] || slices.ContainsFunc(s.To, func(l string) bool { return !slices.Contains(Levels[:], l) }) {
			bad("marks", "sla.error.marks")
			break
		}
		seen[s.At] = true
	}
	if v.ValidUntil != nil && !v.ValidUntil.After(v.ValidFrom) {
		bad("valid_until", "constraint.sla_versions_dates")
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// parseSteps reads steps as people write them, one a line: 75% assignee lead.
func parseSteps(text string) ([]Step, error) {
	var out []Step
	for line := range strings.Lines(text) {
		w := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n,，:：", r) })
		if len(w) == 0 {
			continue
		}
		out = append(out, Step{Mark(w[0]), w[1:]})
	}
	if len(out) == 0 || len(out) > 10 {
		return nil, fault.OnField("marks", "sla.error.marks")
	}
	return out, nil
}

func stepsText(list []Step) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(string(s.At) + " " + strings.Join(s.To, " ") + "\n")
	}
	return b.String()
}

// Package authz decides. One compiled file, matrix.csv, says what each of the
// thirteen roles may do and how far (controls §3); pages hide by it, services
// refuse by it and the access tests are made from it.
package authz

import (
	"github.com/google/uuid"

	"opsdesk/internal/identity"
)

// Action is a use case, such as "incident.assign".
type Action string

// Row is a line of the matrix, such as "ticket.assign".
type Row string

// Policies says which line decides each use case.
type Policies map[Action]Row

// Add merges the policies of a module.
func (p Policies) Add(more Policies) {
	for k, v := range more {
		p[k] = v
	}
}

// Facts is what a decision needs to know about an object and about how the
// actor stands to it.
type Facts struct {
	RequesterID, CreatedBy, AssigneeID, TeamID, DepartmentID, ServiceID uuid.UUID

	Confidential bool
	IsWatcher    bool // the actor follows it
	Named        bool // the actor is on its need-to-know list
	Participant  bool // the actor holds a task or an approval on it
	Approver     bool // the actor approved it
	Implementer  bool // the actor implemented it
}

// Decision is the answer, with the reason for a refusal as a message key.
type Decision struct {
	Allowed bool
	// SecondPerson: the act would be allowed, but takes effect only after a
	// second person of another role has confirmed it (four-eyes).
	SecondPerson bool
	Reason       string
}

// The reasons for a refusal.
const (
	ReasonRole         = "authz.denied.role"
	ReasonScope        = "authz.denied.scope"
	ReasonInvolved     = "authz.denied.involved"
	ReasonConfidential = "authz.denied.confidential"
	ReasonFourEyes     = "authz.denied.four_eyes"
)

// readConfidential is the row that says who may ever be named on a need-to-know
// list.
const readConfidential Row = "ticket.read_confidential"

// Decide answers whether a may do what row says to the object of f; nil means
// that there is no object (yet).
//
// For a confidential object the need-to-know list replaces every other reason
// (controls §4): who is not on it is refused, whatever their role, and for who
// is on it a scope letter means that the role may do such a thing at all.
func (m *Matrix) Decide(a identity.Actor, row Row, f *Facts) Decision { return m.For(&a, row, f) }

// For is Decide without a copy of the actor, for pages, which ask often.
func (m *Matrix) For(a *identity.Actor, row Row, f *Facts) Decision {
	if a.System {
		if m.system[a.Username][row] {
			return Decision{Allowed: true}
		}
		return Decision{Reason: ReasonRole}
	}
	cells, ok := m.rows[row]
	if !ok {
		return Decision{Reason: ReasonRole}
	}
	named := f != nil && f.Confidential && f.Named && m.mayBeNamed(a)
	best := Decision{Reason: ReasonRole}
	for _, role := range a.Roles {
		c := cells[role]
		if c.scope == 0 {
			continue
		}
		switch {
		case f == nil:
		case f.Confidential:
			if !named {
				best = worse(best, ReasonConfidential)
				continue
			}
		case !c.reaches(a, f):
			best = worse(best, ReasonScope)
			continue
		}
		if f != nil && c.excludes(a, f) {
			best = worse(best, ReasonInvolved)
			continue
		}
		if c.suffix&secondPerson != 0 {
			best.SecondPerson, best.Reason = true, ReasonFourEyes
			continue
		}
		return Decision{Allowed: true}
	}
	return best
}

func worse(d Decision, reason string) Decision {
	if !d.SecondPerson {
		d.Reason = reason
	}
	return d
}

func (m *Matrix) mayBeNamed(a *identity.Actor) bool {
	for _, r := range a.Roles {
		if m.rows[readConfidential][r].scope&named != 0 {
			return true
		}
	}
	return false
}

// reaches reports whether one of the cell's scope letters covers the object.
func (c cell) reaches(a *identity.Actor, f *Facts) bool {
	s := c.scope
	return s&all != 0 ||
		s&own != 0 && (f.RequesterID == a.ID || f.CreatedBy == a.ID || f.IsWatcher) ||
		s&team != 0 && (f.AssigneeID == a.ID || contains(a.Teams, f.TeamID)) ||
		s&department != 0 && contains(a.Departments, f.DepartmentID) ||
		s&service != 0 && contains(a.Services, f.ServiceID) ||
		s&participant != 0 && f.Participant
}

// excludes applies the separation of duties of the cell's suffixes (controls
// §3, §5): 1 the people involved, 2 who approved, 3 who implemented.
func (c cell) excludes(a *identity.Actor, f *Facts) bool {
	return c.suffix&notInvolved != 0 && (f.RequesterID == a.ID || f.CreatedBy == a.ID || f.AssigneeID == a.ID || f.Implementer) ||
		c.suffix&notApprover != 0 && f.Approver ||
		c.suffix&notImplementer != 0 && f.Implementer
}

func contains(list []uuid.UUID, id uuid.UUID) bool {
	if id == uuid.Nil {
		return false
	}
	for _, x := range list {
		if x == id {
			return true
		}
	}
	return false
}

// ReadScope is what the access predicate of package record needs: which arms
// apply to an actor for a row.
type ReadScope struct {
	All, Own, Participant, Named bool

	Teams, Departments, Services []uuid.UUID
}

// ReadScope returns the arms of row for the actor.
func (m *Matrix) ReadScope(a identity.Actor, row Row) ReadScope {
	if a.System {
		return ReadScope{All: m.system[a.Username][row]}
	}
	var s ReadScope
	for _, r := range a.Roles {
		c := m.rows[row][r]
		s.All = s.All || c.scope&all != 0
		s.Own = s.Own || c.scope&own != 0
		s.Participant = s.Participant || c.scope&participant != 0
		if c.scope&team != 0 {
			s.Teams = a.Teams
		}
		if c.scope&department != 0 {
			s.Departments = a.Departments
		}
		if c.scope&service != 0 {
			s.Services = a.Services
		}
	}
	s.Named = m.mayBeNamed(&a)
	return s
}

// Roles lists who may do what row says at all, for "ask one of these".
func (m *Matrix) Roles(row Row) []identity.Role {
	var out []identity.Role
	for _, r := range identity.Roles {
		if m.rows[row][r].scope != 0 {
			out = append(out, r)
		}
	}
	return out
}

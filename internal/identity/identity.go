// Package identity knows who is acting: the actor of a request or a job, and
// what decides about them (roles, teams, departments, owned services).
package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Role is one of the thirteen roles of the permission matrix.
type Role string

// The roles, named as in the matrix (controls §3).
const (
	Requester     Role = "REQ"
	EngineerL1    Role = "L1"
	EngineerL2    Role = "L2"
	Lead          Role = "LEAD"
	ChangeManager Role = "CM"
	Reviewer      Role = "CAB"
	Implementer   Role = "IMP"
	ConfigManager Role = "CFG"
	Manager       Role = "MGR"
	Auditor       Role = "AUD"
	SystemAdmin   Role = "SYS"
	SecurityAdmin Role = "SEC"
	AuditAdmin    Role = "ADA"
)

// Roles lists all roles in the order of the matrix.
var Roles = [...]Role{Requester, EngineerL1, EngineerL2, Lead, ChangeManager, Reviewer, Implementer, ConfigManager, Manager, Auditor, SystemAdmin, SecurityAdmin, AuditAdmin}

// Actor is the person or system component behind a request or job, as read
// from the database at the start of that request: a changed role or team takes
// effect with the next one.
type Actor struct {
	ID       uuid.UUID
	Username string
	Name     string // in the person's own writing; copied into the trail
	NameEn   string // in Latin letters, for readers of English; may be empty
	Roles    []Role
	Teams    []uuid.UUID // teams the person is a member of
	// Departments are those the person manages, sub-departments included
	// (scope D of the matrix).
	Departments []uuid.UUID
	// Department is where the person works.
	Department uuid.UUID
	Services   []uuid.UUID // services the person owns (scope S)
	Lang       string      // chosen language, or ""
	TimeZone   string      // IANA name
	// How the person likes pages.
	Theme, Density string
	NoShortcuts    bool
	// System marks a component of the desk itself (a job, an import): it acts
	// with every permission that System's Roles give and is named in the trail.
	System bool
	// Generation of the configuration when the person was read (db.Pool.Keep).
	Generation int64
	// Origin of the request, for the trail.
	Session   string // hash prefix of the session or token, never the secret
	RequestID string
	IP        string
	UserAgent string
}

// Display is the actor's name for a reader of a language.
func (a Actor) Display(lang string) string {
	if lang == "en" && a.NameEn != "" {
		return a.NameEn
	}
	return a.Name
}

// Has reports whether the actor holds one of roles.
func (a Actor) Has(roles ...Role) bool {
	for _, r := range roles {
		if slices.Contains(a.Roles, r) {
			return true
		}
	}
	return false
}

// Agent reports whether the person works in IT operations and gets the
// engineers' shell; everyone else is shown the portal.
func (a Actor) Agent() bool {
	for _, r := range a.Roles {
		if r != Requester {
			return true
		}
	}
	return false
}

// NewSystem returns the actor of a named component of the desk. Its id is
// derived from the name, so that one component is one actor for ever; no person
// has an id of that kind.
func NewSystem(name string) Actor {
	return Actor{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte("opsdesk:system:"+name)), Username: name, Name: name, System: true}
}

// IsSystem reports whether an actor of this id and name, as the trail has them,
// is a component of the desk.
func IsSystem(id uuid.UUID, name string) bool { return id == NewSystem(name).ID }

type key struct{}

// With gives ctx its actor.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, &a) }

// Of is From without a copy, for what asks often; nil where nobody is. It must
// not be changed.
func Of(ctx context.Context) *Actor {
	a, _ := ctx.Value(key{}).(*Actor)
	return a
}

// From returns the actor or an Unauthenticated fault.
func From(ctx context.Context) (Actor, error) {
	a := Of(ctx)
	if a == nil {
		return Actor{}, fault.New(fault.Unauthenticated, "error.unauthenticated")
	}
	return *a, nil
}

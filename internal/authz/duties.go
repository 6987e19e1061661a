package authz

import (
	"slices"

	"opsdesk/internal/identity"
)

// Conflict is a pair of roles that one person may not hold together, with the
// message key that says why.
type Conflict struct {
	A, B   identity.Role
	Reason string
}

// toxic lists the pairs of controls §5: S1 three administrators, S4 who
// manages or reviews changes does not implement them, S8 an auditor does no
// operational work, and an administrator holds no business role.
var toxic = func() []Conflict {
	admins := []identity.Role{identity.SystemAdmin, identity.SecurityAdmin, identity.AuditAdmin}
	operational := []identity.Role{identity.EngineerL1, identity.EngineerL2, identity.Lead, identity.ChangeManager, identity.Reviewer, identity.Implementer, identity.ConfigManager}
	out := []Conflict{
		{identity.ChangeManager, identity.Implementer, "authz.conflict.change"},
		{identity.Reviewer, identity.Implementer, "authz.conflict.change"},
	}
	for i, a := range admins {
		for _, b := range admins[i+1:] {
			out = append(out, Conflict{a, b, "authz.conflict.admins"})
		}
		for _, b := range append(slices.Clone(operational), identity.Manager, identity.Auditor) {
			out = append(out, Conflict{a, b, "authz.conflict.admin_business"})
		}
	}
	for _, b := range operational {
		out = append(out, Conflict{identity.Auditor, b, "authz.conflict.auditor"})
	}
	return out
}()

// Conflicts lists the pairs among roles that separation of duties forbids.
func Conflicts(roles []identity.Role) []Conflict {
	var out []Conflict
	for _, c := range toxic {
		if slices.Contains(roles, c.A) && slices.Contains(roles, c.B) {
			out = append(out, c)
		}
	}
	return out
}

// Confirmers is who may be the second person of a four-eyes act: another
// person, and another role than the one that proposed it.
func Confirmers(row Row) []identity.Role {
	switch row {
	case "role.grant_revoke":
		return []identity.Role{identity.SystemAdmin, identity.Manager}
	case "role.define_matrix", "policy.session_password_lockout", "dsr.handle":
		return []identity.Role{identity.SystemAdmin}
	case "user.create_disable", "system.settings_integrations", "audit.set_retention", "export.with_pii":
		return []identity.Role{identity.SecurityAdmin}
	case "ticket.unmark_confidential":
		return []identity.Role{identity.Lead}
	case "secreport.file":
		return []identity.Role{identity.Manager}
	}
	return nil
}

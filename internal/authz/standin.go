package authz

import "opsdesk/internal/identity"

// StandIn decides whether a manager of another department may stand in for
// people who are not there (S12 of controls §5): any manager may whom nothing
// connects to the object. It lifts the scope of a line and never its
// exclusions; the waiver is written down by whoever asks.
func (m *Matrix) StandIn(a identity.Actor, f *Facts) Decision {
	strict := cell{scope: all, suffix: notInvolved | notApprover | notImplementer}
	switch {
	case !a.Has(identity.Manager) || len(Conflicts(a.Roles)) > 0:
		return Decision{Reason: ReasonRole}
	case f.Confidential && (!f.Named || !m.mayBeNamed(&a)):
		return Decision{Reason: ReasonConfidential}
	case strict.excludes(&a, f):
		return Decision{Reason: ReasonInvolved}
	}
	return Decision{Allowed: true}
}

package work

import (
	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
)

// Component writes what a named component of the desk decided within somebody
// else's act: its own trail entry and events, under its own name. The matrix
// decides what a component may do, as it does for people. version is that of
// the record after the act.
func (u *Unit) Component(name string, act authz.Action, ref record.Ref, number string, version int, diff trail.Diff, announce func(*Unit)) error {
	person, events, extra := u.Actor, u.events, u.extra
	defer func() { u.Actor, u.events, u.extra = person, events, extra }()
	u.Actor, u.events, u.extra = identity.NewSystem(name), nil, nil
	if err := u.authorize(act, nil); err != nil {
		return err
	}
	if announce != nil {
		announce(u)
	}
	if diff == nil {
		diff = trail.Diff{}
	}
	return u.finish(act, ref, number, version, diff)
}

package work

import "opsdesk/internal/platform/fault"

// secondPerson stops an act that the matrix lets one person propose and not
// take alone. Confirming such acts is not built yet, so they are refused, and
// the refusal is in the trail.
func secondPerson() error { return fault.New(fault.Forbidden, "error.four_eyes") }

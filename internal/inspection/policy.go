package inspection

import "opsdesk/internal/authz"

// The use cases of inspections.
const (
	ActionRead    authz.Action = "inspection.read"
	ActionPlan    authz.Action = "inspection.plan"
	ActionMake    authz.Action = "inspection.make" // the desk itself, on time
	ActionFollow  authz.Action = "inspection.follow"
	ActionStart   authz.Action = "inspection.start"
	ActionRecord  authz.Action = "inspection.record"
	ActionRaise   authz.Action = "inspection.raise"
	ActionFinish  authz.Action = "inspection.finish"
	ActionCancel  authz.Action = "inspection.cancel"
	ActionOverdue authz.Action = "inspection.overdue"
	ActionMiss    authz.Action = "inspection.miss"
	ActionExport  authz.Action = "inspection.export"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{
		ActionRead:    "inspection.read",
		ActionPlan:    "inspection.plan",
		ActionMake:    "inspection.make",
		ActionFollow:  "inspection.plan",
		ActionStart:   "inspection.carry_out",
		ActionRecord:  "inspection.carry_out",
		ActionRaise:   "inspection.carry_out",
		ActionFinish:  "inspection.carry_out",
		ActionCancel:  "inspection.cancel",
		ActionOverdue: "inspection.make",
		ActionMiss:    "inspection.make",
		ActionExport:  "export.no_pii",
	}
}

package change

import "opsdesk/internal/authz"

// The use cases of changes.
const (
	ActionCreate     authz.Action = "change.create"
	ActionRead       authz.Action = "change.read"
	ActionEdit       authz.Action = "change.edit"
	ActionSubmit     authz.Action = "change.submit"
	ActionReturn     authz.Action = "change.return"
	ActionAssess     authz.Action = "change.assess"
	ActionTest       authz.Action = "change.test"
	ActionAsk        authz.Action = "change.ask"
	ActionDecided    authz.Action = "change.decided"
	ActionSchedule   authz.Action = "change.schedule"
	ActionHold       authz.Action = "change.hold"
	ActionRelease    authz.Action = "change.release"
	ActionStart      authz.Action = "change.start"
	ActionStep       authz.Action = "change.step"
	ActionRollBack   authz.Action = "change.roll_back"
	ActionFinish     authz.Action = "change.finish"
	ActionVerify     authz.Action = "change.verify"
	ActionReview     authz.Action = "change.review"
	ActionClose      authz.Action = "change.close"
	ActionCancel     authz.Action = "change.cancel"
	ActionBreakGlass authz.Action = "change.break_glass"
	ActionNote       authz.Action = "change.note"
	ActionWatch      authz.Action = "change.watch"
	ActionExport     authz.Action = "change.export"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{
		ActionCreate:     "change.submit",
		ActionRead:       "change.read",
		ActionEdit:       "change.submit",
		ActionSubmit:     "change.submit",
		ActionReturn:     "change.assess",
		ActionAssess:     "change.assess",
		ActionTest:       "change.assess",
		ActionAsk:        "change.submit",
		ActionDecided:    "change.approve_step1",
		ActionSchedule:   "change.submit",
		ActionHold:       "change.assess",
		ActionRelease:    "change.assess",
		ActionStart:      "change.implement",
		ActionStep:       "change.implement",
		ActionRollBack:   "change.implement",
		ActionFinish:     "change.implement",
		ActionVerify:     "change.assess",
		ActionReview:     "change.review_close",
		ActionClose:      "change.review_close",
		ActionCancel:     "change.submit",
		ActionBreakGlass: "change.break_glass",
		ActionNote:       "change.note",
		ActionWatch:      "change.watch",
		ActionExport:     "export.no_pii",
		ActionExcept:     "change.calendar_blackout",
	}
}

// moveOf is the step of the state machine that an act takes.
var moveOf = map[authz.Action]Move{
	ActionSubmit: MoveSubmit, ActionReturn: MoveReturn, ActionAssess: MoveAssess, ActionTest: MoveTest, ActionAsk: MoveAsk, ActionSchedule: MoveSchedule, ActionStart: MoveStart,
	ActionRollBack: MoveRollBack, ActionFinish: MoveFinish, ActionVerify: MoveVerify, ActionClose: MoveClose, ActionCancel: MoveCancel, ActionBreakGlass: MoveBreak,
}

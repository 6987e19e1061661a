package servicerequest

import "opsdesk/internal/authz"

// The use cases of the catalogue and of requests.
const (
	ActionCreate     authz.Action = "servicerequest.create"
	ActionOnBehalf   authz.Action = "servicerequest.create_on_behalf"
	ActionRead       authz.Action = "servicerequest.read"
	ActionEdit       authz.Action = "servicerequest.edit"
	ActionDecided    authz.Action = "servicerequest.decided"
	ActionClaimTask  authz.Action = "servicerequest.claim_task"
	ActionAssignTask authz.Action = "servicerequest.assign_task"
	ActionFulfil     authz.Action = "servicerequest.fulfil"
	ActionPend       authz.Action = "servicerequest.pend"
	ActionResume     authz.Action = "servicerequest.resume"
	ActionRefuse     authz.Action = "servicerequest.refuse"
	ActionConfirm    authz.Action = "servicerequest.confirm"
	ActionAutoClose  authz.Action = "servicerequest.auto_close"
	ActionReturn     authz.Action = "servicerequest.return"
	ActionReopen     authz.Action = "servicerequest.reopen"
	ActionWithdraw   authz.Action = "servicerequest.withdraw"
	ActionReply      authz.Action = "servicerequest.reply"
	ActionNote       authz.Action = "servicerequest.note"
	ActionWatch      authz.Action = "servicerequest.watch"
	ActionNudge      authz.Action = "servicerequest.nudge"
	ActionConfigure  authz.Action = "servicerequest.configure"
	ActionPriority   authz.Action = "servicerequest.prioritise"
	ActionExport     authz.Action = "servicerequest.export"
	ActionName       authz.Action = "servicerequest.name_person"
	ActionKeepNames  authz.Action = "servicerequest.keep_names"

	ActionDraftItem   authz.Action = "catalogue.draft"
	ActionApproveItem authz.Action = "catalogue.approve"
	ActionSendBack    authz.Action = "catalogue.send_back"
	ActionReviewItem  authz.Action = "catalogue.review"
	ActionRemind      authz.Action = "catalogue.remind"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{
		ActionCreate:     "ticket.create",
		ActionOnBehalf:   "ticket.create_on_behalf",
		ActionRead:       "ticket.read",
		ActionEdit:       "ticket.create",
		ActionDecided:    "request.approve",
		ActionClaimTask:  "request.fulfil",
		ActionAssignTask: "ticket.assign",
		ActionFulfil:     "request.fulfil",
		ActionPend:       "ticket.pause_sla",
		ActionResume:     "ticket.update_fields",
		ActionRefuse:     "request.fulfil",
		ActionConfirm:    "ticket.close_confirm",
		ActionAutoClose:  "ticket.close_confirm",
		ActionReturn:     "ticket.reopen",
		ActionReopen:     "ticket.reopen",
		ActionWithdraw:   "ticket.cancel",
		ActionReply:      "ticket.comment_public",
		ActionNote:       "ticket.note_internal",
		ActionWatch:      "ticket.watch",
		ActionNudge:      "ticket.nudge",
		ActionConfigure:  "desk.classify",
		ActionPriority:   "ticket.change_priority",
		ActionExport:     "export.no_pii",
		ActionName:       "ticket.mark_security_confidential",
		ActionKeepNames:  "request.fulfil",

		ActionDraftItem:   "catalog_sla.draft",
		ActionApproveItem: "catalog_sla.approve",
		ActionSendBack:    "catalog_sla.approve",
		ActionReviewItem:  "catalog_sla.draft",
		ActionRemind:      "catalog_sla.draft",
	}
}

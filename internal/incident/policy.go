package incident

import "opsdesk/internal/authz"

// The use cases of incidents.
const (
	ActionCreate     authz.Action = "incident.create"
	ActionOnBehalf   authz.Action = "incident.create_on_behalf"
	ActionRead       authz.Action = "incident.read"
	ActionEdit       authz.Action = "incident.edit"
	ActionPriority   authz.Action = "incident.prioritise"
	ActionAccept     authz.Action = "incident.accept"
	ActionAssign     authz.Action = "incident.assign"
	ActionClaim      authz.Action = "incident.claim"
	ActionTransfer   authz.Action = "incident.transfer"
	ActionStart      authz.Action = "incident.start"
	ActionPend       authz.Action = "incident.pend"
	ActionResume     authz.Action = "incident.resume"
	ActionResolve    authz.Action = "incident.resolve"
	ActionConfirm    authz.Action = "incident.confirm"
	ActionAutoClose  authz.Action = "incident.auto_close"
	ActionReject     authz.Action = "incident.reject"
	ActionReopen     authz.Action = "incident.reopen"
	ActionSucceed    authz.Action = "incident.succeed"
	ActionCancel     authz.Action = "incident.cancel"
	ActionReply      authz.Action = "incident.reply"
	ActionNote       authz.Action = "incident.note"
	ActionEditNote   authz.Action = "incident.edit_note"
	ActionRemoveNote authz.Action = "incident.remove_note"
	ActionWatch      authz.Action = "incident.watch"
	ActionWatchers   authz.Action = "incident.change_watchers"
	ActionTasks      authz.Action = "incident.change_tasks"
	ActionLink       authz.Action = "incident.link"
	ActionItems      authz.Action = "incident.change_items"
	ActionHide       authz.Action = "incident.mark_confidential"
	ActionUnhide     authz.Action = "incident.unmark_confidential"
	ActionName       authz.Action = "incident.name_person"
	ActionAttach     authz.Action = "incident.attach"
	ActionClassify   authz.Action = "incident.configure"
	ActionImport     authz.Action = "incident.import"
	ActionMacro      authz.Action = "incident.save_macro"
	ActionMerge      authz.Action = "incident.merge"
	ActionUnmerge    authz.Action = "incident.unmerge"
	ActionSplit      authz.Action = "incident.split"
	ActionNudge      authz.Action = "incident.nudge"
	ActionExport     authz.Action = "incident.export"
	ActionParent     authz.Action = "incident.change_parent"
	ActionRoute      authz.Action = "incident.route"
)

// useCases are the policies for pages, which ask for each of them.
var useCases = Policies()

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{
		ActionCreate:       "ticket.create",
		ActionOnBehalf:     "ticket.create_on_behalf",
		ActionRead:         "ticket.read",
		ActionEdit:         "ticket.update_fields",
		ActionPriority:     "ticket.change_priority",
		ActionAccept:       "ticket.update_fields",
		ActionAssign:       "ticket.assign",
		ActionClaim:        "ticket.assign",
		ActionTransfer:     "ticket.assign",
		ActionStart:        "ticket.update_fields",
		ActionPend:         "ticket.pause_sla",
		ActionResume:       "ticket.update_fields",
		ActionResolve:      "ticket.resolve",
		ActionConfirm:      "ticket.close_confirm",
		ActionAutoClose:    "ticket.close_confirm",
		ActionReject:       "ticket.reopen",
		ActionReopen:       "ticket.reopen",
		ActionSucceed:      "ticket.create",
		ActionCancel:       "ticket.cancel",
		ActionReply:        "ticket.comment_public",
		ActionNote:         "ticket.note_internal",
		ActionEditNote:     "ticket.note_internal",
		ActionRemoveNote:   "ticket.note_internal",
		ActionWatch:        "ticket.watch",
		ActionWatchers:     "ticket.update_fields",
		ActionTasks:        "task.manage",
		ActionLink:         "ticket.link",
		ActionItems:        "ticket.link",
		ActionHide:         "ticket.mark_security_confidential",
		ActionUnhide:       "ticket.unmark_confidential",
		ActionName:         "ticket.mark_security_confidential",
		ActionAttach:       "attachment.add",
		ActionClassify:     "desk.classify",
		ActionImport:       "import.incidents",
		ActionMacro:        "macro.save",
		ActionMerge:        "ticket.merge_split_forward",
		ActionUnmerge:      "ticket.merge_split_forward",
		ActionSplit:        "ticket.merge_split_forward",
		ActionNudge:        "ticket.nudge",
		ActionExport:       "export.no_pii",
		ActionParent:       "ticket.link",
		ActionAnnounce:     "major.run",
		ActionWithdraw:     "major.run",
		ActionUpdate:       "major.run",
		ActionMeToo:        "major.me_too",
		ActionRoute:        "ticket.assign",
		ActionUndo:         "ticket.update_fields",
		ActionUndoHand:     "ticket.assign",
		ActionUndoPriority: "ticket.change_priority",
		ActionUndoPause:    "ticket.pause_sla",
		ActionUndoReply:    "ticket.comment_public",
		ActionUndoResolve:  "ticket.resolve",
		ActionUndoConfirm:  "ticket.close_confirm",
		ActionUndoReopen:   "ticket.reopen",
		ActionUndoCancel:   "ticket.cancel",
		ActionPropose:      "major.propose",
		ActionDeclare:      "major.declare",
		ActionDecline:      "major.declare",
		ActionRoles:        "major.run",
		ActionNotice:       "major.run",
		ActionLog:          "major.run",
		ActionEnd:          "major.run",
		ActionReview:       "major.run",
		ActionSubmit:       "major.run",
		ActionTake:         "major.run",
		ActionSign:         "major.review_sign",
		ActionReturn:       "major.review_sign",
		ActionLonely:       "ticket.read",
	}
}

package configuration

import "opsdesk/internal/authz"

// The use cases of configuration.
const (
	ActionRead      authz.Action = "ci.read"
	ActionCreate    authz.Action = "ci.create"
	ActionEdit      authz.Action = "ci.edit"
	ActionMove      authz.Action = "ci.move"
	ActionRelate    authz.Action = "ci.relate"
	ActionConfigure authz.Action = "ci.configure"
	ActionImport    authz.Action = "ci.import"
	ActionSettle    authz.Action = "ci.settle_drift"
	ActionVerify    authz.Action = "ci.verify"
	ActionRemind    authz.Action = "ci.remind"
	ActionBaseline  authz.Action = "ci.baseline"
	ActionAbandon   authz.Action = "ci.abandon_baseline" // the desk's own
	ActionExport    authz.Action = "ci.export"
	ActionCampaign  authz.Action = "ci.campaign"
	ActionAnswer    authz.Action = "ci.answer"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{
		ActionRead:      "ci.read",
		ActionCreate:    "ci.write",
		ActionEdit:      "ci.write",
		ActionMove:      "ci.write",
		ActionRelate:    "ci.write",
		ActionConfigure: "ci.configure",
		ActionImport:    "ci.import_discovery",
		ActionSettle:    "ci.write",
		ActionVerify:    "ci.verify",
		ActionRemind:    "ci.write",
		ActionBaseline:  "ci.configure",
		ActionAbandon:   "ci.write",
		ActionExport:    "export.no_pii",
		ActionCampaign:  "ci.verify",
		ActionAnswer:    "ci.answer",
	}
}

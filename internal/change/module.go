package change

import (
	"context"
	"embed"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Inbox is what the module needs to know of notifications: opening a record
// reads them.
type Inbox interface {
	Read(ctx context.Context, ids []uuid.UUID, about uuid.UUID) error
}

// New registers the kind, the policies and the texts of changes and returns
// their use cases.
func New(d *work.Desk, o Options) (*Service, error) {
	s := &Service{desk: d, Options: o}
	if err := d.Kinds.Register(record.Spec{Kind: Kind, Path: "/changes", Read: "change.read", Relations: record.Relations[:]}); err != nil {
		return nil, err
	}
	o.Approvals.For(Kind, subject{s})
	d.Policies.Add(Policies())
	d.Policies.Add(calendarPolicies())
	d.Policies.Add(templatePolicies())
	d.Policies.Add(authz.Policies{ActionMeet: "change.meet", ActionBoard: "change.meet", ActionRemind: "change.meet", ActionFeed: "change.read"})
	if err := s.jobs(); err != nil {
		return nil, err
	}
	if err := s.lists(o.Zone, o.Views, o.Batches); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// Mount adds the pages and the API.
func Mount(s *Service, rt web.Router, inbox Inbox, files *attachment.Service) {
	h := handlers{s: s, desk: s.desk, inbox: inbox, files: files}
	rt.Get("/changes", h.list)
	rt.Get("/changes/new", h.newPage)
	rt.Get("/changes/calendar", h.calendar)
	rt.Post("/changes/feed", h.newFeed)
	rt.Post("/changes/feed/end", h.endFeed)
	rt.Get(feedPath+"{secret}", h.feed)
	rt.Post("/changes/freezes", h.freeze)
	rt.Post("/changes/freezes/{freeze}/lift", takeOff("freeze", "/changes/calendar", s.Lift))
	rt.Get("/changes/maintenance", h.maintenance)
	rt.Get("/changes/maintenance/new", h.maintenanceEdit)
	rt.Post("/changes/maintenance", h.saveMaintenance)
	rt.Get("/changes/maintenance/{window}/edit", h.maintenanceEdit)
	rt.Post("/changes/maintenance/{window}/edit", h.saveMaintenance)
	rt.Post("/changes/maintenance/{window}/end", takeOff("window", maintenanceAddress(), s.EndMaintenance))
	rt.Get("/changes/meetings", h.meetings)
	rt.Post("/changes/meetings", h.planMeeting)
	rt.Post("/changes/meetings/board", h.board)
	rt.Get("/changes/meetings/{meeting}", h.meetingPage)
	rt.Get("/changes/meetings/{meeting}/paper", h.meetingPaper)
	rt.Post("/changes/meetings/{meeting}/edit", onMeeting(h, readMeeting, s.EditMeeting))
	rt.Post("/changes/meetings/{meeting}/minutes", onMeeting(h, readMinutes, s.Minute))
	rt.Post("/changes/meetings/{meeting}/cancel", onMeeting(h, readStep, s.CancelMeeting))
	rt.Get("/changes/templates", h.templates)
	rt.Post("/changes/templates", h.addTemplate)
	rt.Get("/changes/templates/new", h.newTemplate)
	rt.Get("/changes/templates/{template}", h.templatePage)
	rt.Get("/changes/templates/{template}/edit", h.editTemplatePage)
	rt.Post("/changes/templates/{template}/edit", h.editTemplate)
	rt.Post("/changes/templates/{template}/submit", h.onTemplate(s.SubmitTemplate))
	rt.Post("/changes/templates/{template}/return", h.onTemplate(s.SendTemplateBack))
	rt.Post("/changes/templates/{template}/approve", h.onTemplate(s.ApproveTemplate))
	rt.Post("/changes/templates/{template}/retire", h.onTemplate(s.RetireTemplate))
	rt.Post("/changes", h.add)
	rt.Get("/changes/{id}", h.change)
	rt.Get("/changes/{id}/paper", h.paper)
	rt.Get("/changes/{id}/edit", h.editPage)
	rt.Post("/changes/{id}/edit", h.edit)
	rt.Get("/changes/{id}/act/{act}", h.actPage)

	s.queue.Mount(rt, "Change", "Changes", "changes")
	a := api{s}
	tag := func(o web.Op) web.Op { o.Tag = "changes"; return o }
	rt.API(http.MethodGet, "/api/v1/changes", tag(web.Op{ID: "listChanges", Summary: "Changes the caller may see", Query: listQuery{}, Out: listOut{}}), a.list)
	rt.API(http.MethodPost, "/api/v1/changes", tag(web.Op{ID: "createChange", Summary: "Begin a change as a draft", In: CreateInput{}, Out: Out{}, Status: http.StatusCreated, Idempotent: true}), a.create)
	rt.API(http.MethodGet, "/api/v1/changes/{id}", tag(web.Op{ID: "getChange", Summary: "One change, with the gates of its next step", Out: Out{}, Versioned: true}), a.get)
	rt.API(http.MethodPatch, "/api/v1/changes/{id}", tag(web.Op{ID: "editChange", Summary: "Change the plan; approvals of another plan are void", In: EditInput{}, Out: Out{}, Versioned: true, Idempotent: true}), write(a, s.Edit))
	m := mounter{rt, h, a}
	act(m, "items", "setChangeItem", "Add a configuration item to the plan, or take it away", s.SetItem)
	act(m, "submit", "submitChange", "Hand the application in", s.Submit)
	act(m, "return", "returnChange", "Send an application back to its author", s.Return)
	act(m, "assess", "assessChange", "Note the risk", s.Assess)
	act(m, "test", "testChange", "Note the result of the test, with evidence", s.Test)
	act(m, "ask", "reviewChange", "Ask for the approvals", s.Ask)
	act(m, "schedule", "scheduleChange", "Book the window; two changes cannot book one item at once", s.Schedule)
	m.rt.Post("/changes/{id}/move-window", m.h.moveWindow)
	m.rt.API(http.MethodPost, "/api/v1/changes/{id}/move-window", web.Op{ID: "moveChangeWindow", Tag: "changes", Summary: "Put the window elsewhere, as long as it is; refused where it could not be booked", In: MoveInput{}, Out: Out{}, Versioned: true, Idempotent: true}, write(m.a, s.MoveWindow))
	act(m, "hold", "holdChange", "Stop a change where it is", s.Hold)
	act(m, "release", "releaseChange", "Let a held change go on", s.Release)
	act(m, "start", "startChange", "Begin the implementation, through every gate", s.Start)
	act(m, "break-glass", "breakGlass", "Begin without what the gates ask for: loud, for four hours, and reviewed", s.BreakGlass)
	act(m, "run", "runChangeStep", "Start or end a step", s.Run)
	act(m, "roll-back", "rollBackChange", "Take the way back", s.RollBack)
	act(m, "finish", "finishChange", "End the work at the systems", s.Finish)
	act(m, "verify", "verifyChange", "Note the result, by somebody who did not implement it", s.Verify)
	act(m, "close", "closeChange", "Close after the review", s.Close)
	act(m, "cancel", "cancelChange", "Cancel before anything was done", s.Cancel)
	act(m, "notes", "noteOnChange", "Add a note", s.Note)
	act(m, "except", "exceptChange", "Let a change through the hard freezes in its window, and outside of binding maintenance windows, for a reason and by name", s.Except)
	rt.API(http.MethodGet, "/api/v1/change-calendar", tag(web.Op{ID: "changeCalendar", Summary: "Changes, freezes and maintenance windows of a span of at most 62 days", Query: spanQuery{}, Out: calendarOut{}}), a.calendar)
	rt.API(http.MethodPost, "/api/v1/change-freezes", tag(web.Op{ID: "createChangeFreeze", Summary: "Set a time in which nothing is changed", In: FreezeInput{}, Out: Freeze{}, Status: http.StatusCreated, Idempotent: true}), a.freeze)
	rt.API(http.MethodPost, "/api/v1/change-freezes/{freeze}/lift", tag(web.Op{ID: "liftChangeFreeze", Summary: "End a freeze", In: StepInput{}, Out: Freeze{}, Versioned: true, Idempotent: true}), work.Act(web.At("freeze"), s.Lift, lifted))
	const windows = "/api/v1/change-maintenance"
	rt.API(http.MethodGet, windows, tag(web.Op{ID: "listMaintenanceWindows", Summary: "Maintenance windows in use, by name; items that the caller may not see are left out", Out: maintenanceOut{}}), a.maintenance)
	rt.API(http.MethodPost, windows, tag(web.Op{ID: "createMaintenanceWindow", Summary: "Set a recurring time in which services and items may be changed", In: MaintenanceInput{}, Out: Maintenance{}, Status: http.StatusCreated, Idempotent: true}), a.setMaintenance)
	rt.API(http.MethodPatch, windows+"/{window}", tag(web.Op{ID: "editMaintenanceWindow", Summary: "Change a maintenance window, for all changes that are not made yet", In: MaintenanceInput{}, Out: Maintenance{}, Versioned: true, Idempotent: true}), apiMaintenance(a, s.EditMaintenance))
	rt.API(http.MethodPost, windows+"/{window}/end", tag(web.Op{ID: "endMaintenanceWindow", Summary: "Take a maintenance window out of use", In: StepInput{}, Out: Maintenance{}, Versioned: true, Idempotent: true}), apiMaintenance(a, s.EndMaintenance))
	act(m, "template", "retakeChangeTemplate", "Take over the version of the template that is in force now", s.Retake)
	const of = "/api/v1/change-templates"
	step := func(path, id, summary string, run func(context.Context, uuid.UUID, TemplateStep) (Template, error)) {
		rt.API(http.MethodPost, of+"/{template}/"+path, tag(web.Op{ID: id, Summary: summary, In: TemplateStep{}, Out: Template{}, Versioned: true, Idempotent: true}), onTemplate(run))
	}
	rt.API(http.MethodGet, of, tag(web.Op{ID: "listChangeTemplates", Summary: "Templates of standard changes: of each the version in force and the one being written", Out: templatesOut{}}), a.templates)
	rt.API(http.MethodPost, of, tag(web.Op{ID: "draftChangeTemplate", Summary: "Draft a template, or the next version of one", In: TemplateInput{}, Out: Template{}, Status: http.StatusCreated, Idempotent: true}), a.draftTemplate)
	rt.API(http.MethodGet, of+"/{template}", tag(web.Op{ID: "getChangeTemplate", Summary: "One version of a template", Out: Template{}, Versioned: true}), a.template)
	rt.API(http.MethodPatch, of+"/{template}", tag(web.Op{ID: "editChangeTemplate", Summary: "Change a draft", In: TemplateInput{}, Out: Template{}, Versioned: true, Idempotent: true}), onTemplate(s.EditTemplate))
	step("submit", "submitChangeTemplate", "Ask for the approval of a draft", s.SubmitTemplate)
	step("return", "returnChangeTemplate", "Return a version to its authors, with the reason", s.SendTemplateBack)
	step("approve", "approveChangeTemplate", "Put a version into force that one did not write", s.ApproveTemplate)
	step("retire", "retireChangeTemplate", "Take a template out of force, with the reason", s.RetireTemplate)
	const board = "/api/v1/change-meetings"
	rt.API(http.MethodGet, board, tag(web.Op{ID: "listChangeMeetings", Summary: "Meetings of the change advisory board, the latest first", Query: meetingsQuery{}, Out: meetingsOut{}}), a.meetings)
	rt.API(http.MethodPost, board, tag(web.Op{ID: "planChangeMeeting", Summary: "Plan a meeting; its agenda begins with what waits for its review", In: MeetingInput{}, Out: Meeting{}, Status: http.StatusCreated, Idempotent: true}), a.planMeeting)
	rt.API(http.MethodGet, "/api/v1/change-board", tag(web.Op{ID: "getChangeBoard", Summary: "Quorum and mandatory roles of the change advisory board", Out: Board{}, Versioned: true}), a.board)
	rt.API(http.MethodPatch, "/api/v1/change-board", tag(web.Op{ID: "editChangeBoard", Summary: "Set the quorum and the mandatory roles of the board", In: BoardInput{}, Out: Board{}, Versioned: true, Idempotent: true}), a.setBoard)
	rt.API(http.MethodGet, board+"/{meeting}", tag(web.Op{ID: "getChangeMeeting", Summary: "One meeting; topics that the caller may not see are left out", Out: Meeting{}, Versioned: true}), a.meeting)
	rt.API(http.MethodPatch, board+"/{meeting}", tag(web.Op{ID: "editChangeMeeting", Summary: "Change when and where it is, and who leads it", In: MeetingInput{}, Out: Meeting{}, Versioned: true, Idempotent: true}), apiMeeting(a, s.EditMeeting))
	rt.API(http.MethodPost, board+"/{meeting}/minutes", tag(web.Op{ID: "minuteChangeMeeting", Summary: "Keep the minutes and the agenda, and close them", In: MinutesInput{}, Out: Meeting{}, Versioned: true, Idempotent: true}), apiMeeting(a, s.Minute))
	rt.API(http.MethodPost, board+"/{meeting}/cancel", tag(web.Op{ID: "cancelChangeMeeting", Summary: "Call a meeting off", In: StepInput{}, Out: Meeting{}, Versioned: true, Idempotent: true}), apiMeeting(a, s.CancelMeeting))
	act(m, "watch", "watchChange", "Follow, or stop following", s.Watch)
}

type mounter struct {
	rt web.Router
	h  handlers
	a  api
}

// act mounts one use case twice: as the target of a form and in the API.
func act[In any](m mounter, path, id, summary string, run func(context.Context, uuid.UUID, In) (Change, error)) {
	m.rt.Post("/changes/{id}/"+path, formOf(m.h, path, run))
	var in In
	m.rt.API(http.MethodPost, "/api/v1/changes/{id}/"+path, web.Op{ID: id, Tag: "changes", Summary: summary, In: in, Out: Out{}, Versioned: true, Idempotent: true}, write(m.a, run))
}

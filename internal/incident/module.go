package incident

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/authz"
	"opsdesk/internal/batch"
	"opsdesk/internal/canned"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
	"opsdesk/internal/sla"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Inbox is what the module needs to know of notifications: opening a record
// reads them.
type Inbox interface {
	// About counts what the actor has not read about a record.
	About(ctx context.Context, about uuid.UUID, to *int) (db.Part, error)
	Read(ctx context.Context, ids []uuid.UUID, about uuid.UUID) error
}

// Options are what the module needs beside the desk.
type Options struct {
	Zone  *time.Location
	Files *attachment.Service
	Inbox Inbox
	// Others are what the portal lists beside incidents.
	Others Own
}

// NewService registers the kind, the policies, the texts and the jobs of incidents
// and returns their use cases.
func NewService(d *work.Desk, zone *time.Location, views *view.Service, batches *batch.Service, levels *sla.Service, texts *canned.Service) (*Service, error) {
	s := newService(d, zone, levels)
	if err := d.Kinds.Register(record.Spec{Kind: Kind, Path: "/incidents", Read: "ticket.read", Relations: record.Relations[:]}); err != nil {
		return nil, err
	}
	s.batches, s.canned = batches, texts
	batches.Handle(BatchBulk, batch.Runner{Row: s.bulkRow, Undo: BatchUndo, Title: "incident.bulk.title", Path: "/incidents/"})
	batches.Handle(BatchUndo, batch.Runner{Row: s.undoRow, Title: "incident.bulk.undo_title", Path: "/incidents/"})
	if err := s.lists(views, batches); err != nil {
		return nil, err
	}
	d.Policies.Add(Policies())
	if err := s.register(); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// Mount adds the pages and the API.
func Mount(s *Service, rt web.Router, o Options) {
	h := handlers{s: s, desk: s.desk, files: o.Files, inbox: o.Inbox, others: o.Others}
	rt.Get("/", h.home)
	rt.Get("/my", h.mine)
	rt.Get("/palette", h.palette)
	rt.Get("/incidents", h.queue)
	rt.Get("/incidents/new", h.reportPage)
	rt.Post("/incidents", h.report)
	rt.Get("/incidents/{id}", h.ticket)
	rt.Get("/incidents/{id}/preview", h.preview)
	rt.Get("/incidents/{id}/since", h.since)
	rt.Get("/incidents/{id}/act/{act}", h.actPage)
	rt.Get("/incidents/{id}/mentionable", h.mentionable)
	rt.Get("/settings/incidents", h.settingsPage)
	rt.Post("/settings/incidents", h.saveSettings)
	rt.Post("/settings/incidents/matrix", h.saveMatrix)
	rt.Post("/settings/incidents/glossary", h.saveGlossary)
	rt.Post("/settings/incidents/categories", h.saveCategory)

	a := api{s}
	tag := func(o web.Op) web.Op { o.Tag = "incidents"; return o }
	rt.API(http.MethodGet, "/api/v1/incidents", tag(web.Op{ID: "listIncidents", Summary: "Incidents the caller may see", Query: listQuery{}, Out: listOut{}}), a.list)
	rt.API(http.MethodPost, "/api/v1/incidents", tag(web.Op{ID: "createIncident", Summary: "Report a fault", In: CreateInput{}, Out: Out{}, Status: http.StatusCreated, Idempotent: true}), a.create)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}", tag(web.Op{ID: "getIncident", Summary: "One incident, by id or number; a merged one leads to the other with 303 unless tombstone is true", Query: tombstoneQuery{}, Out: Out{}, Versioned: true}), a.get)
	rt.API(http.MethodPatch, "/api/v1/incidents/{id}", tag(web.Op{ID: "editIncident", Summary: "Change fields; what is absent stays", In: EditInput{}, Out: Out{}, Versioned: true, Idempotent: true}), write(a, s.Edit))
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/replies", tag(web.Op{ID: "listReplies", Summary: "Public replies, oldest first", Out: commentsOut{}}), a.replies)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/notes", tag(web.Op{ID: "listNotes", Summary: "Internal notes, oldest first", Out: commentsOut{}}), a.notes)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/attachments", tag(web.Op{ID: "listAttachments", Summary: "Files of an incident", Out: filesOut{}}), a.files)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/tasks", tag(web.Op{ID: "listTasks", Summary: "Tasks of an incident", Out: tasksOut{}}), a.tasks)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/links", tag(web.Op{ID: "listLinks", Summary: "Related records", Out: linksOut{}}), a.links)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/items", tag(web.Op{ID: "listAffectedItems", Summary: "Configuration items that an incident affects", Out: itemsOut{}}), a.items)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/watchers", tag(web.Op{ID: "listWatchers", Summary: "Who follows an incident", Out: watchersOut{}}), a.watchers)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/names", tag(web.Op{ID: "listNames", Summary: "The need-to-know list of a confidential incident", Out: namesOut{}}), a.names)
	rt.API(http.MethodGet, "/api/v1/incidents/{id}/history", tag(web.Op{ID: "listHistory", Summary: "What was done, oldest first", Out: historyOut{}}), a.history)
	rt.API(http.MethodGet, "/api/v1/incident-config", tag(web.Op{ID: "getIncidentConfig", Summary: "Settings, priority matrix, categories and services", Out: Config{}}), a.config)
	rt.API(http.MethodPut, "/api/v1/incident-config/settings", tag(web.Op{ID: "setIncidentSettings", Summary: "Change the settings", In: Settings{}, Status: http.StatusNoContent}), a.setSettings)
	rt.API(http.MethodPost, "/api/v1/incident-config/matrix/preview", tag(web.Op{ID: "previewPriorityMatrix", Summary: "What a matrix would do to open incidents; nothing is saved", In: matrixInput{}, Out: sla.Preview{}}), a.previewMatrix)
	rt.API(http.MethodPut, "/api/v1/incident-config/matrix", tag(web.Op{ID: "setPriorityMatrix", Summary: "Change the priority matrix: all nine cells", In: matrixInput{}, Status: http.StatusNoContent}), a.setMatrix)
	rt.API(http.MethodGet, "/api/v1/incident-config/glossary", tag(web.Op{ID: "getGlossary", Summary: "Words that mean the same to the search", Out: GlossaryInput{}}), a.glossary)
	rt.API(http.MethodPut, "/api/v1/incident-config/glossary", tag(web.Op{ID: "setGlossary", Summary: "Change the words that mean the same", In: GlossaryInput{}, Status: http.StatusNoContent}), a.setGlossary)
	rt.API(http.MethodPost, "/api/v1/incident-config/categories", tag(web.Op{ID: "saveCategory", Summary: "Make or change a category", In: ChoiceInput{}, Status: http.StatusNoContent}), a.saveCategory)

	s.queue.Mount(rt, "Incident", "Incidents", "incidents")
	queue.MountMany(s.queue, rt, "Incidents", "incidents", h.many())
	mountTrials(h, a, rt)
	mountMacros(rt, h, a)
	mountSimilar(rt, h, a)

	m := mounter{rt, h, a}
	mountMerge(m)
	mountSplit(m)
	mountNotes(m)
	act(m, "accept", ActionAccept, "Accept: the first response, with a classification", s.Accept)
	act(m, "start", ActionStart, "Begin the repair", s.Start)
	act(m, "pend", ActionPend, "Put on hold, with the reason", s.Pend)
	act(m, "resume", ActionResume, "Take the work up again", s.Resume)
	act(m, "resolve", ActionResolve, "Resolve, with code, cause and process", s.Resolve)
	act(m, "confirm", ActionConfirm, "Confirm the resolution, which closes the incident", s.Confirm)
	act(m, "reject", ActionReject, "Say that the resolution does not hold", s.Reject)
	act(m, "reopen", ActionReopen, "Reopen within the set number of days", s.Reopen)
	act(m, "cancel", ActionCancel, "Cancel before work began, with the reason", s.Cancel)
	act(m, "assign", ActionAssign, "Hand to a person, a team, or both", s.Assign)
	act(m, "claim", ActionClaim, "Take an unassigned incident", s.Claim)
	act(m, "transfer", ActionTransfer, "Hand to another team, with a remark", s.Transfer)
	act(m, "route", ActionRoute, "Apply the routing rules in force once more", s.Route)
	act(m, "priority", ActionPriority, "Set the priority by hand, with the reason", s.Prioritise)
	act(m, "replies", ActionReply, "Add a public reply", s.Reply)
	act(m, "notes", ActionNote, "Add an internal note", s.Note)
	act(m, "watch", ActionWatch, "Follow, or stop following", s.Watch)
	act(m, "watchers", ActionWatchers, "Add or remove another follower", s.ChangeWatcher)
	act(m, "tasks", ActionTasks, "Add a task", s.AddTask)
	act(m, "links", ActionLink, "Relate to another record by number", s.Link)
	act(m, "items", ActionItems, "Note that a configuration item is affected", s.AddItem)
	act(m, "items/remove", ActionItems, "A configuration item is not affected after all", s.RemoveItem)
	act(m, "links/remove", ActionLink, "End a relation", s.Unlink)
	act(m, "confidential", ActionHide, "Make confidential", s.Hide)
	act(m, "public", ActionUnhide, "End the confidentiality (needs a second person)", s.Unhide)
	act(m, "names", ActionName, "Name a person on a confidential incident", s.NamePerson)
	act(m, "nudge", ActionNudge, "Chase an open incident; there is a cool-down", s.Nudge)
	rt.API(http.MethodPost, "/api/v1/incidents/{id}/undo", tag(web.Op{ID: "undoIncidentAct", Summary: "Take one's own last act back, by the version that it made: within two minutes, a reply within ten seconds, and while nobody has changed the incident since", In: UndoInput{}, Out: Out{}, Versioned: true, Idempotent: true}), write(a, s.Undo))
	mountFamily(m)
	mountMajor(m)
	rt.Post("/incidents/{id}/edit", h.edit)
	rt.Post("/incidents/{id}/tasks/{task}", h.tickTask)
	rt.API(http.MethodPost, "/api/v1/incidents/{id}/tasks/{task}", tag(web.Op{ID: "tickTask", Summary: "Tick a task, or take the tick back", In: TaskDoneInput{}, Out: Out{}, Versioned: true, Idempotent: true}), a.tickTask)
}

type mounter struct {
	rt web.Router
	h  handlers
	a  api
}

// act mounts one use case twice: as the target of a form and in the API.
func act[In any](m mounter, path string, action authz.Action, summary string, run func(context.Context, uuid.UUID, In) (Incident, error)) {
	m.rt.Post("/incidents/{id}/"+path, formOf(m.h, path, run))
	var in In
	m.rt.API(http.MethodPost, "/api/v1/incidents/{id}/"+path, web.Op{
		ID: operationID(string(action), path), Tag: "incidents", Summary: summary, In: in, Out: Out{}, Versioned: true, Idempotent: true,
	}, write(m.a, run))
}

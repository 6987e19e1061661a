package servicerequest

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/batch"
	"opsdesk/internal/form"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/queue"
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

// NewService registers the kind, the policies, the texts and the jobs of
// requests and returns their use cases.
func NewService(d *work.Desk, zone *time.Location, o Options) (*Service, error) {
	s := newService(d, zone, o)
	if err := d.Kinds.Register(record.Spec{Kind: Kind, Path: "/requests", Read: "ticket.read", Relations: record.Relations[:]}); err != nil {
		return nil, err
	}
	o.Approvals.For(Kind, subject{s})
	o.Batches.Handle(BatchBulk, batch.Runner{Row: s.bulkRow, Undo: BatchUndo, Title: "servicerequest.bulk.title", Path: "/requests/"})
	o.Batches.Handle(BatchUndo, batch.Runner{Row: s.undoRow, Title: "servicerequest.bulk.undo_title", Path: "/requests/"})
	if err := s.lists(o.Views, o.Batches); err != nil {
		return nil, err
	}
	d.Policies.Add(Policies())
	if err := s.register(); err != nil {
		return nil, err
	}
	if err := d.Messages.Add(form.Messages); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// Mount adds the pages and the API.
func Mount(s *Service, rt web.Router, files *attachment.Service, inbox Inbox) {
	h := handlers{s: s, desk: s.desk, files: files, inbox: inbox}
	rt.Get("/catalogue", h.catalogue)
	rt.Get("/catalogue/pictures/{picture}", h.picture)
	rt.Get("/catalogue/{item}", h.orderPage)
	rt.Post("/catalogue/{item}", h.order)
	rt.Post("/catalogue/{item}/favourite", h.favour)
	mountKeeping(h, rt)

	rt.Get("/requests", h.queue)
	rt.Get("/requests/tasks", h.todo)
	s.queue.Mount(rt, "Request", "Requests", "requests")
	queue.MountMany(s.queue, rt, "Requests", "requests", h.many())
	rt.Get("/requests/{id}", h.request)
	rt.Get("/requests/{id}/preview", h.preview)
	rt.Get("/requests/{id}/edit", h.editPage)
	rt.Post("/requests/{id}/edit", h.edit)
	rt.Post("/requests/{id}/copy", h.copy)
	rt.Get("/requests/{id}/act/{act}", h.actPage)
	rt.Get("/requests/{id}/tasks/{task}/{act}", h.taskAct)
	rt.Get("/settings/requests", h.settings)
	rt.Post("/settings/requests", h.saveSettings)
	mountAPI(s, h, rt)
}

// mountKeeping adds the pages of those who keep the catalogue.
func mountKeeping(h handlers, rt web.Router) {
	s := h.s
	const at = "/catalogue/manage/{item}"
	rt.Get("/catalogue/manage", h.keep)
	rt.Post("/catalogue/manage", h.newItem)
	rt.Post("/catalogue/manage/categories", h.saveCategory)
	rt.Get(at, h.item(""))
	for _, part := range []string{"details", "form", "approvals", "tasks"} {
		rt.Get(at+"/"+part, h.item(part))
	}
	rt.Post(at+"/details", itemDo(h, "details", "ui.done", h.details))
	rt.Post(at+"/forget", h.forget)
	rt.Post(at+"/picture", h.setPicture)
	rt.Post(at+"/fields", h.addField)
	rt.Get(at+"/fields/{field}", h.field)
	rt.Post(at+"/fields/{field}", h.setField)
	rt.Post(at+"/fields/{field}/move", itemDo(h, "form", "ui.done", h.moveField))
	rt.Post(at+"/fields/{field}/remove", itemDo(h, "form", "ui.done", h.removeField))
	rt.Post(at+"/try", h.try)
	rt.Get(at+"/tasks/{task}", h.task)
	rt.Post(at+"/tasks/{task}", h.setTask)
	rt.Post(at+"/tasks/{task}/move", itemDo(h, "tasks", "ui.done", h.moveTask))
	rt.Post(at+"/tasks/{task}/remove", itemDo(h, "tasks", "ui.done", h.removeTask))
	rt.Get(at+"/approvals/{step}", h.step)
	rt.Post(at+"/approvals/{step}", h.setStep)
	rt.Post(at+"/approvals/{step}/move", itemDo(h, "approvals", "ui.done", h.moveStep))
	rt.Post(at+"/approvals/{step}/remove", itemDo(h, "approvals", "ui.done", h.removeStep))
	rt.Post(at+"/submit", itemDo(h, "", "servicerequest.said.submitted", plain(s.SubmitItem)))
	rt.Post(at+"/approve", itemDo(h, "", "servicerequest.said.approved", plain(s.ApproveItem)))
	rt.Post(at+"/send-back", itemDo(h, "", "ui.done", plain(s.SendBack)))
	rt.Post(at+"/review", itemDo(h, "", "ui.done", plain(s.ReviewItem)))
	rt.Post(at+"/retire", itemDo(h, "", "ui.done", plain(s.RetireItem)))
	rt.Post(at+"/restore", itemDo(h, "", "ui.done", plain(s.RestoreItem)))
}

// mountAPI adds the JSON API, and the forms of acts that are the same.
func mountAPI(s *Service, h handlers, rt web.Router) {
	a := api{s}
	tag := func(o web.Op) web.Op { o.Tag = "requests"; return o }
	rt.API(http.MethodGet, "/api/v1/catalogue", tag(web.Op{ID: "browseCatalogue", Summary: "What the caller may see of the catalogue", Query: catalogueQuery{}, Out: catalogueOut{}}), a.catalogue)
	rt.API(http.MethodGet, "/api/v1/catalogue/{item}", tag(web.Op{ID: "getCatalogueItem", Summary: "One item with its form", Out: offerOut{}}), a.offer)
	rt.API(http.MethodPost, "/api/v1/catalogue-items", tag(web.Op{ID: "createCatalogueItem", Summary: "Begin an item as a draft", In: NewItemInput{}, Out: itemOut{}, Status: http.StatusCreated, Idempotent: true}), a.newItem)
	rt.API(http.MethodGet, "/api/v1/catalogue-items/{item}", tag(web.Op{ID: "getCatalogueDraft", Summary: "An item for its keepers, with its draft", Out: itemOut{}, Versioned: true}), a.manage)
	itemOp(rt, a, "draft", "replaceCatalogueDraft", "Replace the draft of an item", s.Replace)
	itemOp(rt, a, "submit", "submitCatalogueItem", "Hand the draft to another person for approval", s.SubmitItem)
	itemOp(rt, a, "approve", "approveCatalogueItem", "Put the draft in force (never one's own)", s.ApproveItem)
	itemOp(rt, a, "send-back", "sendBackCatalogueItem", "Return a draft to be mended", s.SendBack)
	itemOp(rt, a, "review", "reviewCatalogueItem", "Note the yearly review", s.ReviewItem)
	itemOp(rt, a, "retire", "retireCatalogueItem", "Take an item out of the catalogue", s.RetireItem)
	itemOp(rt, a, "restore", "restoreCatalogueItem", "Bring a retired item back", s.RestoreItem)

	rt.API(http.MethodGet, "/api/v1/requests", tag(web.Op{ID: "listRequests", Summary: "Requests the caller may see", Query: listQuery{}, Out: listOut{}}), a.list)
	rt.API(http.MethodGet, "/api/v1/request-tasks", tag(web.Op{ID: "listRequestTasks", Summary: "Tasks that wait for the caller's teams, or for the caller", Query: todoQuery{}, Out: todoOut{}}), a.todo)
	rt.API(http.MethodPost, "/api/v1/requests", tag(web.Op{ID: "createRequest", Summary: "Ask for an item of the catalogue", In: OrderInput{}, Out: Out{}, Status: http.StatusCreated, Idempotent: true}), a.create)
	rt.API(http.MethodGet, "/api/v1/requests/{id}", tag(web.Op{ID: "getRequest", Summary: "One request", Out: Out{}, Versioned: true}), a.get)
	rt.API(http.MethodPatch, "/api/v1/requests/{id}", tag(web.Op{ID: "editRequest", Summary: "Change a draft, or what is being approved; approvals of other content are void", In: EditInput{}, Out: Out{}, Versioned: true, Idempotent: true}), write(a, s.Edit))
	m := mounter{rt, h, a}
	act(m, "pend", "pendRequest", "Put on hold, with the reason", s.Pend)
	act(m, "resume", "resumeRequest", "Take the work up again", s.Resume)
	act(m, "confirm", "confirmRequest", "Confirm the delivery, which closes the request", s.Confirm)
	act(m, "return", "returnRequest", "Say that what came is not what was asked for", s.Return)
	act(m, "reopen", "reopenRequest", "Reopen within the set number of days", s.Reopen)
	act(m, "refuse", "refuseRequest", "End a request that cannot be fulfilled, with the reason", s.Refuse)
	act(m, "withdraw", "withdrawRequest", "Take a request back before work began", s.Withdraw)
	act(m, "replies", "replyToRequest", "Add a public reply", s.Reply)
	act(m, "notes", "noteOnRequest", "Add an internal note", s.Note)
	act(m, "priority", "prioritiseRequest", "Say anew how far an open request reaches and how urgent it is, with the reason", s.Prioritise)
	act(m, "names", "nameOnRequest", "Let one more person see a confidential request, for at most 30 days", s.NamePerson)
	act(m, "nudge", "nudgeRequest", "Chase an open request; there is a cool-down", s.Nudge)
	act(m, "watch", "watchRequest", "Follow, or stop following", s.Watch)
	taskOp(m, "claim", "claimRequestTask", "Take a task that is ready", s.ClaimTask)
	taskOp(m, "assign", "assignRequestTask", "Hand a task to a person, a team, or both", s.AssignTask)
	taskOp(m, "change", "openRequestChange", "Open the change that a task is about, as a draft of the caller's", s.OpenChange)
	taskOp(m, "done", "completeRequestTask", "End a task; those after it begin", s.CompleteTask)
}

type mounter struct {
	rt web.Router
	h  handlers
	a  api
}

// act mounts one use case twice: as the target of a form and in the API.
func act[In any](m mounter, path, id, summary string, run func(context.Context, uuid.UUID, In) (Request, error)) {
	m.rt.Post("/requests/{id}/"+path, formOf(m.h, path, run))
	var in In
	m.rt.API(http.MethodPost, "/api/v1/requests/{id}/"+path, web.Op{ID: id, Tag: "requests", Summary: summary, In: in, Out: Out{}, Versioned: true, Idempotent: true}, write(m.a, run))
}

// taskOp is act for a task.
func taskOp[In any](m mounter, path, id, summary string, run func(context.Context, uuid.UUID, uuid.UUID, In) (Request, error)) {
	m.rt.Post("/requests/{id}/tasks/{task}/"+path, onTask(m.h, "task-"+path, run))
	var in In
	m.rt.API(http.MethodPost, "/api/v1/requests/{id}/tasks/{task}/"+path, web.Op{ID: id, Tag: "requests", Summary: summary, In: in, Out: Out{}, Versioned: true, Idempotent: true},
		func(w http.ResponseWriter, r *http.Request) error {
			task, err := web.PathID(r, "task")
			if err != nil {
				return err
			}
			return write(m.a, func(ctx context.Context, id uuid.UUID, in In) (Request, error) { return run(ctx, id, task, in) })(w, r)
		})
}

// itemOp mounts an act on an item in the API.
func itemOp[In any](rt web.Router, a api, path, id, summary string, run func(context.Context, uuid.UUID, In) (Item, error)) {
	var in In
	rt.API(http.MethodPost, "/api/v1/catalogue-items/{item}/"+path, web.Op{ID: id, Tag: "requests", Summary: summary, In: in, Out: itemOut{}, Versioned: true, Idempotent: true}, writeItem(a, run))
}

package inspection

import (
	"embed"
	"net/http"

	"opsdesk/internal/attachment"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// New registers the kind, the policies, the texts and the jobs of inspections
// and returns their use cases.
func New(d *work.Desk, o Options) (*Service, error) {
	s := &Service{desk: d, Options: o}
	if err := d.Kinds.Register(record.Spec{Kind: Kind, Path: "/inspections", Read: "inspection.read", Relations: record.Relations[:1]}); err != nil {
		return nil, err
	}
	d.Policies.Add(Policies())
	if err := s.lists(); err != nil {
		return nil, err
	}
	if err := s.register(); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// Mount adds the pages and the API.
func Mount(s *Service, rt web.Router, files *attachment.Service, inbox Inbox) {
	h := handlers{s: s, desk: s.desk, files: files, inbox: inbox}
	rt.Get("/inspections", h.list)
	rt.Get("/inspections/plans", h.plans)
	rt.Post("/inspections/plans", h.addPlan)
	rt.Get("/inspections/plans/new", h.newPlan)
	rt.Get("/inspections/plans/{plan}", h.plan)
	rt.Get("/inspections/plans/{plan}/edit", h.editPlanPage)
	rt.Post("/inspections/plans/{plan}/edit", h.editPlan)
	rt.Post("/inspections/plans/{plan}/pause", onPlan(h, s.PausePlan))
	rt.Post("/inspections/plans/{plan}/resume", onPlan(h, s.ResumePlan))
	rt.Post("/inspections/plans/{plan}/retire", onPlan(h, s.RetirePlan))
	rt.Get("/inspections/{id}", h.inspection)
	rt.Post("/inspections/{id}/start", formOf(h, s.Start, "inspection.said.started"))
	rt.Post("/inspections/{id}/finish", formOf(h, s.Finish, "inspection.said.finished"))
	rt.Post("/inspections/{id}/cancel", formOf(h, s.Cancel, "ui.done"))
	rt.Get("/inspections/{id}/items/{item}", h.item)
	rt.Post("/inspections/{id}/items/{item}", h.record)
	rt.Post("/inspections/{id}/items/{item}/raise", h.raise)
	s.queue.Mount(rt, "Inspection", "Inspections", "inspections")

	a := api{s}
	op := func(id, summary string, in, out any) web.Op {
		return web.Op{ID: id, Tag: "inspections", Summary: summary, In: in, Out: out, Versioned: true, Idempotent: in != nil}
	}
	list := op("listInspections", "Inspections the caller may see", nil, listOut{})
	list.Query, list.Versioned = listQuery{}, false
	rt.API(http.MethodGet, "/api/v1/inspections", list, a.list)
	const one = "/api/v1/inspections/{id}"
	rt.API(http.MethodGet, one, op("getInspection", "One inspection, with its checklist and readings", nil, Out{}), a.get)
	rt.API(http.MethodPost, one+"/start", op("startInspection", "Begin: from now on it keeps the checklist of its plan as it is", StepInput{}, Out{}), write(a, s.Start))
	rt.API(http.MethodPost, one+"/readings", op("recordInspectionReadings", "Note readings of one item; what is not named stays, one without a value is taken back", RecordInput{}, Out{}), write(a, s.Record))
	rt.API(http.MethodPost, one+"/finish", op("finishInspection", "Finish; its readings are facts from then on", FinishInput{}, Out{}), write(a, s.Finish))
	rt.API(http.MethodPost, one+"/cancel", op("cancelInspection", "Call an inspection off, with the reason", ReasonInput{}, Out{}), write(a, s.Cancel))
	raise := op("raiseInspectionFinding", "Open an incident for a finding, or name the one there is", RaiseInput{}, raisedOut{})
	raise.Versioned = false
	rt.API(http.MethodPost, one+"/incidents", raise, a.raise)

	const plans = "/api/v1/inspection-plans"
	many := op("listInspectionPlans", "Plans of inspections, the last changed first", nil, plansOut{})
	many.Query, many.Versioned = plansQuery{}, false
	rt.API(http.MethodGet, plans, many, a.plans)
	create := op("createInspectionPlan", "Make a plan; its first inspections follow within a minute", PlanInput{}, Plan{})
	create.Status, create.Versioned = http.StatusCreated, false
	rt.API(http.MethodPost, plans, create, a.createPlan)
	look := op("previewInspectionPlan", "When a plan would be due next, and of how many items, without keeping it", PlanInput{}, Preview{})
	look.Versioned, look.Idempotent = false, false
	rt.API(http.MethodPost, "/api/v1/inspection-plan-previews", look, a.preview)
	rt.API(http.MethodGet, plans+"/{plan}", op("getInspectionPlan", "One plan", nil, Plan{}), a.plan)
	rt.API(http.MethodPatch, plans+"/{plan}", op("editInspectionPlan", "Change a plan; what lies ahead follows, what is under way keeps its checklist", PlanInput{}, Plan{}), writePlan(s.EditPlan))
	rt.API(http.MethodPost, plans+"/{plan}/pause", op("pauseInspectionPlan", "Stop a plan for a while", ReasonInput{}, Plan{}), writePlan(s.PausePlan))
	rt.API(http.MethodPost, plans+"/{plan}/resume", op("resumeInspectionPlan", "Let a paused plan go on from now", StepInput{}, Plan{}), writePlan(s.ResumePlan))
	rt.API(http.MethodPost, plans+"/{plan}/retire", op("retireInspectionPlan", "End a plan for good", ReasonInput{}, Plan{}), writePlan(s.RetirePlan))
}

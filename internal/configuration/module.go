package configuration

import (
	"embed"
	"net/http"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// New registers the kind, the policies, the texts and the jobs of
// configuration and returns its use cases. url is the address of the desk.
func New(d *work.Desk, batches *batch.Service, url string) (*Service, error) {
	s := &Service{desk: d, batches: batches, url: url}
	if err := d.Kinds.Register(record.Spec{Kind: Kind, Path: "/configuration", Read: "ci.read"}); err != nil {
		return nil, err
	}
	d.Policies.Add(Policies())
	batches.Handle(batchImport, batch.Runner{Row: s.importStep, Undo: batchUndo, Title: "configuration.import.title", Path: "/configuration?q=", Max: maxRows * 2})
	batches.Handle(batchUndo, batch.Runner{Row: s.undoStep, Title: "configuration.import.undo", Path: "/configuration?q=", Max: maxRows * 2})
	batches.Handle(batchVerify, batch.Runner{Row: s.verifyStep, Title: "configuration.campaign.verify_same", Path: "/configuration/", Max: MaxCampaign})
	batches.Handle(batchBaseline, batch.Runner{Row: s.baselineStep, Ended: s.baselineEnded, Title: "configuration.baseline.title", Path: "/configuration/baselines?name="})
	if err := s.register(); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// mount is what the parts of the module add their routes with.
type mount struct {
	h  handlers
	a  api
	op func(id, summary string, in, out any) web.Op
}

// Mount adds the pages and the API. panels stand on the page of an item.
func Mount(s *Service, rt web.Router, panels ...Panel) {
	h := handlers{s: s, desk: s.desk, panels: panels}
	rt.Get("/configuration", h.list)
	rt.Get("/configuration/new", h.newPage)
	rt.Post("/configuration", h.create)
	rt.Get("/configuration/pick", h.pick)
	rt.Get("/configuration/labels", h.labels)
	rt.Get("/configuration/classes", h.classesPage)
	rt.Get("/configuration/classes/{class}", h.classPage)
	rt.Post("/configuration/classes/{class}", h.saveClass)
	rt.Get("/configuration/classes/{class}/attributes/{attribute}", h.attributePage)
	rt.Post("/configuration/classes/{class}/attributes/{attribute}", h.saveAttribute)
	rt.Post("/agent/inventory", h.report)
	rt.Get("/configuration/agents", h.agentsPage)
	rt.Post("/configuration/agents", h.createToken)
	rt.Post("/configuration/agents/{token}/revoke", h.revokeToken)
	rt.Get("/configuration/drifts", h.driftsPage)
	rt.Post("/configuration/drifts/{drift}", h.settle)
	rt.Post("/configuration/drifts/{drift}/raise", h.raise)
	rt.Get("/configuration/{id}/parts", h.partsPage)
	rt.Post("/configuration/{id}/verify", h.verify)
	rt.Get("/configuration/imports", h.importsPage)
	rt.Post("/configuration/imports", h.beginImport)
	rt.Get("/configuration/imports/{import}", h.importPage)
	rt.Post("/configuration/imports/{import}/mapping", h.mapImport)
	rt.Post("/configuration/imports/{import}/start", h.startImport)
	rt.Get("/configuration/imports/{import}/errors.csv", h.importErrors)
	rt.Get("/configuration/reviews", h.reviewsPage)
	rt.Post("/configuration/reviews/{review}", h.decide)
	rt.Post("/configuration/precedence", h.savePrecedence)
	rt.Get("/configuration/relation-types", h.typesPage)
	rt.Get("/configuration/relation-types/{type}", h.typePage)
	rt.Post("/configuration/relation-types/{type}", h.saveType)
	rt.Get("/configuration/impact", h.several)
	rt.Get("/configuration/{id}", h.item)
	rt.Get("/configuration/{id}/relations", h.relationsPage)
	rt.Post("/configuration/{id}/relations", h.relate)
	rt.Post("/configuration/{id}/relations/end", h.part)
	rt.Get("/configuration/{id}/impact", h.impact)
	rt.Get("/configuration/{id}/edit", h.editPage)
	rt.Post("/configuration/{id}/edit", h.edit)
	rt.Get("/configuration/{id}/move", h.movePage)
	rt.Post("/configuration/{id}/move", h.move)
	rt.Get("/configuration/{id}/history", h.history)
	rt.Get("/configuration/{id}/diff", h.diffPage)

	a := api{s}
	op := func(id, summary string, in, out any) web.Op {
		return web.Op{ID: id, Tag: "configuration", Summary: summary, In: in, Out: out}
	}
	mount{h, a, op}.baselines(rt)
	mount{h, a, op}.campaigns(rt)
	mount{h, a, op}.imports(rt)
	l := op("listItems", "Configuration items the caller may see", nil, listOut{})
	l.Query = listQuery{}
	rt.API(http.MethodGet, "/api/v1/configuration", l, a.list)
	rt.API(http.MethodPost, "/api/v1/configuration", created(op("createItem", "Enter a configuration item", CreateInput{}, Out{})), a.create)
	rt.API(http.MethodGet, "/api/v1/configuration/{id}", versioned(op("getItem", "One item, by id or number", nil, Out{})), a.get)
	rt.API(http.MethodPatch, "/api/v1/configuration/{id}", changing(op("editItem", "Change fields; what is absent stays", EditInput{}, Out{})), write(a, s.Edit))
	rt.API(http.MethodPost, "/api/v1/configuration/{id}/move", changing(op("moveItem", "Change lifecycle, operational and install state", MoveInput{}, Out{})), write(a, s.Move))
	rt.API(http.MethodPost, "/api/v1/configuration/{id}/verify", changing(op("verifyItem", "Confirm that an item is as it stands here", VerifyInput{}, Out{})), write(a, s.Verify))
	rt.API(http.MethodGet, "/api/v1/ci-drifts", op("listDrifts", "Changes that nobody ordered, to be disposed of", nil, driftsOut{}), a.drifts)
	rt.API(http.MethodPost, "/api/v1/ci-drifts/{drift}", web.Op{ID: "settleDrift", Tag: "configuration", Summary: "Accept a drift with a reason, or link it to a change", In: SettleInput{}, Status: http.StatusNoContent}, a.settle)
	rt.API(http.MethodPost, "/api/v1/ci-drifts/{drift}/raise", web.Op{ID: "raiseDrift", Tag: "configuration", Summary: "Draft an emergency change, marked as unauthorised, for a drift", In: RaiseInput{}, Out: raisedOut{}, Status: http.StatusCreated, Idempotent: true}, a.raise)
	hist := op("listItemHistory", "Changes of an item with their source, newest first", nil, historyOut{})
	hist.Query = historyQuery{}
	rt.API(http.MethodGet, "/api/v1/configuration/{id}/history", hist, a.history)
	at := op("getItemAt", "The state of an item at a past instant", nil, stateOut{})
	at.Query = atQuery{}
	rt.API(http.MethodGet, "/api/v1/configuration/{id}/at", at, a.at)
	diff := op("diffItem", "What changed in an item between two instants, by whom, and what it hung together with", nil, diffOut{})
	diff.Query = diffQuery{}
	rt.API(http.MethodGet, "/api/v1/configuration/{id}/diff", diff, a.diff)
	ties := op("listRelations", "What an item hangs together with, now, at an instant, or no longer", nil, relationsOut{})
	ties.Query = relationsQuery{}
	rt.API(http.MethodGet, "/api/v1/configuration/{id}/relations", ties, a.relations)
	rt.API(http.MethodPost, "/api/v1/configuration/{id}/relations", changing(op("relateItem", "Relate an item to another", RelateInput{}, Out{})), write(a, s.Relate))
	rt.API(http.MethodPost, "/api/v1/configuration/{id}/relations/end", changing(op("endRelation", "End a relation of an item", PartInput{}, Out{})), write(a, s.Part))
	impact := op("getImpact", "What a fault of the item reaches, or what it depends on", nil, impactOut{})
	impact.Query = impactQuery{}
	rt.API(http.MethodGet, "/api/v1/configuration/{id}/impact", impact, a.impact)
	rt.API(http.MethodGet, "/api/v1/ci-relation-types", op("listRelationTypes", "Types of relations", nil, typesOut{}), a.types)
	rt.API(http.MethodPost, "/api/v1/ci-relation-types", created(op("createRelationType", "Make a relation type", RelationTypeInput{}, RelationType{})), a.createType)
	rt.API(http.MethodPut, "/api/v1/ci-relation-types/{type}", changing(op("editRelationType", "Change a relation type", RelationTypeInput{}, RelationType{})), a.editType)
	rt.API(http.MethodGet, "/api/v1/ci-classes", op("listClasses", "Classes with their own attributes", nil, classesOut{}), a.classes)
	rt.API(http.MethodPost, "/api/v1/ci-classes", created(op("createClass", "Make a class below another", ClassInput{}, Class{})), a.createClass)
	rt.API(http.MethodPut, "/api/v1/ci-classes/{class}", changing(op("editClass", "Change a class", ClassInput{}, Class{})), a.editClass)
	rt.API(http.MethodPost, "/api/v1/ci-attributes", created(op("createAttribute", "Add an attribute to a class", AttributeInput{}, Attribute{})), a.createAttribute)
	rt.API(http.MethodPut, "/api/v1/ci-attributes/{attribute}", changing(op("editAttribute", "Change an attribute", AttributeInput{}, Attribute{})), a.editAttribute)
}

func created(o web.Op) web.Op   { o.Status, o.Idempotent = http.StatusCreated, true; return o }
func versioned(o web.Op) web.Op { o.Versioned = true; return o }
func changing(o web.Op) web.Op  { o.Versioned, o.Idempotent = true, true; return o }

package incident

import (
	"context"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/queue"
)

// acts are the changes of many incidents, as they are offered.
var acts = []queue.Act{
	{Name: "assign", Icon: "user-plus", Key: "a"},
	{Name: "priority", Icon: "flag", Key: "p"},
	{Name: "category"},
	{Name: "service"},
	{Name: "start", Direct: true},
	{Name: "pend"},
	{Name: "resume", Direct: true},
	{Name: "resolve", Key: "e"},
	{Name: "cancel"},
	{Name: "parent"},
	{Name: "detach", Direct: true},
	{Name: "note"},
}

// bulkProps is the form of a change of many incidents.
type bulkProps struct {
	In       BulkInput
	Assignee string // as picked
	Config   Config
	Teams    []identity.Team
	Fault    *fault.Error
}

// many are the changes of many incidents.
func (h handlers) many() queue.Many[BulkInput] {
	return queue.Many[BulkInput]{Acts: acts, Run: h.s.Bulk, Fields: h.bulkFields}
}

func (h handlers) bulkFields(ctx context.Context, in BulkInput, f *fault.Error) (templ.Component, error) {
	p := bulkProps{In: in, Fault: f}
	var err error
	if p.Config, err = h.s.Config(ctx); err != nil {
		return nil, err
	}
	if p.Teams, err = identity.Teams(ctx, h.desk.DB); err != nil {
		return nil, err
	}
	if in.AssigneeID != nil {
		var m map[uuid.UUID]identity.Person
		m, err = identity.People(ctx, h.desk.DB, *in.AssigneeID)
		p.Assignee = m[*in.AssigneeID].Name
	}
	return bulkFields(p), err
}

package change

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/queue"
	"opsdesk/internal/view"
)

// JobViews looks whether a view that somebody watches holds too much.
const JobViews = "change.views"

// lists makes the queue of changes.
func (s *Service) lists(zone *time.Location, views *view.Service, batches *batch.Service) (err error) {
	s.queue, err = queue.New(s.desk, queue.Options[Row]{
		Spec: list, Zone: zone, Saves: views, Batches: batches, Note: ActionNote, Export: ActionExport, Cells: s.cells, Job: JobViews, Over: "change.view_over",
	})
	return err
}

// List lists the changes that the actor may see and the filter asks for. cursor
// is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	return s.queue.List(ctx, f, cursor)
}

// Source is where the command palette finds records of this list.
func (s *Service) Source() queue.Source { return s.queue.Source() }

// Navigation returns the saved views of the actor and how much each holds.
func (s *Service) Navigation(ctx context.Context) ([]view.View, map[string]int) {
	return s.queue.Navigation(ctx)
}

// cells puts what only changes have into words, for exports.
func (s *Service) cells(ctx context.Context, m *i18n.Messages, zone *time.Location) (func(string, Row) (string, bool), error) {
	list, err := s.Services(ctx)
	services := map[uuid.UUID]string{}
	for _, x := range list {
		services[x.ID] = i18n.Pick(ctx, x.Name, x.NameEn)
	}
	instant := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.In(zone).Format("2006-01-02 15:04")
	}
	return func(column string, r Row) (string, bool) {
		switch column {
		case "state":
			return m.T(stateKey(r.State)), true
		case "type":
			return m.T("change.type." + string(r.Type)), true
		case "risk":
			if r.Risk == Unknown {
				return "", true
			}
			return m.T("change.risk." + string(r.Risk)), true
		case "window":
			if r.WindowFrom == nil || r.WindowTo == nil {
				return instant(r.WindowFrom), true
			}
			return instant(r.WindowFrom) + " – " + instant(r.WindowTo), true
		case "service":
			if r.ServiceID == nil {
				return "", true
			}
			return services[*r.ServiceID], true
		}
		return "", false
	}, err
}

package inspection

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/queue"
	"opsdesk/internal/view"
)

// JobViews looks whether a view that somebody watches holds too much.
const JobViews = "inspection.views"

// lists makes the queue of inspections. The navigation counts what is overdue.
func (s *Service) lists() (err error) {
	s.queue, err = queue.New(s.desk, queue.Options[Row]{
		Spec: list, Zone: s.Zone, Saves: s.Views, Batches: s.Batches, Note: ActionRead, Export: ActionExport, Cells: s.cells, Job: JobViews, Over: "inspection.view_over",
		Counted: map[string]Filter{"overdue": {View: "overdue"}},
	})
	return err
}

// List lists the inspections that the actor may see and the filter asks for.
// cursor is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	return s.queue.List(ctx, f, cursor)
}

// Source is where the command palette finds records of this list.
func (s *Service) Source() queue.Source { return s.queue.Source() }

// Navigation returns the saved views of the actor and how much each holds, and
// what is overdue.
func (s *Service) Navigation(ctx context.Context) ([]view.View, map[string]int) {
	return s.queue.Navigation(ctx)
}

// Forget drops what was counted for a person, so that the next page shows their
// own act.
func (s *Service) Forget(person uuid.UUID) { s.queue.Forget(person) }

// cells puts what only inspections have into words, for exports.
func (s *Service) cells(ctx context.Context, m *i18n.Messages, zone *time.Location) (func(string, Row) (string, bool), error) {
	list, err := s.repo.services(ctx, s.desk.DB)
	services := map[uuid.UUID]string{}
	for _, x := range list {
		services[x.ID] = i18n.Pick(ctx, x.Name, x.NameEn)
	}
	return func(column string, r Row) (string, bool) {
		switch column {
		case "title":
			return i18n.Pick(ctx, r.Title, r.NameEn), true
		case "state":
			return m.T("inspection.state." + r.State), true
		case "due":
			return r.DueAt.In(zone).Format("2006-01-02 15:04"), true
		case "items":
			return number(float64(r.ItemCount)), true
		case "findings":
			return number(float64(r.Findings)), true
		case "service":
			if r.ServiceID == nil {
				return "", true
			}
			return services[*r.ServiceID], true
		}
		return "", false
	}, err
}

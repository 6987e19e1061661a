package incident

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/queue"
	"opsdesk/internal/view"
)

// JobViews looks whether a view that somebody watches holds too much.
const JobViews = "incident.views"

// lists makes the queue of incidents.
func (s *Service) lists(views *view.Service, batches *batch.Service) (err error) {
	s.queue, err = queue.New(s.desk, queue.Options[Row]{
		Spec: list, Zone: s.zone, Saves: views, Batches: batches, Note: ActionNote, Export: ActionExport, Cells: s.cells, Job: JobViews, Over: "incident.view_over",
		Counted: map[string]Filter{
			"mine": {View: "mine"}, "unassigned": {View: "unassigned"},
			"majors": {View: "all", Clauses: []Clause{{Field: "major", Op: "is", Values: []string{Declared}}}},
		},
	})
	return err
}

// List lists the incidents that the actor may see and the filter asks for.
// cursor is the Next of the page before.
func (s *Service) List(ctx context.Context, f Filter, cursor string) (Page, error) {
	return s.queue.List(ctx, f, cursor)
}

// Mine lists what the actor reported, newest first.
func (s *Service) Mine(ctx context.Context, text, cursor string) (Page, error) {
	return s.List(ctx, Filter{View: "all", Clauses: []Clause{{Field: "requester", Op: "is", Values: []string{queue.Me}}}, Text: text, Sort: "updated"}, cursor)
}

// Navigation returns the saved views of the actor and how much the lists of the
// navigation hold.
func (s *Service) Navigation(ctx context.Context) ([]view.View, map[string]int) {
	return s.queue.Navigation(ctx)
}

// Saved lists the actor's views with how much each holds, up to 100.
func (s *Service) Saved(ctx context.Context) ([]view.View, map[string]int, error) {
	return s.queue.Saved(ctx)
}

// Forget drops what was counted for a person, so that the next page shows
// their own act.
func (s *Service) Forget(person uuid.UUID) { s.queue.Forget(person) }

// Export writes the rows of a list that the actor may see and may take out.
func (s *Service) Export(ctx context.Context, in queue.ExportInput, open func(name string) io.Writer) (queue.Exported, error) {
	return s.queue.Take(ctx, in, open)
}

// cells puts what only incidents have into words, for exports.
func (s *Service) cells(ctx context.Context, m *i18n.Messages, _ *time.Location) (func(string, Row) (string, bool), error) {
	c, err := s.Config(ctx)
	categories, services := titled(c.Categories, m.Lang), titled(c.Services, m.Lang)
	return func(column string, r Row) (string, bool) {
		switch column {
		case "state":
			return m.T("ui.state." + r.State), true
		case "category":
			return categories.of(r.CategoryID), true
		case "service":
			return services.of(r.ServiceID), true
		case "pending":
			if r.PendingReason == "" {
				return "", true
			}
			return m.T("incident.pending_reason." + r.PendingReason), true
		case "channel":
			return m.T("incident.channel." + r.Channel), true
		}
		return "", false
	}, err
}

// titles are the names of choices with those above them.
type titles map[uuid.UUID]string

func (c titles) of(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return c[*id]
}

func titled(list []Choice, lang string) titles {
	by := make(map[uuid.UUID]Choice, len(list))
	for _, c := range list {
		by[c.ID] = c
	}
	out := make(titles, len(list))
	for _, c := range list {
		s := ""
		for n, at, ok := 0, c, true; ok && n < 20; n++ {
			name := at.NameZh
			if lang == i18n.English {
				name = at.NameEn
			}
			if s != "" {
				name += " / "
			}
			if s = name + s; at.ParentID == nil {
				break
			}
			at, ok = by[*at.ParentID]
		}
		out[c.ID] = s
	}
	return out
}

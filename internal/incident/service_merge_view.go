package incident

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// MergePreview says what a merge would do, and what it would not.
type MergePreview struct {
	From *Detail
	Into *Detail
	// What would go.
	Replies, Notes, Files, Tasks int
	// SameFiles are those that the other incident has already: they stay.
	SameFiles int
	// Followers would be added, and would see all that the other incident shows
	// followers.
	Followers []uuid.UUID
	Links     int
	// Differ are the fields in which the two differ; the other's stay.
	Differ []string
	// Refusal is why it is not possible; nil if it is.
	Refusal *fault.Error
}

// PreviewMerge looks at what merging one incident into another would do. Both
// must be visible to the actor.
func (s *Service) PreviewMerge(ctx context.Context, id uuid.UUID, number string) (MergePreview, error) {
	var p MergePreview
	var err error
	if p.From, err = s.Detail(ctx, id); err != nil {
		return p, err
	}
	target, err := s.ID(ctx, number)
	if err == nil {
		p.Into, err = s.Detail(ctx, target)
	}
	if fault.Is(err, fault.NotFound) {
		err = fault.OnField("number", "incident.error.no_such_number")
	}
	if err != nil {
		return p, err
	}
	q := s.desk.DB
	if p.Refusal, err = s.unmergeable(ctx, q, p.From.Incident, p.Into.Incident); err != nil {
		return p, err
	}
	if p.Refusal == nil && !s.desk.Can(ctx, ActionMerge, &p.Into.Facts) {
		p.Refusal = fault.OnField("number", "incident.error.merge_not_yours")
	}
	if p.Replies, p.Notes, err = comment.Count(ctx, q, id); err != nil {
		return p, db.Map(err)
	}
	if p.Files, p.SameFiles, err = attachment.Count(ctx, q, id, target); err != nil {
		return p, db.Map(err)
	}
	p.Tasks = len(p.From.Tasks)
	if p.Followers, err = s.newWatchers(ctx, q, p.From.Incident, p.Into.Incident); err != nil {
		return p, err
	}
	links, err := newLinks(ctx, q, id, target)
	p.Links = len(links)
	p.Differ = differ(p.From.Incident, p.Into.Incident)
	return p, db.Map(err)
}

// differ lists the fields in which two incidents differ.
func differ(a, b Incident) []string {
	var out []string
	add := func(different bool, field string) {
		if different {
			out = append(out, field)
		}
	}
	add(a.RequesterID != b.RequesterID, "requester")
	add(idText(a.CategoryID) != idText(b.CategoryID), "category")
	add(idText(a.ServiceID) != idText(b.ServiceID), "service")
	add(a.Priority != b.Priority, "priority")
	add(idText(a.AssigneeID) != idText(b.AssigneeID), "assignee")
	add(idText(a.TeamID) != idText(b.TeamID), "team")
	add(a.Location != b.Location, "location")
	add(a.Device != b.Device, "device")
	return out
}

// Gone is where a tombstone leads, and whether it can still be given back.
type Gone struct {
	Into    *Incident // nil: the reader may not see it
	Merge   Merge
	MayUndo bool
}

// Gone reads what became of a merged incident that the actor may see.
func (s *Service) Gone(ctx context.Context, d *Detail) (*Gone, error) {
	if d.State != Merged {
		return nil, nil
	}
	m, err := s.repo.mergeOf(ctx, s.desk.DB, d.ID)
	if err != nil {
		return nil, err
	}
	g := Gone{Merge: m, MayUndo: d.Can(ActionUnmerge) && !s.desk.Now().After(m.MergedAt.Add(unmergeFor))}
	t, err := s.Alive(ctx, d.Incident)
	switch {
	case err == nil:
		g.Into = &t
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return &g, nil
}

package incident

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
)

// insider reports whether the actor sees the desk's own side of incidents.
func (s *Service) insider(ctx context.Context) bool {
	who, err := identity.From(ctx)
	return err == nil && (who.System || who.Agent())
}

// Replies lists the public replies of an incident that the actor may see.
func (s *Service) Replies(ctx context.Context, id uuid.UUID) ([]comment.Comment, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	l, err := comment.Replies(ctx, s.desk.DB, id, timelineLimit)
	return l, db.Map(err)
}

// Notes lists the internal notes of an incident, for those who may write them.
func (s *Service) Notes(ctx context.Context, id uuid.UUID) ([]comment.Comment, error) {
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return nil, err
	}
	if !s.desk.Can(ctx, ActionNote, &facts) {
		return nil, s.desk.Noted(ctx, ActionNote, record.Ref{Kind: Kind, ID: id}, fault.New(fault.Forbidden, "error.forbidden"))
	}
	l, err := comment.Notes(ctx, s.desk.DB, id, timelineLimit)
	return l, db.Map(err)
}

// Files lists the files of an incident that the actor may see.
func (s *Service) Files(ctx context.Context, id uuid.UUID) ([]attachment.File, error) {
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return nil, err
	}
	l, err := attachment.List(ctx, s.desk.DB, id, s.desk.Can(ctx, ActionNote, &facts))
	return l, db.Map(err)
}

// Tasks lists the tasks of an incident, which are the desk's own side of it.
func (s *Service) Tasks(ctx context.Context, id uuid.UUID) ([]Task, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	if !s.insider(ctx) {
		return nil, s.desk.Noted(ctx, ActionTasks, record.Ref{Kind: Kind, ID: id}, fault.New(fault.Forbidden, "error.forbidden"))
	}
	return s.repo.tasks(ctx, s.desk.DB, id)
}

// Links lists the related records that the actor may see.
func (s *Service) Links(ctx context.Context, id uuid.UUID) ([]record.Summary, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	l, err := s.desk.Kinds.Linked(ctx, s.desk.DB, v, id)
	return l, db.Map(err)
}

// drafted fills a report with what the actor had begun to write.
func (s *Service) drafted(ctx context.Context, person uuid.UUID, in *CreateInput) error {
	f, _, err := draft.Load(ctx, s.desk.DB, person, "incident:new")
	if err != nil || f == nil {
		return err
	}
	in.Title, in.Description, in.Location, in.Device = f["title"], f["description"], f["location"], f["device"]
	for field, to := range map[string]*int{"impact": &in.Impact, "urgency": &in.Urgency} {
		if n, err := strconv.Atoi(f[field]); err == nil && n >= 1 && n <= 3 {
			*to = n
		}
	}
	return nil
}

// Watchers lists who follows an incident that the actor may see.
func (s *Service) Watchers(ctx context.Context, id uuid.UUID) ([]uuid.UUID, error) {
	if _, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id}); err != nil {
		return nil, err
	}
	l, err := record.Watchers(ctx, s.desk.DB, id)
	return l, db.Map(err)
}

// Names lists who may see a confidential incident, for those who are named on
// it themselves.
func (s *Service) Names(ctx context.Context, id uuid.UUID) ([]record.Named, error) {
	e, _, err := s.desk.See(ctx, record.Ref{Kind: Kind, ID: id})
	if err != nil {
		return nil, err
	}
	if !s.insider(ctx) {
		return nil, s.desk.Noted(ctx, ActionName, e.Ref(), fault.New(fault.Forbidden, "error.forbidden"))
	}
	if !e.Confidential {
		return nil, nil
	}
	l, err := record.NamedOn(ctx, s.desk.DB, id, s.desk.Now())
	return l, db.Map(err)
}

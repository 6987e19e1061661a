package servicerequest

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// ReplyInput is a public reply or an internal note.
type ReplyInput struct {
	Body        string      `json:"body" validate:"required,notblank,text,max=20000"`
	Attachments []uuid.UUID `json:"attachment_ids" validate:"max=20"`
}

// Reply adds a public reply. The requester's answer takes a request up again
// that waits for them.
func (s *Service) Reply(ctx context.Context, id uuid.UUID, in ReplyInput) (Request, error) {
	return s.update(ctx, ActionReply, id, 0, in, func(u *work.Unit, r *Request) error {
		c := comment.Reply(u, r.Ref(), in.Body, u.Now)
		if err := attachment.Bind(ctx, u, r.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID}); err != nil {
			return err
		}
		draft.Clear(u, "request:"+id.String()+":reply")
		to := people(&r.RequesterID, r.AssigneeID)
		if u.Actor.ID == r.RequesterID && r.State == Pending && r.PendingReason == OnUser {
			u.EmitAbout("servicerequest.resumed", c.ID, to...)
			return r.move(MoveResume)
		}
		u.EmitAbout("servicerequest.replied", c.ID, to...)
		return nil
	})
}

// Note adds an internal note, which requesters never see.
func (s *Service) Note(ctx context.Context, id uuid.UUID, in ReplyInput) (Request, error) {
	return s.update(ctx, ActionNote, id, 0, in, func(u *work.Unit, r *Request) error {
		c := comment.AddNote(u, r.Ref(), in.Body, u.Now)
		draft.Clear(u, "request:"+id.String()+":note")
		u.EmitAbout("servicerequest.noted", c.ID, people(r.AssigneeID)...)
		return attachment.Bind(ctx, u, r.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID, Internal: true})
	})
}

// WatchInput follows or stops following.
type WatchInput struct {
	Watch bool `json:"watch"`
}

// Watch makes the actor a follower, or ends it.
func (s *Service) Watch(ctx context.Context, id uuid.UUID, in WatchInput) (Request, error) {
	return s.update(ctx, ActionWatch, id, 0, in, func(u *work.Unit, r *Request) error {
		if in.Watch {
			record.Watch(&u.Batch, r.ID, u.Actor.ID, u.Actor.ID, u.Now)
			u.Note("watcher", nil, u.Actor.ID)
			return nil
		}
		record.Unwatch(&u.Batch, r.ID, u.Actor.ID)
		u.Note("watcher", u.Actor.ID, nil)
		return nil
	})
}

package incident

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/comment"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// ReplyInput is a public reply.
type ReplyInput struct {
	Body        string      `json:"body" validate:"required,notblank,text,max=20000"`
	Attachments []uuid.UUID `json:"attachment_ids" validate:"max=20"`
	// Mentions says what to do about people whom the text calls with an @ and
	// who may not see the incident: "" refuses and names them, "grant" lets them
	// in, "skip" sends all the same.
	Mentions string `json:"mentions,omitempty" validate:"omitempty,oneof=grant skip"`
}

// Reply adds a public reply. What it does beside that depends on who writes
// and when (capabilities 6): a requester's answer takes a pending incident up
// again and reopens a resolved or closed one, unless it only says thank you;
// and once the time to reopen is over it becomes a new incident that follows
// the old one.
func (s *Service) Reply(ctx context.Context, id uuid.UUID, in ReplyInput) (Incident, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return Incident{}, err
	}
	i, err := s.saidTo(ctx, id)
	if err != nil {
		return i, err
	}
	id = i.ID
	set, err := s.settings(ctx, s.desk.DB)
	if err != nil {
		return i, err
	}
	if who.ID == i.RequesterID && !i.State.Open() && i.State != Cancelled && tooLate(i, set.ReopenDays, s.desk.Now()) && !comment.IsThanks(in.Body) {
		return s.succeed(ctx, i, in)
	}
	return s.update(ctx, ActionReply, id, 0, in, func(u *work.Unit, i *Incident) error {
		at, err := s.mentioned(ctx, u, *i, in.Body, false, in.Mentions)
		if err != nil {
			return err
		}
		c := comment.Reply(u, i.Ref(), in.Body, u.Now)
		if err := attachment.Bind(ctx, u, i.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID}); err != nil {
			return err
		}
		at.carryOut(u, *i, c.ID, "incident.mentioned")
		draft.Clear(u, "incident:"+id.String()+":reply")
		to := people(&i.RequesterID, i.AssigneeID)
		// One act, one message: what the reply did says more than that there is one.
		switch mine := u.Actor.ID == i.RequesterID; {
		case mine && i.State == Pending && i.PendingReason == OnUser:
			u.EmitAbout("incident.resumed", c.ID, to...)
			return i.move(MoveResume)
		case mine && (i.State == Resolved || i.State == Closed) && !comment.IsThanks(in.Body) && !tooLate(*i, set.ReopenDays, u.Now):
			u.EmitAbout("incident.reopened", c.ID, to...)
			return i.reopen(MoveReopen, u.Actor.ID, u.Now)
		}
		u.EmitAbout("incident.replied", c.ID, to...)
		return nil
	})
}

// saidTo is where what is written to an incident goes: the incident itself or, of
// a tombstone, the one that it leads to. Who may see neither learns of neither.
func (s *Service) saidTo(ctx context.Context, id uuid.UUID) (Incident, error) {
	i, err := s.repo.get(ctx, s.desk.DB, id)
	if err != nil || i.State != Merged {
		return i, err
	}
	to, err := s.Alive(ctx, i)
	if fault.Is(err, fault.NotFound) {
		if _, _, err = s.Get(ctx, id); err == nil {
			err = fault.New(fault.Conflict, "incident.error.merged")
		}
	}
	return to, err
}

// succeed opens a new incident that follows one whose time to reopen is over.
// The same reply twice makes one: the key is the old incident and the text.
func (s *Service) succeed(ctx context.Context, old Incident, in ReplyInput) (Incident, error) {
	var out Incident
	create := CreateInput{
		Title: old.Title, Description: in.Body, Impact: old.Impact, Urgency: old.Urgency, Location: old.Location, Device: old.Device, CategoryID: old.CategoryID,
		ServiceID: old.ServiceID, RequesterID: &old.RequesterID, Channel: "portal", Confidential: old.Confidential, Attachments: in.Attachments,
	}
	err := s.desk.Do(ctx, func(u *work.Unit) error {
		following, err := s.repo.successor(ctx, u.Tx, old.ID, old.RequesterID)
		if err != nil {
			return err
		}
		if following != uuid.Nil {
			out, err = work.Apply(ctx, u, s.repo, ActionReply, following, 0, in, func(u *work.Unit, i *Incident) error {
				c := comment.Reply(u, i.Ref(), in.Body, u.Now)
				u.EmitAbout("incident.replied", c.ID, people(i.AssigneeID)...)
				return attachment.Bind(ctx, u, i.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID})
			})
			return err
		}
		var to *routed
		out, err = work.Insert(ctx, u, s.repo, ActionSucceed, nil, create, func(u *work.Unit) (i Incident, err error) {
			i, to, err = s.open(ctx, u, create)
			u.AfterRegister(func() error {
				record.Link(&u.Batch, i.ID, old.ID, "follows", u.Actor.ID, u.Now)
				return nil
			})
			u.Note("follows", nil, old.Label())
			u.Emit("incident.successor", old.RequesterID)
			draft.Clear(u, "incident:"+old.ID.String()+":reply")
			return i, err
		})
		if err != nil {
			return err
		}
		return s.routedTrail(u, out, to)
	})
	return out, s.desk.Noted(ctx, ActionReply, old.Ref(), err)
}

// Note adds an internal note, which requesters never see. One that was typed
// while somebody merged the incident goes where that went, as a reply does; who
// may not write notes there is refused there.
func (s *Service) Note(ctx context.Context, id uuid.UUID, in ReplyInput) (Incident, error) {
	i, err := s.saidTo(ctx, id)
	if err != nil {
		return i, err
	}
	id = i.ID
	return s.update(ctx, ActionNote, id, 0, in, func(u *work.Unit, i *Incident) error {
		at, err := s.mentioned(ctx, u, *i, in.Body, true, in.Mentions)
		if err != nil {
			return err
		}
		c := comment.AddNote(u, i.Ref(), in.Body, u.Now)
		at.carryOut(u, *i, c.ID, "incident.note_mentioned")
		draft.Clear(u, "incident:"+id.String()+":note")
		u.EmitAbout("incident.noted", c.ID, people(i.AssigneeID)...)
		return attachment.Bind(ctx, u, i.Ref(), in.Attachments, attachment.BindOptions{CommentID: c.ID, Internal: true})
	})
}

// NoteInput is other words for a note. Was is when the note that its author read
// was written or mended last (at, edited_at); absent, whatever stands is replaced.
type NoteInput struct {
	Was  *string `json:"was,omitempty" validate:"omitempty,max=40"`
	Body string  `json:"body" validate:"required,notblank,text,max=20000"`
}

// EditNote gives an internal note other words. Only who wrote it may, as long as
// the incident is not closed; what it said stays in the trail (capabilities 10).
// Nobody is told, also not who is called in the new words.
func (s *Service) EditNote(ctx context.Context, id, note uuid.UUID, in NoteInput) (Incident, error) {
	return s.update(ctx, ActionEditNote, id, 0, in, func(u *work.Unit, i *Incident) error {
		if err := i.archived(); err != nil {
			return err
		}
		if err := comment.Revise(ctx, u, i.ID, note, in.Was, in.Body); err != nil {
			return err
		}
		draft.Clear(u, noteDraft(i.ID, note))
		return s.repo.reindex(ctx, u.Tx, i.ID)
	})
}

// noteDraft names what somebody has begun to write instead of a note.
func noteDraft(id, note uuid.UUID) string { return draftPrefix(id) + "note:" + note.String() }

// RemoveNoteInput takes a note away; see NoteInput.
type RemoveNoteInput struct {
	Was *string `json:"was,omitempty" validate:"omitempty,max=40"`
}

// RemoveNote takes an internal note away as EditNote changes one. That there was
// one stays to be seen; its files go with it.
func (s *Service) RemoveNote(ctx context.Context, id, note uuid.UUID, in RemoveNoteInput) (Incident, error) {
	return s.update(ctx, ActionRemoveNote, id, 0, in, func(u *work.Unit, i *Incident) error {
		if err := i.archived(); err != nil {
			return err
		}
		if err := comment.Remove(ctx, u, i.ID, note, in.Was); err != nil {
			return err
		}
		draft.Clear(u, noteDraft(i.ID, note))
		names, err := attachment.Release(ctx, u, note)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			u.Note("attachments", names, nil)
		}
		return s.repo.reindex(ctx, u.Tx, i.ID)
	})
}

// WatchInput follows or stops following.
type WatchInput struct {
	Watch bool `json:"watch"`
}

// Watch makes the actor a follower, or ends it.
func (s *Service) Watch(ctx context.Context, id uuid.UUID, in WatchInput) (Incident, error) {
	return s.update(ctx, ActionWatch, id, 0, in, func(u *work.Unit, i *Incident) error {
		return watch(ctx, u, i.ID, u.Actor.ID, in.Watch)
	})
}

func watch(ctx context.Context, u *work.Unit, id, person uuid.UUID, on bool) error {
	now, err := record.Watchers(ctx, u.Tx, id)
	if err != nil || slices.Contains(now, person) == on {
		return err
	}
	if on {
		record.Watch(&u.Batch, id, person, u.Actor.ID, u.Now)
	} else {
		record.Unwatch(&u.Batch, id, person)
	}
	u.Note("watcher", !on, person)
	return nil
}

// WatcherInput adds or removes another follower.
type WatcherInput struct {
	PersonID uuid.UUID `json:"person_id" validate:"required"`
	Watch    bool      `json:"watch"`
}

// ChangeWatcher makes somebody else a follower, or ends it. Followers of a
// confidential incident must be named on it.
func (s *Service) ChangeWatcher(ctx context.Context, id uuid.UUID, in WatcherInput) (Incident, error) {
	return s.update(ctx, ActionWatchers, id, 0, in, func(u *work.Unit, i *Incident) error {
		if in.Watch {
			if err := identity.Engage(ctx, u.Tx, in.PersonID, "person_id"); err != nil {
				return err
			}
			if i.Confidential {
				st, err := record.StandingOf(ctx, u.Tx, i.ID, in.PersonID, u.Now)
				if err != nil {
					return err
				}
				if !st.Named {
					return fault.OnField("person_id", "incident.error.watcher_not_named")
				}
			}
			u.Emit("incident.watcher_added", in.PersonID)
		}
		return watch(ctx, u, i.ID, in.PersonID, in.Watch)
	})
}

// LinkInput relates an incident to another record by its number.
type LinkInput struct {
	Number   string `json:"number" validate:"required,line,max=40"`
	Relation string `json:"relation" validate:"required,oneof=related duplicates caused_by blocks"`
}

// Link relates two records that the actor may both see. A confidential record
// is only linked to others of its kind: a link must not carry content out of
// it (controls §6).
func (s *Service) Link(ctx context.Context, id uuid.UUID, in LinkInput) (Incident, error) {
	return s.update(ctx, ActionLink, id, 0, in, func(u *work.Unit, i *Incident) error {
		other, err := s.other(ctx, u, in.Number)
		if err != nil {
			return err
		}
		if other.ID == i.ID {
			return fault.OnField("number", "constraint.record_links_not_self")
		}
		if other.Confidential != i.Confidential {
			return fault.OnField("number", "incident.error.link_confidential")
		}
		record.Link(&u.Batch, i.ID, other.ID, in.Relation, u.Actor.ID, u.Now)
		u.Note("link", nil, in.Relation+" "+other.Number)
		return nil
	})
}

// Unlink ends a relation, whichever end it was made from.
func (s *Service) Unlink(ctx context.Context, id uuid.UUID, in LinkInput) (Incident, error) {
	return s.update(ctx, ActionLink, id, 0, struct{ LinkInput }{in}, func(u *work.Unit, i *Incident) error {
		other, err := s.other(ctx, u, in.Number)
		if err != nil {
			return err
		}
		record.Unlink(&u.Batch, i.ID, other.ID, in.Relation)
		u.Note("link", in.Relation+" "+other.Number, nil)
		return nil
	})
}

// other finds a record by number, as the actor sees it.
func (s *Service) other(ctx context.Context, u *work.Unit, number string) (record.Entry, error) {
	if n, ok := ParseLabel(number); ok {
		number = Label(n)
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return record.Entry{}, err
	}
	e, err := record.FindNumber(ctx, u.Tx, v, number)
	if fault.Is(err, fault.NotFound) {
		return e, fault.OnField("number", "incident.error.no_such_number")
	}
	return e, db.Map(err)
}

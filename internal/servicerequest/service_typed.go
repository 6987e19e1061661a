package servicerequest

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/trail"
)

// What is typed in the designer is kept on the server while it is typed, per
// person and part of the item, until it is saved or thrown away.

// typing is for how long somebody who typed counts as still at it.
const typing = 15 * time.Minute

// typedPrefix begins the keys of all that is typed about an item.
func typedPrefix(item uuid.UUID) string { return "catalogue:" + item.String() + ":" }

func typedKey(item uuid.UUID, part string) string { return typedPrefix(item) + part }

func taskPart(key string) string {
	if key == "" {
		return "task-new"
	}
	return "task-" + key
}

func stepPart(at int) string {
	if at < 0 {
		return "step-new"
	}
	return "step-" + itoa(at)
}

// Typed is what somebody typed in a part of the designer and did not save.
type Typed struct {
	Part   string
	Fields draft.Fields // nil: nothing
	At     time.Time
	Since  trail.Since       // what others have changed of the item since
	Others []identity.Person // who type there at this time as well
}

// Typed reads what the actor typed in a part of the designer of an item, and
// who else is at it.
func (s *Service) Typed(ctx context.Context, i Item, part string) (t Typed, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return t, err
	}
	t.Part = part
	ids, err := draft.Others(ctx, s.desk.DB, who.ID, typedPrefix(i.ID), s.desk.Now().Add(-typing))
	if err != nil {
		return t, err
	}
	known, err := identity.People(ctx, s.desk.DB, ids...)
	if err != nil {
		return t, err
	}
	for _, id := range ids {
		if p, ok := known[id]; ok {
			t.Others = append(t.Others, p)
		}
	}
	if t.Fields, t.At, err = draft.Load(ctx, s.desk.DB, who.ID, typedKey(i.ID, part)); err != nil || t.Fields == nil {
		return t, err
	}
	if basis, aerr := strconv.Atoi(t.Fields["basis"]); aerr == nil && basis < i.Version {
		t.Since, err = trail.ChangedSince(ctx, s.desk.DB, i.ID, basis)
		if t.Since.ByID == who.ID {
			t.Since = trail.Since{} // their own change of another part
		}
	}
	return t, err
}

// KeepTyped keeps what could not be saved, so that it is there again when the
// page is opened anew.
func (s *Service) KeepTyped(ctx context.Context, item uuid.UUID, part string, f draft.Fields) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	return draft.Save(ctx, s.desk.DB, who.ID, typedKey(item, part), f, s.desk.Now())
}

// ForgetTyped throws away what the actor typed in a part of the designer.
func (s *Service) ForgetTyped(ctx context.Context, item uuid.UUID, part string) error {
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	return draft.Drop(ctx, s.desk.DB, who.ID, typedKey(item, part))
}
